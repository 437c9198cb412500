"""The course of one contact through a series, as pure reckoning: the clock is passed in, nothing is read or written.

Moments are whole seconds since 1970. Each step goes once, in order, and never at a moment that has passed: whoever
was suspended waits for what was left of the waiting time. Days are days of the calendar in the tenant's zone (the
same time of the day, also when the clock is changed), hours are hours.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY_MINUTES = 1440
_LOOK_AHEAD_DAYS = 15  # a week, and one more where the change of the clock swallows the window


class State(StrEnum):
    RUNNING = "running"
    SUSPENDED = "suspended"
    FINISHED = "finished"
    REMOVED = "removed"


class Wait(NamedTuple):
    days: int = 0
    hours: int = 0


@dataclass(frozen=True)
class Window:
    """When steps may go: `weekdays` (bit 0: Monday), from minute `first` until before minute `last` of the day."""

    zone: str
    weekdays: int = 127
    first: int = 0
    last: int = DAY_MINUTES

    def holds(self, at: int) -> bool:
        local = datetime.fromtimestamp(at, ZoneInfo(self.zone))
        minute = local.hour * 60 + local.minute
        return bool(self.weekdays >> local.weekday() & 1) and self.first <= minute < self.last

    def opens(self, at: int) -> int:
        """`at` itself if the window is open then, else when it opens next. Raises ValueError for a window that never
        opens."""
        if self.holds(at):
            return at
        day = datetime.fromtimestamp(at, ZoneInfo(self.zone)).date()
        wall = time(self.first // 60, self.first % 60)
        for ahead in range(_LOOK_AHEAD_DAYS):
            local = datetime.combine(day + timedelta(days=ahead), wall, ZoneInfo(self.zone))
            found = int(local.astimezone(UTC).timestamp())
            if found >= at and self.holds(found):
                return found
        raise ValueError("this window never opens")


class Step(NamedTuple):
    id: int
    wait: Wait


@dataclass(frozen=True)
class Place:
    """Where somebody stands: the steps that were sent, and the next one with its moment while there is one."""

    state: State
    sent: tuple[int, ...] = ()
    step_id: int | None = None
    next_at: int | None = None
    suspended_at: int | None = None


@dataclass(frozen=True)
class Series:
    """Steps in their order, and when they may go."""

    steps: tuple[Step, ...]
    window: Window

    def begin(self, now: int) -> Place:
        """Somebody comes in."""
        return self._onward(Place(State.RUNNING), now)

    def is_due(self, place: Place, now: int) -> bool:
        """Whether the next step may go at this moment."""
        return (
            place.state == State.RUNNING
            and place.next_at is not None
            and place.next_at <= now
            and self.window.holds(now)
        )

    def sent(self, place: Place, now: int) -> Place:
        """The next step has gone. Raises ValueError if none was due."""
        if not self.is_due(place, now) or place.step_id is None:
            raise ValueError("no step is due")
        return self._onward(replace(place, sent=(*place.sent, place.step_id)), now)

    def suspend(self, place: Place, now: int) -> Place:
        if place.state != State.RUNNING:
            return place
        return replace(place, state=State.SUSPENDED, suspended_at=now)

    def resume(self, place: Place, now: int) -> Place:
        """Go on with what was left of the waiting time: never at a moment that has passed."""
        if place.state not in (State.SUSPENDED, State.REMOVED):
            return place
        step = following(self.steps, place.sent)
        if step is None:
            return replace(place, state=State.FINISHED, step_id=None, next_at=None, suspended_at=None)
        since = place.suspended_at if place.suspended_at is not None else now
        left = max(0, (place.next_at if place.next_at is not None else since) - since)
        return replace(
            place, state=State.RUNNING, step_id=step.id, next_at=self.window.opens(now + left), suspended_at=None
        )  # fmt: skip

    def remove(self, place: Place, now: int) -> Place:
        if place.state == State.FINISHED:
            return place
        kept = place.suspended_at if place.suspended_at is not None else now
        return replace(place, state=State.REMOVED, suspended_at=kept)

    def _onward(self, place: Place, now: int) -> Place:
        step = following(self.steps, place.sent)
        if step is None:
            return replace(place, state=State.FINISHED, step_id=None, next_at=None)
        return replace(
            place, step_id=step.id, next_at=self.window.opens(after(now, step.wait, self.window.zone))
        )


def following(steps: Sequence[Step], sent: Iterable[int]) -> Step | None:
    """The first step in order that was not sent: none is skipped, whatever was moved or put in between."""
    gone = set(sent)
    return next((step for step in steps if step.id not in gone), None)


def after(at: int, wait: Wait, zone: str) -> int:
    """The moment after a waiting time, never before `at`."""
    local = datetime.fromtimestamp(at, ZoneInfo(zone))
    then = local + timedelta(days=wait.days)  # the same time of the day
    moved = int(then.astimezone(UTC).timestamp()) if wait.days else at
    return max(at, moved + wait.hours * 3600)


def shifted(moment: int | None, stood_from: int, until: int) -> int | None:
    """A moment of a series whose clock stood still: what was left of the time is left still."""
    return None if moment is None else max(moment, stood_from) + until - stood_from
