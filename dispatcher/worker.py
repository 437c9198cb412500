"""DOOR: the two background processes. Both block until TERM and then end gracefully.

`deliver` is a huey consumer beside the pump and the recorder; `work` is a huey consumer for everything that
takes longer than a page may.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Protocol
from urllib.parse import urlsplit

import peewee
import structlog
from huey import Huey
from huey.consumer import Consumer

from dispatcher import queues, senders, tasks
from dispatcher.engine import lean, processors, starting, takeover
from dispatcher.engine.desk import Desk, OwnDesk, SideDesk
from dispatcher.engine.figures import Figures
from dispatcher.engine.journal import Journal
from dispatcher.engine.lender import Lender
from dispatcher.engine.mark import Mark
from dispatcher.engine.pump import Pump
from dispatcher.engine.recorder import Pace, Recorder
from dispatcher.housemail import alarms, letterhead
from domain import db, tokens

log = structlog.get_logger()
SWEEP_S = 10.0
SWITCH_S = (
    0.0005  # the pump gives up the interpreter at every system call and must not wait 5 ms to get it back
)
POLL_S = 0.3  # how long a nudge may lie in an idle queue


class Settings(Protocol):
    """What the processes need to know; portal.settings.Settings has it all."""

    @property
    def instance(self) -> Path: ...
    @property
    def database_url(self) -> str: ...
    @property
    def queue_url(self) -> str: ...
    @property
    def smtp_url(self) -> str: ...
    @property
    def public_url(self) -> str: ...
    @property
    def secret_key(self) -> bytes: ...


class Deliver:
    """Pump, recorder and starter of one process, apart from signals and queue, so that tests can run it."""

    def __init__(
        self,
        settings: Settings,
        pace: Pace | None = None,
        died: Callable[[], None] = lambda: None,
        desk: Desk | None = None,
    ) -> None:
        self._died = died
        self._desk = desk or OwnDesk()
        self._pace = pace or Pace()
        host = urlsplit(settings.public_url).hostname or "localhost"
        domain = "localhost" if host.replace(".", "").isdigit() else host
        folder = settings.instance / "journal"
        with db.connection():
            self._process = takeover.register("deliver", os.getpid(), folder)
        self._journal = Journal(Path(self._process.journal), self._process.id)
        self.recorder = Recorder(
            self._process.id,
            senders.Senders(settings.smtp_url, settings.instance, senders.helo_name(settings.public_url)),
            f"rundbrief@{domain}",
            domain,
            self._pace,
            self._desk,
        )
        self.recorder.may_send = Mark(settings.instance).may_send
        self.pump = self.recorder.roster.pump = Pump(self._journal, self.recorder)
        self.recorder.figures = Figures(self._process.id, self.pump)
        self.processor: int | None = None  # that the pump has for itself
        self._lender = Lender(self._process.id, self.pump)
        self.recorder.routes.attach(self.pump, self._lender)
        self._stop = threading.Event()
        self._due = threading.Event()
        self._threads = [
            threading.Thread(target=self._logged, args=(act,), name=name, daemon=True)
            for name, act in (
                ("pump", self._pump),
                ("recorder", self.recorder.run),
                ("starter", self._starter),
            )
        ]

    @property
    def number(self) -> int:
        """Of the process in the ledger, from 1."""
        return self._process.id

    def start(self) -> None:
        for thread in self._threads:
            thread.start()
        log.info("deliver started", process=self._process.id)

    def wake(self) -> None:
        """Look for campaigns and mails now."""
        self._due.set()
        self.recorder.wake()

    def stop(self, timeout_s: float | None = None) -> None:
        """Take nothing new, finish what is under way, write everything down."""
        self._stop.set()
        self._due.set()
        self.recorder.stop()
        self.recorder.quiet.wait(db.BUSY_TIMEOUT_S + 5)  # no claim is under way any more
        self.pump.stop()
        for thread in self._threads:
            thread.join(timeout_s)
        self._lender.stop()
        self.pump.drain_posted()
        self.pump.loop.close()
        self._journal.close()
        self._desk.close()
        with db.connection():
            takeover.ended(self._process.id)
        log.info("deliver stopped", process=self._process.id)

    def _pump(self) -> None:
        if self.processor is not None:
            processors.keep(self.processor)
        self.pump.run()

    def _starter(self) -> None:
        """Snapshots take long for large audiences: a thread of its own, so that outcomes do not wait for them."""
        while not self._stop.is_set():
            try:
                with db.connection():
                    db.keep_small()
                    starting.close_cancelled()
                    if self.recorder.may_send() and starting.start_due():
                        self.recorder.wake()
            except peewee.PeeweeException as error:
                log.warning("campaigns cannot be started now", error=type(error).__name__)
            except Exception:
                log.exception("a campaign could not be started")
            self._due.wait(self._pace.scan_s)
            self._due.clear()

    def _logged(self, act: Callable[[], None]) -> None:
        """Run a thread's work; `died` says what happens if it ends by an error."""
        try:
            act()
        except BaseException:
            log.exception("deliver thread died", thread=threading.current_thread().name)
            self._died()


def deliver(settings: Settings, pace: Pace | None = None) -> None:
    """Send campaigns and system mails until TERM."""
    lean.one_heap()
    _prepare(settings)
    sys.setswitchinterval(SWITCH_S)
    # a thread that dies takes the process along: it is started anew and folds its journal in
    desk = SideDesk(settings.database_url, settings.secret_key)
    engine = Deliver(settings, pace, died=lambda: os._exit(70), desk=desk)
    if (own := processors.of(engine.number - 1)) is not None:
        engine.processor = own
        desk.give_way()
    tasks.bodies["wake_deliver"] = lambda _: engine.wake()
    tasks.bodies["send_system_mail"] = lambda _: engine.wake()
    gc.freeze()  # what has been loaded stays; looking through claimed rows for cycles every 700 of them finds none
    gc.set_threshold(20_000, 20, 50)
    engine.start()
    _consume(queues.deliver)
    engine.stop()


def work(settings: Settings) -> None:
    """Do imports, renditions and other background work until TERM; `dispatcher.jobs` registers what it does."""
    _prepare(settings)
    from dispatcher.jobs import registry

    stop = threading.Event()
    sweeper = threading.Thread(
        target=_sweep, args=(registry.register(tasks.bodies, settings), stop), daemon=True
    )
    sweeper.start()
    _consume(queues.render, workers=2)
    stop.set()
    sweeper.join(5)


def _sweep(sweeps: list[Callable[[], None]], stop: threading.Event) -> None:
    """Find work whose nudge was lost or whose worker died."""
    while not stop.wait(SWEEP_S):
        for sweep in sweeps:
            try:
                with db.connection():
                    sweep()
            except Exception:
                log.exception("sweep failed", sweep=getattr(sweep, "__qualname__", ""))


def _prepare(settings: Settings) -> None:
    tokens.configure(settings.secret_key)
    letterhead.configure(settings.public_url)
    alarms.configure(settings.public_url)
    db.bind(settings.database_url)
    queues.configure(settings.queue_url)


def _consume(huey: Huey, workers: int = 1) -> None:
    """Run a huey consumer in this thread until TERM or INT; tasks under way are finished."""
    consumer = _QuietConsumer(
        huey, workers=workers, periodic=False, initial_delay=0.1, backoff=1.15, max_delay=POLL_S
    )
    consumer.run()


class _QuietConsumer(Consumer):
    """TERM and INT both end it gracefully; it neither restarts itself nor interrupts a task."""

    def start(self) -> None:
        self._set_signal_handlers()  # huey does so last: a TERM that came before would end a task in the middle
        super().start()

    def _set_signal_handlers(self) -> None:
        def end(number: int, frame: FrameType | None) -> None:
            self._signum, self._graceful, self._restart = number, True, False

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
