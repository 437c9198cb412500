"""Mails that wait: addresses they go to that are no longer the person's own, so that a new rule reaches them too."""

from domain.campaigns.models import Campaign, CampaignStatus
from domain.db import database, sql
from domain.ledger.states import OPEN

MOST = 100_000
_OVER = (CampaignStatus.FINISHED, CampaignStatus.CANCELLED, CampaignStatus.DRAFT)


def other_addresses(tenant_id: int) -> list[str]:
    """Address keys of open deliveries whose person has another address by now, or is gone."""
    found: list[str] = []
    running = Campaign.select(Campaign.id).where(
        Campaign.tenant_id == tenant_id, Campaign.status.not_in(_OVER)
    )
    for (campaign_id,) in running.tuples():
        for state in OPEN:
            rows = database.execute_sql(
                sql(
                    """SELECT d.address_key FROM delivery d
                    LEFT JOIN subscriber s ON s.id = d.subscriber_id AND s.tenant_id = d.tenant_id
                    WHERE d.tenant_id = ? AND d.campaign_id = ? AND d.state = ?
                    AND (s.address_key IS NULL OR s.address_key <> d.address_key) LIMIT ?"""
                ),
                [tenant_id, campaign_id, int(state), MOST],
            ).fetchall()
            found += [row[0] for row in rows]
    return found
