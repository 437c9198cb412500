"""The plan of a mailing: recipients, sender, time."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from domain import clock
from domain.campaigns import optin
from domain.campaigns.models import Campaign
from domain.errors import N_, Invalid
from domain.subscribers.models import Consent
from portal.forms.numbers import WholeNumber


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

    priority = SelectField(
        _l("Turn among the mailings of this tenant"),
        coerce=int,
        choices=[
            SelectChoice(1, _l("Before the others")),
            SelectChoice(0, _l("As usual")),
            SelectChoice(-1, _l("After the others")),
        ],
        default=0,
    )
    interval_count = WholeNumber(_l("Mails per portion"), [Optional()])
    interval_min = WholeNumber(_l("Minutes from one portion to the next"), [Optional()])
    latest_start_h = WholeNumber(_l("Hours after which a late start is asked about"), [Optional()])
    hold_uncertain = BooleanField(
        _l("If a connection breaks during the hand-over: ask, do not send once more")
    )
    live = BooleanField(_l("Switch off test mode: this mail is meant for the recipients"))
    relay = SelectField(_l("Mail server"), coerce=int, default=0, validate_choice=False)
    tracking = SelectField(_l("Opens and clicks"), default="", validate_choice=False)
    opt_in = WholeNumber(_l("Leave out whoever was asked in the last days"), [Optional()])
    version = HiddenField()

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
            priority=campaign.priority, interval_count=campaign.interval_count,
            interval_min=campaign.interval_s // 60 if campaign.interval_s else None,
            relay=campaign.relay_id or 0, tracking=campaign.tracking,
            latest_start_h=campaign.latest_start_h, hold_uncertain=campaign.hold_uncertain, version=campaign.version,
            live=not campaign.test_mode, opt_in=chosen.get("opt_in"),
        )  # fmt: skip

    def chosen_relay(self) -> dict[str, Any]:
        """The mail server, for somebody who may choose one; nothing for others, who change nothing about it."""
        return {"relay_id": self.relay.data or None} if len(list(self.relay.choices or ())) > 1 else {}

    def chosen_tracking(self) -> dict[str, str]:
        """How far this mailing counts; a form that does not ask changes nothing."""
        return {} if self.tracking.raw_data is None else {"tracking": self.tracking.data or ""}

    def chosen_lists(self) -> list[int]:
        return list(self.lists.data or []) if self.whom.data == "lists" else []

    def previewed_audience(self, campaign: Campaign) -> dict[str, Any]:
        """The audience for the numbers beside the form; days that make no sense leave those of the plan."""
        chosen = self.chosen_audience()
        typed = chosen.pop("opt_in", None)
        if optin.is_one(campaign):
            sound = typed is not None and 1 <= typed <= optin.MOST_DAYS
            chosen["opt_in"] = typed if sound else optin.days(campaign)
        return chosen

    def chosen_audience(self) -> dict[str, Any]:
        """What planning and the numbers take as the audience."""
        asking = {} if self.opt_in.raw_data is None else {"opt_in": self.opt_in.data}
        return {
            **asking,
            "lists": self.chosen_lists(), "consents": self.chosen_consents(), "exclude": self.exclude.data or None,
            "segment": (self.segment.data or None) if self.whom.data == "segment" else None,
        }  # fmt: skip

    def wished(self, zone: ZoneInfo) -> datetime | None:
        """The time as typed, right or wrong: for the numbers beside it."""
        chosen = self.when.data == "at" and self.send_at.data is not None
        return self.send_at.data.replace(tzinfo=zone) if chosen else None

    def pace(self) -> dict[str, Any]:
        """The order of sending as planning takes it."""
        minutes = self.interval_min.data
        return {
            "priority": self.priority.data, "interval_count": self.interval_count.data,
            "interval_s": None if minutes is None else minutes * 60, "latest_start_h": self.latest_start_h.data,
            "hold_uncertain": bool(self.hold_uncertain.data),
        }  # fmt: skip

    def seen_version(self) -> int | None:
        """The version of the plan that the person was looking at."""
        text = str(self.version.data or "")
        return int(text) if text.isdigit() else None

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
            if at.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != self.send_at.data:
                raise Invalid(
                    fields={
                        "send_at": N_(
                            "The clock is set forward then, this time does not exist. Choose another."
                        )
                    }
                )
            if at <= clock.now():
                raise Invalid(fields={"send_at": N_("This time has passed. Choose a later one.")})
        if self.whom.data == "lists" and not self.lists.data:
            raise Invalid(fields={"lists": N_("Choose at least one distribution list.")})
        if self.whom.data == "segment" and not self.segment.data:
            raise Invalid(fields={"segment": N_("Choose a segment.")})
        return {
            "sender_name": self.sender_name.data or "", "sender_address": self.sender_address.data or "",
            "reply_to": self.reply_to.data or "", "send_at": at, "test_mode": not self.live.data,
            **self.chosen_audience(), **self.pace(),
            **self.chosen_relay(), **self.chosen_tracking(),
        }  # fmt: skip
