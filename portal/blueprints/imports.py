"""Imports, a wizard of four pages: file → columns → check → run. Each step is a URL, going back loses nothing."""

import csv
import io
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from flask import Blueprint, Response, current_app, g, redirect, request, stream_with_context, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from wtforms.fields.choices import SelectChoice

from dispatcher import tasks
from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.campaigns import undoing
from domain.errors import DomainError, Invalid
from domain.subscribers import columns, imports, lists, types, words
from domain.subscribers.models import ImportJob
from portal import filters, hypermedia, territories
from portal.access import requires
from portal.errors import into_form, say
from portal.forms.subscribers import EXISTING, PlanForm, UploadForm

bp = Blueprint("imports", __name__)
FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a cell that begins so


@bp.get("/subscribers/imports")
@requires(P.SUBSCRIBER_IMPORT)
def index() -> Response:
    return _files(UploadForm(formdata=None))


@bp.post("/subscribers/imports")
@requires(P.SUBSCRIBER_IMPORT)
def upload() -> Response:
    form = UploadForm()
    if not form.validate():
        return _files(form, 422)
    path = _stored(form.file.data)
    try:
        name = words.one_line(form.file.data.filename or "", 255)
        job = imports.receive(g.tenant.id, name, path, _root(), g.user.id)
    except Invalid as error:
        path.unlink(missing_ok=True)
        form.file.errors = [say(error)]
        return _files(form, 422)
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
        return _columns(job, _plan_form(job))
    if job.state in ("queued", "running"):
        return hypermedia.page("imports/run.html", "imports/_progress.html", job=job)
    names, error = policy.names([job.by_id]), _error(job)
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
    form = _plan_form(job, request.form)
    if not form.validate():
        return _columns(job, form, mapping, 422)
    options = imports.Options(
        type_id=form.type_id.data or None,
        consent=form.consent.data,
        proof=words.one_line(form.proof.data or "", 300),
        list_id=form.list_id.data or None,
        existing=form.existing.data,
        territory_id=form.territory_id.data or None,
    )
    try:
        imports.plan(job, mapping, options)
    except Invalid as error:
        into_form(form, error)
        return _columns(job, form, mapping, 422)
    return hypermedia.done(url_for("imports.check", job_id=job.id))


@bp.get("/subscribers/imports/<int:job_id>/check")
@requires(P.SUBSCRIBER_IMPORT)
def check(job_id: int) -> Response:
    """What will happen, before anything does."""
    job = imports.get(g.tenant.id, job_id)
    if job.state != "mapping" or not (job.options or {}).get("planned"):
        return redirect(url_for("imports.show", job_id=job.id))  # type: ignore[return-value]
    options = imports.options_of(job)
    return hypermedia.page(
        "imports/check.html", job=job, found=imports.forecast(job, _root()), options=options,
        kind=types.get(g.tenant.id, options.type_id) if options.type_id else None,
        chosen=lists.get(g.tenant.id, options.list_id) if options.list_id else None,
        existing=next(
            choice.label for choice in EXISTING if choice.value == options.existing
        ),
    )  # fmt: skip


@bp.post("/subscribers/imports/<int:job_id>/run")
@requires(P.SUBSCRIBER_IMPORT)
def run(job_id: int) -> Response:
    job = imports.get(g.tenant.id, job_id)
    imports.start(job, g.user.id)
    tasks.run_import(job.id)
    return hypermedia.done(url_for("imports.show", job_id=job.id))


@bp.post("/subscribers/imports/<int:job_id>/discard")
@requires(P.SUBSCRIBER_IMPORT)
def discard(job_id: int) -> Response:
    imports.discard(imports.get(g.tenant.id, job_id), _root(), g.user.id)
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


def _files(form: UploadForm, status: int = 200) -> Response:
    jobs = imports.latest(g.tenant.id)
    return hypermedia.page(
        "imports/index.html", status=status, form=form, jobs=jobs, names=policy.names([j.by_id for j in jobs]),
        max_mb=imports.MAX_BYTES >> 20,
    )  # fmt: skip


def _columns(
    job: ImportJob, form: PlanForm, mapping: dict[int, str] | None = None, status: int = 200
) -> Response:
    imports.get(g.tenant.id, job.id)
    rows: list[list[str]] = []
    with suppress(DomainError):  # the file was readable when it came
        rows = [record.cells for record in imports.preview(job, _root())]
    return hypermedia.page(
        "imports/columns.html", status=status, job=job, form=form, rows=rows, headings=imports.names_of(job),
        mapping=mapping or {int(index): meant for index, meant in job.mapping.items()}, fields=_meanings(),
    )  # fmt: skip


def _meanings() -> dict[str, str]:
    """What a column may mean: master data, then the own fields of the tenant."""
    known = {key: _(label) for key, label in columns.FIELDS.items() if key != columns.OWN}
    own = {
        key: _("Own field: %(name)s", name=name) for key, name in imports.own_meanings(g.tenant.id).items()
    }
    return {**known, **own, columns.OWN: _("New own field")}


def _plan_form(job: ImportJob, formdata: object = None) -> PlanForm:
    options = imports.options_of(job)
    form = PlanForm(formdata=formdata, obj=options)  # type: ignore[arg-type]
    kinds = [kind for kind in types.every(g.tenant.id) if kind.active]
    form.type_id.choices = [
        SelectChoice(0, _("no newsletter type")),
        *(SelectChoice(kind.id, kind.name) for kind in kinds),
    ]
    form.list_id.choices = [SelectChoice(0, _("no further list"))] + [
        SelectChoice(chosen.id, chosen.name) for chosen in lists.every(g.tenant.id) if not chosen.is_default
    ]
    territories.offer(form.territory_id, _("none"))
    if formdata is None:
        form.territory_id.data = options.territory_id or next((c.value for c in form.territory_id.choices), 0)
        form.type_id.data, form.list_id.data = options.type_id or 0, options.list_id or 0
    return form


def _error(job: ImportJob) -> str:
    return filters.translate(job.error, (job.options or {}).get("error_params")) if job.error else ""


def _stored(upload: FileStorage) -> Path:
    """The upload in a file of its own below instance/imports, readable by nobody else."""
    folder = _root() / "imports"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{g.tenant.id}-{secrets.token_hex(8)}.csv"
    path.touch(mode=0o600)
    upload.save(path)
    return path


def _root() -> Path:
    return current_app.config["SETTINGS"].instance
