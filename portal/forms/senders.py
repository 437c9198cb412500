"""Sender domains: a name to add, a reason to vouch."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from portal.forms.checks import one_line, trimmed


class DomainForm(FlaskForm):
    domain = StringField(
        _l("Domain"),
        [InputRequired(_l("Write the domain like example.org.")), Length(max=253), one_line],
        filters=[trimmed],
    )


class VouchForm(FlaskForm):
    reason = StringField(
        _l("Why it may be used"),
        [
            InputRequired(
                _l("Say why this domain may be used, for example “DNS checked on the phone with IT”.")
            ),
            Length(max=300),
            one_line,
        ],
        filters=[trimmed],
    )
