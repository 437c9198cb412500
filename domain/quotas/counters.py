"""Counters of volume: several ceilings are reserved together or not at all, in the caller's transaction."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import NamedTuple

from peewee import Case

from domain.db import is_postgres
from domain.quotas.models import Scope, VolumeCounter, Window

ORDER = (Scope.ROLE, Scope.PERSON, Scope.TENANT, Scope.CAMPAIGN)


class Ceiling(NamedTuple):
    """At most `most` mails of a holder in the window that begins at `start` and ends at `end` (None: never).
    `window` is a Window or INTERVAL."""

    scope: Scope
    holder_id: int
    window: str
    start: int
    end: datetime | None
    most: int


@dataclass(frozen=True)
class Standing:
    """One limit: how much of it is used and when it starts anew (None: never, per campaign)."""

    window: Window | str
    ceiling: int
    used: int
    resets_at: datetime | None
    scope: Scope = Scope.ROLE

    @property
    def remaining(self) -> int:
        return max(0, self.ceiling - self.used)


@dataclass(frozen=True)
class Grant:
    """How many mails may go; if fewer than wanted, which limit decided. `counters` are the ids that hold them."""

    count: int
    limited_by: Standing | None = None
    counters: tuple[int, ...] = ()


def take(tenant_id: int, ceilings: Sequence[Ceiling], wanted: int) -> Grant:
    """Reserve up to `wanted` mails, the same number in every ceiling. Locks the counters until the commit, always
    in the same order, so that any number of workers together exceed none."""
    if not ceilings or wanted <= 0:
        return Grant(max(0, wanted))
    counters = _locked(tenant_id, ceilings)
    count, limited_by = wanted, None
    for ceiling in ceilings:
        _, used = counters[_key(ceiling)]
        standing = Standing(ceiling.window, ceiling.most, used, ceiling.end, ceiling.scope)
        if standing.remaining < count or (
            standing.remaining == count < wanted and _later(standing, limited_by)
        ):
            count, limited_by = standing.remaining, standing
    ids = tuple(sorted(counter_id for counter_id, _ in counters.values()))
    if count:
        VolumeCounter.update(used=VolumeCounter.used + count).where(
            VolumeCounter.tenant_id == tenant_id, VolumeCounter.id.in_(ids)
        ).execute()
    return Grant(count, limited_by, ids if count else ())


def give_back(tenant_id: int, by_counter: Counter[int]) -> None:
    """Lower counters (id → how many), in the order in which `take` locks them; none falls below 0."""
    for counter_id, count in sorted(by_counter.items()):
        rest = Case(None, [(VolumeCounter.used > count, VolumeCounter.used - count)], 0)
        VolumeCounter.update(used=rest).where(
            VolumeCounter.tenant_id == tenant_id, VolumeCounter.id == counter_id
        ).execute()


def standings(tenant_id: int, ceilings: Sequence[Ceiling]) -> list[Standing]:
    """How much of each ceiling is used, without locking anything."""
    if not ceilings:
        return []
    found = {_key(row): row.used for row in VolumeCounter.select().where(_among(tenant_id, ceilings))}
    return [Standing(c.window, c.most, found.get(_key(c), 0), c.end, c.scope) for c in ceilings]


def _later(standing: Standing, other: Standing | None) -> bool:
    """Of two limits that leave the same, the one that ends later says when it goes on."""
    if other is None or other.resets_at is None:
        return False
    return standing.resets_at is None or standing.resets_at > other.resets_at


def _locked(tenant_id: int, ceilings: Sequence[Ceiling]) -> dict[tuple[str, int, str, int], tuple[int, int]]:
    ordered = sorted(ceilings, key=lambda c: (ORDER.index(c.scope), c.holder_id, c.window, c.start))
    VolumeCounter.insert_many(
        [(tenant_id, c.scope.value, c.holder_id, str(c.window), c.start, 0) for c in ordered],
        [
            VolumeCounter.tenant_id, VolumeCounter.scope, VolumeCounter.holder_id, VolumeCounter.window,
            VolumeCounter.start, VolumeCounter.used,
        ],
    ).on_conflict_ignore().execute()  # fmt: skip
    query = VolumeCounter.select().where(_among(tenant_id, ceilings)).order_by(VolumeCounter.id)
    rows = query.for_update() if is_postgres() else query
    return {_key(row): (row.id, row.used) for row in rows}


def _among(tenant_id: int, ceilings: Sequence[Ceiling]) -> object:
    each = [
        (VolumeCounter.scope == c.scope.value)
        & (VolumeCounter.holder_id == c.holder_id)
        & (VolumeCounter.window == str(c.window))
        & (VolumeCounter.start == c.start)
        for c in ceilings
    ]
    return (VolumeCounter.tenant_id == tenant_id) & reduce(or_, each)


def _key(row: Ceiling | VolumeCounter) -> tuple[str, int, str, int]:
    return str(row.scope), row.holder_id, str(row.window), row.start
