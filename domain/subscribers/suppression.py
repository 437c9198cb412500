"""The Robinson list of a tenant: addresses nobody may mail, in clear or as keyed hash."""

from collections.abc import Iterable
from datetime import datetime

from peewee import IntegrityError

from domain import clock
from domain.audit import log
from domain.db import database
from domain.subscribers import addresses
from domain.subscribers.models import Suppression


def is_suppressed(tenant_id: int, key: str) -> bool:
    """Whether the address may not be mailed now."""
    return bool(_entries(tenant_id, [key]))


def stopped(tenant_id: int, keys: Iterable[str]) -> set[str]:
    """Those of `keys` that may not be mailed now."""
    return set(_entries(tenant_id, keys))


def recognise(tenant_id: int, key: str) -> None:
    """An address came (back) to the house: an entry that an erasure left as a hash only gets its address again,
    since the audience is computed by address, set-wise."""
    for row in _entries(tenant_id, [key]).values():
        if row.address_key is None:
            row.address_key = key
            row.save()


def _entries(tenant_id: int, keys: Iterable[str]) -> dict[str, Suppression]:
    by_hash = {addresses.hash_of(key, tenant_id): key for key in keys}
    rows = Suppression.select().where(
        Suppression.tenant_id == tenant_id,
        Suppression.address_hash.in_(list(by_hash) or [""]),
        Suppression.until.is_null() | (Suppression.until > clock.now()),
    )
    return {by_hash[row.address_hash]: row for row in rows}


def add(
    tenant_id: int,
    address: str,
    reason: str,
    by_id: int | None = None,
    source: str = "manual",
    until: datetime | None = None,
) -> bool:
    """Put an address on the list; False if it stands there already. Raises BadAddress."""
    key = addresses.key_of(address)
    try:
        with database.atomic():
            Suppression.create(
                tenant_id=tenant_id, address_key=key, address_hash=addresses.hash_of(key, tenant_id),
                reason=reason[:300], source=source, by_id=by_id, until=until,
            )  # fmt: skip
            log.record(
                tenant_id, "suppression.add", user_id=by_id, kind="suppression", details={"reason": reason}
            )
    except IntegrityError:
        return False
    return True


def add_erased(tenant_id: int, key: str, reason: str, by_id: int | None = None) -> None:
    """Keep only the keyed hash of an erased address, so that it never comes back unseen."""
    digest = addresses.hash_of(key, tenant_id)
    query = Suppression.update(address_key=None).where(
        Suppression.tenant_id == tenant_id, Suppression.address_hash == digest
    )
    if not query.execute():
        Suppression.create(
            tenant_id=tenant_id, address_hash=digest, reason=reason[:300], source="erasure", by_id=by_id
        )


def entry(tenant_id: int, key: str) -> Suppression | None:
    """The entry that stops this address now."""
    return _entries(tenant_id, [key]).get(key)
