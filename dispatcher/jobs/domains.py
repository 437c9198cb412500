"""Looks at sender domains: when somebody asks, and once a day; whoever looks after them hears when a line turns red."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog

from dispatcher import senders
from dispatcher.housemail import letterhead
from domain import clock, db
from domain.accounts import policy
from domain.accounts.permissions import Permission
from domain.db import unscoped
from domain.errors import N_
from domain.notices import bell
from domain.senders import domains, findings, keys
from domain.senders.models import SenderDomain
from domain.tenancy import tree
from domain.tenancy.models import Tenant, TenantStatus

log = structlog.get_logger()
TEXTS = {
    "de": (
        "%(domain)s: %(rules)s nicht mehr in Ordnung",
        (
            "Guten Tag, %(name)s,\n\nbei der Absender-Domain %(domain)s war bis eben alles grün, jetzt nicht mehr: "
            "%(rules)s.\n\nWas zu tun ist, steht hier:\n%(link)s\n"
        ),
    ),
    "en": (
        "%(domain)s: %(rules)s no longer in order",
        (
            "Hello %(name)s,\n\nsomething about the sender domain %(domain)s was green and no longer is: %(rules)s.\n\n"
            "What to do is written here:\n%(link)s\n"
        ),
    ),
}


def run(domain_id: int, settings: Any) -> None:
    """Look at one domain and store what was found; nothing if it was removed."""
    with db.connection():
        with unscoped("a domain is taken by its number; it names its tenant from there on"):
            domain = SenderDomain.get_or_none(SenderDomain.id == domain_id)
        if domain is not None:
            _look(domain, settings)


def _look(domain: SenderDomain, settings: Any) -> None:
    began = clock.now()
    found, shown = senders.look_at(domain, settings)
    with db.database.atomic():
        for key in keys.of_domain(domain):
            if key.id in shown:
                keys.seen(domain, key, shown[key.id])
        if found["proof"].light == findings.Light.OK and domain.verified_at is None:
            domains.proved(domain)
        turned = findings.keep(domain, found, began)
        if turned:
            _tell(domain, [rule.short for rule in turned], settings.public_url)
    log.info("sender domain looked at", domain=domain.domain, tenant=domain.tenant_id, turned=len(turned))


def _tell(domain: SenderDomain, rules: list[str], public_url: str) -> None:
    people = policy.people_with(Permission.SENDER_EDIT, domain.tenant_id)
    tenant = tree.get(domain.tenant_id)
    path = f"admin/senders/{domain.id}"
    bell.tell(
        tenant.id, [user.id for user in people], N_("%(domain)s: %(rules)s no longer in order."),
        {"domain": domain.domain, "rules": ", ".join(rules)}, path, mailed=True,
    )  # fmt: skip
    for user in people:
        subject, body = TEXTS.get(user.language, TEXTS["en"])
        values = {
            "name": user.name, "domain": domain.domain, "rules": ", ".join(rules),
            "link": f"{public_url.rstrip('/')}/t/{tenant.slug}/{path}",
        }  # fmt: skip
        letterhead.queue(
            "domain", tenant, to_address=user.email, to_name=user.name, subject=subject % values,
            plain=body % values, language=user.language,
        )  # fmt: skip


def sweep_for(settings: Any) -> Callable[[], None]:
    """Look at the domain that waits longest; one at a time, so that a silent name server keeps nobody else waiting."""

    def sweep_domains() -> None:
        closed = Tenant.select(Tenant.id).where(Tenant.is_demo | (Tenant.status != TenantStatus.ACTIVE))
        waiting = findings.due({row[0] for row in closed.tuples()})
        if waiting:
            run(waiting[0], settings)

    return sweep_domains
