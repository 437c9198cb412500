"""Whose processor is which: a pump keeps one for itself, and its desk stays off it and gives way to others.

The three of a mailing (pump, desk, a mail server on the same machine) wake one another thousands of times a second, and
each time the kernel may put who wakes beside who woke it. On two processors the pump then waited as long for one as it
worked, while the other stood idle (measured: 12 to 30 us of waiting per mail beside 27 us of work; 3 us so).

With few connections a pump and a mail server beside it have only those mails between them: while the desk has the
server's processor for some milliseconds, both stand still, and its time is theirs. It has hundreds of rows of lead, so
it takes what they leave (5 to 8 % more mails). Against everybody else it still gets a tenth of a processor, enough for
some thousand mails a second.
"""

import os

_BEHIND = 10  # of 19: a tenth of the usual share


def of(number: int) -> int | None:
    """The processor of the pump with this number, counted from 0; None where there is no choice: under `taskset` with
    one of them, or on a system without such a call."""
    allowed = _allowed()
    return allowed[number % len(allowed)] if len(allowed) > 1 else None


def keep(processor: int) -> None:
    """Let the calling thread run there and nowhere else."""
    os.sched_setaffinity(0, {processor})


def keep_off(pid: int, processor: int) -> None:
    """Let a process of one thread run anywhere else, after those who wait for it."""
    os.sched_setaffinity(pid, set(_allowed()) - {processor})
    os.setpriority(os.PRIO_PROCESS, pid, _BEHIND)


def _allowed() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
