"""New people of an import into their table, set-wise."""

from collections.abc import Sequence
from typing import Any

from peewee import IntegrityError

from domain.db import among, database, is_postgres, sql, write

KEY = 2  # the place of the address key in a row


def people(tenant_id: int, columns: str, rows: Sequence[tuple[Any, ...]]) -> dict[str, int]:
    """Address key → id of new people, without those whose address came in another way in this moment."""
    if not rows:
        return {}
    if is_postgres():
        ids = _drawn(len(rows))
        try:
            with database.atomic():
                write("subscriber", f"id, {columns}", [(i, *row) for i, row in zip(ids, rows, strict=True)])
            return {row[KEY]: i for i, row in zip(ids, rows, strict=True)}
        except IntegrityError:
            return _one_by_one(tenant_id, columns, rows)
    try:
        # one writer: who is here was asked in this transaction, and a savepoint would keep all changes in memory
        write("subscriber", columns, rows)
    except IntegrityError:
        return _one_by_one(tenant_id, columns, rows)
    return _ids(tenant_id, rows)


def many(statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """The same statement for many rows, none for none."""
    if rows:
        database.cursor().executemany(sql(statement), rows)


def _drawn(count: int) -> list[int]:
    """Numbers for so many people, so that nobody has to ask which they got."""
    text = "SELECT nextval(pg_get_serial_sequence('subscriber', 'id')) FROM generate_series(1, %s)"
    return [row[0] for row in database.execute_sql(text, [count]).fetchall()]


def _one_by_one(tenant_id: int, columns: str, rows: Sequence[tuple[Any, ...]]) -> dict[str, int]:
    places = ", ".join("?" * len(rows[0]))
    many(f"INSERT INTO subscriber ({columns}) VALUES ({places}) ON CONFLICT DO NOTHING", rows)  # noqa: S608
    return _ids(tenant_id, rows)


def _ids(tenant_id: int, rows: Sequence[tuple[Any, ...]]) -> dict[str, int]:
    one_of, bound = among("address_key", [row[KEY] for row in rows])
    text = f"SELECT address_key, id FROM subscriber WHERE tenant_id = ? AND {one_of}"  # noqa: S608 - constants
    return dict(database.execute_sql(sql(text), [tenant_id, *bound]).fetchall())
