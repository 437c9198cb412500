"""The dispatcher's figures for its pages: what all processes report, put together."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dispatcher.engine.figures import SLOT_S, SLOTS
from domain import clock
from domain.ledger.models import DispatcherProcess
from domain.senders import breaker
from domain.senders.models import Relay
from portal.sending import Columns, columns

STALE_S = 30  # as dispatcher.engine.takeover sees it
GONE_S = 600  # a process that stopped longer ago is no news


@dataclass(frozen=True)
class Process:
    """A deliver process; `state` is a word of portal.states."""

    row: DispatcherProcess
    state: str
    open: int
    per_second: float


@dataclass
class RelayFigures:
    """A relay over all processes. `row` None: the mail catcher."""

    name: str
    host: str
    row: Relay | None = None
    open: int = 0
    waiting: int = 0
    paused: bool = False
    sent: dict[int, int] = field(default_factory=dict)  # epoch second of a slot → mails

    @property
    def state(self) -> str:
        if self.row is not None and breaker.is_open(self.row):
            return "open"
        return "paused" if self.paused else "busy" if self.open else "ready"

    @property
    def per_second(self) -> float:
        return _recent(self.sent)

    @property
    def spark(self) -> list[tuple[float, float, float]]:
        """Columns of the small chart as (x, y, height) in a field of 100 × 24."""
        slots = _slots(self.sent)
        top = max((n for _, n in slots), default=0) or 1
        width = 100 / len(slots)
        return [
            (round(i * width, 2), round(24 - 24 * n / top, 2), round(24 * n / top, 2))
            for i, (_, n) in enumerate(slots)
        ]


@dataclass(frozen=True)
class Trouble:
    """What a mail server has said lately, how often, and when it did so last."""

    at: datetime
    name: str
    said: str
    count: int


@dataclass(frozen=True)
class Picture:
    """Everything that the page of the installation draws anew every two seconds."""

    processes: list[Process]
    relays: list[RelayFigures]
    chart: Columns
    per_second: float
    open: int
    errors: list[Trouble]


def picture() -> Picture:
    """What the dispatchers report now."""
    now = clock.epoch()
    rows = list(
        DispatcherProcess.select()
        .where(DispatcherProcess.heartbeat_at > now - GONE_S)
        .order_by(DispatcherProcess.id)
    )
    live = [row for row in rows if _state(row, now) != "stopped"]
    relays = _relays(live)
    total: dict[int, int] = {}
    for relay in relays:
        for slot, count in relay.sent.items():
            total[slot] = total.get(slot, 0) + count
    return Picture(
        [_process(row, now) for row in reversed(rows)], relays,
        columns([(clock.moment(slot), count) for slot, count in _slots(total)]), _recent(total),
        sum(relay.open for relay in relays), _troubles(rows),
    )  # fmt: skip


def _troubles(rows: list[DispatcherProcess]) -> list[Trouble]:
    """The latest of each kind, newest first."""
    moments: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        for at, name, said in (row.figures or {}).get("errors", []):
            moments.setdefault((name, said), []).append(at)
    found = [Trouble(clock.moment(max(ats)), name, said, len(ats)) for (name, said), ats in moments.items()]
    return sorted(found, key=lambda trouble: trouble.at, reverse=True)[:8]


def _process(row: DispatcherProcess, now: int) -> Process:
    state, figures = _state(row, now), row.figures or {}
    sent: dict[int, int] = {}
    for slots in figures.get("sent", {}).values():
        for slot, count in slots.items():
            sent[int(slot)] = sent.get(int(slot), 0) + count
    alive = state == "running"
    open_count = sum(entry["open"] for entry in figures.get("relays", {}).values()) if alive else 0
    return Process(row, state, open_count, _recent(sent) if alive else 0.0)


def _state(row: DispatcherProcess, now: int) -> str:
    if row.stopped_at is not None:
        return "stopped"
    return "running" if now - row.heartbeat_at < STALE_S else "silent"


def _relays(rows: list[DispatcherProcess]) -> list[RelayFigures]:
    """Known relays in their order, then what else the processes use."""
    known = {
        row.id: RelayFigures(row.name, f"{row.host}:{row.port}", row)
        for row in Relay.select().where(Relay.active).order_by(Relay.from_settings, Relay.position, Relay.id)
    }
    for process in rows:
        figures: dict[str, Any] = process.figures or {}
        for key, entry in figures.get("relays", {}).items():
            relay = known.setdefault(int(key), RelayFigures(entry["name"], entry["host"]))
            relay.open += entry["open"]
            relay.waiting += entry["waiting"]
            relay.paused = relay.paused or entry["paused"]
        for key, slots in figures.get("sent", {}).items():
            if int(key) in known:
                sent = known[int(key)].sent
                for slot, count in slots.items():
                    sent[int(slot)] = sent.get(int(slot), 0) + count
    return [
        r for r in known.values() if r.row is None or not r.row.from_settings or r.open or r.sent or r.paused
    ]


def _slots(sent: dict[int, int]) -> list[tuple[int, int]]:
    """The last five minutes in slots of ten seconds, without gaps."""
    last = clock.epoch() // SLOT_S * SLOT_S
    return [(slot, sent.get(slot, 0)) for slot in range(last - SLOT_S * (SLOTS - 2), last + 1, SLOT_S)]


def _recent(sent: dict[int, int]) -> float:
    """Mails per second over the last full slot and what has passed of the present one."""
    now = clock.epoch()
    last = now // SLOT_S * SLOT_S
    count = sent.get(last, 0) + sent.get(last - SLOT_S, 0)
    return count / (SLOT_S + now - last) if count else 0.0
