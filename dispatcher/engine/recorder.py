"""The recorder: the one thread of a deliver process that talks to the database.

It commits outcomes in groups, claims rows for the pump before it runs dry, and looks at the tables itself every
two seconds, so that a lost nudge costs seconds and never a mail. A database that does not answer stops claims and
loses nothing: outcomes wait here and in the journal.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import peewee
import structlog

from dispatcher.engine import starting, sysmail, takeover
from dispatcher.engine.desk import Desk, OwnDesk
from dispatcher.engine.figures import Figures
from dispatcher.engine.halting import Halting
from dispatcher.engine.pipeline import Run
from dispatcher.engine.pump import LEASE_MARGIN_S, Pump
from dispatcher.engine.roster import Roster
from dispatcher.engine.routes import Routes
from dispatcher.message.personalise import RecipientRefused
from dispatcher.senders import NoRelay, Senders
from dispatcher.transport.pool import Pool
from dispatcher.transport.replies import FAILED, Outcome
from domain import db
from domain.errors import N_
from domain.ledger.rows import Settlement
from domain.tenancy.models import Tenant

log = structlog.get_logger()
_RETRY_S = 0.5
_HELD_S = 0.5  # a claim that takes longer holds SQLite's only writer too long, and an answer to a pause
_FEWEST = 250
_RATE_OVER_S = 1.0  # fewer mails in a shorter time say nothing about a rate


@dataclass(frozen=True)
class Pace:
    """How often the recorder looks at what; tests make it shorter."""

    scan_s: float = 2.0
    beat_s: float = 5.0
    report_s: float = 2.0
    sweep_s: float = 15.0
    halt_s: float = 0.25  # a pause must hold within a second
    lease_s: int = 120
    # a claim costs 2 ms whatever its size, and 1,000 rows 1 MB; the driver of PostgreSQL itself takes 10 of the 60 MB
    batch_max: int = field(default_factory=lambda: 1200 if db.is_postgres() else 2000)
    batch_ahead_s: float = 5.0  # rows claimed ahead, measured by how fast the last batch went


@dataclass
class _Inbox:
    """What other threads have left here since the last look."""

    settlements: list[Settlement] = field(default_factory=list)
    system: list[tuple[int, Outcome]] = field(default_factory=list)
    asking: list[Run] = field(default_factory=list)
    scan: bool = False


class Recorder:
    """`record`, `record_system`, `ask` and `wake` may be called from any thread and never wait."""

    def __init__(
        self,
        owner_id: int,
        senders: Senders,
        system_sender: str,
        domain: str,
        pace: Pace | None = None,
        desk: Desk | None = None,
    ) -> None:
        self._owner_id = owner_id
        self.routes = Routes(senders)
        self._system_sender = system_sender
        self._domain = domain
        self._pace = pace or Pace()
        self._desk = desk or OwnDesk()
        self._queue: queue.SimpleQueue[Callable[[_Inbox], None]] = queue.SimpleQueue()
        self._inbox = _Inbox()
        self._due = {"scan": 0.0, "beat": 0.0, "sweep": 0.0, "halt": 0.0, "report": 0.0}
        self._halting = Halting(owner_id, lambda act: self._queue.put(lambda _: act()))
        self.roster = Roster(owner_id, self.routes, self._halting, self._pace.batch_max)
        self._most = self._pace.batch_max
        self._stopping = False
        self._failed = False  # the database, at the last attempt
        self.quiet = threading.Event()
        self.may_send: Callable[[], bool] = lambda: True  # whether this installation is no forgotten copy
        self.figures: Figures

    @property
    def pump(self) -> Pump:
        return self.roster.pump

    # -- called from other threads

    def record(self, settlements: list[Settlement]) -> None:
        self._queue.put(lambda inbox: inbox.settlements.extend(settlements))

    def record_system(self, outbox_id: int, outcome: Outcome) -> None:
        self._queue.put(lambda inbox: inbox.system.append((outbox_id, outcome)))

    def ask(self, run: Run) -> None:
        self._queue.put(lambda inbox: inbox.asking.append(run))

    def wake(self) -> None:
        """Look at the tables now."""
        self._queue.put(lambda inbox: setattr(inbox, "scan", True))

    def stop(self) -> None:
        """Claim nothing more (`quiet` is set once that holds); `run` ends once the pump is done and everything
        is written down."""

        def note(_: _Inbox) -> None:
            self._stopping = True
            self.quiet.set()

        self._queue.put(note)

    # -- the thread

    def run(self) -> None:
        while True:
            self._collect()
            if self._stopping and self.pump.finished and self._queue.empty() and not self._inbox.settlements:
                break
            if not self._stopping:
                self._guarded(self._feed)  # first: the pump must not run dry while outcomes are written down
            self._guarded(self._write_down)
            self._guarded(self._timers)
        self._guarded(self._write_down)
        db.database.close()

    def _collect(self) -> None:
        """Wait for work or the next timer, then take all there is. While the database fails, only wait."""
        if self._failed:
            self._failed = False
            end = time.monotonic() + _RETRY_S
            while (left_s := end - time.monotonic()) > 0:
                try:
                    self._queue.get(timeout=left_s)(self._inbox)
                except queue.Empty:
                    return
            return
        wait_s = 0.05 if self._stopping else max(0.0, min(self._due.values()) - time.monotonic())
        try:
            self._queue.get(timeout=min(wait_s, self._pace.scan_s) or 0.001)(self._inbox)
            while True:
                self._queue.get_nowait()(self._inbox)
        except queue.Empty:
            return

    def _guarded(self, act: Callable[[], None]) -> None:
        """Run a piece of work on a fresh connection if need be; a database that fails is asked again later."""
        try:
            if db.database.connect(reuse_if_open=True):
                db.keep_small()  # the desk claims and settles; here a report over a million rows would fill it
            act()
        except (peewee.OperationalError, peewee.InterfaceError) as error:
            log.warning("database does not answer", error=type(error).__name__)
            self._failed = True
            try:
                db.database.close()
            except peewee.PeeweeException:
                pass

    def _write_down(self) -> None:
        inbox = self._inbox
        if inbox.settlements:
            batch = inbox.settlements
            self._desk.settle(batch)
            inbox.settlements = []
            self.pump.settled([settlement.delivery_id for settlement in batch])
            for run in [] if self._stopping else self.roster.drained():
                self._claim(run)  # perhaps these were the last ones
        while inbox.system:
            sysmail.settle(*inbox.system[0])
            inbox.system.pop(0)
        self.routes.write_down()

    def _feed(self) -> None:
        asking, self._inbox.asking = self._inbox.asking, []
        for run in asking:
            if run.low:
                self._claim(run)
            else:  # a look at the tables was faster
                run.asked = False

    def _timers(self) -> None:
        now = time.monotonic()
        if now >= self._due["beat"]:
            takeover.beat(self._owner_id)
            self._due["beat"] = now + self._pace.beat_s
        if now >= self._due["report"] and not self._stopping:
            self.figures.write()
            self._due["report"] = now + self._pace.report_s
        if now >= self._due["sweep"]:
            takeover.fold_dead(self._owner_id, 3 * self._pace.beat_s, self._pace.lease_s)
            self._due["sweep"] = now + self._pace.sweep_s
        if now >= self._due["halt"]:
            self._halting.answer(self.roster.drop)
            self._due["halt"] = now + self._pace.halt_s
        if now >= self._due["scan"] or self._inbox.scan:
            self._inbox.scan = False
            self._due["scan"] = now + self._pace.scan_s
            if not self._stopping:
                if self.may_send():
                    self._system_mails()
                    self._scan()
                else:
                    self.roster.drop_all_but({})

    # -- system mails

    def _system_mails(self) -> None:
        for row in sysmail.claim(50):
            try:
                tenant = Tenant.get_or_none(Tenant.id == row.tenant_id) if row.tenant_id else None
                pool = self.roster.pool(self.routes.pick(tenant, row.sender_address or self._system_sender))
                lease_end = self.pump.loop.clock() + sysmail.LEASE_S - LEASE_MARGIN_S
                self.pump.send_system(pool, sysmail.build(row, self._system_sender, self._domain, lease_end))
            except NoRelay as error:
                self.record_system(row.id, Outcome(4, 0, "", str(error)))
            except (RecipientRefused, ValueError) as error:
                self.record_system(row.id, Outcome(FAILED, 0, "", str(error)))

    # -- campaigns

    def _scan(self) -> None:
        """Follow the tables: start new campaigns, halt those that may not send any more, feed the others."""
        self.routes.refresh()  # first: no batch goes before the rates of its domains are known
        found = {campaign.id: campaign for campaign in starting.sending()}
        self.roster.drop_all_but(found)
        for campaign in found.values():
            try:
                followed = self.roster.follow(campaign)
                if followed is not None and followed.low:
                    self._claim(followed)
            except peewee.PeeweeException:
                raise
            except Exception:  # one broken campaign must not stop the others
                log.exception("campaign stopped by an error", campaign=campaign.id)
                starting.stop(
                    campaign, N_("An error of the program stopped this mailing. Tell your administrator.")
                )
        self.roster.close_unused_pools()

    def _claim(self, run: Run) -> None:
        """Claim the next batch of a campaign, sized by how fast the last one went."""
        entry = self.roster.runs.get(run.campaign_id)
        if entry is None or entry[0] is not run:
            return
        _, pool, campaign = entry
        if starting.stop_if_broken(campaign, run.unmade):
            return self.roster.drop(campaign.id)
        if not self.pump.usable(pool):
            run.asked = False
            return
        now = self.pump.loop.clock()
        self._adapt(run, pool, now)
        self.routes.limit_batch(run, pool)
        began = time.monotonic()
        claimed = self._desk.claim(campaign, run.batch, self._owner_id, self._pace.lease_s)
        self._most = most_next(self._most, len(claimed.rows), time.monotonic() - began, self._pace.batch_max)
        run.claimed_at, run.taken_before = now, run.taken
        run.exhausted = not claimed.rows
        if claimed.rows:
            self.roster.feed(run, claimed.rows, now + self._pace.lease_s)
            return
        if claimed.left_out:
            return self.ask(run)  # nobody among these may be mailed, perhaps among the next ones
        if run.in_flight or run.rows or self._inbox.settlements:
            return  # what was claimed goes first
        run.asked = False
        if claimed.limited_by is not None:
            starting.wait_for(campaign, claimed.limited_by)
        else:
            starting.finish_if_done(campaign)

    def _adapt(self, run: Run, pool: Pool, now: float) -> None:
        gone = run.taken - run.taken_before
        if pool.trouble:
            run.batch = 20  # a probe, not a flood
        elif run.claimed_at and (gone * 2 >= run.batch or now - run.claimed_at >= _RATE_OVER_S):
            rate = gone / max(0.01, now - run.claimed_at)
            run.batch = int(max(50, rate * self._pace.batch_ahead_s))
        run.batch = min(run.batch, self._most)


def most_next(most: int, rows: int, took_s: float, batch_max: int) -> int:
    """How many rows the next claim may take at most. The desk gives way to everybody, so that on a busy machine a
    claim may take a hundred times longer than its work; all who write wait for it, pages too."""
    if took_s > _HELD_S:
        return max(min(_FEWEST, batch_max), min(most, rows or most) // 2)
    return min(batch_max, 2 * most) if took_s < _HELD_S / 4 else most
