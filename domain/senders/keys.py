"""DKIM keys of a sender domain: made waiting, switched on once DNS shows them, followed by others."""

from typing import Any

from domain import clock
from domain.audit import log
from domain.db import database
from domain.errors import N_, Conflict, NotFound
from domain.senders import sealing
from domain.senders.domains import KIND
from domain.senders.models import DkimKey, KeyState, SenderDomain

ALGORITHMS = ("rsa", "ed25519")
KEYS_MAX = 8  # of a domain; more only confuse
_STRING_BYTES = 255  # of one character-string in a TXT record, RFC 1035 3.3


def context(tenant_id: int, name: str) -> str:
    """What a private key of a domain is sealed for."""
    return f"dkim:{tenant_id}:{name}"


def of_domain(domain: SenderDomain) -> list[DkimKey]:
    """Newest first."""
    query = DkimKey.select().where(DkimKey.tenant_id == domain.tenant_id, DkimKey.domain_id == domain.id)
    return list(query.order_by(DkimKey.id.desc()))


def active_of(tenant_id: int, name: str) -> list[DkimKey]:
    """The keys that sign mails of the tenant from `name` (ASCII form), RSA first: most receivers know only that."""
    query = (
        DkimKey.select()
        .join(SenderDomain, on=(SenderDomain.id == DkimKey.domain_id))
        .where(
            DkimKey.tenant_id == tenant_id,
            SenderDomain.tenant_id == tenant_id,
            SenderDomain.domain == name,
            DkimKey.state == KeyState.ACTIVE,
        )
    )
    return list(query.order_by(DkimKey.algorithm.desc(), DkimKey.id))


def get(domain: SenderDomain, key_id: int) -> DkimKey:
    """A key of the domain; raises NotFound."""
    found = DkimKey.get_or_none(
        DkimKey.tenant_id == domain.tenant_id, DkimKey.domain_id == domain.id, DkimKey.id == key_id
    )
    if found is None:
        raise NotFound
    return found


def add(domain: SenderDomain, algorithm: str, private: str, public: str, user_id: int) -> DkimKey:
    """Keep a new pair, waiting for its record; `private` (PKCS#8 in base64) is sealed here and never shown."""
    if algorithm not in ALGORITHMS:
        raise NotFound
    with database.atomic():
        known = of_domain(domain)
        if len(known) >= KEYS_MAX:
            raise Conflict(N_("This domain has many keys already. Remove one that is not in use."))
        made = DkimKey.create(
            tenant_id=domain.tenant_id, domain_id=domain.id, selector=_selector(algorithm, known),
            algorithm=algorithm, public=public, sealed=sealing.seal(private, context(domain.tenant_id, domain.domain)),
        )  # fmt: skip
        _log(domain, made, "dkim.make", user_id)
    return made


def record(domain: SenderDomain, key: DkimKey) -> tuple[str, str]:
    """(name, value) of the TXT record of a key."""
    return f"{key.selector}._domainkey.{domain.domain}", f"v=DKIM1; k={key.algorithm}; p={key.public}"


def split(value: str) -> str:
    """A TXT value as zone files have it: quoted strings of at most 255 characters."""
    pieces = [value[i : i + _STRING_BYTES] for i in range(0, len(value), _STRING_BYTES)]
    return " ".join(f'"{piece}"' for piece in pieces)


def switch_on(domain: SenderDomain, key: DkimKey, user_id: int) -> None:
    """Sign with it from now on; the one that did so until now retires. Raises Conflict unless DNS shows it."""
    if key.seen_at is None:
        raise Conflict(
            N_("DNS does not show the record of this key yet. Enter it, look again, then switch it on.")
        )
    now = clock.now()
    with database.atomic():
        DkimKey.update(state=KeyState.RETIRED, retired_at=now).where(
            DkimKey.tenant_id == domain.tenant_id, DkimKey.domain_id == domain.id,
            DkimKey.algorithm == key.algorithm, DkimKey.state == KeyState.ACTIVE, DkimKey.id != key.id,
        ).execute()  # fmt: skip
        _set(domain, key, state=KeyState.ACTIVE, active_at=now, retired_at=None)
        _log(domain, key, "dkim.on", user_id)


def switch_off(domain: SenderDomain, key: DkimKey, user_id: int) -> None:
    """Sign with it no more."""
    if key.state != KeyState.ACTIVE:
        return
    with database.atomic():
        _set(domain, key, state=KeyState.RETIRED, retired_at=clock.now())
        _log(domain, key, "dkim.off", user_id)


def remove(domain: SenderDomain, key: DkimKey, user_id: int) -> None:
    """Forget a key that does not sign; mails on their way need its record no more. Raises Conflict."""
    if key.state == KeyState.ACTIVE:
        raise Conflict(N_("This key signs mails. Switch it off or replace it first."))
    with database.atomic():
        DkimKey.delete().where(DkimKey.tenant_id == domain.tenant_id, DkimKey.id == key.id).execute()
        _log(domain, key, "dkim.remove", user_id)


def seen(domain: SenderDomain, key: DkimKey, is_there: bool) -> None:
    """Note whether DNS shows the record of a key."""
    if is_there != (key.seen_at is not None):
        _set(domain, key, seen_at=clock.now() if is_there else None)


def _selector(algorithm: str, known: list[DkimKey]) -> str:
    """rb261122, rb261122e, rb261122-2 …: says when it was made, and is not taken."""
    base = f"rb{clock.now():%y%m%d}" + ("e" if algorithm == "ed25519" else "")
    taken = {key.selector for key in known}
    return next(
        name for n in range(1, KEYS_MAX + 2) if (name := base if n == 1 else f"{base}-{n}") not in taken
    )


def _set(domain: SenderDomain, key: DkimKey, **values: Any) -> None:
    DkimKey.update(**values).where(
        DkimKey.tenant_id == domain.tenant_id, DkimKey.domain_id == domain.id, DkimKey.id == key.id
    ).execute()
    for name, value in values.items():
        setattr(key, name, value)


def _log(domain: SenderDomain, key: DkimKey, act: str, user_id: int) -> None:
    details = {"domain": domain.domain, "selector": key.selector}
    log.record(domain.tenant_id, act, user_id=user_id, kind=KIND, object_id=domain.id, details=details)
