"""Mails by outcome for many campaigns at once, also of several tenants: one query, numbers only."""

from collections.abc import Iterable

from peewee import fn

from domain.campaigns.models import Campaign
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState

Counts = dict[DeliveryState, int]


def of(campaigns: Iterable[Campaign]) -> dict[int, Counts]:
    """Campaign id → state → number of its deliveries; campaigns that have not begun have none."""
    begun = [campaign for campaign in campaigns if campaign.started_at]
    if not begun:
        return {}
    found: dict[int, Counts] = {}
    rows = (
        Delivery.select(Delivery.campaign_id, Delivery.state, fn.COUNT(Delivery.id))
        .where(
            Delivery.tenant_id.in_({c.tenant_id for c in begun}), Delivery.campaign_id.in_({c.id for c in begun})
        )
        .group_by(Delivery.campaign_id, Delivery.state)
    )  # fmt: skip
    for campaign_id, state, count in rows.tuples():
        found.setdefault(campaign_id, {})[DeliveryState(state)] = count
    return found
