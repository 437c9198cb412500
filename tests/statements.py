"""What the product asks of the database, counted where statements leave for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import peewee

ASKS = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    seen: list[str] = []
    run = peewee.Database.execute_sql

    def spy(self: peewee.Database, sql: str, *args: Any, **kwargs: Any) -> Any:
        if sql.lstrip(" (\n")[:6].upper().startswith(ASKS):
            seen.append(sql)
        return run(self, sql, *args, **kwargs)

    peewee.Database.execute_sql = spy
    try:
        yield seen
    finally:
        peewee.Database.execute_sql = run
