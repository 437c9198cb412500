"""The people of a question: how many, a page of them, and all of them as rows for a file."""

# ruff: noqa: S608 - statements are put together from constants of this package; values are always bound

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from domain.db import database, is_postgres, sql
from domain.segments import catalogue, compile
from domain.segments.comparisons import Made, Moment
from domain.segments.computed import Column
from domain.segments.query import Group
from domain.subscribers.facets import fields
from domain.subscribers.facets.models import OwnField
from domain.subscribers.models import Subscriber

PAGE_SIZE = 50
CHUNK = 5_000  # rows of an export in memory at once


@dataclass(frozen=True)
class Numbers:
    """How many people a question holds for, how many of them have an address, and of how many customers they are."""

    people: int
    addresses: int
    organisations: int


@dataclass(frozen=True)
class Page:
    """One page of matches, newest first."""

    people: list[Subscriber]
    older_id: int | None


def count(tenant_id: int, made: Made) -> int:
    """How many people a condition holds for."""
    text, values = made
    row = database.execute_sql(
        sql(f"SELECT count(*) FROM subscriber s WHERE s.tenant_id = ? AND ({text})"), [tenant_id, *values]
    ).fetchone()
    return int(row[0])


def numbers(tenant_id: int, made: Made, most: int | None = None) -> Numbers:
    """The figures beside a question; with `most` they are those of the first so many people."""
    text, values = made
    limit, last = "", ""
    bound: list[int] = []
    if most is not None:
        limit = f"ORDER BY s.id DESC LIMIT {int(most)}"
        last, bound = _from_last(tenant_id)
    row = database.execute_sql(
        sql(
            f"""SELECT count(*), count(address_key), count(DISTINCT organisation_id) FROM
            (SELECT s.address_key, s.organisation_id FROM subscriber s
            WHERE s.tenant_id = ? AND ({text}) {last} {limit}) found"""
        ),
        [tenant_id, *values, *bound],
    ).fetchone()
    return Numbers(*(int(value) for value in row))


def counts(tenant_id: int, made: Sequence[Made], most: int) -> list[int]:
    """For how many people each of some conditions holds, in one statement; nobody is counted beyond `most`."""
    if not made:
        return []
    one = f"(SELECT count(*) FROM (SELECT 1 FROM subscriber s WHERE s.tenant_id = ? AND ({{}}) LIMIT {int(most)}) f)"
    values = [value for _text, bound in made for value in (tenant_id, *bound)]
    return list(
        database.execute_sql(
            sql("SELECT " + ", ".join(one.format(text) for text, _bound in made)), values
        ).fetchone()
    )


def page(tenant_id: int, made: Made, before_id: int | None = None, size: int = PAGE_SIZE) -> Page:
    """The matches behind `before_id`, newest first."""
    text, values = made
    behind, bound = ("AND s.id < ?", [before_id]) if before_id else _from_last(tenant_id)
    rows = database.execute_sql(
        sql(
            f"""SELECT s.id FROM subscriber s WHERE s.tenant_id = ? AND ({text}) {behind}
            ORDER BY s.id DESC LIMIT ?"""
        ),
        [tenant_id, *values, *bound, size + 1],
    ).fetchall()
    ids = [row[0] for row in rows[:size]]
    found = Subscriber.select().where(Subscriber.tenant_id == tenant_id, Subscriber.id.in_(ids or [0]))
    by_id = {person.id: person for person in found}
    return Page([by_id[i] for i in ids if i in by_id], ids[-1] if len(rows) > size else None)


def _from_last(tenant_id: int) -> tuple[str, list[int]]:
    """Another AND, for PostgreSQL: it likes to walk all people of all tenants from the newest one, and so begins at the
    newest of this tenant."""
    if not is_postgres():
        return "", []
    return "AND s.id <= (SELECT max(l.id) FROM subscriber l WHERE l.tenant_id = ?)", [tenant_id]


def ids(tenant_id: int, made: Made) -> Iterator[int]:
    """The ids of everybody a condition holds for, rising."""
    text, values = made
    cursor = database.execute_sql(
        sql(f"SELECT s.id FROM subscriber s WHERE s.tenant_id = ? AND ({text}) ORDER BY s.id"),
        [tenant_id, *values],
    )
    while rows := cursor.fetchmany(CHUNK):
        yield from (row[0] for row in rows)


def rows(
    tenant_id: int, made: Made, columns: Sequence[str], firsts: Sequence[Column] = ()
) -> Iterator[tuple[Any, ...]]:
    """The chosen columns of everybody, by id, in chunks: memory stays flat, and a long export holds no read open.
    Values of own fields come as texts, whatever their kind. The computed columns `firsts` follow behind the others."""
    own = {f"own:{found.id}": found for found in fields.every(tenant_id)}
    wanted: list[str] = []
    bound: list[Any] = []
    for column in columns:
        text, values = _column(column, own)
        wanted.append(text)
        bound += values
    for first in firsts:
        text, values = first_of(first, own)
        wanted.append(text)
        bound += values
    joined = "LEFT JOIN organisation o ON o.id = s.organisation_id AND o.tenant_id = s.tenant_id"
    named = [*columns, *(key for first in firsts for key in first.of)]
    join = joined if any(column.startswith("org:") for column in named) else ""
    text, values = made
    statement = sql(
        f"""SELECT s.id, {", ".join(wanted)} FROM subscriber s {join}
        WHERE s.tenant_id = ? AND s.id > ? AND ({text}) ORDER BY s.id LIMIT ?"""
    )
    last = 0
    while True:
        some = database.execute_sql(statement, [*bound, tenant_id, last, *values, CHUNK]).fetchall()
        for row in some:
            yield row[1:]
        if len(some) < CHUNK:
            return
        last = some[-1][0]


def made_of(group: Group, moment: Moment) -> Made:
    return compile.condition(group, moment)


def first_of(first: Column, own: dict[str, OwnField]) -> Made:
    """An expression over `s` and `o` for a computed column: the first value that is not empty, else an empty text."""
    parts, bound = [], []
    for key in first.of:
        text, values = _column(key, own)
        parts.append(f"NULLIF(CAST({text} AS TEXT), '')")
        bound += values
    return f"COALESCE({', '.join(parts)}, '')", bound


def _column(column: str, own: dict[str, OwnField]) -> Made:
    area, _, name = column.partition(":")
    if area == "own" and column in own:
        key = own[column].key
        if is_postgres():
            return "COALESCE(s.fields::jsonb ->> ?::text, '')", [key]
        return "COALESCE(json_extract(s.fields, ?), '')", [f'$."{key}"']
    if area == "org" and name in catalogue.ORGANISATION_TEXTS:
        return f"COALESCE(o.{name}, '')", []
    if area == "person" and (name in catalogue.PERSON_TEXTS or name == "birthday"):
        return f"COALESCE(s.{name}, '')" if name == "address" else f"s.{name}", []
    return "''", []
