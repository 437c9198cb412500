"""Forms of the editor and of the plan."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional


class NewIssueForm(FlaskForm):
    type_id = SelectField(_l("Newsletter type"), [InputRequired()], coerce=int)


class HeadForm(FlaskForm):
    name = StringField(_l("Name"), [Length(max=120)])
    subject = StringField(_l("Subject"), [Length(max=200)])
    preheader = StringField(_l("Preview text"), [Length(max=300)])
    version = IntegerField(validators=[Optional()])


class PlanForm(FlaskForm):
    sender_name = StringField(_l("Sender name"), [Length(max=120)])
    sender_address = StringField(_l("Sender address"), [Length(max=254)])
    reply_to = StringField(_l("Replies to"), [Length(max=254)])
    send_at = StringField(_l("Time"), [Optional()])
