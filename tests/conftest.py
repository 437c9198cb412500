"""Fixtures every test may use: a migrated database of its own, on SQLite or PostgreSQL, and settings beside it.

RUNDBRIEF_TEST_DATABASE_URL names a PostgreSQL server whose databases may be made and dropped
(`python tests/postgres.py -- pytest …` starts a throw-away one). Without it every test gets a SQLite file.
"""

import gc
import itertools
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from domain import db, tokens
from portal import settings as portal_settings
from portal.settings import Settings
from tests import scope

SERVER_URL = os.environ.get("RUNDBRIEF_TEST_DATABASE_URL", "")
SECRET = b"only for tests, 32 bytes or more."
_numbers = itertools.count(1)

gc.disable()  # until all tests are found: what is imported and collected stays to the end


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if SERVER_URL:  # what asks no database has run on the other engine already
        idle = [item for item in items if "database_url" not in getattr(item, "fixturenames", ())]
        skipped = set(idle)
        config.hook.pytest_deselected(items=idle)
        items[:] = [item for item in items if item not in skipped]
    wrong = "sqlite_only" if SERVER_URL else "postgres_only"
    for item in items:
        if item.get_closest_marker(wrong):
            item.add_marker(
                pytest.mark.skip(reason=f"{wrong.replace('_', ' ')}, this run uses the other engine")
            )


def pytest_collection_finish() -> None:
    """Leave to the collector only what the tests make: looking through everything that was imported, again and again
    for every application that a test throws away, took half of the whole run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def watched_statements() -> Iterator[None]:
    """No statement of any test may reach over tenants unsaid (tests/scope.py)."""
    with scope.watched():
        yield


@pytest.fixture(scope="session")
def migrated_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated empty database that tests get copies of: a SQLite path, or the name of a PostgreSQL database."""
    if not SERVER_URL:
        path = tmp_path_factory.mktemp("template") / "portal.db"
        _migrate(f"sqlite:///{path}")
        yield str(path)
        return
    name = f"rb_template_{os.getpid()}"
    _on_server(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    _migrate(_url_of(name))
    yield name
    _on_server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def database_url(migrated_template: str, tmp_path: Path) -> Iterator[str]:
    """URL of a fresh, migrated database that only this test uses."""
    if not SERVER_URL:
        path = tmp_path / "portal.db"
        shutil.copyfile(migrated_template, path)
        yield f"sqlite:///{path}"
        return
    name = f"rb_test_{os.getpid()}_{next(_numbers)}"
    _on_server(f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
    yield _url_of(name)
    _on_server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def database(database_url: str) -> Iterator[str]:
    """The domain bound to a fresh database, a connection open for the test's thread, token keys set."""
    made = db.bind(database_url)
    tokens.configure(SECRET)
    made.connect()
    try:
        yield database_url
    finally:
        if not made.is_closed():
            made.close()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of an installation of its own under tmp_path, without demo house, mail to the catcher."""
    instance = tmp_path / "instance"
    return portal_settings.load({"INSTANCE": str(instance), "DATABASE_URL": database_url, "DEMO": "0"})


def _migrate(url: str) -> None:
    made = db.bind(url)
    db.migrate()
    if not made.is_closed():
        made.close()


def _url_of(name: str) -> str:
    return urlsplit(SERVER_URL)._replace(path=f"/{name}").geturl()


def _on_server(*statements: str) -> None:
    import psycopg

    with closing(psycopg.connect(SERVER_URL, autocommit=True)) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A throw-away Redis on a free loopback port; skips where redis-server is missing."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("Redis is missing (apt-get install redis-server)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("redis-server does not answer")
