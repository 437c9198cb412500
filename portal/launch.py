"""`rundbrief up`: from an empty folder to a running house, and down again."""

import fcntl
import http.client
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from domain import db
from portal.house import is_empty, setup_token
from portal.setting_values import SettingsError
from portal.settings import Settings
from portal.supervisor import Supervisor
from portal.web import HOST, free_port

READY_WITHIN_S = 60  # a slow machine that still imports; afterwards we say so and go on


def run_house(settings: Settings) -> int:
    """Prepare the database, start the process tree, say where it is, mind it until told to stop."""
    with _only_one_per_instance(settings):
        settings = settings.with_port(free_port(settings))
        _prepare(settings)
        settings.catcher_port_file.unlink(missing_ok=True)
        supervisor = Supervisor(settings.environment(), say=_say)
        supervisor.catch_signals()
        try:
            for name in parts_of(settings):
                supervisor.add(name, [sys.executable, "-m", "portal.cli", name])
            if supervisor.wait_until(lambda: _is_ready(settings), READY_WITHIN_S):
                _say(*_welcome(settings))
        finally:
            code = supervisor.run()
        _say("Rundbrief has stopped.")
        return code


def parts_of(settings: Settings) -> list[str]:
    """The commands that run as processes of their own; the catcher also serves demo tenants beside real mail."""
    wants_catcher = settings.smtp_is_catcher or settings.demo
    return (["catcher"] if wants_catcher else []) + ["deliver", "work", "web"]


def build_demo(settings: Settings) -> None:
    """Build the demo house; the database is migrated and empty."""
    from portal.demo.build import build

    with db.connection():
        build(settings)


def demo_lines() -> list[str]:
    """The demo logins as lines for the terminal."""
    from portal.demo.people import LOGINS

    return ["Demo logins:", *(f"  {_login_line(login)}" for login in LOGINS)]


def _prepare(settings: Settings) -> None:
    db.migrate()
    if settings.demo and is_empty():
        _say("Building the demo house. This happens once and takes a moment.")
        build_demo(settings)


def _welcome(settings: Settings) -> Iterator[str]:
    yield ""
    yield f"Rundbrief runs at {settings.public_url}/ (Ctrl-C stops it)."
    if is_empty():
        yield f"The house is empty. Set it up there with this token: {setup_token(settings.instance)}"
    elif settings.demo and _is_demo_house():
        yield from demo_lines()
    yield ""


def _is_demo_house() -> bool:
    from domain.tenancy.models import Tenant

    with db.connection():
        return Tenant.select(Tenant.id).where(Tenant.is_demo).exists()


def _login_line(login: object) -> str:
    if isinstance(login, str):
        return login
    return "  ".join(str(part) for part in login) if isinstance(login, tuple | list) else str(login)


def _is_ready(settings: Settings) -> bool:
    """Whether the application answers; gunicorn accepts connections long before it can serve them."""
    connection = http.client.HTTPConnection(HOST, settings.port, timeout=5)
    try:
        connection.request("HEAD", "/", headers={"Host": f"{HOST}:{settings.port}"})
        connection.getresponse().read()
    except OSError:
        return False
    except http.client.HTTPException:
        return False
    finally:
        connection.close()
    return "catcher" not in parts_of(settings) or settings.catcher_port_file.exists()


@contextmanager
def _only_one_per_instance(settings: Settings) -> Iterator[None]:
    """Two houses over one SQLite file and one queue would do everything twice."""
    path = settings.instance / "up.lock"
    with path.open("a+") as lock:
        os.chmod(path, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"INSTANCE: Rundbrief runs in {settings.instance} already; allowed is a folder without a running one"
            ) from None
        yield


def _say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)
