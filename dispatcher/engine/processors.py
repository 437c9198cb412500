"""Whose processor is which: a pump keeps one for itself, and its desk gives way to everybody.

The three of a mailing (pump, desk, a mail server on the same machine) wake one another thousands of times a second, and
each time the kernel may put who wakes beside who woke it. On two processors the pump then waited as long for one as it
worked, while the other stood idle (measured: 12 to 30 us of waiting per mail beside 27 us of work; 3 us so).

With few connections a pump and a mail server beside it have only those mails between them: while the desk has the
processor of one of them for some milliseconds, both stand still, and its time is theirs. It has hundreds of rows of
lead, so it takes what they leave, wherever that is: beside a slow server the pump's processor is half idle (a tenth
more mails than on the server's), beside a fast one neither is. With both processors busy it still gets some hundredths
of each, enough for a thousand mails a second; two thousand rows then take it 0.8 to 2.7 s (twice that beside four who
want both), in which nobody else writes to SQLite: the recorder lets it claim fewer of them (`most_next`).
"""

import os

_LAST = 19  # of 19


def of(number: int) -> int | None:
    """The processor of the pump with this number, counted from 0; None where there is no choice: under `taskset` with
    one of them, or on a system without such a call."""
    allowed = _allowed()
    return allowed[number % len(allowed)] if len(allowed) > 1 else None


def keep(processor: int) -> None:
    """Let the calling thread run there and nowhere else."""
    os.sched_setaffinity(0, {processor})


def give_way(pid: int) -> None:
    """Let a process of one thread run after all others who want to."""
    os.setpriority(os.PRIO_PROCESS, pid, _LAST)


def _allowed() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
