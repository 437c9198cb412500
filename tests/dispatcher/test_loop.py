"""The loop over real sockets: TLS, stalls, garbage and broken connections, without a database."""

import shutil
import ssl
import subprocess
import time

import pytest

from dispatcher.transport.loop import Loop
from dispatcher.transport.pool import Pool
from dispatcher.transport.protocol import DONE, Mail, Relay, Timeouts
from dispatcher.transport.replies import DEFERRED, RETURNED, SENT, UNCERTAIN
from tests.dispatcher.sinks import Sink

BODY = b"Subject: x\r\n\r\n" + b"hallo welt\r\n" * 3000


@pytest.fixture(scope="module")
def server_tls(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is missing")
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem"
    )
    subprocess.run(
        command.split(), cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def send(relay, count=10, seconds=10, enough=None):
    """Run a loop until `count` outcomes are there (or `enough(pool)`); returns (states, pool)."""
    waiting = [Mail(n, 1, b"b@n.example", b"p%d@x.example" % n, [BODY]) for n in range(1, count + 1)]
    states, written = {}, []

    def on_events(events):
        for kind, mail, outcome in events:
            if mail is None:
                continue
            written.append((kind, mail.delivery_id))
            if kind == DONE:
                assert mail.delivery_id not in states
                states[mail.delivery_id] = outcome.state

    loop = Loop(on_events)
    pool = loop.add(Pool(relay, lambda _: waiting.pop(0) if waiting else None, lambda: len(waiting)))
    end = time.monotonic() + seconds
    while len(states) < count and not (enough and enough(pool)) and time.monotonic() < end:
        loop.run_once(0.05)
    loop.drain()
    while loop.open_count and time.monotonic() < end:
        loop.run_once(0.05)
    loop.close()
    return states, pool


@pytest.mark.parametrize("security", ["opportunistic", "required", "tls"])
def test_mails_leave_encrypted(server_tls, security):
    ehlo = b"250-sink\r\n250-STARTTLS\r\n250 PIPELINING\r\n"
    with Sink(tls=server_tls, implicit=security == "tls", ehlo=ehlo).running() as sink:
        states, _ = send(Relay("127.0.0.1", sink.port, security=security, max_connections=3), 40)
    assert set(states.values()) == {SENT} and len(sink.accepted) == 40
    assert all(raw == BODY for _, raw in sink.accepted)
    assert sink.secured == sink.connections


def test_certificate_that_is_not_valid_is_refused_where_it_must_be(server_tls):
    ehlo = b"250-sink\r\n250 STARTTLS\r\n"
    with Sink(tls=server_tls, ehlo=ehlo).running() as sink:
        relay = Relay("127.0.0.1", sink.port, security="required", verify=True, max_connections=4)
        states, pool = send(relay, 5, enough=lambda pool: pool.trouble)
    assert not states and not sink.accepted and "TLS" in pool.trouble
    assert sink.connections <= 4  # the relay is left alone, not asked again at once


def test_required_tls_that_is_not_offered_sends_nothing(server_tls):
    with Sink().running() as sink:
        relay = Relay("127.0.0.1", sink.port, security="required")
        states, pool = send(relay, 5, enough=lambda pool: pool.trouble)
    assert not states and not sink.accepted and "STARTTLS" in pool.trouble


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "BODY"])
def test_connection_that_breaks_with_its_first_mail_concerns_that_mail_only(verb):
    broken = []

    def answer(said, line):
        if said == verb and not broken:
            broken.append(line)
            return b""
        return None

    with Sink(answer).running() as sink:
        states, pool = send(Relay("127.0.0.1", sink.port, max_connections=1), 10)
    taken = [state for state in states.values() if state == SENT]
    assert len(taken) >= 8  # the second envelope, if it was on the same connection, goes back to its queue
    assert pool.paused_until == 0 and not pool.trouble and sink.connections == 2


def test_relay_that_breaks_every_connection_is_left_alone_after_three():
    with Sink(lambda verb, line: b"" if verb == "RCPT" else None).running() as sink:
        relay = Relay("127.0.0.1", sink.port, max_connections=1)
        states, pool = send(relay, 10, enough=lambda pool: pool.trouble)
    assert sink.connections == 3 and "closed by the server" in pool.trouble
    assert pool.paused_until and SENT not in states.values()


def test_stalled_server_is_given_up_in_its_phase_and_only_the_dot_is_doubtful():
    def answer(verb, line):
        if verb in stalled:
            time.sleep(3)
        return None

    for verb, state in (("GREETING", None), ("MAIL", DEFERRED), ("BODY", UNCERTAIN)):
        stalled = {verb}
        timeouts = Timeouts(greeting=0.5, command=0.5, data=0.5, block=0.5, dot=0.5)
        with Sink(answer).running() as sink:
            relay = Relay("127.0.0.1", sink.port, max_connections=1, timeouts=timeouts)
            states, pool = send(relay, 6, enough=lambda pool: pool.trouble)
        assert set(states.values()) - {RETURNED} == ({state} if state else set()), verb
        assert "no answer in time" in pool.trouble


@pytest.mark.parametrize("garbage", [b"hello\r\n", b"250-" + b"x" * 100_000, b"\0\r\n", b"999 no\r\n"])
def test_garbage_ends_the_connection_and_defers(garbage):
    with Sink(lambda verb, line: garbage if verb == "MAIL" else None).running() as sink:
        relay = Relay("127.0.0.1", sink.port, max_connections=1)
        states, _ = send(relay, 1)
    assert states == {1: DEFERRED}


def test_one_stalled_relay_does_not_hold_up_another():
    with (
        Sink(lambda verb, line: time.sleep(1) if verb == "MAIL" else None).running() as slow,
        Sink().running() as good,
    ):
        waiting = {slow.port: [], good.port: []}
        done = []
        loop = Loop(lambda events: done.extend(mail.attempt for kind, mail, _ in events if kind == DONE))
        for port, mails in waiting.items():
            mails += [Mail(n, port, b"b@n.example", b"p%d@x.example" % n, [BODY]) for n in range(1, 31)]
            loop.add(
                Pool(
                    Relay("127.0.0.1", port, max_connections=2),
                    lambda _, mails=mails: mails.pop(0) if mails else None,
                    lambda mails=mails: len(mails),
                )
            )
        while done.count(good.port) < 30:
            loop.run_once(0.05)
        assert done.count(slow.port) < 30
        loop.close()


def test_nothing_leaves_that_could_not_be_written_down():
    calls = []

    def full(events):
        calls.append([kind for kind, _, _ in events])
        if "intent" in calls[-1]:
            raise OSError(28, "No space left on device")

    with Sink().running() as sink:
        loop = Loop(full)
        waiting = [Mail(1, 1, b"b@n.example", b"p@x.example", [BODY])]
        loop.add(
            Pool(
                Relay("127.0.0.1", sink.port),
                lambda _: waiting.pop() if waiting else None,
                lambda: len(waiting),
            )
        )
        while not any("done" in kinds for kinds in calls):
            loop.run_once(0.05)
        loop.close()
    assert not sink.accepted
