"""What the forms of a series send, as the domain takes it."""

import re
from collections.abc import Mapping
from typing import Any

from domain.automailers.machine import DAY_MINUTES
from domain.automailers.models import Automailer, AutomailerStep

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?\Z")
_NUMBER = re.compile(r"\d{1,6}\Z")


def settings(form: Any) -> dict[str, Any]:
    """Values for `series.change`."""
    until = _minute(form.get("until", ""))
    return {
        "name": form.get("name", ""), "start": form.get("start", "hand"),
        "start_holder": form.get("start_holder", ""), "start_values": _ids(form, "start_value"),
        "stop_holder": form.get("stop_holder", ""), "stop_values": _ids(form, "stop_value"),
        "weekdays": sum(1 << day for day in range(7) if str(day) in form.getlist("weekday")),
        "from_minute": _minute(form.get("from", "")), "until_minute": until or DAY_MINUTES,
    }  # fmt: skip


def shown(automailer: Automailer) -> dict[str, Any]:
    """What the form shows of a series."""
    return {
        "name": automailer.name, "start": automailer.start, "start_holder": automailer.start_holder,
        "start_values": automailer.start_values, "stop_holder": automailer.stop_holder,
        "stop_values": automailer.stop_values, "weekdays": automailer.weekdays,
        "from_minute": automailer.from_minute, "until_minute": automailer.until_minute,
    }  # fmt: skip


def step(form: Mapping[str, str]) -> dict[str, Any]:
    """Values for `series.add_step` and `change_step`; a number that is none is None."""
    return {
        "days": _number(form.get("days", "") or "0"), "hours": _number(form.get("hours", "") or "0"),
        "issue_id": _number(form.get("issue", "")) or 0, "value_id": _number(form.get("value", "")) or None,
    }  # fmt: skip


def step_shown(found: AutomailerStep | None, is_first: bool) -> dict[str, Any]:
    if found is None:
        return {"days": 0 if is_first else 3, "hours": 0, "issue_id": None, "value_id": None}
    return {
        "days": found.days, "hours": found.hours, "issue_id": found.issue_id, "value_id": found.value_id,
    }  # fmt: skip


def clock_words(minute: int) -> str:
    """A minute of the day as a field of type time wants it; the end of the day is its beginning."""
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def _minute(text: str) -> int:
    found = _TIME.match(text.strip())
    return int(found[1]) * 60 + int(found[2]) if found else 0


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if _NUMBER.match(text) and text.isascii() else None


def _ids(form: Any, name: str) -> list[int]:
    return sorted({int(v) for v in form.getlist(name) if _NUMBER.match(v) and v.isascii()})
