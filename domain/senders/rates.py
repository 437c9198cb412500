"""Rates of relays and recipient domains, lent to dispatchers in portions of at most one second.

A rate is a row of slots on one time line: whoever borrows gets the next free ones, so any number of dispatchers
together never exceed it. Slots stand 5 % further apart than the rate allows; a mail that leaves up to LATE_S after
its slot then still keeps every second, wherever it begins, below the rate. Time is the database's where it has
one, so that the clocks of several machines need not agree.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import NamedTuple

from domain.db import database, is_postgres, sql
from domain.senders.models import Lending

STRETCH = 1.05
LATE_S = 0.05
AHEAD_S = 1.0  # nobody borrows further ahead
_HOUR_MINUTES = 62  # counted by the minute, and lent up to a second ahead: an hour and what that may blur


class Portion(NamedTuple):
    """`mails` may go, the first after `delay_s`, then one every `interval_s` (0: without a distance). With none,
    `delay_s` says when to ask again."""

    delay_s: float
    interval_s: float
    mails: int


def borrow(key: str, per_second: float | None, per_hour: int | None, want: int, unused: int = 0) -> Portion:
    """Up to `want` slots; `unused` of the last portion are given back to the hour. Commits its own transaction."""
    with database.atomic():
        lending, now_us = _locked(key)
        read_at = time.monotonic()
        count, delay_s = max(1, want), 0.0
        used: dict[str, int] = lending.used or {}
        minute = now_us // 60_000_000
        if per_hour is not None:
            used = {m: n for m, n in used.items() if minute - _HOUR_MINUTES < int(m) <= minute}
            if unused:
                used[str(minute)] = max(0, used.get(str(minute), 0) - unused)
            left = per_hour - sum(used.values())
            if left <= 0:
                oldest = min((int(m) for m, n in used.items() if n), default=minute)
                return Portion(max(1.0, (oldest + _HOUR_MINUTES) * 60 - now_us / 1e6), 0.0, 0)
            count = min(count, left, max(10, per_hour // 60) if per_second is None else left)
        interval_us = 0
        if per_second is not None:
            interval_us = round(1e6 * STRETCH / per_second)
            ahead_us = round(AHEAD_S * 1e6)
            first_us = max(lending.next_slot_us, now_us)
            if first_us > now_us + ahead_us + interval_us:  # the clock was set back
                first_us = now_us + interval_us
            if first_us >= now_us + ahead_us:
                return Portion((first_us - now_us) / 1e6 - AHEAD_S / 2, 0.0, 0)
            count = min(count, max(1, -(-(now_us + ahead_us - first_us) // interval_us)))
            lending.next_slot_us = first_us + count * interval_us
            delay_s = (first_us - now_us) / 1e6
        if per_hour is not None:
            used[str(minute)] = used.get(str(minute), 0) + count
            lending.used = used
        lending.save()
    # counted from the return, however long the commit took: late slots run out, they do not move
    return Portion(delay_s - (time.monotonic() - read_at), interval_us / 1e6, count)


def hour_left(key: str, per_hour: int) -> tuple[int, float]:
    """(mails that may still go, seconds until some more may if none)."""
    lending = Lending.get_or_none(Lending.key == key)
    used: dict[str, int] = (lending.used if lending else None) or {}
    now = time.time()
    fresh = {int(m): n for m, n in used.items() if int(m) > now // 60 - _HOUR_MINUTES and n}
    left = per_hour - sum(fresh.values())
    return max(0, left), (min(fresh) + _HOUR_MINUTES) * 60 - now if left <= 0 and fresh else 0.0


def hold(key: str, owner_id: int, ceiling: int, in_use: int, alive: Collection[int]) -> int:
    """How many of `ceiling` connections the owner may have, when all dispatchers that ask share them evenly.

    `in_use` are open now: what others are to give up is granted only once they have. `alive` are the ids of the
    dispatchers that run; what the others held is free.
    """
    with database.atomic():
        lending, _now = _locked(key)
        held = {int(k): n for k, n in (lending.held or {}).items() if int(k) in alive and int(k) != owner_id}
        sharers = sorted([*held, owner_id])
        share = ceiling // len(sharers) + (sharers.index(owner_id) < ceiling % len(sharers))
        granted = max(min(share, ceiling - sum(held.values())), 0)
        kept = max(granted, min(in_use, ceiling))
        after = {str(k): n for k, n in sorted({**held, owner_id: kept}.items())}
        if after != lending.held:
            lending.held = after
            lending.save()
    return granted


def _locked(key: str) -> tuple[Lending, int]:
    """The row of a rate, locked until the end of the transaction, and the moment in microseconds."""
    database.execute_sql(
        sql("INSERT INTO lending (key, next_slot_us) VALUES (?, 0) ON CONFLICT DO NOTHING"), (key,)
    )
    if not is_postgres():
        return Lending.get_by_id(key), time.time_ns() // 1000
    lending = Lending.select().where(Lending.key == key).for_update().get()
    now = database.execute_sql("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint").fetchone()
    return lending, int(now[0])


__all__ = ["LATE_S", "Portion", "borrow", "hold", "hour_left"]
