"""Settings of this installation, read once at the start from the environment and instance/config.toml.

The environment wins. A wrong value is a SettingsError whose one line names the key and what is allowed.
"""

import ipaddress
import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

DEFAULT_PORT = 8000
CATCHER = "catcher:"  # SMTP_URL of the built-in mail catcher; its port stands in instance/catcher.port
KEYS = (
    "PORT",
    "DATABASE_URL",
    "QUEUE_URL",
    "SMTP_URL",
    "MEDIA_URL",
    "PUBLIC_URL",
    "DEMO",
    "DNS_RESOLVER",
    "OUTGOING_IPS",
    "LINK_CHECK",
    "CLAMD_URL",
)
SECRET_BYTES = 32


class SettingsError(Exception):
    """One line: the key, and what is allowed for it. Values are not repeated, they may hold passwords."""


@dataclass(frozen=True)
class Settings:
    """Everything the composition root needs. URLs are complete; `instance` exists and is absolute.

    `dns_resolver` is "address:port" of the name server for checks of sender domains, "" for those of the system;
    `outgoing_ips` are the addresses under which mails of this house reach the world, where they are not those of
    the mail servers; `clamd_url` is the virus scanner for uploads, "" for none. `port_given` and `public_url_given`
    say whether somebody chose them: only a default port may be moved.
    """

    port: int
    instance: Path
    database_url: str = field(repr=False)  # may hold a password, as the next two
    queue_url: str = field(repr=False)
    smtp_url: str = field(repr=False)
    media_url: str = field(repr=False)  # may hold a key
    public_url: str
    demo: bool
    secret_key: bytes = field(repr=False)
    port_given: bool = False
    public_url_given: bool = False
    dns_resolver: str = ""
    outgoing_ips: tuple[str, ...] = ()
    link_check: str = (
        "public"  # which links of mails are followed: "public", "any" (private networks, too), "off"
    )
    clamd_url: str = ""

    @property
    def smtp_is_catcher(self) -> bool:
        """Whether mail goes to the built-in catcher."""
        return self.smtp_url == CATCHER

    @property
    def media_root(self) -> Path:
        """Folder of the stored files when they are kept on disk."""
        return Path(urlsplit(self.media_url).path)

    @property
    def catcher_port_file(self) -> Path:
        """Where a running catcher has written its SMTP port."""
        return self.instance / "catcher.port"

    @property
    def translations(self) -> Path:
        """The catalogues of the portal, which mails about what happened there speak by, too."""
        return Path(__file__).parent / "translations"

    @property
    def is_https(self) -> bool:
        """Whether cookies may be `Secure` and links are https."""
        return self.public_url.startswith("https:")

    @property
    def session_key(self) -> bytes:
        """32 bytes that sign browser sessions and nothing else."""
        return self.key("session")

    def key(self, purpose: str) -> bytes:
        """32 bytes for one purpose, so that no secret serves two."""
        return blake2b(purpose.encode(), key=self.secret_key, digest_size=32, person=b"rb-settings").digest()

    def with_port(self, port: int) -> "Settings":
        """The same on another port; the default public address follows it."""
        public_url = self.public_url if self.public_url_given else f"http://127.0.0.1:{port}"
        return replace(self, port=port, public_url=public_url)

    def environment(self) -> dict[str, str]:
        """The variables with which a child process reads exactly these settings again."""
        return {
            "PORT": str(self.port),
            "INSTANCE": str(self.instance),
            "DATABASE_URL": self.database_url,
            "QUEUE_URL": self.queue_url,
            "SMTP_URL": self.smtp_url,
            "MEDIA_URL": self.media_url,
            "PUBLIC_URL": self.public_url,
            "DEMO": "1" if self.demo else "0",
            "DNS_RESOLVER": self.dns_resolver,
            "OUTGOING_IPS": ",".join(self.outgoing_ips),
            "LINK_CHECK": self.link_check,
            "CLAMD_URL": self.clamd_url,
        }


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; makes the instance folder and its secret where they are missing."""
    environ = os.environ if environ is None else environ
    instance = _instance(environ.get("INSTANCE") or "instance")
    given = _file_values(instance / "config.toml")
    given |= {key: environ[key] for key in KEYS if environ.get(key, "").strip()}
    port = _port(given.get("PORT", DEFAULT_PORT))
    return Settings(
        port=port,
        instance=instance,
        database_url=_database_url(given.get("DATABASE_URL", _sqlite_url(instance / "portal.db"))),
        queue_url=_queue_url(given.get("QUEUE_URL", _sqlite_url(instance / "queue.db"))),
        smtp_url=_smtp_url(given.get("SMTP_URL", CATCHER)),
        media_url=_media_url(given.get("MEDIA_URL", f"file://{instance / 'media'}")),
        public_url=_public_url(given.get("PUBLIC_URL", f"http://127.0.0.1:{port}")),
        demo=_switch("DEMO", given.get("DEMO", True)),
        secret_key=read_secret(instance / "secret.key"),
        port_given="PORT" in given,
        public_url_given="PUBLIC_URL" in given,
        dns_resolver=_dns_resolver(given.get("DNS_RESOLVER", "")),
        outgoing_ips=_outgoing_ips(given.get("OUTGOING_IPS", "")),
        link_check=_link_check(given.get("LINK_CHECK", "public")),
        clamd_url=_clamd_url(given.get("CLAMD_URL", "")),
    )


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


def _instance(value: str) -> Path:
    path = Path(value).expanduser().resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        raise SettingsError(
            "INSTANCE: this folder cannot be made; allowed is a folder you may write to"
        ) from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise SettingsError("INSTANCE: this folder cannot be written to; allowed is one you may write to")
    return path


def _file_values(path: Path) -> dict[str, Any]:
    """Values of config.toml under their upper-case keys; lower and upper case are both accepted."""
    if not path.exists():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path}: cannot be read as TOML ({str(error).splitlines()[0]})") from None
    values = {key.upper(): value for key, value in content.items()}
    for key in values:
        if key not in KEYS:
            raise SettingsError(f"{key} in {path}: no such setting; allowed are {', '.join(KEYS)}")
    return values


def _port(value: Any) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise SettingsError("PORT: allowed is a number from 1 to 65535")
    return int(text)


def _switch(key: str, value: Any) -> bool:
    text = str(value).strip().lower()
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off"}:
        return False
    raise SettingsError(f"{key}: allowed is 1 or 0")


def _database_url(value: Any) -> str:
    allowed = "DATABASE_URL: allowed is sqlite:///absolute/path or postgresql://user:password@host:port/name"
    parts = _parts(value, allowed)
    if parts.scheme == "sqlite":
        return _sqlite_url(_absolute(parts, allowed))
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise SettingsError(allowed)
    _require("psycopg", "DATABASE_URL: PostgreSQL needs the extra `scale` (pip install rundbrief[scale])")
    return str(value).strip()


def _queue_url(value: Any) -> str:
    allowed = "QUEUE_URL: allowed is sqlite:///absolute/path or redis://host:port/number (rediss:// with TLS)"
    parts = _parts(value, allowed)
    if parts.scheme == "sqlite":
        return _sqlite_url(_absolute(parts, allowed))
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
        raise SettingsError(allowed)
    _require("redis", "QUEUE_URL: Redis needs the extra `scale` (pip install rundbrief[scale])")
    return str(value).strip()


def _smtp_url(value: Any) -> str:
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


def _media_url(value: Any) -> str:
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


def _public_url(value: Any) -> str:
    """Plain http leaves the machine unprotected, so it is for loopback only (design.md, section 5)."""
    allowed = "PUBLIC_URL: allowed is https://host without a path, or http:// on 127.0.0.1 or localhost"
    parts = _parts(value, allowed)
    bare = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
    if not parts.hostname or not bare or parts.scheme not in {"http", "https"}:
        raise SettingsError(allowed)
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise SettingsError(allowed)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _dns_resolver(value: Any) -> str:
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


def _outgoing_ips(value: Any) -> tuple[str, ...]:
    try:
        return tuple(
            str(ipaddress.ip_address(part.strip())) for part in str(value).split(",") if part.strip()
        )
    except ValueError:
        raise SettingsError("OUTGOING_IPS: allowed are IP addresses, separated by commas") from None


def _link_check(value: Any) -> str:
    text = str(value).strip().lower()
    if text not in {"public", "any", "off"}:
        raise SettingsError("LINK_CHECK: allowed is public, any (private networks, too) or off")
    return text


def _clamd_url(value: Any) -> str:
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


def _sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def _require(module: str, message: str) -> None:
    if find_spec(module) is None:
        raise SettingsError(message)
