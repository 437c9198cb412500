"""What came back after the hand-over: one row per event of a delivery."""

from domain import clock
from domain.ledger.models import DeliveryEvent


def note(tenant_id: int, delivery_id: int, campaign_id: int, kind: str, detail: str = "") -> DeliveryEvent:
    """Append an event (bounced, complained, opened, clicked, unsubscribed)."""
    return DeliveryEvent.create(
        tenant_id=tenant_id, delivery_id=delivery_id, campaign_id=campaign_id, kind=kind, detail=detail[:300],
        at=clock.epoch(),
    )  # fmt: skip


def explain(tenant_id: int, delivery_id: int, kind: str, detail: str) -> bool:
    """Add the reason that was given afterwards to the latest event of its kind; False if there is none."""
    row = (
        DeliveryEvent.select()
        .where(
            DeliveryEvent.tenant_id == tenant_id,
            DeliveryEvent.delivery_id == delivery_id,
            DeliveryEvent.kind == kind,
        )
        .order_by(DeliveryEvent.id.desc())
        .first()
    )
    if row is None:
        return False
    row.detail = detail[:300]
    row.save()
    return True
