"""Undo an import: who came by it and was left alone since goes, who was changed by it gets the old values back and
loses the lists and tags that it gave.

Stands above the ledger, since nobody goes who was mailed meanwhile. Consents stay as they are: an undone import takes
no sign-off back.
"""

from dataclasses import dataclass

from domain import clock
from domain.audit import log
from domain.campaigns import erasure
from domain.db import database, sql
from domain.errors import N_, Conflict
from domain.subscribers import imports, words
from domain.subscribers.directory import TEXT_FIELDS
from domain.subscribers.facets.models import Holder, Tagging
from domain.subscribers.models import ImportJob, ImportTrace, ListMember, Subscriber

CHUNK = 500
RESTORED = (*TEXT_FIELDS, "organisation_id", "fields", "birthday", "territory_id")


@dataclass(frozen=True)
class Undone:
    """People taken away, people set back, and those who stay since somebody or something has touched them since."""

    removed: int
    restored: int
    kept: int


def undo(job: ImportJob, user_id: int) -> Undone:
    """Undo an import that has ended, while somebody waits; raises Conflict for one that has not, or was undone."""
    begin(job, user_id)
    claimed = claim(job.id)
    return run(claimed) if claimed else Undone(0, 0, 0)


def begin(job: ImportJob, user_id: int) -> None:
    """Let an import that has ended be undone by the worker; the caller nudges it after commit. Raises Conflict for one
    that has not ended, or was undone before."""
    moved = (
        ImportJob.update(state="undoing", owner_beat=0, undone={"by": user_id})
        .where(
            ImportJob.tenant_id == job.tenant_id,
            ImportJob.id == job.id,
            ImportJob.state.in_(["done", "failed"]),
        )
        .execute()
    )
    if not moved:
        raise Conflict(N_("This import cannot be undone: it has not ended, or it was undone before."))
    job.state = "undoing"


def due() -> list[int]:
    """Jobs of all tenants that are to be undone, or whose worker has died."""
    return imports.waiting(_claimable())


def claim(job_id: int) -> ImportJob | None:
    """Take a job that is to be undone or was left behind; None if there is nothing to do."""
    return imports.seize(job_id, _claimable())


def run(job: ImportJob) -> Undone:
    """Undo what is not undone yet; each chunk stands in the row of the job, so that a worker who follows goes on behind
    the last one."""
    far = {"removed": 0, "restored": 0, "touched": 0, "person": 0, "trace": 0} | (job.undone or {})
    while _remove_some(job, far):
        pass
    kept = (
        Subscriber.select()
        .where(
            Subscriber.tenant_id == job.tenant_id, Subscriber.id >= (job.first_id or 0),
            Subscriber.id <= (job.last_id or 0), Subscriber.import_id == job.id,
        )
        .count()
    )  # fmt: skip
    while _restore_some(job, far):
        pass
    done = Undone(far["removed"], far["restored"], kept + far["touched"])
    with database.atomic():
        _keep(job, {**far, "kept": done.kept}, "undone")
        log.record(
            job.tenant_id, "import.undo", user_id=far.get("by"), kind="import", object_id=job.id,
            details={"removed": done.removed, "restored": done.restored, "kept": done.kept},
        )  # fmt: skip
    return done


def _claimable():  # type: ignore[no-untyped-def]
    return (ImportJob.state == "undoing") & (ImportJob.owner_beat < clock.epoch() - imports.STALE_S)


def _keep(job: ImportJob, far: dict[str, int], state: str = "undoing") -> None:
    ImportJob.update(undone=far, state=state, owner_beat=clock.epoch()).where(
        ImportJob.tenant_id == job.tenant_id, ImportJob.id == job.id
    ).execute()


def _remove_some(job: ImportJob, far: dict[str, int]) -> bool:
    """Take away the next people whom nobody has changed or mailed since; False: there are none."""
    last = max(far["person"], (job.first_id or 1) - 1)
    rows = database.execute_sql(
        sql(
            """SELECT s.id FROM subscriber s WHERE s.tenant_id = ? AND s.id > ? AND s.id <= ? AND s.import_id = ?
            AND s.updated_at = s.created_at
            AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.tenant_id = s.tenant_id AND d.subscriber_id = s.id)
            ORDER BY s.id LIMIT ?"""
        ),
        [job.tenant_id, last, job.last_id or 0, job.id, CHUNK],
    ).fetchall()
    ids = [row[0] for row in rows]
    if not ids:
        return False
    with database.atomic():
        erasure.forget(job.tenant_id, ids)
        far.update(removed=far["removed"] + len(ids), person=ids[-1])
        _keep(job, far)
    return True


def _restore_some(job: ImportJob, far: dict[str, int]) -> bool:
    """Set back the next ones among those who were here before; False: there are none."""
    query = ImportTrace.select().where(
        ImportTrace.tenant_id == job.tenant_id,
        ImportTrace.job_id == job.id,
        ImportTrace.subscriber_id > far["trace"],
    )
    traces = list(query.order_by(ImportTrace.subscriber_id, ImportTrace.id).limit(CHUNK))
    if not traces:
        return False
    with database.atomic():
        for trace in traces:
            is_first, far["trace"] = trace.subscriber_id != far["trace"], trace.subscriber_id
            if is_first and (trace.before or trace.gained):  # the first one says how it was
                far["restored" if _set_back(job, trace) else "touched"] += 1
        _keep(job, far)
    return True


def _set_back(job: ImportJob, trace: ImportTrace) -> bool:
    """Give somebody who was here before the old data back and take lists and tags of the import; False if he is gone
    or was changed since."""
    person = Subscriber.get_or_none(
        Subscriber.tenant_id == job.tenant_id, Subscriber.id == trace.subscriber_id
    )
    if person is None or (job.finished_at and person.updated_at > job.finished_at):
        return False
    for name in RESTORED:
        if name in trace.before:
            setattr(person, name, trace.before[name])
    if trace.before:
        person.folded = words.folded(person.first_name, person.last_name, person.address)
        person.save()
    _take_back(person, trace.gained)
    return True


def _take_back(person: Subscriber, gained: dict[str, list[int]]) -> None:
    """Lists and tags; the last list stays, since everybody is on one."""
    Tagging.delete().where(
        Tagging.tenant_id == person.tenant_id, Tagging.holder == Holder.SUBSCRIBER, Tagging.holder_id == person.id,
        Tagging.tag_id.in_(gained.get("tags") or [0]),
    ).execute()  # fmt: skip
    if not gained.get("lists"):
        return
    mine = ListMember.tenant_id == person.tenant_id, ListMember.subscriber_id == person.id
    if ListMember.select().where(*mine, ListMember.list_id.not_in(gained["lists"])).exists():
        ListMember.delete().where(*mine, ListMember.list_id.in_(gained["lists"])).execute()
