"""Bounces and complaints that other servers send: believed by the mark of the mail, and only by that."""

import hashlib

import pytest

from dispatcher import feedback
from domain import clock, tokens
from domain.ledger.models import Delivery, DeliveryEvent
from domain.ledger.states import DeliveryState
from domain.subscribers import directory, suppression
from tests.world import World, build

KEY = "reader@x.example"

BOUNCE = """From: MAILER-DAEMON@mx.example
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your mail could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; reader@x.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} <reader@x.example>: user unknown
--b
Content-Type: text/rfc822-headers

Message-ID: <{message_id}@news.example>
Subject: Hello
--b--
"""

COMPLAINT = """From: feedback@isp.example
To: abuse@news.example
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an abuse report.
--b
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1

--b
Content-Type: message/rfc822

From: news@news.example
Message-ID: <{message_id}@news.example>
Subject: Hello

Text
--b--
"""


@pytest.fixture
def world(database: str) -> World:
    return build()


@pytest.fixture
def mail(world: World) -> Delivery:
    person = directory.create(world.north.id, {"address": KEY})
    return Delivery.create(
        tenant_id=world.north.id, campaign_id=1, subscriber_id=person.id, address_key=KEY, state=DeliveryState.SENT,
        queued_at=clock.epoch(), settled_at=clock.epoch(),
    )  # fmt: skip


def marks(mail: Delivery) -> tuple[str, str]:
    """(return path, left part of the Message-ID) of a mail, made as the pump makes them."""
    token = tokens.mail_token("mail", mail.id).encode()
    digest = hashlib.blake2b(token, digest_size=20, person=b"mail marks").hexdigest()
    return f"b+{mail.id}-{digest[20:]}@news.example", f"{mail.id}.{digest[:20]}"


def bounce(
    to: str = "bounces@news.example", message_id: str = "1.0", action: str = "failed", status: str = "5.1.1"
) -> bytes:
    return BOUNCE.format(to=to, message_id=message_id, action=action, status=status).encode()


def events(mail: Delivery) -> list[str]:
    query = DeliveryEvent.select().where(DeliveryEvent.tenant_id == mail.tenant_id)
    return [event.kind for event in query]


def test_a_bounce_is_attributed_by_the_return_path_or_the_message_id(world: World, mail: Delivery) -> None:
    path, message_id = marks(mail)
    assert feedback.take(bounce(to=path.upper())).is_stopped
    row = suppression.entry(world.north.id, KEY)
    assert row is not None and (row.auto, row.delivery_id) == ("returned", mail.id)
    assert "user unknown" in row.reason
    for raw, sent_to in ((bounce(), path), (bounce(message_id=message_id), "")):
        assert feedback.take(raw, sent_to).delivery_id == mail.id
    assert events(mail) == ["bounced"]


def test_a_complaint_puts_its_reader_on_the_list(world: World, mail: Delivery) -> None:
    _path, message_id = marks(mail)
    taken = feedback.take(COMPLAINT.format(kind="abuse", message_id=message_id).encode())
    assert taken.kind == "complained" and taken.is_stopped
    row = suppression.entry(world.north.id, KEY)
    assert row is not None and row.source == "complaint" and row.reason == "SomeGenerator/1.0"


def test_soft_bounces_are_noted_and_stop_nobody(world: World, mail: Delivery) -> None:
    path, _message_id = marks(mail)
    assert not feedback.take(bounce(to=path, status="5.2.2")).is_stopped
    assert events(mail) == ["bounced"] and suppression.entry(world.north.id, KEY) is None


def test_forged_reports_delays_and_other_mail_change_nothing(world: World, mail: Delivery) -> None:
    path, message_id = marks(mail)
    forged = [
        bounce(), bounce(to=path.replace("-", "-0")), bounce(message_id=message_id[:-1] + "x"),
        bounce(to=path, action="delayed"), bounce(to=path, action="delivered", status="2.0.0"),
        COMPLAINT.format(kind="abuse", message_id=f"{mail.id}.{'0' * 20}").encode(),
        COMPLAINT.format(kind="not-spam", message_id=message_id).encode(),
        f"From: a@x.example\nTo: {path}\nSubject: out of office\n\nI am away. 5.1.1 user unknown".encode(),
        b"", b"\xff\x00 no mail at all",
    ]  # fmt: skip
    for raw in forged:
        assert feedback.take(raw).why, raw
    assert events(mail) == [] and suppression.entry(world.north.id, KEY) is None
