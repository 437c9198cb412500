"""Processes in the ledger: who is here, whose journal is to be folded in, whose leases are lost."""

from __future__ import annotations

import time
from pathlib import Path

import structlog

from dispatcher.engine import journal
from dispatcher.engine.journal import OwnerAlive, Unreadable
from dispatcher.senders import machine
from domain import clock
from domain.db import database
from domain.ledger import outbox, settlements
from domain.ledger.models import Delivery, DispatcherProcess
from domain.ledger.rows import Settlement
from domain.ledger.states import DeliveryState

log = structlog.get_logger()
STALE_S = 30  # a heartbeat older than this says nothing about its process any more
_seen: dict[
    int, tuple[int, float]
] = {}  # process → its heartbeat, and since when it stands there on our own clock


def register(name: str, pid: int, folder: Path) -> DispatcherProcess:
    """A row for this process; its journal's name follows from its id."""
    now = clock.epoch()
    row = DispatcherProcess.create(
        name=name,
        host=machine(),
        boot_id=journal.boot_id(),
        pid=pid,
        journal="",
        started_at=now,
        heartbeat_at=now,
    )
    row.journal = str(folder / f"deliver-{row.id}.journal")
    row.save()
    return row


def beat(process_id: int) -> None:
    DispatcherProcess.update(heartbeat_at=clock.epoch()).where(DispatcherProcess.id == process_id).execute()


def ended(process_id: int) -> None:
    """A process has stopped in order; what it could not write down its successor finds."""
    signed_off(process_id)
    outbox.forget_holder(process_id)


def signed_off(process_id: int) -> None:
    DispatcherProcess.update(stopped_at=clock.epoch()).where(DispatcherProcess.id == process_id).execute()


def fold_dead(own_id: int, watch_s: float, held_s: float = 0) -> int:
    """Take over what dead processes left; returns how many rows became doubtful or free. Crosses tenants. Whose journal
    cannot be read is dead only if its heartbeat has stood still for `watch_s` before our eyes, and for `held_s` (a
    whole lease) while somebody on this machine holds the lock of the journal: he lives, and may only be slow."""
    moved = 0
    for owner_id in outbox.lease_holders():
        if owner_id != own_id:
            moved += _fold(owner_id, watch_s, max(watch_s, held_s))
    return moved


def _fold(owner_id: int, watch_s: float, held_s: float) -> int:
    process = DispatcherProcess.get_or_none(DispatcherProcess.id == owner_id)
    still_s = float("inf") if process is None else _still_s(process)
    if process is None or process.host != machine():
        return _without_journal(owner_id, process) if still_s >= watch_s else 0
    try:
        folded = journal.fold(Path(process.journal))
    except OwnerAlive:
        return _without_journal(owner_id, process) if still_s >= held_s else 0
    except Unreadable:
        return _without_journal(owner_id, process) if still_s >= watch_s else 0
    done = False
    try:
        same_boot = folded.boot_id == journal.boot_id() and folded.process_id == owner_id
        with database.atomic():
            signed_off(owner_id)  # first: it waits for a claim under way, and none can follow
            back, doubtful = settlements.take_over(
                owner_id, _settlements(owner_id, folded.outcomes), folded.intents if same_boot else None
            )
        done = True
    finally:
        folded.release(delete=done)
    log.warning("journal folded", owner=owner_id, back_in_queue=back, doubtful=doubtful, same_boot=same_boot)
    return back + doubtful


def _still_s(process: DispatcherProcess) -> float:
    """For how many seconds a heartbeat has not moved before our eyes, -1 if it has just done so. The date alone says
    nothing: after a jump of the clock, or on a machine with another one, everybody alive looks dead."""
    now = time.monotonic()
    heartbeat, since = _seen.get(process.id, (0, now))
    if heartbeat != process.heartbeat_at:
        _seen[process.id] = process.heartbeat_at, now
        return -1
    return now - since


def _without_journal(owner_id: int, process: DispatcherProcess | None) -> int:
    """Nothing reliable is known: only after lease and heartbeat have run out, and every row is doubtful."""
    now = clock.epoch()
    alive = process is not None and now - process.heartbeat_at < STALE_S
    if alive or outbox.latest_lease(owner_id) >= now:
        return 0
    _, doubtful = settlements.take_over(owner_id, [], None)
    log.warning("leases taken over", owner=owner_id, doubtful=doubtful)
    return doubtful


def _settlements(owner_id: int, outcomes: dict[tuple[int, int], journal.Outcome]) -> list[Settlement]:
    """Outcomes of a journal as settlements; the tenant and the revision stand in the rows."""
    ids = [delivery_id for delivery_id, _ in outcomes]
    found: dict[int, tuple[int, int | None]] = {}
    for start in range(0, len(ids), 500):
        query = Delivery.select(Delivery.id, Delivery.tenant_id, Delivery.revision_id).where(
            Delivery.id.in_(ids[start : start + 500]), Delivery.owner_id == owner_id
        )
        found |= {row[0]: (row[1], row[2]) for row in query.tuples()}
    later = clock.epoch() + 300
    return [
        Settlement(
            i,
            found[i][0],
            attempt,
            owner_id,
            o.state,
            o.code,
            o.enhanced,
            o.text,
            _due(o, later),
            found[i][1],
        )
        for (i, attempt), o in outcomes.items()
        if i in found
    ]


def _due(outcome: journal.Outcome, later: int) -> int:
    return later if outcome.state in (DeliveryState.DEFERRED, DeliveryState.UNCERTAIN) else 0
