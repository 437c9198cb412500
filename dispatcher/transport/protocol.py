"""An SMTP client as a state machine without sockets (RFC 5321, 2920, 3207, 3461, 4954, 6531).

Feed it what the server said; it appends to `output` what to send and to `events` what happened to the mails.
It asks `source` for the next mail when it can take one. Hot and standard library only.

A body is put into `output` together with an INTENT event: whoever runs it writes the intent down before the
bytes leave. With PIPELINING the next envelope leaves behind the body, so a mail costs one round trip.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from dispatcher.transport import replies
from dispatcher.transport.envelope import (
    DONE,
    INTENT,
    REPLY_MAX,
    TROUBLE,
    Event,
    Mail,
    ProtocolError,
    Relay,
    Timeouts,
    dsn_of_mail,
    dsn_of_recipient,
    wire_body,
)
from dispatcher.transport.replies import (
    BODY,
    DATA,
    DEFERRED,
    FAILED,
    MAIL,
    RCPT,
    RETURNED,
    SENT,
    UNCERTAIN,
    Outcome,
    Reply,
)
from dispatcher.transport.session import QUIT, RSET, STARTTLS, Session

__all__ = [
    "DONE", "INTENT", "REPLY_MAX", "TROUBLE", "Client", "Event", "Mail", "ProtocolError", "Relay", "Timeouts",
    "wire_body",
]  # fmt: skip

_ENVELOPE = (MAIL, RCPT, DATA)
_EXCHANGE = deque((BODY, *_ENVELOPE))


class Client(Session):
    """One connection. The owner calls `feed`, `pump`, `flushed`, `lost`; `deadline` is when patience ends."""

    def __init__(
        self, relay: Relay, source: Callable[[Client], Mail | None], now: float, try_tls: bool = True
    ) -> None:
        super().__init__(relay, now, try_tls)
        self.source = source
        self.mails: deque[Mail] = deque()  # at most two: one whose body is out, one whose envelope is
        self.retiring = False  # no further mail, QUIT when the last one is through
        self.body_pending = False  # the body of mails[0] is not yet completely sent
        self.sent_count = 0
        self.unsent = 0  # bytes taken from `output` that have not left; kept by the owner
        self._behind_dot = 0  # bytes of the next envelope, sent behind the dot of mails[0]

    # -- what the owner calls

    def feed(self, data: bytes, now: float) -> None:
        """Take bytes of the server. After a protocol error the connection is `closed` and its mails are settled."""
        if self.closed:
            return
        if self._pipelining and self._exchange(data, now):
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

    def lost(self, text: str, now: float) -> None:
        """The connection is gone or given up: settle what it carried."""
        if self.closed:
            return
        self.closed = True
        if not text.isprintable():  # a server's bytes: a NUL among them is refused by PostgreSQL
            text = "".join(c if c.isprintable() else " " for c in text)
        dot_gone = BODY in self.expected and self._dot_gone()
        self.output.clear()
        phase = STARTTLS if self.start_tls else self.expected[0] if self.expected else "idle"
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

    def _exchange(self, data: bytes, now: float) -> bool:
        """What a pipelining server says while all goes well, in one step: the mail before is taken, the envelope of
        the next one and DATA, too. False, and nothing done, if it says anything else."""
        if self.expected != _EXCHANGE or self.body_pending or self._buffer or self._lines:
            return False
        lines = data.split(b"\r\n")
        if len(lines) != 5 or lines[4] or data.count(b"\n") != 4 or len(self.mails) != 2:
            return False
        taken, sender, recipient, go, _ = lines
        if not (taken[:4] == sender[:4] == recipient[:4] == b"250 ") or go[:4] != b"354 ":
            return False
        mail, following = self.mails
        if mail.refusal is not None or following.refusal is not None:
            return False
        self.mails.popleft()
        self.expected.clear()
        self.sent_count += 1
        self.events.append((DONE, mail, Outcome(SENT, *replies.read(250, [taken[4:]]))))
        self._hand_over(following, now)
        return True

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
            elif self._size_limit and mail.size > self._size_limit:
                text = f"the message is larger than the mail server takes ({self._size_limit} bytes)"
                self.events.append((DONE, mail, Outcome(FAILED, 0, "5.3.4", text)))
            else:
                return mail
        return None

    def _envelope(self, mail: Mail, now: float) -> None:
        self.mails.append(mail)
        command = b"MAIL FROM:<" + mail.sender + b">"
        if self._size_limit:
            command += b" SIZE=%d" % mail.size
        if not mail.recipient.isascii():
            command += b" BODY=8BITMIME SMTPUTF8"
        if self._dsn:
            command += dsn_of_mail(mail)
        if self._pipelining:
            wanted = dsn_of_recipient(mail) if self._dsn else b""
            command += b"\r\nRCPT TO:<" + mail.recipient + b">" + wanted + b"\r\nDATA\r\n"
            self.expected.extend(_ENVELOPE)
        else:
            command += b"\r\n"
            self.expected.append(MAIL)
        self.output.append(command)
        if self.body_pending:
            self._behind_dot = len(command)
        elif self.expected[0] is not BODY:
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
            wanted = dsn_of_recipient(mail) if self._dsn else b""
            self._command(b"RCPT TO:<" + mail.recipient + b">" + wanted, RCPT, now)
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
        self._hand_over(mail, now)

    def _hand_over(self, mail: Mail, now: float) -> None:
        """354: the body leaves, and behind it the next envelope."""
        if now >= mail.lease_end:  # another process may own it by now; without the dot nothing counts
            self.mails.popleft()
            self.events.append((DONE, mail, Outcome(RETURNED)))
            return self.lost("lease ended", now)
        self.output += mail.pieces
        self.output.append(b".\r\n")
        self.expected.append(BODY)
        self.body_pending = True
        self._behind_dot = 0
        self.deadline = now + self.relay.timeouts.block
        self.events.append((INTENT, mail, None))
        if self._pipelining:
            self._next(now)

    def _body_reply(self, reply: Reply, now: float) -> None:
        early = self.body_pending and not self._dot_gone()
        if early and reply.code < 400:
            self.expected.appendleft(BODY)
            self.mails[0].refusal = Reply(450, "", "the server replied before the message was complete")
            raise ProtocolError("reply before the end of the message")
        mail = self.mails.popleft()
        self.body_pending = False
        refusal, phase = (mail.refusal, mail.refused_in) if mail.refusal is not None else (reply, BODY)
        outcome = replies.outcome(refusal, phase)
        self.events.append((DONE, mail, outcome))
        self.deadline = now + self.relay.timeouts.command
        if early:  # the rest of the body would be read as commands
            return self.lost("reply before the end of the message", now)
        if outcome.state == replies.SENT:
            self.sent_count += 1
        elif replies.concerns_relay(refusal, phase):
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

    def _dot_gone(self) -> bool:
        """Whether the end of the body has left; only what stands behind it may still be here."""
        return self.unsent + sum(map(len, self.output)) <= self._behind_dot

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
