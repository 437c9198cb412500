"""DOOR: through which server a tenant's mails leave, with which signature, and what DNS says about that. The only
place that decrypts and asks DNS."""

from __future__ import annotations

import base64
import functools
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import structlog

from dispatcher.catcher import port_of
from dispatcher.message import dkim, libcrypto
from dispatcher.transport.protocol import Relay
from domain.errors import N_
from domain.senders import domains, keys, relays, sealing
from domain.senders.models import Relay as RelayRow
from domain.senders.models import SenderDomain
from domain.tenancy import tree
from domain.tenancy.models import Tenant

if TYPE_CHECKING:
    from dispatcher.deliverability.domainfacts import Route
    from dispatcher.deliverability.resolver import Resolver
    from domain.senders.findings import Findings

log = structlog.get_logger()
CATCHER = "catcher:"
SEALED_FOR = "relay"  # context of a relay's sealed password
OLDER_SECRETS = "secret.key.old"  # secrets that the installation had before, one a line, in its folder


class NoRelay(Exception):
    """There is no server to send through now. `message` % `params` says why; `until`: when it is tried again."""

    def __init__(self, message: str, until: datetime | None = None, **params: object) -> None:
        super().__init__(message % params if params else message)
        self.message, self.params, self.until = message, params, until


class Senders:
    """Relays of this installation: rows, the default from SMTP_URL, and the catcher for demo tenants."""

    def __init__(self, smtp_url: str, instance: Path, helo_name: str = "localhost") -> None:
        self._smtp_url = smtp_url
        self._instance = instance
        self._helo_name = helo_name
        self._default_id = 0
        remember_older(instance)

    def candidates(
        self, tenant: Tenant | None, domain: str = "", relay_id: int | None = None
    ) -> Iterator[tuple[RelayRow | None, Relay]]:
        """(row, relay) for a tenant's mails (None: mails of the house) in the name of `domain`, best first: the one
        that the mailing names, the tenant's own, the installation's, that of SMTP_URL. Raises NoRelay.

        Demo tenants have the catcher only; nobody else has it as a second choice, because a mail that ends there
        has reached nobody. The catcher has no row.
        """
        if tenant is not None and tenant.is_demo:
            yield None, self._catcher()
            return
        tenant_id = tenant.id if tenant else None
        named = relays.usable(tenant_id, relay_id) if tenant_id is not None and relay_id is not None else None
        rows = [named] if named is not None else []
        rows += [row for row in relays.serving(tenant_id, domain) if named is None or row.id != named.id]
        unreadable: NoRelay | None = None
        for row in rows:
            try:
                yield row, self.of_row(row)
            except NoRelay as error:  # the next one may do
                unreadable = error
        if not self._is_catcher:
            yield self._default_row(), self.default()
        elif not rows:
            yield None, self._catcher()
        elif unreadable is not None:
            raise unreadable

    def default(self) -> Relay:
        """The server that SMTP_URL names."""
        if self._is_catcher:
            return self._catcher()
        relay = parse(self._smtp_url)
        return replace(relay, helo_name=self._helo_name, id=self._default_id, name=relay.host)

    def of_row(self, row: RelayRow) -> Relay:
        """A row with its password, ready to connect. Raises NoRelay if the password cannot be opened."""
        if row.from_settings:
            return self.default()
        return Relay(
            row.host,
            row.port,
            security=row.security,
            username=row.username,
            password=_password(row),
            verify=row.verify,
            auth_in_clear=row.clear_auth,
            max_connections=row.max_connections,
            helo_name=self._helo_name,
            public_only=row.tenant_id is not None and not row.private,
            id=row.id,
            name=row.name,
            per_second=row.per_second,
            per_hour=row.per_hour,
            shared=True,
        )

    @property
    def _is_catcher(self) -> bool:
        return self._smtp_url in (CATCHER, CATCHER.rstrip(":"))

    def _catcher(self) -> Relay:
        port = port_of(self._instance)
        if port is None:
            raise NoRelay("the mail catcher does not run")
        return Relay("127.0.0.1", port, security="off", helo_name=self._helo_name)

    def _default_row(self) -> RelayRow:
        """The row that stands for SMTP_URL: its breaker is shared like that of any other. Holds no password."""
        if self._default_id:
            row = RelayRow.get_or_none(RelayRow.id == self._default_id)
            if row is not None:
                return row
        relay = parse(self._smtp_url)
        row, _ = RelayRow.get_or_create(
            from_settings=True,
            host=relay.host,
            port=relay.port,
            defaults={"name": relay.host, "tenant_id": None},
        )
        row.security, row.username, row.verify = relay.security, relay.username, relay.verify
        row.max_connections, row.per_second = relay.max_connections, relay.per_second
        row.per_hour = relay.per_hour
        row.save()
        self._default_id = row.id
        return row


def default_host(smtp_url: str) -> str:
    """Host and port of SMTP_URL for people to see, without its password; "" for the catcher."""
    if smtp_url in (CATCHER, CATCHER.rstrip(":")):
        return ""
    relay = parse(smtp_url)
    return f"{relay.host}:{relay.port}"


def seal_password(password: str) -> str:
    """What a relay's row keeps of a password."""
    return sealing.seal(password, SEALED_FOR)


def remember_older(instance: Path) -> None:
    """Let passwords that an older secret of this installation sealed be opened."""
    path = instance / OLDER_SECRETS
    lines = path.read_text().split() if path.exists() else []
    sealing.remember([bytes.fromhex(line) for line in lines])


def _password(row: RelayRow) -> str:
    try:
        return sealing.unseal(row.secret, SEALED_FOR)
    except sealing.CannotUnseal:
        raise NoRelay(
            N_("The password of the mail server “%(relay)s” cannot be read any more. Enter it again."),
            relay=row.name,
        ) from None


def parse(smtp_url: str) -> Relay:
    """The relay of `smtp://user:password@host:port?security=required&connections=8` or `smtps://…`; also
    `verify=1`, `per_second=` and `per_hour=`."""
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
        per_second=float(options["per_second"]) if options.get("per_second") else None,
        per_hour=int(options["per_hour"]) if options.get("per_hour") else None,
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
    from dispatcher.deliverability import domaincheck, domainfacts, lookout
    from dispatcher.deliverability.resolver import Resolver

    resolver = Resolver(house.dns_resolver)
    facts = domainfacts.Facts(
        domain, keys.of_domain(domain), _route(domain, house, resolver), lookout.sample(domain),
        lookout.record(domain), house.public_url,
    )  # fmt: skip
    return domaincheck.look(facts, resolver)


def mail_host(domain: str, dns_resolver: str) -> str | None:
    """The best mail server of a recipient domain; "" if it has none, None if nobody answers."""
    from dispatcher.deliverability.resolver import Resolver, Unanswered

    try:
        hosts = Resolver(dns_resolver, lifetime_s=3.0).mx(domain)
    except Unanswered:
        return None
    return hosts[0][1] if hosts else ""


def _route(domain: SenderDomain, house: Any, resolver: Resolver) -> Route:
    from dispatcher.deliverability import domainfacts, lookout

    tenant = tree.get(domain.tenant_id)
    ways: list[tuple[str, str]] = []
    try:
        for row, relay in Senders(house.smtp_url, house.instance).candidates(tenant, domain.domain):
            if row is not None:
                ways.append((relay.host, relay.security))
    except NoRelay:  # the catcher, or a password that cannot be read
        pass
    if not ways:
        return domainfacts.Route("", "off", (), catcher=True)
    return lookout.route(ways, tuple(house.outgoing_ips), resolver)
