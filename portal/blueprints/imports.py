"""Imports, a wizard of four pages: file → columns → check → run. Each step is a URL, going back loses nothing."""

import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import Any

from flask import Blueprint, Response, current_app, g, redirect, request, stream_with_context, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import CombinedMultiDict
from wtforms.fields.choices import SelectChoice

from dispatcher import tasks
from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.campaigns import undoing
from domain.errors import Invalid
from domain.subscribers import checking, imports, lists, mappings, types, words
from domain.subscribers.models import ImportJob
from mediadb import proofs as papers
from portal import filters, hypermedia, importing, room
from portal.access import requires
from portal.errors import into_form, say, say_fields
from portal.forms.subscribers import EXISTING, WHOM, PlanForm, UploadForm

bp = Blueprint("imports", __name__)
EXAMPLES = 5  # refused rows shown on the page
FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a cell that begins so


@bp.get("/subscribers/imports")
@requires(P.SUBSCRIBER_IMPORT)
def index() -> Response:
    return importing.files()


@bp.post("/subscribers/imports")
@requires(P.SUBSCRIBER_IMPORT)
def upload() -> Response:
    room.must_be_left(current_app.config["SETTINGS"].instance)
    form = UploadForm()
    if not form.validate():
        return importing.files(form, 422)
    path = importing.stored(form.file.data)
    try:
        name = words.one_line(form.file.data.filename or "", 255)
        job = imports.receive(g.tenant.id, name, path, importing.root(), g.user.id)
    except Invalid as error:
        path.unlink(missing_ok=True)
        form.file.errors = [say(error)]
        return importing.files(form, 422)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return hypermedia.done(url_for("imports.show", job_id=job.id))


@bp.get("/subscribers/imports/<int:job_id>")
@requires(P.SUBSCRIBER_IMPORT)
def show(job_id: int) -> Response:
    """Choose the columns; once started: progress and result."""
    job = imports.get(g.tenant.id, job_id)
    if job.state == "mapping":
        return importing.columns(job, importing.plan_form(job))
    if job.state in ("queued", "running", "undoing"):
        return hypermedia.page("imports/run.html", "imports/_progress.html", job=job)
    names, error = policy.names([job.by_id]), importing.error_of(job)
    if hypermedia.wants_fragment():
        return hypermedia.stop_polling("imports/_progress.html", job=job, names=names, error=error)
    return hypermedia.page("imports/run.html", job=job, names=names, error=error)


@bp.post("/subscribers/imports/<int:job_id>/columns")
@requires(P.SUBSCRIBER_IMPORT)
def plan(job_id: int) -> Response:
    job = imports.get(g.tenant.id, job_id)
    mapping = {
        index: request.form.get(f"column-{index}", "") for index in range(len(job.dialect.get("names", [])))
    }
    sent: CombinedMultiDict[str, object] = CombinedMultiDict([request.files, request.form])  # type: ignore[list-item]
    form = importing.plan_form(job, sent)
    if not form.validate():
        return importing.columns(job, form, mapping, 422)
    try:
        proof = _attached(form) or imports.options_of(job).proof_id
        options = imports.Options(
            type_ids=form.type_ids.data or [],
            consent=form.consent.data,
            proof=words.one_line(form.proof.data or "", 300),
            proof_id=proof,
            list_ids=form.list_ids.data or [],
            whom=form.whom.data,
            tags_new=words.one_line(form.tags_new.data or "", 300),
            tags_old=words.one_line(form.tags_old.data or "", 300),
            existing=form.existing.data,
            territory_id=form.territory_id.data or None,
        )
        imports.plan(job, mapping, options)
        if form.mapping_name.data:
            mappings.save(job, form.mapping_name.data, imports.names_of(job), g.user.id)
    except Invalid as error:
        into_form(form, error)
        return importing.columns(job, form, mapping, 422)
    if job.rows_total <= checking.AT_ONCE:
        checking.now(job.id, importing.root())
    else:
        tasks.check_import(job.id)
    return hypermedia.done(url_for("imports.check", job_id=job.id))


@bp.post("/subscribers/imports/<int:job_id>/mapping")
@requires(P.SUBSCRIBER_IMPORT)
def apply(job_id: int) -> Response:
    """Lay a saved mapping over the file, or the guess again."""
    job = imports.get(g.tenant.id, job_id)
    wanted = request.form.get("mapping_id", 0, int)
    kept = mappings.get(g.tenant.id, wanted) if wanted else None
    imports.take(
        job, mappings.applied(kept, imports.names_of(job)) if kept else imports.guess(job, importing.root())
    )
    return hypermedia.done(url_for("imports.show", job_id=job.id))


@bp.post("/subscribers/imports/mappings/<int:mapping_id>/rename")
@requires(P.SUBSCRIBER_IMPORT)
def rename(mapping_id: int) -> Response:
    kept = mappings.get(g.tenant.id, mapping_id)
    typed = request.form.get("name", "")[:200]
    try:
        mappings.rename(kept, typed)
    except Invalid as error:
        return importing.files(None, 422, {kept.id: (typed, next(iter(say_fields(error).values()), ""))})
    return hypermedia.done(url_for("imports.index"), _("Saved."))


@bp.post("/subscribers/imports/mappings/<int:mapping_id>/delete")
@requires(P.SUBSCRIBER_IMPORT)
def delete(mapping_id: int) -> Response:
    kept = mappings.get(g.tenant.id, mapping_id)
    mappings.delete(kept)
    return hypermedia.done(url_for("imports.index"), _("The mapping “%(name)s” is deleted.", name=kept.name))


@bp.get("/subscribers/imports/<int:job_id>/check")
@requires(P.SUBSCRIBER_IMPORT)
def check(job_id: int) -> Response:
    """What will happen, before anything does; by htmx only the figures, while the file is looked at."""
    job = imports.get(g.tenant.id, job_id)
    if job.state != "mapping" or not (job.options or {}).get("planned"):
        return redirect(url_for("imports.show", job_id=job.id))  # type: ignore[return-value]
    options = imports.options_of(job)
    figures: dict[str, Any] = {
        "job": job,
        "checked": job.checked or {},
        "examples": list(islice(imports.rejects(job), EXAMPLES)),
    }
    if hypermedia.wants_fragment():
        ended = job.check_state in ("done", "failed")
        return (hypermedia.stop_polling if ended else hypermedia.fragment)("imports/_figures.html", **figures)
    kinds = {kind.id: kind.name for kind in types.every(g.tenant.id)}
    chosen = {found.id: found.name for found in lists.every(g.tenant.id)}
    return hypermedia.page(
        "imports/check.html", **figures, options=options, kinds=[kinds[i] for i in options.type_ids if i in kinds],
        chosen=[chosen[i] for i in options.list_ids if i in chosen], proof_document=importing.proof_of(job),
        existing=_label(EXISTING, options.existing), whom=_label(WHOM, options.whom),
    )  # fmt: skip


@bp.get("/subscribers/imports/<int:job_id>/check/refused.csv")
@requires(P.SUBSCRIBER_IMPORT)
def refused(job_id: int) -> Response:
    """What the dry run would refuse."""
    return rejected(job_id)


@bp.post("/subscribers/imports/<int:job_id>/run")
@requires(P.SUBSCRIBER_IMPORT)
def run(job_id: int) -> Response:
    job = imports.get(g.tenant.id, job_id)
    room.must_be_left(current_app.config["SETTINGS"].instance)
    imports.start(job, g.user.id)
    tasks.run_import(job.id)
    return hypermedia.done(url_for("imports.show", job_id=job.id))


@bp.post("/subscribers/imports/<int:job_id>/discard")
@requires(P.SUBSCRIBER_IMPORT)
def discard(job_id: int) -> Response:
    imports.discard(imports.get(g.tenant.id, job_id), importing.root(), g.user.id)
    return hypermedia.done(url_for("imports.index"), _("The file was thrown away."))


@bp.get("/subscribers/imports/<int:job_id>/undo")
@requires(P.SUBSCRIBER_IMPORT)
def confirm_undo(job_id: int) -> Response:
    job = imports.get(g.tenant.id, job_id)
    if job.state not in ("done", "failed"):
        return redirect(url_for("imports.show", job_id=job.id))  # type: ignore[return-value]
    return hypermedia.page("imports/undo.html", job=job)


@bp.post("/subscribers/imports/<int:job_id>/undo")
@requires(P.SUBSCRIBER_IMPORT)
def undo(job_id: int) -> Response:
    job = imports.get(g.tenant.id, job_id)
    if job.created_count + job.updated_count + job.skipped_count > checking.AT_ONCE:
        undoing.begin(job, g.user.id)
        tasks.undo_import(job.id)
        return hypermedia.done(url_for("imports.show", job_id=job.id))
    done = undoing.undo(job, g.user.id)
    text = _(
        "Undone: %(removed)s people taken away, %(restored)s set back, %(kept)s left as they are.",
        removed=done.removed, restored=done.restored, kept=done.kept,
    )  # fmt: skip
    return hypermedia.done(url_for("imports.show", job_id=job.id), text)


@bp.get("/subscribers/imports/<int:job_id>/rejected.csv")
@requires(P.SUBSCRIBER_IMPORT)
def rejected(job_id: int) -> Response:
    """The refused rows as they stood in the file, with line and reason in front."""
    job = imports.get(g.tenant.id, job_id)
    response = Response(stream_with_context(_rejected(job)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="import-{job.id}-rejected.csv"'
    return response


def _rejected(job: ImportJob) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=job.dialect.get("delimiter", ";"))
    yield "\ufeff"
    writer.writerow([_("Line"), _("Reason"), *map(_harmless, imports.names_of(job))])
    for reject in imports.rejects(job):
        reason = filters.translate(reject.reason, reject.params)
        writer.writerow([reject.row, reason, *map(_harmless, reject.cells)])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULAS) else cell


def _attached(form: PlanForm) -> int | None:
    """The document that came with the form, kept; raises Invalid at its field."""
    upload = form.proof_file.data
    if not upload or not upload.filename:
        return None
    try:
        return int(papers.keep(g.tenant.id, g.user.id, upload.filename, upload.read()).id)
    except Invalid as error:
        raise Invalid(fields={"proof_file": (error.message, error.params)}) from None


def _label(choices: list[SelectChoice], value: str) -> str:
    return str(next((choice.label for choice in choices if choice.value == value), ""))
