"""How much, how often and when a tenant writes: limits, contact cap, quiet hours, late starts."""

from datetime import time
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, TimeField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from domain.quotas.models import ContactCap
from domain.tenancy import quiet
from portal.forms.numbers import WholeNumber
from portal.forms.roles import LimitsForm


class CapForm(FlaskForm):
    most = WholeNumber(_l("Mails to one address"), [Optional()])
    days = WholeNumber(_l("within so many days"), [Optional()])

    @classmethod
    def of(cls, cap: ContactCap | None) -> "CapForm":
        return cls(formdata=None, most=cap.most if cap else None, days=cap.days if cap else None)


class TimesForm(FlaskForm):
    quiet = SelectField(
        _l("Quiet hours"),
        choices=[
            SelectChoice("", _l("Inherited")), SelectChoice("none", _l("None")),
            SelectChoice("own", _l("From … to …")),
        ],
        default="",
    )  # fmt: skip
    quiet_from = TimeField(_l("Quiet from"), [Optional()])
    quiet_to = TimeField(_l("Quiet until"), [Optional()])
    latest_start_h = WholeNumber(_l("Hours after which a late start is asked about"), [Optional()])

    @classmethod
    def of(cls, own: dict[str, Any]) -> "TimesForm":
        """Filled from what the tenant has set itself."""
        setting = own.get("quiet_hours", "")
        first, last = quiet.span(setting) or (None, None)
        kind = "own" if first else "none" if setting == quiet.NONE else ""
        return cls(
            formdata=None,
            quiet=kind,
            quiet_from=first,
            quiet_to=last,
            latest_start_h=own.get("latest_start_h"),
        )

    def wanted(self) -> dict[str, Any]:
        """Setting → value, None inherits; raises Invalid (quiet_from, quiet_to)."""
        first: time | None = self.quiet_from.data
        chosen = quiet.NONE if self.quiet.data == "none" else None
        if self.quiet.data == "own":
            chosen = quiet.written(first, self.quiet_to.data) or None
        return {"quiet_hours": chosen, "latest_start_h": self.latest_start_h.data}


class PersonForm(LimitsForm):
    """Stands on one page with the limits of the tenant, whose fields have the same names: so the ids differ."""

    user = SelectField(_l("Person"), coerce=int, validate_choice=False)
    unlimited = BooleanField(_l("No limit at all for this person"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self:
            field.id = f"person-{field.name}"
