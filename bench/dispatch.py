"""How fast a campaign leaves, beside smtp-source and nodemailer in the same run. Prints one JSON line last.

SINK=smtp-sink|own|skim (default smtp-sink; sink.py tells the other two apart), MESSAGES (default 10000), CONNECTIONS
(8), ROUNDS (3, alternating; the best of each counts), DATABASE_URL (default SQLite; `postgresql:` starts a throw-away
server). The run goes through approval, queue, snapshot, claim, journal and settle; the rate is from the claim of the
first row, just before the first MAIL, to the last committed outcome.

smtp-source is as fast as its sink lets it: about 52 us per mail on `own`, 30 on `skim`, so the ratio says as much about
the sink as about us. The targets (1.3 and 30) were set on a sink of the kind of `own`.
"""

import json
import os
import subprocess
import time

from house import sink
from runs import nodemailer, ours

MESSAGES = int(os.environ.get("MESSAGES", "10000"))
CONNECTIONS = int(os.environ.get("CONNECTIONS", "8"))
SINK = os.environ.get("SINK", "smtp-sink")


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


def main() -> None:
    rates, peers, memory = [], [], 0.0
    with sink(SINK) as port:
        for _ in range(int(os.environ.get("ROUNDS", "3"))):
            peers.append(smtp_source(port))
            figures = ours(port, CONNECTIONS, MESSAGES)
            rates.append(figures.rate)
            memory = max(memory, figures.rss_mb)
        node = nodemailer(port, CONNECTIONS, max(200, MESSAGES // 10))
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
