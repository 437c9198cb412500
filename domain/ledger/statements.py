"""How the ledger talks to the database: statements with ? on either engine, tuples out."""

import json
from typing import Any

from domain.db import database, is_postgres, sql
from domain.ledger.states import DeliveryState, LeftOut

# rows that an owner holds: values are the owner, twice, and LEASED
HELD_BY = """(tenant_id, campaign_id) IN (SELECT tenant_id, campaign_id FROM leaseholder WHERE owner_id = ?)
    AND owner_id = ? AND state = ?"""


def id_list() -> str:
    """One parameter that stands for a list of ids, whatever its length."""
    return "SELECT unnest(?::bigint[])" if is_postgres() else "SELECT value FROM json_each(?)"


def bound(numbers: list[int]) -> Any:
    return numbers if is_postgres() else json.dumps(numbers)


def run(text: str, *values: Any) -> list[tuple[Any, ...]]:
    cursor = database.execute_sql(
        sql(text), [int(v) if isinstance(v, (DeliveryState, LeftOut)) else v for v in values]
    )
    return cursor.fetchall() if cursor.description else []


def changed(text: str, *values: Any) -> int:
    return database.execute_sql(
        sql(text), [int(v) if isinstance(v, DeliveryState) else v for v in values]
    ).rowcount


def many(text: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        database.cursor().executemany(sql(text), rows)
