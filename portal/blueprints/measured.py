"""What a mailing has led to: openings and clicks, links, and who it was where that may be seen."""

from typing import Any

from flask import Blueprint, Response, g, request
from flask_babel import gettext as _

from domain.accounts.permissions import Permission as P
from domain.campaigns import measured, planning
from domain.campaigns.models import Campaign
from domain.tenancy.measuring import Measuring
from portal import downloads, hypermedia
from portal.access import may, requires

bp = Blueprint("measured", __name__)


@bp.get("/campaigns/<int:campaign_id>/measured")
@requires(P.CAMPAIGN_SEE)
def show(campaign_id: int) -> Response:
    """The report; by htmx only its figures, for the page of the mailing."""
    campaign = planning.get(g.tenant.id, campaign_id)
    report = measured.report(g.tenant, campaign)
    values: dict[str, Any] = {"campaign": campaign, "report": report, "fewest": measured.FEWEST}
    if hypermedia.wants_fragment():
        return hypermedia.fragment("measured/_figures.html", **values)
    return hypermedia.page("measured/show.html", **values, **_readers(campaign, report))


@bp.get("/campaigns/<int:campaign_id>/measured/links")
@requires(P.CAMPAIGN_SEE)
def links(campaign_id: int) -> Response:
    """The links with their numbers as a file; it names nobody."""
    campaign = planning.get(g.tenant.id, campaign_id)
    report = measured.report(g.tenant, campaign)
    named = report.mode == Measuring.PEOPLE
    head = [_("Link"), _("Address"), _("Clicks"), *([_("People")] if named else [])]
    rows = [
        [link.words, link.url, link.count.times, *([link.count.people or 0] if named else [])]
        for link in report.links
    ]
    return downloads.table(head, rows, f"links-{campaign.id}", request.args.get("as", ""), lambda: len(rows))


def _readers(campaign: Campaign, report: measured.Measured) -> dict[str, Any]:
    """Who it was: only where it is counted per person, and for people who may see personal data."""
    number = request.args.get("link", type=int)
    chosen = next((link for link in report.links if link.number == number), None)
    values: dict[str, Any] = {"chosen": chosen, "readers": [], "next_id": None, "after": 0, "named": False}
    if report.mode != Measuring.PEOPLE or not may(P.SUBSCRIBER_SEE):
        return values
    after = request.args.get("after", 0, int)
    found, next_id = measured.readers(campaign, chosen.number if chosen else None, after)
    return {**values, "readers": found, "next_id": next_id, "after": after, "named": True}
