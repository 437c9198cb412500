"""What became of claimed rows: written down by their owner, or by whoever takes over what a dead one left.

A settlement names delivery, attempt and owner, so that a late owner's word is void.
"""

# ruff: noqa: S608 - the statements are put together from constants of this module; values are always bound

from collections.abc import Iterable, Sequence

from domain import clock
from domain.db import database, is_postgres, unscoped
from domain.ledger import outbox, releasing
from domain.ledger.rows import Settlement
from domain.ledger.statements import HELD_BY, changed, run
from domain.ledger.states import DeliveryState


def settle(settlements: Sequence[Settlement]) -> None:
    """Write outcomes in one transaction. Rows that another owner has taken over meanwhile stay as they are.

    A second UNCERTAIN of the same row becomes HELD: nobody gets more than two copies.
    """
    now = clock.epoch()
    with database.atomic():
        _settle(settlements, now)
        releasing.release([s.delivery_id for s in settlements if s.state in releasing.UNSENT])


def _settle(settlements: Sequence[Settlement], now: int) -> None:
    """PostgreSQL in one statement; SQLite finds and writes row by row faster than it takes a list apart."""
    if not settlements:
        return
    if is_postgres():
        run(_PG_SETTLE, now, *(list(column) for column in zip(*settlements, strict=True)))
        return
    sent, others = [], []
    for settlement in settlements:
        row_id, tenant_id, attempt, owner_id, state, code, enhanced, text, _, revision_id = settlement
        if state == _SENT:
            sent.append(
                (code or None, enhanced[:12] or None, text[:300] or None, now, revision_id, row_id, tenant_id,
                 attempt, owner_id)
            )  # fmt: skip
        else:
            others.append((*settlement, now))
    cursor = database.cursor()
    cursor.executemany(_SQLITE_SENT, sent)
    cursor.executemany(_SQLITE_SETTLE, others)


_COLUMNS = {
    "id": "bigint", "tenant_id": "int", "attempt": "int", "owner_id": "bigint", "state": "smallint",
    "code": "smallint", "enhanced": "text", "text": "text", "next_at": "bigint", "revision_id": "int",
}  # fmt: skip
assert len(_COLUMNS) == len(Settlement._fields)
# no IN: SQLite builds a list of three anew for every row, which costs as much as the row
_WAITING = " OR ".join(
    f"{{state}} = {int(s)}" for s in (DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.UNCERTAIN)
)
_SETTLE = f"""UPDATE delivery SET
        state = CASE WHEN {{state}} = {int(DeliveryState.UNCERTAIN)} AND maybe_duplicate
            THEN {int(DeliveryState.HELD)} ELSE {{state}} END,
        reply_code = nullif({{code}}, 0), enhanced = nullif(substr({{enhanced}}, 1, 12), ''),
        reply_text = nullif(substr({{text}}, 1, 300), ''),
        next_at = CASE WHEN {_WAITING} THEN {{next_at}} ELSE 0 END,
        settled_at = CASE WHEN {_WAITING} THEN NULL ELSE {{now}} END,
        returned = CASE WHEN {{state}} = {int(DeliveryState.QUEUED)} THEN returned + 1 ELSE returned END,
        handed_over = (handed_over OR {{state}} = {int(DeliveryState.SENT)}
            OR {{state}} = {int(DeliveryState.UNCERTAIN)}),
        revision_id = CASE WHEN handed_over THEN delivery.revision_id ELSE {{revision_id}} END,
        owner_id = NULL, lease_until = NULL
    {{source}}
    WHERE delivery.id = {{id}} AND delivery.tenant_id = {{tenant_id}} AND delivery.attempt = {{attempt}}
        AND delivery.owner_id = {{owner_id}} AND delivery.state = {int(DeliveryState.LEASED)}"""
_SQLITE_SETTLE = _SETTLE.format(
    source="", now=f"?{len(_COLUMNS) + 1}", **{name: f"?{n}" for n, name in enumerate(_COLUMNS, 1)}
)
_SENT = int(DeliveryState.SENT)
# what becomes of nearly all: the same without the questions, which take a fifth of the time
_SQLITE_SENT = f"""UPDATE delivery SET state = {_SENT}, reply_code = ?, enhanced = ?, reply_text = ?, next_at = 0,
        settled_at = ?, handed_over = TRUE, revision_id = CASE WHEN handed_over THEN revision_id ELSE ? END,
        owner_id = NULL, lease_until = NULL
    WHERE id = ? AND tenant_id = ? AND attempt = ? AND owner_id = ? AND state = {int(DeliveryState.LEASED)}"""
_PG_SETTLE = _SETTLE.format(
    now="?::bigint",
    source=f"""FROM unnest({", ".join(f"?::{kind}[]" for kind in _COLUMNS.values())})
        AS v({", ".join(_COLUMNS)})""",
    **{name: f"v.{name}" for name in _COLUMNS},
)


@unscoped("a dead owner held rows of all tenants")
def take_over(
    owner_id: int, outcomes: Sequence[Settlement], intents: Iterable[tuple[int, int]] | None, next_at: int = 0
) -> tuple[int, int]:
    """Settle what a dead owner left, in one transaction; returns (rows back in the queue, doubtful rows).

    `intents` are the (delivery, attempt) that its journal names without outcome: they become UNCERTAIN, the rest
    goes back. None: its journal says nothing reliable, then every row it holds is UNCERTAIN. Crosses tenants: a
    process serves them all.
    """
    now = clock.epoch()
    with database.atomic():
        outcomes = list(outcomes)
        _settle(outcomes, now)
        releasing.release([s.delivery_id for s in outcomes if s.state in releasing.UNSENT])
        doubtful = f"""UPDATE delivery SET
                state = CASE WHEN maybe_duplicate THEN {int(DeliveryState.HELD)} ELSE {int(DeliveryState.UNCERTAIN)}
                    END,
                handed_over = TRUE, next_at = ?, owner_id = NULL, lease_until = NULL,
                reply_code = NULL, enhanced = NULL,
                reply_text = 'the dispatcher stopped while the message was being handed over'
            WHERE """
        held = owner_id, owner_id, DeliveryState.LEASED
        if intents is None:
            count = changed(doubtful + HELD_BY, next_at, *held)
            outbox.forget_holder(owner_id)
            return 0, count
        count = 0
        for delivery_id, attempt in intents:
            count += changed(
                doubtful + "id = ? AND attempt = ? AND owner_id = ? AND state = ?",
                next_at, delivery_id, attempt, owner_id, DeliveryState.LEASED,
            )  # fmt: skip
        back = run(
            f"""UPDATE delivery SET state = ?, next_at = 0, returned = returned + 1, owner_id = NULL,
            lease_until = NULL
            WHERE {HELD_BY} RETURNING id""",
            DeliveryState.QUEUED, *held,
        )  # fmt: skip
        releasing.release([row[0] for row in back])
        outbox.forget_holder(owner_id)
    return len(back), count
