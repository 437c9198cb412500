"""The end of a cancelled campaign: every row that has not gone gets a final state, and what it held is given back."""

from domain import clock
from domain.db import database, is_postgres, sql
from domain.ledger import releasing
from domain.ledger.states import DeliveryState as D

CHUNK = 5_000


def close(tenant_id: int, campaign_id: int, limit: int = CHUNK) -> int:
    """Close up to `limit` rows that wait; returns how many. Who may have got the mail is not "not sent": such a
    row goes on hold and stays in the list of the doubtful. Leased rows come back first, to be closed then."""
    now = clock.epoch()
    lock = " FOR UPDATE SKIP LOCKED" if is_postgres() else ""
    with database.atomic():
        rows = database.execute_sql(
            sql(
                f"""UPDATE delivery SET next_at = 0, settled_at = CASE WHEN handed_over THEN NULL ELSE ? END,
                state = CASE WHEN handed_over THEN {int(D.HELD)} ELSE {int(D.CANCELLED)} END
                WHERE tenant_id = ? AND state IN (?, ?, ?) AND id IN (SELECT id FROM delivery
                    WHERE tenant_id = ? AND campaign_id = ? AND state IN (?, ?, ?) ORDER BY id LIMIT ?{lock})
                RETURNING id"""  # noqa: S608
            ),
            [
                now, tenant_id, *map(int, (D.QUEUED, D.DEFERRED, D.UNCERTAIN)), tenant_id, campaign_id,
                *map(int, (D.QUEUED, D.DEFERRED, D.UNCERTAIN)), limit,
            ],
        ).fetchall()  # fmt: skip
        ids = [row[0] for row in rows]
        releasing.release(ids)
    return len(ids)
