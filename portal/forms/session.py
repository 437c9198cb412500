"""Forms at the door."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, PasswordField
from wtforms.validators import InputRequired, Length


class SignInForm(FlaskForm):
    email = EmailField(
        _l("E-mail address"), [InputRequired(_l("Enter your e-mail address.")), Length(max=254)]
    )
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password."))])
    keep = BooleanField(_l("Stay signed in on this device for 30 days"))


class ForgotForm(FlaskForm):
    email = EmailField(
        _l("E-mail address"), [InputRequired(_l("Enter your e-mail address.")), Length(max=254)]
    )


class NewPasswordForm(FlaskForm):
    password = PasswordField(_l("New password"), [InputRequired(_l("Enter a password."))])
