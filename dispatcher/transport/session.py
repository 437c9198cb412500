"""The part of an SMTP connection that is no mail: replies, greeting, EHLO, STARTTLS, AUTH. Standard library only."""

from __future__ import annotations

import base64
import binascii
import hmac
from abc import ABC, abstractmethod
from collections import deque

from dispatcher.transport import replies
from dispatcher.transport.envelope import REPLY_MAX, Event, ProtocolError, Relay
from dispatcher.transport.replies import DATA, Reply

GREETING, EHLO, HELO, STARTTLS, AUTH, RSET, QUIT = (
    "greeting",
    "EHLO",
    "HELO",
    "STARTTLS",
    "AUTH",
    "RSET",
    "QUIT",
)


class Session(ABC):
    """Base of `protocol.Client`, which adds the mails."""

    def __init__(self, relay: Relay, now: float, try_tls: bool) -> None:
        self.relay = relay
        self.output: list[bytes] = []
        self.events: list[Event] = []
        self.expected: deque[str] = deque([GREETING])
        self.deadline = now + relay.timeouts.greeting
        self.secure = relay.security == "tls"
        self.try_tls = try_tls or relay.security != "opportunistic"
        self.start_tls = False  # the owner wraps the socket and calls `secured`
        self.welcome = False  # greeted, encrypted and signed in as far as wanted: mails may go
        self.closed = False
        self._buffer = b""
        self._lines: list[bytes] = []
        self._lines_size = 0
        self.greeting = ""
        self.signing_in = False  # AUTH was asked for and not granted yet
        self.signed_in = ""  # the mechanism by which it was
        self._mechanism = ""
        self._extensions: dict[str, str] = {}
        self._auth_steps: deque[bytes] = deque()
        self._pipelining = self._dsn = False
        self._size_limit = 0

    @property
    def extensions(self) -> dict[str, str]:
        """What the server offers: keyword → its parameters, in capitals."""
        return self._extensions

    @property
    def mechanisms(self) -> list[str]:
        """Ways to sign in that the server offers."""
        return self._extensions.get("AUTH", "").split()

    @property
    def size_limit(self) -> int:
        """Bytes that the server takes at most; 0: it names no limit."""
        return self._size_limit

    def secured(self, now: float) -> None:
        """TLS stands after STARTTLS: what the server said before counts no more (RFC 3207 4.2)."""
        self.start_tls = False
        self.secure = True
        self._command(b"EHLO " + self.relay.helo_name.encode("ascii"), EHLO, now)

    @abstractmethod
    def _reply(self, reply: Reply, lines: list[bytes], now: float) -> None:
        """A complete reply, whatever it answers."""

    @abstractmethod
    def _next(self, now: float) -> None:
        """The session stands: begin the next mail, if there is one."""

    @abstractmethod
    def _give_up(self, reply: Reply, phase: str) -> None:
        """The session has no future: settle what it carries."""

    def _read(self, data: bytes, now: float) -> None:
        lines = (self._buffer + data if self._buffer else data).split(b"\n")
        self._buffer = lines.pop()
        for number, line in enumerate(lines, 1):
            self._line(line.removesuffix(b"\r"), now)
            if self.closed:
                return
            if self.start_tls and (self._buffer or number < len(lines)):
                raise ProtocolError("bytes after STARTTLS")
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
            self.greeting = reply.text
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

    def _offered(self, lines: list[bytes], now: float) -> None:
        self._extensions = {}
        for line in lines[1:]:
            word, _, rest = line.decode("ascii", "replace").strip().partition(" ")
            self._extensions[word.upper()] = rest.strip().upper()
        self._pipelining = "PIPELINING" in self._extensions
        self._dsn = "DSN" in self._extensions
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
            return self._ready(now)
        self.signing_in = True
        if not self.secure and not self.relay.auth_in_clear:
            return self._give_up(Reply(0, "", "no encryption, so the password is not sent"), AUTH)
        user, password = self.relay.username.encode(), self.relay.password.encode()
        offered = self.mechanisms
        # in clear the password itself should not be on the line; under TLS the usual ones are the better tested
        order = ("PLAIN", "LOGIN", "CRAM-MD5") if self.secure else ("CRAM-MD5", "PLAIN", "LOGIN")
        self._mechanism = next((name for name in order if name in offered), "")
        if self._mechanism == "PLAIN":
            answer = base64.b64encode(b"\0" + user + b"\0" + password)
            self._auth_steps = deque([answer])  # for a server that wants it apart, whatever RFC 4954 says
            self._command(b"AUTH PLAIN " + answer, AUTH, now)
        elif self._mechanism == "LOGIN":
            self._auth_steps = deque([base64.b64encode(user), base64.b64encode(password)])
            self._command(b"AUTH LOGIN", AUTH, now)
        elif self._mechanism:
            self._auth_steps = deque([b""])  # made from the challenge
            self._command(b"AUTH CRAM-MD5", AUTH, now)
        else:
            text = "the server offers none of AUTH PLAIN, LOGIN and CRAM-MD5"
            self._give_up(Reply(0, "", text), AUTH)

    def _auth_reply(self, reply: Reply, now: float) -> None:
        if reply.code == 334 and self._auth_steps:
            answer = self._auth_steps.popleft() or self._answer_to(reply.text)
            if not answer:
                return self._give_up(Reply(0, "", "the challenge of AUTH CRAM-MD5 is not base64"), AUTH)
            self._command(answer, AUTH, now)
        elif reply.code == 235:
            self.signing_in, self.signed_in = False, self._mechanism
            self._ready(now)
        else:
            self._give_up(reply, AUTH)

    def _ready(self, now: float) -> None:
        self.welcome = True
        self._next(now)

    def _answer_to(self, challenge: str) -> bytes:
        """CRAM-MD5 (RFC 2195): the name and a digest of the challenge, keyed with the password; empty if the
        challenge is none."""
        try:
            asked = base64.b64decode(challenge, validate=True)
        except (ValueError, binascii.Error):
            return b""
        digest = hmac.new(self.relay.password.encode(), asked, "md5").hexdigest()
        return base64.b64encode(f"{self.relay.username} {digest}".encode())

    def _command(self, line: bytes, phase: str, now: float) -> None:
        self.output.append(line + b"\r\n")
        self.expected.append(phase)
        timeouts = self.relay.timeouts
        self.deadline = now + (timeouts.data if phase == DATA else timeouts.command)
