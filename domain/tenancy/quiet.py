"""Quiet hours: a span of the day, in the tenant's zone, in which no mailing goes out.

Right on the days on which the clock is changed: a span that begins or ends in a missing or doubled hour is taken
as long as it can be meant.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.errors import N_, Invalid

NONE = "none"  # switches off what a parent has set
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)\Z")


def written(first: time | None, last: time | None) -> str:
    """The setting for a span; "" for none at all. Raises Invalid (quiet_from, quiet_to)."""
    if first is None and last is None:
        return ""
    if first is None or last is None:
        field = "quiet_from" if first is None else "quiet_to"
        raise Invalid(fields={field: N_("Enter both times, or neither.")})
    if first == last:
        raise Invalid(fields={"quiet_to": N_("Begin and end are the same. Choose another end.")})
    return f"{first:%H:%M}-{last:%H:%M}"


def span(setting: str) -> tuple[time, time] | None:
    """(begin, end) of a setting; None: no quiet hours."""
    found = _SPAN.match(setting or "")
    if found is None:
        return None
    numbers = [int(part) for part in found.groups()]
    return time(numbers[0], numbers[1]), time(numbers[2], numbers[3])


def until(setting: str, zone: str, at: datetime) -> datetime | None:
    """The end (aware, UTC) of the quiet hours that `at` lies in; None: it is not quiet."""
    parts = span(setting)
    if parts is None:
        return None
    first, last = parts
    today = at.astimezone(ZoneInfo(zone)).date()
    for day in (today - timedelta(days=1), today):
        begin = min(_moments(day, first, zone))
        end = max(_moments(day if first < last else day + timedelta(days=1), last, zone))
        if begin <= at < end:
            return end
    return None


def _moments(day: date, at: time, zone: str) -> tuple[datetime, datetime]:
    """Both readings of a wall time, which differ on the days of a change."""
    local = datetime.combine(day, at, ZoneInfo(zone))
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
