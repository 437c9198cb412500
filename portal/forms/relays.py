"""The form of a mail server."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from domain.senders import relays
from domain.senders.models import Relay
from portal.forms.checks import no_control, one_line, trimmed


class RelayForm(FlaskForm):
    name = StringField(_l("Name"), [Length(max=80), one_line], filters=[trimmed])
    host = StringField(_l("Host name"), [Length(max=255), one_line], filters=[trimmed])
    port = StringField(_l("Port"), filters=[trimmed])
    security = SelectField(
        _l("Encryption"),
        choices=[
            SelectChoice("required", _l("STARTTLS, required (usual with port 587)")),
            SelectChoice("tls", _l("From the first byte (usual with port 465)")),
            SelectChoice("opportunistic", _l("STARTTLS if the server offers it")),
            SelectChoice("off", _l("No encryption")),
        ],
    )
    verify = BooleanField(_l("The certificate must be valid"))
    username = StringField(_l("User name"), [Length(max=255), one_line], filters=[trimmed])
    password = PasswordField(_l("Password"), [Length(max=1000), one_line])
    clear_auth = BooleanField(_l("Send the password even without encryption"))
    private = BooleanField(_l("May lie in the network of this installation"))
    domains = TextAreaField(_l("Only for these sender domains"), [no_control], filters=[trimmed])
    max_connections = StringField(_l("Connections at the same time"), filters=[trimmed])
    per_second = StringField(_l("Mails per second"), filters=[trimmed])
    per_hour = StringField(_l("Mails per hour"), filters=[trimmed])
    active = BooleanField(_l("In use"))

    def values(self, may_be_private: bool) -> dict[str, Any]:
        """What the domain takes. Numbers that are none stay text, and the domain says what is wrong with them."""
        found: dict[str, Any] = {name: self[name].data for name in relays.FIELDS}
        for name in ("port", "max_connections", "per_hour"):
            found[name] = _whole(found[name])
        found["per_second"] = _decimal(found["per_second"])
        found["private"] = bool(found["private"]) and may_be_private
        return found


def fresh() -> RelayForm:
    """The form for a new one, filled with what most need."""
    return RelayForm(
        formdata=None, port="587", security="required", verify=True, max_connections="8", active=True
    )


def of(relay: Relay, decimal_point: str) -> RelayForm:
    """The form of a row; the password is never in it."""
    form = RelayForm(formdata=None, obj=relay)
    form.password.data = ""
    for name in ("port", "max_connections", "per_hour", "per_second"):
        value = getattr(relay, name)
        form[name].data = "" if value is None else f"{value:g}".replace(".", decimal_point)
    return form


def _whole(text: str | None) -> Any:
    text = (text or "").replace(".", "").replace("\u202f", "")
    return int(text) if text.isascii() and text.isdigit() else text or None


def _decimal(text: str | None) -> Any:
    try:
        return float((text or "").replace(",", ".")) if text else None
    except ValueError:
        return text


class DomainRateForm(FlaskForm):
    by_mx = BooleanField(_l("This names the mail server (MX) of the domains, not the domains"))
    pattern = StringField(_l("Recipient domain"), [Length(max=253), one_line], filters=[trimmed])
    per_second = StringField(_l("Mails per second"), filters=[trimmed])
    max_connections = StringField(_l("Mails at the same time"), filters=[trimmed])

    def values(self) -> dict[str, Any]:
        """What the domain takes; numbers that are none stay text."""
        return {
            "pattern": self.pattern.data,
            "by_mx": self.by_mx.data,
            "per_second": _decimal(self.per_second.data),
            "max_connections": _whole(self.max_connections.data),
        }
