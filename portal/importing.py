"""The pages of an import that several views show, and the upload behind them."""

import secrets
from contextlib import suppress
from pathlib import Path

from flask import Response, current_app, g
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from wtforms.fields.choices import SelectChoice

from domain.accounts import policy
from domain.errors import DomainError
from domain.subscribers import columns as meanings
from domain.subscribers import imports, lists, mappings, proofs, types
from domain.subscribers.models import ConsentProof, ImportJob
from mediadb import proofs as papers
from portal import filters, hypermedia, territories
from portal.forms.subscribers import PlanForm, UploadForm


def files(
    form: UploadForm | None = None, status: int = 200, wrong: dict[int, tuple[str, str]] | None = None
) -> Response:
    """Upload, saved mappings (`wrong`: id → name as typed, what is wrong with it), earlier imports."""
    jobs = imports.latest(g.tenant.id)
    return hypermedia.page(
        "imports/index.html", status=status, form=form or UploadForm(formdata=None), jobs=jobs,
        kept=mappings.every(g.tenant.id), wrong=wrong or {}, names=policy.names([j.by_id for j in jobs]),
        max_mb=imports.MAX_BYTES >> 20,
    )  # fmt: skip


def columns(
    job: ImportJob, form: PlanForm, mapping: dict[int, str] | None = None, status: int = 200
) -> Response:
    """What the columns mean and what happens to the people."""
    rows: list[list[str]] = []
    with suppress(DomainError):  # the file was readable when it came
        rows = [record.cells for record in imports.preview(job, root())]
    return hypermedia.page(
        "imports/columns.html", status=status, job=job, form=form, rows=rows, headings=imports.names_of(job),
        mapping=mapping or {int(index): meant for index, meant in job.mapping.items()}, fields=_meanings(),
        kept=mappings.every(g.tenant.id), taken=(job.options or {}).get("taken") or ["guess", ""],
        proof_document=proof_of(job), proof_types=papers.TYPES, proof_mb=papers.MOST_MB,
    )  # fmt: skip


def _meanings() -> dict[str, str]:
    """What a column may mean: master data, then the own fields of the tenant."""
    known = {key: _(label) for key, label in meanings.FIELDS.items() if key != meanings.OWN}
    own = {
        key: _("Own field: %(name)s", name=name) for key, name in mappings.own_meanings(g.tenant.id).items()
    }
    return {**known, **own, meanings.OWN: _("New own field")}


def plan_form(job: ImportJob, formdata: object = None) -> PlanForm:
    options = imports.options_of(job)
    form = PlanForm(formdata=formdata, obj=options)  # type: ignore[arg-type]
    kinds = [kind for kind in types.every(g.tenant.id) if kind.active]
    form.type_ids.choices = [SelectChoice(kind.id, kind.name) for kind in kinds]
    further = [chosen for chosen in lists.every(g.tenant.id) if not chosen.is_default]
    form.list_ids.choices = [SelectChoice(chosen.id, chosen.name) for chosen in further]
    territories.offer(form.territory_id, _("no territory"))
    if formdata is None:
        form.territory_id.data = options.territory_id or next((c.value for c in form.territory_id.choices), 0)
        form.type_ids.data, form.list_ids.data = list(options.type_ids), list(options.list_ids)
    return form


def proof_of(job: ImportJob) -> ConsentProof | None:
    """The document that was attached already."""
    proof_id = imports.options_of(job).proof_id
    return proofs.get(g.tenant.id, proof_id) if proof_id else None


def error_of(job: ImportJob) -> str:
    return filters.translate(job.error, (job.options or {}).get("error_params")) if job.error else ""


def stored(upload: FileStorage) -> Path:
    """The upload in a file of its own below instance/imports, readable by nobody else."""
    folder = root() / "imports"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{g.tenant.id}-{secrets.token_hex(8)}.csv"
    path.touch(mode=0o600)
    upload.save(path)
    return path


def root() -> Path:
    return current_app.config["SETTINGS"].instance
