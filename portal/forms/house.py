"""Forms of the installation's tenants."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from domain.accounts.models import DutyKind
from portal.forms.checks import one_line, trimmed


class TenantForm(FlaskForm):
    name = StringField(
        _l("Name"), [InputRequired(_l("Enter the name.")), Length(max=120), one_line], filters=[trimmed]
    )
    slug = StringField(_l("Short name for addresses"), filters=[trimmed])
    parent = SelectField(_l("Belongs to"), validate_choice=False, default="")
    blueprint = SelectField(_l("Begins like"), validate_choice=False, default="")


class HostForm(FlaskForm):
    host = StringField(_l("Own host name"), filters=[trimmed])


class DutyForm(FlaskForm):
    email = EmailField(
        _l("E-mail address"), [InputRequired(_l("Enter the e-mail address."))], filters=[trimmed]
    )
    kind = SelectField(
        _l("Duty"),
        choices=[
            SelectChoice(DutyKind.ADMINISTER.value, _l("Administers this tenant and all below")),
            SelectChoice(
                DutyKind.SUPPORT.value, _l("May enter as support, with a reason and for half an hour")
            ),
            SelectChoice(
                DutyKind.DESK.value, _l("Person desk: finds, blocks and erases a person in all these tenants")
            ),
        ],
    )


class VisitForm(FlaskForm):
    tenant = IntegerField(_l("Tenant"), [Optional()])
    reason = TextAreaField(_l("Reason"), filters=[trimmed])
