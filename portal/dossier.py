"""The data access report as somebody reads it: states in words, moments in the tenant's zone. The file stays raw."""

from datetime import datetime
from typing import Any

from domain.ledger.states import DeliveryState, LeftOut
from portal import filters
from portal.states import TABLE, state_of

MOMENTS = ("at", "since", "here_since")
CONSENTS = ("before", "after")


def readable(known: dict[str, Any]) -> dict[str, Any]:
    """What one tenant knows (domain.campaigns.erasure.everything), with words for codes."""
    return {key: _said(key, value) for key, value in known.items()}


def _said(key: str, value: Any) -> Any:
    if key == "newsletters" and isinstance(value, dict):
        return {name: _word("subscription", state) for name, state in value.items()}
    if isinstance(value, dict):
        return {inner: _said(inner, part) for inner, part in value.items()}
    if isinstance(value, list):
        return [_line(key, one) for one in value]
    if key in MOMENTS:
        return _moment(value)
    return _word("deliverability", value) if key == "deliverability" else value


def _line(key: str, line: Any) -> Any:
    """A consent, a mailing or a note; of a consent the step is what lies between before and after."""
    if not isinstance(line, dict):
        return line
    found = {inner: _said(inner, part) for inner, part in line.items()}
    if key == "consents":
        found |= {side: _word("subscription", found[side]) for side in CONSENTS if side in found}
        found.pop("step", None)
    if key == "mailings":
        found["state"] = _outcome(str(line.get("state", "")))
    return found


def _outcome(name: str) -> str:
    """What became of a mail: why it was left out, or how far it came."""
    for kind, states in (("left_out", LeftOut), ("delivery", DeliveryState)):
        if name.upper() in states.__members__ and states[name.upper()] in TABLE[kind]:
            return state_of(kind, states[name.upper()]).word
    return name


def _word(kind: str, value: Any) -> str:
    return state_of(kind, value).word if value in TABLE[kind] else str(value)


def _moment(value: Any) -> str:
    try:
        return filters.long_moment(datetime.fromisoformat(str(value)))
    except ValueError:
        return str(value)
