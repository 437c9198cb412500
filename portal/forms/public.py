"""Forms of readers: no session, hence no CSRF token of a session; sign-up carries a signed, timed one."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

REASONS = (
    ("often", _l("Too many mails")),
    ("content", _l("The topics do not interest me any more")),
    ("never", _l("I never signed up")),
    ("other", _l("Another reason")),
)


class ReaderForm(FlaskForm):
    class Meta:
        csrf = False


class SignUpForm(ReaderForm):
    email = EmailField(_l("E-mail address"), [Length(max=254)])
    first = StringField(_l("First name"), [Length(max=80)])
    last = StringField(_l("Last name"), [Length(max=80)])


class PreferencesForm(ReaderForm):
    first = StringField(_l("First name"), [Length(max=80)])
    last = StringField(_l("Last name"), [Length(max=80)])
    language = SelectField(
        _l("Language of the mails"), choices=[SelectChoice("de", "Deutsch"), SelectChoice("en", "English")]
    )


class ReasonForm(ReaderForm):
    reason = RadioField(
        _l("Why do you leave?"), [Optional()], choices=[SelectChoice(*reason) for reason in REASONS]
    )
    words = StringField(_l("In your words"), [Length(max=200)])
