"""Give back what was reserved for mails that were not sent, once and exactly.

A reservation is given back when its delivery has ended or waits again without having been handed over: refused at
once, suppressed, cancelled, returned to the queue. The row forgets it in the same transaction, so that a second
call finds nothing. What may have arrived keeps its place in the counters.
"""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from domain.db import database, is_postgres, sql, unscoped
from domain.ledger.states import DeliveryState as D
from domain.quotas import reservations

UNSENT = frozenset(map(int, (D.QUEUED, D.FAILED, D.EXPIRED, D.SUPPRESSED, D.CANCELLED)))
_STATES = ", ".join(map(str, sorted(UNSENT)))


@unscoped("a process settles for all tenants")
def release(delivery_ids: Sequence[int]) -> int:
    """Release those of the deliveries that were not sent; returns how many. Runs in the caller's transaction and
    crosses tenants: a process settles for all of them."""
    if not delivery_ids:
        return 0
    lock = " FOR UPDATE" if is_postgres() else ""
    rows = _run(
        f"""SELECT id, tenant_id, reservation_id, address_key FROM delivery WHERE id IN ({_ids()})
        AND reserved_at IS NOT NULL AND NOT handed_over AND state IN ({_STATES}) ORDER BY id{lock}""",
        _bound(delivery_ids),
    )
    by_tenant: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for _, tenant_id, reservation_id, key in rows:
        if reservation_id is not None:
            by_tenant[tenant_id].append((reservation_id, key))
    if rows:
        _run(
            f"UPDATE delivery SET reserved_at = NULL, reservation_id = NULL WHERE id IN ({_ids()})",
            _bound([row[0] for row in rows]),
        )
    for tenant_id, released in sorted(by_tenant.items()):
        reservations.give_back(tenant_id, released)
    return len(rows)


def keys_of(tenant_id: int, delivery_ids: Sequence[int]) -> dict[int, str]:
    """Delivery id → address key."""
    rows = _run(
        f"SELECT id, address_key FROM delivery WHERE +tenant_id = ? AND id IN ({_ids()})",
        tenant_id, _bound(delivery_ids),
    )  # fmt: skip
    return dict(rows)


def _ids() -> str:
    return "SELECT unnest(?::bigint[])" if is_postgres() else "SELECT value FROM json_each(?)"


def _bound(ids: Sequence[int]) -> Any:
    return list(ids) if is_postgres() else json.dumps(list(ids))


def _run(text: str, *values: Any) -> list[Any]:
    cursor = database.execute_sql(sql(text), values)
    return cursor.fetchall() if cursor.description else []
