"""What the rules of a sender page look at, and how a line says what it found."""

from __future__ import annotations

from dataclasses import dataclass

from dispatcher.deliverability.resolver import Address
from domain.errors import N_
from domain.senders.findings import Finding, Light
from domain.senders.models import DkimKey, SenderDomain


@dataclass(frozen=True)
class Route:
    """How mails of this domain reach the world. `addresses`: what receivers see; () if that cannot be known."""

    host: str
    security: str  # off, opportunistic, required, tls
    addresses: tuple[Address, ...]
    catcher: bool = False  # they do not reach it


@dataclass(frozen=True)
class Sample:
    """The newest frozen mail in the domain's name: its header, unfolded, and the HTML part."""

    headers: dict[str, str]  # lower-case names
    html: str
    names: tuple[str, ...]  # of all header fields as they stand there, lower case
    longest: int  # characters of the longest line


@dataclass(frozen=True)
class Record:
    """Mails of the last 30 days in the domain's name, and what came of them."""

    sent: int
    complained: int
    dead: int  # refused because the address does not exist, or came back later
    late: int  # reached somebody who had signed off more than two days before


@dataclass(frozen=True)
class Facts:
    """What is known without DNS."""

    domain: SenderDomain
    keys: list[DkimKey]
    route: Route
    sample: Sample | None
    record: Record
    public_url: str


def good(message: str, **params: object) -> Finding:
    """A green line."""
    return Finding(Light.OK, message, params)


def bad(message: str, record: tuple[str, str] | None = None, **params: object) -> Finding:
    """A red line that says what to do; `record` is (name, value) of a TXT record to enter."""
    return Finding(Light.BAD, message, params, record)


def unknown(message: str, **params: object) -> Finding:
    """A line that cannot be judged from here."""
    return Finding(Light.OPEN, message, params)


SILENT = unknown(N_("DNS did not answer. We ask again within a day; you may also check again later."))


def without_address(route: Route) -> Finding:
    """Why nothing can be said about the address from which mails leave."""
    if route.catcher:
        return unknown(N_("Mails of this tenant go to the mail catcher and do not reach the world."))
    return unknown(
        N_(
            "Mails leave through %(host)s, whose public address we do not know. The house can name it in the setting "
            "OUTGOING_IPS."
        ),
        host=route.host,
    )
