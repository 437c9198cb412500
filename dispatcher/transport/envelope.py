"""What goes over SMTP: the relay, the mail, the events. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dispatcher.transport.replies import MAIL, Outcome, Reply

REPLY_MAX = 65_536  # a reply longer than this is an attack or a defect
INTENT, DONE, TROUBLE = "intent", "done", "trouble"


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait in each phase (RFC 5321 4.5.3.2); a short one after the dot makes duplicates."""

    connect: float = 30
    greeting: float = 300
    command: float = 300
    data: float = 120
    block: float = 180
    dot: float = 600
    idle: float = 30  # taste: a relay's own idle limit is usually 60 s or more


@dataclass(frozen=True)
class Relay:
    """How to reach a mail server. `security`: off, opportunistic, required, tls (from the first byte)."""

    host: str
    port: int = 25
    security: str = "opportunistic"
    username: str = ""
    password: str = field(default="", repr=False)
    verify: bool = False  # certificate must be valid for `host`
    auth_in_clear: bool = False
    max_connections: int = 8
    helo_name: str = "localhost"
    timeouts: Timeouts = Timeouts()
    public_only: bool = False  # a tenant's relay must not lead into our own network
    id: int = 0  # of its row; 0: none (the catcher)
    name: str = ""  # for people
    per_second: float | None = None
    per_hour: int | None = None
    shared: bool = False  # `max_connections` are those of all dispatchers together


class Mail:
    """One mail on its way: envelope, body in wire form, and when its lease ends on the loop's clock.

    The body stays in pieces until it leaves: most of them are shared by all mails of a campaign, so that only the
    one that is being written stands in the processor's cache.
    """

    __slots__ = (
        "attempt",
        "delivery_id",
        "lease_end",
        "pieces",
        "recipient",
        "refusal",
        "refused_in",
        "sender",
        "tag",
    )

    def __init__(
        self,
        delivery_id: int,
        attempt: int,
        sender: bytes,
        recipient: bytes,
        pieces: Sequence[bytes],
        lease_end: float = float("inf"),
        tag: Any = None,
    ) -> None:
        self.delivery_id = delivery_id
        self.attempt = attempt
        self.sender = sender
        self.recipient = recipient
        self.pieces = pieces
        self.lease_end = lease_end
        self.tag = tag
        self.refusal: Reply | None = None
        self.refused_in = MAIL

    @property
    def body(self) -> bytes:
        """What DATA takes, without the dot."""
        return b"".join(self.pieces)

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return sum(map(len, self.pieces))


Event = tuple[str, Mail | None, Outcome | None]


class ProtocolError(Exception):
    """The server says what no server may say; the connection is of no use any more."""


def wire_body(message: bytes) -> bytes:
    """A message from elsewhere as DATA takes it: CRLF line ends only, leading dots doubled, CRLF at the end."""
    lines = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    return b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines)


_NO_XTEXT = re.compile(rb"[^!-*,-<>-~]")


def dsn_of_mail(mail: Mail) -> bytes:
    """What MAIL says about reports (RFC 3461): headers only, and an id by which a report finds its mail even if its
    body is cut off: that of the return path, which is unique per delivery; system mails have their own."""
    envelope_id = b"s%d" % mail.tag if type(mail.tag) is int else mail.sender.partition(b"@")[0]
    return b" RET=HDRS ENVID=" + _xtext(envelope_id or b"%d" % mail.delivery_id)


def dsn_of_recipient(mail: Mail) -> bytes:
    """What RCPT says about reports; an international address names itself well enough."""
    if not mail.recipient.isascii():
        return b" NOTIFY=FAILURE,DELAY"
    return b" NOTIFY=FAILURE,DELAY ORCPT=rfc822;" + _xtext(mail.recipient)


def _xtext(text: bytes) -> bytes:
    return _NO_XTEXT.sub(lambda found: b"+%02X" % found[0][0], text)
