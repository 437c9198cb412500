"""How far a mailing has come, as its page shows it: again every two seconds until all is over."""

from typing import Any

from flask import g
from flask_babel import get_timezone

from domain import bounds
from domain.accounts import policy
from domain.approvals import flow
from domain.campaigns import adding, audience, doubtful, figures, lifecycle, optin
from domain.campaigns.models import Campaign, CampaignStatus
from domain.db import abreast
from domain.ledger import halts
from domain.ledger.states import DeliveryState
from portal import sending, territories

OVER = (CampaignStatus.FINISHED, CampaignStatus.CANCELLED)
HALTED = (CampaignStatus.PAUSED, CampaignStatus.CANCELLED)


def of(campaign: Campaign) -> dict[str, Any]:
    found, halt, approval, doubts, held_to, ahead, answers = abreast(
        lambda: figures.of(campaign),
        lambda: halts.state(g.tenant.id, campaign.id),
        lambda: flow.get(g.tenant.id, campaign.approval_id) if campaign.approval_id else None,
        lambda: doubtful.count(campaign),
        lambda: territories.held_to(campaign),
        lambda: _ahead(campaign),
        lambda: optin.outcome(campaign) if optin.is_one(campaign) and campaign.started_at else {},
    )
    settled = halt is None or not (halt.pending or halt.departed is None)
    people = [campaign.started_by_id, campaign.created_by_id, approval.decided_by_id if approval else None]
    names, may_go_on = abreast(lambda: policy.names(people), lambda: lifecycle.may_resume(campaign))
    return {
        "campaign": campaign, "progress": found.progress, "approval": approval, "names": names,
        "bars": sending.segments(found.progress), "chart": sending.columns(found.chart), "counted": found,
        "left_out": found.left_out, "D": DeliveryState,
        "over": (campaign.status in OVER and settled and not (found.more or found.at)) or adding.rests(campaign),
        "halt": halt if campaign.status in HALTED else None, "doubts": doubts,
        "may_go_on": may_go_on, "refused": found.refused,
        "held_to": held_to, "beyond": not bounds.covers(campaign.territory_ids),
        "ahead": ahead, "answers": answers,
        "left": sending.time_left(found.progress.left_s), "zone": get_timezone(),
    }  # fmt: skip


def _ahead(campaign: Campaign) -> int | None:
    """Who would get a mailing that has not begun; None: too many to count for a page that looks again and again."""
    if campaign.started_at:
        return 0
    return None if audience.is_large(g.tenant.id) else audience.numbers(campaign)[0]
