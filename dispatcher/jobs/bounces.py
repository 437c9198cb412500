"""Addresses that servers refused for good go onto the suppression list."""

from __future__ import annotations

import time
from collections.abc import Callable

from domain import clock
from domain.ledger import returned

EVERY_S = 15.0
FIRST_S = 7 * 86_400  # after a start: what was refused while nobody looked
AGAIN_S = 3_600  # outcomes are written in groups, and by several machines


def noting() -> Callable[[], None]:
    """Look through what was refused since the last look, once in a while."""
    last, since = -EVERY_S, 0

    def stop_refused() -> None:
        nonlocal last, since
        if time.monotonic() - last < EVERY_S:
            return
        last = time.monotonic()
        now = clock.epoch()
        returned.stop_refused(since or now - FIRST_S)
        since = now - AGAIN_S

    return stop_refused
