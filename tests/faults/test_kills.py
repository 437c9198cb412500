"""F1, F2, F14, F20, F23: the process is killed, asked to stop, doubled, stopped and continued."""

import os
import random
import signal
import sqlite3
import threading
import time
from contextlib import ExitStack

import pytest

from domain import db
from domain.ledger.models import DispatcherProcess
from domain.ledger.states import DeliveryState
from tests.dispatcher.mailing import mailing, tenant
from tests.dispatcher.sinks import Sink
from tests.faults.scene import CONNECTIONS, FULL, PEOPLE, deliver, finished, kill, promised, states, until

STEPS = ("claimed", "MAIL", "RCPT", "DATA", "BODY", "answered", "settled")


def test_f1_killed_at_random_loses_nobody(database, tmp_path):
    campaign, kills = mailing(tenant(), PEOPLE), 100 if FULL else 3
    with Sink().running() as sink:
        done = 0
        while done < kills and not finished(campaign)():
            before = len(sink.accepted)
            with deliver(tmp_path / "i", database, sink.port) as process:
                wanted = before + random.randint(1, PEOPLE // kills // 2)
                until(lambda: len(sink.accepted) >= wanted or finished(campaign)())  # noqa: B023
                kill(process)
                done += 1
        with deliver(tmp_path / "i", database, sink.port):
            until(finished(campaign))
    promised(sink, PEOPLE, done * CONNECTIONS)
    assert set(states(campaign)) <= {DeliveryState.SENT, DeliveryState.HELD}  # held: doubtful twice


@pytest.mark.parametrize("step", STEPS)
def test_f1_killed_at_a_step(database, tmp_path, step):
    """The sink kills the process when it hears the step, before it answers; `answered` right behind its 250."""
    people, kills = (PEOPLE, 20) if FULL else (60, 1)
    campaign, victim, left = mailing(tenant(), people), [], [kills]
    waits = random.randint(1, people // 3)

    one = threading.Lock()

    def strike():
        with one:
            if left[0] and victim and victim[0].poll() is None:
                left[0] -= 1
                kill(victim[0])

    def answer(verb, line):
        if verb == step and len(sink.accepted) >= waits:
            strike()
        return None

    with Sink(answer).running() as sink:
        while left[0] and not finished(campaign)():
            victim.clear()
            with deliver(tmp_path / "i", database, sink.port) as process:
                victim.append(process)
                if step == "claimed":
                    until(lambda: DeliveryState.LEASED in states(campaign) or finished(campaign)())
                    strike()
                elif step == "answered":
                    before = len(sink.accepted)
                    until(lambda: len(sink.accepted) > before or finished(campaign)())  # noqa: B023
                    strike()
                elif step == "settled":
                    sent = states(campaign).get(DeliveryState.SENT, 0)
                    until(lambda: states(campaign).get(DeliveryState.SENT, 0) > sent or finished(campaign)())  # noqa: B023
                    strike()
                else:
                    until(lambda: process.poll() is not None or finished(campaign)())
        with deliver(tmp_path / "i", database, sink.port):
            until(finished(campaign))
    promised(sink, people, (kills - left[0]) * CONNECTIONS)
    if step in ("claimed", "MAIL", "RCPT", "DATA") and not FULL:
        assert left[0] == 0, "it was not killed"


def test_f2_term_drains_without_a_duplicate(database, tmp_path):
    campaign = mailing(tenant(), PEOPLE)
    with Sink().running() as sink:
        with deliver(tmp_path / "i", database, sink.port) as process:
            until(lambda: len(sink.accepted) > 20)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        found = states(campaign)
        assert not set(found) & {DeliveryState.LEASED, DeliveryState.UNCERTAIN}
        assert found.get(DeliveryState.SENT, 0) == len(sink.accepted)
        with deliver(tmp_path / "i", database, sink.port):
            until(finished(campaign))
    promised(sink, PEOPLE)


@pytest.mark.parametrize("count", [2, 4])
def test_f14_several_dispatchers_one_of_them_late(database, tmp_path, count):
    people = 50_000 if FULL else 1500
    campaign = mailing(tenant(), people)
    with Sink().running() as sink, ExitStack() as running:
        for number in range(1, count + 1):
            if number == count:
                until(lambda: len(sink.accepted) > 20)
            running.enter_context(deliver(tmp_path / "i", database, sink.port))
        until(finished(campaign))
    promised(sink, people)


def test_f20_killed_with_its_whole_process_group(database, tmp_path):
    """What the kernel does when memory runs out, or a container is ended: every process at once."""
    campaign = mailing(tenant(), PEOPLE)
    with Sink().running() as sink:
        with deliver(tmp_path / "i", database, sink.port) as process:
            until(lambda: len(sink.accepted) > 20)
            signal_group(process, signal.SIGKILL)
            process.wait()
        with deliver(tmp_path / "i", database, sink.port):
            until(finished(campaign))
    promised(sink, PEOPLE, CONNECTIONS)


def test_f23_stopped_overtaken_and_continued(database, tmp_path):
    """Its lease is taken over while it sleeps; awake it hands over nothing more and its settles are void. Stopped in
    the middle of a transaction it would hold up everybody, as SQLite's lock knows no lease: not here."""
    campaign = mailing(tenant(), PEOPLE)
    pace = (
        {"lease_s": 120, "margin_s": 15, "stale_s": 30}
        if FULL
        else {"lease_s": 3, "margin_s": 1, "stale_s": 1}
    )
    slow = [True]

    def answer(verb, line):
        if verb == "BODY" and slow[0]:
            time.sleep(0.05)  # so that it is in the middle when it is stopped
        return None

    with Sink(answer).running() as sink, deliver(tmp_path / "i", database, sink.port, **pace) as first:
        until(lambda: len(sink.accepted) > 10)
        until(lambda: stopped_outside_a_transaction(first))
        slow[0] = False
        with deliver(tmp_path / "i", database, sink.port, **pace):
            until(finished(campaign), 60)
            late = len(sink.accepted)
            signal_group(first, signal.SIGCONT)
            heartbeat = DispatcherProcess.get_by_id(1).heartbeat_at
            until(lambda: DispatcherProcess.get_by_id(1).heartbeat_at > heartbeat)
            first.send_signal(signal.SIGTERM)
            assert first.wait(60) == 0
    assert len(sink.accepted) == late, "the late owner handed something over"
    promised(
        sink, PEOPLE, CONNECTIONS + 1000
    )  # its journal cannot be read while it lives: the batch is doubtful
    assert states(campaign) == {DeliveryState.SENT: PEOPLE}


def stopped_outside_a_transaction(process):
    """Stop it; if it holds a lock, let it go on and say no."""
    signal_group(process, signal.SIGSTOP)
    if db.is_postgres():
        busy = (
            "SELECT count(*) FROM pg_stat_activity WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()"
        )
        free = db.database.execute_sql(busy).fetchone()[0] == 0
    else:
        other = sqlite3.connect(db.database.database, isolation_level=None, timeout=0)
        try:
            other.execute("BEGIN IMMEDIATE")
            free = True
        except sqlite3.OperationalError:
            free = False
        other.close()
    if not free:
        signal_group(process, signal.SIGCONT)
    return free


def signal_group(process, number):
    """The process and those beside it."""
    os.killpg(process.pid, number)
