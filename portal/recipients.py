"""Every recipient of a mailing by name and state: the table on its pages, and the file to take along."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import g, request
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
    rows, next_key = reports.recipients(campaign, text, state, reason, asked.get("after", ""))
    return {
        "rows": rows, "next_key": next_key, "text": text, "state": state, "reason": reason,
        "first": not asked.get("after"), "delivery_states": list(DeliveryState), "reasons": list(LeftOut),
        "meaning": sending.meaning,
    }  # fmt: skip


def as_csv(campaign: Campaign) -> Iterator[str]:
    """All recipients, line by line; separated as spreadsheets of the reader's language expect it."""
    german = g.user.language == "de"
    head = [
        _("Recipient"),
        _("Customer"),
        _("Address"),
        _("State"),
        _("Reason"),
        _("Answer of the mail server"),
        _("Time"),
    ]
    yield "\ufeff" + _line(head, german)
    for row in reports.every_recipient(campaign):
        reason = states.state_of("left_out", row.reason).word if row.reason else ""
        at: datetime | None = row.at.astimezone(get_timezone()) if row.at else None
        word = states.state_of("delivery", row.state).word
        yield _line(
            [
                row.name,
                row.organisation,
                row.address,
                word,
                reason,
                row.reply,
                at.strftime("%Y-%m-%d %H:%M:%S") if at else "",
            ],
            german,
        )


def _line(cells: list[str], german: bool) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=";" if german else ",").writerow([sending.plain_cell(cell) for cell in cells])
    return out.getvalue()
