"""An SMTP client as a state machine without sockets (RFC 5321, 2920, 3207, 4954, 6531).

Feed it what the server said; it appends to `output` what to send and to `events` what happened to the mails.
It asks `source` for the next mail when it can take one. Hot and standard library only.

A body is put into `output` together with an INTENT event: whoever runs it writes the intent down before the
bytes leave. With PIPELINING the next envelope leaves behind the body, so a mail costs one round trip.
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dispatcher.transport import replies
from dispatcher.transport.replies import (
    BODY,
    DATA,
    DEFERRED,
    FAILED,
    MAIL,
    RCPT,
    RETURNED,
    UNCERTAIN,
    Outcome,
    Reply,
)

REPLY_MAX = 65_536  # a reply longer than this is an attack or a defect
INTENT, DONE, TROUBLE = "intent", "done", "trouble"

GREETING, EHLO, HELO, STARTTLS, AUTH, RSET, QUIT, LOST = (
    "greeting",
    "EHLO",
    "HELO",
    "STARTTLS",
    "AUTH",
    "RSET",
    "QUIT",
    "lost",
)


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


class Mail:
    """One mail on its way: envelope, body in wire form, and when its lease ends on the loop's clock."""

    __slots__ = (
        "attempt",
        "body",
        "delivery_id",
        "lease_end",
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
        body: bytes,
        lease_end: float = float("inf"),
        tag: Any = None,
    ) -> None:
        self.delivery_id = delivery_id
        self.attempt = attempt
        self.sender = sender
        self.recipient = recipient
        self.body = body
        self.lease_end = lease_end
        self.tag = tag
        self.refusal: Reply | None = None
        self.refused_in = MAIL


Event = tuple[str, Mail | None, Outcome | None]


class ProtocolError(Exception):
    """The server says what no server may say; the connection is of no use any more."""


class Client:
    """One connection. The owner calls `feed`, `pump`, `flushed`, `lost`; `deadline` is when patience ends."""

    def __init__(
        self, relay: Relay, source: Callable[[Client], Mail | None], now: float, try_tls: bool = True
    ) -> None:
        self.relay = relay
        self.source = source
        self.output: list[bytes] = []
        self.events: list[Event] = []
        self.expected: deque[str] = deque([GREETING])
        self.mails: deque[Mail] = deque()  # at most two: one whose body is out, one whose envelope is
        self.deadline = now + relay.timeouts.greeting
        self.secure = relay.security == "tls"
        self.try_tls = try_tls or relay.security != "opportunistic"
        self.start_tls = False  # the owner wraps the socket and calls `secured`
        self.closed = False
        self.retiring = False  # no further mail, QUIT when the last one is through
        self.body_pending = False  # the body of mails[0] is not yet completely sent
        self.sent_count = 0
        self.unsent = 0  # bytes taken from `output` that have not left; kept by the owner
        self._behind_dot = 0  # bytes of the next envelope, sent behind the dot of mails[0]
        self._buffer = b""
        self._lines: list[bytes] = []
        self._lines_size = 0
        self._extensions: dict[str, str] = {}
        self._auth_steps: deque[bytes] = deque()
        self._pipelining = False
        self._size_limit = 0

    # -- what the owner calls

    def feed(self, data: bytes, now: float) -> None:
        """Take bytes of the server. After a protocol error the connection is `closed` and its mails are settled."""
        if self.closed:
            return
        try:
            self._read(data, now)
        except ProtocolError as error:
            self.lost(str(error), now)

    def pump(self, now: float) -> None:
        """Start the next mail if this connection is idle (rows have come in, or it retires)."""
        if not self.closed and not self.expected and not self.start_tls:
            self._next(now)

    def flushed(self, now: float) -> None:
        """Everything in `output` has left."""
        if self.body_pending:
            self.body_pending = False
            self.deadline = now + self.relay.timeouts.dot

    def progressed(self, now: float) -> None:
        """Part of `output` has left: the block timeout starts anew."""
        if self.body_pending:
            self.deadline = now + self.relay.timeouts.block

    def secured(self, now: float) -> None:
        """TLS stands after STARTTLS: what the server said before counts no more (RFC 3207 4.2)."""
        self.start_tls = False
        self.secure = True
        self._command(b"EHLO " + self.relay.helo_name.encode("ascii"), EHLO, now)

    def lost(self, text: str, now: float) -> None:
        """The connection is gone or given up: settle what it carried."""
        if self.closed:
            return
        self.closed = True
        unsent = self.unsent + sum(map(len, self.output))
        self.output.clear()
        dot_gone = BODY in self.expected and unsent <= self._behind_dot
        phase = self.expected[0] if self.expected else "idle"
        for position, mail in enumerate(self.mails):
            if position == 0 and mail.refusal is not None:
                outcome = replies.outcome(mail.refusal, mail.refused_in)
            elif position == 0 and dot_gone:
                outcome = Outcome(UNCERTAIN, 0, "", f"no reply after the message was handed over: {text}")
            elif position == 0:
                outcome = Outcome(DEFERRED, 0, "", f"{text} (at {phase})")
            else:
                outcome = Outcome(RETURNED)
            self.events.append((DONE, mail, outcome))
        self.mails.clear()
        if phase != QUIT and phase != "idle":
            self.events.append((TROUBLE, None, Outcome(DEFERRED, 0, "", f"{text} (at {phase})")))
        self.expected.clear()

    @property
    def idle(self) -> bool:
        """Ready, nothing asked, nothing under way."""
        return not self.closed and not self.expected and not self.start_tls

    # -- reading replies

    def _read(self, data: bytes, now: float) -> None:
        buffer = self._buffer + data if self._buffer else data
        start = 0
        while True:
            end = buffer.find(b"\n", start)
            if end < 0:
                break
            line = (
                buffer[start : end - 1]
                if buffer[end - 1 : end] == b"\r" and end > start
                else buffer[start:end]
            )
            start = end + 1
            self._line(line, now)
            if self.closed:
                return
            if self.start_tls:
                if start < len(buffer):
                    raise ProtocolError("bytes after STARTTLS")
                break
        self._buffer = buffer[start:]
        if len(self._buffer) + self._lines_size > REPLY_MAX:
            raise ProtocolError("reply longer than 64 KB")

    def _line(self, line: bytes, now: float) -> None:
        digits = line[:3]
        if (
            len(digits) != 3
            or not digits.isdigit()
            or not b"200" <= digits <= b"599"
            or line[3:4] not in (b" ", b"-", b"")
        ):
            raise ProtocolError("not an SMTP reply: " + line[:60].decode("ascii", "replace"))
        self._lines.append(line[4:])
        self._lines_size += len(line)
        if self._lines_size > REPLY_MAX:
            raise ProtocolError("reply longer than 64 KB")
        if line[3:4] == b"-":
            return
        lines, self._lines, self._lines_size = self._lines, [], 0
        self._reply(replies.read(int(digits), lines), lines, now)

    def _reply(self, reply: Reply, lines: list[bytes], now: float) -> None:
        if not self.expected:
            raise ProtocolError(
                f"{reply.code} {reply.text}" if reply.code == 421 else f"unexpected reply {reply.code}"
            )
        phase = self.expected.popleft()
        if phase in (MAIL, RCPT):
            self._envelope_reply(reply, phase, now)
        elif phase == DATA:
            self._data_reply(reply, now)
        elif phase == BODY:
            self._body_reply(reply, now)
        else:
            self._session_reply(reply, lines, phase, now)

    def _session_reply(self, reply: Reply, lines: list[bytes], phase: str, now: float) -> None:
        if phase == QUIT:
            self.closed = True
        elif phase == RSET:
            if reply.code >= 400:
                self._give_up(reply, phase)
            elif not self.expected:
                self._next(now)
        elif phase == GREETING:
            if reply.code != 220:
                return self._give_up(reply, phase)
            self._command(b"EHLO " + self.relay.helo_name.encode("ascii"), EHLO, now)
        elif (
            phase == EHLO
            and reply.code >= 500
            and not self.secure
            and self.relay.security in ("off", "opportunistic")
        ):
            self._command(b"HELO " + self.relay.helo_name.encode("ascii"), HELO, now)
        elif phase in (EHLO, HELO):
            if reply.code != 250:
                return self._give_up(reply, phase)
            self._offered(lines if phase == EHLO else [], now)
        elif phase == STARTTLS:
            if reply.code == 220:
                self.start_tls = True
            elif self.relay.security == "required":
                self._give_up(reply, phase)
            else:
                self._login(now)
        else:
            self._auth_reply(reply, now)

    # -- session

    def _offered(self, lines: list[bytes], now: float) -> None:
        self._extensions = {}
        for line in lines[1:]:
            word, _, rest = line.decode("ascii", "replace").strip().partition(" ")
            self._extensions[word.upper()] = rest.strip().upper()
        self._pipelining = "PIPELINING" in self._extensions
        size = self._extensions.get("SIZE", "")
        self._size_limit = int(size) if size.isdigit() else 0
        wanted = self.relay.security != "off" and self.try_tls
        if not self.secure and wanted and "STARTTLS" in self._extensions:
            return self._command(b"STARTTLS", STARTTLS, now)
        if not self.secure and self.relay.security == "required":
            return self._give_up(Reply(0, "", "the server offers no STARTTLS, which is required"), EHLO)
        self._login(now)

    def _login(self, now: float) -> None:
        if not self.relay.username:
            return self._next(now)
        if not self.secure and not self.relay.auth_in_clear:
            return self._give_up(Reply(0, "", "no encryption, so the password is not sent"), AUTH)
        mechanisms = self._extensions.get("AUTH", "").split()
        user, password = self.relay.username.encode(), self.relay.password.encode()
        if "PLAIN" in mechanisms:
            self._command(b"AUTH PLAIN " + base64.b64encode(b"\0" + user + b"\0" + password), AUTH, now)
        elif "LOGIN" in mechanisms:
            self._auth_steps = deque([base64.b64encode(user), base64.b64encode(password)])
            self._command(b"AUTH LOGIN", AUTH, now)
        else:
            self._give_up(Reply(0, "", "the server offers neither AUTH PLAIN nor LOGIN"), AUTH)

    def _auth_reply(self, reply: Reply, now: float) -> None:
        if reply.code == 334 and self._auth_steps:
            self._command(self._auth_steps.popleft(), AUTH, now)
        elif reply.code == 235:
            self._next(now)
        else:
            self._give_up(reply, AUTH)

    # -- mails

    def _next(self, now: float) -> None:
        """Put the envelope of the next mail behind what is already going out; QUIT when retiring."""
        if not self.retiring:
            mail = self._pull()
            if mail is not None:
                return self._envelope(mail, now)
        if not self.expected:
            if self.retiring:
                self._command(b"QUIT", QUIT, now)
            else:
                self.deadline = now + self.relay.timeouts.idle

    def _pull(self) -> Mail | None:
        """The next mail that this server can take; what it cannot take is settled without asking it."""
        while (mail := self.source(self)) is not None:
            if not mail.recipient.isascii() and "SMTPUTF8" not in self._extensions:
                text = "the mail server does not take addresses with international characters (SMTPUTF8)"
                self.events.append((DONE, mail, Outcome(FAILED, 0, "5.6.7", text)))
            elif self._size_limit and len(mail.body) > self._size_limit:
                text = f"the message is larger than the mail server takes ({self._size_limit} bytes)"
                self.events.append((DONE, mail, Outcome(FAILED, 0, "5.3.4", text)))
            else:
                return mail
        return None

    def _envelope(self, mail: Mail, now: float) -> None:
        self.mails.append(mail)
        before = sum(map(len, self.output))
        command = b"MAIL FROM:<" + mail.sender + b">"
        if self._size_limit:
            command += b" SIZE=%d" % len(mail.body)
        if not mail.recipient.isascii():
            command += b" BODY=8BITMIME SMTPUTF8"
        if self._pipelining:
            self.output.append(command + b"\r\nRCPT TO:<" + mail.recipient + b">\r\nDATA\r\n")
            self.expected.extend((MAIL, RCPT, DATA))
        else:
            self.output.append(command + b"\r\n")
            self.expected.append(MAIL)
        if self.body_pending:
            self._behind_dot = sum(map(len, self.output)) - before
        elif self.expected[0] != BODY:
            self.deadline = now + self.relay.timeouts.command

    def _envelope_reply(self, reply: Reply, phase: str, now: float) -> None:
        mail = self.mails[0]
        self.deadline = now + self.relay.timeouts.command
        if reply.code >= 300 and mail.refusal is None:
            mail.refusal, mail.refused_in = reply, phase
        if reply.code == 421:
            return self._give_up(reply, phase)
        if self._pipelining:
            return
        if mail.refusal is not None:
            self._refused(now)
        elif phase == MAIL:
            self._command(b"RCPT TO:<" + mail.recipient + b">", RCPT, now)
        else:
            self._command(b"DATA", DATA, now)

    def _data_reply(self, reply: Reply, now: float) -> None:
        mail = self.mails[0]
        if reply.code != 354:
            if mail.refusal is None:
                mail.refusal, mail.refused_in = reply, DATA
            return self._give_up(reply, DATA) if reply.code == 421 else self._refused(now)
        if mail.refusal is not None:  # RFC 2920 3.1: an empty message, which the server must refuse
            self.output.append(b".\r\n")
            self.expected.append(BODY)
            self.deadline = now + self.relay.timeouts.dot
            return
        if now >= mail.lease_end:  # another process may own it by now; without the dot nothing counts
            self.mails.popleft()
            self.events.append((DONE, mail, Outcome(RETURNED)))
            return self.lost("lease ended", now)
        self.output.append(mail.body)
        self.output.append(b".\r\n")
        self.expected.append(BODY)
        self.body_pending = True
        self._behind_dot = 0
        self.deadline = now + self.relay.timeouts.block
        self.events.append((INTENT, mail, None))
        if self._pipelining:
            self._next(now)

    def _body_reply(self, reply: Reply, now: float) -> None:
        if self.body_pending and reply.code < 400:
            self.expected.appendleft(BODY)
            self.mails[0].refusal = Reply(450, "", "the server replied before the message was complete")
            raise ProtocolError("reply before the end of the message")
        mail = self.mails.popleft()
        early = self.body_pending
        self.body_pending = False
        refusal, phase = (mail.refusal, mail.refused_in) if mail.refusal is not None else (reply, BODY)
        outcome = replies.outcome(refusal, phase)
        self.events.append((DONE, mail, outcome))
        self.deadline = now + self.relay.timeouts.command
        if outcome.state == replies.SENT:
            self.sent_count += 1
        if early:  # the rest of the body would be read as commands
            return self.lost("reply before the end of the message", now)
        if replies.concerns_relay(refusal, phase):
            return self._give_up(reply, BODY)
        if not self.expected:
            self._next(now)

    def _refused(self, now: float) -> None:
        """The head mail was refused before its body: settle it, clear the transaction, go on."""
        mail = self.mails.popleft()
        assert mail.refusal is not None
        self.events.append((DONE, mail, replies.outcome(mail.refusal, mail.refused_in)))
        if replies.concerns_relay(mail.refusal, mail.refused_in):
            return self._give_up(mail.refusal, mail.refused_in)
        if mail.refused_in != MAIL:  # the transaction is still open: a second MAIL would be refused
            self._command(b"RSET", RSET, now)
        if self._pipelining or not self.expected:
            self._next(now)

    # -- ends

    def _give_up(self, reply: Reply, phase: str) -> None:
        """The server (or our rule) ends the session: trouble of the relay, its mails go back or are deferred."""
        for position, mail in enumerate(self.mails):
            if position == 0 and mail.refusal is not None:
                self.events.append((DONE, mail, replies.outcome(mail.refusal, mail.refused_in)))
            else:
                self.events.append((DONE, mail, Outcome(RETURNED)))
        self.mails.clear()
        self.expected.clear()
        self.output.clear()
        self.closed = True
        self.events.append((TROUBLE, None, Outcome(DEFERRED, *reply)))

    def _command(self, line: bytes, phase: str, now: float) -> None:
        self.output.append(line + b"\r\n")
        self.expected.append(phase)
        timeouts = self.relay.timeouts
        self.deadline = now + (timeouts.data if phase == DATA else timeouts.command)


def wire_body(message: bytes) -> bytes:
    """A message from elsewhere as DATA takes it: CRLF line ends only, leading dots doubled, CRLF at the end."""
    lines = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    return b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines)
