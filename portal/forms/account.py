"""Forms of the own account."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from portal.forms.checks import one_line, trimmed


class AccountForm(FlaskForm):
    name = StringField(
        _l("Name"), [InputRequired(_l("Enter your name.")), Length(max=120), one_line], filters=[trimmed]
    )
    language = SelectField(
        _l("Language"), choices=[SelectChoice("de", "Deutsch"), SelectChoice("en", "English")]
    )
    theme = SelectField(
        _l("Look"),
        choices=[
            SelectChoice("", _l("Like the system")),
            SelectChoice("light", _l("Light")),
            SelectChoice("dark", _l("Dark")),
        ],
    )


class PasswordForm(FlaskForm):
    current = PasswordField(_l("Current password"), [InputRequired(_l("Enter your current password."))])
    password = PasswordField(_l("New password"), [InputRequired(_l("Enter a password."))])
