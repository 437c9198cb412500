"""From approved to sending: what is due starts by itself, what was not approved does not."""

from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from dispatcher.worker import Deliver
from domain import clock
from domain.approvals.models import Approval, ApprovalState
from domain.campaigns import lifecycle, order
from domain.campaigns.models import Campaign, CampaignStatus
from domain.campaigns.planning import KIND
from domain.ledger.models import Delivery, DeliveryPayload
from domain.notices.models import Notice
from domain.subscribers.models import Consent, Subscription
from domain.tenancy.models import Tenant
from tests.dispatcher.mailing import EngineSettings, mailing, tenant
from tests.dispatcher.sinks import Sink
from tests.dispatcher.test_deliver import QUICK, finished, until


@pytest.fixture
def planned(database):
    """A scheduled campaign to 30 people of its type, 3 of them unsubscribed, nothing in the ledger yet."""
    campaign = mailing(tenant(), 30, status=CampaignStatus.SCHEDULED, fingerprint="f", audience={"all": True})
    Delivery.delete().execute()
    DeliveryPayload.delete().execute()
    Subscription.update(consent=Consent.REVOKED).where(Subscription.subscriber_id <= 3).execute()
    return campaign


def approve(campaign, fingerprint="f"):
    Approval.create(
        tenant_id=campaign.tenant_id, kind=KIND, object_id=campaign.id, fingerprint=fingerprint,
        state=ApprovalState.APPROVED, asked_by_id=1,
    )  # fmt: skip


@contextmanager
def sending(tmp_path, database_url, sink):
    engine = Deliver(EngineSettings(tmp_path, database_url, f"smtp://127.0.0.1:{sink.port}"), QUICK)
    engine.start()
    try:
        yield engine
    finally:
        engine.stop(20)


def test_approved_campaign_goes_out_by_itself_to_its_audience(planned, database, tmp_path):
    approve(planned)
    with Sink().running() as sink, sending(tmp_path, database, sink):
        until(finished(planned))
    assert Counter(to for to, _ in sink.accepted) == {f"p{n}@x.example": 1 for n in range(4, 31)}
    assert Notice.select().where(Notice.user_id == planned.created_by_id).count() == 1


def test_campaign_waits_for_its_time(planned, database, tmp_path):
    approve(planned)
    Campaign.update(send_at=clock.now() + timedelta(hours=1)).execute()
    with Sink().running() as sink, sending(tmp_path, database, sink):
        other = mailing(tenant("other"), 3, first=1001)
        until(finished(other))
        assert Campaign.get_by_id(planned.id).status == CampaignStatus.SCHEDULED
        Campaign.update(send_at=clock.now()).where(Campaign.id == planned.id).execute()
        until(finished(planned))


def test_a_mailing_that_is_a_day_late_waits_for_a_person(planned, database, tmp_path):
    """The machine stood still over its date, or is an old copy: nobody gets yesterday's news without a word."""
    approve(planned)
    Campaign.update(
        send_at=clock.now() - timedelta(hours=25), due_at=clock.now() - timedelta(hours=25)
    ).execute()
    with Sink().running() as sink, sending(tmp_path, database, sink):
        until(lambda: Campaign.get_by_id(planned.id).status == CampaignStatus.STOPPED)
        campaign = Campaign.get_by_id(planned.id)
        assert (campaign.wait_reason, campaign.wait_params) == (order.OVERDUE, {"hours": 24})
        assert not sink.accepted and not Delivery.select().exists()
        lifecycle.resume(campaign, planned.created_by_id)
        until(finished(planned))
    assert len(sink.accepted) == 27


def test_within_the_quiet_hours_a_mailing_waits_until_they_end(planned, database, tmp_path):
    approve(planned)
    now = clock.now().astimezone(ZoneInfo("Europe/Berlin"))
    hours = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=2):%H:%M}"
    Tenant.update(settings={"quiet_hours": hours, "time_zone": "Europe/Berlin"}).execute()
    with Sink().running() as sink, sending(tmp_path, database, sink):
        until(lambda: Campaign.get_by_id(planned.id).status == CampaignStatus.WAITING)
        campaign = Campaign.get_by_id(planned.id)
        assert campaign.wait_reason == order.QUIET
        assert abs(campaign.wait_until - (now + timedelta(hours=2))) < timedelta(minutes=2)
        assert not sink.accepted
        Tenant.update(settings={}).execute()
        Campaign.update(wait_until=clock.now()).execute()  # they are over
        until(finished(planned))
    assert len(sink.accepted) == 27


def test_what_was_not_approved_stops_with_its_reason(planned, database, tmp_path):
    approve(planned, fingerprint="another content")
    with Sink().running() as sink, sending(tmp_path, database, sink):
        until(lambda: Campaign.get_by_id(planned.id).status == CampaignStatus.STOPPED)
    assert not sink.accepted and "approved" in Campaign.get_by_id(planned.id).wait_reason


def test_snapshot_of_a_dead_process_is_finished_by_the_next(planned, database, tmp_path):
    approve(planned)
    Campaign.update(status=CampaignStatus.PREPARING, started_at=clock.now()).execute()
    with Sink().running() as sink, sending(tmp_path, database, sink):
        until(finished(planned))
    assert len(sink.accepted) == 27
