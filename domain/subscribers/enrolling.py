"""What an import does to people beside their data: lists, newsletter types with consent, tags; set-wise."""

from collections.abc import Sequence
from typing import Any

from domain import clock
from domain.db import database, sql
from domain.subscribers import addresses, consent, lists
from domain.subscribers.candidates import Person
from domain.subscribers.facets import bulk, tags
from domain.subscribers.models import Consent, ImportJob, Subscription

Reached = Sequence[tuple[int, Person]]  # (id of the person, the row)


def enrol(job: ImportJob, options: Any, new: Reached, here: Reached) -> None:
    """In the caller's transaction: everybody new onto the default list; lists and types for those whom `options.whom`
    names, tags for the new ones and for those who were here."""
    meant = {"new": [*new], "old": [*here]}.get(options.whom, [*new, *here])
    wanted = {(lists.default(job.tenant_id).id, person_id) for person_id, _ in new}
    wanted |= {(list_id, person_id) for list_id in options.list_ids for person_id, _ in meant}
    lists.enlist(job.tenant_id, sorted(wanted))
    for type_id in options.type_ids:
        _subscribe(job, options, type_id, meant)
    for names, people in ((options.tags_new, new), (options.tags_old, here)):
        if split := tags.split(names):
            bulk.tag(job.tenant_id, [(person_id, split) for person_id, _ in people])


def _subscribe(job: ImportJob, options: Any, type_id: int, people: Reached) -> None:
    """One step of consent for everybody, by the same table as everywhere (consent.TRANSITIONS)."""
    if not people:
        return
    now = clock.epoch()
    query = Subscription.select(Subscription.subscriber_id, Subscription.consent).where(
        Subscription.tenant_id == job.tenant_id,
        Subscription.type_id == type_id,
        Subscription.subscriber_id.in_([person_id for person_id, _ in people]),
    )
    before: dict[int, str] = dict(query.tuples())
    fresh, moved, events = [], [], []
    for person_id, person in people:
        act = "import_revoked" if person.values.is_off else f"import_{options.consent}"
        allowed, after = consent.TRANSITIONS[act]
        state = Consent(before[person_id]) if person_id in before else None
        if state not in allowed or state == after:
            continue
        if state is None:
            fresh.append((job.tenant_id, person_id, type_id, str(after), now))
        else:
            moved.append((str(after), now, job.tenant_id, type_id, person_id))
        proof = "; ".join(filter(None, (options.proof.strip(), person.values.proof)))
        events.append(
            (
                job.tenant_id, person_id, type_id, addresses.hash_of(person.key, job.tenant_id), act,
                str(state or ""), str(after), proof, f"import {job.id}", job.by_id, options.proof_id, now,
            )
        )  # fmt: skip
    _many(
        "INSERT INTO subscription (tenant_id, subscriber_id, type_id, consent, changed_at) VALUES (?, ?, ?, ?, ?)",
        fresh,
    )
    _many(
        """UPDATE subscription SET consent = ?, changed_at = ?
        WHERE tenant_id = ? AND type_id = ? AND subscriber_id = ?""",
        moved,
    )
    _many(
        """INSERT INTO consent_event (tenant_id, subscriber_id, type_id, address_hash, act, before, after,
        consent_text, consent_version, form, ip, agent, by_id, proof_id, at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, '', '', ?, ?, ?)""",
        events,
    )


def _many(statement: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        database.cursor().executemany(sql(statement), rows)
