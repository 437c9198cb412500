"""The one database: deferred until a composition root names its URL, SQLite or PostgreSQL.

Moments are stored as whole seconds since 1970 and structured values as JSON text. Both read the same on
either engine and in the hot path, which sees rows as plain tuples.
"""

import json
import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from peewee import (
    BigIntegerField,
    BlobField,
    CompoundSelectQuery,
    Database,
    DatabaseProxy,
    Field,
    Model,
    ModelSelect,
    PostgresqlDatabase,
    SelectBase,
    SqliteDatabase,
    TextField,
    __exception_wrapper__,
)

from domain import abreast as reading
from domain import bounds

database = DatabaseProxy()
MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_S = 30
SQLITE_PRAGMAS = {
    "journal_mode": "wal",
    "foreign_keys": 1,
    "synchronous": "full",  # an outcome that was committed must survive a power cut (design.md, section 3)
    "cache_size": -16_000,  # KiB
    "wal_autocheckpoint": 8000,  # pages, 32 MB: each checkpoint holds up its writer, and fewer write less
    "temp_store": "memory",
}
# for PostgreSQL: to start workers of a parallel plan takes 10 to 20 ms; only what would take much longer gets them
PATIENCE = "-c parallel_setup_cost=20000"


class _Bounded:
    """Every statement passes by the territory of the person at work (domain.bounds), and by those that are read
    abreast."""

    def execute(self, query: Any, **context_options: Any) -> Any:
        part = reading.current()
        if part is None:
            return super().execute(query, **context_options)  # type: ignore[misc]
        text, values = self.get_sql_context(**context_options).sql(query).query()  # type: ignore[attr-defined]
        return part.ask(reading.Question(bounds.narrowed(text), tuple(values), _columns(query)))

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        part = reading.current()
        if part is not None:
            return part.ask(reading.Question(bounds.narrowed(sql), tuple(params or ())))
        return super().execute_sql(bounds.narrowed(sql), params)  # type: ignore[misc]

    def send(self, text: str, values: Sequence[Any]) -> Any:
        """Run what parts that are read abreast have asked, each within its own bounds."""
        with unscoped("questions of several parts of a page, each looked at when it was asked"):
            return super().execute_sql(text, values)  # type: ignore[misc]


class _Sqlite(_Bounded, SqliteDatabase):
    pass


class _Postgres(_Bounded, PostgresqlDatabase):
    pass


def make(url: str) -> Database:
    """A database for `url`: `sqlite:///path` (IMMEDIATE write transactions, WAL) or `postgresql://…`."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return _Sqlite(
            parts.path[1:] if parts.path.startswith("//") else parts.path,
            pragmas=SQLITE_PRAGMAS,
            lock_type="IMMEDIATE",
            timeout=BUSY_TIMEOUT_S,
            autoconnect=False,
        )
    from urllib.parse import parse_qsl, unquote

    return _Postgres(
        parts.path.lstrip("/"),
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 5432,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        autoconnect=False,
        prefer_psycopg3=True,
        **{"options": PATIENCE, **dict(parse_qsl(parts.query))},
    )


def bind(url: str) -> Database:
    """Point every model at the database of `url` and return it; no connection is opened yet."""
    made = make(url)
    database.initialize(made)
    return made


def is_postgres() -> bool:
    """Whether the bound database is PostgreSQL; the few statements that differ ask here."""
    return isinstance(database.obj, PostgresqlDatabase)


@contextmanager
def connection() -> Iterator[None]:
    """A connection for this thread without a transaction: reuses an open one, else opens and closes."""
    opened = database.connect(reuse_if_open=True)
    try:
        yield
    finally:
        if opened:
            database.close()


_crossing: ContextVar[str] = ContextVar("crossing", default="")


@contextmanager
def unscoped(reason: str) -> Iterator[None]:
    """Statements inside may reach over all tenants, for `reason`. Every place stands in tests/unscoped.txt; a
    statement over a tenant's table elsewhere that does not name the tenant fails the test run (tests/scope.py)."""
    mark = _crossing.set(reason)
    try:
        yield
    finally:
        _crossing.reset(mark)


def crossing() -> str:
    """The reason why statements may reach over all tenants at this moment; empty: they may not."""
    return _crossing.get()


def keep_small() -> None:
    """Let this connection hold less of a SQLite file in memory: for long walks in a process that must stay lean."""
    if not is_postgres():
        database.execute_sql("PRAGMA cache_size = -4000")


def wait_at_most(seconds: float) -> None:
    """Let this connection wait no longer for others that write, then raise peewee.OperationalError: for pages."""
    if not is_postgres():
        database.connection().execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")


def is_busy(error: Exception) -> bool:
    """Whether the database only takes nothing at this moment: locked by another, full, or not there."""
    words = str(error).casefold()
    return any(said in words for said in ("locked", "is full", "connection", "starting up", "shutting down"))


def together(queries: Sequence[ModelSelect]) -> list[tuple[Any, ...]]:
    """The rows of several queries with the same columns in one statement, as the database holds them; none for none."""
    return list(reduce(operator.add, queries).tuples()) if queries else []


def abreast(*calls: Callable[[], Any]) -> list[Any]:
    """The results of several pieces of reading in their order, whose questions leave together (domain.abreast). Raises
    what the first failing one raised."""
    listed = _POSTGRES_LIST if is_postgres() else _SQLITE_LIST
    return reading.run(database.obj.send, lambda names: listed % ", ".join(names), calls)


def gathered(**calls: Callable[[], Any]) -> dict[str, Any]:
    """The results of pieces of reading by their names, read abreast."""
    return dict(zip(calls, abreast(*calls.values()), strict=True))


def rows(text: str, values: Sequence[Any], width: int) -> list[Any]:
    """The rows of a hand-written SELECT (with `?`) of `width` columns; read abreast it may leave with others."""
    part = reading.current()
    if part is None:
        return list(database.execute_sql(sql(text), values).fetchall())
    names = tuple(f"column{place}" for place in range(width))
    return part.ask(reading.Question(bounds.narrowed(sql(text)), tuple(values), names)).fetchall()


_SQLITE_LIST = "json_group_array(json_array(%s))"
_POSTGRES_LIST = "json_agg(json_build_array(%s))::text"


def _columns(query: Any) -> tuple[str, ...] | None:
    """Names of the columns of a query whose rows JSON can hold, else None."""
    first = query
    while isinstance(first, CompoundSelectQuery):
        first = first.lhs
    nodes = getattr(first, "_returning", None)
    if (
        not isinstance(query, SelectBase)
        or not nodes
        or any(isinstance(n.unwrap(), BlobField) for n in nodes)
    ):
        return None
    return tuple(_name(node) or f"column{place}" for place, node in enumerate(nodes))


def _name(node: Any) -> str | None:
    if isinstance(node, SelectBase):
        return node._alias
    return node.name if node.is_alias() else node.column_name if isinstance(node, Field) else None


def among(column: str, values: Sequence[Any]) -> tuple[str, list[Any]]:
    """(`column` is one of `values`, as a condition with one place, what is bound to it): thousands of values cost
    neither a place each nor a new statement."""
    if is_postgres():
        return f"{column} = ANY(?)", [list(values)]
    return f"{column} IN (SELECT value FROM json_each(?))", [json.dumps(list(values))]  # noqa: S608 - a name


def write(table: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """New rows of a table, set-wise: COPY on PostgreSQL. In the caller's transaction; raises IntegrityError."""
    if not rows:
        return
    cursor = database.cursor()
    with __exception_wrapper__:
        if not is_postgres():
            places = ", ".join("?" * len(rows[0]))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)  # noqa: S608 - constants
            return
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def migrate() -> list[str]:
    """Apply every migration not yet applied, in order; returns the names of those it applied."""
    from playhouse.migrations import Runner

    with connection(), unscoped("migrations move the data of all tenants"):
        return [
            step if isinstance(step, str) else step.name
            for step in Runner(database.obj, str(MIGRATIONS)).up()
        ]


class MomentField(BigIntegerField):
    """An aware UTC datetime in Python, whole seconds since 1970 in the table."""

    if TYPE_CHECKING:  # peewee puts a descriptor in its place; models are untyped for mypy

        def __get__(self, instance: object, owner: object = None) -> Any: ...
        def __set__(self, instance: object, value: Any) -> None: ...

    def db_value(self, value: Any) -> Any:
        return int(value.timestamp()) if isinstance(value, datetime) else value

    def python_value(self, value: Any) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(value, UTC)


class JSONText(TextField):
    """A JSON value kept as text, the same on both engines."""

    if TYPE_CHECKING:  # peewee puts a descriptor in its place; models are untyped for mypy

        def __get__(self, instance: object, owner: object = None) -> Any: ...
        def __set__(self, instance: object, value: Any) -> None: ...

    def db_value(self, value: Any) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def python_value(self, value: Any) -> Any:
        return None if value is None else json.loads(value)


class BaseModel(Model):
    """Base of every table; saves only what changed."""

    class Meta:
        database = database
        only_save_dirty = True
        legacy_table_names = False


def sql(text: str) -> str:
    """A statement written with `?` for its values, in the words of the bound engine."""
    return text.replace("?", "%s") if is_postgres() else text
