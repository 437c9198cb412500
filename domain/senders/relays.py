"""Mail servers as rows: kept by administrators of the installation (owner None) or of a tenant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from peewee import fn

from domain import clock
from domain.audit import log
from domain.db import database
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.senders.models import Relay

SECURITY = ("required", "opportunistic", "tls", "off")
FIELDS = (
    "name", "host", "port", "security", "verify", "username", "clear_auth", "private", "domains", "max_connections",
    "per_second", "per_hour", "active",
)  # fmt: skip
MAX_CONNECTIONS = 200
_BOUND_TO_SECRET = ("host", "port", "security", "verify", "username", "clear_auth")
_HOST = re.compile(r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_-]+)*\.?|[0-9a-f:]*:[0-9a-f:.]+")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


def of(owner: int | None) -> list[Relay]:
    """The relays of a tenant, or of the installation (None), in the order in which they are tried."""
    query = Relay.select().where(_owned(owner), ~Relay.from_settings)
    return list(query.order_by(Relay.position, Relay.id))


def get(owner: int | None, relay_id: int) -> Relay:
    """A relay of exactly this owner; raises NotFound. The one of SMTP_URL counts as the installation's."""
    found = Relay.get_or_none(_owned(owner), Relay.id == relay_id)
    if found is None:
        raise NotFound
    return found


def editable(owner: int | None, relay_id: int) -> Relay:
    """The same for a change; raises Conflict for the one that the settings name."""
    found = get(owner, relay_id)
    if found.from_settings:
        raise Conflict(N_("This server stands in the settings (SMTP_URL). Change it there."))
    return found


def serving(tenant_id: int | None, domain: str) -> list[Relay]:
    """Active relays for a tenant's mails (None: mails of the house) in the name of `domain`, best first: the
    tenant's before the installation's, and among each those that name the domain before those that name none."""
    rows = Relay.select().where(
        Relay.active, ~Relay.from_settings, _owned(None) if tenant_id is None else _usable(tenant_id)
    )
    found = [row for row in rows if serves(row, domain)]
    return sorted(found, key=lambda r: (r.tenant_id is None, not r.domains, r.position, r.id))


def usable(tenant_id: int, relay_id: int) -> Relay | None:
    """A relay that a campaign of the tenant may name; None if it is gone, foreign or out of use."""
    return Relay.get_or_none(Relay.id == relay_id, Relay.active, ~Relay.from_settings, _usable(tenant_id))


def choosable(tenant_id: int) -> list[Relay]:
    """The relays that a campaign of the tenant may name: its own first, then those of the installation."""
    rows = Relay.select().where(Relay.active, ~Relay.from_settings, _usable(tenant_id))
    return sorted(rows, key=lambda r: (r.tenant_id is None, r.position, r.id))


def serves(relay: Relay, domain: str) -> bool:
    """Whether mails in the name of `domain` may go through a relay."""
    return not relay.domains or domain.casefold() in relay.domains.split()


def create(owner: int | None, values: Mapping[str, Any], secret: str, user_id: int) -> Relay:
    """A new relay behind the others; `secret` is sealed or empty. Raises Invalid."""
    clean = _checked(values)
    with database.atomic():
        last = Relay.select(fn.MAX(Relay.position)).where(_owned(owner)).scalar()
        relay = Relay.create(tenant_id=owner, position=(last or 0) + 1, secret=secret, **clean)
        _log(relay, "relay.create", user_id, {"host": relay.host, "port": relay.port})
    return relay


def change(relay: Relay, values: Mapping[str, Any], secret: str | None, user_id: int) -> None:
    """Save; `secret` is sealed, None keeps the present one. Raises Invalid.

    Whoever changes where or how the password is sent must know it: else a kept password could be sent anywhere.
    """
    clean = _checked(values)
    changed = {
        name: [getattr(relay, name), value] for name, value in clean.items() if getattr(relay, name) != value
    }
    if not clean["username"]:
        secret = ""
    if secret is None and relay.secret and any(name in changed for name in _BOUND_TO_SECRET):
        text = N_("You changed where or how the password is sent. Enter it again.")
        raise Invalid(fields={"password": text})
    if secret is not None and secret != relay.secret:
        changed["password"] = ["", ""]  # that it changed, never what it is
        relay.secret = secret
    if not changed:
        return
    for name, value in clean.items():
        setattr(relay, name, value)
    relay.test = relay.tested_at = None
    with database.atomic():
        relay.save()
        _log(relay, "relay.change", user_id, {"changed": sorted(changed)})


def delete(relay: Relay, user_id: int) -> None:
    """Remove a relay; what it was to send goes through the next one."""
    with database.atomic():
        Relay.delete().where(Relay.id == relay.id).execute()
        _log(relay, "relay.delete", user_id, {"host": relay.host})


def move(relay: Relay, step: int, user_id: int) -> None:
    """Put a relay one place up (-1) or down (1) among those of its owner."""
    with database.atomic():
        rows = of(relay.tenant_id)
        at = next(i for i, row in enumerate(rows) if row.id == relay.id)
        to = min(max(0, at + step), len(rows) - 1)
        if to == at:
            return
        rows.insert(to, rows.pop(at))
        for position, row in enumerate(rows, 1):
            Relay.update(position=position).where(Relay.id == row.id).execute()
        _log(relay, "relay.move", user_id, {"place": to + 1})


def ask_test(relay: Relay) -> None:
    """Note that somebody wants the relay tried; the work process finds it."""
    relay.test_asked_at = clock.now()
    relay.save()


def _owned(owner: int | None) -> Any:
    return Relay.tenant_id.is_null() if owner is None else Relay.tenant_id == owner


def _usable(tenant_id: int) -> Any:
    return (Relay.tenant_id == tenant_id) | Relay.tenant_id.is_null()


def _log(relay: Relay, act: str, user_id: int, details: dict[str, Any]) -> None:
    log.record(
        relay.tenant_id or log.HOUSE, act, user_id=user_id, kind="relay", object_id=relay.id,
        details={"name": relay.name, **details},
    )  # fmt: skip


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values in stored form; raises Invalid with what is wrong with which field."""
    clean = {name: values[name] for name in FIELDS}
    wrong: dict[str, Any] = {}
    clean["name"] = str(clean["name"] or "").strip()[:80]
    if not clean["name"]:
        wrong["name"] = N_("Enter the name.")
    clean["host"] = str(clean["host"] or "").strip().casefold()
    if not _HOST.fullmatch(clean["host"]) or len(clean["host"]) > 255:
        wrong["host"] = N_("Enter the host name of the mail server, for example smtp.example.org.")
    if not isinstance(clean["port"], int) or not 0 < clean["port"] < 65_536:
        wrong["port"] = N_("Enter a number from 1 to 65535; usual are 587, 465 and 25.")
    if clean["security"] not in SECURITY:
        wrong["security"] = N_("Choose one of the kinds.")
    if not isinstance(clean["max_connections"], int) or not 0 < clean["max_connections"] <= MAX_CONNECTIONS:
        wrong["max_connections"] = (N_("Enter a number from 1 to %(most)s."), {"most": MAX_CONNECTIONS})
    clean["per_second"] = _rate(clean, "per_second", wrong)
    hourly = _rate(clean, "per_hour", wrong)
    clean["per_hour"] = None if hourly is None else int(hourly)
    clean["username"] = str(clean["username"] or "").strip()
    clean["domains"], bad = domains_of(str(clean["domains"] or ""))
    if bad:
        wrong["domains"] = (N_("This is not a domain: %(text)s"), {"text": bad})
    if wrong:
        raise Invalid(fields=wrong)
    return clean


def _rate(values: dict[str, Any], name: str, wrong: dict[str, Any]) -> float | None:
    value = values[name]
    if value is None or value == "":
        return None
    least = 0.01 if name == "per_second" else 1
    if not isinstance(value, int | float) or not least <= value <= 1_000_000:
        wrong[name] = N_("Enter a number greater than zero, or leave the field empty for no limit.")
        return None
    return value


def domains_of(text: str) -> tuple[str, str]:
    """(domains of a text, one a line in ASCII form and small letters; the first piece that is none)."""
    found: list[str] = []
    for word in re.split(r"[\s,;]+", text.strip().casefold()):
        if not word:
            continue
        try:
            ascii_form = word.lstrip("@").encode("idna").decode("ascii")
        except UnicodeError:
            return "", word
        if not _DOMAIN.fullmatch(ascii_form):
            return "", word
        if ascii_form not in found:
            found.append(ascii_form)
    return "\n".join(found), ""
