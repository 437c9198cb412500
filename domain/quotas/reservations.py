"""Reserve for the deliveries of one claim, and give back what was not sent.

A reservation remembers the counters it stands in. Limits that change meanwhile therefore never make a release
wrong, and a delivery whose reservation is gone has nothing left to give back.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from domain import clock
from domain.db import unscoped
from domain.quotas import ceilings, contact, counters
from domain.quotas.ceilings import Budget
from domain.quotas.counters import Standing
from domain.quotas.models import ContactCap, Reservation

KEEP_DAYS = 100  # longer than a mail is tried and a cap looks back


@dataclass(frozen=True)
class Taken:
    """What became of the deliveries that wanted to go. `reservation_id` None: nothing limits them."""

    granted: list[int]
    waiting: list[int] = field(default_factory=list)  # above a limit
    capped: list[int] = field(default_factory=list)  # their address has had enough mail
    limited_by: Standing | None = None
    reservation_id: int | None = None


def take(budget: Budget, wanted: list[int], keys: Callable[[list[int]], dict[int, str]], now: int) -> Taken:
    """Reserve for as many of `wanted` (delivery ids) as all limits and caps allow, in the caller's transaction.
    `keys(ids)` gives their address keys; it is asked only when there is a cap."""
    if not wanted:
        return Taken([])
    limits, caps = ceilings.of(budget, clock.moment(now)), contact.caps(budget.tenant_id)
    if not limits and not caps:
        return Taken(wanted)
    day = contact.day_of(now)
    hashes = {i: contact.hash_of(key) for i, key in keys(wanted).items()} if caps else {}
    fitting = _capped(caps, wanted, hashes, day)
    grant = counters.take(budget.tenant_id, limits, len(fitting))
    granted, waiting = fitting[: grant.count], fitting[grant.count :]
    for cap in caps:
        contact.give_back(cap.tenant_id, [hashes[i] for i in waiting], day)
    inside = set(fitting)
    capped = [i for i in wanted if i not in inside]
    if not granted:
        return Taken([], waiting, capped, grant.limited_by)
    row = Reservation.create(
        tenant_id=budget.tenant_id, campaign_id=budget.campaign_id, counters=list(grant.counters),
        caps=[cap.tenant_id for cap in caps], day=day,
    )  # fmt: skip
    return Taken(granted, waiting, capped, grant.limited_by, row.id)


def give_back(tenant_id: int, released: Sequence[tuple[int, str]]) -> None:
    """Give back (reservation id, address key) per delivery, in the caller's transaction and in the order in which
    `take` locks: contact counters by hash, then volume."""
    by_reservation: dict[int, list[str]] = defaultdict(list)
    for reservation_id, key in released:
        by_reservation[reservation_id].append(key)
    rows = Reservation.select().where(
        Reservation.tenant_id == tenant_id, Reservation.id.in_(list(by_reservation) or [0])
    )
    volume: Counter[int] = Counter()
    capped: dict[tuple[int, int], list[str]] = defaultdict(list)
    for row in rows:
        keys = by_reservation[row.id]
        volume.update(dict.fromkeys(row.counters, len(keys)))
        for holder in row.caps:
            capped[holder, row.day] += [contact.hash_of(key) for key in keys]
    for (holder, day), hashes in sorted(capped.items()):
        contact.give_back(holder, hashes, day)
    counters.give_back(tenant_id, volume)


@unscoped("an upkeep of the house")
def forget(now: int) -> int:
    """Delete what nobody will give back any more; returns how many rows. Crosses tenants: an upkeep of the house."""
    before = contact.day_of(now) - KEEP_DAYS
    return Reservation.delete().where(Reservation.day < before).execute() + contact.forget(before)


def _capped(caps: list[ContactCap], wanted: list[int], hashes: dict[int, str], day: int) -> list[int]:
    """Those of `wanted` that every cap lets through, in their order. Addresses are there once: a campaign has
    one delivery for each."""
    fitting = wanted
    for place, cap in enumerate(caps):
        room = contact.take(cap, sorted(hashes[i] for i in fitting), day)
        refused = [hashes[i] for i in fitting if hashes[i] not in room]
        for earlier in caps[:place]:
            contact.give_back(earlier.tenant_id, refused, day)
        fitting = [i for i in fitting if hashes[i] in room]
    return fitting
