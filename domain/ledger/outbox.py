"""The ledger from the dispatcher's side: claim, settle, take over. Set-based SQL, tuples in and out.

A claimed row belongs to (delivery, attempt, owner): every later statement names all three, so that a late owner's
word is void. Runs on SQLite (one IMMEDIATE transaction) and PostgreSQL (FOR UPDATE SKIP LOCKED).
"""

# ruff: noqa: S608 - the statements are put together from constants of this module; values are always bound

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from domain import clock
from domain.db import database, is_postgres, sql
from domain.ledger.rows import Row, Settlement
from domain.ledger.states import OPEN, DeliveryState, LeftOut
from domain.quotas import ledger as quotas
from domain.quotas.ledger import Standing

_CLAIMABLE = (DeliveryState.UNCERTAIN, DeliveryState.DEFERRED, DeliveryState.QUEUED)


@dataclass(frozen=True)
class Terms:
    """What a claim needs to know of its campaign. `running` is asked inside the transaction."""

    tenant_id: int
    campaign_id: int
    type_id: int
    revision_id: int | None  # noted on rows that were never handed over
    consents: tuple[str, ...]  # states of consent that are mailed
    role_id: int | None
    zone: str  # IANA name of the tenant's time zone
    running: Callable[[], bool]


@dataclass(frozen=True)
class Claimed:
    """The rows, and which limit let fewer go than were waiting."""

    rows: list[Row]
    limited_by: Standing | None = None


def claim(terms: Terms, limit: int, owner_id: int, lease_s: int) -> Claimed:
    """Take up to `limit` rows that are due, oldest promise first; commits its own transaction.

    Whoever may no longer be mailed becomes SUPPRESSED with the reason instead. Rows above a volume limit of the
    role stay queued. Empty: nothing is due, the campaign does not run, or a limit is reached (`limited_by`).
    """
    now = clock.epoch()
    with database.atomic():
        if not terms.running():
            return Claimed([])
        leased = _lease(terms, limit, owner_id, now + lease_s, now)
        if not leased:
            return Claimed([])
        rows, left_out, fresh = _checked(terms, leased, now)
        _suppress(terms, left_out, now)
        grant = quotas.reserve(
            terms.tenant_id, terms.role_id, terms.campaign_id, len(fresh), terms.zone, clock.moment(now)
        )
        over = set(fresh[grant.count :])
        if over:
            _give_back(terms, over)
            rows = [row for row in rows if row.delivery_id not in over]
        if terms.role_id is not None and quotas.limits_of(terms.role_id):
            _note_reservation(terms, fresh[: grant.count], now)
    return Claimed(rows, grant.limited_by)


def _lease(terms: Terms, limit: int, owner_id: int, until: int, now: int) -> list[int]:
    """Ids of up to `limit` due rows, now LEASED by the owner."""
    # an array is made once; PostgreSQL may run an IN (… SKIP LOCKED) again and again and take more than the limit
    due = """SELECT id FROM delivery WHERE tenant_id = ? AND campaign_id = ? AND state = ? AND next_at <= ?
        ORDER BY next_at, id LIMIT ?"""
    chosen = f"= ANY(ARRAY({due} FOR UPDATE SKIP LOCKED))" if is_postgres() else f"IN ({due})"
    found: list[int] = []
    for state in _CLAIMABLE:
        if len(found) >= limit:
            break
        doubtful = ", maybe_duplicate = TRUE" if state == DeliveryState.UNCERTAIN else ""
        rows = _run(
            f"""UPDATE delivery SET state = ?, owner_id = ?, lease_until = ?, attempt = attempt + 1,
            revision_id = CASE WHEN handed_over THEN revision_id ELSE ? END{doubtful}
            WHERE tenant_id = ? AND id {chosen} RETURNING id""",
            DeliveryState.LEASED, owner_id, until, terms.revision_id, terms.tenant_id, terms.tenant_id,
            terms.campaign_id, state, now,
            limit - len(found),
        )  # fmt: skip
        found += [row[0] for row in rows]
    return found


def _checked(terms: Terms, leased: list[int], now: int) -> tuple[list[Row], list[tuple[int, int]], list[int]]:
    """(rows that may go, (delivery, reason) of those that may not, ids among the former without reservation)."""
    consents = ", ".join("?" * len(terms.consents)) or "''"
    found = _run(
        f"""SELECT d.id, d.attempt, p.address, p.packed, d.queued_at, d.maybe_duplicate, d.reserved_at,
            CASE WHEN p.delivery_id IS NULL OR s.id IS NULL THEN ?
                WHEN x.id IS NOT NULL THEN ?
                WHEN s.locked_reason IS NOT NULL AND (s.locked_until IS NULL OR s.locked_until > ?) THEN ?
                WHEN o.locked_reason IS NOT NULL AND (o.locked_until IS NULL OR o.locked_until > ?) THEN ?
                WHEN c.consent IN ('revoked', 'lapsed') THEN ?
                WHEN c.consent = 'pending' THEN ?
                WHEN c.consent IS NULL OR c.consent NOT IN ({consents}) THEN ?
                WHEN s.deliverability = 'stopped' THEN ?
                WHEN s.deliverability = 'bounced' THEN ? END
        FROM delivery d
        LEFT JOIN delivery_payload p ON p.delivery_id = d.id
        LEFT JOIN subscriber s ON s.id = d.subscriber_id AND s.tenant_id = d.tenant_id
        LEFT JOIN organisation o ON o.id = s.organisation_id AND o.tenant_id = d.tenant_id
        LEFT JOIN subscription c
            ON c.tenant_id = d.tenant_id AND c.type_id = ? AND c.subscriber_id = d.subscriber_id
        LEFT JOIN suppression x ON x.tenant_id = d.tenant_id AND x.address_key = d.address_key
            AND (x.until IS NULL OR x.until > ?)
        WHERE d.tenant_id = ? AND d.id IN ({_ids()})
        ORDER BY d.id""",
        LeftOut.NO_ADDRESS, LeftOut.SUPPRESSED, now, LeftOut.LOCKED, now, LeftOut.ORGANISATION_LOCKED,
        LeftOut.UNSUBSCRIBED, LeftOut.UNCONFIRMED, *terms.consents, LeftOut.UNPROVED, LeftOut.STOPPED,
        LeftOut.UNDELIVERABLE, terms.type_id, now, terms.tenant_id, _bound(leased),
    )  # fmt: skip
    rows, left_out, fresh, seen = [], [], [], set()
    for delivery_id, attempt, address, packed, queued_at, doubtful, reserved_at, reason in found:
        if delivery_id in seen:  # two suppressions of one address
            continue
        seen.add(delivery_id)
        if reason is not None:
            left_out.append((delivery_id, reason))
            continue
        rows.append(Row(delivery_id, attempt, address, packed, queued_at, bool(doubtful)))
        if reserved_at is None:
            fresh.append(delivery_id)
    return rows, left_out, fresh


def _suppress(terms: Terms, left_out: list[tuple[int, int]], now: int) -> None:
    _many(
        """UPDATE delivery SET state = ?, reason = ?, settled_at = ?, owner_id = NULL, lease_until = NULL
        WHERE tenant_id = ? AND id = ?""",
        [(DeliveryState.SUPPRESSED, reason, now, terms.tenant_id, row_id) for row_id, reason in left_out],
    )


def _give_back(terms: Terms, ids: Iterable[int]) -> None:
    _run(
        f"""UPDATE delivery SET state = ?, owner_id = NULL, lease_until = NULL, attempt = attempt - 1
        WHERE tenant_id = ? AND id IN ({_ids()})""",
        DeliveryState.QUEUED, terms.tenant_id, _bound(list(ids)),
    )  # fmt: skip


def _note_reservation(terms: Terms, ids: list[int], now: int) -> None:
    if ids:
        _run(
            f"UPDATE delivery SET reserved_at = ? WHERE tenant_id = ? AND id IN ({_ids()})",
            now, terms.tenant_id, _bound(ids),
        )  # fmt: skip


def settle(settlements: Sequence[Settlement]) -> None:
    """Write outcomes in one transaction. Rows that another owner has taken over meanwhile stay as they are.

    A second UNCERTAIN of the same row becomes HELD: nobody gets more than two copies.
    """
    now = clock.epoch()
    with database.atomic():
        _settle(settlements, now)


def _settle(settlements: Iterable[Settlement], now: int) -> None:
    open_states = (DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.UNCERTAIN)
    rows = [
        (
            s.delivery_id, s.tenant_id, s.attempt, s.owner_id, int(s.state), s.code or None, s.enhanced[:12] or None,
            s.text[:300] or None, s.next_at if s.state in open_states else 0,
            None if s.state in open_states else now, s.revision_id,
        )
        for s in settlements
    ]  # fmt: skip
    if is_postgres():
        _many(_SETTLE.format(values=f"(VALUES ({_PG_CASTS}))", columns=f" ({', '.join(_COLUMNS)})"), rows)
    elif rows:  # one statement: row by row, the driver would fight the pump for the interpreter at every row
        _run(_SETTLE.format(values=_SQLITE_VALUES, columns=""), json.dumps(rows))


_COLUMNS = [
    "id", "tenant_id", "attempt", "owner_id", "state", "code", "enhanced", "text", "next_at", "settled_at",
    "revision_id",
]  # fmt: skip
_PG_TYPES = [
    "bigint",
    "int",
    "int",
    "bigint",
    "smallint",
    "smallint",
    "text",
    "text",
    "bigint",
    "bigint",
    "int",
]
_PG_CASTS = ", ".join(f"?::{kind}" for kind in _PG_TYPES)
_SQLITE_VALUES = (
    "(SELECT " + ", ".join(f"value ->> {n} AS {c}" for n, c in enumerate(_COLUMNS)) + " FROM json_each(?))"
)
_SETTLE = f"""UPDATE delivery SET
        state = CASE WHEN v.state = {int(DeliveryState.UNCERTAIN)} AND maybe_duplicate
            THEN {int(DeliveryState.HELD)} ELSE v.state END,
        reply_code = v.code, enhanced = v.enhanced, reply_text = v.text, next_at = v.next_at,
        settled_at = v.settled_at,
        handed_over = (handed_over OR v.state IN ({int(DeliveryState.SENT)}, {int(DeliveryState.UNCERTAIN)})),
        revision_id = CASE WHEN handed_over THEN delivery.revision_id ELSE v.revision_id END,
        owner_id = NULL, lease_until = NULL
    FROM {{values}} AS v{{columns}}
    WHERE delivery.id = v.id AND delivery.tenant_id = v.tenant_id AND delivery.attempt = v.attempt
        AND delivery.owner_id = v.owner_id AND delivery.state = {int(DeliveryState.LEASED)}"""


def take_over(
    owner_id: int, outcomes: Iterable[Settlement], intents: Iterable[tuple[int, int]] | None, next_at: int = 0
) -> tuple[int, int]:
    """Settle what a dead owner left, in one transaction; returns (rows back in the queue, doubtful rows).

    `intents` are the (delivery, attempt) that its journal names without outcome: they become UNCERTAIN, the rest
    goes back. None: its journal says nothing reliable, then every row it holds is UNCERTAIN. Crosses tenants: a
    process serves them all.
    """
    now = clock.epoch()
    with database.atomic():
        _settle(outcomes, now)
        doubtful = f"""UPDATE delivery SET
                state = CASE WHEN maybe_duplicate THEN {int(DeliveryState.HELD)} ELSE {int(DeliveryState.UNCERTAIN)}
                    END,
                handed_over = TRUE, next_at = ?, owner_id = NULL, lease_until = NULL,
                reply_code = NULL, enhanced = NULL,
                reply_text = 'the dispatcher stopped while the message was being handed over'
            WHERE owner_id = ? AND state = ?"""
        if intents is None:
            return 0, _changed(doubtful, next_at, owner_id, DeliveryState.LEASED)
        count = 0
        for delivery_id, attempt in intents:
            count += _changed(
                doubtful + " AND id = ? AND attempt = ?",
                next_at, owner_id, DeliveryState.LEASED, delivery_id, attempt,
            )  # fmt: skip
        back = _changed(
            """UPDATE delivery SET state = ?, next_at = 0, owner_id = NULL, lease_until = NULL
            WHERE owner_id = ? AND state = ?""",
            DeliveryState.QUEUED, owner_id, DeliveryState.LEASED,
        )  # fmt: skip
    return back, count


def hold_uncertain(tenant_id: int, campaign_id: int) -> int:
    """Put doubtful rows of a campaign on hold instead of sending them again; returns how many."""
    return _changed(
        "UPDATE delivery SET state = ? WHERE tenant_id = ? AND campaign_id = ? AND state = ?",
        DeliveryState.HELD, tenant_id, campaign_id, DeliveryState.UNCERTAIN,
    )  # fmt: skip


def lease_holders() -> list[int]:
    """Owners of leased rows, over all tenants."""
    rows = _run(
        "SELECT DISTINCT owner_id FROM delivery WHERE owner_id IS NOT NULL AND state = ?",
        DeliveryState.LEASED,
    )
    return [row[0] for row in rows]


def latest_lease(owner_id: int) -> int:
    """Epoch second at which the last lease of an owner ends; 0 if it holds none."""
    rows = _run(
        "SELECT max(lease_until) FROM delivery WHERE owner_id = ? AND state = ?",
        owner_id, DeliveryState.LEASED,
    )  # fmt: skip
    return rows[0][0] or 0


def counts(tenant_id: int, campaign_id: int) -> dict[DeliveryState, int]:
    """How many deliveries of a campaign are in each state; states without any are 0."""
    rows = _run(
        "SELECT state, count(*) FROM delivery WHERE tenant_id = ? AND campaign_id = ? GROUP BY state",
        tenant_id, campaign_id,
    )  # fmt: skip
    return dict.fromkeys(DeliveryState, 0) | {DeliveryState(state): count for state, count in rows}


def is_open(
    tenant_id: int, campaign_id: int, states: Sequence[DeliveryState] = OPEN, due_at: int | None = None
) -> bool:
    """Whether a delivery in one of `states` is left (due by `due_at`, if given). False for OPEN: all is final."""
    due = "" if due_at is None else " AND next_at <= ?"
    for state in states:
        values: list[Any] = [tenant_id, campaign_id, state] + ([] if due_at is None else [due_at])
        if _run(
            f"SELECT 1 FROM delivery WHERE tenant_id = ? AND campaign_id = ? AND state = ?{due} LIMIT 1",
            *values,
        ):
            return True
    return False


def requeue(tenant_id: int, campaign_id: int, delivery_ids: Sequence[int]) -> int:
    """Make rows on hold go once more, on a person's word; returns how many."""
    return _changed(
        f"""UPDATE delivery SET state = ?, next_at = 0
        WHERE tenant_id = ? AND campaign_id = ? AND state = ? AND id IN ({_ids()})""",
        DeliveryState.QUEUED, tenant_id, campaign_id, DeliveryState.HELD, _bound(list(delivery_ids)),
    )  # fmt: skip


def _ids() -> str:
    """One parameter that stands for a list of ids, whatever its length."""
    return "SELECT unnest(?::bigint[])" if is_postgres() else "SELECT value FROM json_each(?)"


def _bound(ids: list[int]) -> Any:
    return ids if is_postgres() else json.dumps(ids)


def _run(text: str, *values: Any) -> list[tuple[Any, ...]]:
    cursor = database.execute_sql(
        sql(text), [int(v) if isinstance(v, (DeliveryState, LeftOut)) else v for v in values]
    )
    return cursor.fetchall() if cursor.description else []


def _changed(text: str, *values: Any) -> int:
    return database.execute_sql(
        sql(text), [int(v) if isinstance(v, DeliveryState) else v for v in values]
    ).rowcount


def _many(text: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        database.cursor().executemany(sql(text), rows)
