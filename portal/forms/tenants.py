"""Settings of a tenant: what is left empty is inherited."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import EmailField, SelectField, StringField, TextAreaField, URLField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from domain.tenancy.settings import DEFAULTS
from portal.forms.checks import address, no_control, one_line, trimmed

YES_NO = ("approval_self", "approval_by_address", "complete_recipients")


def _small(text: str | None) -> str:
    return (text or "").casefold()


class TenantSettingsForm(FlaskForm):
    name = StringField(
        _l("Name"), [InputRequired(_l("Enter the name.")), Length(max=120), one_line], filters=[trimmed]
    )
    sender_name = StringField(_l("Sender name"), [Length(max=120), one_line], filters=[trimmed])
    sender_address = EmailField(_l("Sender address"), [one_line, address], filters=[trimmed])
    reply_to = EmailField(_l("Replies to"), [one_line, address], filters=[trimmed])
    imprint = TextAreaField(_l("Imprint"), [Length(max=2000), no_control], filters=[trimmed])
    footer = TextAreaField(_l("Recommended footer"), [Length(max=2000), no_control], filters=[trimmed])
    logo = FileField(_l("Logo"))
    retention_months = SelectField(
        _l("Addresses in finished mailings"),
        choices=[
            SelectChoice("", ""),
            SelectChoice("0", _l("Stay for ever")),
            *(
                SelectChoice(str(n), _l("Are deleted after %(num)s months", num=n))
                for n in (3, 6, 12, 24, 36, 60)
            ),
        ],
        default="",
    )
    privacy_url = URLField(_l("Privacy page"), [Length(max=500), one_line], filters=[trimmed])
    colour = StringField(_l("Colour"), [Length(max=7)], filters=[trimmed, _small])
    time_zone = StringField(_l("Time zone"), [Length(max=60)], filters=[trimmed])
    language = SelectField(
        _l("Language"),
        choices=[SelectChoice("", ""), SelectChoice("de", "Deutsch"), SelectChoice("en", "English")],
        default="",
    )
    approval_self = SelectField(
        _l("Own work"),
        choices=[
            SelectChoice("", ""),
            SelectChoice("no", _l("Somebody else approves")),
            SelectChoice("yes", _l("Approving it oneself is allowed")),
        ],
        default="",
    )
    complete_recipients = SelectField(
        _l("People without an address"),
        choices=[
            SelectChoice("", ""),
            SelectChoice("no", _l("Are left out of a mailing")),
            SelectChoice("yes", _l("Hold a mailing back until they have one or are unticked")),
        ],
        default="",
    )

    approval_by_address = SelectField(
        _l("Approvers without an account"),
        choices=[
            SelectChoice("", ""),
            SelectChoice("no", _l("Only people with an account decide")),
            SelectChoice("yes", _l("By signed link and one-time code, too")),
        ],
        default="",
    )

    tracking = SelectField(
        _l("Opens and clicks"),
        choices=[
            SelectChoice("", ""),
            SelectChoice("off", _l("are not counted")),
            SelectChoice("numbers", _l("as numbers, without persons")),
            SelectChoice("people", _l("per person")),
        ],
        default="",
    )

    def validate_privacy_url(self, field: URLField) -> None:
        if field.data and not field.data.startswith(("https://", "http://")):
            raise ValidationError(_l("A link begins with https:// or http://."))

    def fill(self, own: dict[str, Any], name: str) -> "TenantSettingsForm":
        """Show what the tenant has set itself."""
        self.name.data = name
        for key in self.keys():
            self[key].data = str(own.get(key, ""))
        for key in YES_NO:
            if key in own:
                self[key].data = "yes" if own[key] else "no"
        return self

    def wanted(self) -> dict[str, Any]:
        """Setting → value; None inherits."""
        values = {key: self[key].data or None for key in self.keys()}
        if values["retention_months"] is not None:
            values["retention_months"] = int(values["retention_months"])
        for key in YES_NO:
            values[key] = {"yes": True, "no": False}.get(self[key].data)
        return values

    def keys(self) -> list[str]:
        """The settings that this form knows."""
        return [key for key in DEFAULTS if key in self]
