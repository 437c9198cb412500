"""One epoll loop over pooled, long-lived connections to any number of relays. Hot, standard library only.

What a socket said goes through its client, the events to `on_events`, and only then the client's words leave: the
owner writes intents and outcomes into its journal in between, so nothing leaves that is not written down. Up to
eight connections that are ready together are answered together: their mails leave in one burst, so that a server
beside us is woken once and not eight times.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable

from dispatcher.transport.connection import Connection
from dispatcher.transport.pool import Pool
from dispatcher.transport.protocol import INTENT, TROUBLE, Client, Event, Mail
from dispatcher.transport.replies import BODY, SENT

Handler = Callable[[list[Event]], None]
_CHECK_EVERY_S = 0.2
_TOGETHER = 8  # measured: 32 us per mail one by one, 27 us so; more gains nothing
_STALL_S = 2.0  # who took longer to write down was stopped in between: the lease is looked at again


_READ, _BOTH = select.EPOLLIN, select.EPOLLIN | select.EPOLLOUT


def clock() -> float:
    """Seconds that go on while the process or the machine sleeps, and never jump."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Loop:
    """Runs in one thread; `wake` may be called from any."""

    def __init__(self, on_events: Handler, clock: Callable[[], float] = clock) -> None:
        self.on_events = on_events
        self.clock = clock
        self.pools: list[Pool] = []
        self._epoll = select.epoll()
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._wake_fd, select.EPOLLIN)
        self._connections: dict[int, Connection] = {}
        self.now = clock()  # of the current round
        self._checked_at = 0.0

    def add(self, pool: Pool) -> Pool:
        self.pools.append(pool)
        return pool

    def wake(self) -> None:
        """End the current wait: there is something to send."""
        os.eventfd_write(self._wake_fd, 1)

    @property
    def open_count(self) -> int:
        """Connections that stand or are being made."""
        return len(self._connections)

    def run_once(self, timeout_s: float = 0.2) -> None:
        """Wait for sockets at most `timeout_s`, take what they say, give connections what waits."""
        self.hear(timeout_s)
        self.tend()

    def hear(self, timeout_s: float) -> None:
        """Wait for sockets at most `timeout_s` and take what they say."""
        found = self._epoll.poll(timeout_s)
        for first in range(0, len(found), _TOGETHER):
            now = self.now = self.clock()
            heard = []
            for number, mask in found[first : first + _TOGETHER]:
                connection = self._connections.get(number)
                if connection is not None:
                    connection.ready(mask, now)
                    heard.append(connection)
                elif number == self._wake_fd:
                    os.eventfd_read(self._wake_fd)
            self._finish(heard, now)

    def tend(self) -> None:
        """Look after deadlines, wake idle connections for what waits, open those that are missing."""
        now = self.now = self.clock()
        if now - self._checked_at >= _CHECK_EVERY_S:
            self._checked_at = now
            self._check_deadlines(now)
        for pool in self.pools[:]:
            if pool.idle:
                self._wake_idle(pool, now)
            for _ in range(pool.missing(now)):
                if not self._open(pool, now):
                    break

    def drain(self) -> None:
        """Take no further mail; connections say QUIT when their last mail is through."""
        for connection in self._connections.values():
            connection.client.retiring = True

    def sent_of(self, pool: Pool) -> int:
        """Mails that the open connections of a pool have handed over."""
        return sum(self._connections[number].client.sent_count for number in pool.connections)

    def trim(self, pool: Pool, ceiling: int) -> None:
        """Let a pool have at most `ceiling` connections from now on; those above end with their last mail."""
        pool.ceiling = ceiling
        for number in sorted(pool.connections)[ceiling:]:
            self._connections[number].client.retiring = True

    def retire(self, pool: Pool) -> None:
        """Open nothing more for a pool; its connections end with their last mail."""
        pool.retired = True
        for number in pool.connections:
            self._connections[number].client.retiring = True
        if not pool.connections:
            self.pools.remove(pool)

    def recall(self, chosen: Callable[[Mail], bool]) -> list[int]:
        """Hand over no chosen mail whose body has not begun: it comes back when the server is ready for it.
        Returns the deliveries whose body has begun, at most one per connection."""
        begun = []
        for connection in self._connections.values():
            client = connection.client
            for position, mail in enumerate(client.mails):
                if not chosen(mail):
                    continue
                if position == 0 and BODY in client.expected and mail.refusal is None:
                    begun.append(mail.delivery_id)
                else:
                    mail.lease_end = 0.0
        return begun

    def abandon(self, text: str) -> None:
        """Close everything at once; what was under way is settled as by its phase."""
        now = self.clock()
        for connection in list(self._connections.values()):
            connection.client.lost(text, now)
            self._finish([connection], now)

    def close(self) -> None:
        self.abandon("closed")
        self._epoll.close()
        os.close(self._wake_fd)

    # -- one round

    def _check_deadlines(self, now: float) -> None:
        for connection in list(self._connections.values()):
            if now < connection.client.deadline:
                continue
            if connection.client.idle:
                connection.client.retiring = True
                connection.client.pump(now)
            else:
                connection.client.lost("no answer in time", now)
            self._finish([connection], now)

    def _wake_idle(self, pool: Pool, now: float) -> None:
        """Give idle connections what waits; those that retire say QUIT."""
        waiting = pool.waiting() if now >= pool.paused_until else 0
        for connection in list(pool.idle.values()):
            if waiting > 0 or connection.client.retiring:
                waiting -= 1
                connection.client.pump(now)
                self._finish([connection], now)

    def _open(self, pool: Pool, now: float) -> bool:
        try:
            family, address = pool.address()
            connection = Connection(pool, family, address, now)
        except OSError as error:
            pool.failed(f"{pool.relay.host}: {error.strerror or error}", now)
            return False
        self._connections[connection.number] = connection
        self._epoll.register(connection.number, select.EPOLLIN | select.EPOLLOUT)
        pool.connections.add(connection.number)
        return True

    def _finish(self, heard: list[Connection], now: float) -> None:
        """Hand on what happened, then send: what is not written down must not leave."""
        told: list[tuple[Connection, list[Event]]] = []
        for connection in heard:
            client = connection.client
            if client.events:
                told.append((connection, client.events))
                if client.closed or connection.pool.doubted:
                    self._judge(connection.pool, client, client.events, now)
                client.events = []
        if told:
            now = self._hand_on(told, now)
        for connection in heard:
            connection.flush(now)
            if connection.client.events:  # it broke while sending, or could not be written down
                self._finish([connection], now)
            elif connection.client.closed:
                self._forget(connection)
            else:
                self._register(connection)

    def _hand_on(self, told: list[tuple[Connection, list[Event]]], now: float) -> float:
        """Tell the owner; what cannot be written down, or was held up until its lease ended, must not leave."""
        try:
            self.on_events([event for _, events in told for event in events])
        except OSError as error:
            text = f"journal: {error.strerror or error}"
            for connection, events in told:
                if _handed_over(events) is not None:
                    connection.client.lost(text, now)
                    connection.pool.failed(text, now)
        later = self.clock()
        if later - now > _STALL_S:
            for connection, events in told:
                mail = _handed_over(events)
                if mail is not None and later >= mail.lease_end:
                    connection.client.lost("lease ended", later)
        return later

    def _judge(self, pool: Pool, client: Client, events: list[Event], now: float) -> None:
        """What a connection's events say about its relay."""
        for kind, _, outcome in events:
            if outcome is None:
                continue
            if kind is TROUBLE:
                if outcome.code or not client.welcome:
                    pool.failed(outcome.text or str(outcome.code), now)
                elif not client.sent_count:
                    pool.broke(outcome.text, now)
            elif outcome.state == SENT:
                pool.worked()

    def _register(self, connection: Connection) -> None:
        mask = _BOTH if connection.wants_write else _READ
        if mask != connection.mask:
            connection.mask = mask
            self._epoll.modify(connection.number, mask)
        idle = connection.pool.idle
        if connection.client.idle:
            idle[connection.number] = connection
        elif idle:
            idle.pop(connection.number, None)

    def _forget(self, connection: Connection) -> None:
        if self._connections.pop(connection.number, None) is None:
            return
        self._epoll.unregister(connection.number)
        pool = connection.pool
        pool.connections.discard(connection.number)
        pool.sent_count += connection.client.sent_count
        pool.idle.pop(connection.number, None)
        if pool.retired and not pool.connections:
            self.pools.remove(pool)
        connection.close()


def _handed_over(events: list[Event]) -> Mail | None:
    """The mail whose body is about to leave."""
    return next((mail for kind, mail, _ in events if kind is INTENT), None)
