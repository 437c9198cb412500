"""Houses that journeys visit: `rundbrief up` as a person would run it, in a folder and on a port of its own."""

import fcntl
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dispatcher.engine.ties import tie_to_parent

READY_WITHIN_S = 180  # builds the demo house on a slow machine first
STOPPED_WITHIN_S = 60
KEEPS_DYING = re.compile(
    r"it starts again in (4|8|15|30) s"
)  # a part that will not come up: no use to wait on


@dataclass(frozen=True)
class House:
    """A running house: its address, its folder, and what it printed on the terminal when it started."""

    url: str
    instance: Path
    greeting: str
    process: "subprocess.Popen[bytes]"

    @property
    def setup_token(self) -> str:
        found = re.search(r"token: (\S+)", self.greeting)
        assert found, f"no set-up token in: {self.greeting}"
        return found[1]


@contextmanager
def running(instance: Path, port: int = 0, **environ: str) -> Iterator[House]:
    """`rundbrief up` in `instance` on a free port; stopped by TERM unless it has ended by itself."""
    port, tests_pid = port or free_port(), os.getpid()
    variables = {
        **os.environ,
        "INSTANCE": str(instance),
        "PORT": str(port),
        "PYTHONUNBUFFERED": "1",
        **environ,
    }
    instance.mkdir(exist_ok=True)
    with (instance / "terminal.log").open("w") as terminal:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.cli", "up"],
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            preexec_fn=lambda: tie_to_parent(tests_pid),
        )
    try:
        greeting = _greeting(process, instance / "terminal.log")
        yield House(f"http://127.0.0.1:{port}", instance, greeting, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOPPED_WITHIN_S)


def lay_demo_house(instance: Path) -> bool:
    """Lay a demo house into an empty folder where several runs share one (RUNDBRIEF_TEST_DEMO_HOUSE names a folder):
    a copy of the one that the first of them builds. False without that: then it builds its own at its start."""
    if not (shared := os.environ.get("RUNDBRIEF_TEST_DEMO_HOUSE")):
        return False
    built = Path(shared) / "house"
    with (Path(shared) / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (Path(shared) / "complete").exists():
            command, port = [sys.executable, "-m", "portal.cli", "demo"], _lasting_port()
            subprocess.run(
                command, env={**os.environ, "INSTANCE": str(built), "PORT": str(port)}, check=True,
                stdout=subprocess.DEVNULL, timeout=READY_WITHIN_S,
            )  # fmt: skip
            (Path(shared) / "port").write_text(str(port))
            (Path(shared) / "complete").touch()
    shutil.copytree(built, instance, dirs_exist_ok=True)
    return True


def port_of_demo_house() -> int:
    """The port that the addresses in the mails of the shared demo house name; 0 where none is shared."""
    shared = os.environ.get("RUNDBRIEF_TEST_DEMO_HOUSE")
    return int((Path(shared) / "port").read_text()) if shared else 0


def processes_of(house: House) -> dict[int, str]:
    """Pid → command of every process whose environment names this house's folder, but not the tests' own."""
    mark = f"INSTANCE={house.instance}".encode()
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (
                    (entry / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")[-1].decode()
                )
        except OSError:
            continue
    return found


def pid_of(house: House, name: str) -> int:
    """The process of one part: catcher, deliver, work or web (of which the first is the one that began)."""
    return min(pid for pid, part in processes_of(house).items() if part == name)


@contextmanager
def standing_still(house: House, name: str) -> Iterator[None]:
    """A part that neither works nor ends, as under a debugger: what it was sent waits in its sockets."""
    pid = pid_of(house, name)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _greeting(process: "subprocess.Popen[bytes]", terminal: Path) -> str:
    """What it has printed once it says that it runs; fails with it when it ends or never says so."""
    for _ in range(READY_WITHIN_S * 10):
        shown = terminal.read_text()
        if "Rundbrief runs at" in shown and shown.endswith("\n\n"):
            return shown
        if KEEPS_DYING.search(shown):
            break
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    pytest.fail(f"the house did not start:\n{terminal.read_text()}")


def _lasting_port() -> int:
    """A free port that the system gives to nobody who asks for any."""
    for port in random.sample(range(20_000, 30_000), 50):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    pytest.fail("no port is free between 20000 and 30000")


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
