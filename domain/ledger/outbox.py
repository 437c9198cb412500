"""The ledger from the dispatcher's side: claim, settle, take over. Set-based SQL, tuples in and out.

A claimed row belongs to (delivery, attempt, owner): every later statement names all three, so that a late owner's
word is void. Runs on SQLite (one IMMEDIATE transaction) and PostgreSQL (FOR UPDATE SKIP LOCKED).
Where ids are given, a plus before `tenant_id` keeps SQLite from walking all rows of the tenant by an index: without
statistics it trusts an equation more than a list.
"""

# ruff: noqa: S608 - the statements are put together from constants of this module; values are always bound

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from domain import clock
from domain.db import database, is_postgres, unscoped
from domain.ledger import releasing, unswept
from domain.ledger.rows import Row
from domain.ledger.statements import HELD_BY, bound, changed, id_list, many, run
from domain.ledger.states import OPEN, DeliveryState, LeftOut
from domain.quotas import reservations
from domain.quotas.ceilings import Budget, Portions
from domain.quotas.counters import Standing
from domain.quotas.reservations import Taken
from domain.releases import robinson

_CLAIMABLE = (DeliveryState.UNCERTAIN, DeliveryState.DEFERRED, DeliveryState.QUEUED)
_LOCK = 0x52424C48  # of rivals, among PostgreSQL's advisory locks


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
    user_id: int | None = None  # who started it: an exception from the limits of the role may hold
    portions: Portions | None = None  # interval sending
    robinson: tuple[int, ...] = ()  # tenants whose Robinson lists hold here, too
    rivals: tuple[int, ...] = ()  # other campaigns whose mail stands for this one, too

    @property
    def budget(self) -> Budget:
        return Budget(
            self.tenant_id, self.campaign_id, self.role_id, self.user_id, self.zone, self.portions
        )  # fmt: skip


@dataclass(frozen=True)
class Claimed:
    """The rows, which limit let fewer go than were waiting, and how many more were due but may not go."""

    rows: list[Row]
    limited_by: Standing | None = None
    left_out: int = 0


def claim(terms: Terms, limit: int, owner_id: int, lease_s: int) -> Claimed:
    """Take up to `limit` rows that are due, oldest promise first; commits its own transaction.

    Whoever may no longer be mailed becomes SUPPRESSED with the reason instead. Rows above a volume limit stay
    queued. Empty: nothing is due, the campaign does not run, or a limit is reached (`limited_by`).
    """
    now = clock.epoch()
    with database.atomic():
        if _signed_off(owner_id) or not terms.running():
            return Claimed([])
        _one_after_another(terms)
        due = _due(terms, limit, now)
        if not due:
            return Claimed([])
        _lease(terms, list({row[0]: None for row in due}), owner_id, now + lease_s)
        rows, left_out, fresh = _parted(due)
        _suppress(terms, left_out, now)
        releasing.release([row_id for row_id, _ in left_out])
        taken = reservations.take(
            terms.budget, fresh, lambda ids: releasing.keys_of(terms.tenant_id, ids), now
        )
        _suppress(terms, [(row_id, LeftOut.CONTACT_CAP) for row_id in taken.capped], now)
        _give_back(terms, taken.waiting)
        _note_reservation(terms, taken, now)
        stopped = {*taken.waiting, *taken.capped}
        rows = [row for row in rows if row.delivery_id not in stopped]
    return Claimed(rows, taken.limited_by, len(left_out) + len(taken.capped))


def _signed_off(owner_id: int) -> bool:
    """Whether somebody has folded the owner's journal in: a claim under way when it died must not be committed
    afterwards, or its rows would wait for the end of their lease and then be doubtful. Locks the owner's row
    against that until the end of the transaction."""
    lock = " FOR SHARE" if is_postgres() else ""
    found = run(f"SELECT stopped_at FROM dispatcher_process WHERE id = ?{lock}", owner_id)
    return bool(found) and found[0][0] is not None


def _one_after_another(terms: Terms) -> None:
    """Until the end of the transaction no rival of the campaign claims: neither would see what the other has leased,
    and both would write to the same person. SQLite's writer is alone."""
    if terms.rivals and is_postgres():
        run("SELECT pg_advisory_xact_lock(?::int, ?::int)", _LOCK, terms.type_id)


def _due(terms: Terms, limit: int, now: int) -> list[tuple[Any, ...]]:
    """Up to `limit` rows whose time has come, with the reason why one may not go (None: it may). PostgreSQL locks them
    first, because several claim at once; SQLite's writer is alone, and finds and looks at them in one walk."""
    found: list[tuple[Any, ...]] = []
    ids: list[int] = []
    for state in _CLAIMABLE:
        if len(found) + len(ids) >= limit:
            break
        turn = terms.tenant_id, terms.campaign_id, state, now, limit - len(found) - len(ids)
        if is_postgres():
            ids += [
                row[0]
                for row in run(f"SELECT d.id FROM delivery d WHERE {_TURN} FOR UPDATE SKIP LOCKED", *turn)
            ]
        else:
            found += _looked_at(terms, now, _TURN, *turn)
    if ids:
        # the plus also keeps PostgreSQL from joining all people of the tenant before it knows how many there are
        found = _looked_at(
            terms, now, f"+d.tenant_id = ? AND d.id IN ({id_list()})", terms.tenant_id, bound(ids)
        )
    return found


# without the id, which PostgreSQL would have to sort: all rows that have not been tried are due at the same moment
_TURN = "d.tenant_id = ? AND d.campaign_id = ? AND d.state = ? AND d.next_at <= ? ORDER BY d.next_at LIMIT ?"


def _looked_at(terms: Terms, now: int, which: str, *values: Any) -> list[tuple[Any, ...]]:
    """(id, attempt of this claim, address, packed values, queued at, returned, reserved at, why it may not go) of the
    rows `which` names, and what `unswept` needs; several of a row whose address is suppressed several times."""
    consents = ", ".join("?" * len(terms.consents)) or "''"
    rows = run(
        f"""SELECT d.id, d.attempt + 1, p.address, p.packed, d.queued_at, d.returned, d.reserved_at,
            CASE WHEN p.delivery_id IS NULL OR s.id IS NULL THEN ?
                WHEN x.id IS NOT NULL{robinson.clause(terms.robinson, "d.address_key", now)} THEN ?
                WHEN s.locked_reason IS NOT NULL AND (s.locked_until IS NULL OR s.locked_until > ?) THEN ?
                WHEN o.locked_reason IS NOT NULL AND (o.locked_until IS NULL OR o.locked_until > ?) THEN ?
                WHEN c.consent IN ('revoked', 'lapsed') THEN ?
                WHEN c.consent = 'pending' AND c.consent NOT IN ({consents}) THEN ?
                WHEN coalesce(c.consent, '') NOT IN ({consents}) THEN ?
                WHEN {_served_by(terms.rivals)} THEN ?
                WHEN s.deliverability = 'stopped' THEN ?
                WHEN s.deliverability = 'bounced' THEN ? END AS left_out,
            d.address_key, {unswept.column(terms.tenant_id, now)} AS unswept
        FROM delivery d
        LEFT JOIN delivery_payload p ON p.delivery_id = d.id
        LEFT JOIN subscriber s ON s.id = d.subscriber_id AND s.tenant_id = d.tenant_id
        LEFT JOIN organisation o ON o.id = s.organisation_id AND o.tenant_id = d.tenant_id
        LEFT JOIN subscription c
            ON c.tenant_id = d.tenant_id AND c.type_id = ? AND c.subscriber_id = d.subscriber_id
        LEFT JOIN suppression x ON x.tenant_id = d.tenant_id AND x.address_key = d.address_key
            AND (x.until IS NULL OR x.until > ?)
        WHERE {which}""",
        LeftOut.NO_ADDRESS, LeftOut.SUPPRESSED, now, LeftOut.LOCKED, now, LeftOut.ORGANISATION_LOCKED,
        LeftOut.UNSUBSCRIBED, *terms.consents, LeftOut.UNCONFIRMED, *terms.consents, _unpermitted(terms),
        LeftOut.ASKED, LeftOut.STOPPED, LeftOut.UNDELIVERABLE, terms.type_id, now, *values,
    )  # fmt: skip
    return unswept.stopped_by(terms.robinson, unswept.stopped(rows, reason=7), reason=7)


def _lease(terms: Terms, ids: list[int], owner_id: int, until: int) -> None:
    run(
        f"""UPDATE delivery SET state = ?, owner_id = ?, lease_until = ?, attempt = attempt + 1,
        maybe_duplicate = (maybe_duplicate OR state = ?),
        revision_id = CASE WHEN handed_over THEN revision_id ELSE ? END
        WHERE +tenant_id = ? AND id IN ({id_list()})""",
        DeliveryState.LEASED, owner_id, until, DeliveryState.UNCERTAIN, terms.revision_id, terms.tenant_id,
        bound(ids),
    )  # fmt: skip
    run(  # takes the lock of its row also where it stands: `forget_holder` waits, and then sees what was leased
        """INSERT INTO leaseholder (owner_id, tenant_id, campaign_id) VALUES (?, ?, ?)
        ON CONFLICT (owner_id, tenant_id, campaign_id) DO UPDATE SET owner_id = excluded.owner_id""",
        owner_id, terms.tenant_id, terms.campaign_id,
    )  # fmt: skip


def _parted(due: list[tuple[Any, ...]]) -> tuple[list[Row], list[tuple[int, int]], list[int]]:
    """(rows that may go, (delivery, reason) of those that may not, ids among the former without reservation)."""
    going = [row for row in due if row[7] is None]
    left_out = list({row[0]: row[7] for row in due if row[7] is not None}.items())
    rows = [
        Row(delivery_id, attempt, address, values, queued_at, returned)
        for (delivery_id, attempt, address, _, queued_at, returned, *_), values in zip(
            going, _unpacked([row[3] for row in going]), strict=True
        )
    ]
    return rows, left_out, [row[0] for row in going if row[6] is None]


def _unpermitted(terms: Terms) -> LeftOut:
    """Why a state of consent that is not mailed is none: a campaign that asks for consent leaves out who gave it."""
    return LeftOut.UNPROVED if "confirmed" in terms.consents else LeftOut.AGREED


def _served_by(rivals: Sequence[int]) -> str:
    """The condition that another campaign has mailed the person of delivery d, or does so now."""
    if not rivals:
        return "FALSE"
    states = ", ".join(
        str(int(s))
        for s in (DeliveryState.SENT, DeliveryState.LEASED, DeliveryState.UNCERTAIN, DeliveryState.HELD)
    )
    return f"""EXISTS (SELECT 1 FROM delivery g WHERE g.tenant_id = d.tenant_id
        AND g.subscriber_id = d.subscriber_id AND g.campaign_id IN ({", ".join(str(int(r)) for r in rivals)})
        AND g.state IN ({states}))"""


def _unpacked(texts: list[str]) -> list[dict[str, str] | None]:
    """The values of each payload, None where it is damaged; all in one go, because each call costs."""
    try:
        return json.loads(f"[{','.join(texts)}]")
    except ValueError:
        return [_one_unpacked(text) for text in texts]


def _one_unpacked(text: str) -> dict[str, str] | None:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _suppress(terms: Terms, left_out: list[tuple[int, int]], now: int) -> None:
    many(
        """UPDATE delivery SET state = ?, reason = ?, settled_at = ?, owner_id = NULL, lease_until = NULL
        WHERE tenant_id = ? AND id = ?""",
        [(DeliveryState.SUPPRESSED, reason, now, terms.tenant_id, row_id) for row_id, reason in left_out],
    )


def _give_back(terms: Terms, ids: list[int]) -> None:
    if not ids:
        return
    run(
        f"""UPDATE delivery SET state = ?, owner_id = NULL, lease_until = NULL, attempt = attempt - 1
        WHERE +tenant_id = ? AND id IN ({id_list()})""",
        DeliveryState.QUEUED, terms.tenant_id, bound(ids),
    )  # fmt: skip


def _note_reservation(terms: Terms, taken: Taken, now: int) -> None:
    if taken.reservation_id is not None:
        run(
            f"UPDATE delivery SET reserved_at = ?, reservation_id = ? WHERE +tenant_id = ? AND id IN ({id_list()})",
            now, taken.reservation_id, terms.tenant_id, bound(taken.granted),
        )  # fmt: skip


def hold_uncertain(tenant_id: int, campaign_id: int) -> int:
    """Put doubtful rows of a campaign on hold instead of sending them again; returns how many."""
    return changed(
        "UPDATE delivery SET state = ? WHERE tenant_id = ? AND campaign_id = ? AND state = ?",
        DeliveryState.HELD, tenant_id, campaign_id, DeliveryState.UNCERTAIN,
    )  # fmt: skip


@unscoped("owners serve all tenants")
def lease_holders() -> list[int]:
    """Owners that may hold leased rows, over all tenants."""
    return [row[0] for row in run("SELECT DISTINCT owner_id FROM leaseholder ORDER BY owner_id")]


@unscoped("owners serve all tenants")
def latest_lease(owner_id: int) -> int:
    """Epoch second at which the last lease of an owner ends; 0 if it holds none."""
    rows = run(
        f"SELECT max(lease_until) FROM delivery WHERE {HELD_BY}",
        owner_id, owner_id, DeliveryState.LEASED,
    )  # fmt: skip
    return rows[0][0] or 0


@unscoped("owners serve all tenants")
def forget_holder(owner_id: int) -> None:
    """An owner has ended or was taken over. What it holds all the same, because it could not be written down or was
    claimed at this very moment, stays to be found."""
    with database.atomic():
        if is_postgres():
            run("SELECT 1 FROM leaseholder WHERE owner_id = ? FOR UPDATE", owner_id)
        run(
            """DELETE FROM leaseholder WHERE owner_id = ? AND NOT EXISTS (SELECT 1 FROM delivery d
            WHERE d.tenant_id = leaseholder.tenant_id AND d.campaign_id = leaseholder.campaign_id
            AND d.state = ? AND d.owner_id = leaseholder.owner_id)""",
            owner_id, DeliveryState.LEASED,
        )  # fmt: skip


def counts(tenant_id: int, campaign_id: int) -> dict[DeliveryState, int]:
    """How many deliveries of a campaign are in each state; states without any are 0."""
    rows = run(
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
        if run(
            f"SELECT 1 FROM delivery WHERE tenant_id = ? AND campaign_id = ? AND state = ?{due} LIMIT 1",
            *values,
        ):
            return True
    return False


def requeue(tenant_id: int, campaign_id: int, delivery_ids: Sequence[int]) -> int:
    """Make rows on hold go once more, on a person's word; returns how many."""
    return changed(
        f"""UPDATE delivery SET state = ?, next_at = 0
        WHERE tenant_id = ? AND campaign_id = ? AND state = ? AND id IN ({id_list()})""",
        DeliveryState.QUEUED, tenant_id, campaign_id, DeliveryState.HELD, bound(list(delivery_ids)),
    )  # fmt: skip
