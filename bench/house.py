"""What the benchmarks share: a house with one campaign of N recipients, real processes, sinks."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import people  # noqa: E402

from dispatcher.message.compose import MessageSource, compile_message  # noqa: E402
from domain import clock, db, tokens  # noqa: E402
from domain.accounts.models import User  # noqa: E402
from domain.approvals import flow  # noqa: E402
from domain.approvals.models import Approval, ApprovalState  # noqa: E402
from domain.campaigns import lifecycle, planning  # noqa: E402
from domain.campaigns.models import Campaign, CampaignStatus  # noqa: E402
from domain.campaigns.planning import KIND  # noqa: E402
from domain.issues.models import Issue, IssueRevision, IssueState  # noqa: E402
from domain.ledger import outbox  # noqa: E402
from domain.ledger.states import DeliveryState  # noqa: E402
from domain.senders.models import SenderDomain  # noqa: E402
from domain.subscribers.models import NewsletterType  # noqa: E402
from domain.tenancy.models import Tenant  # noqa: E402

SECRET = b"only for benchmarks, 32 bytes and more"
MARK = "bench"  # fingerprint of what is approved
WAITING = (DeliveryState.QUEUED, DeliveryState.LEASED)
TEXT = (
    "Der Newsletter bringt heute Neuigkeiten über Bücher, Züge und größere Häuser; "
    "editors, readers and writers meet again next week in the old town hall. "
)
WORDS = TEXT.split()
DELIVER = """
import sys
from dataclasses import dataclass
from pathlib import Path
from dispatcher.engine import lean

lean.leave_out(sys.argv[2], "")  # as `rundbrief deliver` does
from dispatcher import worker

@dataclass
class Settings:
    instance: Path
    database_url: str
    smtp_url: str
    queue_url: str
    secret_key: bytes
    public_url: str = "http://127.0.0.1:8000"

worker.deliver(Settings(Path(sys.argv[1]), sys.argv[2], sys.argv[3], f"sqlite:///{sys.argv[1]}/queue.db",
    bytes.fromhex(sys.argv[4])))
"""


@dataclass
class House:
    """A tenant with one campaign that has not been started."""

    folder: Path
    database_url: str
    tenant_id: int
    campaign_id: int

    def start(self) -> None:
        """Approve the campaign, as a click in the portal does, and nudge the dispatcher through its queue. The
        dispatcher then freezes the audience and sends."""
        from dispatcher import tasks

        editor = User.get(User.email == "editor@bench.example")
        campaign = planning.get(self.tenant_id, self.campaign_id)
        approval = Approval.get(Approval.object_id == campaign.id)
        lifecycle.decide(
            campaign, approval, editor, ApprovalState.APPROVED, MARK, "", None, self_allowed=True
        )
        tasks.wake_deliver(self.campaign_id)

    def status(self) -> str:
        """Of the campaign: approved it is scheduled, then preparing, sending, finished."""
        return planning.get(self.tenant_id, self.campaign_id).status

    def has(self, *states: DeliveryState) -> bool:
        """Whether any mail is in one of these states."""
        return outbox.is_open(self.tenant_id, self.campaign_id, states)

    def is_open(self) -> bool:
        """Whether the campaign is not finished."""
        return self.status() != CampaignStatus.FINISHED

    def counts(self) -> dict[str, int]:
        found = outbox.counts(self.tenant_id, self.campaign_id)
        return {state.name.lower(): count for state, count in found.items() if count}


def message() -> MessageSource:
    """About 39 KB on the wire, 20 tracked links, 48 splices."""
    html, plain, at = ["<h1>Hallo [Vorname|Leserin]</h1>\n"], ["Hallo [Vorname|Leserin],\n"], 0
    for link in range(20):
        text = ""
        while len(text) < 1240:
            text += WORDS[at % len(WORDS)] + " "
            at += 1
            if at % 17 == 0:
                text += "\n"
        url = f"https://news.example/c/{link}/{{{{token}}}}"
        html.append(
            f'<p style="margin:0 0 12px 0;font-family:Arial,sans-serif">{text}\n'
            f'<a href="{url}" style="color:#0055aa">Read more {link}</a></p>\n'
        )
        plain.append(f"{text[:80].strip()}\n{url}\n")
    return MessageSource(
        sender_name="News",
        sender_address="news@news.example",
        subject="Weekly news",
        html="<html><body>" + "".join(html) + "</body></html>\n",
        plain="".join(plain),
        list_id="weekly.news.example",
        base_url="https://news.example",
        message_domain="news.example",
    )


@contextmanager
def house(recipients: int, database_url: str = ""):
    """A campaign of `recipients` people in a database of its own: SQLite in a temporary folder, or on the server
    of `database_url` (`postgresql:` alone starts a throw-away one)."""
    from dispatcher import queues

    with tempfile.TemporaryDirectory(prefix="rundbrief-bench-") as name, _database(name, database_url) as url:
        tokens.configure(SECRET)
        db.bind(url)
        db.migrate()
        queues.configure(f"sqlite:///{name}/queue.db")
        db.database.connect(reuse_if_open=True)
        try:
            yield _house(Path(name), url, recipients)
        finally:
            db.database.close()


@contextmanager
def _database(folder: str, url: str):
    """The URL of an empty database that is gone afterwards."""
    if not url:
        yield f"sqlite:///{folder}/portal.db"
        return
    if urlsplit(url).netloc == "":
        from postgres import server

        with server("-c max_connections=60 -c shared_buffers=256MB") as own:
            yield own
        return
    import psycopg

    name = f"rundbrief_bench_{os.getpid()}_{time.time_ns()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _house(folder: Path, url: str, recipients: int) -> House:
    """A tenant, an editor, people and an issue whose approval has been asked for."""
    tenant = Tenant.create(slug="bench", name="Bench", settings={"sender_address": "news@news.example"})
    SenderDomain.create(
        tenant_id=tenant.id, domain="news.example", verified_at=clock.now(), reason="benchmark"
    )
    editor = User.create(email="editor@bench.example", name="Editor", language="en")
    kind = NewsletterType.create(tenant_id=tenant.id, slug="weekly", name="Weekly")
    people.fill(tenant.id, kind.id, recipients)
    compiled = compile_message(message(), date=datetime.now(UTC), boundary_seed=b"bench")
    issue = Issue.create(
        tenant_id=tenant.id,
        type_id=kind.id,
        name="Bench",
        created_by_id=editor.id,
        state=IssueState.IN_REVIEW,
    )
    revision = IssueRevision.create(
        tenant_id=tenant.id, issue_id=issue.id, number=1, fingerprint=MARK, subject="", preheader="", html="",
        plain="", compiled=compiled.dump(), placeholders=sorted(compiled.names), size_bytes=compiled.size_bytes,
    )  # fmt: skip
    campaign = Campaign.create(
        tenant_id=tenant.id, issue_id=issue.id, type_id=kind.id, revision_id=revision.id, name="Bench",
        created_by_id=editor.id, status=CampaignStatus.IN_APPROVAL, fingerprint=MARK, audience={"lists": []},
        sender_address="news@news.example",
    )  # fmt: skip
    flow.ask(tenant.id, KIND, campaign.id, MARK, editor.id)
    return House(folder, url, tenant.id, campaign.id)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def deliver(home: House, port: int, connections: int = 8):
    """The product's deliver process; stopped by TERM if it still runs."""
    smtp_url = f"smtp://127.0.0.1:{port}?connections={connections}"
    command = [sys.executable, "-c", DELIVER, str(home.folder), home.database_url, smtp_url, SECRET.hex()]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=2, stderr=2
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait()


@contextmanager
def sink(kind: str = "own", log: Path | None = None, delay_ms: int = 0):
    """`own`, `skim` (see sink.py) or `smtp-sink` on a free port; yields the port. It keeps to the last processor,
    whoever sends to it. The own one can be far away (`delay_ms` round trip)."""
    port = free_port()
    if kind in ("own", "skim"):
        sink_py = str(ROOT / "bench" / "sink.py")
        command = [sys.executable, sink_py, str(port), str(log or ""), str(delay_ms), kind]
    else:
        command = ["smtp-sink", "-u", "nobody"] if os.geteuid() == 0 else ["smtp-sink"]
        command += [f"127.0.0.1:{port}", "512"]
    process = subprocess.Popen(command)
    os.sched_setaffinity(
        process.pid, {max(os.sched_getaffinity(0))}
    )  # another machine has one of its own as well
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait()


def rss_mb(pid: int) -> float:
    """Highest resident size of a process so far."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return round(int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024, 1)
