"""Imports of people: a file is looked at, mapped, checked, and taken in by the background in batches.

The row of the job is the truth: state, counters and how many records are done change in the transaction of each
batch, so that whoever finds a job whose worker died goes on exactly behind the last batch.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from peewee import Expression

from domain import bounds, clock
from domain.audit import log
from domain.db import database, unscoped
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.subscribers import (
    columns,
    csvfile,
    intake,
    lists,
    mappings,
    proofs,
    spreadsheet,
    types,
    workbooks,
)
from domain.subscribers.csvfile import Dialect, Record
from domain.subscribers.facets import fields
from domain.subscribers.models import Consent, ImportJob, ImportReject
from domain.tenancy import territory

BATCH = 4_000  # records in one transaction: a commit waits for the disk
STALE_S = 60  # a worker that wrote nothing for this long has died
PREVIEW_ROWS = 5
MAX_BYTES = 60 * 1024 * 1024
MAX_TEXT_BYTES = 4 * MAX_BYTES  # of the text in a spreadsheet, which comes packed
WHOM = ("all", "new", "old")
EXISTING = ("skip", "fill", "overwrite", "replace")
CONSENTS = (Consent.UNKNOWN, Consent.PROVED)


@dataclass(frozen=True)
class Options:
    """What happens to the people of the file."""

    type_ids: Sequence[int] = ()
    consent: str = Consent.UNKNOWN
    proof: str = ""
    proof_id: int | None = None  # a document beside the words
    list_ids: Sequence[int] = ()
    whom: str = "all"  # who gets types and lists: all, new, old
    tags_new: str = ""
    tags_old: str = ""  # of people who are here already
    existing: str = "fill"
    territory_id: int | None = None  # of those who are new and whose row names none


def get(tenant_id: int, job_id: int) -> ImportJob:
    """A job of the tenant; raises NotFound."""
    found = ImportJob.get_or_none(ImportJob.tenant_id == tenant_id, ImportJob.id == job_id)
    if found is None:
        raise NotFound
    return found


def latest(tenant_id: int, limit: int = 20) -> list[ImportJob]:
    query = ImportJob.select().where(ImportJob.tenant_id == tenant_id)
    return list(query.order_by(ImportJob.id.desc()).limit(limit))


def receive(tenant_id: int, filename: str, path: Path, root: Path, user_id: int) -> ImportJob:
    """Look at an uploaded file below `root` and guess what its columns mean; raises Invalid with what to do."""
    if path.stat().st_size > MAX_BYTES:
        raise Invalid(
            N_("The file is larger than %(size)s MB. Divide it into several files."), size=MAX_BYTES >> 20
        )
    as_text(path)
    dialect = csvfile.sniff(path)
    first = list(islice(csvfile.records(path, dialect), 200))
    names = first[0].cells if dialect.header else [""] * max(len(record.cells) for record in first)
    rows = [record.cells for record in (first[1:] if dialect.header else first)]
    if not rows:
        raise Invalid(
            N_("The file has a header but no rows. Export it again and check that it holds people.")
        )
    mapping = columns.guess(names, rows)
    if "address" not in mapping.values():
        if len(names) == 1:
            raise Invalid(
                N_(
                    "We see one column only, without addresses. Put commas, semicolons or tabs between the columns."
                )
            )
        raise Invalid(
            N_(
                "No column holds e-mail addresses. Add one, for example with the heading “Email”, and upload it again."
            )
        )
    found = mappings.proposed(tenant_id, names, mapping)
    total = sum(1 for _ in csvfile.records(path, dialect)) - dialect.header
    return ImportJob.create(
        tenant_id=tenant_id, filename=filename[-255:] or "import.csv", path=str(path.relative_to(root)),
        dialect=dialect.dump() | {"names": names}, mapping={str(k): v for k, v in found.columns.items()},
        rows_total=total, by_id=user_id, options=found.options | {"taken": list(found.source)},
    )  # fmt: skip


def as_text(path: Path) -> None:
    """Turn an XLSX file into delimited text in its place; raises Invalid for one that cannot be read or is too large.
    Other files stay as they are."""
    with path.open("rb") as source:
        if source.read(4) != workbooks.ZIP:
            return
    text = path.with_suffix(".text")
    try:
        with text.open("w", encoding="utf-8", newline="") as out:
            text.chmod(0o600)
            writer = csv.writer(out, delimiter=";")
            for row in spreadsheet.read_sheet(path):
                writer.writerow(row)
                if out.tell() > MAX_TEXT_BYTES:
                    raise Invalid(workbooks.LARGE, size=MAX_TEXT_BYTES >> 20)
        text.replace(path)
    except Invalid:
        raise
    except Exception:  # whatever a broken or hostile archive makes the reader say
        raise Invalid(workbooks.unreadable(path)) from None
    finally:
        text.unlink(missing_ok=True)


def preview(job: ImportJob, root: Path) -> list[Record]:
    """The first rows, without the header."""
    return list(islice(records_of(job, root), PREVIEW_ROWS))


def plan(job: ImportJob, mapping: dict[int, str], options: Options) -> None:
    """Keep the answers of the mapping page; raises Invalid, or Conflict once the import was started."""
    _must_be(job, "mapping")
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    if found := mappings.wrong_in(job.tenant_id, names_of(job), mapping):
        wrong["mapping"] = found
    for type_id in options.type_ids:
        types.get(job.tenant_id, type_id)
    for list_id in options.list_ids:
        lists.get(job.tenant_id, list_id)
    if options.proof_id is not None:
        proofs.get(job.tenant_id, options.proof_id)
    if options.territory_id is not None:
        territory.get(job.tenant_id, options.territory_id)
    if options.consent not in CONSENTS or options.existing not in EXISTING or options.whom not in WHOM:
        raise Invalid(N_("Choose one of the answers."))
    if (
        options.type_ids
        and options.consent == Consent.PROVED
        and not (options.proof.strip() or options.proof_id)
    ):
        wrong["proof"] = N_("Write where the proof of these consents is kept, or attach it.")
    if wrong:
        raise Invalid(fields=wrong)
    job.mapping = {str(index): meant for index, meant in mapping.items()}
    taken = (job.options or {}).get("taken")
    lasting = {"type_ids": list(options.type_ids), "list_ids": list(options.list_ids)}
    job.options = options.__dict__ | lasting | {"planned": True, "taken": taken}
    job.check_mark += 1
    job.check_state, job.check_done, job.checked = "queued", 0, {}
    with database.atomic():
        job.save()
        forget_trial(job)


def take(job: ImportJob, found: mappings.Proposal) -> None:
    """Propose other columns and answers on the mapping page; raises Conflict once the import was started."""
    _must_be(job, "mapping")
    before = {key: value for key, value in (job.options or {}).items() if key in ("proof", "proof_id")}
    job.mapping = {str(index): meant for index, meant in found.columns.items()}
    job.options = before | found.options | {"taken": list(found.source)}
    job.check_state = ""
    with database.atomic():
        job.save()
        forget_trial(job)


def guess(job: ImportJob, root: Path) -> mappings.Proposal:
    """What the columns mean by their headings and cells."""
    rows = [record.cells for record in islice(records_of(job, root), 200)]
    return mappings.Proposal(columns.guess(names_of(job), rows))


def options_of(job: ImportJob) -> Options:
    """The answers of the mapping page; those of older jobs name one type and one list."""
    given = dict(job.options or {})
    for one, many in (("type_id", "type_ids"), ("list_id", "list_ids")):
        if given.get(one) and many not in given:
            given[many] = [given[one]]
    return Options(**{k: v for k, v in given.items() if k in Options.__dataclass_fields__})


def start(job: ImportJob, user_id: int) -> None:
    """Queue the import; the caller nudges the worker after commit. A second press changes nothing."""
    if job.state in ("queued", "running", "done"):
        return
    _must_be(job, "mapping")
    if not (job.options or {}).get("planned"):
        raise Conflict(N_("Choose the columns first."))
    with database.atomic():
        _make_own_fields(job, user_id)
        moved = (
            ImportJob.update(state="queued", mapping=job.mapping)
            .where(ImportJob.tenant_id == job.tenant_id, ImportJob.id == job.id, ImportJob.state == "mapping")
            .execute()
        )
        if moved:
            forget_trial(job)
            log.record(
                job.tenant_id, "import.start", user_id=user_id, kind="import", object_id=job.id,
                details={"file": job.filename, "rows": job.rows_total},
            )  # fmt: skip
    job.state = "queued"


def _make_own_fields(job: ImportJob, user_id: int) -> None:
    """Columns that are to become own fields get one; raises Conflict for a column without a heading."""
    names = names_of(job)
    for index, meant in job.mapping.items():
        if meant == columns.OWN:
            made = fields.ensure(job.tenant_id, names[int(index)] if int(index) < len(names) else "", user_id)
            job.mapping = {**job.mapping, index: f"{columns.OWN_PREFIX}{made.id}"}


def discard(job: ImportJob, root: Path, user_id: int) -> None:
    """Throw away a file that was not imported; raises Conflict afterwards."""
    _must_be(job, "mapping")
    with database.atomic():
        forget_trial(job)
        job.delete_instance()
        log.record(
            job.tenant_id, "import.discard", user_id=user_id, kind="import", object_id=job.id,
            details={"file": job.filename},
        )  # fmt: skip
    (root / job.path).unlink(missing_ok=True)


def due() -> list[int]:
    """Jobs of all tenants that wait, or whose worker has died."""
    return waiting(_claimable())


def claim(job_id: int) -> ImportJob | None:
    """Take a job that waits or was left behind; None if somebody else has it or nothing is to be done."""
    return seize(job_id, _claimable(), state="running")


@unscoped("one worker serves all tenants")
def waiting(which: Expression) -> list[int]:
    """Numbers of such jobs, of all tenants: to be run, tried or undone."""
    query = ImportJob.select(ImportJob.id).where(which)
    return [job_id for (job_id,) in query.order_by(ImportJob.id).tuples()]


@unscoped("a job is taken by its number; it names its tenant from there on")
def seize(job_id: int, which: Expression, **begun: object) -> ImportJob | None:
    """Make a job this worker's if it still is such a one, with what it begins with; else None."""
    values = {"owner_beat": clock.epoch(), **begun}
    taken = ImportJob.update(values).where(ImportJob.id == job_id, which).execute()
    return ImportJob.get_by_id(job_id) if taken else None


def run(job: ImportJob, root: Path) -> None:
    """Take in everything behind the last finished batch; ends in state done, or failed with the reason. Held to the
    territory of whoever brought the file."""
    with bounds.within(territory.bound(job.tenant_id, job.territory_ids, job.by_id)):
        _run(job, root)


def _run(job: ImportJob, root: Path) -> None:
    batch = intake.Batch(job, options_of(job))
    try:
        rows = islice(records_of(job, root), job.rows_done, None)
        for records, read in batch.batches(rows, BATCH):
            if not batch.take(records, read):
                return  # another worker went on with it
    except (Invalid, Conflict) as error:
        fail(job, error.message, **error.params)
        return
    _finish(job, "done")
    (root / job.path).unlink(missing_ok=True)  # people's data; what was refused is in the table


def fail(job: ImportJob, message: str, **params: object) -> None:
    """End a job that cannot go on; what was taken in stays."""
    job.options = (job.options or {}) | {"error_params": params}
    job.save()
    _finish(job, "failed", message)


def rejects(job: ImportJob) -> Iterator[ImportReject]:
    """Refused rows in the order of the file; before the import those that the dry run found."""
    query = ImportReject.select().where(
        ImportReject.tenant_id == job.tenant_id, ImportReject.job_id == job.id,
        ImportReject.is_trial == (job.state == "mapping"),
    )  # fmt: skip
    yield from query.order_by(ImportReject.row).iterator()


def forget_trial(job: ImportJob) -> None:
    """The rows that a dry run refused; in the caller's transaction."""
    ImportReject.delete().where(
        ImportReject.tenant_id == job.tenant_id, ImportReject.job_id == job.id, ImportReject.is_trial
    ).execute()


def names_of(job: ImportJob) -> list[str]:
    """The headings of the file; empty texts where it has none."""
    return list(job.dialect.get("names", []))


def records_of(job: ImportJob, root: Path) -> Iterator[Record]:
    """The rows of the file behind its header; raises Conflict if it is gone."""
    if not (root / job.path).exists():
        raise Conflict(N_("The file is gone. Upload it again."))
    dialect = Dialect(**{k: job.dialect[k] for k in ("encoding", "delimiter", "header")})
    return islice(csvfile.records(root / job.path, dialect), int(dialect.header), None)


def _finish(job: ImportJob, state: str, error: str = "") -> None:
    ImportJob.update(state=state, error=error[:300], finished_at=clock.now()).where(
        ImportJob.tenant_id == job.tenant_id, ImportJob.id == job.id
    ).execute()


def _claimable():  # type: ignore[no-untyped-def]
    return (ImportJob.state == "queued") | (
        (ImportJob.state == "running") & (ImportJob.owner_beat < clock.epoch() - STALE_S)
    )


def _must_be(job: ImportJob, state: str) -> None:
    if job.state != state:
        raise Conflict(N_("This import was started already. Its result is on its page."))
