"""Settings of this installation, read once at the start from the environment and instance/config.toml.

The environment wins. A wrong value is a SettingsError whose one line names the key and what is allowed.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portal import setting_values
from portal.secret import read_secret
from portal.setting_values import CATCHER, SettingsError

DEFAULT_PORT = 8000
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
    port = setting_values.port(given.get("PORT", DEFAULT_PORT))
    return Settings(
        port=port,
        instance=instance,
        database_url=setting_values.database_url(
            given.get("DATABASE_URL", setting_values.sqlite_url(instance / "portal.db"))
        ),
        queue_url=setting_values.queue_url(
            given.get("QUEUE_URL", setting_values.sqlite_url(instance / "queue.db"))
        ),
        smtp_url=setting_values.smtp_url(given.get("SMTP_URL", CATCHER)),
        media_url=setting_values.media_url(given.get("MEDIA_URL", f"file://{instance / 'media'}")),
        public_url=setting_values.public_url(given.get("PUBLIC_URL", f"http://127.0.0.1:{port}")),
        demo=setting_values.switch("DEMO", given.get("DEMO", True)),
        secret_key=read_secret(instance / "secret.key"),
        port_given="PORT" in given,
        public_url_given="PUBLIC_URL" in given,
        dns_resolver=setting_values.dns_resolver(given.get("DNS_RESOLVER", "")),
        outgoing_ips=setting_values.outgoing_ips(given.get("OUTGOING_IPS", "")),
        link_check=setting_values.link_check(given.get("LINK_CHECK", "public")),
        clamd_url=setting_values.clamd_url(given.get("CLAMD_URL", "")),
    )


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
