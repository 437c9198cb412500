"""Forms at the door."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, PasswordField, StringField
from wtforms.validators import InputRequired, Length


class SignInForm(FlaskForm):
    email = EmailField(
        _l("E-mail address"), [InputRequired(_l("Enter your e-mail address.")), Length(max=254)]
    )
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password."))])
    keep = BooleanField(_l("Stay signed in on this device for 30 days"))


class CodeForm(FlaskForm):
    code = StringField(_l("Code"), [InputRequired(_l("Enter the code.")), Length(max=40)])


class ForgotForm(FlaskForm):
    email = EmailField(
        _l("E-mail address"), [InputRequired(_l("Enter your e-mail address.")), Length(max=254)]
    )


class NewPasswordForm(FlaskForm):
    password = PasswordField(_l("New password"), [InputRequired(_l("Enter a password."))])
