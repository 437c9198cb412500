"""Pause, resume and cancel are exact: acknowledged by every process, no mail twice, none left behind."""

import random
import time
from collections import Counter

import pytest

from dispatcher.engine.recorder import Pace
from dispatcher.worker import Deliver
from domain import clock
from domain.accounts.models import Role
from domain.campaigns import lifecycle, planning
from domain.campaigns.models import CampaignStatus
from domain.ledger import halts, outbox
from domain.ledger.models import Delivery, DispatcherProcess, HaltAck
from domain.ledger.states import DeliveryState
from domain.quotas import ledger as quotas
from domain.quotas.models import VolumeCounter, Window
from tests.dispatcher.mailing import EngineSettings, mailing, tenant
from tests.dispatcher.sinks import Sink
from tests.dispatcher.test_deliver import finished, states, until
from tests.dispatcher.test_starting import approve

CONNECTIONS = 4
PACE = Pace(scan_s=0.2, beat_s=0.5, sweep_s=5, halt_s=0.05)


@pytest.fixture
def engines(database, tmp_path):
    """engines(port): another deliver engine; all stop at the end."""
    running = []

    def start(port):
        url = f"smtp://127.0.0.1:{port}?connections={CONNECTIONS}"
        engine = Deliver(EngineSettings(tmp_path, database, url), PACE)
        engine.start()
        running.append(engine)
        return engine

    yield start
    for engine in running:
        engine.stop(20)


def slow(seconds):
    """A server that takes its time over every message."""

    def answer(verb, line):
        if verb == "BODY":
            time.sleep(seconds)

    return answer


def fresh(campaign):
    return planning.get(campaign.tenant_id, campaign.id)


def acknowledged(campaign):
    return lambda: not halts.state(campaign.tenant_id, campaign.id).pending


def test_after_the_acknowledgement_at_most_one_mail_per_connection_leaves(engines):
    campaign = mailing(tenant(), 300)
    with Sink(slow(0.05)).running() as sink:
        engines(sink.port)
        until(lambda: len(sink.accepted) > 20)
        lifecycle.pause(fresh(campaign), 1)
        until(acknowledged(campaign), 5)
        before = len(sink.accepted)
        until(lambda: halts.state(campaign.tenant_id, campaign.id).departed is not None)
        state = halts.state(campaign.tenant_id, campaign.id)
        until(lambda: not states(campaign).get(DeliveryState.LEASED))
        assert len(sink.accepted) - before <= CONNECTIONS
        assert state.flying <= CONNECTIONS and state.departed <= state.flying
        assert states(campaign)[DeliveryState.SENT] == len(sink.accepted)
        assert fresh(campaign).status == CampaignStatus.PAUSED


def test_a_pause_is_pending_until_every_live_process_has_answered(database):
    campaign = mailing(tenant(), 1)
    now = clock.epoch()
    processes = [
        DispatcherProcess.create(
            name="deliver", host="h", boot_id="b", pid=n, journal="", started_at=now - 60, heartbeat_at=beat,
            stopped_at=stopped,
        )
        for n, (beat, stopped) in enumerate([(now, None), (now, None), (now - 300, None), (now, now)])
    ]  # fmt: skip
    assert halts.state(campaign.tenant_id, campaign.id) is None
    lifecycle.pause(campaign, 1)
    assert halts.state(campaign.tenant_id, campaign.id).pending
    for process in processes[:2]:
        assert halts.state(campaign.tenant_id, campaign.id).pending
        (waiting,) = halts.unanswered(process.id, 0)
        halts.answer(waiting.halt_id, process.id, 0)
        assert halts.unanswered(process.id, 0) == []
    state = halts.state(campaign.tenant_id, campaign.id)
    assert (state.pending, state.flying, state.departed) == (False, 0, 0)
    DispatcherProcess.create(
        name="deliver", host="h", boot_id="b", pid=9, journal="", started_at=now + 5, heartbeat_at=now + 5
    )
    assert not halts.state(campaign.tenant_id, campaign.id).pending  # it has never had the campaign


def test_both_of_two_processes_answer(engines):
    campaign = mailing(tenant(), 200)
    with Sink(slow(0.05)).running() as sink:
        engines(sink.port), engines(sink.port)
        until(lambda: len(sink.accepted) > 20)
        lifecycle.pause(fresh(campaign), 1)
        until(acknowledged(campaign), 5)
        assert HaltAck.select().count() == 2
        before = len(sink.accepted)
        until(lambda: not states(campaign).get(DeliveryState.LEASED))
        assert len(sink.accepted) - before <= 2 * CONNECTIONS


def test_a_hundred_pauses_at_random_make_no_duplicate_and_lose_nobody(engines):
    campaign = mailing(tenant(), 1500, fingerprint="f", snapshot_at=clock.now())
    approve(campaign)
    dice = random.Random(7)
    with Sink(slow(0.004)).running() as sink:
        engines(sink.port)
        for _ in range(100):
            time.sleep(dice.uniform(0, 0.04))
            lifecycle.pause(fresh(campaign), 1)
            time.sleep(dice.uniform(0, 0.04))
            lifecycle.resume(fresh(campaign), 1)
        until(finished(campaign), 60)
    assert set(Counter(to for to, _ in sink.accepted).values()) == {1}
    assert states(campaign) == {DeliveryState.SENT: 1500} and len(sink.accepted) == 1500


def test_a_cancelled_campaign_leaves_nothing_open_and_gives_back_what_it_held(engines):
    role = Role.create(name="Sender").id
    quotas.set_limits(role, {Window.DAY: 10_000})
    campaign = mailing(tenant(), 300, role_id=role)
    with Sink(slow(0.05)).running() as sink:
        engines(sink.port)
        until(lambda: len(sink.accepted) > 10)
        lifecycle.cancel(fresh(campaign), 1)
        until(acknowledged(campaign), 5)
        before = len(sink.accepted)
        until(lambda: fresh(campaign).closed_at)
        assert len(sink.accepted) - before <= CONNECTIONS
    found = states(campaign)
    assert set(found) == {DeliveryState.SENT, DeliveryState.CANCELLED} and sum(found.values()) == 300
    assert found[DeliveryState.SENT] == len(sink.accepted)
    assert VolumeCounter.get(VolumeCounter.window == Window.DAY).used == len(sink.accepted)


def test_who_may_have_got_a_cancelled_mail_is_not_called_not_sent(database):
    campaign = mailing(tenant(), 3)
    first, second = Delivery.select().limit(2)
    Delivery.update(state=DeliveryState.UNCERTAIN, handed_over=True).where(Delivery.id == first.id).execute()
    Delivery.update(state=DeliveryState.DEFERRED, handed_over=True).where(Delivery.id == second.id).execute()
    lifecycle.cancel(campaign, 1)
    assert states(campaign) == {DeliveryState.HELD: 2, DeliveryState.CANCELLED: 1}
    assert not outbox.is_open(campaign.tenant_id, campaign.id)
