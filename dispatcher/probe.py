"""Try a relay as a mail would meet it, with our own SMTP client, and say what it offers. Nothing is sent.

Runs in the work process, at most TOTAL_S long. The report is plain values, so that it can stand in the row; it
holds no credentials.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from dispatcher.transport import tls
from dispatcher.transport.envelope import TROUBLE, Relay, Timeouts
from dispatcher.transport.protocol import Client
from dispatcher.transport.resolving import NotPublic, addresses

TOTAL_S = 20.0
_TIMEOUTS = Timeouts(connect=6, greeting=8, command=8, data=8, block=8, dot=8, idle=8)
# where a test may end: the page has a sentence for each (portal/relays.py)
NAME, PRIVATE, CONNECT, GREETING, HELLO, ENCRYPTION, CERTIFICATE, SIGN_IN, LOST = (
    "name", "private", "connect", "greeting", "hello", "encryption", "certificate", "sign_in", "lost",
)  # fmt: skip


@dataclass
class Report:
    """What a test found. `failed` is "" when mails could go; `said` are the words of the server or the system."""

    failed: str = ""
    said: str = ""
    address: str = ""
    greeting: str = ""
    extensions: dict[str, str] = field(default_factory=dict)
    starttls: bool = False  # encrypted by STARTTLS, not from the first byte
    tls_version: str = ""
    cipher: str = ""
    certificate: str = ""  # "valid", or why not, in the words of OpenSSL; "" without TLS
    certificate_until: int = 0  # epoch second; 0 unknown
    mechanisms: list[str] = field(default_factory=list)
    signed_in: str = ""  # the mechanism that worked
    size_limit: int = 0  # bytes; 0: none named
    took_ms: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def probe(relay: Relay) -> Report:
    """Connect, greet, encrypt, sign in, say goodbye."""
    report = Report()
    began = time.monotonic()
    relay = replace(relay, timeouts=_TIMEOUTS)
    try:
        found = addresses(relay.host, relay.port, relay.public_only)
    except NotPublic as error:
        return _failed(report, PRIVATE, str(error))
    except OSError as error:
        return _failed(report, NAME, error.strerror or str(error))
    _Talk(relay, report, began + TOTAL_S).run(found)
    report.took_ms = round((time.monotonic() - began) * 1000)
    return report


def _failed(report: Report, where: str, said: str) -> Report:
    report.failed, report.said = where, said[:300]
    return report


class _Talk:
    """One test. If the certificate is not valid and need not be, it says so and goes on without proving it."""

    def __init__(self, relay: Relay, report: Report, until: float) -> None:
        self._relay, self._report, self._until = relay, report, until
        self._prove = True
        self._where = CONNECT

    def run(self, found: list[tuple[int, tuple[str, int]]]) -> None:
        for family, address in found[:3]:
            self._report.failed = self._report.said = ""
            self._report.address = address[0]
            try:
                self._attempt(family, address)
            except ssl.SSLCertVerificationError as error:
                self._report.certificate = error.verify_message or "not valid"
                if self._relay.verify:
                    _failed(self._report, CERTIFICATE, self._report.certificate)
                    return
                self._prove = False
                self._guarded(family, address)
            except OSError as error:
                _failed(self._report, self._where, _words(error))
            if self._where != CONNECT or not self._report.failed:
                return

    def _guarded(self, family: int, address: tuple[str, int]) -> None:
        try:
            self._attempt(family, address)
        except OSError as error:
            _failed(self._report, self._where, _words(error))

    def _attempt(self, family: int, address: tuple[str, int]) -> None:
        self._where = CONNECT
        with socket.socket(family, socket.SOCK_STREAM) as plain:
            plain.settimeout(self._left(_TIMEOUTS.connect))
            plain.connect(address)
            self._where = GREETING
            _Line(self._relay, plain, self._report, self._prove, self._left, self._note).talk()

    def _left(self, most: float) -> float:
        """Seconds that the next step may take; raises TimeoutError when the time is over."""
        left = min(most, self._until - time.monotonic())
        if left <= 0:
            raise TimeoutError("no answer in time")
        return left

    def _note(self, where: str) -> None:
        self._where = where


class _Line:
    """The client on one socket, blocking."""

    def __init__(
        self, relay: Relay, plain: socket.socket, report: Report, prove: bool,
        left: Callable[[float], float], note: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._relay, self._socket, self._report = relay, plain, report
        self._left, self._note, self._prove = left, note, prove
        self._tls: tls.Tls | None = None
        self._client = Client(relay, lambda _: None, time.monotonic())

    def talk(self) -> None:
        client = self._client
        if client.secure:
            self._encrypt()
        while not client.closed and not client.idle:
            self._say()
            self._hear()
            if client.start_tls and self._tls is None:
                self._note(ENCRYPTION)
                self._encrypt()
                client.secured(time.monotonic())
                self._report.starttls = True
            self._note(_phase(client))
        self._told()
        trouble = next((outcome for kind, _, outcome in client.events if kind == TROUBLE and outcome), None)
        if trouble is not None:
            said = f"{trouble.code or ''} {trouble.text}".strip()
            _failed(self._report, _where(client, trouble.code), said)
        elif client.idle:
            client.retiring = True
            client.pump(time.monotonic())
            self._say()

    def _say(self) -> None:
        data = b"".join(self._client.output)
        self._client.output.clear()
        if self._tls is not None:
            data = self._tls.encrypt(data)
        if data:
            self._socket.settimeout(self._left(_TIMEOUTS.command))
            self._socket.sendall(data)

    def _hear(self) -> None:
        data = self._receive()
        if not data:
            self._client.lost("the server closed the connection", time.monotonic())
            return
        if self._tls is not None:
            data = self._tls.receive(data)
        if data:
            self._client.feed(data, time.monotonic())

    def _receive(self) -> bytes:
        self._socket.settimeout(self._left(_TIMEOUTS.command))
        return self._socket.recv(65_536)

    def _encrypt(self) -> None:
        self._note(ENCRYPTION)
        layer = tls.Tls(tls.context(self._prove), self._relay.host)
        done = layer.handshake()
        while not done:
            self._flush(layer)
            data = self._receive()
            if not data:
                raise ConnectionError("the server closed the connection")
            early = layer.receive(data)
            done = layer.established
            if early:
                self._client.feed(early, time.monotonic())
        self._flush(layer)
        self._tls = layer
        self._report.tls_version, self._report.cipher, until = layer.facts()
        if self._prove:
            self._report.certificate, self._report.certificate_until = "valid", until

    def _flush(self, layer: tls.Tls) -> None:
        data = layer.encrypt(b"")
        if data:
            self._socket.settimeout(self._left(_TIMEOUTS.command))
            self._socket.sendall(data)

    def _told(self) -> None:
        client, report = self._client, self._report
        report.greeting = client.greeting
        report.extensions = dict(client.extensions)
        report.mechanisms = client.mechanisms
        report.size_limit = client.size_limit
        report.signed_in = client.signed_in


def _phase(client: Client) -> str:
    if client.signing_in:
        return SIGN_IN
    return HELLO if client.greeting else GREETING


def _where(client: Client, code: int) -> str:
    if client.signing_in:
        return SIGN_IN
    if not client.secure and client.relay.security == "required" and client.extensions and not code:
        return ENCRYPTION
    if client.start_tls:
        return ENCRYPTION
    return HELLO if client.greeting else GREETING


def _words(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return getattr(error, "reason", None) or error.strerror or str(error)
