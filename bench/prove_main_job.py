"""The main job for RECIPIENTS (default 10000) readers through a whole house; every mail is read by two parsers and
held against the ledger. Prints one JSON line last; ends with 1 at the first mail that is wrong."""

import json
import os
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests import main_job
from tests.journeys.houses import House, running

RECIPIENTS = int(os.environ.get("RECIPIENTS", "10000"))


def sending_s(house: House, campaign_id: int) -> int:
    """Whole seconds from the start of the mailing to its last outcome, as the ledger has them."""
    with closing(sqlite3.connect(house.instance / "portal.db")) as database:
        first, last = database.execute(
            "SELECT min(queued_at), max(settled_at) FROM delivery WHERE campaign_id = ?", [campaign_id]
        ).fetchone()
    return int(last - first)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rundbrief-prove-") as folder:
        began = time.perf_counter()
        with running(Path(folder) / "house", DEMO="0") as house:
            campaign_id = main_job.send(house, RECIPIENTS)
            walked_s = time.perf_counter() - began
            figures = main_job.prove(house, campaign_id, RECIPIENTS)
            took_s = sending_s(house, campaign_id)
        right = all(figure == RECIPIENTS for figure in figures.values())
        print(
            json.dumps(
                {
                    "recipients": RECIPIENTS, "right": right, **figures, "sending_s": took_s,
                    "walk_s": round(walked_s, 1), "prove_s": round(time.perf_counter() - began - walked_s, 1),
                }
            )
        )  # fmt: skip
    sys.exit(not right)


if __name__ == "__main__":
    main()
