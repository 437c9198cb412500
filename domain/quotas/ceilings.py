"""Which limits hold for a campaign: of the role or the person, of the tenant, and its own portions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain import clock
from domain.db import abreast, database
from domain.errors import N_, Invalid
from domain.quotas.counters import Ceiling, Standing, standings
from domain.quotas.models import INTERVAL, OwnLimit, Scope, VolumeLimit, Window

WINDOWS = (Window.CAMPAIGN, Window.HOUR, Window.DAY, Window.MONTH)

_NESTED = (
    (
        Window.HOUR,
        Window.DAY,
        N_("Per day (%(high)s) is less than per hour (%(low)s). Raise the day or lower the hour."),
    ),
    (
        Window.DAY,
        Window.MONTH,
        N_("Per month (%(high)s) is less than per day (%(low)s). Raise the month or lower the day."),
    ),
    (
        Window.HOUR,
        Window.MONTH,
        N_("Per month (%(high)s) is less than per hour (%(low)s). Raise the month or lower the hour."),
    ),
)


@dataclass(frozen=True)
class Portions:
    """Interval sending: at most `count` mails every `seconds`, counted from `since` (epoch seconds)."""

    count: int
    seconds: int
    since: int


@dataclass(frozen=True)
class Budget:
    """Whose limits a campaign is subject to; `zone` is the IANA name in which the tenant's days begin."""

    tenant_id: int
    campaign_id: int
    role_id: int | None
    user_id: int | None
    zone: str
    portions: Portions | None = None


def of(budget: Budget, at: datetime | None = None) -> list[Ceiling]:
    """The ceilings in force at `at`. An exception makes a person count alone: windows it does not name are as in
    the role."""
    at = at or clock.now()
    role, of_people, of_tenant = abreast(
        lambda: limits_of(budget.role_id) if budget.role_id is not None else {},
        lambda: exceptions(budget.tenant_id) if budget.user_id is not None else {},
        lambda: tenant_limits(budget.tenant_id),
    )
    scope, holder, limits = Scope.ROLE, budget.role_id or 0, dict(role)
    own = of_people.get(budget.user_id, {})
    if own:
        scope, holder = Scope.PERSON, budget.user_id or 0
        limits = {w: most for w in WINDOWS if (most := own[w] if w in own else role.get(w)) is not None}
    found = for_holder(budget, scope, holder, limits, at)
    found += for_holder(budget, Scope.TENANT, 0, of_tenant, at)
    if budget.portions is not None:
        found.append(portion(budget, budget.portions, at))
    return found


def for_holder(
    budget: Budget, scope: Scope, holder_id: int, limits: dict[Window, int], at: datetime | None = None
) -> list[Ceiling]:
    """The limits of one holder as ceilings at `at`."""
    at = at or clock.now()
    found = []
    for window, most in limits.items():
        start, end = bounds(window, budget.campaign_id, at, budget.zone)
        found.append(Ceiling(scope, holder_id, window, start, end, most))
    return found


def standing(budget: Budget, at: datetime | None = None) -> list[Standing]:
    """All limits that hold, with their use."""
    return standings(budget.tenant_id, of(budget, at))


def limits_of(role_id: int) -> dict[Window, int]:
    """Window → ceiling of a role, shortest first; windows without a limit are absent."""
    rows = VolumeLimit.select(VolumeLimit.window, VolumeLimit.ceiling).where(VolumeLimit.role_id == role_id)
    found = dict(rows.tuples())
    return {window: found[window] for window in WINDOWS if window in found}


def tenant_limits(tenant_id: int) -> dict[Window, int]:
    """Window → ceiling of everything that the tenant sends together."""
    rows = OwnLimit.select(OwnLimit.window, OwnLimit.ceiling).where(
        OwnLimit.tenant_id == tenant_id, OwnLimit.scope == Scope.TENANT, OwnLimit.ceiling.is_null(False)
    )
    found = dict(rows.tuples())
    return {window: found[window] for window in WINDOWS if window in found}


def exceptions(tenant_id: int) -> dict[int | None, dict[Window, int | None]]:
    """User id → window → ceiling instead of the role's (None: no limit)."""
    found: dict[int | None, dict[Window, int | None]] = {}
    rows = OwnLimit.select(OwnLimit.holder_id, OwnLimit.window, OwnLimit.ceiling).where(
        OwnLimit.tenant_id == tenant_id, OwnLimit.scope == Scope.PERSON
    )
    for user_id, window, most in rows.tuples():
        found.setdefault(user_id, {})[Window(window)] = most
    return found


def set_tenant_limits(tenant_id: int, wanted: dict[Window, int | None]) -> None:
    """Set the ceilings of a tenant; None lifts one. Raises Invalid (fields `limit_<window>`)."""
    check(wanted)
    kept = {window: most for window, most in wanted.items() if most is not None}
    _replace(tenant_id, Scope.TENANT, 0, kept)


def set_exception(tenant_id: int, user_id: int, wanted: dict[Window, int | None]) -> None:
    """What holds for one person instead of the role; an empty `wanted` ends the exception. Raises Invalid."""
    check(wanted)
    _replace(tenant_id, Scope.PERSON, user_id, wanted)


def check(wanted: dict[Window, int | None]) -> None:
    """Raise Invalid (fields `limit_<window>`) for a negative number and for a longer window that would hold less
    than a shorter one."""
    bad: dict[str, str | tuple[str, dict[str, object]]] = {
        f"limit_{w}": N_("Enter a whole number of 0 or more, or leave the field empty.")
        for w, n in wanted.items()
        if n is not None and n < 0
    }
    for shorter, longer, text in _NESTED:
        low, high = wanted.get(shorter), wanted.get(longer)
        if low is not None and high is not None and high < low:
            bad.setdefault(f"limit_{longer}", (text, {"high": high, "low": low}))
    if bad:
        raise Invalid(fields=bad)


def bounds(window: Window, campaign_id: int, at: datetime, zone: str) -> tuple[int, datetime | None]:
    """Key of the window that `at` lies in and its end (aware). Days and months are the tenant's."""
    if window == Window.CAMPAIGN:
        return campaign_id, None
    local = at.astimezone(ZoneInfo(zone))
    if window == Window.HOUR:
        start = int(local.replace(minute=0, second=0, microsecond=0).timestamp())
        # an hour of the clock that is set back comes twice: two windows of one hour each
        return start, datetime.fromtimestamp(start + 3600, ZoneInfo(zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if window == Window.DAY:
        return int(midnight.timestamp()), midnight + timedelta(days=1)
    first = midnight.replace(day=1)
    return int(first.timestamp()), (first + timedelta(days=32)).replace(day=1)


def _replace(tenant_id: int, scope: Scope, holder_id: int, wanted: Mapping[Window, int | None]) -> None:
    with database.atomic():
        OwnLimit.delete().where(
            OwnLimit.tenant_id == tenant_id, OwnLimit.scope == scope, OwnLimit.holder_id == holder_id
        ).execute()
        for window, most in wanted.items():
            OwnLimit.create(
                tenant_id=tenant_id, scope=scope, holder_id=holder_id, window=window, ceiling=most
            )


def portion(budget: Budget, portions: Portions, at: datetime) -> Ceiling:
    """Interval sending as a ceiling, in the window that `at` lies in."""
    passed = max(0, int(at.timestamp()) - portions.since)
    start = portions.since + passed // portions.seconds * portions.seconds
    end = clock.moment(start + portions.seconds)
    return Ceiling(Scope.CAMPAIGN, budget.campaign_id, INTERVAL, start, end, portions.count)
