"""Mails of a campaign as numbers: small ones are counted for the page, large and ended ones in the background."""

import pytest

from dispatcher.jobs import tallies as job
from domain import clock
from domain.campaigns import tallies
from domain.campaigns.models import Campaign, CampaignStatus
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState, LeftOut
from tests import mailings
from tests.world import World

D = DeliveryState


@pytest.fixture
def campaign(world: World) -> Campaign:
    """Two mails are sent, one waits, one person was left out."""
    made = mailings.draft(world, mailings.issue(world))
    made.status, made.started_at = CampaignStatus.SENDING, clock.now()
    made.save()
    for number, state in enumerate((D.SENT, D.SENT, D.QUEUED, D.SUPPRESSED)):
        Delivery.create(
            tenant_id=made.tenant_id, campaign_id=made.id, address_key=f"p{number}", state=state, queued_at=1,
            reason=LeftOut.LOCKED if state == D.SUPPRESSED else None,
        )  # fmt: skip
    return made


def shown(campaign: Campaign) -> tallies.Tally:
    again = Campaign.get_by_id(campaign.id)
    return tallies.shown(again.tenant_id, [again])[again.id]


def test_a_small_mailing_is_counted_as_it_is_now(campaign: Campaign) -> None:
    job.sweep()
    Delivery.update(state=D.SENT).where(Delivery.state == D.QUEUED).execute()
    found = shown(campaign)
    assert (found.sent, found.total, found.at, found.more) == (3, 3, None, False)


def test_a_large_one_shows_what_was_counted_in_the_background(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "LIVE", 2)
    assert shown(campaign).more
    job.sweep()
    found = shown(campaign)
    assert (found.sent, found.total, found.more) == (2, 3, False) and found.at is not None


def test_after_the_end_the_numbers_are_counted_once_more_and_stand(campaign: Campaign) -> None:
    job.sweep()
    Delivery.update(state=D.SENT).where(Delivery.state == D.QUEUED).execute()
    ended = clock.moment(clock.epoch() - 1)
    Campaign.update(status=CampaignStatus.FINISHED, finished_at=ended, tallied_at=ended).execute()
    assert [due.id for due in tallies.due()] == [campaign.id]
    job.sweep()
    assert tallies.is_final(Campaign.get_by_id(campaign.id)) and not tallies.due()
    Delivery.delete().execute()  # as retention does
    found = shown(campaign)
    assert (found.sent, found.total, found.at) == (3, 3, None)


def test_of_nobody_else_anything_is_counted(campaign: Campaign, world: World) -> None:
    other = Delivery.create(
        tenant_id=world.south.id, campaign_id=campaign.id, address_key="x", state=D.SENT, queued_at=1
    )
    assert shown(campaign).sent == 2 and other.id
