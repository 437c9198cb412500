"""What the `work` process does: bodies of the tasks, and sweeps that find work whose nudge was lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def register(bodies: dict[str, Callable[[int], None]], settings: Any) -> list[Callable[[], None]]:
    """Put the bodies of the `render` queue's tasks in and return the sweeps; each opens no connection of its own
    (a sweep runs inside one, a body opens one by `db.connection()`)."""
    sweeps: list[Callable[[], None]] = []
    return sweeps
