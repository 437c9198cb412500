"""Forms for people of a tenant. Roles are ids; the domain says which of them exist and may be given."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, EmailField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from domain import clock
from portal import context
from portal.forms.checks import address, one_line, trimmed


class RolesForm(FlaskForm):
    roles = SelectMultipleField(_l("Roles"), coerce=int, validate_choice=False)
    until = DateField(_l("Access until"), [Optional()])
    territory_id = SelectField(_l("Territory"), coerce=int, default=0)

    def validate_until(self, field: DateField) -> None:
        if field.data and field.data < clock.now().astimezone(ZoneInfo(context.time_zone())).date():
            raise ValidationError(_l("This day is over. Choose a later one, or leave the field empty."))

    @property
    def until_moment(self) -> datetime | None:
        """The end of the chosen day in the tenant's zone."""
        if not self.until.data:
            return None
        return datetime.combine(
            self.until.data + timedelta(days=1), time(), tzinfo=ZoneInfo(context.time_zone())
        )


class PersonForm(RolesForm):
    name = StringField(
        _l("Name"), [InputRequired(_l("Enter the name.")), Length(max=120), one_line], filters=[trimmed]
    )
    email = EmailField(
        _l("E-mail address"), [InputRequired(_l("Enter the e-mail address.")), address], filters=[trimmed]
    )


def last_day(until: datetime | None) -> date | None:
    """The last day of an access that ends at `until`."""
    if until is None:
        return None
    return (until.astimezone(ZoneInfo(context.time_zone())) - timedelta(seconds=1)).date()
