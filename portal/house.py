"""Opens an installation: points the domain at its database and keys, and minds its set-up token."""

import secrets
from pathlib import Path

from domain import db, tokens
from mediadb import scanner, storage
from portal.secret import write_private
from portal.settings import Settings


def open_house(settings: Settings) -> None:
    """Bind the domain to the database and the secret of `settings`; no connection is opened yet."""
    db.bind(settings.database_url)
    tokens.configure(settings.secret_key)
    storage.configure(settings.media_url)
    scanner.configure(settings.clamd_url)


def is_empty() -> bool:
    """Whether nobody has an account yet: then the first visit sets the house up."""
    from domain.accounts.models import User

    with db.connection():
        return not User.select(User.id).exists()


def setup_token(instance: Path) -> str:
    """The word that lets the first visitor set up an empty house; stays the same until it has been used."""
    path = _token_file(instance)
    if not path.exists():
        write_private(path, secrets.token_urlsafe(18) + "\n")
    return path.read_text().strip()


def is_setup_token(instance: Path, given: str) -> bool:
    """Whether `given` is the set-up token of this installation; False once it has been used."""
    path = _token_file(instance)
    return path.exists() and secrets.compare_digest(path.read_text().strip().encode(), given.strip().encode())


def discard_setup_token(instance: Path) -> None:
    """The house has its first administrator; the token opens nothing any more."""
    _token_file(instance).unlink(missing_ok=True)


def _token_file(instance: Path) -> Path:
    return instance / "setup.token"
