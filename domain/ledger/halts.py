"""Pausing and cancelling, acknowledged: a campaign stands still once every live deliver process has said so.

A halt is a row; each process answers it with a row of its own after its pump has taken the campaign out. What its
connections were handing over at that moment still leaves, and is counted when the server has answered.
"""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from domain import clock
from domain.db import database, is_postgres, sql, unscoped
from domain.ledger.models import DispatcherProcess, Halt, HaltAck
from domain.ledger.states import DeliveryState

LIVE_S = 30  # a process that has not beaten for so long hands over nothing that we could wait for
LOOK_BACK_S = 86_400


class Open(NamedTuple):
    """A halt that a process has not answered."""

    halt_id: int
    tenant_id: int
    campaign_id: int
    at: int


@dataclass(frozen=True)
class State:
    """The latest halt of a campaign. `pending`: not all processes have answered. `flying`: mails that were being
    handed over when they stopped; `departed`: how many of these the servers took (None: not known yet)."""

    pending: bool
    flying: int
    departed: int | None


def begin(tenant_id: int, campaign_id: int) -> None:
    """Ask every process to stop a campaign; call it in the transaction that changes its status."""
    Halt.create(tenant_id=tenant_id, campaign_id=campaign_id, at=clock.epoch())


def state(tenant_id: int, campaign_id: int) -> State | None:
    """How far the latest halt of a campaign has come; None: there was none."""
    halt = (
        Halt.select()
        .where(Halt.tenant_id == tenant_id, Halt.campaign_id == campaign_id)
        .order_by(Halt.id.desc())
        .first()
    )
    if halt is None:
        return None
    answers = {ack.process_id: ack for ack in HaltAck.select().where(HaltAck.halt_id == halt.id)}
    live = DispatcherProcess.select(DispatcherProcess.id).where(
        DispatcherProcess.stopped_at.is_null(),
        DispatcherProcess.heartbeat_at >= clock.epoch() - LIVE_S,
        DispatcherProcess.started_at <= halt.at,
    )
    pending = any(process_id not in answers for (process_id,) in live.tuples())
    counted = [ack.departed for ack in answers.values()]
    departed = None if None in counted else sum(counted)
    return State(pending, sum(ack.flying for ack in answers.values()), departed)


@unscoped("a process serves all tenants")
def unanswered(process_id: int, since: int) -> list[Open]:
    """Halts that this process, which began at `since`, has to answer, oldest first."""
    rows = database.execute_sql(
        sql(
            """SELECT h.id, h.tenant_id, h.campaign_id, h.at FROM halt h WHERE h.at >= ? AND NOT EXISTS
            (SELECT 1 FROM halt_ack a WHERE a.halt_id = h.id AND a.process_id = ?) ORDER BY h.id"""
        ),
        [max(since, clock.epoch() - LOOK_BACK_S), process_id],
    ).fetchall()
    return [Open(*row) for row in rows]


def answer(halt_id: int, process_id: int, flying: int) -> None:
    """This process hands over nothing more; `flying` mails were at its connections."""
    HaltAck.insert(
        halt_id=halt_id, process_id=process_id, flying=flying, departed=None if flying else 0
    ).on_conflict_ignore().execute()


def count_departed(halt: Open, process_id: int, delivery_ids: Sequence[int]) -> bool:
    """Note how many of the mails that were flying were taken; False while an answer is still to come."""
    rows = database.execute_sql(
        sql(
            f"""SELECT state, owner_id, count(*) FROM delivery WHERE +tenant_id = ? AND id IN ({_ids()})
            GROUP BY state, owner_id"""
        ),
        [halt.tenant_id, _bound(delivery_ids)],
    ).fetchall()
    if any(s == DeliveryState.LEASED and owner == process_id for s, owner, _ in rows):
        return False
    departed = sum(count for s, _, count in rows if s == DeliveryState.SENT)
    HaltAck.update(departed=departed).where(
        HaltAck.halt_id == halt.halt_id, HaltAck.process_id == process_id
    ).execute()
    return True


def _ids() -> str:
    return "SELECT unnest(?::bigint[])" if is_postgres() else "SELECT value FROM json_each(?)"


def _bound(ids: Sequence[int]) -> Any:
    return list(ids) if is_postgres() else json.dumps(list(ids))
