"""The test of a relay, over real sockets: what the server offers, or where it ends and in whose words."""

import socket
import ssl
import threading
import time

import pytest

from dispatcher import probe
from dispatcher.jobs import relays as job
from dispatcher.senders import Senders, seal_password
from dispatcher.transport.envelope import Relay
from domain import clock
from domain.senders.models import Relay as RelayRow
from tests.certificates import made
from tests.dispatcher.sinks import EHLO, Sink, closed_port

AUTH = EHLO.replace(b"250 ENH", b"250-AUTH PLAIN LOGIN\r\n250 ENH")
WITH_TLS = AUTH.replace(b"250-PIPELINING", b"250-PIPELINING\r\n250-STARTTLS")


@pytest.fixture
def keys(tmp_path):
    """(server's context, path of its self-signed certificate for localhost)"""
    path, key = made(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key)
    return context, path


def signing_in(password=b"geheim"):
    import base64

    right = base64.b64encode(b"\0nord\0" + password)

    def answer(verb, line):
        if verb == "AUTH":
            return b"235 2.7.0 welcome\r\n" if right in line else b"535 5.7.8 wrong password\r\n"
        return None

    return answer


def test_a_server_that_works_is_described(keys):
    with Sink(signing_in(), ehlo=WITH_TLS, tls=keys[0]).running() as sink:
        relay = Relay("localhost", sink.port, security="required", username="nord", password="geheim")
        found = probe.probe(relay)
    assert (found.failed, found.signed_in, found.greeting) == ("", "PLAIN", "sink")
    assert found.starttls and found.tls_version.startswith("TLSv1.") and found.cipher
    assert found.certificate.startswith("self-signed") or found.certificate.startswith("self signed")
    assert found.size_limit == 10_000_000 and {"PIPELINING", "SMTPUTF8"} <= set(found.extensions)
    assert found.mechanisms == ["PLAIN", "LOGIN"]
    assert sink.accepted == [] and "geheim" not in str(found.as_dict())


def test_a_certificate_that_is_valid_is_told_with_its_end(keys, monkeypatch):
    from dispatcher.transport import tls

    monkeypatch.setenv("SSL_CERT_FILE", str(keys[1]))
    tls.context.cache_clear()
    try:
        with Sink(ehlo=WITH_TLS, tls=keys[0]).running() as sink:
            found = probe.probe(Relay("localhost", sink.port, security="required", verify=True))
        assert (found.failed, found.certificate) == ("", "valid")
        assert found.certificate_until > time.time()
    finally:
        tls.context.cache_clear()


def test_a_certificate_that_must_be_valid_and_is_not_ends_the_test_before_the_password(keys):
    said = []

    def answer(verb, line):
        said.append(verb)

    with Sink(answer, ehlo=WITH_TLS, tls=keys[0]).running() as sink:
        found = probe.probe(
            Relay("localhost", sink.port, security="required", verify=True, username="nord", password="x")
        )
    assert found.failed == probe.CERTIFICATE and found.said
    assert "AUTH" not in said


def test_encryption_from_the_first_byte(keys):
    with Sink(tls=keys[0], implicit=True).running() as sink:
        found = probe.probe(Relay("localhost", sink.port, security="tls"))
    assert (found.failed, found.tls_version[:4], found.starttls) == ("", "TLSv", False)


def test_a_wrong_password_is_told_in_the_servers_words(keys):
    with Sink(signing_in(b"other"), ehlo=WITH_TLS, tls=keys[0]).running() as sink:
        found = probe.probe(
            Relay("localhost", sink.port, security="required", username="nord", password="geheim")
        )
    assert (found.failed, found.said) == (probe.SIGN_IN, "535 5.7.8 wrong password")


def test_no_password_leaves_without_encryption():
    said = []

    def answer(verb, line):
        said.append(verb)

    with Sink(answer, ehlo=AUTH).running() as sink:
        found = probe.probe(Relay("localhost", sink.port, username="nord", password="geheim"))
    assert found.failed == probe.SIGN_IN and "AUTH" not in said


def test_encryption_that_is_required_and_not_offered():
    with Sink().running() as sink:
        found = probe.probe(Relay("localhost", sink.port, security="required"))
    assert found.failed == probe.ENCRYPTION and "STARTTLS" in found.said


def test_a_server_without_anything_special_works():
    with Sink(ehlo=b"250 old\r\n").running() as sink:
        found = probe.probe(Relay("localhost", sink.port))
    assert (found.failed, found.tls_version, found.extensions) == ("", "", {})


def test_nobody_listens():
    found = probe.probe(Relay("127.0.0.1", closed_port()))
    assert found.failed == probe.CONNECT and "refused" in found.said.lower()


def test_a_name_that_nobody_has():
    found = probe.probe(Relay("no-such-host.invalid", 25))
    assert found.failed == probe.NAME


def test_a_server_that_refuses_us():
    with Sink(lambda verb, _: b"554 5.7.1 go away\r\n" if verb == "GREETING" else None).running() as sink:
        found = probe.probe(Relay("localhost", sink.port))
    assert (found.failed, found.said) == (probe.GREETING, "554 5.7.1 go away")


def test_a_private_address_is_no_server_for_a_tenant():
    with Sink().running() as sink:
        found = probe.probe(Relay("localhost", sink.port, public_only=True))
    assert found.failed == probe.PRIVATE and sink.connections == 0


@pytest.mark.parametrize("speech", [b"", b"2", b"220-", b"garbage\r\n", b"250-" + b"x" * 70_000])
def test_a_server_that_stalls_or_talks_nonsense_ends_the_test_in_time(speech, monkeypatch):
    from dispatcher.transport.envelope import Timeouts

    monkeypatch.setattr(probe, "_TIMEOUTS", Timeouts(*[0.5] * 7))
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            peer, _ = server.accept()
            with peer:
                try:
                    peer.sendall(speech)
                    while peer.recv(1000):
                        pass
                except OSError:
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        found = probe.probe(Relay("127.0.0.1", server.getsockname()[1]))
        thread.join(10)
    assert found.failed == probe.GREETING and found.said
    assert not thread.is_alive()


def test_the_job_keeps_the_result_in_the_row_and_opens_the_password_only_there(database, tmp_path, keys):
    with Sink(signing_in(), ehlo=WITH_TLS, tls=keys[0]).running() as sink:
        row = RelayRow.create(
            name="x", host="localhost", port=sink.port, security="required", username="nord",
            secret=seal_password("geheim"), test_asked_at=clock.now(),
        )  # fmt: skip
        job.sweep_for(Senders("catcher:", tmp_path))()
    found = RelayRow.get_by_id(row.id)
    assert found.test["signed_in"] == "PLAIN" and found.tested_at and found.test_asked_at is None
    assert "geheim" not in found.secret + str(found.test)


def test_a_password_that_cannot_be_opened_is_told(database, tmp_path):
    row = RelayRow.create(
        name="x", host="localhost", username="nord", secret="s1.0000.AAAA", test_asked_at=clock.now()
    )
    job.run(row.id, Senders("catcher:", tmp_path))
    found = RelayRow.get_by_id(row.id)
    assert found.test["failed"] == job.NOT_RUN and "password" in found.test["said"]
