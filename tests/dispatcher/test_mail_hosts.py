"""Rates that name mail servers: whose mail they take is learnt from DNS, outside of sending."""

import threading
import time
from dataclasses import dataclass

import pytest

from dispatcher.jobs import mailhosts as job
from domain import clock
from domain.senders import mailhosts
from domain.senders.models import DomainRate, MailHost
from domain.subscribers.models import Subscriber
from tests.dispatcher.mailing import add, mailing, tenant
from tests.dispatcher.nameserver import NameServer
from tests.dispatcher.sinks import Sink
from tests.dispatcher.test_deliver import finished, until
from tests.dispatcher.test_relays import busiest_second, relay, sending  # noqa: F401 - a fixture


@dataclass
class Settings:
    dns_resolver: str


@pytest.fixture
def names():
    server = NameServer()
    with server.running():
        yield server


def people(*domains):
    owner = tenant()
    for number, domain in enumerate(domains):
        key = f"p{number}@{domain}"
        Subscriber.create(tenant_id=owner.id, address=key, address_key=key)


def test_servers_of_recipient_domains_are_learnt_once_a_rate_names_servers(database, names):
    people("firma.example", "verein.example", "bücher.example", "klein.example")
    names.has("firma.example", "MX", "10 second.big.example.", "5 mx1.Big.example.")
    names.has("verein.example", "MX", "5 mx2.big.example.")
    names.has("xn--bcher-kva.example", "MX", "5 mx1.big.example.")
    names.has("klein.example", "MX", "5 mail.klein.example.")
    sweep = job.sweep_for(Settings(names.address))
    sweep()
    assert not names.asked and not MailHost.select().exists(), "nobody needs to know"
    DomainRate.create(pattern="mx:*.big.example", per_second=2)
    DomainRate.create(pattern="mx:mx2.big.example", per_second=1)
    sweep()
    assert mailhosts.by_pattern(mailhosts.patterns()) == {
        "firma.example": "mx:*.big.example", "xn--bcher-kva.example": "mx:*.big.example",
        "verein.example": "mx:mx2.big.example",
    }  # fmt: skip
    asked = len(names.asked)
    sweep()
    assert len(names.asked) == asked, "it is known for a week"


def test_a_domain_without_an_answer_is_asked_again_in_an_hour(database, names, monkeypatch):
    people("kaputt.example", "keine.example")
    names.broken.add("kaputt.example")
    DomainRate.create(pattern="mx:*.big.example", per_second=2)
    sweep = job.sweep_for(Settings(names.address))
    sweep()
    assert {row.domain: row.mx for row in MailHost.select()} == {"kaputt.example": "", "keine.example": ""}
    assert mailhosts.due(9) == []
    now = clock.epoch()
    monkeypatch.setattr(clock, "epoch", lambda: now + mailhosts.AGAIN_S + 1)
    assert mailhosts.due(9) == ["kaputt.example"]
    names.broken.clear()
    names.has("kaputt.example", "MX", "5 mx.big.example.")
    sweep()
    assert mailhosts.by_pattern(mailhosts.patterns()) == {"kaputt.example": "mx:*.big.example"}


def test_the_rate_of_a_server_holds_for_all_its_domains_together(sending):  # noqa: F811
    MailHost.create(domain="firma.example", mx="mx1.big.example", looked_at=clock.epoch())
    MailHost.create(domain="verein.example", mx="mx2.big.example", looked_at=clock.epoch())
    DomainRate.create(pattern="mx:*.big.example", per_second=10)
    moments, lock = [], threading.Lock()

    def answer(verb, line):
        if verb == "RCPT" and (b"@firma" in line or b"@verein" in line):
            with lock:
                moments.append(time.monotonic())
        return None

    with Sink(answer).running() as sink:
        relay(sink)
        campaign = mailing(tenant(), 100)
        for number in range(12):
            add(campaign, f"a{number}@firma.example", "A")
            add(campaign, f"b{number}@verein.example", "B")
        with sending():
            until(lambda: sum(to.endswith("@x.example") for to, _ in list(sink.accepted)) == 100)
            assert len(moments) < 24, "the others do not wait for them"
            until(finished(campaign), 40)
    assert len(moments) == 24 and busiest_second(moments) <= 10
