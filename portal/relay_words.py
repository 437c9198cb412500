"""What the test of a mail server found, in words: what is the matter, and what to do."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from dispatcher import probe
from dispatcher.jobs.relays import NOT_RUN
from domain.senders.models import Relay
from portal.filters import translate


@dataclass(frozen=True)
class Verdict:
    """The result of a test: tone and icon of the note, its heading, and the next step ("" if there is none)."""

    tone: str
    icon: str
    heading: str
    advice: str


def verdict(relay: Relay, found: dict[str, Any]) -> Verdict:
    """The note above the facts of a test."""
    if found["failed"]:
        heading, advice = _failure(relay, found)
        return Verdict("fail", "alert-circle", heading, advice)
    if not found["tls_version"]:
        return Verdict(
            "hold", "lock-open", _("Mails can go through this server, but without encryption."),
            _("Everybody on the way can read them. Choose STARTTLS if the server offers it."),
        )  # fmt: skip
    if found["certificate"] != "valid":
        return Verdict(
            "hold", "alert-triangle", _("Mails can go through this server, but its certificate is not valid."),
            _("The line is encrypted, but nobody has proved who is at the other end: %(reason)s",
              reason=found["certificate"]),
        )  # fmt: skip
    return Verdict("done", "circle-check", _("Mails can go through this server."), "")


def _failure(relay: Relay, found: dict[str, Any]) -> tuple[str, str]:
    host, port = relay.host, relay.port
    texts = {
        probe.NAME: (
            _("There is no server with the name %(host)s.", host=host),
            _("Check how the name is written. If it is right, ask whoever runs it whether it has changed."),
        ),
        probe.PRIVATE: (
            _("%(host)s lies in a private network.", host=host),
            _("Enter a server that the internet can reach, or ask an administrator of the installation to allow it."),
        ),
        probe.CONNECT: (
            _("No connection to %(host)s, port %(port)s.", host=host, port=port),
            _("Check name and port; usual ports are 587, 465 and 25. If both are right, a firewall is in between."),
        ),
        probe.GREETING: (
            _("The server answers, but does not greet us."),
            _("With port 465 choose encryption from the first byte. Otherwise the server may refuse our address: "
              "ask whoever runs it to allow it."),
        ),
        probe.HELLO: (
            _("The server refuses to talk to us."),
            _("Ask whoever runs it to allow this installation, and send along what it said."),
        ),
        probe.ENCRYPTION: (
            _("No encrypted connection could be made."),
            _("Port 587 usually needs STARTTLS, port 465 encryption from the first byte. Choose the other one, or ask "
              "whoever runs the server."),
        ),
        probe.CERTIFICATE: (
            _("The certificate of the server is not valid."),
            _("Enter the host name that stands in the certificate, or have it renewed. Nothing was sent, not even "
              "the password."),
        ),
        probe.SIGN_IN: (
            _("Signing in did not work."),
            _("Check user name and password. Some providers want a password of its own for programs."),
        ),
        NOT_RUN: (_("The test could not be made."), translate(found["said"])),
    }  # fmt: skip
    return texts.get(found["failed"], (_("The connection broke."), _("Try again in a minute.")))
