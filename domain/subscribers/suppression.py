"""The Robinson list of a tenant: addresses nobody may mail, in clear or as keyed hash."""

from datetime import datetime

from peewee import IntegrityError

from domain import clock
from domain.audit import log
from domain.db import database
from domain.subscribers import addresses
from domain.subscribers.models import Suppression


def is_suppressed(tenant_id: int, key: str) -> bool:
    """Whether the address may not be mailed now."""
    return (
        Suppression.select()
        .where(
            Suppression.tenant_id == tenant_id,
            Suppression.address_hash == addresses.hash_of(key, tenant_id),
            Suppression.until.is_null() | (Suppression.until > clock.now()),
        )
        .exists()
    )


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
