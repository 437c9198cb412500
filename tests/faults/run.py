"""`make faults`: every fault with its full numbers on SQLite and PostgreSQL. One JSON line last: tests by outcome."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))


def main() -> int:
    from postgres import binaries

    command = [sys.executable, "-m", "pytest", "tests/faults", "-v", "-rs", "-p", "no:cacheprovider"]
    command += ["--timeout", "1500"]  # of one fault
    engines = {"sqlite": command}
    if binaries() is not None:
        engines["postgresql"] = [sys.executable, "tests/postgres.py", "--", *command]
    found: dict[str, Counter[str]] = {}
    for engine, run in engines.items():
        found[engine] = Counter()
        with subprocess.Popen(run, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                print(line, end="", flush=True)
                if outcome := re.search(r"^tests/faults/\S+::\S+.* (PASSED|FAILED|ERROR|SKIPPED)\b", line):
                    found[engine][outcome[1].lower()] += 1
    print(json.dumps({"full": bool(os.environ.get("FULL")), **found}))
    return 1 if any(counts["failed"] + counts["error"] for counts in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
