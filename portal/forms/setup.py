"""The first form of an empty house."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from portal.forms.checks import address, one_line, trimmed


class SetupForm(FlaskForm):
    token = StringField(
        _l("Set-up token"), [InputRequired(_l("Copy the token from the terminal."))], filters=[trimmed]
    )
    tenant = StringField(
        _l("Name of the organisation"),
        [InputRequired(_l("Enter the name.")), Length(max=120), one_line],
        filters=[trimmed],
    )
    name = StringField(
        _l("Your name"), [InputRequired(_l("Enter your name.")), Length(max=120), one_line], filters=[trimmed]
    )
    email = EmailField(
        _l("Your e-mail address"),
        [InputRequired(_l("Enter your e-mail address.")), address],
        filters=[trimmed],
    )
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter a password."))])
