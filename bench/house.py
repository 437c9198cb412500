"""What the benchmarks share: a house with one campaign of N recipients, real processes, sinks."""

import json
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

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from dispatcher.compose import MessageSource, compile_message  # noqa: E402
from domain import clock, db, tokens  # noqa: E402
from domain.campaigns.models import Campaign, CampaignStatus  # noqa: E402
from domain.issues.models import Issue, IssueRevision  # noqa: E402
from domain.ledger import outbox  # noqa: E402
from domain.ledger.states import DeliveryState  # noqa: E402
from domain.tenancy.models import Tenant  # noqa: E402

SECRET = b"only for benchmarks, 32 bytes and more"
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
        """Let the campaign send and nudge the dispatcher through its queue."""
        from dispatcher import tasks

        Campaign.update(status=CampaignStatus.SENDING, started_at=clock.now()).where(
            Campaign.id == self.campaign_id
        ).execute()
        tasks.wake_deliver(self.campaign_id)

    def waits(self) -> bool:
        return outbox.is_open(self.tenant_id, self.campaign_id, WAITING)

    def is_open(self) -> bool:
        return outbox.is_open(self.tenant_id, self.campaign_id)

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
    """A fresh database (SQLite in a temporary folder, or the empty one of `database_url`) with a campaign."""
    from dispatcher import queues

    with tempfile.TemporaryDirectory(prefix="rundbrief-bench-") as name:
        url = database_url or f"sqlite:///{name}/portal.db"
        tokens.configure(SECRET)
        db.bind(url)
        db.migrate()
        queues.configure(f"sqlite:///{name}/queue.db")
        db.database.connect(reuse_if_open=True)
        try:
            yield _campaign(Path(name), url, recipients)
        finally:
            db.database.close()


def _campaign(folder: Path, url: str, recipients: int) -> House:
    tenant = Tenant.create(slug=f"bench-{time.time_ns()}"[:40], name="Bench")
    compiled = compile_message(message(), date=datetime.now(UTC), boundary_seed=b"bench")
    issue = Issue.create(tenant_id=tenant.id, type_id=1, name="Bench", created_by_id=1)
    revision = IssueRevision.create(
        tenant_id=tenant.id, issue_id=issue.id, number=1, fingerprint="", subject="", preheader="", html="", plain="",
        compiled=compiled.dump(), size_bytes=compiled.size_bytes,
    )  # fmt: skip
    campaign = Campaign.create(
        tenant_id=tenant.id, issue_id=issue.id, type_id=1, revision_id=revision.id, name="Bench", created_by_id=1,
        status=CampaignStatus.DRAFT,
    )  # fmt: skip
    _fill(tenant.id, campaign.id, recipients)
    return House(folder, url, tenant.id, campaign.id)


def _fill(tenant_id: int, campaign_id: int, recipients: int) -> None:
    """Subscribers with consent, and their rows in the ledger, as the snapshot writes them."""
    now = clock.epoch()
    numbers = range(1, recipients + 1)
    mark = "%s" if db.is_postgres() else "?"

    def insert(table: str, columns: str, rows) -> None:
        marks = ",".join([mark] * len(columns.split(",")))
        db.database.cursor().executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(rows))

    with db.database.atomic():
        insert(
            "subscriber",
            "id,tenant_id,address,address_key,salutation,title,first_name,last_name,function,language,city,country,"
            "fields,deliverability,folded,created_at,updated_at",
            (
                (n, tenant_id, address(n), address(n), *[""] * 8, "{}", "active", "", now, now)
                for n in numbers
            ),
        )
        insert(
            "subscription",
            "tenant_id,subscriber_id,type_id,consent,changed_at",
            ((tenant_id, n, 1, "confirmed", now) for n in numbers),
        )
        insert(
            "delivery",
            "id,tenant_id,campaign_id,subscriber_id,address_key,state,attempt,next_at,handed_over,maybe_duplicate,queued_at",
            ((n, tenant_id, campaign_id, n, address(n), 1, 0, 0, False, False, now) for n in numbers),
        )
        insert(
            "delivery_payload",
            "delivery_id,tenant_id,campaign_id,address,packed",
            (
                (
                    n,
                    tenant_id,
                    campaign_id,
                    address(n),
                    json.dumps({"Vorname": f"Änne {n}", "@name": f"Anne {n}"}),
                )
                for n in numbers
            ),
        )


def address(number: int) -> str:
    return f"p{number}@x.example"


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
def sink(kind: str = "own", log: Path | None = None):
    """`own` or `smtp-sink` on a free port; yields the port."""
    port = free_port()
    if kind == "own":
        command = [sys.executable, str(ROOT / "bench" / "sink.py"), str(port), *([str(log)] if log else [])]
    else:
        command = ["smtp-sink", "-u", "nobody"] if os.geteuid() == 0 else ["smtp-sink"]
        command += [f"127.0.0.1:{port}", "512"]
    process = subprocess.Popen(command)
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
