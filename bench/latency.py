"""Sending to a server that is far away: own sink with 10 and 50 ms round trip, beside nodemailer. One JSON line last.

CONNECTIONS (32), MESSAGES (8000 at 10 ms, half of it at 50 ms), DATABASE_URL. nodemailer sends a tenth of it.
"""

import json
import os

from house import sink
from runs import nodemailer, ours

MESSAGES = int(os.environ.get("MESSAGES", "8000"))
CONNECTIONS = int(os.environ.get("CONNECTIONS", "32"))


def main() -> None:
    found: dict[str, int | None] = {}
    for delay_ms, count in ((10, MESSAGES), (50, MESSAGES // 2)):
        with sink("own", delay_ms=delay_ms) as port:
            found[f"rate_{delay_ms}ms"] = round(ours(port, CONNECTIONS, count).rate)
            peer = nodemailer(port, CONNECTIONS, max(4 * CONNECTIONS, count // 10))
            found[f"nodemailer_{delay_ms}ms"] = round(peer) if peer else None
    print(json.dumps({name: found[name] for name in sorted(found, reverse=True)}))


if __name__ == "__main__":
    main()
