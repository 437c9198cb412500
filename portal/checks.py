"""`rundbrief check`: is everything there that this installation needs?"""

import socket
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from domain import db
from portal import room
from portal.settings import Settings

STATIC = Path(__file__).parent / "static" / "vendor"
NEEDED_FILES = ("htmx.min.js", "tabler.min.css", "sortable.min.js", "jodit.min.js", "inter.css", "icons.svg")
SMTP_PORTS = {"smtp": 25, "smtps": 465}


class Finding(NamedTuple):
    """One thing looked at: `text` says what is so, or what to do."""

    subject: str
    is_fine: bool
    text: str


def findings(settings: Settings) -> list[Finding]:
    """Look at everything once; changes nothing."""
    return [
        Finding("settings", True, f"instance {settings.instance}, address {settings.public_url}"),
        _database(),
        _secrets(settings.instance),
        _room(settings.instance),
        _front_end(),
        _catalogues(),
        _queue(settings),
        _mail_server(settings),
    ]


def _database() -> Finding:
    kind = "PostgreSQL" if db.is_postgres() else "SQLite"
    try:
        waiting = _waiting_migrations()
    except Exception as error:  # whatever the driver raises: the sentence is for the terminal
        return Finding("database", False, f"{kind} does not answer ({error}). Check DATABASE_URL.")
    if waiting:
        return Finding("database", False, f"{len(waiting)} migrations wait. Run `rundbrief migrate`.")
    return Finding("database", True, f"{kind}, up to date")


def _waiting_migrations() -> list[str]:
    from playhouse.migrations import Runner

    with db.connection():
        runner = Runner(db.database.obj, str(db.MIGRATIONS))
        return sorted({step.name for step in runner.migrations()} - set(runner.applied()))


def _secrets(instance: Path) -> Finding:
    loose = [path.name for path in instance.glob("*.key") if path.stat().st_mode & 0o077]
    if loose:
        return Finding("secrets", False, f"others can read {', '.join(loose)}. Run chmod 600 on them.")
    return Finding("secrets", True, "only you can read them")


def _room(instance: Path) -> Finding:
    mb = room.free_mb(instance)
    if room.is_scarce(instance):
        return Finding("disk", False, f"only {mb} MB are left. Imports wait until there is room.")
    return Finding("disk", True, f"{mb} MB are left")


def _front_end() -> Finding:
    missing = [name for name in NEEDED_FILES if not (STATIC / name).is_file()]
    if missing:
        return Finding(
            "front-end files", False, f"{', '.join(missing)} missing. Run `python hatch_build.py`."
        )
    return Finding("front-end files", True, "complete")


def _catalogues() -> Finding:
    translations = Path(__file__).parent / "translations"
    stale = [folder.parent.name for folder in translations.glob("*/LC_MESSAGES") if _is_stale(folder)]
    if stale:
        return Finding(
            "translations", False, f"{', '.join(stale)} not compiled. Run `python -m portal.catalog`."
        )
    return Finding("translations", True, "compiled")


def _is_stale(folder: Path) -> bool:
    compiled = folder / "messages.mo"
    sources = list(folder.glob("*.po"))
    if not compiled.exists():
        return bool(sources)
    return any(path.stat().st_mtime > compiled.stat().st_mtime for path in sources)


def _queue(settings: Settings) -> Finding:
    parts = urlsplit(settings.queue_url)
    if parts.scheme == "sqlite":
        return Finding("queue", True, "SQLite")
    return _reachable("queue", "Redis", parts.hostname or "", parts.port or 6379, "QUEUE_URL")


def _mail_server(settings: Settings) -> Finding:
    if settings.smtp_is_catcher:
        return Finding("mail server", True, "the mail catcher; nothing leaves this machine")
    parts = urlsplit(settings.smtp_url)
    port = parts.port or SMTP_PORTS[parts.scheme]
    return _reachable("mail server", f"{parts.hostname}:{port}", parts.hostname or "", port, "SMTP_URL")


def _reachable(subject: str, name: str, host: str, port: int, key: str) -> Finding:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError as error:
        reason = error.strerror or "no answer"
        return Finding(subject, False, f"{name} does not answer ({reason}). Check {key} and whether it runs.")
    return Finding(subject, True, f"{name} answers")
