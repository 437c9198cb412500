"""In whose name a tenant may send: domains proved by a DNS record or vouched for by the house.

A tenant's mail leaves only from an address of a verified domain of its own. Two tenants may both have a domain,
each with a proof of its own.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from domain import clock, tokens
from domain.audit import log
from domain.db import database
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.senders.models import DkimKey, Proof, SenderDomain

KIND = "domain"  # of log entries
PROOF_LABEL = "_rundbrief"
UNVERIFIED = N_("%(domain)s is no verified sender domain of this tenant. Ask an administrator to add it.")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
_WRONG = N_("Write the domain like example.org.")


def ascii_form(text: str) -> str:
    """The domain as DNS and mails have it: lower case, A-labels. Raises Invalid (field `domain`)."""
    plain = unicodedata.normalize("NFKC", text.strip().lower().replace("\u3002", ".")).removesuffix(".")
    try:
        labels = [
            label if label.isascii() else "xn--" + label.encode("punycode").decode()
            for label in plain.split(".")
        ]
    except UnicodeError:
        labels = []
    joined = ".".join(labels)
    if len(labels) < 2 or len(joined) > 200 or not all(map(_LABEL.match, labels)) or labels[-1].isdigit():
        raise Invalid(fields={"domain": _WRONG})
    return joined


def domain_of(address: str) -> str:
    """The domain of an address in its ASCII form; "" if it has none."""
    try:
        return ascii_form(address.rpartition("@")[2])
    except Invalid:
        return ""


def may_send_as(tenant_id: int, domain: str) -> bool:
    """Whether the tenant may send as `domain` (any form): proved by DNS or vouched for."""
    try:
        forms = {ascii_form(domain), domain.casefold()}  # older rows may hold Unicode
    except Invalid:
        return False
    return (
        SenderDomain.select()
        .where(
            SenderDomain.tenant_id == tenant_id,
            SenderDomain.domain.in_(forms),
            SenderDomain.verified_at.is_null(False),
        )
        .exists()
    )


def of_tenant(tenant_id: int) -> list[SenderDomain]:
    """By name."""
    return list(
        SenderDomain.select().where(SenderDomain.tenant_id == tenant_id).order_by(SenderDomain.domain)
    )


def get(tenant_id: int, domain_id: int) -> SenderDomain:
    """A domain of the tenant; raises NotFound."""
    found = SenderDomain.get_or_none(SenderDomain.tenant_id == tenant_id, SenderDomain.id == domain_id)
    if found is None:
        raise NotFound
    return found


def add(tenant_id: int, text: str, user_id: int) -> SenderDomain:
    """A domain that is not verified yet. Raises Invalid (field `domain`)."""
    name = ascii_form(text)
    with database.atomic():
        if (
            SenderDomain.select()
            .where(SenderDomain.tenant_id == tenant_id, SenderDomain.domain == name)
            .exists()
        ):
            raise Invalid(fields={"domain": (N_("%(domain)s is already in the list."), {"domain": name})})
        made = SenderDomain.create(tenant_id=tenant_id, domain=name, proof=Proof.DNS, asked_at=clock.now())
        _log(made, "sender.add", user_id)
    return made


def vouch(domain: SenderDomain, user_id: int, reason: str) -> None:
    """An administrator of the installation answers for it; the reason stays in the log."""
    if not reason.strip():
        raise Invalid(
            fields={
                "reason": N_(
                    "Say why this domain may be used, for example “DNS checked on the phone with IT”."
                )
            }
        )
    with database.atomic():
        _verify(domain, Proof.VOUCHED, verified_by_id=user_id, reason=reason.strip()[:300])
        _log(domain, "sender.vouch", user_id, reason=reason.strip()[:300])


def proved(domain: SenderDomain) -> None:
    """DNS shows a record that only the owner of the domain can have put there."""
    if domain.verified_at is not None:
        return
    with database.atomic():
        _verify(domain, Proof.DNS, verified_by_id=None, reason="")
        _log(domain, "sender.proved", None)


def withdraw(domain: SenderDomain, user_id: int) -> None:
    """The tenant may no longer send as this domain; its keys are gone for good."""
    with database.atomic():
        DkimKey.delete().where(
            DkimKey.tenant_id == domain.tenant_id, DkimKey.domain_id == domain.id
        ).execute()
        SenderDomain.delete().where(
            SenderDomain.tenant_id == domain.tenant_id, SenderDomain.id == domain.id
        ).execute()
        _log(domain, "sender.withdraw", user_id)


def proof_record(domain: SenderDomain) -> tuple[str, str]:
    """(name, value) of the TXT record that proves the domain for this tenant."""
    mark = tokens.keyed_hash("sender-proof", f"{domain.tenant_id}:{domain.domain}")[:32]
    return f"{PROOF_LABEL}.{domain.domain}", f"rundbrief-verify={mark}"


def unverified(pairs: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those of (tenant id, address) whose domain is not verified. Crosses tenants: the dispatcher asks for all."""
    asked = set(pairs)
    rows = SenderDomain.select(SenderDomain.tenant_id, SenderDomain.domain).where(
        SenderDomain.tenant_id.in_({tenant_id for tenant_id, _ in asked} or {0}),
        SenderDomain.verified_at.is_null(False),
    )
    known = set(rows.tuples())
    return {
        (tenant_id, address)
        for tenant_id, address in asked
        if not {(tenant_id, domain_of(address)), (tenant_id, address.rpartition("@")[2].casefold())} & known
    }


def _verify(domain: SenderDomain, proof: Proof, **values: Any) -> None:
    domain.verified_at, domain.proof = clock.now(), proof
    for name, value in values.items():
        setattr(domain, name, value)
    changed = SenderDomain.update(
        verified_at=domain.verified_at, proof=proof, **values
    ).where(SenderDomain.tenant_id == domain.tenant_id, SenderDomain.id == domain.id)  # fmt: skip
    if not changed.execute():
        raise Conflict(N_("This domain was removed meanwhile."))


def _log(domain: SenderDomain, act: str, user_id: int | None, **details: Any) -> None:
    details["domain"] = domain.domain
    log.record(domain.tenant_id, act, user_id=user_id, kind=KIND, object_id=domain.id, details=details)
