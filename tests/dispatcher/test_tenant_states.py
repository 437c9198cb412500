"""What the state of a tenant means for its mailings: suspended ones and test tenants send nothing, from the next claim
on; a tenant without sign-in goes on."""

import pytest

from dispatcher.engine import starting
from domain import clock
from domain.campaigns.models import Campaign, CampaignStatus
from domain.tenancy.models import Tenant, TenantStatus
from tests import mailings
from tests import world as worlds

ACTIVE, CLOSED = TenantStatus.ACTIVE, TenantStatus.NO_SIGN_IN


@pytest.mark.parametrize(
    ("status", "is_test", "sends"),
    [
        (ACTIVE, False, True), (CLOSED, False, True), (TenantStatus.NO_SENDING, False, False),
        (TenantStatus.BLOCKED, False, False), (ACTIVE, True, False),
    ],
)  # fmt: skip
def test_a_state_stops_mailings_before_and_while_they_run(
    database: str, status: TenantStatus, is_test: bool, sends: bool
) -> None:
    world = worlds.build()
    campaign = mailings.draft(world, mailings.issue(world))
    Campaign.update(status=CampaignStatus.SENDING, revision_id=7, started_at=clock.now()).where(
        Campaign.tenant_id == world.north.id
    ).execute()
    campaign = Campaign.get_by_id(campaign.id)
    assert [c.id for c in starting.sending()] == [campaign.id]
    terms = starting.terms(campaign)
    assert terms.running()
    Tenant.update(status=status, is_test=is_test).where(Tenant.id == world.north.id).execute()
    assert bool(starting.sending()) is sends
    assert terms.running() is sends
