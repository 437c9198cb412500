"""Rates of recipient domains, kept by administrators of the installation."""

from collections.abc import Mapping
from typing import Any

from domain.audit import log
from domain.db import database
from domain.errors import N_, Invalid, NotFound
from domain.senders import mailhosts
from domain.senders.models import DomainRate
from domain.senders.relays import domains_of


def every() -> list[DomainRate]:
    """All, by domain."""
    return list(DomainRate.select().order_by(DomainRate.pattern))


def get(rate_id: int) -> DomainRate:
    """One of them; raises NotFound."""
    found = DomainRate.get_or_none(DomainRate.id == rate_id)
    if found is None:
        raise NotFound
    return found


def add(values: Mapping[str, Any], user_id: int) -> DomainRate:
    """Set the rate of a domain, instead of the one it may have; with `by_mx` it is that of mail servers. Raises
    Invalid."""
    text = str(values["pattern"] or "").strip()
    below = text.startswith("*.")
    domain, bad = domains_of(text.removeprefix("*."))
    wrong: dict[str, Any] = {}
    if bad or not domain or len(domain.split()) > 1:
        wrong["pattern"] = N_("Enter a domain, for example example.org, or *.example.org for those below it.")
    speed, most = values["per_second"], values["max_connections"]
    if speed is not None and (not isinstance(speed, int | float) or not 0.01 <= speed <= 1_000_000):
        wrong["per_second"] = N_("Enter a number greater than zero, or leave the field empty for no limit.")
    if most is not None and (not isinstance(most, int) or not 0 < most <= 10_000):
        wrong["max_connections"] = N_(
            "Enter a number greater than zero, or leave the field empty for no limit."
        )
    if not wrong and speed is None and most is None:
        wrong["per_second"] = N_("Enter at least one of the two limits.")
    if wrong:
        raise Invalid(fields=wrong)
    pattern = f"{mailhosts.PREFIX if values.get('by_mx') else ''}{'*.' if below else ''}{domain}"
    with database.atomic():
        DomainRate.delete().where(DomainRate.pattern == pattern).execute()
        rate = DomainRate.create(pattern=pattern, per_second=speed, max_connections=most)
        _log("rate.set", rate, user_id)
    return rate


def remove(rate: DomainRate, user_id: int) -> None:
    """The domain gets as many mails as the relays take."""
    with database.atomic():
        DomainRate.delete().where(DomainRate.id == rate.id).execute()
        _log("rate.remove", rate, user_id)


def _log(act: str, rate: DomainRate, user_id: int) -> None:
    details = {"domain": rate.pattern, "per_second": rate.per_second, "max_connections": rate.max_connections}
    log.record(log.HOUSE, act, user_id=user_id, kind="domain", object_id=rate.id, details=details)
