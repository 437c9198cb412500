"""The plan of a mailing: recipients, sender, time."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from domain import clock
from domain.campaigns.models import Campaign
from domain.errors import N_, Invalid
from domain.subscribers.models import Consent


class PlanForm(FlaskForm):
    whom = RadioField(
        _l("Recipients"),
        choices=[
            SelectChoice("all", _l("Everybody of this newsletter type")),
            SelectChoice("lists", _l("Only these distribution lists")),
            SelectChoice("segment", _l("Only this segment")),
        ],
        default="all",
    )
    lists = SelectMultipleField(_l("Distribution lists"), coerce=int, validate_choice=False)
    segment = SelectField(_l("Segment"), coerce=int, default=0, validate_choice=False)
    exclude = SelectField(_l("Without this segment"), coerce=int, default=0, validate_choice=False)
    proved = BooleanField(_l("People whose consent is proved elsewhere"))
    unknown = BooleanField(_l("People whose consent is unknown"))
    sender_name = StringField(_l("Sender name"), [Length(max=120)])
    sender_address = StringField(_l("Sender address"), [Length(max=254)])
    reply_to = StringField(_l("Replies to"), [Length(max=254)])
    when = RadioField(
        _l("Time"),
        choices=[
            SelectChoice("now", _l("As soon as it is approved")),
            SelectChoice("at", _l("At this time")),
        ],
        default="now",
    )
    send_at = DateTimeLocalField(_l("Time"), [Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])

    @classmethod
    def of(cls, campaign: Campaign, zone: str) -> "PlanForm":
        """The form filled from a campaign; its time in the tenant's zone."""
        chosen = campaign.audience or {}
        at = campaign.send_at
        return cls(
            formdata=None, whom="segment" if chosen.get("segment") else "lists" if chosen.get("lists") else "all",
            lists=chosen.get("lists", []), segment=chosen.get("segment") or 0, exclude=chosen.get("exclude") or 0,
            proved=Consent.PROVED in chosen.get("consents", []), unknown=Consent.UNKNOWN in chosen.get("consents", []),
            sender_name=campaign.sender_name, sender_address=campaign.sender_address, reply_to=campaign.reply_to,
            when="at" if at else "now", send_at=at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if at else None,
        )  # fmt: skip

    def chosen_lists(self) -> list[int]:
        return list(self.lists.data or []) if self.whom.data == "lists" else []

    def chosen_audience(self) -> dict[str, Any]:
        """What planning and the numbers take as the audience."""
        return {
            "lists": self.chosen_lists(), "consents": self.chosen_consents(), "exclude": self.exclude.data or None,
            "segment": (self.segment.data or None) if self.whom.data == "segment" else None,
        }  # fmt: skip

    def chosen_consents(self) -> list[str]:
        wanted = ((Consent.PROVED, self.proved.data), (Consent.UNKNOWN, self.unknown.data))
        return [str(consent) for consent, ticked in wanted if ticked]

    def values(self, zone: ZoneInfo) -> dict[str, Any]:
        """What planning.plan takes; raises Invalid for a time that has passed and for no list at all."""
        at: datetime | None = None
        if self.when.data == "at":
            if self.send_at.data is None:
                raise Invalid(
                    fields={"send_at": N_("Enter day and time, or choose as soon as it is approved.")}
                )
            at = self.send_at.data.replace(tzinfo=zone)
            if at <= clock.now():
                raise Invalid(fields={"send_at": N_("This time has passed. Choose a later one.")})
        if self.whom.data == "lists" and not self.lists.data:
            raise Invalid(fields={"lists": N_("Choose at least one distribution list.")})
        if self.whom.data == "segment" and not self.segment.data:
            raise Invalid(fields={"segment": N_("Choose a segment.")})
        return {
            "sender_name": self.sender_name.data or "", "sender_address": self.sender_address.data or "",
            "reply_to": self.reply_to.data or "", "send_at": at, **self.chosen_audience(),
        }  # fmt: skip
