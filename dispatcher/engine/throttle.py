"""Rates in the pump: slots that were borrowed, used one by one at their time. Hot, standard library only.

A gate never lets a mail go without a slot, and never later than LATE_S after it: what was not used in time is
lost, so that what is sent stays below the rate at every moment (domain.senders.rates). Where no rate is set there
is no gate, and nothing of this runs.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.ledger.rows import Row

if TYPE_CHECKING:
    from dispatcher.engine.pipeline import Run
    from dispatcher.transport.envelope import Mail
    from dispatcher.transport.protocol import Client

LATE_S = 0.05  # as domain.senders.rates counts with
_UNTIMED_S = 20.0  # slots without a distance (only an hourly rate) may be kept this long
_KEPT_S = 20  # rows of a domain that wait here; those behind them go back to the queue
_KNOWN_MAX = 20_000


@dataclass
class _Slots:
    """Borrowed: `count` slots, the next at `at`, then one every `interval_s`."""

    at: float
    interval_s: float
    count: int
    until: float


class Gate:
    """The slots of one rate in this process. `ask(gate)` must not wait; it ends in `lent` or `none_left`."""

    def __init__(
        self, key: str, per_second: float | None, per_hour: int | None, ask: Callable[[Gate], None],
        ceiling: int | None = None,
    ) -> None:  # fmt: skip
        self.key = key
        self.per_second, self.per_hour = per_second, per_hour
        self.ceiling = (
            ceiling  # mails under way at the same time that this process may have; None: any number
        )
        self.under_way = 0
        self.want = 0  # mails at hand when slots were last needed
        self.unused = 0  # slots that ran out; given back to the hour with the next request
        self.shut_until = 0.0  # nothing is lent before
        self._ask = ask
        self._asked = False
        self._slots: deque[_Slots] = deque()

    @property
    def timed(self) -> bool:
        """Whether it has a rate at all, not only a ceiling."""
        return self.per_second is not None or self.per_hour is not None

    def ready(self, now: float, want: int) -> int:
        """How many of `want` mails may leave now; asks for slots when they run low."""
        self.want = want
        room = want if self.ceiling is None else min(want, self.ceiling - self.under_way)
        if room <= 0 or not self.timed:
            return max(0, room)
        self._drop_late(now)
        count = 0
        for slots in self._slots:
            if slots.at > now:
                break
            count += _due(slots, now)
        if not self._asked and now >= self.shut_until and self._ahead(now) < 0.5:
            self._asked = True
            self._ask(self)
        return min(count, room)

    def take(self, now: float) -> bool:
        """Use a slot; False if there is none now."""
        if self.ceiling is not None and self.under_way >= self.ceiling:
            return False
        if not self.timed:
            self.under_way += 1
            return True
        self._drop_late(now)
        if not self._slots or self._slots[0].at > now:
            return False
        slots = self._slots[0]
        slots.count -= 1
        slots.at += slots.interval_s
        if not slots.count:
            self._slots.popleft()
        self.under_way += 1
        return True

    def has_slots(self, now: float) -> bool:
        """Whether something borrowed can still be used."""
        return any(slots.until > now for slots in tuple(self._slots))

    def due(self, now: float) -> float:
        """When the next slot begins; infinite if none is to come, or one is here already."""
        for slots in self._slots:
            if slots.at > now:
                return slots.at
            if slots.interval_s:
                return slots.at + slots.interval_s if slots.count > 1 else math.inf
        return math.inf

    def lent(self, mails: int, delay_s: float, interval_s: float, now: float) -> None:
        """Slots have come; with none, `delay_s` says for how long."""
        self._asked = False
        if not mails:
            self.shut_until = now + delay_s
            return
        begin = now + delay_s
        if self._slots and self._slots[-1].interval_s:  # a portion that came late must not be overtaken
            begin = max(begin, self._slots[-1].until)
        until = begin + (mails * interval_s if interval_s else _UNTIMED_S)
        self._slots.append(_Slots(begin, interval_s, mails, until))

    def _ahead(self, now: float) -> float:
        """Seconds for which slots are at hand; a second or more of untimed ones is plenty."""
        if not self._slots:
            return 0.0
        last = self._slots[-1]
        return last.until - now if last.interval_s else 1.0

    def _drop_late(self, now: float) -> None:
        while self._slots:
            slots = self._slots[0]
            if slots.interval_s:
                late = (
                    math.ceil((now - LATE_S - slots.at) / slots.interval_s) if now - LATE_S > slots.at else 0
                )
            else:
                late = slots.count if now >= slots.until else 0
            late = min(late, slots.count)
            self.unused += late
            slots.count -= late
            slots.at += late * slots.interval_s
            if slots.count:
                return
            self._slots.popleft()


def _due(slots: _Slots, now: float) -> int:
    if slots.at > now:
        return 0
    if not slots.interval_s:
        return slots.count
    return min(slots.count, int((now - slots.at) / slots.interval_s) + 1)


def around(
    gate: Gate,
    source: Callable[[Client], Mail | None],
    waiting: Callable[[], int],
    clock: Callable[[], float],
) -> tuple[Callable[[Client], Mail | None], Callable[[], int]]:
    """A pool's source and its count of waiting mails, behind a gate."""

    def next_mail(client: Client) -> Mail | None:
        now = clock()
        if not gate.ready(now, 1) or not gate.take(now):
            return None
        gate.under_way -= 1  # connections are counted by the pool
        mail = source(client)
        if mail is None:
            gate.unused += 1
        return mail

    def count() -> int:
        at_hand = waiting()
        return gate.ready(clock(), at_hand) if at_hand else 0

    return next_mail, count


@dataclass(frozen=True)
class DomainLimit:
    """What a recipient domain takes (a row of domain_rate)."""

    id: int
    pattern: str
    per_second: float | None
    max_connections: int | None


class DomainGates:
    """Rates of recipient domains. Rows that may not go yet are parked and come back to their run in time."""

    def __init__(
        self, limits: Iterable[DomainLimit], ask: Callable[[Gate], None],
        put_off: Callable[[Run, Row, float], None],
    ) -> None:  # fmt: skip
        self.limits = tuple(limits)
        self._gates = {
            limit.pattern: Gate(
                f"domain:{limit.id}",
                limit.per_second,
                None,
                ask,
                0 if limit.max_connections is not None else None,
            )
            for limit in self.limits
        }
        self._put_off = put_off
        self._known: dict[str, Gate | None] = {}
        self._parked: dict[Gate, deque[tuple[Run, Row, float]]] = {g: deque() for g in self._gates.values()}
        self._under_way: dict[int, Gate] = {}
        self._hosts: Mapping[str, str] = {}  # domain → pattern that its mail server meets

    def learn(self, hosts: Mapping[str, str]) -> None:
        """Domains whose mail server is known to meet a pattern."""
        self._hosts = hosts
        self._known.clear()

    def gates(self) -> Iterator[tuple[DomainLimit, Gate]]:
        for limit in self.limits:
            yield limit, self._gates[limit.pattern]

    def admit(self, run: Run, row: Row, lease_end: float, now: float) -> bool:
        """Whether the row may go now; else it is parked, or put off if many are before it."""
        gate = self._gate_of(row.address)
        if gate is None:
            return True
        if gate.ready(now, len(self._parked[gate]) + 1) and gate.take(now):
            self._under_way[row.delivery_id] = gate
            return True
        parked = self._parked[gate]
        kept = max(_KEPT_S, round(_KEPT_S * (gate.per_second or 1)))
        if len(parked) < kept:
            parked.append((run, row, lease_end))
            run.parked += 1
        else:
            self._put_off(run, row, len(parked) / (gate.per_second or 1))
        return False

    def inherit(self, before: DomainGates) -> None:
        """Count what is under way by the gates of `before`, whose limits were changed."""
        for delivery_id, old in before._under_way.items():
            gate = next((g for limit, g in self.gates() if before._gates.get(limit.pattern) is old), None)
            if gate is not None:
                gate.under_way += 1
                self._under_way[delivery_id] = gate

    def release(self, now: float) -> None:
        """Give rows whose slot has come back to their runs."""
        for gate, parked in self._parked.items():
            if not parked:
                continue
            for _ in range(min(len(parked), gate.ready(now, len(parked)))):
                run, row, lease_end = parked.popleft()
                run.parked -= 1
                run.rows.appendleft((row, lease_end))

    def done(self, delivery_id: int) -> None:
        """A mail is settled."""
        gate = self._under_way.pop(delivery_id, None)
        if gate is not None:
            gate.under_way -= 1

    def take_back(self, run: Run) -> list[Row]:
        """All parked rows of a run."""
        rows: list[Row] = []
        for gate, parked in self._parked.items():
            rows += [row for owner, row, _ in parked if owner is run]
            self._parked[gate] = deque(entry for entry in parked if entry[0] is not run)
        run.parked = 0
        return rows

    def due(self, now: float) -> float:
        """When the next parked row may go."""
        return min((gate.due(now) for gate, parked in self._parked.items() if parked), default=math.inf)

    def _gate_of(self, address: str) -> Gate | None:
        domain = address.rpartition("@")[2].lower()
        if domain not in self._known:
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            self._known[domain] = self._find(domain)
        return self._known[domain]

    def _find(self, domain: str) -> Gate | None:
        """The most exact pattern: the domain itself, then `*.` and what stands behind each dot, then its server's."""
        try:
            name = domain.encode("idna").decode("ascii")
        except UnicodeError:
            return None
        if name in self._gates:
            return self._gates[name]
        above = name
        while "." in above:
            above = above.partition(".")[2]
            if f"*.{above}" in self._gates:
                return self._gates[f"*.{above}"]
        return self._gates.get(self._hosts.get(name, ""))
