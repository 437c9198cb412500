"""The pump: one thread that owns the loop, the connections, the journal and the scheduler over all tenants.

It knows no database. The recorder puts claimed rows and system mails into it through `post`; it hands outcomes
to `recorder` in groups. A round's intents and outcomes are in the journal before its bytes leave.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from dispatcher.engine.journal import Journal
from dispatcher.engine.pipeline import Run
from dispatcher.engine.scheduler import Rotation
from dispatcher.engine.throttle import DomainGates, DomainLimit, Gate, around
from dispatcher.transport.loop import Loop
from dispatcher.transport.pool import Pool
from dispatcher.transport.protocol import DONE, INTENT, Client, Event, Mail, Relay
from dispatcher.transport.replies import DEFERRED, RETURNED, Outcome
from domain.ledger.rows import Row, Settlement

GROUP = 1024  # each commit costs 0.2 ms of processor time beside what its rows cost
GROUP_AGE_S = 0.05
BLOCKED_S = 5.0
LEASE_MARGIN_S = 15.0  # nothing is handed over later than this before the end of a lease


class Recorder(Protocol):
    """Where outcomes go; called from the pump's thread and must not wait."""

    def record(self, settlements: list[Settlement]) -> None: ...
    def record_system(self, outbox_id: int, outcome: Outcome) -> None: ...
    def ask(self, run: Run) -> None: ...


class Pump:
    """Runs `run()` in its own thread until `stop()` has been called and everything under way is settled."""

    def __init__(self, journal: Journal, recorder: Recorder) -> None:
        self._journal = journal
        self._recorder = recorder
        self.loop = Loop(self._on_events)
        self._rotations: dict[Pool, Rotation] = {}
        self.ask_slots: Callable[[Gate], None] = _no_slots  # where rates are borrowed
        self._gates: dict[Pool, Gate] = {}
        self._domains: DomainGates | None = None
        self._posted: deque[Callable[[], None]] = deque()
        self._settlements: list[Settlement] = []
        self._group_since = 0.0
        self._flying = 0  # mails of campaigns handed out and not settled
        self._blocked_until = 0.0  # the journal could not be written
        self._stopping = False
        self.finished = False

    # -- called from other threads

    def post(self, act: Callable[[], None]) -> None:
        """Run `act` in the pump's thread, between two rounds."""
        self._posted.append(act)
        self.loop.wake()

    def open_pool(self, relay: Relay) -> Pool:
        """A pool for a relay; its connections open when there is something to send."""
        rotation = Rotation()
        pool = Pool(relay, lambda client: self._next_mail(pool, rotation, client), rotation.waiting)
        if relay.per_second is not None or relay.per_hour is not None:
            pool.gate = Gate(f"relay:{relay.id}", relay.per_second, relay.per_hour, self.ask_slots)
            pool.put_behind(*around(pool.gate, pool.source_of, pool.waiting, lambda: self.loop.now))
        self.post(lambda: self._add_pool(pool, rotation))
        return pool

    def close_pool(self, pool: Pool) -> None:
        """Use a relay no more."""
        self.post(lambda: self._retire(pool))

    def start(self, pool: Pool, run: Run) -> None:
        """Let a campaign send through `pool`."""
        self.post(lambda: self._start(pool, run))

    def halt(self, pool: Pool, run: Run, then: Callable[[list[int]], None]) -> None:
        """Take a campaign out; rows not handed over go back to the queue. `then` is told in the pump's thread which
        deliveries are being handed over at that moment: one per connection at most."""
        self.post(lambda: then(self._halt(pool, run)))

    def feed(self, run: Run, rows: list[Row], lease_end: float) -> None:
        """Rows claimed for a campaign; `lease_end` on the loop's clock."""
        run.fed += len(rows)
        leased = [(row, lease_end - LEASE_MARGIN_S) for row in rows]
        self.post(lambda: self._fed(run, leased))

    def send_system(self, pool: Pool, mail: Mail) -> None:
        """A system mail; `mail.tag` is its id in the outbox."""
        self.post(lambda: self._rotations[pool].system.append(mail))

    def settled(self, deliveries: list[int]) -> None:
        """The database has the outcomes of these."""
        self.post(lambda: self._journal.settled(deliveries))

    def use_domains(self, limits: list[DomainLimit]) -> DomainGates | None:
        """Keep to these rates of recipient domains from now on; the gates for them, None without any."""
        gates = DomainGates(limits, self.ask_slots, self._put_off) if limits else None
        self.post(lambda: self._use_domains(gates))
        return gates

    def at_hand(self, pool: Pool) -> int:
        """Mails that wait here for a relay. In the pump's thread."""
        rotation = self._rotations.get(pool)
        return 0 if rotation is None else rotation.waiting() + sum(run.parked for run in rotation.runs)

    def usable(self, pool: Pool) -> bool:
        """Whether the relay takes mails now, as far as we know."""
        now = self.loop.clock()
        return not pool.retired and now >= pool.paused_until and now >= self._blocked_until

    def stop(self) -> None:
        """Take nothing new, finish what is under way."""
        self.post(self._begin_stop)

    # -- the thread

    def run(self) -> None:
        while not (self._stopping and not self.loop.open_count):
            self.loop.hear(self._patience())
            while self._posted:
                self._posted.popleft()()
            self.loop.tend()  # what was posted may be mails
            if self._domains is not None:
                self._domains.release(self.loop.now)
            self._put_off_paused()
            self._hand_on()
        self._hand_on(everything=True)
        self.finished = True

    def _patience(self) -> float:
        """Seconds to wait for sockets: outcomes go on soon, and a slot of a rate wants to be used in time."""
        longest = 0.02 if self._settlements else 0.2
        if not self._gates and self._domains is None:
            return longest
        now = self.loop.clock()
        due = min((gate.due(now) for gate in self._gates.values()), default=now + longest)
        if self._domains is not None:
            due = min(due, self._domains.due(now))
        return max(0.001, min(longest, due - now))

    def drain_posted(self) -> None:
        """What was posted after the end of `run` (the last acknowledgements)."""
        while self._posted:
            self._posted.popleft()()

    def _begin_stop(self) -> None:
        self._stopping = True
        for rotation in self._rotations.values():
            for run in rotation.runs:
                self._settlements += run.put_off(run.take_back())
            for mail in rotation.system:
                self._recorder.record_system(_outbox_id(mail), Outcome(RETURNED))
            rotation.system.clear()
        self.loop.drain()

    def _add_pool(self, pool: Pool, rotation: Rotation) -> None:
        self._rotations[pool] = rotation
        if pool.gate is not None:
            self._gates[pool] = pool.gate
        self.loop.add(pool)

    def _start(self, pool: Pool, run: Run) -> None:
        run.gates = self._domains
        self._rotations[pool].add(run)

    def _use_domains(self, gates: DomainGates | None) -> None:
        for rotation in self._rotations.values():
            for run in rotation.runs:
                if run.parked and run.gates is not None:
                    self._settlements += run.put_off(run.gates.take_back(run))
                run.gates = gates
        if gates is not None and self._domains is not None:
            gates.inherit(self._domains)
        self._domains = gates

    def _put_off(self, run: Run, row: Row, delay_s: float) -> None:
        """A row whose domain is busy for long goes back to the queue, so that others come before it."""
        self._settlements += run.put_off([row], int(time.time() + delay_s) + 1)

    def _retire(self, pool: Pool) -> None:
        self.loop.retire(pool)
        rotation = self._rotations.pop(pool)
        self._gates.pop(pool, None)
        for mail in rotation.system:
            self._recorder.record_system(_outbox_id(mail), Outcome(RETURNED))
        for run in rotation.runs:
            self._settlements += run.put_off(run.take_back())

    def _halt(self, pool: Pool, run: Run) -> list[int]:
        if pool in self._rotations:
            self._rotations[pool].remove(run)
        self._settlements += run.put_off(run.take_back())
        return self.loop.recall(lambda mail: type(mail.tag) is tuple and mail.tag[0] is run)

    def _fed(self, run: Run, leased: list[tuple[Row, float]]) -> None:
        run.asked = False
        run.arrived += len(leased)
        run.rows.extend(leased)
        if self._stopping:
            self._settlements += run.put_off(run.take_back())

    def _next_mail(self, pool: Pool, rotation: Rotation, client: Client) -> Mail | None:
        if rotation.system:
            return rotation.system.popleft()
        now = self.loop.now
        while (run := rotation.next()) is not None:
            mail = run.next_mail(now, self._refuse)
            if run.low and not run.asked:
                run.asked = True
                self._recorder.ask(run)
            if mail is not None:
                self._flying += 1
                return mail
        return None

    def _refuse(self, run: Run, row: Row, text: str) -> None:
        if run.gates is not None:
            run.gates.done(row.delivery_id)
        self._settlements.append(run.refused(row, text))

    def _on_events(self, events: list[Event]) -> None:
        """Journal first; the loop sends when this returns. Raises OSError if the journal cannot be written."""
        journal, now = self._journal, int(time.time())
        for kind, mail, outcome in events:
            if mail is None:
                continue
            delivery_id, attempt = mail.delivery_id, mail.attempt
            if type(mail.tag) is int:
                if outcome is not None:
                    self._recorder.record_system(mail.tag, outcome)
            elif kind is INTENT:
                journal.intent(delivery_id, attempt)
            elif kind is DONE and outcome is not None:
                run, queued_at = mail.tag
                run.in_flight -= 1
                self._flying -= 1
                if run.gates is not None:
                    run.gates.done(delivery_id)
                journal.outcome(delivery_id, attempt, outcome)
                self._settlements.append(run.settlement(delivery_id, attempt, queued_at, outcome, now))
        try:
            journal.write()
        except OSError:
            self._blocked_until = self.loop.clock() + BLOCKED_S
            raise

    def _put_off_paused(self) -> None:
        """Rows at hand for a relay that does not answer go back to the queue: nobody was asked about them, another
        relay or dispatcher may take them sooner, and the mailing is not out while they wait."""
        now = self.loop.clock()
        for pool, rotation in self._rotations.items():
            if now >= pool.paused_until:
                continue
            for mail in rotation.system:  # another relay may take them sooner
                self._recorder.record_system(_outbox_id(mail), Outcome(DEFERRED, 0, "", pool.trouble))
            rotation.system.clear()
            for run in rotation.runs:
                if run.rows:
                    self._settlements += run.put_off(run.take_back())

    def _hand_on(self, everything: bool = False) -> None:
        """Give outcomes to the recorder in groups."""
        if not self._settlements:
            return
        now = self.loop.clock()
        if not self._group_since:
            self._group_since = now
        full = len(self._settlements) >= GROUP or now - self._group_since >= GROUP_AGE_S
        if everything or full or (not self._flying and not any(pool.waiting() for pool in self._rotations)):
            self._recorder.record(self._settlements)
            self._settlements, self._group_since = [], 0.0


def _outbox_id(mail: Mail) -> int:
    assert isinstance(mail.tag, int)
    return mail.tag


def _no_slots(gate: Gate) -> None:
    raise RuntimeError(f"nobody lends for {gate.key}")
