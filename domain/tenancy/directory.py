"""All tenants by name, as lists and choices show them: read once in a request, as plain rows, since there may be
hundreds and a page shows twenty."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from domain.db import database
from domain.folding import holding
from domain.tenancy.models import Tenant

SHOWN = 20  # of a list, and of what may be chosen until somebody types


class Line(NamedTuple):
    """A tenant in its place; `depth` below the uppermost one that is shown."""

    id: int
    name: str
    slug: str
    depth: int


@dataclass(frozen=True)
class Page:
    """Part of a list: (tenant, depth) with what a row shows; where the pages beside it begin, None: there is none."""

    rows: list[tuple[Any, int]]
    count: int
    newer: int | None
    older: int | None


@dataclass(frozen=True)
class Choice:
    """Tenants to choose from, the chosen one among them, and whether typing finds more."""

    rows: list[Line]
    more: bool


class Directory:
    """`within`: the tenants that lists and choices hold; None: all."""

    def __init__(self, within: Collection[int] | None = None) -> None:
        query = Tenant.select(Tenant.id, Tenant.name, Tenant.slug, Tenant.parent_id).order_by(Tenant.name)
        rows = list(database.execute(query))
        self._within = within
        self._known = {row[0]: row for row in rows}
        self._below: dict[int | None, list[int]] = {}
        for row in rows:
            self._below.setdefault(row[3], []).append(row[0])

    def above(self, tenant_id: int) -> list[Line]:
        """From the uppermost down to the one above the tenant; a ring ends the walk."""
        found: list[int] = []
        parent = self._known[tenant_id][3]
        while parent in self._known and parent not in {tenant_id, *found}:
            found.append(parent)
            parent = self._known[parent][3]
        return [self._line(above, depth) for depth, above in enumerate(reversed(found))]

    def below(self, tenant_id: int) -> int:
        """How many tenants stand directly below."""
        return len(self._below.get(tenant_id, ()))

    def lines(self, without: int | None = None) -> list[Line]:
        """Each below the one above it, by name; one whose parent is not among them stands at the top. `without`: a
        tenant that is left out with all below it."""
        shown = self._known if self._within is None else self._known.keys() & set(self._within)
        tops = [key for key, row in self._known.items() if key in shown and row[3] not in shown]
        stack, found = [(key, 0) for key in reversed(tops)], []
        while stack:
            key, depth = stack.pop()
            if key == without:
                continue
            found.append(self._line(key, depth))
            stack += [(below, depth + 1) for below in reversed(self._below.get(key, ())) if below in shown]
        return found

    def page(self, text: str, start: int) -> Page:
        """SHOWN tenants from `start` on; with words those in whose names they stand, flat."""
        lines = self._holding(self.lines(), text)
        start = min(max(0, start), max(0, len(lines) - 1) // SHOWN * SHOWN)
        part = lines[start : start + SHOWN]
        return Page(
            [(tenant, line.depth) for tenant, line in zip(_told(part), part, strict=True)], len(lines),
            max(0, start - SHOWN) if start else None, start + SHOWN if len(lines) > start + SHOWN else None,
        )  # fmt: skip

    def places(self, text: str = "", chosen: int | None = None, without: int | None = None) -> Choice:
        """Where a tenant may stand; what is chosen stays among the first whatever somebody types."""
        lines = self.lines(without)
        found = self._holding(lines, text)
        first = found[:SHOWN]
        kept = [line for line in lines if line.id == chosen and all(line.id != other.id for other in first)]
        return Choice([*kept, *first], len(found) > SHOWN)

    def _line(self, key: int, depth: int) -> Line:
        _id, name, slug, _parent = self._known[key]
        return Line(key, name, slug, depth)

    def _holding(self, lines: list[Line], text: str) -> list[Line]:
        if not text.strip():
            return lines
        holds = holding(text)
        return [line._replace(depth=0) for line in lines if holds(line.name, line.slug)]


def blueprints(within: Collection[int] | None = None) -> list[Tenant]:
    """Tenants that new ones may begin as, by name."""
    found = Tenant.select().where(Tenant.is_blueprint).order_by(Tenant.name)
    return list(found if within is None else found.where(Tenant.id.in_(list(within) or [0])))


def _told(lines: list[Line]) -> list[Any]:
    """What a row of the list shows of these tenants, in their order."""
    query = Tenant.select(
        Tenant.id, Tenant.name, Tenant.slug, Tenant.status, Tenant.is_test, Tenant.is_blueprint
    ).where(Tenant.id.in_([line.id for line in lines] or [0]))
    known = {row.id: row for row in query.namedtuples()}
    return [known[line.id] for line in lines]
