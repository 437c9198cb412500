"""What an import does to people beside their data: lists, newsletter types with consent, tags; set-wise."""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

import json
from collections.abc import Sequence
from typing import Any

from domain import clock
from domain.db import among, database, sql, write
from domain.subscribers import consent, lists
from domain.subscribers.candidates import Person
from domain.subscribers.facets import bulk, tags
from domain.subscribers.models import Consent, ImportJob

Reached = Sequence[tuple[int, Person]]  # (id of the person, the row)


def enrol(job: ImportJob, options: Any, new: Reached, here: Reached) -> None:
    """In the caller's transaction: everybody new onto the default list; lists and types for those whom `options.whom`
    names, tags for the new ones and for those who were here. What the latter gain is noted in their traces."""
    meant = {"new": [*new], "old": [*here]}.get(options.whom, [*new, *here])
    default = lists.default(job.tenant_id).id
    wanted = {(default, person_id) for person_id, _ in new}
    wanted |= {(list_id, person_id) for list_id in options.list_ids for person_id, _ in meant}
    tagged = _tagged(new, options.tags_new) + _tagged(here, options.tags_old)
    ids = [person_id for person_id, _ in here] if options.list_ids or tagged else []
    before = _held(job.tenant_id, ids)
    lists.enlist(job.tenant_id, sorted(wanted))
    bulk.tag(job.tenant_id, tagged)
    _note(job, _held(job.tenant_id, ids) - before)
    for type_id in options.type_ids:
        _subscribe(job, options, type_id, meant, {person_id for person_id, _ in new})


def _tagged(people: Reached, names: str) -> list[tuple[int, list[str]]]:
    """(person, tags of the row and of the mapping page), of those who get any."""
    split = tags.split(names)
    return [(i, [*person.values.tags, *split]) for i, person in people if split or person.values.tags]


def _held(tenant_id: int, ids: Sequence[int]) -> set[tuple[int, str, int]]:
    """(person, "lists" or "tags", id) for everything that these people have."""
    if not ids:
        return set()
    member, bound = among("subscriber_id", ids)
    holder, also = among("holder_id", ids)
    text = f"""SELECT subscriber_id, 'lists', list_id FROM list_member WHERE tenant_id = ? AND {member}
        UNION ALL SELECT holder_id, 'tags', tag_id FROM tagging
        WHERE tenant_id = ? AND holder = 'subscriber' AND {holder}"""
    rows = database.execute_sql(sql(text), [tenant_id, *bound, tenant_id, *also]).fetchall()
    return {(int(person_id), kind, int(found)) for person_id, kind, found in rows}


def _note(job: ImportJob, gained: set[tuple[int, str, int]]) -> None:
    """What people who were here have gained, into their traces, so that it can be taken back."""
    found: dict[int, dict[str, list[int]]] = {}
    for person_id, kind, gained_id in sorted(gained):
        found.setdefault(person_id, {}).setdefault(kind, []).append(gained_id)
    _many(
        "UPDATE import_trace SET gained = ? WHERE tenant_id = ? AND job_id = ? AND subscriber_id = ?",
        [(json.dumps(what), job.tenant_id, job.id, person_id) for person_id, what in found.items()],
    )


def _states(tenant_id: int, type_id: int, ids: Sequence[int]) -> dict[int, str]:
    """Person → consent for a type, of those who have one."""
    if not ids:
        return {}
    one_of, bound = among("subscriber_id", ids)
    text = f"SELECT subscriber_id, consent FROM subscription WHERE tenant_id = ? AND type_id = ? AND {one_of}"
    return dict(database.execute_sql(sql(text), [tenant_id, type_id, *bound]).fetchall())


def _subscribe(job: ImportJob, options: Any, type_id: int, people: Reached, fresh_ids: set[int]) -> None:
    """One step of consent for everybody, by the same table as everywhere (consent.TRANSITIONS). People who came by this
    batch (`fresh_ids`) have no consent yet."""
    if not people:
        return
    now = clock.epoch()
    before = _states(
        job.tenant_id, type_id, [person_id for person_id, _ in people if person_id not in fresh_ids]
    )
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
                job.tenant_id, person_id, type_id, person.digest, act,
                str(state or ""), str(after), proof, f"import {job.id}", job.by_id, options.proof_id, now,
                0, "", "",
            )
        )  # fmt: skip
    write("subscription", "tenant_id, subscriber_id, type_id, consent, changed_at", fresh)
    _many(
        """UPDATE subscription SET consent = ?, changed_at = ?
        WHERE tenant_id = ? AND type_id = ? AND subscriber_id = ?""",
        moved,
    )
    write(
        "consent_event",
        "tenant_id, subscriber_id, type_id, address_hash, act, before, after, consent_text, form, by_id, proof_id, at, "
        "consent_version, ip, agent",
        events,
    )


def _many(statement: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        database.cursor().executemany(sql(statement), rows)
