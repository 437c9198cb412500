"""What a deliver process does at the moment, for the page of the dispatcher: written into its row with the
heartbeat, put together from what connections and pools know anyway. Nothing here runs once per mail."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from dispatcher.engine.pump import Pump
from dispatcher.transport.pool import Pool
from domain.ledger.models import DispatcherProcess

SLOT_S = 10
SLOTS = 31  # five minutes and the slot that fills
ERRORS = 10
TEXT_MAX = 160


class Figures:
    """`gather` runs in the pump's thread, `write` in the recorder's."""

    def __init__(self, process_id: int, pump: Pump) -> None:
        self._process_id = process_id
        self._pump = pump
        self._sent: dict[Pool, int] = {}  # mails of each pool that are counted already
        self._slots: dict[int, dict[int, int]] = {}  # relay's id → epoch second of a slot → mails
        self._errors: deque[list[Any]] = deque(maxlen=ERRORS)
        self._seen: dict[Pool, tuple[str, float]] = {}
        self._latest: dict[str, Any] | None = None
        self._written: dict[str, Any] | None = None

    def write(self) -> None:
        """Put the latest figures into the row, if they differ from what stands there; ask for the next ones."""
        latest = self._latest
        if latest is not None and latest != self._written:
            row = DispatcherProcess.update(figures=latest, heartbeat_at=int(time.time()))
            row.where(DispatcherProcess.id == self._process_id).execute()
            self._written = latest
        self._pump.post(self.gather)

    def gather(self) -> None:
        now, at = self._pump.loop.clock(), int(time.time())
        slot = at // SLOT_S * SLOT_S
        relays: dict[int, dict[str, Any]] = {}
        sent: dict[Pool, int] = {}
        for pool in self._pump.loop.pools:
            self._add(relays.setdefault(pool.relay.id, _empty(pool)), pool, now)
            self._note_error(pool, at)
            sent[pool] = pool.sent_count + self._pump.loop.sent_of(pool)
            new = sent[pool] - self._sent.get(pool, 0)
            if new:
                slots = self._slots.setdefault(pool.relay.id, {})
                slots[slot] = slots.get(slot, 0) + new
        self._sent = sent
        self._seen = {pool: mark for pool, mark in self._seen.items() if pool in sent}
        oldest = slot - SLOT_S * (SLOTS - 1)
        for relay_id, slots in list(self._slots.items()):
            self._slots[relay_id] = {s: n for s, n in slots.items() if s >= oldest}
            if relay_id not in relays and not self._slots[relay_id]:
                del self._slots[relay_id]
        self._latest = {
            "relays": {str(relay_id): entry for relay_id, entry in relays.items()},
            "sent": {
                str(relay_id): {str(s): n for s, n in slots.items()} for relay_id, slots in self._slots.items() if slots
            },
            "errors": list(self._errors),
        }  # fmt: skip

    def _add(self, entry: dict[str, Any], pool: Pool, now: float) -> None:
        entry["open"] += len(pool.connections)
        entry["idle"] += len(pool.idle)
        entry["waiting"] += self._pump.at_hand(pool)
        entry["paused"] = entry["paused"] or now < pool.paused_until

    def _note_error(self, pool: Pool, at: int) -> None:
        """A trouble of a relay, once per pause."""
        mark = (pool.trouble, pool.paused_until)
        if pool.trouble and self._seen.get(pool) != mark:
            self._seen[pool] = mark
            self._errors.append([at, pool.relay.name or pool.relay.host, pool.trouble[:TEXT_MAX]])


def _empty(pool: Pool) -> dict[str, Any]:
    return {
        "name": pool.relay.name, "host": f"{pool.relay.host}:{pool.relay.port}", "open": 0, "idle": 0, "waiting": 0,
        "paused": False,
    }  # fmt: skip
