"""The dry run of an import: the whole file is read as the import would read it, and nothing of anybody is changed.

What it finds stands in the row of the job and in the table of refused rows, marked as a trial. A plan made meanwhile
raises the job's mark, and what an older run still finds is thrown away.
"""

from collections import Counter
from itertools import islice
from pathlib import Path

from domain import bounds, clock
from domain.db import database
from domain.errors import Conflict, Invalid
from domain.subscribers import imports, intake
from domain.subscribers.models import ImportJob
from domain.subscribers.seen import Seen
from domain.tenancy import territory

AT_ONCE = 2_000  # rows that are looked at while somebody waits for the page
REPEATED = (intake.TWICE, intake.TWICE_ABOVE)


def due() -> list[int]:
    """Jobs of all tenants whose dry run waits, or whose worker has died."""
    return imports.waiting(_claimable())


def claim(job_id: int) -> ImportJob | None:
    """Take a job whose dry run waits or was left behind; None if there is nothing to do."""
    return imports.seize(job_id, _claimable(), check_state="running", check_done=0, checked={})


def now(job_id: int, root: Path) -> None:
    """The dry run of a small file, while somebody waits."""
    job = claim(job_id)
    if job is not None:
        run(job, root)


def run(job: ImportJob, root: Path) -> None:
    """Look at the whole file from the beginning; ends in check_state done or failed, or leaves off when the job moved
    on. Held to the territory of whoever brought the file."""
    with bounds.within(territory.bound(job.tenant_id, job.territory_ids, job.by_id)):
        _run(job, root)


def _run(job: ImportJob, root: Path) -> None:
    batch, seen = intake.Batch(job, imports.options_of(job)), Seen()
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    makes = batch.making(seen)
    imports.forget_trial(job)
    try:
        rows = imports.records_of(job, root)
        while records := list(islice(rows, imports.BATCH)):
            found, rejects = batch.forecast(records, seen, makes)
            counts += found
            counts["rows"] += len(records)
            counts["repeated"] += sum(reject.reason in REPEATED for reject in rejects)
            reasons += Counter(reject.reason for reject in rejects)
            with database.atomic() as transaction:
                batch.refuse(rejects, is_trial=True)
                if not _note(job, counts, reasons, more={"makes": makes.told()}):
                    transaction.rollback()
                    return
    except (Invalid, Conflict) as error:
        _note(job, counts, reasons, "failed", {"error": error.message, "params": error.params})
        return
    finally:
        seen.close()
    _note(job, counts, reasons, "done", {"makes": makes.told()})


def _note(
    job: ImportJob, counts: Counter[str], reasons: Counter[str], state: str = "running", more: object = None
) -> bool:
    """Write down how far the dry run is; False if somebody planned anew, or started the import."""
    checked = {**counts, "rejected": reasons.total(), "reasons": dict(reasons), **(more or {})}  # type: ignore[dict-item]
    moved = (
        ImportJob.update(
            check_state=state, check_done=counts["rows"], checked=checked, owner_beat=clock.epoch()
        )
        .where(
            ImportJob.tenant_id == job.tenant_id,
            ImportJob.id == job.id,
            ImportJob.state == "mapping",
            ImportJob.check_state == "running",
            ImportJob.check_mark == job.check_mark,
        )
        .execute()
    )
    return bool(moved)


def _claimable():  # type: ignore[no-untyped-def]
    stale = ImportJob.owner_beat < clock.epoch() - imports.STALE_S
    return (ImportJob.state == "mapping") & (
        (ImportJob.check_state == "queued") | ((ImportJob.check_state == "running") & stale)
    )
