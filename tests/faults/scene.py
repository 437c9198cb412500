"""What the fault tests share: processes that can be killed, a sink that survives, and what is promised afterwards."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dispatcher.engine.ties import tie_to_parent
from domain.campaigns.models import Campaign, CampaignStatus
from domain.ledger import outbox
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState
from tests.dispatcher.sinks import Sink

ROOT = Path(__file__).parents[2]
FULL = bool(os.environ.get("FULL"))
CONNECTIONS = 8 if FULL else 4
PEOPLE = 10_000 if FULL else 300
PACE = {"scan_s": 0.2, "beat_s": 0.3, "sweep_s": 0.3}


@contextmanager
def deliver(
    instance: Path,
    database_url: str,
    port: int,
    queue_url: str = "",
    env: dict[str, str] | None = None,
    **pace: float,
) -> Iterator[subprocess.Popen[bytes]]:
    """The product's deliver process in a session of its own; killed at the end, also that of the tests."""
    instance.mkdir(exist_ok=True)
    command = [
        sys.executable, "-m", "tests.faults.deliverer", str(instance), database_url,
        f"smtp://127.0.0.1:{port}?connections={CONNECTIONS}", queue_url or f"sqlite:///{instance}/queue.db",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FAULTS_PACE": json.dumps({**PACE, **pace})}
    tests_pid = os.getpid()
    process = subprocess.Popen(
        command, cwd=ROOT, env={**environment, **(env or {})}, start_new_session=True,
        preexec_fn=lambda: tie_to_parent(tests_pid, signal.SIGKILL),
    )  # fmt: skip
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL, also for a stopped one."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()


def until(condition: Callable[[], object], seconds: float = 60) -> object:
    """Wait for something that another process brings about."""
    end = time.monotonic() + (10 * seconds if FULL else seconds)
    while not (value := condition()):
        if time.monotonic() > end:
            pytest.fail("it did not happen in time")
        time.sleep(0.01)
    return value


def finished(campaign: Campaign) -> Callable[[], bool]:
    return lambda: Campaign.get_by_id(campaign.id).status == CampaignStatus.FINISHED


def states(campaign: Campaign) -> dict[DeliveryState, int]:
    found = outbox.counts(campaign.tenant_id, campaign.id)
    return {state: count for state, count in found.items() if count}


def rested(campaign: Campaign) -> Callable[[], bool]:
    """Nothing is queued or leased: what is left waits for its next attempt."""
    return lambda: not set(states(campaign)) & {DeliveryState.QUEUED, DeliveryState.LEASED}


def due_now() -> None:
    """The time of the next attempt has come."""
    Delivery.update(next_at=0).where(
        Delivery.state.in_([DeliveryState.DEFERRED, DeliveryState.UNCERTAIN])
    ).execute()


def resident_mb(process: subprocess.Popen[bytes]) -> float:
    """What the process holds in memory now."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def promised(sink: Sink, people: int, most_duplicates: int = 0) -> Counter[str]:
    """Nobody is lost (who is on hold after a second doubt waits for a person), nobody has more than two copies, every
    copy has the same bytes, every second one is listed."""
    copies = Counter(to for to, _ in sink.accepted)
    lost = {f"p{n}@x.example" for n in range(1, people + 1)} - set(copies)
    lost -= {row.address_key for row in Delivery.select().where(Delivery.state == DeliveryState.HELD)}
    assert not lost, f"lost: {len(lost)}"
    twice = {to for to, count in copies.items() if count > 1}
    assert sum(copies.values()) - len(copies) <= most_duplicates
    assert max(copies.values()) <= 2
    listed = {row.address_key for row in Delivery.select().where(Delivery.maybe_duplicate)}
    assert twice <= listed, "a second copy that nobody is told of"
    assert len(set(sink.accepted)) == len(copies), "the second attempt had other bytes"
    return copies
