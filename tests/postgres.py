"""A throw-away PostgreSQL server for the tests: `python tests/postgres.py -- pytest tests/domain`.

The command sees its address as RUNDBRIEF_TEST_DATABASE_URL. initdb refuses root, so as root the server runs as
the user `postgres` that Debian's package brings. Files live in a temporary folder and are removed.
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER_USER = "postgres"
FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=60 -c shared_buffers=64MB"

_starts: dict[
    str, tuple[tuple[object, ...], tuple[object, ...]]
] = {}  # URL → commands that stop and start it


def binaries() -> Path | None:
    """Folder of initdb and pg_ctl, or None: Debian keeps them out of PATH, newest version first here."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True
    )
    for folder in folders:
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@contextmanager
def server(settings: str = FAST) -> Iterator[str]:
    """Run a server on a free loopback port; yields its URL, stops it and removes its files afterwards."""
    folder = binaries()
    if folder is None:
        raise SystemExit("PostgreSQL is not installed")
    home = Path(tempfile.mkdtemp(prefix="rundbrief-pg-"))
    if os.geteuid() == 0:
        shutil.chown(home, SERVER_USER)
    port = _free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home} {settings}"
    data = home / "data"
    try:
        _run(
            folder / "initdb",
            "-D",
            data,
            "-A",
            "trust",
            "-U",
            SERVER_USER,
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        )
        start = (folder / "pg_ctl", "-D", data, "-w", "-l", home / "log", "-o", options, "start")
        _run(*start)
        url = f"postgresql://{SERVER_USER}@127.0.0.1:{port}/postgres"
        _starts[url] = ((folder / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"), start)
        try:
            yield url
        finally:
            if url in _starts:  # it runs
                _run(*_starts.pop(url)[0])
    finally:
        shutil.rmtree(home, ignore_errors=True)


def restart(url: str) -> None:
    """End a server started here without a goodbye to anybody, as a crash would, and start it again."""
    for command in _starts[url]:
        _run(*command)


def crash(url: str) -> None:
    """End a server started here for good, without a goodbye to anybody."""
    _run(*_starts.pop(url)[0])


@contextmanager
def standby(url: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """A second server that takes over every commit of the first before it counts; (its URL, what promotes it)."""
    folder, home = binaries(), Path(tempfile.mkdtemp(prefix="rundbrief-pg-"))
    assert folder is not None
    if os.geteuid() == 0:
        shutil.chown(home, SERVER_USER)
    port, data = _free_port(), home / "data"
    own = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home} -c max_connections=60"
    try:
        _run(folder / "pg_basebackup", "-d", url, "-D", data, "-R", "-X", "stream", "-c", "fast", "--no-sync")
        _run(folder / "pg_ctl", "-D", data, "-w", "-l", home / "log", "-o", own, "start")
        try:
            _run(folder / "psql", url, "-c", "ALTER SYSTEM SET synchronous_standby_names = '*'")
            _run(folder / "psql", url, "-c", "SELECT pg_reload_conf()")
            promote = (folder / "pg_ctl", "-D", data, "-w", "promote")
            yield f"postgresql://{SERVER_USER}@127.0.0.1:{port}/postgres", lambda: _run(*promote)
        finally:
            _run(folder / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run(program: object, *arguments: object) -> None:
    """Run one of PostgreSQL's programs quietly, as a user it accepts; its output is shown if it fails."""
    user = pwd.getpwnam(SERVER_USER).pw_uid if os.geteuid() == 0 else None
    with tempfile.TemporaryFile() as output:  # not a pipe: the server would inherit and hold it
        done = subprocess.run(
            [str(program), *map(str, arguments)],
            user=user,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        if done.returncode:
            output.seek(0)
            raise SystemExit(f"{program} failed:\n{output.read().decode(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    command = sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]
    with server() as url:
        sys.exit(subprocess.run(command, env={**os.environ, "RUNDBRIEF_TEST_DATABASE_URL": url}).returncode)
