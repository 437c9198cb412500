"""Test entry point: the product's deliver process at a pace that a test can wait for.

`python -m tests.faults.deliverer INSTANCE DATABASE_URL SMTP_URL QUEUE_URL`; FAULTS_PACE (JSON) scales the lease and its
margin, heartbeats, and the seconds that a server may take. Nothing of the product is replaced.
"""

import json
import os
import sys
from dataclasses import dataclass, fields
from pathlib import Path

from dispatcher import worker
from dispatcher.engine import pump, recorder, takeover
from dispatcher.engine.recorder import Pace
from dispatcher.transport.envelope import Relay, Timeouts

SECRET = b"only for tests, 32 bytes or more."


@dataclass(frozen=True)
class Settings:
    """What a deliver process must know."""

    instance: Path
    database_url: str
    smtp_url: str
    queue_url: str
    public_url: str = "http://127.0.0.1:8000"
    secret_key: bytes = SECRET


def main() -> None:
    pace = json.loads(os.environ.get("FAULTS_PACE", "{}"))
    takeover.STALE_S = pace.pop("stale_s", takeover.STALE_S)
    pump.LEASE_MARGIN_S = recorder.LEASE_MARGIN_S = pace.pop("margin_s", pump.LEASE_MARGIN_S)
    if timeout_s := pace.pop("server_s", 0):
        for phase in fields(Timeouts):
            object.__setattr__(Relay.__dataclass_fields__["timeouts"].default, phase.name, timeout_s)
    instance, database_url, smtp_url, queue_url = sys.argv[1:5]
    worker.deliver(Settings(Path(instance), database_url, smtp_url, queue_url), Pace(**pace))


if __name__ == "__main__":
    main()
