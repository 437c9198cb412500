"""Undo an import: who came by it and was left alone since goes, who was changed by it gets the old values back.

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
from domain.subscribers.models import ImportJob, ImportTrace, Subscriber

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
        .where(Subscriber.tenant_id == job.tenant_id, Subscriber.import_id == job.id)
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
    removed, last = 0, 0
    while True:
        rows = database.execute_sql(
            sql(
                """SELECT s.id FROM subscriber s WHERE s.tenant_id = ? AND s.id > ? AND s.import_id = ?
                AND s.updated_at = s.created_at
                AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.tenant_id = s.tenant_id AND d.subscriber_id = s.id)
                ORDER BY s.id LIMIT ?"""
            ),
            [job.tenant_id, last, job.id, CHUNK],
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
                if (
                    trace.subscriber_id == last or not trace.before
                ):  # the first one says how it was; nothing changed
                    continue
                last = trace.subscriber_id
                values = {name: trace.before[name] for name in RESTORED if name in trace.before}
                person = Subscriber.get_or_none(
                    Subscriber.tenant_id == job.tenant_id, Subscriber.id == trace.subscriber_id
                )
                if person is None or (job.finished_at and person.updated_at > job.finished_at):
                    touched += 1
                    continue
                for name, value in values.items():
                    setattr(person, name, value)
                person.folded = words.folded(person.first_name, person.last_name, person.address)
                person.save()
                restored += 1
        last = traces[-1].subscriber_id
