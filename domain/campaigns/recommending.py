"""Recommendations of readers: at most three of one mail, three a day to one address, none to a suppressed one."""

from datetime import timedelta

from domain import clock
from domain.db import database
from domain.ledger import events
from domain.ledger.models import DeliveryEvent
from domain.notices.models import OutboxMail
from domain.subscribers import suppression
from domain.subscribers.addresses import Address

KIND = "recommended"
MOST_PER_MAIL = 3
MOST_PER_DAY = 3


def allow(tenant_id: int, delivery_id: int, colleague: Address) -> bool:
    """Whether one more recommendation may be written."""
    if suppression.is_suppressed(tenant_id, colleague.key):
        return False
    told = DeliveryEvent.select().where(
        DeliveryEvent.tenant_id == tenant_id,
        DeliveryEvent.delivery_id == delivery_id,
        DeliveryEvent.kind == KIND,
    )
    today = OutboxMail.select().where(
        OutboxMail.tenant_id == tenant_id, OutboxMail.kind == "forward",
        OutboxMail.to_address == colleague.written, OutboxMail.created_at > clock.now() - timedelta(days=1),
    )  # fmt: skip
    return told.count() < MOST_PER_MAIL and today.count() < MOST_PER_DAY


def note(tenant_id: int, delivery_id: int, campaign_id: int) -> None:
    """Count a recommendation, without saying to whom."""
    with database.atomic():
        events.note(tenant_id, delivery_id, campaign_id, KIND)
