"""Which revision of a mail a delivery keeps: what may have arrived is sent once more with the same bytes."""

import json
from collections.abc import Sequence

from domain.db import database, is_postgres, sql


def kept(tenant_id: int, delivery_ids: Sequence[int], current: int | None) -> dict[int, int]:
    """Delivery → revision, for those of the deliveries that keep another one than `current`."""
    ids = "SELECT unnest(?::bigint[])" if is_postgres() else "SELECT value FROM json_each(?)"
    rows = database.execute_sql(
        sql(
            f"""SELECT id, revision_id FROM delivery WHERE +tenant_id = ? AND id IN ({ids})
            AND handed_over AND revision_id <> ?"""  # noqa: S608
        ),
        [tenant_id, list(delivery_ids) if is_postgres() else json.dumps(list(delivery_ids)), current or 0],
    ).fetchall()
    return dict(rows)
