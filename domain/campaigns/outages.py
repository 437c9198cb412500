"""Mailings that wait because no mail server takes their mails now."""

from datetime import datetime

from domain import clock
from domain.campaigns.models import Campaign, CampaignStatus
from domain.db import unscoped
from domain.errors import N_

REASON = N_("The mail server “%(relay)s” does not take mails: %(reason)s")
HOURLY = N_("The mail server “%(relay)s” takes %(limit)s mails per hour; they are used up.")


def for_relay(campaign: Campaign, message: str, params: dict[str, object], until: datetime) -> bool:
    """Let a sending mailing wait, with the reason that its page shows; False if its status was another one."""
    changed = Campaign.update(
        status=CampaignStatus.WAITING, wait_reason=message[:200], wait_params=params, wait_until=until
    ).where(
        Campaign.tenant_id == campaign.tenant_id, Campaign.id == campaign.id,
        Campaign.status == CampaignStatus.SENDING,
    )  # fmt: skip
    return changed.execute() == 1


@unscoped("a mail server may serve all tenants; only moments change")
def relay_is_back() -> int:
    """Let all mailings look again that wait for a mail server, over all tenants: a server may serve several.
    Returns how many."""
    changed = Campaign.update(wait_until=clock.now()).where(
        Campaign.status == CampaignStatus.WAITING, Campaign.wait_reason == REASON
    )
    return changed.execute()
