"""Automailers: who comes in, and whose next step is due. Everything is found in the tables; the sweep loses nothing."""

from __future__ import annotations

import structlog

from dispatcher import tasks
from domain.automailers import running
from domain.errors import DomainError

log = structlog.get_logger()


def sweep() -> None:
    """Look at every series once; one that fails does not hold up the others."""
    for automailer in running.live():
        try:
            running.take_in(automailer)
            woken = running.send_due(automailer)
        except DomainError as error:  # a segment that is gone, somebody who changed it just now
            log.warning("series waits", automailer=automailer.id, reason=str(error))
            continue
        for campaign_id in woken:
            tasks.wake_deliver(campaign_id)
