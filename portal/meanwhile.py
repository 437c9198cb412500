"""Two people at one record: what somebody else saved since the form was drawn is shown before it is overwritten.

The form carries a stamp of the values it showed. If the record has other ones when it comes back, nothing is written;
the page shows what is different now, keeps what was typed, and carries the new stamp: saving again is a decision.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request


@dataclass(frozen=True)
class Difference:
    """A field whose saved value is not the one in the form."""

    label: str
    now: str


def stamp(values: Mapping[str, Any]) -> str:
    """A mark of these values, for a hidden field `stamp`."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:16]


def is_stale(values: Mapping[str, Any]) -> bool:
    """Whether the record has other values than the form was drawn with; a form without a stamp never is."""
    given = request.form.get("stamp", "")
    return bool(given) and given != stamp(values)


def differences(
    now: Mapping[str, Any], typed: Mapping[str, Any], labels: Mapping[str, str]
) -> list[Difference]:
    """Where the record says something else than the form; `labels` gives the fields in their order."""
    found = []
    for name, label in labels.items():
        saved, wanted = _text(now.get(name)), _text(typed.get(name))
        if name in typed and saved != wanted:
            found.append(Difference(label, saved or "–"))
    return found


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(sorted(str(one) for one in value if one))
    return "" if value is None else str(value).strip()
