"""The recipient table of a mailing that has not begun: a tick per person, all found at once, a file of it."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from domain.accounts.permissions import Permission as P
from domain.audit import log
from domain.campaigns import audience, choosing, exclusions, planning, selection
from domain.campaigns.models import BORROWING, Campaign, CampaignStatus
from domain.db import abreast
from domain.errors import Forbidden
from domain.ledger.states import LeftOut
from portal import context, downloads, hypermedia, states
from portal.access import may, requires

bp = Blueprint("selection", __name__)
ORDERS = tuple(selection.ORDERS)
STATES = (selection.SENDS, selection.OUT, *(str(int(reason)) for reason in LeftOut))
MOST_SHOWN = 500  # ids that one form may name


@bp.get("/campaigns/<int:campaign_id>/selection")
@requires(P.SUBSCRIBER_SEE)
def index(campaign_id: int) -> Response:
    campaign = planning.get(g.tenant.id, campaign_id)
    if campaign.started_at:
        return hypermedia.done(url_for("campaigns.recipients", campaign_id=campaign.id))
    return _page(campaign)


@bp.get("/campaigns/<int:campaign_id>/selection/numbers")
@requires(P.SUBSCRIBER_SEE)
def numbers(campaign_id: int) -> Response:
    """How many get the mail; asked for when the table stands, where it is long."""
    campaign = planning.get(g.tenant.id, campaign_id)
    return hypermedia.fragment("selection/_numbers.html", campaign=campaign, **_numbers(campaign))


@bp.post("/campaigns/<int:campaign_id>/selection")
@requires(P.CAMPAIGN_PLAN)
def save(campaign_id: int) -> Response:
    """Take the ticks of the page as they are now, or set those of everybody found."""
    campaign = planning.get(g.tenant.id, campaign_id)
    if not may(P.SUBSCRIBER_SEE):
        raise Forbidden(_("Your role does not include the personal data of recipients."))
    act = request.form.get("act", "")
    if act == "untick":
        count = selection.untick(campaign, _query(), g.user.id)
        said = ngettext("%(num)s person taken out.", "%(num)s people taken out.", count)
    elif act == "tick":
        count = selection.tick(campaign, _query())
        said = ngettext("%(num)s person taken back.", "%(num)s people taken back.", count)
    else:
        out, back = choosing.set_ticks(campaign, _ids("shown"), _ids("send"), g.user.id)
        said = _("Saved.") if out or back else ""
    if hypermedia.wants_fragment():
        if act and said:
            hypermedia.flash(said)
        return _page(campaign)
    asked = _query()
    return hypermedia.done(
        url_for(
            "selection.index", campaign_id=campaign.id, q=asked.text or None, state=asked.state or None,
            sort=asked.order, after=asked.cursor or None,
        ),
        said or None,
    )  # fmt: skip


@bp.post("/campaigns/<int:campaign_id>/selection/export")
@requires(P.SUBSCRIBER_EXPORT)
def export(campaign_id: int) -> Response:
    """The table as it is filtered, as CSV or XLSX. A POST, because the log notes who took the data along."""
    campaign = planning.get(g.tenant.id, campaign_id)
    query = _query()
    head = [_("Customer"), _("Recipient"), _("Address"), _("Send"), _("State"), _("Reason")]
    log.record(g.tenant.id, "campaign.export", user_id=g.user.id, kind="campaign", object_id=campaign.id)
    return downloads.table(
        head, _rows(campaign, query), f"recipients-{campaign.id}", request.form.get("as", ""),
        lambda: sum(audience_size(campaign)),
    )  # fmt: skip


def audience_size(campaign: Campaign) -> tuple[int, int]:
    count, left_out = audience.numbers(campaign)
    return count, sum(left_out.values())


def _rows(campaign: Campaign, query: selection.Query) -> Iterator[list[str]]:
    yes, no = _("yes"), _("no")
    sent, out = _("gets it"), states.state_of("delivery", 7).word
    words = {reason: states.state_of("left_out", reason).word for reason in LeftOut}
    for row in selection.every(campaign, query):
        yield [
            row.customer, row.name, row.address, yes if row.is_ticked else no, sent if row.reason is None else out,
            words[row.reason] if row.reason else "",
        ]  # fmt: skip


def _page(campaign: Campaign) -> Response:
    query = _query()
    page, files, periods = abreast(
        lambda: selection.page(campaign, query), lambda: exclusions.of_campaign(campaign),
        lambda: exclusions.running(g.tenant.id),
    )  # fmt: skip
    is_draft = campaign.status == CampaignStatus.DRAFT and campaign.course not in BORROWING
    is_long = page.more or (bool(query.text or query.state) and selection.is_long(campaign))
    demanded = bool(context.effective_settings()["complete_recipients"])
    return hypermedia.page(
        "selection/index.html", "selection/_table.html", campaign=campaign, query=query, page=page,
        reasons=list(LeftOut),
        orders=ORDERS, edits=is_draft and may(P.CAMPAIGN_PLAN), counted=selection.COUNTED, N=LeftOut,
        demanded=demanded, lacking=audience.lacking_address(campaign) if demanded else 0,
        files=files, periods=periods, wrong={},
        **({"count": None, "left_out": {}} if is_long else _numbers(campaign)),
    )  # fmt: skip


def _numbers(campaign: Campaign) -> dict[str, Any]:
    count, left_out = audience.numbers(campaign)
    return {"count": count, "left_out": left_out}


def _query() -> selection.Query:
    asked = request.values
    order, state = asked.get("sort", "new"), asked.get("state", "")
    return selection.Query(
        asked.get("q", "").strip()[:100], state if state in STATES else "", order if order in ORDERS else "new",
        asked.get("after", "")[:400],
    )  # fmt: skip


def _ids(name: str) -> list[int]:
    return [int(i) for i in request.form.getlist(name)[:MOST_SHOWN] if i.isdecimal() and len(i) < 18]
