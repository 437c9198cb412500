"""How long a mailing will take: its portions, limits and quiet hours played through from its beginning."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.campaigns import order
from domain.quotas import ceilings, counters
from domain.quotas.ceilings import Budget
from domain.quotas.counters import Ceiling, Standing
from domain.quotas.models import Window

STEPS = 3_000  # portions looked at; what takes longer is said to take long


@dataclass(frozen=True)
class Forecast:
    """`ends`: from when the last mail may go (None: cannot be said). `stops`: the limit at which it waits for a
    person, if it would. Moments are aware."""

    begins: datetime
    ends: datetime | None
    waits: int = 0
    stops: Standing | None = None


def of(count: int, budget: Budget, settings: dict[str, Any], begins: datetime) -> Forecast:
    """What `count` mails would need from `begins` on, if nobody else sends meanwhile."""
    limits = ceilings.of(budget, begins)
    spent = {
        _key(c): s.used for c, s in zip(limits, counters.standings(budget.tenant_id, limits), strict=True)
    }
    at, left, waits, first = begins, count, 0, None
    for _ in range(STEPS):
        quiet = order.quiet_until(settings, at)
        if quiet is not None:
            at = quiet
            continue
        current = [_moved(c, budget, at) for c in limits]
        room = min([c.most - spent.get(_key(c), 0) for c in current], default=left)
        if room > 0:
            first = first or at
            left -= room
            for ceiling in current:
                spent[_key(ceiling)] = spent.get(_key(ceiling), 0) + room
            if left <= 0:
                return Forecast(first, at, waits)
            continue
        full = [c for c in current if c.most <= spent.get(_key(c), 0)]
        lasting = next((c for c in full if c.end is None or not c.most), None)
        if lasting is not None:
            return Forecast(first or at, None, waits, _standing(lasting, spent))
        at = max(c.end for c in full if c.end is not None)
        waits += 1
    return Forecast(first or begins, None, waits)


def _moved(ceiling: Ceiling, budget: Budget, at: datetime) -> Ceiling:
    """The same limit in the window that `at` lies in."""
    if ceiling.end is None or at < ceiling.end:
        return ceiling
    if budget.portions is not None and ceiling.window not in list(Window):
        return ceilings.portion(budget, budget.portions, at)
    start, end = ceilings.bounds(Window(ceiling.window), budget.campaign_id, at, budget.zone)
    return ceiling._replace(start=start, end=end)


def _standing(ceiling: Ceiling, spent: dict[Any, int]) -> Standing:
    return Standing(ceiling.window, ceiling.most, spent.get(_key(ceiling), 0), ceiling.end, ceiling.scope)


def _key(ceiling: Ceiling) -> tuple[str, int, str, int]:
    return str(ceiling.scope), ceiling.holder_id, str(ceiling.window), ceiling.start
