"""Which mailings a person got, for the record page."""

from dataclasses import dataclass
from datetime import datetime

from domain import clock
from domain.campaigns.models import Campaign
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState, LeftOut


@dataclass(frozen=True)
class Received:
    """One mailing as this person's record shows it."""

    campaign_id: int
    name: str
    state: DeliveryState
    reason: LeftOut | None
    at: datetime


def by_person(tenant_id: int, subscriber_id: int, limit: int = 50) -> list[Received]:
    """The newest mailings meant for a person, also those he was left out of."""
    rows = (
        Delivery.select(
            Delivery.campaign_id, Campaign.name, Delivery.state, Delivery.reason, Delivery.settled_at,
            Delivery.queued_at,
        )
        .join(Campaign, on=((Campaign.id == Delivery.campaign_id) & (Campaign.tenant_id == Delivery.tenant_id)))
        .where(Delivery.tenant_id == tenant_id, Delivery.subscriber_id == subscriber_id)
        .order_by(Delivery.id.desc())
        .limit(limit)
        .tuples()
    )  # fmt: skip
    return [
        Received(
            campaign_id, name, DeliveryState(state), LeftOut(reason) if reason else None,
            clock.moment(settled_at or queued_at),
        )
        for campaign_id, name, state, reason, settled_at, queued_at in rows
    ]  # fmt: skip
