"""The secret of the installation, and files that only their owner reads."""

import os
import secrets
from pathlib import Path

from portal.setting_values import SettingsError

SECRET_BYTES = 32


def read_secret(path: Path) -> bytes:
    """The installation's secret, 32 random bytes kept as hex; made with mode 0600 if there is none.

    Two processes that start together get the same one: the file appears complete or not at all.
    """
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
        write_private(fresh, secrets.token_hex(SECRET_BYTES) + "\n")
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"{path}: others can read this secret; allowed is mode 0600 (chmod 600 {path})")
    try:
        secret = bytes.fromhex(path.read_text().strip())
    except ValueError:
        secret = b""
    if len(secret) < SECRET_BYTES:
        raise SettingsError(
            f"{path}: the secret must be {2 * SECRET_BYTES} hexadecimal digits, as it was written"
        )
    return secret


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner can read, replacing what was there."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
