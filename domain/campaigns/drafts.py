"""A mailing that is changed must be a draft, and stay one until the change is written."""

from domain.campaigns.models import Campaign, CampaignStatus
from domain.errors import N_, Conflict


def hold(campaign: Campaign) -> None:
    """Hold the row in the caller's transaction, so that nobody asks for approval between the look and the change;
    raises Conflict once the mailing is no draft any more."""
    held = (
        Campaign.update(status=CampaignStatus.DRAFT)
        .where(
            Campaign.tenant_id == campaign.tenant_id, Campaign.id == campaign.id,
            Campaign.status == CampaignStatus.DRAFT,
        )
        .execute()
    )  # fmt: skip
    if not held:
        raise Conflict(N_("This mailing is in approval or on its way and can no longer be changed."))
