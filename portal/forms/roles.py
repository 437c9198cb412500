"""Forms of a role: its name, its volume limits. Empty means no limit."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from domain.errors import Invalid
from domain.quotas.models import Window
from portal import filters
from portal.forms.checks import one_line, trimmed

_MOST = 2_000_000_000  # fits the column on both engines


class NameForm(FlaskForm):
    name = StringField(
        _l("Name of the role"),
        [InputRequired(_l("Enter the name.")), Length(max=80), one_line],
        filters=[trimmed],
    )
    everywhere = BooleanField(_l("In all tenants"))


class LimitsForm(FlaskForm):
    limit_campaign = StringField(_l("Per mailing"), filters=[trimmed])
    limit_hour = StringField(_l("Per hour"), filters=[trimmed])
    limit_day = StringField(_l("Per day"), filters=[trimmed])
    limit_month = StringField(_l("Per month"), filters=[trimmed])

    def validate(self, extra_validators: Any = None) -> bool:
        """Every field is a whole number with or without separators, or empty."""
        fine = super().validate(extra_validators)
        for window in Window:
            try:
                self._ceiling(window)
            except ValidationError as error:
                field = self[f"limit_{window}"]
                field.errors, fine = [*field.errors, str(error)], False
        return fine

    def fill(self, limits: dict[Window, int]) -> "LimitsForm":
        """Show the limits in the reader's way of writing numbers."""
        for window in Window:
            self[f"limit_{window}"].data = filters.number(limits.get(window))
        return self

    def wanted(self) -> dict[Window, int | None]:
        """Window → ceiling; None: no limit."""
        return {window: self._ceiling(window) for window in Window}

    def _ceiling(self, window: Window) -> int | None:
        text = self[f"limit_{window}"].data or ""
        digits = "".join(c for c in text if c not in ".,'\u2019" and not c.isspace())
        if not digits:
            return None
        if not (digits.isascii() and digits.isdigit() and int(digits) <= _MOST):
            raise ValidationError(_l("Enter a whole number of 0 or more, or leave the field empty."))
        return int(digits)


def written(error: Invalid) -> Invalid:
    """The same with its numbers in the reader's way of writing them."""
    fields: dict[str, Any] = {}
    for name, text in error.fields.items():
        if isinstance(text, tuple):
            said, numbers = text
            fields[name] = (
                said,
                {
                    key: filters.number(int(str(value))) if f"%({key})s" in said else value
                    for key, value in numbers.items()
                },
            )
        else:
            fields[name] = text
    return Invalid(error.message, fields=fields)
