"""The thread of a deliver process that borrows slots and shares connections, so that the pump never waits for the
database. It is started by the first rate."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable

import peewee
import structlog

from dispatcher.engine.pump import Pump
from dispatcher.engine.throttle import Gate
from dispatcher.senders import machine
from dispatcher.transport.pool import Pool
from domain import clock, db
from domain.ledger.models import DispatcherProcess
from domain.senders import rates

log = structlog.get_logger()
SHARE_EVERY_S = 1.0  # how often connections are shared anew
STALE_S = 30


class Lender:
    """`ask` may be called from any thread; answers go to the pump by `post`."""

    def __init__(self, owner_id: int, pump: Pump) -> None:
        self._owner_id = owner_id
        self._pump = pump
        self._asked: queue.SimpleQueue[Gate | None] = queue.SimpleQueue()
        self._pools: set[Pool] = set()
        self._gates: dict[Gate, int] = {}
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def ask(self, gate: Gate) -> None:
        """Borrow for a gate."""
        self._start()
        self._asked.put(gate)

    def share(self, pool: Pool) -> None:
        """Share the connections of a relay with the other dispatchers; until then it opens none."""
        pool.ceiling = 0
        with self._lock:
            self._pools.add(pool)
        self._start()
        self._asked.put(None)

    def share_gates(self, gates: dict[Gate, int]) -> None:
        """Share the mails under way to recipient domains, instead of those of before."""
        with self._lock:
            self._gates = gates
        if gates:
            self._start()
            self._asked.put(None)

    def stop(self) -> None:
        """End the thread."""
        if self._thread is not None:
            thread, self._thread = self._thread, None
            self._asked.put(None)
            thread.join(db.BUSY_TIMEOUT_S)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="lender", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        me, shared_at = threading.current_thread(), 0.0
        while self._thread is me:
            try:
                gate = self._asked.get(timeout=SHARE_EVERY_S)
            except queue.Empty:
                gate = None
            try:
                db.database.connect(reuse_if_open=True)
                if gate is not None:
                    self._borrow(gate)
                if gate is None or time.monotonic() - shared_at >= SHARE_EVERY_S:
                    shared_at = time.monotonic()
                    self._share()
            except (peewee.OperationalError, peewee.InterfaceError) as error:
                log.warning("rates cannot be borrowed now", error=type(error).__name__)
                _forget_connection()
                if gate is not None:  # nothing is lent without the database; asked again in a moment
                    self._answer(gate, rates.Portion(0.5, 0.0, 0))
        _forget_connection()

    def _borrow(self, gate: Gate) -> None:
        unused, gate.unused = gate.unused, 0
        self._answer(gate, rates.borrow(gate.key, gate.per_second, gate.per_hour, gate.want, unused))

    def _answer(self, gate: Gate, portion: rates.Portion) -> None:
        now = self._pump.loop.clock()  # the delay counts from here, not from when the pump comes to it
        self._pump.post(lambda: gate.lent(portion.mails, portion.delay_s, portion.interval_s, now))

    def _share(self) -> None:
        with self._lock:
            self._pools = {p for p in self._pools if not p.retired or p.connections}
            pools, gates = set(self._pools), dict(self._gates)
        if not pools and not gates:
            return
        alive = living()
        for relay_id in {pool.relay.id for pool in pools}:
            self._share_relay(relay_id, [pool for pool in pools if pool.relay.id == relay_id], alive)
        for gate, most in gates.items():
            granted = rates.hold(f"{gate.key}:under_way", self._owner_id, most, gate.under_way, alive)
            self._pump.post(_ceiling_setter(gate, granted))

    def _share_relay(self, relay_id: int, pools: list[Pool], alive: set[int]) -> None:
        """An edited relay has a new pool beside the one that ends: both count."""
        now = [pool for pool in pools if not pool.retired]
        most = max((pool.relay.max_connections for pool in now), default=0)
        in_use = sum(len(pool.connections) for pool in pools)
        granted = rates.hold(f"connections:{relay_id}", self._owner_id, most, in_use, alive)
        ending = sum(len(pool.connections) for pool in pools if pool.retired)
        for pool in now:
            self._pump.post(_trimmer(self._pump, pool, max(0, granted - ending)))


def _ceiling_setter(gate: Gate, granted: int) -> Callable[[], None]:
    def put() -> None:
        gate.ceiling = granted

    return put


def _trimmer(pump: Pump, pool: Pool, granted: int) -> Callable[[], None]:
    return lambda: pump.loop.trim(pool, granted) if pool.ceiling != granted and not pool.retired else None


def living() -> set[int]:
    """Ids of dispatchers that run: not signed off, heartbeat fresh, and on this machine the process is there."""
    rows = DispatcherProcess.select(
        DispatcherProcess.id, DispatcherProcess.host, DispatcherProcess.pid
    ).where(DispatcherProcess.stopped_at.is_null(), DispatcherProcess.heartbeat_at > clock.epoch() - STALE_S)
    here = machine()
    return {row_id for row_id, host, pid in rows.tuples() if host != here or _exists(pid)}


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _forget_connection() -> None:
    try:
        if not db.database.is_closed():
            db.database.close()
    except peewee.PeeweeException:
        pass
