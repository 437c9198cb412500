"""The deliver process over real sockets: what arrives, what the ledger says, what happens when servers misbehave."""

import email
import email.policy
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from dispatcher.engine import recorder, starting
from dispatcher.engine.journal import Journal
from dispatcher.engine.pipeline import Run
from dispatcher.engine.pump import Pump
from dispatcher.engine.recorder import Pace
from dispatcher.message.compose import compile_message
from dispatcher.transport.protocol import Relay
from dispatcher.worker import Deliver
from domain.accounts.models import Role
from domain.campaigns.models import Campaign, CampaignStatus
from domain.ledger import outbox
from domain.ledger.models import Delivery, DeliveryPayload
from domain.ledger.rows import Row
from domain.ledger.states import DeliveryState
from domain.notices import outbox as system_mails
from domain.notices.models import MailState, OutboxMail
from domain.quotas import ledger as quotas
from domain.quotas.models import Window
from domain.subscribers.models import Consent, Subscriber, Subscription, Suppression
from tests.dispatcher.mailing import DATE, SOURCE, EngineSettings, add, mailing, tenant
from tests.dispatcher.sinks import Sink, closed_port

QUICK = Pace(scan_s=0.1, beat_s=0.5, sweep_s=0.3)


@pytest.fixture
def sending(database, tmp_path):
    """Run a deliver engine against a port while the block lasts."""

    @contextmanager
    def run(port, connections=4, pace=QUICK):
        url = f"smtp://127.0.0.1:{port}?connections={connections}"
        engine = Deliver(EngineSettings(tmp_path, database, url), pace)
        engine.start()
        try:
            yield engine
        finally:
            engine.stop(20)

    return run


def until(condition, seconds=20):
    """Wait for something that other threads bring about."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return value


def finished(campaign):
    return lambda: Campaign.get_by_id(campaign.id).status == CampaignStatus.FINISHED


def states(campaign):
    return {state: n for state, n in outbox.counts(campaign.tenant_id, campaign.id).items() if n}


def test_everybody_gets_exactly_the_own_mail_and_the_ledger_says_so(sending):
    campaign = mailing(tenant(), 500)
    with Sink().running() as sink, sending(sink.port):
        until(finished(campaign))
    assert states(campaign) == {DeliveryState.SENT: 500}
    assert Counter(to for to, _ in sink.accepted) == {f"p{n}@x.example": 1 for n in range(1, 501)}
    assert sink.connections <= 4
    seen = set()
    for to, raw in sink.accepted:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert not message.defects
        number = to[1:].split("@")[0]
        assert message["To"].addresses[0].addr_spec == to
        assert message["To"].addresses[0].display_name == f"Änne {number}"
        assert message["Subject"] == f"Neues für Änne {number}"
        assert f"Hallo Änne {number}" in message.get_body(("plain",)).get_content()
        assert f"<p>Hallo Änne {number},</p>" in message.get_body(("html",)).get_content()
        seen.add(message["Message-ID"])
    assert len(seen) == 500
    row = Delivery.get(Delivery.address_key == "p7@x.example")
    assert (row.reply_code, row.enhanced, row.attempt, row.handed_over) == (250, "2.0.0", 1, True)
    ended = Campaign.get_by_id(campaign.id)
    assert ended.sent_at and ended.finished_at


def test_many_who_may_not_be_mailed_hold_up_nobody(sending):
    campaign = mailing(tenant(), 70)
    left = Subscriber.select(Subscriber.id).where(
        Subscriber.address_key << [f"p{n}@x.example" for n in range(1, 66)]
    )
    Subscription.update(consent=Consent.REVOKED).where(Subscription.subscriber_id << left).execute()
    rare = Pace(scan_s=120, beat_s=0.5, sweep_s=120, batch_max=10)  # nothing happens unless it is asked for
    with Sink().running() as sink, sending(sink.port, pace=rare):
        until(finished(campaign))
    assert states(campaign) == {DeliveryState.SENT: 5, DeliveryState.SUPPRESSED: 65}


def test_what_comes_in_while_the_pump_waits_leaves_at_once(tmp_path):
    class Patient(Pump):
        def _patience(self):
            return 120.0

    settled = []
    recorder = SimpleNamespace(record=settled.extend, record_system=lambda *_: None, ask=lambda _: None)
    pump = Patient(Journal(tmp_path / "journal", 1), recorder)
    thread = threading.Thread(target=pump.run)
    compiled = compile_message(SOURCE, date=DATE, boundary_seed=b"test")
    run = Run(tenant_id=1, campaign_id=1, revision_id=1, owner_id=1, compiled=compiled, sign=str)
    rows = [Row(n, 1, f"p{n}@x.example", {"Vorname": "Änne"}, 0, False) for n in range(1, 4)]
    with Sink().running() as sink:
        pool = pump.open_pool(Relay("127.0.0.1", sink.port, security="off", max_connections=2))
        pump.start(pool, run)
        thread.start()
        pump.feed(run, rows, pump.loop.clock() + 60)
        until(lambda: len(settled) == 3)
        pump.stop()
        thread.join(20)
    assert len(sink.accepted) == 3 and pump.finished


def test_server_without_pipelining_gets_everything_too(sending):
    campaign = mailing(tenant(), 40)
    with Sink(ehlo=b"250 old\r\n").running() as sink, sending(sink.port):
        until(finished(campaign))
    assert len(sink.accepted) == 40


def test_refusals_are_told_apart_and_concern_only_their_recipient(sending):
    def answer(verb, line):
        if verb == "RCPT" and b"<p3@" in line:
            return b"550 5.1.1 no such user\r\n"
        if verb == "RCPT" and b"<p4@" in line:
            return b"450 4.2.0 greylisted\r\n"
        if verb == "BODY" and line.startswith(b"p5@"):
            return b"552 5.2.2 mailbox full\r\n"
        return None

    campaign = mailing(tenant(), 30)
    with Sink(answer).running() as sink, sending(sink.port):
        until(lambda: Campaign.get_by_id(campaign.id).sent_at)
    assert states(campaign) == {DeliveryState.SENT: 27, DeliveryState.DEFERRED: 1, DeliveryState.FAILED: 2}
    refused = Delivery.get(Delivery.address_key == "p3@x.example")
    assert (refused.reply_code, refused.enhanced, refused.reply_text) == (550, "5.1.1", "5.1.1 no such user")
    later = Delivery.get(Delivery.address_key == "p4@x.example")
    assert 200 <= later.next_at - time.time() <= 400
    assert (
        Campaign.get_by_id(campaign.id).status == CampaignStatus.SENDING
    )  # one is deferred, so it stays open


def test_while_a_server_is_down_everybody_waits_and_nothing_is_counted(sending):
    """Nobody was refused: the mailing is not out, and a refusal later on begins with the shortest delay."""
    campaign = mailing(tenant(), 20)
    with sending(closed_port()):
        until(lambda: Delivery.select().where(Delivery.returned > 0).count() == 20)
    assert states(campaign) == {DeliveryState.QUEUED: 20}
    row = Delivery.get(Delivery.campaign_id == campaign.id)
    assert row.returned == row.attempt and row.settled_at is None
    assert Campaign.get_by_id(campaign.id).sent_at is None


def test_server_that_comes_back_gets_what_has_waited(sending):
    campaign = mailing(tenant(), 20)
    port = closed_port()
    with sending(port):
        until(lambda: Delivery.select().where(Delivery.returned > 0).exists())
        sink = Sink()
        sink.port = port
        with sink.running():
            until(finished(campaign), 40)
    assert len(sink.accepted) == 20 and states(campaign) == {DeliveryState.SENT: 20}


def test_421_pauses_the_relay_and_loses_nobody(sending):
    said = []

    def answer(verb, line):
        if verb == "MAIL" and len(said) < 2:
            said.append(line)
            return b"421 4.7.0 come back later\r\n"
        return None

    campaign = mailing(tenant(), 30)
    with Sink(answer).running() as sink, sending(sink.port):
        until(lambda: Campaign.get_by_id(campaign.id).sent_at, 40)
    got = states(campaign)
    assert set(got) <= {DeliveryState.SENT, DeliveryState.DEFERRED} and sum(got.values()) == 30
    assert got.get(DeliveryState.DEFERRED, 0) <= 2, "only who was on the line when the server gave up is late"


@pytest.mark.parametrize("number", [1, 9])  # p1 is the first mail of its connection
def test_connection_dropped_behind_the_dot_is_uncertain_and_waits(sending, number):
    def answer(verb, line):
        return b"" if verb == "BODY" and line.startswith(b"p%d@" % number) else None

    campaign = mailing(tenant(), 20)
    with Sink(answer).running() as sink, sending(sink.port):
        until(lambda: Campaign.get_by_id(campaign.id).sent_at)
    row = Delivery.get(Delivery.address_key == f"p{number}@x.example")
    assert row.state == DeliveryState.UNCERTAIN and row.handed_over and row.next_at - time.time() > 600
    assert Counter(to for to, _ in sink.accepted) == {
        f"p{n}@x.example": 1 for n in range(1, 21) if n != number
    }


def test_suppression_wins_over_a_running_campaign(sending):
    campaign = mailing(tenant(), 10)
    Suppression.create(tenant_id=campaign.tenant_id, address_key="p4@x.example", address_hash="h")
    with Sink().running() as sink, sending(sink.port):
        until(finished(campaign))
    assert "p4@x.example" not in {to for to, _ in sink.accepted}
    assert states(campaign) == {DeliveryState.SENT: 9, DeliveryState.SUPPRESSED: 1}


def test_daily_limit_lets_the_campaign_wait_with_its_reason(sending):
    role = Role.create(name="Editor")
    quotas.set_limits(role.id, {Window.DAY: 7})
    campaign = mailing(tenant(), 10, role_id=role.id)
    with Sink().running() as sink, sending(sink.port):
        until(lambda: Campaign.get_by_id(campaign.id).status == CampaignStatus.WAITING)
    found = Campaign.get_by_id(campaign.id)
    assert len(sink.accepted) == 7 and found.wait_params == {"limit": 7} and found.wait_until
    assert "per day" in found.wait_reason


def test_paused_campaign_sends_no_more_and_goes_on_without_a_duplicate(sending):
    campaign = mailing(tenant(), 400)
    with Sink().running() as sink, sending(sink.port):
        until(lambda: sink.accepted)
        Campaign.update(status=CampaignStatus.PAUSED).where(Campaign.id == campaign.id).execute()
        until(lambda: DeliveryState.LEASED not in states(campaign))
        Campaign.update(status=CampaignStatus.SENDING).where(Campaign.id == campaign.id).execute()
        until(finished(campaign))
    assert Counter(to for to, _ in sink.accepted) == {f"p{n}@x.example": 1 for n in range(1, 401)}


def test_damaged_row_fails_alone(sending):
    campaign = mailing(tenant(), 5)
    add(campaign, "not an address", "X")
    with Sink().running() as sink, sending(sink.port):
        until(finished(campaign))
    assert states(campaign) == {DeliveryState.SENT: 5, DeliveryState.FAILED: 1}
    assert len(sink.accepted) == 5


def test_a_mail_that_cannot_be_made_for_more_than_one_in_a_hundred_stops(sending):
    campaign = mailing(tenant(), 600)
    DeliveryPayload.update(packed="{not json").where(DeliveryPayload.delivery_id.bin_and(3) == 0).execute()
    with Sink().running() as sink, sending(sink.port, pace=replace(QUICK, batch_max=100)):
        until(lambda: Campaign.get_by_id(campaign.id).status == CampaignStatus.STOPPED)
        until(lambda: not states(campaign).get(DeliveryState.LEASED))
        stopped = Campaign.get_by_id(campaign.id)
        found = states(campaign)
        assert stopped.wait_reason == starting.BROKEN and stopped.wait_params["count"] >= 20
        assert found[DeliveryState.QUEUED] and found[DeliveryState.FAILED] >= stopped.wait_params["count"]
        Campaign.update(status=CampaignStatus.SENDING).where(
            Campaign.id == campaign.id
        ).execute()  # somebody looked
        until(lambda: Campaign.get_by_id(campaign.id).status == CampaignStatus.STOPPED)
        until(
            lambda: states(campaign)[DeliveryState.FAILED] > found[DeliveryState.FAILED]
        )  # written down after it


def test_small_mailing_is_not_kept_waiting_by_a_large_one(sending):
    big, small = mailing(tenant("big"), 1500), mailing(tenant("small"), 20, first=5001)
    begun = threading.Event()

    def waits_for_both(verb, line):
        begun.wait(60)

    with Sink(waits_for_both).running() as sink, sending(sink.port, connections=1):
        until(lambda: all(states(campaign).get(DeliveryState.LEASED) for campaign in (big, small)))
        begun.set()
        until(finished(small))
        until(finished(big))
    last = max(i for i, (to, _) in enumerate(sink.accepted) if to[1:5].isdigit() and int(to[1:5]) > 5000)
    assert last < 1200


def test_system_mail_goes_out_with_its_headers(sending):
    row = system_mails.queue(
        "reset", to_address="jörg@bücher.example".replace("ö", "oe"), to_name="Jörg", subject="Neues Passwort für Sie",
        plain="Guten Tag\n.Punkt\n", html="<p>Guten Tag</p>", sender_address="post@nord.example",
    )  # fmt: skip
    with Sink().running() as sink, sending(sink.port):
        until(lambda: OutboxMail.get_by_id(row.id).state == MailState.SENT)
    to, raw = sink.accepted[0]
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert to == "joerg@xn--bcher-kva.example" and not message.defects
    assert message["Subject"] == "Neues Passwort für Sie" and message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] is None
    assert message.get_body(("plain",)).get_content().replace("\r\n", "\n") == "Guten Tag\n.Punkt\n"


def test_system_mail_to_a_dead_server_waits(sending):
    row = system_mails.queue("reset", to_address="a@x.example", subject="x", plain="y")
    with sending(closed_port()):
        until(lambda: OutboxMail.get_by_id(row.id).attempts)
    assert OutboxMail.get_by_id(row.id).state == MailState.QUEUED


def test_claims_that_hold_the_database_for_long_get_smaller_and_grow_again() -> None:
    assert recorder.most_next(2000, 2000, 0.9, 2000) == 1000
    assert recorder.most_next(1000, 1000, 0.3, 2000) == 1000
    assert recorder.most_next(1000, 1000, 0.01, 2000) == 2000
    assert recorder.most_next(2000, 2000, 0.01, 2000) == 2000
    assert recorder.most_next(2000, 600, 0.9, 2000) == 300  # what took so long counts, not what might have
    assert recorder.most_next(250, 250, 9.0, 2000) == 250
    assert recorder.most_next(2000, 0, 9.0, 2000) == 1000  # waited for somebody else
    assert recorder.most_next(20, 20, 9.0, 20) == 20
