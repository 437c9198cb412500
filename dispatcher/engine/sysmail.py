"""System mails (opt-in, reset, test, completion): rows of the outbox become mails; they go before everything else.

A row is claimed by moving its `next_at`: if the process dies, it is due again after the lease.
"""

import base64
import hashlib
from email.utils import format_datetime

from dispatcher import senders
from dispatcher.message.compose import HeaderRefused
from dispatcher.message.personalise import (
    RecipientRefused,
    guard,
    header_text,
    header_value,
    mailbox,
    quoted_printable,
    text_value,
    wire_address,
)
from dispatcher.transport.backoff import Backoff
from dispatcher.transport.protocol import Mail, wire_body
from dispatcher.transport.replies import DEFERRED, FAILED, SENT, UNCERTAIN, Outcome
from domain import clock
from domain.db import database, is_postgres
from domain.notices.models import MailState, OutboxMail
from domain.senders import domains

LEASE_S = 300
_BACKOFF = Backoff(delays_s=(30, 60, 120, 300, 600, 1200, 2400), give_up_s=2 * 24 * 3600)


class SenderRefused(ValueError):
    """The mail bears a sender that is not verified."""


def claim(limit: int) -> list[OutboxMail]:
    """System mails that are due, now leased to this process. Crosses tenants: the house sends for all."""
    now = clock.epoch()
    due = OutboxMail.select(OutboxMail.id).where(
        OutboxMail.state == MailState.QUEUED, OutboxMail.next_at <= now
    )
    due = due.order_by(OutboxMail.id).limit(limit)
    with database.atomic():
        if is_postgres():
            due = due.for_update("FOR UPDATE SKIP LOCKED")
        ids = [row.id for row in due]
        if not ids:
            return []
        OutboxMail.update(next_at=now + LEASE_S, attempts=OutboxMail.attempts + 1).where(
            OutboxMail.id.in_(ids)
        ).execute()
        return list(OutboxMail.select().where(OutboxMail.id.in_(ids)).order_by(OutboxMail.id))


def build(row: OutboxMail, default_sender: str, domain: str, lease_end: float) -> Mail:
    """The mail of a row. Raises HeaderRefused, RecipientRefused or SenderRefused if none can be made.

    A tenant whose own address is not verified writes from the house's."""
    own = row.sender_address
    if own and row.tenant_id is not None and not domains.may_send_as(row.tenant_id, own.rpartition("@")[2]):
        if row.raw:
            raise SenderRefused(domains.UNVERIFIED % {"domain": own.rpartition("@")[2]})
        own = ""
    sender = wire_address(own or default_sender)
    recipient = wire_address(row.to_address)
    message = base64.b64decode(row.raw) if row.raw else _message(row, sender, recipient, domain)
    signer = senders.signer_for(row.tenant_id, own)
    if signer is not None:
        message = signer.signed(message, int(row.created_at.timestamp()))
    body = wire_body(message) if row.raw else message
    return Mail(row.id, row.attempts, sender, recipient, [body], lease_end, row.id)


def settle(outbox_id: int, outcome: Outcome) -> None:
    """Write down what became of a system mail."""
    row = OutboxMail.get_or_none(OutboxMail.id == outbox_id)
    if row is None or row.state != MailState.QUEUED:
        return
    row.reply = " ".join(str(part) for part in (outcome.code or "", outcome.enhanced, outcome.text) if part)[
        :300
    ]
    if outcome.state == SENT:
        row.state, row.sent_at = MailState.SENT, clock.now()
    elif outcome.state == FAILED:
        row.state = MailState.FAILED
    elif outcome.state in (DEFERRED, UNCERTAIN):
        now = clock.epoch()
        next_at = _BACKOFF.next_at(row.attempts, int(row.created_at.timestamp()), now, 0.5)
        if next_at is None:
            row.state = MailState.FAILED
        else:
            row.next_at = next_at
    else:
        row.next_at = 0
    row.save()


def _message(row: OutboxMail, sender: bytes, recipient: bytes, domain: str) -> bytes:
    """Text or multipart/alternative; Auto-Submitted (RFC 3834) and no List-Unsubscribe."""
    identity = hashlib.blake2b(f"{row.id}:{row.created_at.isoformat()}".encode(), digest_size=10).hexdigest()
    head = [
        b"From: " + mailbox(header_value(row.sender_name), sender),
        b"To: " + mailbox(header_value(row.to_name), recipient),
        b"Subject: " + header_text(header_value(row.subject)),
        b"Date: " + format_datetime(row.created_at).encode(),
        b"Message-ID: <s"
        + str(row.id).encode()
        + b"."
        + identity.encode()
        + b"@"
        + domain.encode("ascii")
        + b">",
        b"MIME-Version: 1.0",
    ]
    headers = {"Auto-Submitted": "auto-generated", **(row.headers or {})}
    for name, value in headers.items():
        head.append(guard(name, "header").encode("ascii") + b": " + header_text(guard(str(value), name)))
    plain = _part(b"plain", row.plain)
    if not row.html:
        return b"\r\n".join(head) + b"\r\n" + plain
    boundary = b"=_" + identity.encode()
    return (
        b"\r\n".join(head)
        + b'\r\nContent-Type: multipart/alternative; boundary="' + boundary + b'"\r\n\r\n'
        + b"--" + boundary + b"\r\n" + plain
        + b"--" + boundary + b"\r\n" + _part(b"html", row.html)
        + b"--" + boundary + b"--\r\n"
    )  # fmt: skip


def _part(subtype: bytes, text: str) -> bytes:
    return (
        b"Content-Type: text/" + subtype + b"; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted_printable(text_value(text)) + b"\r\n"
    )


__all__ = ["HeaderRefused", "RecipientRefused", "SenderRefused", "build", "claim", "settle"]
