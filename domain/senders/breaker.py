"""The circuit breaker of a relay: columns of its row, so that all dispatchers share it.

Closed: mails go. After OPEN_AFTER failures in a row it opens: nothing goes until `open_until`, then exactly one
dispatcher may try one connection, and so on with growing pauses, until a mail is taken or a person closes it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from domain import clock
from domain.audit import log
from domain.db import database, is_postgres
from domain.senders.models import Relay

OPEN_AFTER = 3
FIRST_PAUSE_S, LONGEST_PAUSE_S = 60, 1800  # taste: a restarted server is found within a minute
PROBE_S = 60  # how long the dispatcher that tries is left alone


def is_open(relay: Relay) -> bool:
    """Whether nothing goes through the relay now."""
    return relay.opened_at is not None


def failed(relay_id: int, reason: str) -> Relay | None:
    """Count a failure; the row if this one has opened the breaker, so that people are told once."""
    with database.atomic():
        relay = _locked(relay_id)
        if relay is None:
            return None
        relay.failures += 1
        relay.open_reason = reason[:300]
        opens = relay.opened_at is None and relay.failures >= OPEN_AFTER
        if opens:
            relay.opened_at = clock.now()
            _log(relay, "relay.opened", None, {"reason": relay.open_reason})
        if relay.opened_at is not None:
            pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (relay.failures - OPEN_AFTER))
            relay.open_until = clock.now() + timedelta(seconds=pause_s)
        relay.save()
    return relay if opens else None


def may_probe(relay_id: int) -> bool:
    """Whether the caller may try the relay now: its pause is over, and nobody else tries."""
    now = clock.now()
    changed = Relay.update(open_until=now + timedelta(seconds=PROBE_S)).where(
        Relay.id == relay_id, Relay.opened_at.is_null(False), Relay.open_until <= now
    )
    return changed.execute() == 1


def worked(relay_id: int) -> Relay | None:
    """A mail was taken: nothing is counted any more; the row if this has closed an open breaker."""
    with database.atomic():
        relay = _locked(relay_id)
        if relay is None or not relay.failures:
            return None
        since = relay.opened_at
        _reset(relay)
        if since is not None:
            _log(relay, "relay.closed", None, {"minutes": _minutes(since)})
    return relay if since is not None else None


def close(relay: Relay, user_id: int) -> None:
    """Let mails go again on a person's word; mailings that wait for it look again at once."""
    with database.atomic():
        locked = _locked(relay.id)
        if locked is None or not locked.failures:
            return
        _reset(locked)
        _log(locked, "relay.close", user_id, {})


def _locked(relay_id: int) -> Relay | None:
    query = Relay.select().where(Relay.id == relay_id)
    return (query.for_update() if is_postgres() else query).first()


def _reset(relay: Relay) -> None:
    relay.failures, relay.open_reason = 0, ""
    relay.opened_at = relay.open_until = None
    relay.save()


def _minutes(since: datetime) -> int:
    return round((clock.now() - since).total_seconds() / 60)


def _log(relay: Relay, act: str, user_id: int | None, details: dict[str, Any]) -> None:
    log.record(
        relay.tenant_id or log.HOUSE, act, user_id=user_id, kind="relay", object_id=relay.id,
        details={"name": relay.name, **details},
    )  # fmt: skip
