"""Tests of relays in the background: a page must not wait for somebody else's server."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from dispatcher import probe
from dispatcher.senders import NoRelay, Senders
from domain import clock, db
from domain.errors import N_
from domain.senders.models import Relay

log = structlog.get_logger()
NOT_RUN = "not_run"  # `failed` of a report when the test could not begin; `said` is a message id
_under_way: set[int] = set()
_lock = threading.Lock()


def run(relay_id: int, doors: Senders) -> None:
    """Try a relay if somebody asked for it, and keep in its row what was found."""
    with _lock:
        if relay_id in _under_way:
            return
        _under_way.add(relay_id)
    try:
        with db.connection():
            row = Relay.get_or_none(Relay.id == relay_id, Relay.test_asked_at.is_null(False))
        if row is not None:
            _test(row, doors)
    finally:
        with _lock:
            _under_way.discard(relay_id)


def _test(row: Relay, doors: Senders) -> None:
    try:
        report = probe.probe(doors.of_row(row))
    except NoRelay as error:
        report = probe.Report(failed=NOT_RUN, said=error.message)
    except Exception:
        log.exception("relay test failed", relay=row.id)
        report = probe.Report(failed=NOT_RUN, said=N_("The test stopped because of a fault of ours."))
    with db.connection():
        Relay.update(test=report.as_dict(), tested_at=clock.now(), test_asked_at=None).where(
            Relay.id == row.id, Relay.test_asked_at == row.test_asked_at
        ).execute()
    log.info("relay tested", relay=row.id, failed=report.failed)


def sweep_for(doors: Senders) -> Callable[[], None]:
    """Run what was asked for and whose nudge was lost."""

    def sweep_relay_tests() -> None:
        for row in Relay.select(Relay.id).where(Relay.test_asked_at.is_null(False)):
            run(row.id, doors)

    return sweep_relay_tests
