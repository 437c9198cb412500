"""The query hook: a statement over a tenant's table that does not name the tenant fails the test that ran it.

A statement passes when it compares `tenant_id`, when it inserts rows that carry one, or when it runs inside
`domain.db.unscoped(reason)`. It is the second line; the first is that every domain function takes its tenant.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

import peewee

from domain import abreast, db

_TABLE = re.compile(r'\b(?:FROM|JOIN|INTO|UPDATE)\s+"?(\w+)"?', re.IGNORECASE)
_COMPARED = re.compile(
    r'\btenant_id"?(?:\s*\+\s*(?:\?|%s))?\)?\s*(?:=|IN\b|IS\b)|(?:=|\bIN)\s*(?:"?\w+"?\.)?"?tenant_id\b',
    re.IGNORECASE,
)
_INSERT = re.compile(r'\s*INSERT\s+(?:OR\s+\w+\s+)?INTO\s+"?\w+"?\s*\(([^)]*)\)\s*(VALUES)?', re.IGNORECASE)


_PASSED_THROUGH = (db._Bounded.execute_sql.__code__, db._Bounded.execute.__code__)
_TESTS = str(Path(__file__).resolve().parent)
_as_product: ContextVar[bool] = ContextVar("as_product", default=False)


class Unscoped(AssertionError):
    """A statement reached over tenants without saying why."""


@cache
def tables() -> frozenset[str]:
    """Names of the tables whose every row belongs to one tenant."""
    from domain.migrations.build import models

    return frozenset(
        model._meta.table_name
        for model in models()
        if "tenant_id" in model._meta.columns and not model._meta.columns["tenant_id"].null
    )


@cache
def offends(statement: str) -> str:
    """The tenant's table that `statement` reaches without naming the tenant, else an empty word."""
    touched = [name for name in _TABLE.findall(statement) if name in tables()]
    if not touched:
        return ""
    insert = _INSERT.match(statement)
    if insert and insert[2]:
        return "" if "tenant_id" in insert[1] else touched[0]
    return "" if _COMPARED.search(statement) else touched[0]


@contextmanager
def as_the_product() -> Iterator[None]:
    """Statements that the test itself runs inside are checked like the product's."""
    mark = _as_product.set(True)
    try:
        yield
    finally:
        _as_product.reset(mark)


def _asked_by_a_test() -> bool:
    """Whether the innermost frame outside of peewee is a test, which may look at everything."""
    frame = sys._getframe(2)
    while frame and ("/site-packages/" in frame.f_code.co_filename or frame.f_code in _PASSED_THROUGH):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.startswith(_TESTS)


@contextmanager
def watched() -> Iterator[None]:
    """Check every statement that peewee runs, in any thread of this process."""
    run, ask = peewee.Database.execute_sql, abreast.Part.ask

    def checked(self: peewee.Database, sql: str, *args: Any, **kwargs: Any) -> Any:
        if not db.crossing() and (_as_product.get() or not _asked_by_a_test()):
            _hold(sql)
        return run(self, sql, *args, **kwargs)

    def asked(self: abreast.Part, question: abreast.Question) -> abreast.Rows:
        if not db.crossing():
            _hold(question.text)
        return ask(self, question)

    peewee.Database.execute_sql, abreast.Part.ask = checked, asked  # type: ignore[method-assign]
    try:
        yield
    finally:
        peewee.Database.execute_sql, abreast.Part.ask = run, ask  # type: ignore[method-assign]


def _hold(sql: str) -> None:
    table = offends(sql)
    if table:
        raise Unscoped(f"names no tenant of {table}: {sql[:400]}")
