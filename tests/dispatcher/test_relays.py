"""Relays as rows, over real sockets: which one a mail takes, how fast, and what happens when one refuses."""

import threading
import time
from contextlib import contextmanager

import pytest

from dispatcher.engine.recorder import Pace
from dispatcher.senders import Senders, seal_password
from dispatcher.worker import Deliver
from domain import clock
from domain.accounts.models import User
from domain.campaigns.models import Campaign, CampaignStatus
from domain.ledger import outbox
from domain.ledger.states import DeliveryState
from domain.notices.models import OutboxMail
from domain.senders import breaker
from domain.senders.models import DomainRate, Relay
from tests.dispatcher.mailing import EngineSettings, add, mailing, tenant
from tests.dispatcher.sinks import Sink, closed_port
from tests.dispatcher.test_deliver import finished, until

QUICK = Pace(scan_s=0.1, beat_s=0.5, sweep_s=0.3)


@pytest.fixture
def sending(database, tmp_path):
    """Run one or more deliver engines while the block lasts; SMTP_URL leads to a given port or nowhere."""

    @contextmanager
    def run(port=None, engines=1):
        url = f"smtp://127.0.0.1:{port or closed_port()}"
        running = [Deliver(EngineSettings(tmp_path, database, url), QUICK) for _ in range(engines)]
        for engine in running:
            engine.start()
        try:
            yield running
        finally:
            for engine in running:
                engine.stop(20)

    return run


def relay(sink, name="Provider", owner=None, **values):
    return Relay.create(
        name=name, host="127.0.0.1", port=sink.port, security="off", tenant_id=owner, private=True, **values
    )


class Timed(Sink):
    """Notes when each MAIL came."""

    def __init__(self):
        super().__init__(self.note)
        self.moments = []

    def note(self, verb, line):
        if verb == "MAIL":
            with self.lock:
                self.moments.append(time.monotonic())


def busiest_second(moments):
    return max(sum(1 for other in moments if moment <= other < moment + 1.0) for moment in moments)


def test_a_tenants_own_relay_goes_before_that_of_the_installation(sending):
    owner, other = tenant(), tenant("south")
    with Sink().running() as own, Sink().running() as house, Sink().running() as default:
        relay(own, owner=owner.id)
        relay(house)
        first, second = mailing(owner, 5), mailing(other, 5, first=100)
        with sending(default.port):
            until(finished(first))
            until(finished(second))
    assert (len(own.accepted), len(house.accepted), len(default.accepted)) == (5, 5, 0)


def test_a_relay_that_names_sender_domains_serves_only_these(sending):
    owner = tenant()
    with Sink().running() as named, Sink().running() as other:
        relay(other, owner=owner.id, domains="elsewhere.example")
        relay(named, owner=owner.id, domains="nord.example", position=2)
        campaign = mailing(owner, 5)
        with sending():
            until(finished(campaign))
    assert (len(named.accepted), len(other.accepted)) == (5, 0)


def test_a_password_reaches_the_server_and_only_over_the_wire(sending, capfd):
    import base64

    said = []

    def answer(verb, line):
        if verb == "AUTH":
            said.append(line)
            return b"235 2.7.0 welcome\r\n"
        return None

    ehlo = b"250-sink\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n"
    with Sink(answer, ehlo=ehlo).running() as sink:
        relay(sink, username="nord", secret=seal_password("ganz geheim"), clear_auth=True)
        campaign = mailing(tenant(), 3)
        with sending():
            until(finished(campaign))
    assert said and base64.b64encode(b"\0nord\0ganz geheim") in said[0]
    out = "".join(capfd.readouterr())
    assert "geheim" not in out and base64.b64encode(b"\0nord\0ganz geheim").decode() not in out


def test_a_relay_without_a_readable_password_is_passed_over(sending):
    with Sink().running() as locked, Sink().running() as next_one:
        relay(locked, username="nord", secret="s1.00000000.AAAA")
        relay(next_one, position=2)
        campaign = mailing(tenant(), 3)
        with sending():
            until(finished(campaign))
    assert (locked.connections, len(next_one.accepted)) == (0, 3)


def test_a_tenants_relay_in_a_private_network_is_not_used(sending):
    owner = tenant()
    with Sink().running() as inner, Sink().running() as house:
        Relay.create(name="inner", host="127.0.0.1", port=inner.port, security="off", tenant_id=owner.id)
        relay(house)
        mailing(owner, 3)
        with sending():
            until(lambda: Relay.get(Relay.name == "inner").failures)
    assert inner.connections == 0


def test_demo_tenants_go_to_the_catcher_whatever_relays_there_are(database, tmp_path):
    owner = tenant(is_demo=True)
    with Sink().running() as sink:
        relay(sink, owner=owner.id)
        (tmp_path / "catcher.port").write_text("2525")
        found = list(Senders("smtp://mail.example", tmp_path).candidates(owner, "nord.example"))
    assert [(row, r.port) for row, r in found] == [(None, 2525)]


def test_the_catcher_is_never_a_second_choice(database, tmp_path):
    owner = tenant()
    (tmp_path / "catcher.port").write_text("2525")
    doors = Senders("catcher:", tmp_path)
    assert [r.port for _, r in doors.candidates(owner)] == [2525]
    Relay.create(name="x", host="smtp.example", tenant_id=owner.id)
    assert [r.host for _, r in doors.candidates(owner)] == ["smtp.example"]


def always_421(verb, line):
    return b"421 4.7.0 too many\r\n" if verb == "MAIL" else None


def test_a_relay_that_refuses_again_and_again_is_left_and_the_next_one_takes_over(sending, monkeypatch):
    monkeypatch.setattr("dispatcher.transport.pool._PAUSE_FIRST_S", 0.2)
    User.create(email="chef@haus.example", name="Chefin", administers_house=True, language="de")
    with Sink(always_421).running() as bad, Sink().running() as good:
        first = relay(bad, "Erster")
        relay(good, "Zweiter", position=2)
        campaign = mailing(tenant(), 40)
        with sending():
            until(lambda: breaker.is_open(Relay.get_by_id(first.id)))
            until(lambda: len(good.accepted) >= 20, 40)
        row = Relay.get_by_id(first.id)
    assert row.open_reason == "4.7.0 too many" and bad.connections <= 4  # two, then one probe at a time
    mails = list(OutboxMail.select().where(OutboxMail.kind == "relay_opened"))
    assert [m.to_address for m in mails] == ["chef@haus.example"]
    assert "„Erster“ nimmt keine Mails an" in mails[0].subject and "4.7.0 too many" in mails[0].plain
    assert outbox.counts(campaign.tenant_id, campaign.id)[DeliveryState.FAILED] == 0


def test_without_a_second_relay_the_mailing_waits_with_the_reason_and_goes_on_when_it_works(
    sending, monkeypatch
):
    monkeypatch.setattr("dispatcher.transport.pool._PAUSE_FIRST_S", 0.2)
    User.create(email="chef@haus.example", name="Chefin", administers_house=True, language="en")
    refusing = True

    def answer(verb, line):
        return b"421 4.7.0 too many\r\n" if verb == "MAIL" and refusing else None

    with Sink(answer).running() as sink:
        row = relay(sink)
        campaign = mailing(tenant(), 10)
        with sending(sink.port):  # SMTP_URL leads to the same server
            until(lambda: Campaign.get_by_id(campaign.id).status == CampaignStatus.WAITING, 40)
            waiting = Campaign.get_by_id(campaign.id)
            assert "does not take mails" in waiting.wait_reason
            assert waiting.wait_params["reason"] == "4.7.0 too many" and waiting.wait_until > clock.now()
            refusing = False
            now = clock.now()
            Relay.update(open_until=now).execute()  # as if the pause were over
            Campaign.update(wait_until=now).execute()
            OutboxMail.update(next_at=0).execute()
            until(lambda: len(sink.accepted) >= 1, 40)
            until(lambda: not breaker.is_open(Relay.get_by_id(row.id)), 40)
        closed = OutboxMail.select().where(OutboxMail.kind == "relay_closed").count()
    assert closed == 1 and Relay.get_by_id(row.id).failures == 0


def test_one_refusing_relay_does_not_slow_the_others(sending):
    with Sink(always_421).running() as bad, Sink().running() as good:
        north, south = tenant(), tenant("south")
        relay(bad, owner=north.id)
        relay(good, owner=south.id)
        mailing(north, 50)
        campaign = mailing(south, 200, first=1000)
        with sending():
            until(finished(campaign))
    assert len(good.accepted) == 200


@pytest.mark.parametrize("engines", [1, 2])
def test_a_relays_rate_is_kept_in_every_second_by_all_dispatchers_together(sending, engines):
    with Timed().running() as sink:
        relay(sink, per_second=40.0)
        campaigns = [mailing(tenant(f"t{n}"), 60, first=n * 1000 + 1) for n in range(2)]
        began = time.monotonic()
        with sending(engines=engines):
            for campaign in campaigns:
                until(finished(campaign), 40)
        took_s = time.monotonic() - began
    assert len(sink.accepted) == 120
    assert busiest_second(sink.moments) <= 40
    assert took_s > 2.0


def test_an_hourly_rate_lets_the_mailing_wait_with_the_reason(sending):
    with Sink().running() as sink:
        relay(sink, per_hour=7)
        campaign = mailing(tenant(), 20)
        with sending():
            until(lambda: Campaign.get_by_id(campaign.id).status == CampaignStatus.WAITING, 40)
            waiting = Campaign.get_by_id(campaign.id)
            until(lambda: outbox.counts(campaign.tenant_id, campaign.id)[DeliveryState.SENT] == 7)
    assert len(sink.accepted) == 7
    assert waiting.wait_params["limit"] == 7 and "per hour" in waiting.wait_reason
    assert 3500 < (waiting.wait_until - clock.now()).total_seconds() < 3800


def test_a_recipient_domains_rate_holds_back_only_its_own_mails(sending):
    DomainRate.create(pattern="slow.example", per_second=10.0)
    with Sink().running() as sink:
        relay(sink)
        campaign = mailing(tenant(), 200)
        for number in range(25):
            add(campaign, f"s{number}@slow.example", "Langsam")
        moments = []
        lock = threading.Lock()

        def answer(verb, line):
            if verb == "RCPT" and b"@slow.example" in line:
                with lock:
                    moments.append(time.monotonic())
            return None

        sink.answer = answer
        with sending():
            until(lambda: sum(to.endswith("@x.example") for to, _ in list(sink.accepted)) == 200, 60)
            assert len(moments) < 25
            until(finished(campaign), 40)
    assert len(moments) == 25 and busiest_second(moments) <= 10


def test_connections_of_a_relay_are_those_of_all_dispatchers_together(sending):
    open_now, most, lock = set(), [0], threading.Lock()

    class Counting(Sink):
        def talk(self, handler):
            with lock:
                open_now.add(handler)
                most[0] = max(most[0], len(open_now))
            try:
                super().talk(handler)
            finally:
                with lock:
                    open_now.discard(handler)

    with Counting().running() as sink:
        relay(sink, max_connections=3)
        campaigns = [mailing(tenant(f"t{n}"), 150, first=n * 1000 + 1) for n in range(2)]
        with sending(engines=2):
            for campaign in campaigns:
                until(finished(campaign), 40)
    assert len(sink.accepted) == 300 and most[0] <= 3


def test_a_mailing_takes_the_relay_that_it_names_and_the_next_one_when_that_refuses(sending, monkeypatch):
    monkeypatch.setattr("dispatcher.transport.pool._PAUSE_FIRST_S", 0.2)
    owner = tenant()
    with Sink(always_421).running() as bad, Sink().running() as good, Sink().running() as usual:
        relay(usual, "Eigener", owner.id)
        named, refusing = relay(good, "Haus"), relay(bad, "Streikt", position=2)
        campaign = mailing(owner, 10, relay_id=named.id)
        with sending():
            until(finished(campaign))
            assert len(good.accepted) == 10 and not usual.accepted
            second = mailing(owner, 10, first=11, relay_id=refusing.id)
            until(lambda: breaker.is_open(Relay.get_by_id(refusing.id)))
            until(lambda: len(usual.accepted) >= 6, 40)  # two, then one by one: on the line when it refused
            assert second.id and len(good.accepted) == 10, "the tenant’s own comes before that of the house"
