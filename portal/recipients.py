"""Every recipient of a mailing by name and state: the table on its pages, and the file to take along."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import request
from flask_babel import get_timezone
from flask_babel import gettext as _

from domain.accounts.permissions import Permission as P
from domain.campaigns import reports
from domain.campaigns.models import Campaign
from domain.ledger.states import DeliveryState, LeftOut
from portal import sending, states
from portal.access import may


def shown(campaign: Campaign) -> dict[str, Any]:
    """What the table of recipients shows, as the address of the page asks; nothing for people who may see no names."""
    asked = request.args
    if not may(P.SUBSCRIBER_SEE) or not campaign.started_at:
        return {
            "meaning": sending.meaning,
            "rows": [],
            "next_key": None,
            "text": "",
            "state": "",
            "reason": None,
            "first": True,
        }
    text, state, reason = (
        asked.get("q", "").strip()[:100],
        asked.get("state", ""),
        asked.get("reason", type=int),
    )
    found, next_key = reports.recipients(campaign, text, state, reason, asked.get("after", ""))
    return {
        "rows": found, "next_key": next_key, "text": text, "state": state, "reason": reason,
        "first": not asked.get("after"), "delivery_states": list(DeliveryState), "reasons": list(LeftOut),
        "meaning": sending.meaning,
    }  # fmt: skip


def head(counted: bool) -> list[str]:
    """The headings of the file; `counted`: with openings and clicks."""
    more = [_("Opened"), _("Clicks")] if counted else []
    return [
        _("Customer"), _("Recipient"), _("Address"), _("Send"), _("State"), _("Reason"), _("Answer of the mail server"),
        _("Time"), *more,
    ]  # fmt: skip


def rows(campaign: Campaign, counted: bool) -> Iterator[list[Any]]:
    """Every recipient for a file; not to be sent: whoever was left out."""
    yes, no = _("yes"), _("no")
    for row in reports.every_recipient(campaign, counted):
        at: datetime | None = row.at.astimezone(get_timezone()) if row.at else None
        yield [
            row.organisation, row.name, row.address, no if row.state == DeliveryState.SUPPRESSED else yes,
            states.state_of("delivery", row.state).word,
            states.state_of("left_out", row.reason).word if row.reason else "",
            row.reply, at.strftime("%Y-%m-%d %H:%M:%S") if at else "", *([row.opened, row.clicked] if counted else []),
        ]  # fmt: skip
