"""A socket with its SMTP client and, if need be, TLS between them. Hot, standard library only."""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl

from dispatcher.transport import tls
from dispatcher.transport.pool import Pool
from dispatcher.transport.protocol import Client

_RECEIVE = 16_384
_ERRORS = select.EPOLLERR | select.EPOLLHUP


class Connection:
    """`ready` takes what epoll says, `flush` sends what the client wants to say."""

    def __init__(self, pool: Pool, family: int, address: tuple[str, int], now: float) -> None:
        self.pool = pool
        relay = pool.relay
        self.client = Client(relay, pool.source, now, try_tls=not pool.tls_broken)
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.number = self.socket.fileno()
        self.mask = select.EPOLLIN | select.EPOLLOUT
        self._connecting = True
        self._unsent: memoryview | None = None
        self._tls: tls.Tls | None = None
        try:
            self.socket.setblocking(False)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.client.deadline = now + relay.timeouts.connect
            code = self.socket.connect_ex(address)
            if code not in (0, errno.EINPROGRESS):
                raise OSError(code, os.strerror(code))
        except OSError:
            self.socket.close()
            raise

    @property
    def wants_write(self) -> bool:
        return self._connecting or self._unsent is not None

    def ready(self, mask: int, now: float) -> None:
        """Read and go on; errors settle the client."""
        if self._connecting:
            self._connected(now)
        elif mask & (select.EPOLLIN | _ERRORS):
            self._receive(now)

    def _connected(self, now: float) -> None:
        code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self.client.lost(os.strerror(code), now)
            return
        self._connecting = False
        self.client.deadline = now + self.pool.relay.timeouts.greeting
        if self.client.secure:
            self._start_tls(now)

    def _receive(self, now: float) -> None:
        try:
            data = self.socket.recv(_RECEIVE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.client.lost(error.strerror or str(error), now)
            return
        if not data:
            self.client.lost("connection closed by the server", now)
        elif self._tls is None:
            self.client.feed(data, now)
        else:
            self._receive_tls(data, now)
        if self.client.start_tls and self._tls is None:
            self._start_tls(now)

    def _receive_tls(self, data: bytes, now: float) -> None:
        assert self._tls is not None
        established = self._tls.established
        try:
            plain = self._tls.receive(data)
        except (ssl.SSLError, EOFError, OSError) as error:
            if not established and self.pool.relay.security == "opportunistic":
                self.pool.tls_broken = True
            self.client.lost(f"TLS: {getattr(error, 'reason', None) or error or 'closed'}", now)
            return
        if self._tls.established and not established and self.client.start_tls:
            self.client.secured(now)
        if plain:
            self.client.feed(plain, now)

    def _start_tls(self, now: float) -> None:
        relay = self.pool.relay
        self._tls = tls.Tls(tls.context(relay.verify), relay.host)
        self._tls.handshake()

    def flush(self, now: float) -> None:
        """Send as much as the socket takes of what is waiting."""
        client = self.client
        if self._connecting:
            return
        if self._unsent is not None and not client.output:
            return self._send(self._unsent, now)
        data = b"".join(client.output)
        client.output = []
        if self._tls is not None:
            data = self._tls.encrypt(data)
        if self._unsent is not None:
            data = bytes(self._unsent) + data
        if data:
            self._send(data, now)

    def _send(self, data: bytes | memoryview, now: float) -> None:
        size = len(data)
        try:
            sent = self.socket.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self.client.unsent = size if self._tls is None else 0
            return self.client.lost(error.strerror or str(error), now)
        self._sent(memoryview(data)[sent:] if sent < size else None, now)

    def _sent(self, rest: memoryview | None, now: float) -> None:
        before, self._unsent = self._unsent, rest
        client = self.client
        # cipher text cannot be counted against plain text: 0 errs on the side of "it may have arrived"
        client.unsent = 0 if rest is None or self._tls is not None else len(rest)
        if rest is None:
            client.flushed(now)
        elif before is None or len(rest) < len(before):
            client.progressed(now)

    def close(self) -> None:
        self.socket.close()
