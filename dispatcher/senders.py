"""DOOR: through which server a tenant's mails leave, with which signature, and what DNS says about that. The only
place that decrypts and asks DNS."""

from __future__ import annotations

import base64
import functools
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import structlog

from dispatcher import dkim, libcrypto
from dispatcher.catcher import port_of
from dispatcher.transport.protocol import Relay
from domain.senders import domains, keys, sealing
from domain.senders.models import Relay as RelayRow
from domain.senders.models import SenderDomain
from domain.tenancy import tree
from domain.tenancy.models import Tenant

if TYPE_CHECKING:
    from dispatcher.domainfacts import Route
    from dispatcher.resolver import Resolver
    from domain.senders.findings import Findings

log = structlog.get_logger()
CATCHER = "catcher:"


class NoRelay(Exception):
    """There is no server to send through now; the text says why."""


class Senders:
    """Relays of this installation: rows, the default from SMTP_URL, and the catcher for demo tenants."""

    def __init__(self, smtp_url: str, instance: Path, helo_name: str = "localhost") -> None:
        self._smtp_url = smtp_url
        self._instance = instance
        self._helo_name = helo_name

    def relay_for(self, tenant: Tenant | None, relay_id: int | None = None) -> Relay:
        """The server for a tenant's mails (None: mails of the house). Raises NoRelay."""
        if tenant is not None and tenant.is_demo:
            return self._catcher()
        row = RelayRow.get_or_none(RelayRow.id == relay_id) if relay_id is not None else None
        if row is not None and row.active and row.tenant_id in (None, tenant.id if tenant else None):
            return self._of_row(row)
        return self.default()

    def default(self) -> Relay:
        """The server that SMTP_URL names."""
        if self._smtp_url in (CATCHER, CATCHER.rstrip(":")):
            return self._catcher()
        return replace(parse(self._smtp_url), helo_name=self._helo_name)

    def _catcher(self) -> Relay:
        port = port_of(self._instance)
        if port is None:
            raise NoRelay("the mail catcher does not run")
        return Relay("127.0.0.1", port, security="off", helo_name=self._helo_name)

    def _of_row(self, row: RelayRow) -> Relay:
        if row.secret:
            raise NoRelay("credentials of relays cannot be read yet")
        return Relay(
            row.host,
            row.port,
            security=row.security,
            username=row.username,
            max_connections=row.max_connections,
            helo_name=self._helo_name,
        )


def parse(smtp_url: str) -> Relay:
    """The relay of `smtp://user:password@host:port?security=required&connections=8` or `smtps://…`."""
    parts = urlsplit(smtp_url)
    options = dict(pair.partition("=")[::2] for pair in parts.query.split("&") if pair)
    implicit = parts.scheme == "smtps"
    loopback = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return Relay(
        parts.hostname or "localhost",
        parts.port or (465 if implicit else 25),
        security="tls" if implicit else options.get("security", "off" if loopback else "opportunistic"),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        verify=options.get("verify", "") in ("1", "true"),
        auth_in_clear=loopback,
        max_connections=max(1, min(int(options.get("connections", "8")), 200)),
    )


def signer_for(tenant_id: int | None, address: str) -> dkim.Signer | None:
    """What signs the tenant's mails from `address` with DKIM; None while no key of its domain is switched on."""
    name = domains.domain_of(address)
    if tenant_id is None or not name:
        return None
    loaded = []
    for key in keys.active_of(tenant_id, name):
        try:
            loaded.append(
                _loaded(key.algorithm, name, key.selector, keys.context(tenant_id, name), key.sealed)
            )
        except (sealing.CannotUnseal, libcrypto.KeyRefused, ValueError):  # better unsigned than not at all
            log.exception("DKIM key cannot be used", tenant=tenant_id, domain=name, selector=key.selector)
    return dkim.Signer(loaded) if loaded else None


@functools.lru_cache(maxsize=256)
def _loaded(algorithm: str, name: str, selector: str, context: str, sealed: str) -> dkim.Key:
    private = base64.b64decode(sealing.unseal(sealed, context))
    return dkim.Key(f"{algorithm}-sha256", name, selector, libcrypto.signer(algorithm, private))


def helo_name(public_url: str) -> str:
    """What we call ourselves: the public host if it is a name, else an address literal."""
    host = urlsplit(public_url).hostname or "localhost"
    return f"[{host}]" if host.replace(".", "").isdigit() else host


def machine() -> str:
    return os.uname().nodename


def look_at(domain: SenderDomain, house: Any) -> tuple[Findings, dict[int, bool]]:
    """What DNS and our newest mail say about a sender domain now: (finding per rule, key id → its record is there).

    `house` are the settings: dns_resolver, outgoing_ips, smtp_url, instance, public_url.
    """
    # dnspython and all that is nothing for the processes that only send
    from dispatcher import domaincheck, domainfacts, lookout
    from dispatcher.resolver import Resolver

    resolver = Resolver(house.dns_resolver)
    facts = domainfacts.Facts(
        domain, keys.of_domain(domain), _route(domain, house, resolver), lookout.sample(domain),
        lookout.record(domain), house.public_url,
    )  # fmt: skip
    return domaincheck.look(facts, resolver)


def _route(domain: SenderDomain, house: Any, resolver: Resolver) -> Route:
    from dispatcher import domainfacts, lookout

    tenant = tree.get(domain.tenant_id)
    if tenant.is_demo or house.smtp_url in (CATCHER, CATCHER.rstrip(":")):
        return domainfacts.Route("", "off", (), catcher=True)
    try:
        relay = Senders(house.smtp_url, house.instance).relay_for(tenant)
    except NoRelay:
        return domainfacts.Route("", "off", (), catcher=True)
    return lookout.route(relay.host, relay.security, tuple(house.outgoing_ips), resolver)
