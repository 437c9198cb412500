"""How fast a campaign leaves, beside smtp-source and nodemailer in the same run. Prints one JSON line last.

SINK=smtp-sink|own (default smtp-sink), MESSAGES (default 10000), CONNECTIONS (8), DATABASE_URL (default SQLite;
`postgresql:` starts a throw-away server). The run goes through approval, queue, snapshot, claim, journal and settle;
the rate is from the claim of the first row, just before the first MAIL, to the last committed outcome.
"""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from house import WAITING, deliver, house, rss_mb, sink

from domain.ledger.states import DeliveryState

MESSAGES = int(os.environ.get("MESSAGES", "10000"))
CONNECTIONS = int(os.environ.get("CONNECTIONS", "8"))
SINK = os.environ.get("SINK", "smtp-sink")
NODE = Path(__file__).parent / "node"


def ours(port: int) -> tuple[float, float]:
    """(mails per second, MB of the deliver process)."""
    with (
        house(MESSAGES, os.environ.get("DATABASE_URL", "")) as home,
        deliver(home, port, CONNECTIONS) as process,
    ):
        time.sleep(2)  # it is up and idle
        home.start()
        while not home.has(DeliveryState.LEASED, DeliveryState.SENT):
            time.sleep(0.002)
        started = time.perf_counter()
        while home.has(*WAITING):
            time.sleep(0.01)
        rate = MESSAGES / (time.perf_counter() - started)
        if home.counts() != {"sent": MESSAGES}:
            raise SystemExit(f"not everybody got a mail: {home.counts()}")
        return rate, rss_mb(process.pid)


def smtp_source(port: int) -> float:
    command = [
        "smtp-source",
        "-d",
        "-s",
        str(CONNECTIONS),
        "-m",
        str(MESSAGES),
        "-l",
        "39000",
        f"127.0.0.1:{port}",
    ]
    started = time.perf_counter()
    subprocess.run(command, check=True)
    return MESSAGES / (time.perf_counter() - started)


def nodemailer(port: int) -> float | None:
    """A tenth of the messages through nodemailer's pool; None where node is missing."""
    if not (NODE / "node_modules").exists():
        if shutil.which("npm") is None:
            return None
        subprocess.run(
            ["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=NODE, check=False, stdout=2
        )
    if not (NODE / "node_modules").exists():
        return None
    count = max(200, MESSAGES // 10)
    done = subprocess.run(
        ["node", "pool.js", str(port), str(count), str(CONNECTIONS)],
        cwd=NODE,
        check=True,
        capture_output=True,
    )
    return float(done.stdout)


def main() -> None:
    rates, peers, memory = [], [], 0.0
    with sink(SINK) as port:
        for _ in range(int(os.environ.get("ROUNDS", "2"))):
            peers.append(smtp_source(port))
            rate, memory = ours(port)
            rates.append(rate)
        node = nodemailer(port)
    rate, peer = max(rates), max(peers)
    print(
        json.dumps(
            {
                "rate": round(rate),
                "smtp_source_rate": round(peer),
                "nodemailer_rate": round(node) if node else None,
                "ratio_smtp_source": round(rate / peer, 2),
                "ratio_nodemailer": round(rate / node, 1) if node else None,
                "sink": SINK,
                "messages": MESSAGES,
                "connections": CONNECTIONS,
                "rss_mb": memory,
            }
        )
    )


if __name__ == "__main__":
    main()
