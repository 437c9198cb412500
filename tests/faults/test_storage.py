"""F11, F12, F15, F16: the disk is full, the database locked, Redis gone, PostgreSQL restarted."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import peewee
import pytest

from dispatcher import queues
from domain import db, tokens
from domain.campaigns.models import Campaign, CampaignStatus
from domain.ledger.states import DeliveryState
from tests import postgres
from tests.dispatcher.mailing import mailing, tenant
from tests.dispatcher.sinks import Sink
from tests.faults.door import Door
from tests.faults.scene import CONNECTIONS, FULL, PEOPLE, deliver, due_now, finished, promised, states, until


@contextmanager
def small_disk(folder, megabytes):
    """A file system of its own; skips, and says so, where none can be mounted."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("SKIPPED LOUDLY: a full disk needs root and the right to mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def slow(verb, line):
    """Some milliseconds per mail, so that a fault finds the campaign in the middle."""
    if verb == "BODY":
        time.sleep(0.03)


class Gate:
    """Lets some mails through, holds the others until it is opened."""

    def __init__(self, free: int) -> None:
        self.free = free
        self.opened = threading.Event()
        self.lock = threading.Lock()

    def __call__(self, verb, line):
        if verb == "BODY":
            with self.lock:
                self.free -= 1
                held = self.free < 0
            if held:
                self.opened.wait(60)


def fill(disk):
    """Leave no byte free."""
    with open(disk / "filler", "wb", buffering=0) as file:
        for size in (65_536, 512, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass


@contextmanager
def reading(path):
    """Somebody reads what stands only in the log meanwhile: it cannot be begun anew, and hold room for claims."""
    reader = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        reader.execute("PRAGMA user_version = 1")  # the newest frame of the log
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM delivery").fetchone()
        yield
    finally:
        reader.close()


def at_rest(sink, seconds=1.0):
    """Nothing has been accepted for so long."""
    seen = [len(sink.accepted), time.monotonic()]

    def quiet():
        if len(sink.accepted) != seen[0]:
            seen[:] = len(sink.accepted), time.monotonic()
        return time.monotonic() - seen[1] >= seconds

    return quiet


@pytest.mark.sqlite_only
def test_f11_full_disk_stops_claims_and_goes_on_with_room(database, tmp_path, capfd):
    """What is claimed still leaves: the journal has reserved its space. Without room no claim is written."""
    people, batch = 10_000 if FULL else 2_600, 1000  # more than the two batches that are claimed at once
    gate = Gate(40)
    with small_disk(tmp_path / "disk", 128 if FULL else 24) as disk, Sink(gate).running() as sink:
        db.database.close()
        shutil.copyfile(tmp_path / "portal.db", disk / "portal.db")
        db.bind(f"sqlite:///{disk}/portal.db").connect()
        campaign = mailing(tenant(), people)
        db.database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")  # or its old length would still be room
        url = f"sqlite:///{disk}/portal.db"
        with deliver(disk / "i", url, sink.port, batch_max=batch) as process:
            until(lambda: len(sink.accepted) > 30)
            until(
                lambda: states(campaign).get(DeliveryState.QUEUED, 0) < people - batch
            )  # the second one, too
            assert states(campaign).get(DeliveryState.QUEUED), "more than two batches were claimed ahead"
            with reading(disk / "portal.db"):
                fill(disk)
                gate.opened.set()
                until(at_rest(sink), 30)
                assert "database does not answer" in capfd.readouterr().out
                assert len(sink.accepted) < people and process.poll() is None
            (disk / "filler").unlink()
            until(lambda: _due() or finished(campaign)(), 90)
        db.database.close()
        checked = sqlite3.connect(disk / "portal.db")
        assert checked.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        checked.close()
        db.database.connect()
        promised(sink, people, CONNECTIONS)
        db.database.close()


def test_f11_without_room_for_a_journal_nothing_leaves(database, tmp_path):
    campaign = mailing(tenant(), 20)
    with small_disk(tmp_path / "disk", 8) as disk, Sink().running() as sink:
        (disk / "i").mkdir()
        fill(disk)
        with deliver(disk / "i", database, sink.port, f"sqlite:///{tmp_path}/queue.db") as process:
            assert process.wait(30) != 0 and not sink.accepted
        (disk / "filler").unlink()
        with deliver(disk / "i", database, sink.port, f"sqlite:///{tmp_path}/queue.db"):
            until(finished(campaign))
        promised(sink, 20)


def _due():
    """What was put off comes due; a database on a disk that was full may still refuse it."""
    try:
        due_now()
    except peewee.OperationalError:
        return


@pytest.mark.sqlite_only
def test_f12_locked_database_is_waited_for(database, tmp_path):
    campaign = mailing(tenant(), PEOPLE)
    with Sink(slow).running() as sink, deliver(tmp_path / "i", database, sink.port):
        until(lambda: len(sink.accepted) > 20)
        other = sqlite3.connect(database.removeprefix("sqlite:///"), isolation_level=None, timeout=30)
        other.execute("BEGIN IMMEDIATE")
        time.sleep(60 if FULL else 3)
        other.execute("COMMIT")
        other.close()
        until(finished(campaign))
    promised(sink, PEOPLE)


@contextmanager
def redis(folder):
    """A server of our own that can be killed; yields (URL, restart)."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("SKIPPED LOUDLY: Redis is missing (apt-get install redis-server)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    servers = []

    def start():
        servers.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL))

        def answers():
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", port)) == 0

        until(answers)

    start()
    try:
        yield f"redis://127.0.0.1:{port}/0", servers, start
    finally:
        servers[-1].kill()
        servers[-1].wait()


def test_f15_without_redis_the_tables_are_polled(database, tmp_path):
    with redis(tmp_path) as (url, servers, start), Sink(slow).running() as sink:
        campaign = mailing(tenant(), PEOPLE)
        with deliver(tmp_path / "i", database, sink.port, url) as process:
            until(lambda: len(sink.accepted) > 20)
            servers[-1].kill()
            servers[-1].wait()
            until(finished(campaign))
            second = mailing(tenant("second"), 20, first=PEOPLE + 1)  # no nudge can reach it
            until(finished(second), 20)
            start()
            time.sleep(0.5)
            subprocess.run(["redis-cli", "-u", url, "FLUSHALL"], check=True, stdout=subprocess.DEVNULL)
            third = mailing(tenant("third"), 20, first=PEOPLE + 21)
            until(finished(third), 20)
            assert process.poll() is None
        queues.configure("sqlite:///" + str(tmp_path / "q.db"))
    promised(sink, PEOPLE + 40)


def test_f15_slow_redis_holds_up_no_mail_and_no_end(database, tmp_path):
    """Every answer of it takes a second; who sends asks the tables, and a stop does not wait for it."""
    with (
        redis(tmp_path) as (url, _, _),
        Door(urlsplit(url).port or 0, delay_s=1).open() as door,
        Sink(slow).running() as sink,
    ):
        campaign = mailing(tenant(), PEOPLE)
        with deliver(tmp_path / "i", database, sink.port, f"redis://127.0.0.1:{door.port}/0") as process:
            until(finished(campaign))
            second = mailing(tenant("second"), 20, first=PEOPLE + 1)
            until(finished(second), 20)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
    promised(sink, PEOPLE + 20)


@contextmanager
def own_server():
    """A server that keeps what it has committed, with the schema; its URL, bound."""
    if postgres.binaries() is None:
        pytest.skip("SKIPPED LOUDLY: PostgreSQL is missing (apt-get install postgresql)")
    with postgres.server("-c max_connections=60") as url:
        tokens.configure(b"only for tests, 32 bytes or more.")
        db.bind(url)
        db.migrate()
        db.database.connect()
        try:
            yield url
        finally:
            db.database.close()


def goes_on(sink, campaign, process):
    """Within half a minute another mail leaves, then all do, by the same process and without a doubt."""
    before = len(sink.accepted)
    until(lambda: len(sink.accepted) > before or finished(campaign)(), 3 if FULL else 30)
    until(finished(campaign))
    assert process.poll() is None
    promised(sink, PEOPLE, CONNECTIONS)
    assert Campaign.get_by_id(campaign.id).status == CampaignStatus.FINISHED
    assert states(campaign) == {DeliveryState.SENT: PEOPLE}


def test_f16_restarted_postgresql_is_found_again(tmp_path):
    """Stopped without a goodbye and started again."""
    with own_server() as url, Sink(slow).running() as sink:
        campaign = mailing(tenant(), PEOPLE)
        with deliver(tmp_path / "i", url, sink.port) as process:
            until(lambda: len(sink.accepted) > 20)
            db.database.close()
            postgres.restart(url)
            db.database.connect()
            goes_on(sink, campaign, process)


def test_f16_failover_to_the_standby_loses_nobody(tmp_path):
    """The first server is gone for good; its standby, which has every commit, takes its place and its address."""
    with own_server() as url, postgres.standby(url) as (other, promote), Sink(slow).running() as sink:
        first, second = (urlsplit(place).port for place in (url, other))
        with Door(first).open() as door:
            address = url.replace(f":{first}/", f":{door.port}/")
            db.database.close()
            db.bind(address).connect()
            campaign = mailing(tenant(), PEOPLE)
            with deliver(tmp_path / "i", address, sink.port) as process:
                until(lambda: len(sink.accepted) > 20)
                db.database.close()
                postgres.crash(url)
                door.move(second)  # it still refuses to write
                promote()
                db.database.connect()
                goes_on(sink, campaign, process)


def test_f16_killed_sessions_are_opened_again(tmp_path):
    """An administrator, or idle_in_transaction_session_timeout, ends sessions wherever they stand."""
    kill = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"""
    with own_server() as url, Sink(slow).running() as sink:
        campaign = mailing(tenant(), PEOPLE)
        with deliver(tmp_path / "i", url, sink.port) as process:
            for _ in range(3):
                before = len(sink.accepted)
                until(lambda: len(sink.accepted) > before + 10)  # noqa: B023
                until(lambda: db.database.execute_sql(kill).fetchone()[0])
            goes_on(sink, campaign, process)
