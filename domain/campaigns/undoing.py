"""Undo an import: who came by it and was left alone since goes, who was changed by it gets the old values back and
loses the lists and tags that it gave.

Stands above the ledger, since nobody goes who was mailed meanwhile. Consents stay as they are: an undone import takes
no sign-off back.
"""

from dataclasses import dataclass

from domain.audit import log
from domain.campaigns import erasure
from domain.db import database, sql
from domain.errors import N_, Conflict
from domain.subscribers import words
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
    """Undo an import that has ended; raises Conflict for one that has not, or was undone before."""
    moved = (
        ImportJob.update(state="undone")
        .where(
            ImportJob.tenant_id == job.tenant_id,
            ImportJob.id == job.id,
            ImportJob.state.in_(["done", "failed"]),
        )
        .execute()
    )
    if not moved:
        raise Conflict(N_("This import cannot be undone: it has not ended, or it was undone before."))
    job.state = "undone"
    removed = _remove(job)
    kept = (
        Subscriber.select()
        .where(
            Subscriber.tenant_id == job.tenant_id,
            Subscriber.id >= (job.first_id or 0),
            Subscriber.id <= (job.last_id or 0),
            Subscriber.import_id == job.id,
        )
        .count()
    )
    restored, touched = _restore(job)
    log.record(
        job.tenant_id, "import.undo", user_id=user_id, kind="import", object_id=job.id,
        details={"removed": removed, "restored": restored, "kept": kept + touched},
    )  # fmt: skip
    return Undone(removed, restored, kept + touched)


def _remove(job: ImportJob) -> int:
    """Take away the people whom nobody has changed or mailed since."""
    removed, last = 0, (job.first_id or 1) - 1
    while True:
        rows = database.execute_sql(
            sql(
                """SELECT s.id FROM subscriber s WHERE s.tenant_id = ? AND s.id > ? AND s.id <= ? AND s.import_id = ?
                AND s.updated_at = s.created_at
                AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.tenant_id = s.tenant_id AND d.subscriber_id = s.id)
                ORDER BY s.id LIMIT ?"""
            ),
            [job.tenant_id, last, job.last_id or 0, job.id, CHUNK],
        ).fetchall()
        if not rows:
            return removed
        ids = [row[0] for row in rows]
        with database.atomic():
            erasure.forget(job.tenant_id, ids)
        removed, last = removed + len(ids), ids[-1]


def _restore(job: ImportJob) -> tuple[int, int]:
    """(set back, left alone) among those who were here before."""
    restored = touched = last = 0
    while True:
        query = ImportTrace.select().where(
            ImportTrace.tenant_id == job.tenant_id,
            ImportTrace.job_id == job.id,
            ImportTrace.subscriber_id > last,
        )
        traces = list(query.order_by(ImportTrace.subscriber_id, ImportTrace.id).limit(CHUNK))
        if not traces:
            return restored, touched
        with database.atomic():
            for trace in traces:
                is_first, last = trace.subscriber_id != last, trace.subscriber_id
                if not is_first or not (trace.before or trace.gained):
                    continue  # the first one says how it was; nothing changed
                if _set_back(job, trace):
                    restored += 1
                else:
                    touched += 1


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
