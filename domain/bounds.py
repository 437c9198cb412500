"""The territory of a person, held where statements leave for the database.

Whoever is bound to nodes of a tenant's territory tree sees, counts, changes and mails only people of those nodes and
below. Instead of a condition in each of a hundred queries, every statement over a table that holds people is narrowed
here while somebody bound is at work: `FROM subscriber` becomes `FROM (SELECT * FROM subscriber WHERE …)`, an UPDATE or
DELETE gets one more AND. What cannot be narrowed is refused, so that nothing can be forgotten. Both engines know the
result as a plain condition (no row security of PostgreSQL: SQLite has none).

Tables fall in by their columns: `territory_id` of subscriber, `subscriber_id`, `delivery_id`, `holder` + `holder_id`.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from domain.errors import N_, Forbidden

BEYOND = N_("This reaches people beyond your territory. Ask somebody who looks after all of them.")


@dataclass(frozen=True)
class Bound:
    """Somebody at work in a tenant, bound to the nodes `roots`; `nodes` are those and all below them."""

    tenant_id: int
    roots: tuple[int, ...]
    nodes: tuple[int, ...]
    user_id: int = 0


class Unbounded(RuntimeError):
    """A statement over people that we cannot narrow."""


_bound: ContextVar[Bound | None] = ContextVar("bound", default=None)


def current() -> Bound | None:
    """To what the person at work is bound; None: to nothing."""
    return _bound.get()


def set_bound(bound: Bound | None) -> None:
    """From here on, in this thread; for the frame of a request. Elsewhere use `within`."""
    _bound.set(bound)


@contextmanager
def within(bound: Bound | None) -> Iterator[None]:
    """Statements inside reach only people of `bound`."""
    mark = _bound.set(bound)
    try:
        yield
    finally:
        _bound.reset(mark)


@contextmanager
def lifted(reason: str) -> Iterator[None]:
    """Statements inside reach everybody, for `reason`: what is found must not be told to the person at work."""
    assert reason
    with within(None):
        yield


def held(bound: Bound, pieces: Iterable[Any]) -> Iterator[Any]:
    """`pieces`, each made within `bound`: an answer that is streamed goes on when the frame of its request is gone."""
    iterator = iter(pieces)
    try:
        while True:
            with within(bound):
                try:
                    piece = next(iterator)
                except StopIteration:
                    return
            yield piece
    finally:
        if hasattr(iterator, "close"):
            iterator.close()


def home() -> int | None:
    """The node of people whom the person at work creates, if nothing else is said."""
    bound = _bound.get()
    return bound.roots[0] if bound else None


def roots() -> list[int]:
    """The nodes that a mailing of the person at work is held to; empty: none."""
    bound = _bound.get()
    return list(bound.roots) if bound else []


def covers(node_ids: list[int] | tuple[int, ...]) -> bool:
    """Whether the person at work reaches all people of these nodes; of no nodes: everybody."""
    bound = _bound.get()
    return bound is None or (bool(node_ids) and set(node_ids) <= set(bound.nodes))


def refuse_beyond(node_ids: list[int] | tuple[int, ...] = ()) -> None:
    """Raise Forbidden if an act over all people of these nodes (none: of the tenant) goes beyond the territory."""
    if not covers(node_ids):
        raise Forbidden(BEYOND)


def refuse_others(user_id: int | None) -> None:
    """Raise Forbidden if the person at work is bound and the thing is another person's: it may hold anybody."""
    bound = _bound.get()
    if bound and bound.user_id != user_id:
        raise Forbidden(BEYOND)


_READ = re.compile(r'(?<!DELETE )\b(FROM|JOIN)\s+"?(\w+)"?(?!\s*\()(\s+(?:AS\s+)?"?(\w+)"?)?', re.IGNORECASE)
_WRITE = re.compile(
    r'\s*(?:DELETE\s+FROM|UPDATE)\s+"?(\w+)"?(?:\s+(?:AS\s+)?"?(?!SET\b|WHERE\b)(\w+)"?)?', re.I
)
_COMMA = re.compile(r'\bFROM\s+"?\w+"?(?:\s+(?:AS\s+)?"?\w+"?)?\s*,', re.IGNORECASE)
_NO_ALIAS = {
    "where", "on", "join", "left", "right", "full", "inner", "cross", "natural", "group", "order", "limit", "union",
    "set", "using", "returning", "except", "intersect", "for", "having", "offset", "window", "as",
}  # fmt: skip


def narrowed(statement: str) -> str:
    """`statement` as the person at work may run it. Raises Unbounded."""
    bound = _bound.get()
    return _narrowed(statement, bound, _known()) if bound else statement


def tables() -> frozenset[str]:
    """Names of the tables that are narrowed."""
    return frozenset(_rules(_known()))


@lru_cache(maxsize=2_048)
def _narrowed(statement: str, bound: Bound, known: int) -> str:
    rules = _rules(known)
    if not any(name in statement for name in rules):
        return statement
    if _COMMA.search(statement):
        raise Unbounded(f"joins by a comma: {statement[:200]}")

    def source(found: re.Match[str]) -> str:
        word, table, alias = found[1], found[2], found[4]
        if table not in rules:
            return found[0]
        inner = f"{word} (SELECT * FROM {table} WHERE {_condition(rules[table], bound)})"  # noqa: S608 - our own names
        if alias is None or alias.casefold() in _NO_ALIAS:
            return f"{inner} AS {table}{found[3] or ''}"
        return inner + found[3]

    text = _READ.sub(source, statement)
    write = _WRITE.match(text)
    if write and write[1] in rules:
        return _narrowed_write(text, _condition(rules[write[1]], bound, write[2] or write[1]))
    return text


def _narrowed_write(text: str, condition: str) -> str:
    where, end = _outer(text, "WHERE"), _outer(text, "RETURNING")
    if where is None:
        raise Unbounded(f"changes everything: {text[:200]}")
    end = len(text) if end is None else end
    return f"{text[:where]}WHERE {condition} AND ({text[where + 5 : end].strip()}) {text[end:]}".rstrip()


def _outer(text: str, word: str) -> int | None:
    """Where `word` stands outside of parentheses and quotes."""
    depth, quote = 0, ""
    for index, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        elif depth == 0 and text[index : index + len(word)].upper() == word and not text[index - 1].isalnum():
            return index
    return None


def _condition(rule: str, bound: Bound, alias: str = "") -> str:
    """The condition that a row of a table is about people within the territory."""
    own = f'"{alias}".' if alias else ""
    tenant = f"{own}tenant_id = {int(bound.tenant_id)}"
    return f"{tenant} AND " + rule.format(
        own=own, tenant=int(bound.tenant_id), user=int(bound.user_id),
        nodes=", ".join(str(int(node)) for node in bound.nodes) or "NULL",
    )  # fmt: skip


_PEOPLE = "SELECT id FROM subscriber WHERE tenant_id = {tenant} AND territory_id IN ({nodes})"
_MAILS = f"SELECT id FROM delivery WHERE tenant_id = {{tenant}} AND subscriber_id IN ({_PEOPLE})"  # noqa: S608
# They must hold for everybody; domain.subscribers.suppression shows the visible ones
_WHOLE = {"suppression", "suppression_event"}
# Files that other people brought hold rows as they came, of anybody: only the own ones are shown
_JOBS = "SELECT id FROM import_job WHERE tenant_id = {tenant} AND by_id = {user}"


def _known() -> int:
    """How many tables this process knows by now."""
    return sum(1 for _ in _models())


def _models() -> Iterator[Any]:
    from domain.db import BaseModel

    waiting = list(BaseModel.__subclasses__())
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        yield model


@lru_cache(maxsize=8)
def _rules(_known: int) -> dict[str, str]:
    """Table → the condition over its people, read from the columns of all tables that this process knows."""
    found = {
        "subscriber": "{own}territory_id IN ({nodes})",
        "import_job": "{own}by_id = {user}",
        "import_reject": f"{{own}}job_id IN ({_JOBS})",
    }
    for model in _models():
        columns, table = model._meta.columns, model._meta.table_name
        if table in found or table in _WHOLE or "tenant_id" not in columns:
            continue
        if "subscriber_id" in columns:
            found[table] = f"{{own}}subscriber_id IN ({_PEOPLE})"
        elif "delivery_id" in columns:
            found[table] = f"{{own}}delivery_id IN ({_MAILS})"
        elif {"holder", "holder_id"} <= set(columns):
            found[table] = f"({{own}}holder <> 'subscriber' OR {{own}}holder_id IN ({_PEOPLE}))"
    return found
