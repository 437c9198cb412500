"""`make test`: every check there is, one after the other; `--quick` leaves out PostgreSQL and the browser.

Runs all of them even if one fails, then says what failed and what had to be skipped, and why.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from postgres import binaries as postgres_binaries

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
WORKERS = (
    "-n",
    "3",
)  # two cores are what a small machine has, and many a test waits for a process or a socket
ROOM_BYTES = 3 * 1024**3  # less than this free in memory: the tests stay on disk
SBIN = "/usr/sbin:/usr/bin:/sbin:/bin"  # where Debian puts servers; not on everybody's PATH
HAS_STEPS = ("postgresql", "chromium")  # packages whose absence skips whole steps, which say so themselves
LONG = ("test_pages.py", "test_main_job.py")  # journeys
BOTH_ENGINES = (  # what speaks SQL of its own; the rest of the engine speaks through it
    "tests/domain", "tests/mediadb", "tests/dispatcher/test_deliver.py", "tests/dispatcher/test_desk.py",
    "tests/dispatcher/test_kill.py", "tests/dispatcher/test_relays.py", "tests/dispatcher/test_starting.py",
    "tests/dispatcher/test_upkeep.py", "tests/portal/test_demo.py::test_house_is_built_on_either_engine",
)  # fmt: skip


class Tool(NamedTuple):
    """A program from Debian that some tests need."""

    package: str
    is_there: bool


class Step(NamedTuple):
    """One check: a name for people and a command, or the reason why it cannot run here."""

    name: str
    command: Sequence[str]
    skipped_because: str = ""


def main() -> int:
    """0 if nothing failed; what was skipped is said loudly but fails nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without PostgreSQL and browser")
    quick = parser.parse_args().quick
    if not quick:
        install_missing()
    with in_memory(), tempfile.TemporaryDirectory(prefix="rundbrief-demo-") as folder:
        os.environ["RUNDBRIEF_TEST_DEMO_HOUSE"] = folder  # built by the first that visits it
        return checked(quick)


@contextmanager
def in_memory() -> Iterator[None]:
    """Temporary files of the tests lie in memory where there is room: every test has databases of its own, and on a
    busy disk it would wait for each of their commits."""
    room = Path("/dev/shm")
    if not os.access(room, os.W_OK) or shutil.disk_usage(room).free < ROOM_BYTES:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="rundbrief-tests-", dir=room) as folder:
        os.chmod(folder, 0o711)  # servers that run as somebody else pass through it
        os.environ["TMPDIR"] = folder
        yield


def checked(quick: bool) -> int:
    """Run all steps and say what failed."""
    found = steps(quick)
    journeys = [] if quick else journey_steps()
    skipped = [f"{step.name}: {step.skipped_because}" for step in found + journeys if step.skipped_because]
    failed = [step.name for step in found if not step.skipped_because and not run(step)]
    failed += run_side_by_side([step for step in journeys if not step.skipped_because])
    report(failed, skipped + skipped_inside())
    return 1 if failed else 0


def steps(quick: bool) -> list[Step]:
    """All checks in the order in which a mistake shows soonest."""
    found = [
        Step("format", [tool("ruff"), "format", "--check", "."]),
        Step("lint", [tool("ruff"), "check", "."]),
        Step("import contracts", [tool("lint-imports"), "--show-timings"]),
        Step("types", [tool("mypy")]),
        Step("translations", [sys.executable, "-m", "portal.catalog", "check"]),
        Step("tests on SQLite", pytest("tests", "-m", "not journey", *WORKERS)),
    ]
    return found if quick else [*found, postgres_step()]


def postgres_step() -> Step:
    name = "tests on PostgreSQL"
    if postgres_binaries() is None:
        return Step(name, [], "PostgreSQL is missing (apt-get install postgresql)")
    folders = [path for path in BOTH_ENGINES if (ROOT / path.partition("::")[0]).exists()]
    return Step(
        name, [sys.executable, "tests/postgres.py", "--", *pytest(*folders, "-m", "not journey", *WORKERS)]
    )


def journey_steps() -> list[Step]:
    """One run per file: the browser keeps a base address for a whole run, and each file visits its own house. The
    longest ones first, so that no core idles at the end."""
    files = sorted(
        (ROOT / "tests" / "journeys").glob("test_*.py"), key=lambda path: (path.name not in LONG, path)
    )
    names = [f"browser journey: {path.stem.removeprefix('test_').replace('_', ' ')}" for path in files]
    if chromium() is None:
        return [Step(name, [], "Chromium is missing (apt-get install chromium)") for name in names]
    return [
        Step(name, pytest(str(path.relative_to(ROOT)), "-m", "journey"))
        for name, path in zip(names, files, strict=True)
    ]


def run(step: Step) -> bool:
    """Run one check with its output on the terminal; whether it passed."""
    print(headline(step.name), flush=True)
    began = time.monotonic()
    code = subprocess.run(step.command, cwd=ROOT, stdin=subprocess.DEVNULL).returncode
    print(f"   {step.name}: {time.monotonic() - began:.0f} s", flush=True)
    return code == 0


def run_side_by_side(found: Sequence[Step]) -> list[str]:
    """Run checks two at a time: a browser and the house that it visits leave much of two cores idle. Each one's
    output comes when it is through. Returns the names of those that failed."""

    def run_quietly(step: Step) -> tuple[Step, int, str, float]:
        began = time.monotonic()
        done = subprocess.run(
            step.command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace",
        )  # fmt: skip
        return step, done.returncode, done.stdout, time.monotonic() - began

    failed = []
    with ThreadPoolExecutor(2) as pool:
        for running in as_completed([pool.submit(run_quietly, step) for step in found]):
            step, code, output, seconds = running.result()
            print(headline(step.name), output, f"   {step.name}: {seconds:.0f} s", sep="\n", flush=True)
            if code:
                failed.append(step.name)
    return failed


def headline(name: str) -> str:
    return f"\n── {name} " + "─" * max(4, 76 - len(name))


def report(failed: list[str], skipped: list[str]) -> None:
    """The last lines: what a person has to know."""
    print("\n" + "═" * 80)
    for line in skipped:
        print(f"SKIPPED  {line}")
    for name in failed:
        print(f"FAILED   {name}")
    if not failed:
        print("Everything that ran has passed." if skipped else "Everything has passed.")
    print("═" * 80, flush=True)


def skipped_inside() -> list[str]:
    """What tests leave out inside of a step that has passed, and why."""
    found = [
        f"tests that need {tool.package}: it is missing (apt-get install {tool.package})"
        for tool in debian_tools()
        if not tool.is_there and tool.package not in HAS_STEPS
    ]
    return found if os.geteuid() == 0 else [*found, "the run against a real Postfix: it needs root"]


def install_missing() -> None:
    """Install servers, browser and tools from Debian's packages where they are missing and we may."""
    missing = [tool.package for tool in debian_tools() if not tool.is_there]
    if not missing or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    print(f"Installing {', '.join(missing)} from Debian's packages …", flush=True)
    # RUNLEVEL=1 keeps the packages from starting services of their own: the tests start what they need.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    answer = (
        b"postfix postfix/main_mailer_type select No configuration\n"  # the machine's own Postfix stays idle
    )
    subprocess.run(["debconf-set-selections"], input=answer)
    for command in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
        subprocess.run(["apt-get", "-qq", *command], env=environment, stdout=subprocess.DEVNULL)


def debian_tools() -> list[Tool]:
    return [
        Tool("postgresql", postgres_binaries() is not None),
        Tool("faketime", any(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))),
        Tool("redis-server", shutil.which("redis-server") is not None),
        Tool("chromium", chromium() is not None),
        Tool("postfix", shutil.which("postfix", path=SBIN) is not None),
        Tool("sasl2-bin", shutil.which("saslpasswd2", path=SBIN) is not None),
        Tool("postgrey", shutil.which("postgrey", path=SBIN) is not None),
        Tool("ripmime", shutil.which("ripmime") is not None),
        Tool("opendkim", shutil.which("opendkim", path=SBIN) is not None),
        Tool("libsasl2-modules", any(Path("/usr/lib").glob("*/sasl2/libplain.so"))),
    ]


def chromium() -> str | None:
    """Debian's Chromium; the tests never download a browser."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def tool(name: str) -> str:
    return str(BIN / name)


def pytest(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-q", *arguments]


if __name__ == "__main__":
    sys.exit(main())
