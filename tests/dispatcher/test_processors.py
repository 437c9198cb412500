"""The pump has a processor of its own, and nobody else loses the choice."""

import os
import subprocess
import sys
import threading

import pytest

from dispatcher.engine import processors

ALLOWED = sorted(os.sched_getaffinity(0))
several = pytest.mark.skipif(len(ALLOWED) < 2, reason="there is one processor only")


@several
def test_pumps_take_turns_over_the_processors():
    assert [processors.of(number) for number in range(len(ALLOWED) + 1)] == [*ALLOWED, ALLOWED[0]]


@several
def test_only_the_thread_of_the_pump_is_bound():
    seen = []

    def pump():
        processors.keep(ALLOWED[0])
        seen.append(os.sched_getaffinity(0))

    thread = threading.Thread(target=pump)
    thread.start()
    thread.join()
    assert seen == [{ALLOWED[0]}]
    assert sorted(os.sched_getaffinity(0)) == ALLOWED


def test_desk_runs_anywhere_and_gives_way_to_everybody():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as desk:
        processors.give_way(desk.pid)
        assert sorted(os.sched_getaffinity(desk.pid)) == ALLOWED
        assert os.getpriority(os.PRIO_PROCESS, desk.pid) > os.getpriority(os.PRIO_PROCESS, 0)
        desk.communicate(b"\n")


def test_whoever_has_one_processor_is_left_alone():
    script = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from dispatcher.engine import processors; print(processors.of(0))"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout == "None\n"
