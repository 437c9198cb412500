"""What a setting may be: each function takes the raw value and gives the one that is used, or raises SettingsError."""

import ipaddress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

CATCHER = "catcher:"  # SMTP_URL of the built-in mail catcher; its port stands in instance/catcher.port


class SettingsError(Exception):
    """One line: the key, and what is allowed for it. Values are not repeated, they may hold passwords."""


def port(value: Any) -> int:
    """A port of this machine."""
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise SettingsError("PORT: allowed is a number from 1 to 65535")
    return int(text)


def switch(key: str, value: Any) -> bool:
    """On or off."""
    text = str(value).strip().lower()
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off"}:
        return False
    raise SettingsError(f"{key}: allowed is 1 or 0")


def database_url(value: Any) -> str:
    """Where the data are: a file of SQLite, or PostgreSQL."""
    allowed = "DATABASE_URL: allowed is sqlite:///absolute/path or postgresql://user:password@host:port/name"
    parts = _parts(value, allowed)
    if parts.scheme == "sqlite":
        return sqlite_url(_absolute(parts, allowed))
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise SettingsError(allowed)
    _require("psycopg", "DATABASE_URL: PostgreSQL needs the extra `scale` (pip install rundbrief[scale])")
    return str(value).strip()


def queue_url(value: Any) -> str:
    """Where what the workers do waits: a file of SQLite, or Redis."""
    allowed = "QUEUE_URL: allowed is sqlite:///absolute/path or redis://host:port/number (rediss:// with TLS)"
    parts = _parts(value, allowed)
    if parts.scheme == "sqlite":
        return sqlite_url(_absolute(parts, allowed))
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
        raise SettingsError(allowed)
    _require("redis", "QUEUE_URL: Redis needs the extra `scale` (pip install rundbrief[scale])")
    return str(value).strip()


def smtp_url(value: Any) -> str:
    """By which server mails leave, or the built-in catcher."""
    allowed = (
        f"SMTP_URL: allowed is smtp://user:password@host:port, smtps://… or {CATCHER} for the mail catcher"
    )
    text = str(value).strip()
    if text in {CATCHER, CATCHER.rstrip(":")}:
        return CATCHER
    parts = _parts(value, allowed)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path.strip("/"):
        raise SettingsError(allowed)
    return text


def media_url(value: Any) -> str:
    """Where files are kept: a folder, or a bucket."""
    allowed = "MEDIA_URL: allowed is file:///absolute/folder or s3://KEY:SECRET@host/bucket?region=name"
    parts = _parts(value, allowed)
    if parts.scheme == "s3":
        if not (parts.hostname and parts.username and parts.password and parts.path.strip("/")):
            raise SettingsError(allowed)
        if "tls=0" in parts.query and not _is_loopback(parts.hostname):
            raise SettingsError("MEDIA_URL: tls=0 is for a server on this machine; allowed is s3:// with TLS")
        return str(value).strip()
    if parts.scheme != "file" or parts.netloc:
        raise SettingsError(allowed)
    return f"file://{_absolute(parts, allowed)}"


def public_url(value: Any) -> str:
    """Plain http leaves the machine unprotected, so it is for loopback only (design.md, section 5)."""
    allowed = "PUBLIC_URL: allowed is https://host without a path, or http:// on 127.0.0.1 or localhost"
    parts = _parts(value, allowed)
    bare = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
    if not parts.hostname or not bare or parts.scheme not in {"http", "https"}:
        raise SettingsError(allowed)
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise SettingsError(allowed)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def dns_resolver(value: Any) -> str:
    """The name server for checks, empty: those of the system."""
    allowed = "DNS_RESOLVER: allowed is the address and port of a name server, like 127.0.0.1:53 or [::1]:53"
    text = str(value).strip()
    if not text:
        return ""
    host, _, port = text.rpartition(":")
    try:
        ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise SettingsError(allowed) from None
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise SettingsError(allowed)
    return text


def outgoing_ips(value: Any) -> tuple[str, ...]:
    """Under which addresses mails leave."""
    try:
        return tuple(
            str(ipaddress.ip_address(part.strip())) for part in str(value).split(",") if part.strip()
        )
    except ValueError:
        raise SettingsError("OUTGOING_IPS: allowed are IP addresses, separated by commas") from None


def link_check(value: Any) -> str:
    """Which links are followed."""
    text = str(value).strip().lower()
    if text not in {"public", "any", "off"}:
        raise SettingsError("LINK_CHECK: allowed is public, any (private networks, too) or off")
    return text


def clamd_url(value: Any) -> str:
    """The virus scanner, empty: none."""
    allowed = "CLAMD_URL: allowed is tcp://host:port or unix:///absolute/path of a clamd, or nothing"
    text = str(value).strip()
    if not text:
        return ""
    parts = _parts(text, allowed)
    is_tcp = parts.scheme == "tcp" and parts.hostname and not parts.path.strip("/")
    is_unix = parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/")
    if not (is_tcp or is_unix):
        raise SettingsError(allowed)
    return text


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _parts(value: Any, allowed: str) -> SplitResult:
    text = str(value).strip()
    try:
        parts = urlsplit(text)
        port = parts.port  # raises for a port that is none
    except ValueError:
        raise SettingsError(allowed) from None
    if port == 0 or any(character.isspace() or ord(character) < 32 for character in text):
        raise SettingsError(allowed)
    return parts


def _absolute(parts: SplitResult, allowed: str) -> Path:
    """`sqlite:///data/x.db` and `sqlite:////data/x.db` both mean /data/x.db."""
    if parts.netloc or not parts.path.startswith("/") or not parts.path.strip("/") or parts.query:
        raise SettingsError(allowed)
    path = Path("/" + parts.path.lstrip("/"))
    if not path.parent.is_dir():
        raise SettingsError(
            f"{allowed.split(':')[0]}: the folder {path.parent} does not exist; allowed is one that does"
        )
    return path


def sqlite_url(path: Path) -> str:
    """A file of SQLite as a URL."""
    return f"sqlite:///{path}"


def _require(module: str, message: str) -> None:
    if find_spec(module) is None:
        raise SettingsError(message)
