"""Signing in, reports and encryption in the SMTP state machine, without sockets."""

import base64
import hmac

import pytest

from dispatcher.transport.protocol import TROUBLE, Client, Mail, Relay
from dispatcher.transport.replies import SENT
from dispatcher.transport.session import Session
from tests.dispatcher.test_protocol import BODY, GREETING, OK3, PLAIN, Talk

DSN = b"250-mx\r\n250-PIPELINING\r\n250 DSN\r\n"


def offering(*mechanisms: bytes) -> bytes:
    return b"250-mx\r\n250-PIPELINING\r\n250 AUTH " + b" ".join(mechanisms) + b"\r\n"


def client_of(**values: object) -> Talk:
    return Talk(1, Relay("mx", username="nord", password="geheim", **values))  # type: ignore[arg-type]


def test_the_base_of_a_connection_cannot_be_used_alone():
    with pytest.raises(TypeError):
        Session(Relay("mx"), 0.0, True)


def test_reports_are_asked_for_where_they_are_offered():
    talk = Talk(1, recipient=b"u%d+a=b@x.example")
    talk.waiting[0].sender = b"b.7.token@n.example"
    talk.say(GREETING)
    assert talk.say(DSN) == (
        b"MAIL FROM:<b.7.token@n.example> RET=HDRS ENVID=b.7.token\r\n"
        b"RCPT TO:<u1+a=b@x.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;u1+2Ba+3Db@x.example\r\nDATA\r\n"
    )
    assert talk.say(OK3 + b"") and not talk.say(b"250 2.0.0 queued\r\n")
    assert talk.outcomes == {1: SENT}


def test_reports_are_asked_for_without_pipelining_too():
    talk = Talk(1)
    talk.say(GREETING)
    assert talk.say(b"250-mx\r\n250 DSN\r\n") == b"MAIL FROM:<b@n.example> RET=HDRS ENVID=b\r\n"
    assert talk.say(b"250 Ok\r\n") == (
        b"RCPT TO:<u1@x.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;u1@x.example\r\n"
    )


def test_nothing_is_said_about_reports_where_they_are_not_offered():
    talk = Talk(1)
    talk.say(GREETING)
    assert b"RET" not in talk.say(PLAIN)


def test_a_system_mail_has_an_id_of_its_own_in_reports():
    talk = Talk(0)
    talk.waiting.append(Mail(9, 1, b"post@n.example", b"u@x.example", [BODY], tag=9))
    talk.say(GREETING)
    assert b" ENVID=s9\r\n" in talk.say(DSN)


def test_plain_is_taken_first_under_encryption():
    talk = client_of(security="tls")
    talk.say(GREETING)
    said = talk.say(offering(b"CRAM-MD5", b"LOGIN", b"PLAIN"))
    assert said == b"AUTH PLAIN " + base64.b64encode(b"\0nord\0geheim") + b"\r\n"
    assert talk.say(b"235 2.7.0 welcome\r\n").startswith(b"MAIL FROM")
    assert talk.client.signed_in == "PLAIN"


def test_plain_is_repeated_for_a_server_that_wants_it_apart():
    talk = client_of(security="tls")
    talk.say(GREETING)
    talk.say(offering(b"PLAIN"))
    assert talk.say(b"334 \r\n") == base64.b64encode(b"\0nord\0geheim") + b"\r\n"
    talk.say(b"334 again\r\n")
    assert talk.trouble and talk.client.closed


def test_in_clear_where_it_is_allowed_the_password_itself_stays_here():
    talk = client_of(auth_in_clear=True)
    talk.say(GREETING)
    assert talk.say(offering(b"PLAIN", b"CRAM-MD5")) == b"AUTH CRAM-MD5\r\n"
    challenge = b"<1896.697170952@mx.example>"
    answer = talk.say(b"334 " + base64.b64encode(challenge) + b"\r\n")
    digest = hmac.new(b"geheim", challenge, "md5").hexdigest()
    assert base64.b64decode(answer) == f"nord {digest}".encode()
    assert talk.say(b"235 ok\r\n").startswith(b"MAIL FROM") and talk.client.signed_in == "CRAM-MD5"


def test_the_digest_is_that_of_the_standards_example():
    relay = Relay(
        "mx", username="tim", password="tanstaaftanstaaf", auth_in_clear=True
    )  # RFC 2195, section 2
    client = Client(relay, lambda _: None, 0.0)
    client.feed(GREETING + offering(b"CRAM-MD5"), 0.0)
    client.output.clear()
    client.feed(b"334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n", 0.0)
    assert client.output == [b"dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\r\n"]


def test_a_challenge_that_is_none_ends_the_session():
    talk = client_of(auth_in_clear=True)
    talk.say(GREETING)
    talk.say(offering(b"CRAM-MD5"))
    assert talk.say(b"334 not base64 at all!\r\n") == b""
    assert talk.client.closed and "CRAM-MD5" in talk.trouble[0].text


@pytest.mark.parametrize("mechanism", [b"PLAIN", b"LOGIN", b"CRAM-MD5"])
def test_without_encryption_nobody_signs_in_unless_it_is_allowed(mechanism):
    talk = client_of()
    talk.say(GREETING)
    assert talk.say(offering(mechanism)) == b""
    assert talk.client.closed and "not sent" in talk.trouble[0].text


def test_ways_to_sign_in_that_nobody_knows_are_named():
    talk = client_of(security="tls")
    talk.say(GREETING)
    talk.say(offering(b"GSSAPI"))
    assert "none of AUTH PLAIN" in talk.trouble[0].text


def test_what_was_offered_before_encryption_counts_no_more():
    talk = client_of(security="required")
    talk.say(GREETING)
    assert talk.say(b"250-mx\r\n250-AUTH PLAIN\r\n250-DSN\r\n250 STARTTLS\r\n") == b"STARTTLS\r\n"
    talk.say(b"220 go\r\n")
    talk.client.secured(1.0)
    talk.client.output.clear()
    talk.say(b"250 mx\r\n")
    assert talk.client.extensions == {} and "none of AUTH" in talk.trouble[0].text


def test_bytes_that_came_along_before_encryption_are_never_read():
    talk = Talk(1, Relay("mx", security="required"))
    talk.say(GREETING)
    talk.say(b"250-mx\r\n250 STARTTLS\r\n")
    assert talk.say(b"220 go\r\n250-injected\r\n250 AUTH PLAIN\r\n") == b""
    assert talk.client.closed and [kind for kind, _, _ in talk.events if kind == TROUBLE]
    assert "AUTH" not in talk.client.extensions


def test_a_greeting_and_the_offers_can_be_read_from_outside():
    talk = Talk(0)
    talk.say(b"220 mx.example ESMTP ready\r\n")
    talk.say(b"250-mx\r\n250-SIZE 1000\r\n250 AUTH PLAIN LOGIN\r\n")
    client = talk.client
    assert (client.greeting, client.size_limit) == ("mx.example ESMTP ready", 1000)
    assert client.mechanisms == ["PLAIN", "LOGIN"]
