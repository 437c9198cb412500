"""The two background processes and the queue between them and the web."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from dispatcher import queues, tasks, worker
from domain.campaigns.models import Campaign, CampaignStatus
from tests.dispatcher.mailing import mailing, tenant
from tests.dispatcher.sinks import Sink

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from pathlib import Path
from dispatcher import tasks, worker
from dispatcher.engine import recorder
from tests.dispatcher.mailing import EngineSettings

class Settings(EngineSettings):
    queue_url = sys.argv[4]

settings = Settings(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
if sys.argv[5] == "work":
    from dispatcher.jobs import imports
    imports.run = lambda job_id, root: (settings.instance / "ran").write_text(str(job_id))
    worker.work(settings)
else:
    worker.deliver(settings, recorder.Pace(scan_s=60))
"""


@dataclass
class Queue:
    url: str


@pytest.fixture(params=["sqlite", "redis"])
def queue(request, tmp_path):
    url = (
        f"sqlite:///{tmp_path}/queue.db"
        if request.param == "sqlite"
        else request.getfixturevalue("redis_url")
    )
    kept = [(h, h.storage_class, h.storage_kwargs, h.storage) for h in (queues.deliver, queues.render)]
    queues.configure(url)
    for huey in (queues.deliver, queues.render):
        huey.flush()
    yield Queue(url)
    for huey, storage_class, kwargs, storage in kept:
        huey.storage.close()
        huey.storage_class, huey.storage_kwargs, huey.storage = storage_class, kwargs, storage


@contextmanager
def process(instance, database_url, smtp_url, queue_url, part):
    command = [sys.executable, "-c", SCRIPT, str(instance), database_url, smtp_url, queue_url, part]
    child = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_nudge_wakes_the_dispatcher_before_its_own_look_at_the_tables(database, tmp_path, queue):
    campaign = mailing(tenant(), 5, status=CampaignStatus.PAUSED)
    with Sink().running() as sink:
        smtp_url = f"smtp://127.0.0.1:{sink.port}"
        with process(tmp_path, database, smtp_url, queue.url, "deliver") as child:
            until(lambda: (tmp_path / "journal").exists() and list((tmp_path / "journal").glob("*.journal")))
            time.sleep(0.5)  # its first look is over; the next one comes in a minute
            Campaign.update(status=CampaignStatus.SENDING).where(Campaign.id == campaign.id).execute()
            tasks.wake_deliver(campaign.id)
            until(lambda: len(sink.accepted) == 5)
            child.send_signal(signal.SIGTERM)
            assert child.wait(20) == 0


def test_import_runs_in_the_work_process(database, tmp_path, queue):
    with process(tmp_path, database, "catcher:", queue.url, "work") as child:
        tasks.run_import(77)
        until(lambda: (tmp_path / "ran").exists() and (tmp_path / "ran").read_text())
        child.send_signal(signal.SIGTERM)
        assert child.wait(20) == 0
    assert (tmp_path / "ran").read_text() == "77"


def test_term_is_heard_before_the_first_task_is_taken(queue):
    heard, kept = [], {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    consumer = worker._QuietConsumer(queues.render, periodic=False)
    start = consumer.scheduler.start
    consumer.scheduler.start = lambda: (heard.append(signal.getsignal(signal.SIGTERM)), start())
    try:
        consumer.start()
        consumer.stop(graceful=True)
        assert heard and heard[0] is not kept[signal.SIGTERM]
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def test_queue_holds_json_only(queue):
    tasks.send_system_mail(5)
    raw = queues.deliver.storage.dequeue()
    assert json.loads(raw)["message"]["args"] == [5]


def test_queue_that_does_not_answer_refuses_nobody(monkeypatch):
    asked = []

    def broken(*args, **kwargs):
        asked.append(args)
        raise ConnectionError

    monkeypatch.setattr(queues.deliver, "enqueue", broken)
    with structlog.testing.capture_logs() as said:
        assert tasks.wake_deliver(1) is None
    assert len(asked) == 1, "the queue was not even asked"
    assert [(line["event"], line["error"]) for line in said] == [("queue does not answer", "ConnectionError")]
