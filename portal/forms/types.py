"""The form of a newsletter type."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length


class TypeForm(FlaskForm):
    name = StringField(_l("Name"), [InputRequired(_l("A newsletter type needs a name.")), Length(max=120)])
    slug = StringField(_l("Short name"), [Length(max=60)])
    description = StringField(_l("Description"), [Length(max=300)])
    rhythm = StringField(_l("Rhythm"), [Length(max=60)])
    language = SelectField(
        _l("Language"), choices=[SelectChoice("de", _l("German")), SelectChoice("en", _l("English"))]
    )
    sender_name = StringField(_l("Sender name"), [Length(max=120)])
    sender_address = StringField(_l("Sender address"), [Length(max=254)])
    reply_to = StringField(_l("Replies to"), [Length(max=254)])
    public = BooleanField(_l("People can sign up on the public page"))
    signup_fields = SelectMultipleField(_l("Own fields"), coerce=int, validate_choice=False)
    list_ids = SelectMultipleField(_l("Lists"), coerce=int, validate_choice=False)
    opt_in_subject = StringField(_l("Subject of the mail with the link"), [Length(max=150)])
    opt_in_text = TextAreaField(_l("Text before the link"), [Length(max=2000)])
    welcome_subject = StringField(_l("Subject of the welcome mail"), [Length(max=150)])
    welcome_text = TextAreaField(_l("Text of the welcome mail"), [Length(max=5000)])
    consent_text = TextAreaField(_l("Text that people agree to"), [Length(max=2000)])
    closed = BooleanField(_l("Closed type: letters to members or customers, without sign-up"))
    basis = StringField(_l("What permits these mails"), [Length(max=300)])
    active = BooleanField(_l("In use"))
    tracking = SelectField(_l("Opens and clicks"), validate_choice=False)
    archived = BooleanField(_l("What was sent stands in a public archive, with a feed"))
