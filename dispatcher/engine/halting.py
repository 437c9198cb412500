"""Campaigns that somebody has paused or cancelled: taken out of the pump at once, and acknowledged."""

from __future__ import annotations

from collections.abc import Callable

from dispatcher.engine.pipeline import Run
from dispatcher.engine.pump import Pump
from dispatcher.transport.pool import Pool
from domain import clock
from domain.ledger import halts
from domain.ledger.halts import Open

Runs = dict[int, tuple[Run, Pool]]


class Halting:
    """The recorder's part; `later(act)` runs `act` in the recorder's thread."""

    def __init__(self, owner_id: int, later: Callable[[Callable[[], None]], None]) -> None:
        self._owner_id = owner_id
        self._later = later
        self._since = clock.epoch()
        self._stopping: dict[int, int] = {}  # campaign → runs that the pump has not yet taken out
        self._flying: dict[
            int, tuple[int, list[int]]
        ] = {}  # campaign → when it stopped, deliveries under way
        self._tails: list[tuple[Open, list[int]]] = []

    def stop(self, pump: Pump, pool: Pool, run: Run) -> None:
        """Take a campaign out of the pump."""
        self._stopping[run.campaign_id] = self._stopping.get(run.campaign_id, 0) + 1
        pump.halt(pool, run, lambda ids: self._later(lambda: self._stopped(run.campaign_id, ids)))

    def answer(self, stop: Callable[[int], None]) -> None:
        """Stop what somebody has halted (`stop(campaign_id)`), and say so once the pump has done it."""
        for halt in halts.unanswered(self._owner_id, self._since):
            stop(halt.campaign_id)
            if halt.campaign_id in self._stopping:
                continue  # answered in the next round
            stopped_at, flying = self._flying.pop(halt.campaign_id, (0, []))
            if stopped_at < halt.at:  # it stopped for another reason before
                flying = []
            halts.answer(halt.halt_id, self._owner_id, len(flying))
            if flying:
                self._tails.append((halt, flying))
        self._tails = [
            (halt, ids)
            for halt, ids in self._tails
            if not halts.count_departed(halt, self._owner_id, ids)
        ]  # fmt: skip

    def _stopped(self, campaign_id: int, flying: list[int]) -> None:
        left = self._stopping.pop(campaign_id) - 1
        if left:
            self._stopping[campaign_id] = left
        at, before = self._flying.get(campaign_id, (0, []))
        now = clock.epoch()
        self._flying[campaign_id] = (now, [*(before if at == now else []), *flying])
