"""kill -9 at random moments while a campaign leaves: what was lost, sent twice, and listed. One JSON line last.

KILLS (default 10), MESSAGES (20000), CONNECTIONS (8), DATABASE_URL (default SQLite; `postgresql:` starts a throw-away
server). Counted at the sink, a process of its own that survives. Listed is who the ledger names as doubtful.
"""

import json
import os
import random
import signal
import sys
import time
from collections import Counter

from house import deliver, house, sink
from people import address

from domain.ledger.models import Delivery

KILLS = int(os.environ.get("KILLS", "10"))
MESSAGES = int(os.environ.get("MESSAGES", "20000"))
CONNECTIONS = int(os.environ.get("CONNECTIONS", "8"))


def main() -> None:
    people = {address(number) for number in range(1, MESSAGES + 1)}
    whole = sum(map(len, people)) + MESSAGES  # bytes of the log in the end
    with house(MESSAGES, os.environ.get("DATABASE_URL", "")) as home:
        log = home.folder / "sink.log"
        log.touch()
        with sink("own", log) as port:
            home.start()
            kills = 0
            while kills < KILLS:
                size = log.stat().st_size
                # at random in its share of the way: by the clock a fast sender would be through before the last kill
                size += 1 + int(random.uniform(0, 1.5) * (whole - size) / (KILLS - kills + 1))
                with deliver(home, port, CONNECTIONS) as process:
                    while log.stat().st_size < size and home.is_open():
                        time.sleep(0.0005)
                    if not home.is_open():
                        break
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    kills += 1
            with deliver(home, port, CONNECTIONS):
                while home.is_open():
                    time.sleep(0.05)
        copies = Counter(to for to in log.read_text().split() if to in people)  # not the editor's report
        doubtful = Delivery.select(Delivery.address_key).where(
            Delivery.tenant_id == home.tenant_id, Delivery.maybe_duplicate
        )
        listed = {row[0] for row in doubtful.tuples()}
        twice = {key for key, count in copies.items() if count > 1}
        print(home.counts(), file=sys.stderr)
        print(
            json.dumps(
                {
                    "kills": kills,
                    "connections": CONNECTIONS,
                    "lost": len(people - set(copies)),
                    "duplicates": sum(count - 1 for count in copies.values()),
                    "max_copies": max(copies.values()),
                    "uncertain_listed": len(listed),
                    "duplicates_not_listed": len(twice - listed),
                }
            )
        )


if __name__ == "__main__":
    main()
