"""Reserve volume in the claiming transaction, so that any number of workers together never exceed a ceiling.

A reservation belongs to the moment of the first claim (`Delivery.reserved_at`): a retry reuses it, and what is
not sent is given back to the windows of that moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from zoneinfo import ZoneInfo

from peewee import JOIN

from domain import clock
from domain.db import database, is_postgres
from domain.errors import N_, Invalid
from domain.quotas.models import VolumeCounter, VolumeLimit, Window

_ORDER = (Window.CAMPAIGN, Window.HOUR, Window.DAY, Window.MONTH)  # counters are locked in this order, always

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
class Standing:
    """One limit of a role: how much of it is used and when it starts anew (None: never, per campaign)."""

    window: Window
    ceiling: int
    used: int
    resets_at: datetime | None

    @property
    def remaining(self) -> int:
        return max(0, self.ceiling - self.used)


@dataclass(frozen=True)
class Grant:
    """How many mails may go; if fewer than wanted, which limit decided and when its window ends."""

    count: int
    limited_by: Standing | None = None


def standings(
    tenant_id: int, role_id: int | None, zone: str, campaign_id: int | None = None, at: datetime | None = None
) -> list[Standing]:
    """All limits of a role with their use, shortest window first. The campaign window needs `campaign_id`
    to show its use; without it the ceiling stands unused."""
    if role_id is None:
        return []
    return standings_by_role(tenant_id, [role_id], zone, campaign_id, at)[role_id]


def standings_by_role(
    tenant_id: int,
    role_ids: Sequence[int],
    zone: str,
    campaign_id: int | None = None,
    at: datetime | None = None,
) -> dict[int, list[Standing]]:
    """Role id → its limits with their use, for any number of roles in one query."""
    windows = {window: bounds(window, campaign_id or 0, at or clock.now(), zone) for window in Window}
    current = [
        (VolumeCounter.window == window) & (VolumeCounter.start == start)
        for window, (start, _) in windows.items()
    ]
    query = (
        VolumeLimit.select(VolumeLimit.role_id, VolumeLimit.window, VolumeLimit.ceiling, VolumeCounter.used)
        .join(
            VolumeCounter,
            JOIN.LEFT_OUTER,
            on=(
                (VolumeCounter.tenant_id == tenant_id)
                & (VolumeCounter.role_id == VolumeLimit.role_id)
                & (VolumeCounter.window == VolumeLimit.window)
                & reduce(or_, current)
            ),
        )
        .where(VolumeLimit.role_id.in_(list(role_ids) or [0]))
    )
    found: dict[int, list[Standing]] = {role_id: [] for role_id in role_ids}
    for role_id, word, ceiling, used in query.tuples():
        window = Window(word)
        found[role_id].append(Standing(window, ceiling, used or 0, windows[window][1]))
    for standings_of_role in found.values():
        standings_of_role.sort(key=lambda standing: _ORDER.index(standing.window))
    return found


def reserve(
    tenant_id: int, role_id: int | None, campaign_id: int, wanted: int, zone: str, at: datetime
) -> Grant:
    """Take up to `wanted` mails out of every limit of the role, all or the same number from each.

    Runs inside the caller's (claiming) transaction and locks the counters it changes.
    """
    limits = _ceilings(role_id)
    if not limits or wanted <= 0:
        return Grant(wanted)
    count, limited_by = wanted, None
    for window, ceiling in limits:
        start, end = bounds(window, campaign_id, at, zone)
        standing = Standing(window, ceiling, _locked_use(tenant_id, role_id, window, start), end)
        if standing.remaining < count:
            count, limited_by = standing.remaining, standing
    if count:
        _add(tenant_id, role_id, campaign_id, count, zone, at)
    return Grant(count, limited_by)


def release(
    tenant_id: int, role_id: int | None, campaign_id: int, count: int, zone: str, reserved_at: datetime
) -> None:
    """Give back what was reserved at `reserved_at` and not sent."""
    if count and _ceilings(role_id):
        _add(tenant_id, role_id, campaign_id, -count, zone, reserved_at)


def limits_of(role_id: int) -> dict[Window, int]:
    """Window → ceiling of a role; windows without a limit are absent."""
    return {Window(window): ceiling for window, ceiling in _ceilings(role_id)}


def limits_by_role(role_ids: Sequence[int]) -> dict[int, dict[Window, int]]:
    """Role id → window → ceiling, for all of `role_ids` at once."""
    found: dict[int, dict[Window, int]] = {role_id: {} for role_id in role_ids}
    rows = VolumeLimit.select(VolumeLimit.role_id, VolumeLimit.window, VolumeLimit.ceiling)
    for role_id, window, ceiling in rows.where(VolumeLimit.role_id.in_(list(found) or [0])).tuples():
        found[role_id][Window(window)] = ceiling
    return found


def set_limits(role_id: int, wanted: dict[Window, int | None]) -> None:
    """Set the ceilings of a role; None lifts one. Raises Invalid (fields `limit_<window>`) for a negative number
    and for a longer window that would hold less than a shorter one."""
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
    with database.atomic():
        VolumeLimit.delete().where(
            VolumeLimit.role_id == role_id, VolumeLimit.window.in_(list(wanted))
        ).execute()
        rows = [(role_id, window.value, ceiling) for window, ceiling in wanted.items() if ceiling is not None]
        if rows:
            VolumeLimit.insert_many(
                rows, [VolumeLimit.role_id, VolumeLimit.window, VolumeLimit.ceiling]
            ).execute()


def most_generous(role_ids: Sequence[int]) -> int | None:
    """The role whose limits count for a person with several: one without a daily limit, else the highest."""

    limits = limits_by_role(role_ids)
    return max(role_ids, key=lambda role_id: limits[role_id].get(Window.DAY, float("inf")), default=None)


def per_day(standings: Sequence[Standing]) -> float:
    """The daily ceiling among the limits of a role; infinite without one."""
    return next((s.ceiling for s in standings if s.window == Window.DAY), float("inf"))


def bounds(window: Window, campaign_id: int, at: datetime, zone: str) -> tuple[int, datetime | None]:
    """Key of the window that `at` lies in and its end (aware). Days and months are the tenant's."""
    if window == Window.CAMPAIGN:
        return campaign_id, None
    local = at.astimezone(ZoneInfo(zone))
    if window == Window.HOUR:
        first = local.replace(minute=0, second=0, microsecond=0)
        return int(first.timestamp()), first + timedelta(hours=1)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if window == Window.DAY:
        return int(midnight.timestamp()), midnight + timedelta(days=1)
    first = midnight.replace(day=1)
    return int(first.timestamp()), (first + timedelta(days=32)).replace(day=1)


def _ceilings(role_id: int | None) -> list[tuple[Window, int]]:
    if role_id is None:
        return []
    rows = (
        VolumeLimit.select(VolumeLimit.window, VolumeLimit.ceiling)
        .where(VolumeLimit.role_id == role_id)
        .tuples()
    )
    return sorted(
        ((Window(window), ceiling) for window, ceiling in rows), key=lambda row: _ORDER.index(row[0])
    )


def _locked_use(tenant_id: int, role_id: int | None, window: Window, start: int) -> int:
    VolumeCounter.insert(
        tenant_id=tenant_id, role_id=role_id, window=window, start=start, used=0
    ).on_conflict_ignore().execute()
    query = VolumeCounter.select(VolumeCounter.used).where(
        VolumeCounter.tenant_id == tenant_id,
        VolumeCounter.role_id == role_id,
        VolumeCounter.window == window,
        VolumeCounter.start == start,
    )
    return (query.for_update() if is_postgres() else query).scalar()


def _add(tenant_id: int, role_id: int | None, campaign_id: int, count: int, zone: str, at: datetime) -> None:
    for window, _ in _ceilings(role_id):
        start, _ = bounds(window, campaign_id, at, zone)
        VolumeCounter.update(used=VolumeCounter.used + count).where(
            VolumeCounter.tenant_id == tenant_id,
            VolumeCounter.role_id == role_id,
            VolumeCounter.window == window,
            VolumeCounter.start == start,
        ).execute()
