"""Until when something about a person holds."""

from datetime import datetime

from domain import clock
from domain.errors import N_, Invalid


def refuse_past(until: datetime | None, field: str = "until") -> None:
    """Raises Invalid for an end that is over: what never begins must not look as if it held."""
    if until is not None and until <= clock.now():
        raise Invalid(fields={field: N_("This day is over. Choose a later one, or none.")})
