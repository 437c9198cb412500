"""Columns of a report that are computed: the first of several fields that has a value, under a name of its own.

The name becomes a placeholder of the mailings that go to the report.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from peewee import fn

from domain.errors import N_, Invalid
from domain.segments.models import Segment
from domain.subscribers import words

PREFIX = "first:"  # of the keys of such columns in a table
MOST = 5
MOST_FIELDS = 4
_NAME = re.compile(r"[^\W_][\w .\-]{0,59}")  # as placeholders are written


@dataclass(frozen=True)
class Column:
    """The first of the fields `of` (keys of segments.saved.columns) that has a value."""

    name: str
    of: tuple[str, ...]


def of(segment: Segment | None) -> list[Column]:
    """The computed columns of a report, in their order."""
    return _read((segment.computed if segment is not None else None) or [])


def every(tenant_id: int) -> dict[str, Column]:
    """Name → column over all reports of the tenant; of two with one name the newest report's."""
    query = Segment.select(Segment.computed).where(
        Segment.tenant_id == tenant_id, fn.LENGTH(Segment.computed) > 2
    )
    return {
        column.name: column for (raw,) in query.order_by(Segment.id).tuples() for column in _read(raw or [])
    }


def checked(
    wanted: Iterable[tuple[str, Iterable[str]]], known: Iterable[str], taken: Iterable[str]
) -> list[Any]:
    """What is kept of the names and fields that somebody chose; raises Invalid (on `computed`) for a name that cannot
    be a placeholder, is taken or stands alone. `taken`: names of other placeholders."""
    allowed, used = set(known), {name.casefold() for name in taken}
    found: list[dict[str, Any]] = []
    for raw, keys in wanted:
        name = words.one_line(raw, 60)
        chosen = [key for key in dict.fromkeys(keys) if key in allowed][:MOST_FIELDS]
        if not name and not chosen:
            continue
        if not _NAME.fullmatch(name):
            raise Invalid(fields={"computed": N_("Give the column a name of letters and digits.")})
        if name.casefold() in used:
            raise Invalid(
                fields={"computed": (N_("There is a field named “%(name)s” already."), {"name": name})}
            )
        if len(chosen) < 2:
            raise Invalid(
                fields={"computed": (N_("Choose at least two fields for “%(name)s”."), {"name": name})}
            )
        used.add(name.casefold())
        found.append({"name": name, "of": chosen})
    return found[:MOST]


def _read(raw: Any) -> list[Column]:
    return [
        Column(str(one.get("name", "")), tuple(map(str, one.get("of", [])))) for one in raw if one.get("name")
    ]
