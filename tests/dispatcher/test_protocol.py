"""The SMTP state machine, without sockets: what it says and what it makes of the answers."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.transport.protocol import DONE, INTENT, REPLY_MAX, TROUBLE, Client, Mail, Relay, wire_body
from dispatcher.transport.replies import DEFERRED, FAILED, RETURNED, SENT, UNCERTAIN

GREETING = b"220 mx ESMTP\r\n"
PLAIN = b"250 mx\r\n"
PIPELINING = b"250-mx\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250 8BITMIME\r\n"
OK3 = b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go\r\n"
BODY = b"Subject: x\r\n\r\nhallo\r\n"


class Talk:
    """A client with its mails; `say` feeds a reply and returns what the client sends."""

    def __init__(self, count=1, relay=None, recipient=b"u%d@x.example", body=BODY):
        self.waiting = deque(Mail(i, 1, b"b@n.example", recipient % i, [body]) for i in range(1, count + 1))
        self.client = Client(
            relay or Relay("mx"), lambda _: self.waiting.popleft() if self.waiting else None, 0.0
        )
        self.events = []

    def say(self, data, now=1.0, flush=True):
        self.client.feed(data, now)
        sent = b"".join(self.client.output)
        self.client.output.clear()
        if flush:
            self.client.flushed(now)
        self.events += self.client.events
        self.client.events.clear()
        return sent

    def lose(self, text="gone"):
        self.client.lost(text, 2.0)
        self.events += self.client.events
        self.client.events.clear()

    @property
    def outcomes(self):
        return {mail.delivery_id: outcome.state for kind, mail, outcome in self.events if kind == DONE}

    @property
    def trouble(self):
        return [outcome for kind, _, outcome in self.events if kind == TROUBLE]


def test_without_pipelining_every_command_waits_for_its_reply():
    talk = Talk(2)
    assert talk.say(GREETING) == b"EHLO localhost\r\n"
    assert talk.say(PLAIN) == b"MAIL FROM:<b@n.example>\r\n"
    assert talk.say(b"250 Ok\r\n") == b"RCPT TO:<u1@x.example>\r\n"
    assert talk.say(b"250 Ok\r\n") == b"DATA\r\n"
    assert talk.say(b"354 go\r\n") == BODY + b".\r\n"
    assert talk.say(b"250 2.0.0 queued\r\n") == b"MAIL FROM:<b@n.example>\r\n"
    assert talk.outcomes == {1: SENT}


def test_with_pipelining_the_next_envelope_leaves_behind_the_body():
    talk = Talk(2)
    talk.say(GREETING)
    assert talk.say(PIPELINING) == b"MAIL FROM:<b@n.example> SIZE=21\r\nRCPT TO:<u1@x.example>\r\nDATA\r\n"
    sent = talk.say(OK3)
    assert sent == BODY + b".\r\nMAIL FROM:<b@n.example> SIZE=21\r\nRCPT TO:<u2@x.example>\r\nDATA\r\n"
    assert talk.say(b"250 2.0.0 queued\r\n" + OK3) == BODY + b".\r\n"
    assert talk.say(b"250 queued\r\n") == b""
    assert talk.outcomes == {1: SENT, 2: SENT} and talk.client.idle


def test_intent_is_announced_with_the_body_and_before_the_outcome():
    talk = Talk(1)
    talk.say(GREETING)
    talk.say(PIPELINING)
    assert not talk.events
    talk.say(OK3)
    assert [kind for kind, _, _ in talk.events] == [INTENT]


@given(st.lists(st.integers(1, 12), max_size=80), st.booleans())
def test_replies_may_be_cut_anywhere(cuts, pipelining):
    talk = Talk(3)
    if pipelining:
        replies = (
            GREETING
            + PIPELINING
            + OK3
            + b"250 q\r\n"
            + OK3
            + b"250-q\r\n250 q\r\n"
            + OK3
            + b"450 4.2.0 later\r\n"
        )
    else:
        replies = (
            GREETING
            + PLAIN
            + b"250 a\r\n250 b\r\n354 c\r\n250 q\r\n" * 2
            + b"250 a\r\n250 b\r\n354 c\r\n450 4.2.0 later\r\n"
        )
    steps = deque(
        line + b"\r\n" for line in replies.split(b"\r\n")[:-1]
    )  # a server never answers ahead of the dot
    for line in steps:
        for cut in [*cuts, 1000]:
            piece, line = line[:cut], line[cut:]
            if piece:
                talk.say(piece)
    assert talk.outcomes == {1: SENT, 2: SENT, 3: DEFERRED}


@pytest.mark.parametrize(
    ("replies", "state"),
    [
        (b"250 a\r\n550 5.1.1 no such user\r\n554 no valid recipients\r\n", FAILED),
        (b"250 a\r\n450 4.2.0 greylisted\r\n554 no valid recipients\r\n", DEFERRED),
        (b"451 4.3.0 try later\r\n503 no mail\r\n503 no mail\r\n", DEFERRED),
    ],
)
def test_refused_recipient_is_settled_and_the_next_mail_goes_on(replies, state):
    talk = Talk(2)
    talk.say(GREETING)
    talk.say(PIPELINING)
    sent = talk.say(replies)
    assert talk.outcomes == {1: state}
    assert sent.endswith(b"MAIL FROM:<b@n.example> SIZE=21\r\nRCPT TO:<u2@x.example>\r\nDATA\r\n")
    assert sent.startswith(b"RSET\r\n") == (not replies.startswith(b"451"))
    talk.say((b"250 reset\r\n" if sent.startswith(b"RSET") else b"") + OK3)
    talk.say(b"250 q\r\n")
    assert talk.outcomes == {1: state, 2: SENT}


def test_server_that_takes_data_without_recipient_gets_an_empty_message():
    talk = Talk(1)
    talk.say(GREETING)
    talk.say(PIPELINING)
    assert talk.say(b"250 a\r\n550 5.1.1 no\r\n354 go\r\n") == b".\r\n"
    talk.say(b"554 no valid recipients\r\n")
    assert talk.outcomes == {1: FAILED}
    assert not [event for event in talk.events if event[0] == INTENT]


def test_refused_recipient_without_pipelining_resets_and_goes_on():
    talk = Talk(2)
    talk.say(GREETING)
    talk.say(PLAIN)
    talk.say(b"250 a\r\n")
    assert talk.say(b"550 5.1.1 no\r\n") == b"RSET\r\n"
    assert talk.say(b"250 ok\r\n") == b"MAIL FROM:<b@n.example>\r\n"
    assert talk.outcomes == {1: FAILED}


def test_5xx_to_mail_blames_the_relay_and_fails_nobody():
    talk = Talk(2)
    talk.say(GREETING)
    talk.say(PIPELINING)
    talk.say(b"530 5.7.0 authentication required\r\n503 x\r\n503 x\r\n")
    assert talk.outcomes == {1: DEFERRED} and talk.trouble and talk.client.closed


def test_421_closes_and_gives_the_mail_back():
    talk = Talk(2)
    talk.say(GREETING)
    talk.say(PIPELINING)
    talk.say(b"421 4.7.0 too many connections\r\n")
    assert talk.outcomes == {1: DEFERRED} and talk.client.closed
    assert talk.trouble[0].code == 421 and len(talk.waiting) == 1


def test_421_in_place_of_the_last_reply_is_a_certain_deferral():
    talk = Talk(2)
    talk.say(GREETING)
    talk.say(PIPELINING)
    talk.say(OK3)
    talk.say(b"421 4.3.2 shutting down\r\n")
    assert talk.outcomes == {1: DEFERRED, 2: RETURNED}


def test_connection_lost_behind_the_dot_is_uncertain_and_the_next_envelope_returns():
    talk = Talk(2)
    talk.say(GREETING)
    talk.say(PIPELINING)
    talk.say(OK3)
    talk.lose()
    assert talk.outcomes == {1: UNCERTAIN, 2: RETURNED}


def test_connection_lost_before_the_dot_left_is_a_certain_deferral():
    talk = Talk(2)
    talk.say(GREETING)
    talk.say(PIPELINING)
    sent = talk.say(OK3, flush=False)
    talk.client.unsent = len(sent) - len(BODY)  # the dot is still here
    talk.lose()
    assert talk.outcomes == {1: DEFERRED, 2: RETURNED}


def test_connection_lost_with_only_the_next_envelope_unsent_is_uncertain():
    talk = Talk(2)
    talk.say(GREETING)
    talk.say(PIPELINING)
    sent = talk.say(OK3, flush=False)
    talk.client.unsent = len(sent) - len(BODY) - 3
    talk.lose()
    assert talk.outcomes == {1: UNCERTAIN, 2: RETURNED}


@pytest.mark.parametrize("step", range(4))
def test_connection_lost_before_the_body_is_never_uncertain(step):
    talk = Talk(1)
    for reply in (GREETING, PIPELINING, b"250 a\r\n", b"250 b\r\n")[:step]:
        talk.say(reply)
    talk.lose()
    assert set(talk.outcomes.values()) <= {DEFERRED}
    assert talk.trouble


def test_positive_reply_before_the_message_is_out_counts_for_nothing():
    talk = Talk(1)
    talk.say(GREETING)
    talk.say(PIPELINING)
    talk.say(OK3 + b"250 queued already\r\n")
    assert talk.outcomes == {1: DEFERRED} and talk.client.closed


def test_positive_reply_counts_although_the_next_envelope_is_still_here():
    talk = Talk(2)
    talk.say(GREETING)
    talk.say(PIPELINING)
    sent = talk.say(OK3, flush=False)
    talk.client.unsent = len(sent) - len(BODY) - 3
    talk.say(b"250 queued\r\n", flush=False)
    assert talk.outcomes == {1: SENT} and not talk.client.closed


def test_lease_that_ended_hands_over_nothing():
    talk = Talk(1)
    talk.waiting[0].lease_end = 5.0
    talk.say(GREETING)
    talk.say(PIPELINING)
    assert talk.say(OK3, now=5.0) == b""
    assert talk.outcomes == {1: RETURNED} and talk.client.closed


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello\r\n",
        b"999 x\r\n",
        b"\0\0\0\r\n",
        b"25\r\n",
        b"x" * (REPLY_MAX + 1),
        b"250-more\r\n" * 10_000,
        b"\xff\xfe250 \r\n",
    ],
)
def test_garbage_closes_the_connection(garbage):
    talk = Talk(1)
    talk.say(GREETING)
    talk.say(PIPELINING)
    talk.say(garbage)
    assert talk.client.closed and talk.outcomes == {1: DEFERRED}
    texts = [outcome.text for _, _, outcome in talk.events if outcome]
    assert texts and all(text.isprintable() for text in texts)  # a ledger holds no NUL
    assert len(talk.client._buffer) <= REPLY_MAX + len(garbage)


def test_message_larger_than_the_server_takes_fails_before_a_command_is_sent():
    talk = Talk(1, body=b"x" * 1001)
    talk.say(GREETING)
    assert talk.say(PIPELINING) == b""
    assert talk.outcomes == {1: FAILED}


def test_international_address_needs_smtputf8():
    talk = Talk(1, recipient="jörg%d@x.example".encode())
    talk.say(GREETING)
    assert talk.say(PIPELINING) == b"" and talk.outcomes == {1: FAILED}
    talk = Talk(1, recipient="jörg%d@x.example".encode())
    talk.say(GREETING)
    sent = talk.say(b"250-mx\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
    assert sent == b"MAIL FROM:<b@n.example> BODY=8BITMIME SMTPUTF8\r\n"


def test_starttls_discards_what_came_before_and_asks_again():
    talk = Talk(1, Relay("mx", security="required"))
    talk.say(GREETING)
    assert talk.say(b"250-mx\r\n250-STARTTLS\r\n250 PIPELINING\r\n") == b"STARTTLS\r\n"
    assert talk.say(b"220 go\r\n") == b"" and talk.client.start_tls
    talk.client.secured(1.0)
    assert talk.say(b"") == b"EHLO localhost\r\n"
    assert talk.say(PLAIN) == b"MAIL FROM:<b@n.example>\r\n"  # what was offered in clear counts no more


def test_bytes_injected_behind_starttls_end_the_connection():
    talk = Talk(1, Relay("mx", security="required"))
    talk.say(GREETING)
    talk.say(b"250-mx\r\n250 STARTTLS\r\n")
    talk.say(b"220 go\r\n250 injected\r\n")
    assert talk.client.closed


def test_required_tls_sends_no_mail_in_clear():
    talk = Talk(1, Relay("mx", security="required"))
    talk.say(GREETING)
    assert talk.say(PIPELINING) == b"" and talk.client.closed and not talk.outcomes


def test_password_is_never_sent_in_clear():
    talk = Talk(1, Relay("mx", username="u", password="geheim"))
    talk.say(GREETING)
    assert talk.say(b"250-mx\r\n250 AUTH PLAIN\r\n") == b"" and talk.client.closed


@pytest.mark.parametrize("mechanism", [b"PLAIN", b"LOGIN"])
def test_sign_in_then_mail(mechanism):
    talk = Talk(1, Relay("mx", username="u", password="p", auth_in_clear=True))
    talk.say(GREETING)
    sent = talk.say(b"250-mx\r\n250 AUTH " + mechanism + b"\r\n")
    if mechanism == b"LOGIN":
        assert sent == b"AUTH LOGIN\r\n"
        assert talk.say(b"334 VXNlcm5hbWU6\r\n") == b"dQ==\r\n"
        assert talk.say(b"334 UGFzc3dvcmQ6\r\n") == b"cA==\r\n"
    else:
        assert sent == b"AUTH PLAIN AHUAcA==\r\n"
    assert talk.say(b"235 welcome\r\n").startswith(b"MAIL FROM")


def test_old_server_is_greeted_with_helo():
    talk = Talk(1)
    talk.say(GREETING)
    assert talk.say(b"502 what\r\n") == b"HELO localhost\r\n"
    assert talk.say(b"250 hello\r\n").startswith(b"MAIL FROM")


def test_wire_body_has_crlf_only_and_doubled_dots():
    assert wire_body(b"a\n.\r\n..b\rc") == b"a\r\n..\r\n...b\r\nc\r\n"
