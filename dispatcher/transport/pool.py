"""The connections to one relay: how many there may be, and when it is left alone. Hot, standard library only."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from dispatcher.transport.protocol import Client, Mail, Relay
from dispatcher.transport.resolving import addresses

if TYPE_CHECKING:
    from dispatcher.engine.throttle import Gate
    from dispatcher.transport.connection import Connection

_PAUSE_FIRST_S = 5.0  # taste: a restarted relay is found again soon
_PAUSE_MAX_S = 300.0
_RESOLVED_FOR_S = 60.0
_STRIKES = (
    3  # connections in a row that broke before they took a mail: one may be a proxy, three are the relay
)

_FIRST = 2  # connections until the first mail is taken: a relay that refuses us need not do it eight times


def _nobody(_: str) -> None:
    """Nobody listens."""


class Pool:
    """`source(client)` gives the next mail or None, `waiting()` how many it could give."""

    def __init__(
        self, relay: Relay, source: Callable[[Client], Mail | None], waiting: Callable[[], int]
    ) -> None:
        self.relay = relay
        self.waiting = waiting
        self.connections: set[int] = set()
        self.sent_count = 0  # mails that its closed connections have handed over
        self.idle: dict[int, Connection] = {}
        self.paused_until = 0.0
        self.trouble = ""  # why it is paused, in the server's or the system's words
        self.retired = False
        self.on_trouble: Callable[[str], None] = _nobody  # told of each failure, and with "" of the recovery
        self.ceiling = relay.max_connections
        self.gate: Gate | None = None  # of the relay's rate
        self.tls_broken = False  # opportunistic TLS failed once: go on without
        self._source = source
        self._now = 0.0
        self._failures = 0
        self._strikes = 0
        self._fresh = True  # nothing was taken yet
        self._resolver = _Resolver(relay)

    @property
    def source_of(self) -> Callable[[Client], Mail | None]:
        """Where mails come from, whatever the state of the relay."""
        return self._source

    def put_behind(self, source: Callable[[Client], Mail | None], waiting: Callable[[], int]) -> None:
        """Take mails only as a gate lets them through."""
        self._source, self.waiting = source, waiting

    def source(self, client: Client) -> Mail | None:
        """The next mail, none while the relay is left alone."""
        if self.retired or self.paused_until > self._now:
            return None
        return self._source(client)

    def missing(self, now: float) -> int:
        """How many connections to open now."""
        self._now = now
        if self.retired or now < self.paused_until or self.idle:
            return 0
        ceiling = 1 if self._failures else _FIRST if self._fresh else self.ceiling
        room = min(ceiling, self.ceiling) - len(self.connections)
        if room <= 0 or not self._resolver.ready(now):
            return 0
        return max(0, min(room, self.waiting()))

    def address(self) -> tuple[int, tuple[str, int]]:
        """Family and address to connect to. Raises OSError if the name has none."""
        return self._resolver.address()

    def failed(self, text: str, now: float) -> None:
        """The relay refused us: leave it alone, longer each time; afterwards one connection probes."""
        if now < self.paused_until:
            return
        self._failures += 1
        self.trouble = text
        self.on_trouble(text or "no reason given")
        pause_s = min(_PAUSE_MAX_S, _PAUSE_FIRST_S * 2 ** (self._failures - 1))
        self.paused_until = now + pause_s * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, no secret
        self._now = now

    def broke(self, text: str, now: float) -> None:
        """A connection that the relay had welcomed broke with its first mail. That concerns this mail only, unless
        it happens again and again, or to the one that probes."""
        self._strikes += 1
        if self._failures or self._strikes >= _STRIKES:
            self.failed(text, now)

    @property
    def doubted(self) -> bool:
        """Something went wrong since a mail was last taken, or none was taken yet."""
        return self._fresh or self._strikes > 0 or self._failures > 0

    def worked(self) -> None:
        """A mail was taken: all is well, unless another connection has just been told otherwise."""
        self._strikes, self._fresh = 0, False
        if self._failures and self._now >= self.paused_until:
            self._failures = 0
            self.trouble = ""
            self.on_trouble("")

    def probe(self) -> None:
        """Nobody knows whether the relay works again: one connection tries it."""
        self._failures = max(1, self._failures)


class _Resolver:
    """Names are looked up in a thread of their own, so that a slow resolver stalls nobody."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._found: list[tuple[int, tuple[str, int]]] = []
        self._error: OSError | None = None
        self._valid_until = 0.0
        self._asking: threading.Thread | None = None
        self._turn = 0

    def ready(self, now: float) -> bool:
        if self._asking is not None:
            if self._asking.is_alive():
                return False
            self._asking = None
            self._valid_until = now + (_RESOLVED_FOR_S if self._found else 0)
            return True
        if now < self._valid_until:
            return True
        self._asking = threading.Thread(target=self._ask, name=f"resolve {self._relay.host}", daemon=True)
        self._asking.start()
        self._asking.join(0.05)  # addresses and /etc/hosts answer at once
        return not self._asking.is_alive() and self.ready(now)

    def _ask(self) -> None:
        try:
            relay = self._relay
            self._found, self._error = addresses(relay.host, relay.port, relay.public_only), None
        except OSError as error:
            self._found, self._error = [], error

    def address(self) -> tuple[int, tuple[str, int]]:
        if not self._found:
            raise self._error or OSError("no address")
        self._turn += 1
        return self._found[self._turn % len(self._found)]
