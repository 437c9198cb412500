"""One run of one sender against a sink, as mails per second: a campaign of ours, nodemailer's pool."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from house import WAITING, House, deliver, house, rss_mb

from domain.campaigns.models import CampaignStatus
from domain.ledger.states import DeliveryState

NODE = Path(__file__).parent / "node"
DATABASE_URL = os.environ.get("DATABASE_URL", "")


@dataclass(frozen=True)
class Figures:
    """`rate` in mails per second, `rss_mb` the most that the deliver process held, `snapshot_s` seconds."""

    rate: float
    rss_mb: float
    snapshot_s: float


def campaign(home: House, port: int, connections: int, recipients: int) -> Figures:
    """Approve the campaign of `home` and watch it go. The rate is from the claim of the first row, just before the
    first MAIL, to the last committed outcome."""
    with deliver(home, port, connections) as process:
        time.sleep(2)  # it is up and idle
        home.start()
        approved = time.perf_counter()
        while home.status() in (CampaignStatus.SCHEDULED, CampaignStatus.PREPARING):
            time.sleep(0.002)
        frozen = time.perf_counter()
        while not home.has(DeliveryState.LEASED, DeliveryState.SENT):
            time.sleep(0.002)
        started = time.perf_counter()
        while home.has(DeliveryState.QUEUED):
            time.sleep(0.01)
        while home.has(*WAITING):  # looked at more closely: ten milliseconds are three hundred mails
            time.sleep(0.001)
        rate = recipients / (time.perf_counter() - started)
        if home.counts() != {"sent": recipients}:
            raise SystemExit(f"not everybody got a mail: {home.counts()}")
        return Figures(rate, rss_mb(process.pid), frozen - approved)


def ours(port: int, connections: int, recipients: int) -> Figures:
    """A campaign in a house of its own."""
    with house(recipients, DATABASE_URL) as home:
        return campaign(home, port, connections, recipients)


def nodemailer(port: int, connections: int, count: int) -> float | None:
    """`count` mails through nodemailer's pool; None, and a word on stderr, where it cannot be had."""
    if not (NODE / "node_modules").exists() and shutil.which("npm"):
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=NODE, check=False, stdout=2)
    if not (NODE / "node_modules").exists():
        print("nodemailer is missing: npm could not install it", file=sys.stderr)
        return None
    command = ["node", "pool.js", str(port), str(count), str(connections)]
    return float(subprocess.run(command, cwd=NODE, check=True, capture_output=True).stdout)
