"""Two people who were merged by mistake are made two again: within KEPT, and while nothing contradicts.

What merging takes apart is kept as rows until then. Notes and mails that came since stay with the person who stayed.
"""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

import hashlib
import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from peewee import IntegrityError, chunked

from domain import bounds, clock
from domain.audit import log
from domain.campaigns.models import Merge
from domain.db import database, sql, unscoped
from domain.errors import N_, Conflict, NotFound
from domain.subscribers import consent, directory, types
from domain.subscribers.consent import Trace
from domain.subscribers.facets import fields
from domain.subscribers.models import Consent, Subscriber

KEPT = timedelta(days=30)
CHUNK = 500
# table → (column of the person, table and column of what the row is about, condition)
HANGING: dict[str, tuple[str, str, str, str]] = {
    "list_member": ("subscriber_id", "distribution_list", "list_id", ""),
    "subscription": ("subscriber_id", "newsletter_type", "type_id", ""),
    "tagging": ("holder_id", "tag", "tag_id", "holder = 'subscriber'"),
    "standing": ("holder_id", "status_value", "value_id", "holder = 'subscriber'"),
    "segment_member": ("subscriber_id", "segment", "segment_id", ""),
    "unticked": ("subscriber_id", "campaign", "campaign_id", ""),
}
MOVED = {
    "delivery": "subscriber_id", "consent_event": "subscriber_id", "note": "holder_id", "enrolment": "subscriber_id",
}  # fmt: skip
Rows = list[dict[str, Any]]


def capture(keep: Subscriber, drop: Subscriber, user_id: int) -> Merge:
    """Note both people as they are, before they become one. In the transaction of the merging; the caller completes
    it by `seal`."""
    tenant_id = keep.tenant_id
    moved = {
        table: [row["id"] for row in _rows(tenant_id, table, column, drop.id)]
        for table, column in MOVED.items()
    }
    before = {"keep": _everything(keep), "drop": _everything(drop), "moved": moved}
    shown = " ".join(filter(None, (drop.first_name, drop.last_name, f"({drop.address or '–'})")))
    return Merge.create(
        tenant_id=tenant_id, kept_id=keep.id, dropped_id=drop.id, dropped_name=shown[:300], before=before,
        by_id=user_id,
    )  # fmt: skip


def seal(merge: Merge) -> None:
    """Note how the one person is now, so that later changes are seen."""
    merge.after = _fingerprint(merge.tenant_id, merge.kept_id)
    merge.save()


def of(person: Subscriber) -> Merge | None:
    """The newest merging of this person, as long as it may be undone; None to somebody bound to a territory, who merges
    nobody."""
    if bounds.current() is not None:
        return None
    query = Merge.select().where(
        Merge.tenant_id == person.tenant_id, Merge.kept_id == person.id, Merge.at > clock.now() - KEPT
    )
    return query.order_by(Merge.id.desc()).first()


def copies(person: Subscriber) -> list[dict[str, Any]]:
    """What is kept of records that went into this one, for the person who asks for the data."""
    rows = Merge.select().where(Merge.tenant_id == person.tenant_id, Merge.kept_id == person.id)
    return [
        {"record": row.before["drop"]["subscriber"][0], "at": row.at.isoformat()}
        for row in rows
        if row.before
    ]


def contradiction(merge: Merge) -> str | None:
    """Why it cannot be undone (a message id); None if it can."""
    if not merge.before or merge.at <= clock.now() - KEPT:
        return N_("It is too long ago.")
    row = merge.before["drop"]["subscriber"][0]
    if _fingerprint(merge.tenant_id, merge.kept_id) != merge.after:
        return N_("Something about the person was changed since.")
    taken = Subscriber.select().where(
        Subscriber.tenant_id == merge.tenant_id, Subscriber.id != merge.kept_id,
        Subscriber.address_key == (row["address_key"] or ""),
    )  # fmt: skip
    if taken.exists():
        return N_("Somebody else has the address of the second record by now.")
    return None


def undo(person: Subscriber, merge_id: int, user_id: int) -> int:
    """Make two people again; returns the id of the second. Raises NotFound, or Conflict with what contradicts."""
    bounds.refuse_beyond()
    tenant_id = person.tenant_id
    with database.atomic():
        merge = of(person)
        if merge is None or merge.id != merge_id:
            raise NotFound
        if wrong := contradiction(merge):
            raise Conflict(N_("This merging cannot be undone. %(reason)s"), reason=wrong)
        states = {kind.id: row.consent for kind, row in directory.subscriptions(person)}
        _take_back(merge)
        _restore(tenant_id, merge)
        _tell(tenant_id, person.id, states, user_id)
        merge.delete_instance()
        log.record(
            tenant_id, "subscriber.unmerge", user_id=user_id, kind="subscriber", object_id=person.id,
            details={"parted": merge.dropped_id},
        )  # fmt: skip
    return int(merge.dropped_id)


def forget(tenant_id: int, ids: Iterable[int]) -> None:
    """Whoever is deleted leaves no copy behind. In the caller's transaction."""
    Merge.delete().where(Merge.tenant_id == tenant_id, Merge.kept_id.in_(list(ids))).execute()


def expire() -> int:
    """Drop what can no longer be undone, of all tenants; returns how many."""
    with unscoped("one sweep serves all tenants"):
        return int(Merge.delete().where(Merge.at <= clock.now() - KEPT).execute())


def _everything(person: Subscriber) -> dict[str, Rows]:
    tenant_id = person.tenant_id
    found = {"subscriber": _rows(tenant_id, "subscriber", "id", person.id), "own_value": _own_values(person)}
    for table, (column, _about, _of, where) in HANGING.items():
        found[table] = _rows(tenant_id, table, column, person.id, where)
    return found


def _own_values(person: Subscriber) -> Rows:
    mine = {field.id for field in fields.every(person.tenant_id)}
    rows = _rows(person.tenant_id, "own_value", "holder_id", person.id)
    return [row for row in rows if row["field_id"] in mine]


def _rows(tenant_id: int, table: str, column: str, person_id: int, where: str = "") -> Rows:
    """Rows as the database keeps them, so that they go back as they were."""
    text = f"SELECT * FROM {table} WHERE tenant_id = ? AND {column} = ?{' AND ' + where if where else ''} ORDER BY id"
    cursor = database.execute_sql(sql(text), [tenant_id, person_id])
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _fingerprint(tenant_id: int, person_id: int) -> str:
    person = _rows(tenant_id, "subscriber", "id", person_id)
    facts: list[Any] = [{**row, "updated_at": 0} for row in person]
    for table in ("list_member", "subscription", "tagging", "standing"):
        column, _about, of_what, where = HANGING[table]
        rows = _rows(tenant_id, table, column, person_id, where)
        facts.append(
            sorted((row[of_what], row.get("track_id") or 0, str(row.get("consent") or "")) for row in rows)
        )
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _take_back(merge: Merge) -> None:
    """What went over goes back to nobody for a moment: the second person's row must stand first."""
    tenant_id, keep_id = merge.tenant_id, merge.kept_id
    person = Subscriber(tenant_id=tenant_id, id=keep_id)
    for row in _own_values(person):
        database.execute_sql(
            sql("DELETE FROM own_value WHERE tenant_id = ? AND id = ?"), [tenant_id, row["id"]]
        )
    for table, (column, _about, of_what, where) in HANGING.items():
        had = {row[of_what] for row in merge.before["keep"][table]}
        brought = {row[of_what] for row in merge.before["drop"][table]}
        gone = sorted(brought - had) if table in ("segment_member", "unticked") else None
        if gone == []:
            continue
        only = f" AND {of_what} IN ({', '.join(map(str, map(int, gone)))})" if gone else ""
        more = f" AND {where}" if where else ""
        database.execute_sql(
            sql(f"DELETE FROM {table} WHERE tenant_id = ? AND {column} = ?{more}{only}"), [tenant_id, keep_id]
        )


def _restore(tenant_id: int, merge: Merge) -> None:
    keep, drop = merge.before["keep"], merge.before["drop"]
    values = {k: v for k, v in keep["subscriber"][0].items() if k not in ("id", "tenant_id")}
    database.execute_sql(
        sql(
            f"UPDATE subscriber SET {', '.join(f'{name} = ?' for name in values)} WHERE tenant_id = ? AND id = ?"
        ),
        [*values.values(), tenant_id, merge.kept_id],
    )
    _insert("subscriber", drop["subscriber"][0])
    for rows in (keep, drop):
        for table, (_column, about, of_what, _where) in HANGING.items():
            for row in rows[table]:
                if _exists(tenant_id, about, row[of_what]):
                    _insert(table, {k: v for k, v in row.items() if k != "id"})
        for row in rows["own_value"]:
            _insert_unique({k: v for k, v in row.items() if k != "id"})
    for table, column in MOVED.items():
        for some in chunked(merge.before["moved"][table], CHUNK):
            places = ", ".join("?" * len(some))
            database.execute_sql(
                sql(
                    f"UPDATE {table} SET {column} = ? WHERE tenant_id = ? AND {column} = ? AND id IN ({places})"
                ),
                [merge.dropped_id, tenant_id, merge.kept_id, *some],
            )


def _tell(tenant_id: int, keep_id: int, states: dict[int, str], user_id: int) -> None:
    """A consent that is as it was before stands in the history with the reason."""
    person = directory.get(tenant_id, keep_id)
    for kind, row in directory.subscriptions(person):
        before = states.get(kind.id)
        if before and before != row.consent:
            consent.record(
                person, types.get(tenant_id, kind.id), "unmerge", Consent(before), Consent(row.consent),
                Trace(form="merge", by_id=user_id),
            )  # fmt: skip


def _exists(tenant_id: int, table: str, row_id: int) -> bool:
    text = f"SELECT 1 FROM {table} WHERE tenant_id = ? AND id = ?"
    return database.execute_sql(sql(text), [tenant_id, row_id]).fetchone() is not None


def _insert(table: str, row: dict[str, Any]) -> None:
    names = ", ".join(row)
    free = "" if table == "subscriber" else " ON CONFLICT DO NOTHING"
    database.execute_sql(
        sql(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))}){free}"), list(row.values())
    )


def _insert_unique(row: dict[str, Any]) -> None:
    try:
        with database.atomic():
            database.execute_sql(
                sql(f"INSERT INTO own_value ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"),
                list(row.values()),
            )
    except IntegrityError:
        reason = N_("Somebody else has a value by now that may be there only once.")
        raise Conflict(N_("This merging cannot be undone. %(reason)s"), reason=reason) from None
