"""F3 to F10, D18: servers that hang up, stall, talk nonsense, drip. Which mail meets which fault stands in its address.

Not shown small: a stall in the middle of a body (the socket's buffer takes the whole mail; `test_loop` stalls a large
one) and a 250 before the dot (`test_protocol`)."""

import itertools
import time
from dataclasses import replace

from dispatcher.message.compose import compile_message
from domain.issues.models import IssueRevision
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState
from domain.senders.models import Relay
from tests.dispatcher.mailing import DATE, SOURCE, mailing, tenant
from tests.dispatcher.sinks import Sink
from tests.faults.scene import (
    CONNECTIONS,
    FULL,
    deliver,
    due_now,
    finished,
    promised,
    resident_mb,
    rested,
    states,
    until,
)

PEOPLE = 10_000 if FULL else 100


class Once:
    """Says what is to be said at (verb, person) the first time, and remembers who is on which connection."""

    def __init__(self, faults):
        self.faults = dict(
            faults
        )  # (verb, person; of MAIL, which names nobody, the how manieth) → what is said
        self.met = []
        self.mails = 0

    def __call__(self, verb, line):
        text = line.decode("utf-8", "replace")
        if verb == "MAIL":
            self.mails += 1
            text = f"p{self.mails}@"
        for (at, person), said in self.faults.items():
            if at == verb and (f"<p{person}@" in text or text.startswith(f"p{person}@")):
                self.met.append((verb, person))
                del self.faults[at, person]
                return said() if callable(said) else said
        return None


def state_of(person):
    return Delivery.get(Delivery.address_key == f"p{person}@x.example")


def run(database, instance, answer, people=PEOPLE, check=lambda process: None, **pace):
    """Send, let what was put off come due until the campaign is finished; (sink, states after the first round)."""
    campaign, first = mailing(tenant(), people), {}
    with Sink(answer).running() as sink, deliver(instance, database, sink.port, **pace) as process:
        until(rested(campaign))
        first = {row.address_key: row.state for row in Delivery.select()}
        check(process)
        end = time.monotonic() + 60
        while not finished(campaign)():
            due_now()
            assert time.monotonic() < end, states(campaign)
            time.sleep(0.5)
    return sink, first


def test_f3_hung_up_behind_the_dot_is_doubtful_and_waits(database, tmp_path):
    answer = Once({("BODY", n): b"" for n in (3, 7, 50)})
    waits = []
    sink, first = run(
        database,
        tmp_path / "i",
        answer,
        check=lambda _: waits.extend(state_of(n).next_at for n in (3, 7, 50)),
    )
    assert {first[f"p{n}@x.example"] for n in (3, 7, 50)} == {DeliveryState.UNCERTAIN}
    assert min(waits) - time.time() > 800 - 60  # a quarter of an hour, less what this test took
    promised(sink, PEOPLE)


def test_f4_hung_up_before_the_dot_is_certain(database, tmp_path):
    answer = Once({("MAIL", 3): b"", ("RCPT", 7): b"", ("MAIL", 50): b""})
    sink, first = run(database, tmp_path / "i", answer)
    assert set(first.values()) <= {DeliveryState.SENT, DeliveryState.DEFERRED}
    assert len(promised(sink, PEOPLE)) == PEOPLE and len(answer.met) == 3


def test_f4_hung_up_at_the_first_command(database, tmp_path):
    hung = itertools.chain([b""], itertools.repeat(None))
    sink, _ = run(database, tmp_path / "i", lambda verb, line: next(hung) if verb == "EHLO" else None)
    promised(sink, PEOPLE)


def test_f5_421_pauses_the_relay_after_few_connections(database, tmp_path):
    said = []

    def answer(verb, line):
        if verb == "MAIL" and len(said) < 1:
            said.append(sink_connections())
            return b"421 4.7.0 too much mail from you\r\n"
        return None

    campaign = mailing(tenant(), PEOPLE)
    with Sink(answer).running() as sink, deliver(tmp_path / "i", database, sink.port):
        sink_connections = lambda: sink.connections  # noqa: E731
        until(lambda: said)
        until(rested(campaign))
        assert DeliveryState.FAILED not in states(campaign)
        due_now()
        until(lambda: not due_now() and finished(campaign)(), 90)
    assert sink.connections <= 2 * CONNECTIONS + 2
    promised(sink, PEOPLE)


def test_f6_f7_every_refusal_concerns_its_recipient_only(database, tmp_path):
    refusals = {
        ("RCPT", 3): b"450 4.2.0 greylisted\r\n",
        ("RCPT", 4): b"451 4.3.0 try again\r\n",
        ("RCPT", 5): b"452 4.2.2 mailbox full\r\n",
        ("RCPT", 6): b"550 5.1.1 unknown\r\n",
        ("BODY", 8): b"451 4.3.0 later\r\n",
        ("BODY", 9): b"554 5.7.1 no\r\n",
    }
    answer = Once(refusals)
    campaign = mailing(tenant(), PEOPLE)
    with Sink(answer).running() as sink, deliver(tmp_path / "i", database, sink.port):
        until(rested(campaign))
        found = {n: state_of(n).state for n in (3, 4, 5, 6, 8, 9)}
        assert found == {
            **dict.fromkeys((3, 4, 5, 8), DeliveryState.DEFERRED), **dict.fromkeys((6, 9), DeliveryState.FAILED),
        }  # fmt: skip
        assert states(campaign) == {
            DeliveryState.SENT: PEOPLE - 6, DeliveryState.DEFERRED: 4, DeliveryState.FAILED: 2
        }  # fmt: skip
        due_now()
        until(finished(campaign))
    assert states(campaign) == {DeliveryState.SENT: PEOPLE - 2, DeliveryState.FAILED: 2}
    assert len({to for to, _ in sink.accepted}) == len(sink.accepted) == PEOPLE - 2


def test_f8_stall_frees_the_connection_at_its_limit_and_holds_up_nobody_else(database, tmp_path):
    stalled = CONNECTIONS - 1
    said = []

    def answer(verb, line):
        if len(sink.accepted) > 20 and verb == "RCPT" and b"<p" in line and len(said) < stalled:
            said.append(line)  # all but one of the connections, in the middle
            time.sleep(4)
        return None

    campaign = mailing(tenant(), PEOPLE)
    with Sink(answer).running() as sink, deliver(tmp_path / "i", database, sink.port, server_s=2):
        until(lambda: len(said) == stalled)
        until(lambda: states(campaign).get(DeliveryState.SENT, 0) >= PEOPLE - stalled)
        assert Relay.get().failures == 0, "one of eight goes on, so the server is not given up"
        until(lambda: not due_now() and finished(campaign)(), 60)
    promised(sink, PEOPLE)


def test_f8_only_a_stall_behind_the_dot_is_doubtful(database, tmp_path):
    def stall():
        time.sleep(3)

    answer = Once({("RCPT", 3): stall, ("RCPT", 7): stall, ("BODY", 50): stall})
    sink, first = run(database, tmp_path / "i", answer, server_s=1)
    assert first["p50@x.example"] == DeliveryState.UNCERTAIN
    assert {first[f"p{n}@x.example"] for n in (3, 7)} == {DeliveryState.DEFERRED}
    # the stalled server did take it in the end: one copy each of which the ledger knows
    promised(sink, PEOPLE, 3)


def test_f9_nonsense_ends_the_connection_and_costs_no_memory(database, tmp_path):
    endless = itertools.repeat(b"250-and more\r\n" * 1000)
    answer = Once(
        {
            ("MAIL", 3): b"hello there\r\n",
            ("MAIL", 13): b"999 no\r\n",
            ("MAIL", 23): b"250-" + b"x" * 1_000_000,
            ("MAIL", 33): endless,
            ("MAIL", 43): b"\0\xff\xfe\r\n",
            ("RCPT", 53): [bytes([c]) for c in b"250 2.1.5 split\r\n"],
        }
    )
    held = []
    sink, first = run(
        database, tmp_path / "i", answer, check=lambda p: held.append((p.poll(), resident_mb(p)))
    )
    assert held[0][0] is None and held[0][1] < 80
    assert set(first.values()) <= {DeliveryState.SENT, DeliveryState.DEFERRED}
    promised(sink, PEOPLE)


def test_f10_one_byte_at_a_time_is_given_up_at_the_limit_of_the_phase(database, tmp_path):
    def drip():
        for byte in b"250 2.1.0 Okay, if you say so, but slowly\r\n":
            time.sleep(0.1)
            yield bytes([byte])

    answer = Once({("RCPT", 3): drip})
    began = time.monotonic()
    sink, first = run(database, tmp_path / "i", answer, server_s=1)
    assert first["p3@x.example"] == DeliveryState.DEFERRED and time.monotonic() - began < 60
    promised(sink, PEOPLE)


class Sizes(list):
    """What a sink has accepted, without the mails: (recipient, bytes)."""

    def append(self, accepted):
        to, raw = accepted
        super().append((to, len(raw)))


def test_d18_mails_of_a_megabyte_cost_no_more_memory_than_one_of_them(database, tmp_path):
    """A document travels in every mail; each is made when its turn comes, and most of it is shared by all."""
    people = 20_000 if FULL else 200
    campaign = mailing(tenant(), people)
    document = ("bericht.pdf", "application/pdf", bytes(range(256)) * 3000)  # a megabyte as base64
    compiled = compile_message(replace(SOURCE, attachments=(document,)), date=DATE, boundary_seed=b"test")
    IssueRevision.update(compiled=compiled.dump()).where(IssueRevision.id == campaign.revision_id).execute()
    held = []

    def weigh(verb, line):
        if verb == "BODY" and len(sink.accepted) % 10 == 0:
            held.append(resident_mb(process))

    sink = Sink(weigh)
    sink.accepted = Sizes()
    with sink.running(), deliver(tmp_path / "i", database, sink.port) as process:
        until(finished(campaign), 120)
    assert len(dict(sink.accepted)) == len(sink.accepted) == people
    assert min(size for _, size in sink.accepted) > 1_000_000
    assert max(held) < 150, "the mails of all connections and what waits to leave"
