"""kill -9 in mid-send: nobody is lost, at most one copy per open connection, every doubtful recipient is listed."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from dispatcher.engine import starting, takeover
from dispatcher.engine.journal import Journal
from domain import db
from domain.campaigns.models import Campaign, CampaignStatus
from domain.ledger import outbox
from domain.ledger.models import Delivery, DispatcherProcess
from domain.ledger.states import DeliveryState
from tests.dispatcher.mailing import mailing, tenant
from tests.dispatcher.sinks import Sink

ROOT = Path(__file__).parents[2]
CONNECTIONS = 4
SCRIPT = """
import sys
from pathlib import Path
from dispatcher import worker
from dispatcher.engine.recorder import Pace
from tests.dispatcher.mailing import EngineSettings
worker.deliver(EngineSettings(Path(sys.argv[1]), sys.argv[2], sys.argv[3]), Pace(beat_s=0.5, sweep_s=1))
"""


@contextmanager
def deliver(instance, database_url, port):
    """A real deliver process; killed at the end if it still runs."""
    url = f"smtp://127.0.0.1:{port}?connections={CONNECTIONS}"
    command = [sys.executable, "-c", SCRIPT, str(instance), database_url, url]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def connected(act):
    """`act` in a thread of its own."""
    with db.connection():
        return act()


def is_finished(campaign):
    return Campaign.get_by_id(campaign.id).status == CampaignStatus.FINISHED


def test_killed_in_mid_send_loses_nobody_and_lists_every_doubt(database, tmp_path):
    campaign, kills = mailing(tenant(), 1200), 3
    with Sink().running() as sink:
        for number in range(kills):
            before = len(sink.accepted)
            with deliver(tmp_path, database, sink.port) as process:
                until(lambda: len(sink.accepted) > before + random.randint(30, 200))  # noqa: B023
                process.send_signal(signal.SIGKILL)
                process.wait()
            assert number == kills - 1 or not is_finished(campaign)
        with deliver(tmp_path, database, sink.port):
            until(lambda: is_finished(campaign))
    copies = Counter(to for to, _ in sink.accepted)
    assert set(copies) == {f"p{n}@x.example" for n in range(1, 1201)}, "lost"
    assert max(copies.values()) <= 2
    duplicates = {to for to, n in copies.items() if n > 1}
    assert len(duplicates) <= kills * CONNECTIONS
    listed = {row.address_key for row in Delivery.select().where(Delivery.maybe_duplicate)}
    assert duplicates <= listed
    assert outbox.counts(campaign.tenant_id, campaign.id)[DeliveryState.SENT] == 1200


def test_same_mail_on_every_attempt(database, tmp_path):
    campaign = mailing(tenant(), 300)
    with Sink().running() as sink:
        with deliver(tmp_path, database, sink.port) as process:
            until(lambda: len(sink.accepted) > 50)
            process.send_signal(signal.SIGKILL)
        with deliver(tmp_path, database, sink.port):
            until(lambda: is_finished(campaign))
    bodies: dict[str, set[bytes]] = {}
    for to, raw in sink.accepted:
        bodies.setdefault(to, set()).add(raw)
    assert all(len(different) == 1 for different in bodies.values())


def test_term_drains_without_a_doubt(database, tmp_path):
    campaign = mailing(tenant(), 1500)
    with Sink().running() as sink:
        with deliver(tmp_path, database, sink.port) as process:
            until(lambda: len(sink.accepted) > 100)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        counts = outbox.counts(campaign.tenant_id, campaign.id)
        assert counts[DeliveryState.SENT] == len(sink.accepted) and not counts[DeliveryState.LEASED]
        assert not counts[DeliveryState.UNCERTAIN]
        assert DispatcherProcess.get().stopped_at and not list((tmp_path / "journal").iterdir())
        assert outbox.lease_holders() == []
        with deliver(tmp_path, database, sink.port):
            until(lambda: is_finished(campaign))
    assert Counter(to for to, _ in sink.accepted) == {f"p{n}@x.example": 1 for n in range(1, 1501)}


@pytest.mark.parametrize("fate", ["other boot", "no journal"])
def test_without_a_reliable_journal_every_leased_row_is_doubtful(database, tmp_path, fate):
    campaign = mailing(tenant(), 600)
    with Sink().running() as sink:
        with deliver(tmp_path, database, sink.port) as process:
            until(lambda: len(sink.accepted) > 50)
            process.send_signal(signal.SIGKILL)
            process.wait()
        path = next((tmp_path / "journal").iterdir())
        leased = outbox.counts(campaign.tenant_id, campaign.id)[DeliveryState.LEASED]
        assert leased
        if fate == "other boot":
            header, _, rest = path.read_bytes().partition(b"\n")
            path.write_bytes(header.replace(b'"boot":"', b'"boot":"x') + b"\n" + rest)
        else:
            path.unlink()
            Delivery.update(lease_until=1).where(Delivery.state == DeliveryState.LEASED).execute()
            DispatcherProcess.update(heartbeat_at=1).execute()
        with deliver(tmp_path, database, sink.port):
            until(lambda: is_finished(campaign))
    copies = Counter(to for to, _ in sink.accepted)
    assert len(copies) == 600 and max(copies.values()) <= 2
    listed = {row.address_key for row in Delivery.select().where(Delivery.maybe_duplicate)}
    assert {to for to, n in copies.items() if n > 1} <= listed


def test_jump_of_the_clock_takes_no_rows_from_a_process_that_lives(database, tmp_path):
    owner = takeover.register("deliver", os.getpid(), tmp_path)
    alive = Journal(Path(owner.journal), owner.id)
    campaign = mailing(tenant(), 5)
    outbox.claim(starting.terms(campaign), 5, owner.id, 60)
    hours_later = {"heartbeat_at": 1, "lease_until": 1}  # so old do both look now
    Delivery.update(lease_until=hours_later["lease_until"]).execute()
    DispatcherProcess.update(heartbeat_at=hours_later["heartbeat_at"]).execute()
    assert takeover.fold_dead(0, 60) == takeover.fold_dead(0, 60) == 0
    DispatcherProcess.update(heartbeat_at=2).execute()
    assert takeover.fold_dead(0, 0) == 0, "it has just moved"
    assert takeover.fold_dead(0, 0) == 5, "it stands still"
    alive.close()


def test_claim_under_way_when_its_owner_is_folded_in_leaves_no_row_behind(database, tmp_path):
    """A side process may outlive its pump by a transaction: its rows would wait for a lease and then be doubtful."""
    owner = takeover.register("deliver", os.getpid(), tmp_path)
    journal = Journal(Path(owner.journal), owner.id)
    journal.intent(1_000, 1)  # or it would go when it is closed
    journal.write()
    journal.close()
    campaign = mailing(tenant(), 5)
    inside, go = threading.Event(), threading.Event()

    def running():
        inside.set()
        return go.wait(10)

    late = replace(starting.terms(campaign), running=running)
    with ThreadPoolExecutor(2) as threads:
        claiming = threads.submit(connected, lambda: outbox.claim(late, 5, owner.id, 60))
        assert inside.wait(10)
        folding = threads.submit(connected, lambda: takeover._fold(owner.id, 60, 60))
        go.set()
        assert len(claiming.result().rows) == 5
        folding.result()
    assert outbox.counts(campaign.tenant_id, campaign.id)[DeliveryState.QUEUED] == 5
    assert outbox.claim(starting.terms(campaign), 5, owner.id, 60).rows == [], "it has been signed off"


def test_two_processes_share_a_campaign_without_a_duplicate(database, tmp_path):
    campaign = mailing(tenant(), 3000)
    both = threading.Event()

    def answer(verb, line):
        if verb == "BODY" and len(sink.accepted) > 50:  # the second one comes in the middle
            both.wait(20)

    with (
        Sink(answer).running() as sink,
        deliver(tmp_path, database, sink.port),
        deliver(tmp_path, database, sink.port),
    ):
        until(lambda: DispatcherProcess.select().count() == 2)
        both.set()
        until(lambda: is_finished(campaign))
    assert Counter(to for to, _ in sink.accepted) == {f"p{n}@x.example": 1 for n in range(1, 3001)}
