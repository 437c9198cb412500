"""What somebody asks the office for, cleaned and checked."""

import re
from dataclasses import dataclass
from datetime import date

from domain import clock
from domain.errors import N_, Invalid

REMARK_MAX = 2_000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")
_LINES = {"title": 120, "audience": 500, "territory": 200, "reason": 500, "reference": 60}


@dataclass(frozen=True)
class Wish:
    """What an order asks for. `territory_id` is a node of the tenant's territory, if it was chosen from the tree."""

    title: str
    text: str
    audience: str
    reason: str
    territory: str = ""
    wanted_on: date | None = None
    reference: str = ""
    territory_id: int | None = None


def checked(wish: Wish) -> dict[str, object]:
    """The wish as columns; raises Invalid with every field that is wrong."""
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    values: dict[str, object] = {
        name: " ".join(_CONTROL.sub(" ", getattr(wish, name)).split())[:limit]
        for name, limit in _LINES.items()
    }
    values["text"] = _CONTROL.sub("", wish.text.replace("\r\n", "\n")).strip()[:20_000]
    needed = {
        "title": N_("Give the mailing a name, so that everybody finds it again."),
        "text": N_("Write what the mail should say, in your own words."),
        "audience": N_("Say who should get it."),
        "reason": N_("Say why it is needed."),
    }
    wrong.update({name: text for name, text in needed.items() if not values[name]})
    if wish.wanted_on is not None and wish.wanted_on < clock.now().date():
        wrong["wanted_on"] = N_("This day has passed. Choose a later one.")
    if wrong:
        raise Invalid(fields=wrong)
    return values | {"wanted_on": wish.wanted_on, "territory_id": wish.territory_id}


def remark(text: str) -> str:
    """Lines of a person, without control characters and not endless."""
    return _CONTROL.sub("", text.replace("\r\n", "\n")).strip()[:REMARK_MAX]
