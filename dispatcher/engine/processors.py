"""Whose processor is which: a pump keeps one for itself, and its desk stays off it.

The three of a mailing (pump, desk, a mail server on the same machine) wake one another thousands of times a second, and
each time the kernel may put who wakes beside who woke it. On two processors the pump then waited as long for one as it
worked, while the other stood idle (measured: 12 to 30 us of waiting per mail beside 27 us of work; 3 us so).
"""

import os


def of(number: int) -> int | None:
    """The processor of the pump with this number, counted from 0; None where there is no choice: under `taskset` with
    one of them, or on a system without such a call."""
    allowed = _allowed()
    return allowed[number % len(allowed)] if len(allowed) > 1 else None


def keep(processor: int) -> None:
    """Let the calling thread run there and nowhere else."""
    os.sched_setaffinity(0, {processor})


def keep_off(pid: int, processor: int) -> None:
    """Let a process of one thread run anywhere else."""
    os.sched_setaffinity(pid, set(_allowed()) - {processor})


def _allowed() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
