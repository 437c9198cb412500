"""Imports of people: a file is looked at, mapped, checked, and taken in by the background in batches.

The row of the job is the truth: state, counters and how many records are done change in the transaction of each
batch, so that whoever finds a job whose worker died goes on exactly behind the last batch.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from domain import bounds, clock
from domain.audit import log
from domain.db import database, unscoped
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.subscribers import columns, csvfile, intake, spreadsheet, types
from domain.subscribers.csvfile import Dialect, Record
from domain.subscribers.facets import fields
from domain.subscribers.models import Consent, DistributionList, ImportJob, ImportReject
from domain.tenancy import territory

BATCH = 4_000  # records in one transaction: a commit waits for the disk
STALE_S = 60  # a worker that wrote nothing for this long has died
PREVIEW_ROWS = 5
FORECAST_ROWS = 5_000
MAX_BYTES = 60 * 1024 * 1024
MAX_TEXT_BYTES = 4 * MAX_BYTES  # of the text in a spreadsheet, which comes packed
REMEMBERED = 100  # earlier imports looked at for the same headings
EXISTING = ("skip", "fill", "overwrite", "replace")
CONSENTS = (Consent.UNKNOWN, Consent.PROVED)


@dataclass(frozen=True)
class Options:
    """What happens to the people of the file."""

    type_id: int | None = None
    consent: str = Consent.UNKNOWN
    proof: str = ""
    list_id: int | None = None
    existing: str = "fill"
    territory_id: int | None = None  # of those who are new and whose row names none


@dataclass
class Forecast:
    """What an import would do with the first `rows` records."""

    rows: int = 0
    new: int = 0
    existing: int = 0
    off: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[int, list[str], str, dict[str, Any]]] = field(default_factory=list)


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
    known = remembered(tenant_id, names)
    if known is not None:
        mapping = {int(index): meant for index, meant in known.mapping.items()}
    total = sum(1 for _ in csvfile.records(path, dialect)) - dialect.header
    return ImportJob.create(
        tenant_id=tenant_id, filename=filename[-255:] or "import.csv", path=str(path.relative_to(root)),
        dialect=dialect.dump() | {"names": names}, mapping={str(k): v for k, v in mapping.items()},
        rows_total=total, by_id=user_id,
        options={k: v for k, v in known.options.items() if k in Options.__dataclass_fields__} if known else {},
    )  # fmt: skip


def remembered(tenant_id: int, names: list[str]) -> ImportJob | None:
    """The newest import of a file with the same headings: its columns and answers are proposed again."""
    if not any(names):
        return None
    query = ImportJob.select().where(
        ImportJob.tenant_id == tenant_id, ImportJob.state.in_(["queued", "running", "done", "failed"])
    )
    meanings = {"", *columns.FIELDS, *own_meanings(tenant_id)}
    for job in query.order_by(ImportJob.id.desc()).limit(REMEMBERED):
        if names_of(job) == names and set(job.mapping.values()) <= meanings:
            return job
    return None


def as_text(path: Path) -> None:
    """Turn an XLSX file into delimited text in its place; raises Invalid for one that cannot be read or is too large.
    Other files stay as they are."""
    with path.open("rb") as source:
        if source.read(4) != b"PK\x03\x04":
            return
    text = path.with_suffix(".text")
    try:
        with text.open("w", encoding="utf-8", newline="") as out:
            text.chmod(0o600)
            writer = csv.writer(out, delimiter=";")
            for row in spreadsheet.read_sheet(path):
                writer.writerow(row)
                if out.tell() > MAX_TEXT_BYTES:
                    raise Invalid(csvfile.SPREADSHEET)
        text.replace(path)
    except Invalid:
        raise
    except Exception:  # whatever a broken or hostile archive makes the reader say
        raise Invalid(csvfile.SPREADSHEET) from None
    finally:
        text.unlink(missing_ok=True)


def preview(job: ImportJob, root: Path) -> list[Record]:
    """The first rows, without the header."""
    return list(islice(_rows(job, root), PREVIEW_ROWS))


def plan(job: ImportJob, mapping: dict[int, str], options: Options) -> None:
    """Keep the answers of the mapping page; raises Invalid, or Conflict once the import was started."""
    _must_be(job, "mapping")
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    used = Counter(meant for meant in mapping.values() if meant)
    if set(used) - set(columns.FIELDS) - set(own_meanings(job.tenant_id)):
        raise Invalid(N_("Choose a field from the list."))
    if used["address"] != 1:
        wrong["mapping"] = N_("Choose exactly one column as e-mail address.")
    elif any(used[name] > 1 for name in used if name not in columns.REPEATABLE):
        wrong["mapping"] = N_("Two columns have the same meaning. Choose one of them.")
    if options.type_id is not None:
        types.get(job.tenant_id, options.type_id)
    if options.list_id is not None:
        _list(job.tenant_id, options.list_id)
    if options.territory_id is not None:
        territory.get(job.tenant_id, options.territory_id)
    if options.consent not in CONSENTS or options.existing not in EXISTING:
        raise Invalid(N_("Choose one of the answers."))
    if options.type_id and options.consent == Consent.PROVED and not options.proof.strip():
        wrong["proof"] = N_("Write where the proof of these consents is kept.")
    if wrong:
        raise Invalid(fields=wrong)
    job.mapping = {str(index): meant for index, meant in mapping.items()}
    job.options = options.__dict__ | {"planned": True}
    job.save()


def own_meanings(tenant_id: int) -> dict[str, str]:
    """`own:<id>` → name: own fields as meanings of a column."""
    return {f"{columns.OWN_PREFIX}{own.id}": own.name for own in fields.every(tenant_id)}


def options_of(job: ImportJob) -> Options:
    return Options(**{k: v for k, v in (job.options or {}).items() if k in Options.__dataclass_fields__})


def forecast(job: ImportJob, root: Path) -> Forecast:
    """What would happen to the first records, without writing anything."""
    found = Forecast()
    batch = intake.Batch(job, options_of(job))
    while found.rows < FORECAST_ROWS:
        records = list(islice(_rows(job, root), found.rows, found.rows + BATCH))
        if not records:
            break
        found.rows += len(records)
        people, rejects = batch.sort(records)
        existing = batch.existing({person.key for person in people})
        found.existing += sum(person.key in existing for person in people)
        found.new += sum(person.key not in existing for person in people)
        found.off += sum(person.values.is_off for person in people)
        for reject in rejects:
            found.rejected[reject.reason] += 1
            if len(found.examples) < PREVIEW_ROWS:
                found.examples.append((reject.record.line, reject.record.cells, reject.reason, reject.params))
    return found


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
        job.delete_instance()
        log.record(
            job.tenant_id, "import.discard", user_id=user_id, kind="import", object_id=job.id,
            details={"file": job.filename},
        )  # fmt: skip
    (root / job.path).unlink(missing_ok=True)


@unscoped("one worker serves all tenants")
def due() -> list[int]:
    """Jobs of all tenants that wait, or whose worker has died."""
    query = ImportJob.select(ImportJob.id).where(_claimable())
    return [job_id for (job_id,) in query.order_by(ImportJob.id).tuples()]


@unscoped("a job is taken by its number; it names its tenant from there on")
def claim(job_id: int) -> ImportJob | None:
    """Take a job that waits or was left behind; None if somebody else has it or nothing is to be done."""
    taken = (
        ImportJob.update(state="running", owner_beat=clock.epoch())
        .where(ImportJob.id == job_id, _claimable())
        .execute()
    )
    return ImportJob.get_by_id(job_id) if taken else None


def run(job: ImportJob, root: Path) -> None:
    """Take in everything behind the last finished batch; ends in state done, or failed with the reason. Held to the
    territory of whoever brought the file."""
    with bounds.within(territory.bound(job.tenant_id, job.territory_ids, job.by_id)):
        _run(job, root)


def _run(job: ImportJob, root: Path) -> None:
    batch = intake.Batch(job, options_of(job))
    try:
        rows = islice(_rows(job, root), job.rows_done, None)
        while records := list(islice(rows, BATCH)):
            if not batch.take(records):
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
    """Refused rows in the order of the file."""
    query = ImportReject.select().where(
        ImportReject.tenant_id == job.tenant_id, ImportReject.job_id == job.id
    )
    yield from query.order_by(ImportReject.row).iterator()


def names_of(job: ImportJob) -> list[str]:
    """The headings of the file; empty texts where it has none."""
    return list(job.dialect.get("names", []))


def _rows(job: ImportJob, root: Path) -> Iterator[Record]:
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


def _list(tenant_id: int, list_id: int) -> DistributionList:
    found = DistributionList.get_or_none(
        DistributionList.tenant_id == tenant_id, DistributionList.id == list_id
    )
    if found is None:
        raise NotFound
    return found
