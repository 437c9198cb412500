"""Whether openings and clicks are counted: off, as numbers without anybody, or per person.

The tenant says how far it may go; a newsletter type and a mailing can only go less far.
"""

from enum import StrEnum
from typing import Any

from domain.tenancy import settings
from domain.tenancy.models import Tenant


class Measuring(StrEnum):
    """In rising order."""

    OFF = "off"
    NUMBERS = "numbers"
    PEOPLE = "people"


_ORDER = list(Measuring)


def of(value: Any) -> Measuring:
    """What a kept value means; anything unknown counts nothing."""
    return Measuring(value) if value in _ORDER else Measuring.OFF


def least(first: Any, *others: Any) -> Measuring:
    """The least of all; an empty one among the `others` says nothing."""
    return min((of(first), *(of(value) for value in others if value)), key=_ORDER.index)


def up_to(most: Any) -> list[Measuring]:
    """What may be chosen where `most` is allowed, in rising order."""
    return _ORDER[: _ORDER.index(of(most)) + 1]


def allowed(tenant: Tenant) -> Measuring:
    """How far the tenant goes at the most."""
    return of(settings.effective(tenant)["tracking"])
