"""What waits to be sent: per mailing, for the pages of the dispatcher."""

from dataclasses import dataclass
from datetime import datetime

from domain import clock
from domain.campaigns import adding
from domain.campaigns.models import Campaign, CampaignStatus, Course
from domain.db import abreast, database, sql, unscoped
from domain.ledger.states import DeliveryState as D
from domain.notices.models import MailState, OutboxMail

UNDER_WAY = (CampaignStatus.PREPARING, CampaignStatus.SENDING, CampaignStatus.WAITING, CampaignStatus.PAUSED)


@dataclass(frozen=True)
class Queue:
    """A mailing with the numbers of its open mails; `oldest_at`: since when the first of them waits."""

    campaign: Campaign
    queued: int
    leased: int
    deferred: int
    oldest_at: datetime | None

    @property
    def waiting(self) -> int:
        return self.queued + self.leased + self.deferred


@unscoped("the house sees how much waits, not what")
def busy_tenants() -> list[int]:
    """Ids of tenants whose mailings are under way."""
    rows = Campaign.select(Campaign.tenant_id).where(Campaign.status.in_(UNDER_WAY)).distinct()
    return sorted(tenant_id for (tenant_id,) in rows.tuples())


def of_tenant(tenant_id: int) -> list[Queue]:
    """The mailings of a tenant that are under way, the oldest first."""
    rests = (Campaign.course == Course.SERIES) & (Campaign.wait_reason == adding.RESTS)
    rows = Campaign.select().where(Campaign.tenant_id == tenant_id, Campaign.status.in_(UNDER_WAY), ~rests)
    return [_queue(campaign) for campaign in rows.order_by(Campaign.started_at, Campaign.id)]


def _queue(campaign: Campaign) -> Queue:
    counts = {
        state: database.execute_sql(
            sql("SELECT count(*) FROM delivery WHERE tenant_id = ? AND campaign_id = ? AND state = ?"),
            (campaign.tenant_id, campaign.id, int(state)),
        ).fetchone()[0]
        for state in (D.QUEUED, D.LEASED, D.DEFERRED)
    }
    oldest = None
    for state in (D.QUEUED, D.LEASED, D.DEFERRED):
        found = database.execute_sql(
            sql(
                "SELECT queued_at FROM delivery WHERE tenant_id = ? AND campaign_id = ? AND state = ? "
                "ORDER BY next_at, id LIMIT 1"
            ),
            (campaign.tenant_id, campaign.id, int(state)),
        ).fetchone()
        if found and (oldest is None or found[0] < oldest):
            oldest = found[0]
    return Queue(
        campaign, counts[D.QUEUED], counts[D.LEASED], counts[D.DEFERRED],
        clock.moment(oldest) if oldest is not None else None,
    )  # fmt: skip


def system_mails() -> tuple[int, datetime | None]:
    """(how many mails of the house itself wait, since when the first of them)."""
    waiting = OutboxMail.select().where(OutboxMail.state == MailState.QUEUED)
    first, count = abreast(lambda: waiting.order_by(OutboxMail.id).first(), waiting.count)
    return count, first.created_at if first is not None else None
