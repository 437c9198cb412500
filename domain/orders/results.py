"""What became of released orders, and telling it to those who asked."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.campaigns import planning, tallies
from domain.campaigns.models import Campaign, CampaignStatus
from domain.db import database, unscoped
from domain.errors import N_
from domain.ledger.states import DeliveryState
from domain.notices import bell
from domain.orders import listing
from domain.orders.models import MailingOrder, OrderState, OrderStep

S = OrderState


@dataclass(frozen=True)
class Result:
    """What became of a released order: state of its mailing, and mails by outcome."""

    status: CampaignStatus
    counts: dict[DeliveryState, int]

    @property
    def sent(self) -> int:
        return self.counts.get(DeliveryState.SENT, 0)

    @property
    def left_out(self) -> int:
        return self.counts.get(DeliveryState.SUPPRESSED, 0)

    @property
    def refused(self) -> int:
        return self.counts.get(DeliveryState.FAILED, 0) + self.counts.get(DeliveryState.EXPIRED, 0)

    @property
    def total(self) -> int:
        return sum(self.counts.values()) - self.left_out


def results(orders: Iterable[MailingOrder]) -> dict[int, Result]:
    """Order id → what became of its mailing, in two queries for all."""
    rows = [order for order in orders if order.campaign_id]
    if not rows:
        return {}
    tenant_id = rows[0].tenant_id
    campaigns = planning.many(tenant_id, [order.campaign_id for order in rows])
    counted = tallies.of(campaigns.values())
    return {
        order.id: Result(
            CampaignStatus(campaigns[order.campaign_id].status), counted.get(order.campaign_id, {})
        )
        for order in rows
        if order.campaign_id in campaigns
    }


@unscoped("one sweep serves all tenants")
def tell_results() -> int:
    """Tell the askers of mailings that are out by now; returns how many."""
    query = (
        MailingOrder.select()
        .join(
            Campaign,
            on=(Campaign.tenant_id == MailingOrder.tenant_id) & (Campaign.id == MailingOrder.campaign_id),
        )
        .where(MailingOrder.state == S.RELEASED, ~MailingOrder.result_told, Campaign.sent_at.is_null(False))
    )
    return sum(_tell_result(order) for order in list(query.limit(200)))


def _tell_result(order: MailingOrder) -> bool:
    with database.atomic():
        mine = (MailingOrder.tenant_id == order.tenant_id, MailingOrder.id == order.id)
        if not MailingOrder.update(result_told=True).where(*mine, ~MailingOrder.result_told).execute():
            return False
        found = results([order])[order.id]
        OrderStep.create(tenant_id=order.tenant_id, order_id=order.id, act="sent")
        bell.tell(
            order.tenant_id, [order.asked_by_id],
            N_("Your order “%(title)s” is out: %(sent)s mails sent, %(left_out)s people left out."),
            {"title": order.title, "sent": found.sent, "left_out": found.left_out, "refused": found.refused},
            listing.url(order), letter="order_result",
        )  # fmt: skip
    return True
