"""More machines for one installation: each gets the secrets of the first (`rundbrief secrets`, `rundbrief join`)."""

import base64
import json
from pathlib import Path
from urllib.parse import urlsplit

from dispatcher.engine.mark import Mark
from dispatcher.senders import OLDER_SECRETS, machine
from domain import db, tokens
from domain.audit import log
from domain.db import unscoped
from domain.errors import N_, Conflict, Invalid
from domain.senders import sealing
from domain.senders.models import DkimKey, Relay
from portal.house import is_empty
from portal.secret import SECRET_BYTES, write_private
from portal.settings import Settings

_HEAD = "rundbrief-secrets-1:"
_SECRET = "secret.key"  # noqa: S105 - the name of a file
_TRACES = ("portal.db", "queue.db", "journal", "sending.mark")  # of a folder that has been worked in


def secrets_of(settings: Settings) -> str:
    """The secrets of this installation as one line of text. Whoever has it can sign and open everything here."""
    older = settings.instance / OLDER_SECRETS
    held = {"now": settings.secret_key.hex(), "older": older.read_text().split() if older.exists() else []}
    return _HEAD + base64.urlsafe_b64encode(json.dumps(held).encode()).decode()


def join(settings: Settings, line: str) -> list[str]:
    """Take the secrets over and enter this machine among those that send; what to know besides, in sentences. Raises
    Invalid or Conflict, with nothing changed, if they cannot be the right ones for this database and folder."""
    now, older = _read(line)
    if not settings.database_url.startswith("postgresql:") or urlsplit(settings.queue_url).scheme == "sqlite":
        raise Conflict(
            N_(
                "Several machines share one PostgreSQL and one Redis. Set DATABASE_URL and QUEUE_URL as on the first."
            )
        )
    if now != settings.secret_key and any((settings.instance / name).exists() for name in _TRACES):
        raise Conflict(N_("This folder belongs to another installation. Set INSTANCE to an empty one."))
    if is_empty():
        raise Conflict(N_("This database is empty. Set up the first machine before others join."))
    tokens.configure(now)
    sealing.remember(older)
    with db.connection():
        if not _opens_what_is_sealed():
            raise Conflict(
                N_("These secrets are not those of this database. Take them from a machine that uses it.")
            )
        _keep(settings.instance, now, older)
        Mark(settings.instance).join()
        log.record(log.HOUSE, "machine.join", kind="house", details={"machine": machine()})
    return _hints(settings)


def _read(line: str) -> tuple[bytes, list[bytes]]:
    try:
        head, _, packed = line.strip().partition(":")
        held = json.loads(base64.b64decode(packed, altchars=b"-_", validate=True))
        now, older = bytes.fromhex(held["now"]), [bytes.fromhex(text) for text in held["older"]]
        if f"{head}:" == _HEAD and len(now) >= SECRET_BYTES:
            return now, older
    except (ValueError, KeyError, TypeError):
        pass
    raise Invalid(N_("That is not what “rundbrief secrets” prints. Hand its whole line over."))


@unscoped("whether the secrets fit is a question about the installation")
def _opens_what_is_sealed() -> bool:
    """True also if nothing is sealed yet."""
    sealed = [row[0] for row in Relay.select(Relay.secret).where(Relay.secret != "").tuples()]
    sealed += [row[0] for row in DkimKey.select(DkimKey.sealed).tuples()]
    return not sealed or any(map(sealing.is_ours, sealed))


def _keep(instance: Path, now: bytes, older: list[bytes]) -> None:
    write_private(instance / _SECRET, now.hex() + "\n")
    if older:
        write_private(instance / OLDER_SECRETS, "".join(f"{secret.hex()}\n" for secret in older))


def _hints(settings: Settings) -> list[str]:
    found = ["This machine belongs to the installation now and may send."]
    if settings.media_url.startswith("file:"):
        found.append(
            f"Files are kept in {settings.media_root}. Share that folder, or set MEDIA_URL to a bucket."
        )
    if settings.smtp_is_catcher:
        found.append("SMTP_URL is the mail catcher of this machine. Set it as on the first one.")
    return found
