"""Form for a new tenant."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from portal.forms.checks import one_line, trimmed


class TenantForm(FlaskForm):
    name = StringField(
        _l("Name"), [InputRequired(_l("Enter the name.")), Length(max=120), one_line], filters=[trimmed]
    )
    slug = StringField(_l("Short name for addresses"), filters=[trimmed])
    parent = SelectField(_l("Belongs to"), validate_choice=False, default="")
