"""Write the log in the transaction of the act, and check that nobody changed it."""

import hashlib
import json
from typing import Any

from domain import clock
from domain.audit.models import AuditEntry
from domain.db import database

HOUSE = 0  # tenant id of acts that concern the installation


def record(
    tenant_id: int,
    act: str,
    *,
    user_id: int | None = None,
    kind: str = "",
    object_id: int | None = None,
    details: dict[str, Any] | None = None,
    address: str = "",
) -> AuditEntry:
    """Append one act to the tenant's chain; rolls back with the caller's transaction."""
    with database.atomic():
        last = (
            AuditEntry.select(AuditEntry.number, AuditEntry.hash)
            .where(AuditEntry.tenant_id == tenant_id)
            .order_by(AuditEntry.number.desc())
            .first()
        )
        entry = AuditEntry(
            tenant_id=tenant_id, number=last.number + 1 if last else 1, at=clock.now(), user_id=user_id,
            address=address[:45], act=act, kind=kind, object_id=object_id, details=details or {},
            previous=last.hash if last else "",
        )  # fmt: skip
        entry.hash = _hash(entry)
        entry.save(force_insert=True)
        return entry


def verify(tenant_id: int) -> int | None:
    """None when the tenant's chain is whole, else the number of the first entry that does not fit."""
    previous, expected = "", 1
    for entry in (
        AuditEntry.select().where(AuditEntry.tenant_id == tenant_id).order_by(AuditEntry.number).iterator()
    ):
        if entry.number != expected or entry.previous != previous or entry.hash != _hash(entry):
            return expected
        previous, expected = entry.hash, expected + 1
    return None


def _hash(entry: AuditEntry) -> str:
    said = [
        entry.tenant_id, entry.number, int(entry.at.timestamp()), entry.user_id, entry.address, entry.act,
        entry.kind, entry.object_id, entry.details, entry.previous,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
