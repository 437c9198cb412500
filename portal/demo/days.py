"""The calendar of the demo house: texts and events that are always near today."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from domain import clock

ZONE = ZoneInfo("Europe/Berlin")
WEEKDAYS = ("mo", "di", "mi", "do", "fr", "sa", "so")
MORNING, EVENING = time(7, 30), time(18)
OVERTIME = 2 / 13.5  # hours of the evening that stand for those of the night
_TOKEN = re.compile(r"\{(?P<word>[a-z]{2,4})(?P<step>[+-]?\d+)?\}")


def written(text: str, today: date) -> str:
    """`text` with its days: {fr2} is the second Friday after today, {tag+9} in nine days, {jahr+1} next year."""
    return _TOKEN.sub(lambda found: _word(found["word"], int(found["step"] or 0), today), text)


def day(token: str, today: date) -> date:
    """The date of `fr2` or `tag+9`."""
    found = _TOKEN.fullmatch(f"{{{token}}}")
    if found is None:
        raise ValueError(token)
    return _day(found["word"], int(found["step"] or 0), today)


def next_weekday(now: datetime, weekday: int, hour: int, minute: int = 0) -> datetime:
    """The first moment after `now` on that weekday (Monday 0) at that time of the house."""
    local = now.astimezone(ZONE)
    wanted = datetime.combine(local.date(), time(hour, minute), ZONE)
    wanted += timedelta(days=(weekday - local.weekday()) % 7)
    return wanted if wanted > local else wanted + timedelta(days=7)


def in_office(moment: datetime) -> datetime:
    """`moment` without the night: what would happen between 18:00 and 7:30 happens by 20:00. Keeps every order."""
    local = moment.astimezone(ZONE)
    evening = datetime.combine(local.date(), EVENING, ZONE)
    if local.time() < MORNING:
        evening -= timedelta(days=1)
    elif local < evening:
        return moment
    return evening + (local - evening) * OVERTIME


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """Let the domain do what follows at `moment`: only so are log, remarks and notices dated as they would be."""
    real = clock.epoch
    clock.epoch = lambda: int(moment.timestamp())
    try:
        yield
    finally:
        clock.epoch = real


class Timeline:
    """What happened in the house, collected in any order and played from the oldest to the newest."""

    def __init__(self) -> None:
        self._acts: list[tuple[datetime, int, Callable[[], object]]] = []

    def at(self, moment: datetime, act: Callable[[], object]) -> None:
        self._acts.append((moment, len(self._acts), act))

    def play(self) -> None:
        for moment, _, act in sorted(self._acts, key=lambda entry: entry[:2]):
            with clock_at(moment):
                act()


def _word(word: str, step: int, today: date) -> str:
    if word == "jahr":
        return str(today.year + step)
    return format_date(_day(word, step, today), "d. MMMM", locale="de")


def _day(word: str, step: int, today: date) -> date:
    if word == "tag":
        return today + timedelta(days=step)
    ahead = (WEEKDAYS.index(word) - today.weekday() - 1) % 7 + 1  # 1 to 7: today is never meant
    return today + timedelta(days=ahead + 7 * (step - 1))
