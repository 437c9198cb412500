"""The volume limits of roles: set them, show them, and reserve for what goes out one by one.

Campaigns reserve by `quotas.reservations`, in the transaction that claims their rows.
"""

from collections.abc import Sequence
from datetime import datetime

from domain.accounts import rolebook
from domain.db import database
from domain.quotas import ceilings, counters
from domain.quotas.ceilings import Budget, bounds, limits_of
from domain.quotas.counters import Ceiling, Grant, Standing
from domain.quotas.models import Scope, VolumeCounter, VolumeLimit, Window

__all__ = ["Grant", "Standing", "bounds", "limits_of"]


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
    """Role id → its limits with their use, for any number of roles in two queries."""
    found: dict[int, list[Standing]] = {}
    each: list[Ceiling] = []
    for role_id, limits in limits_by_role(role_ids).items():
        budget = Budget(tenant_id, campaign_id or 0, role_id, None, zone)
        each += ceilings.for_holder(budget, Scope.ROLE, role_id, limits, at)
        found[role_id] = []
    for ceiling, standing in zip(each, counters.standings(tenant_id, each), strict=True):
        found[ceiling.holder_id].append(standing)
    return found


def reserve(
    tenant_id: int,
    role_id: int | None,
    campaign_id: int,
    wanted: int,
    zone: str,
    at: datetime,
    user_id: int | None = None,
) -> Grant:
    """Take up to `wanted` mails out of every limit that holds for a person with this role.

    Runs inside the caller's transaction and locks the counters it changes.
    """
    budget = Budget(tenant_id, campaign_id, role_id, user_id, zone)
    return counters.take(tenant_id, ceilings.of(budget, at), wanted)


def release(
    tenant_id: int, role_id: int | None, campaign_id: int, count: int, zone: str, reserved_at: datetime
) -> None:
    """Give back what `reserve` took for a role at `reserved_at` and what was not sent."""
    if role_id is None or not count:
        return
    for window, start in ((w, bounds(w, campaign_id, reserved_at, zone)[0]) for w in limits_of(role_id)):
        VolumeCounter.update(used=VolumeCounter.used - count).where(
            VolumeCounter.tenant_id == tenant_id, VolumeCounter.scope == Scope.ROLE,
            VolumeCounter.holder_id == role_id, VolumeCounter.window == window, VolumeCounter.start == start,
        ).execute()  # fmt: skip


def limits_by_role(role_ids: Sequence[int]) -> dict[int, dict[Window, int]]:
    """Role id → window → ceiling, shortest window first, for all of `role_ids` at once."""
    rows = VolumeLimit.select(VolumeLimit.role_id, VolumeLimit.window, VolumeLimit.ceiling)
    each = {(role_id, window): n for role_id, window, n in rows.where(
        VolumeLimit.role_id.in_(list(role_ids) or [0])
    ).tuples()}  # fmt: skip
    return {i: {w: each[i, w] for w in ceilings.WINDOWS if (i, w) in each} for i in role_ids}


def set_limits(role_id: int, wanted: dict[Window, int | None]) -> None:
    """Set the ceilings of a role; None lifts one. Raises Invalid (fields `limit_<window>`) for a negative number
    and for a longer window that would hold less than a shorter one."""
    ceilings.check(wanted)
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
    """The role whose limits count for a person with several, of those that send at all: one without a daily limit,
    else the highest."""
    if len(role_ids) > 1:
        sending = rolebook.sending_roles(role_ids)
        role_ids = [role_id for role_id in role_ids if role_id in sending] or role_ids
    limits = limits_by_role(role_ids)
    return max(role_ids, key=lambda role_id: limits[role_id].get(Window.DAY, float("inf")), default=None)


def per_day(standings: Sequence[Standing]) -> float:
    """The daily ceiling among the limits of a role; infinite without one."""
    return next((s.ceiling for s in standings if s.window == Window.DAY), float("inf"))
