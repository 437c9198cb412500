"""Write the log in the transaction of the act, and check that nobody changed it."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from domain import clock
from domain.audit import origin
from domain.audit.models import AuditEntry
from domain.db import database, is_postgres, unscoped

HOUSE = 0  # tenant id of acts that concern the installation
_LOCK = 0x52424C47  # of the chains, among PostgreSQL's advisory locks


class Head(NamedTuple):
    """The end of a chain: how many entries it has, and the hash of the last one."""

    tenant_id: int
    number: int
    hash: str


class Break(NamedTuple):
    """Where a chain does not fit: the number of the entry, or one behind the last for a chain that was cut."""

    tenant_id: int
    number: int


def record(
    tenant_id: int,
    act: str,
    *,
    user_id: int | None = None,
    kind: str = "",
    object_id: int | None = None,
    details: dict[str, Any] | None = None,
    address: str = "",
    reference: str = "",
) -> AuditEntry:
    """Append one act to the tenant's chain; rolls back with the caller's transaction. Address, reference and in
    whose place the person acts come from the request (domain.audit.origin) if they are not given."""
    came = origin.current()
    with database.atomic():
        _hold(tenant_id)
        last = (
            AuditEntry.select(AuditEntry.number, AuditEntry.hash)
            .where(AuditEntry.tenant_id == tenant_id)
            .order_by(AuditEntry.number.desc())
            .first()
        )
        entry = AuditEntry(
            tenant_id=tenant_id, number=last.number + 1 if last else 1, at=clock.now(), user_id=user_id,
            address=(address or came.address)[:45], as_whom=came.as_whom, act=act, kind=kind, object_id=object_id,
            details=_plain(details), reference=origin.one_line(reference or came.reference()),
            previous=last.hash if last else "",
        )  # fmt: skip
        entry.hash = _hash(entry)
        entry.save(force_insert=True)
        return entry


def verify(tenant_id: int, known: Head | None = None) -> int | None:
    """None when the tenant's chain is whole, else the number of the first entry that does not fit. `known`: its
    end as somebody has kept it elsewhere; a chain that was cut or written anew behind it is found out by it."""
    previous, expected = "", 1
    for entry in (
        AuditEntry.select().where(AuditEntry.tenant_id == tenant_id).order_by(AuditEntry.number).iterator()
    ):
        if entry.number != expected or entry.previous != previous or entry.hash != _hash(entry):
            return expected
        if known and known.number == entry.number and known.hash != entry.hash:
            return expected
        previous, expected = entry.hash, expected + 1
    return expected if known and known.number >= expected else None


@unscoped("the chains of all tenants are checked one by one")
def heads() -> list[Head]:
    """The end of every chain, to be kept where nobody can change it together with the database."""
    rows = AuditEntry.select(AuditEntry.tenant_id).distinct().order_by(AuditEntry.tenant_id)
    return [_head(tenant_id) for (tenant_id,) in rows.tuples()]


def broken(known: dict[int, Head]) -> Iterator[Break]:
    """Every chain that does not fit, also one of `known` that is gone altogether."""
    there = {head.tenant_id for head in heads()}
    for tenant_id in sorted(there | set(known)):
        number = verify(tenant_id, known.get(tenant_id))
        if number is not None:
            yield Break(tenant_id, number)


def _head(tenant_id: int) -> Head:
    last = AuditEntry.select(AuditEntry.number, AuditEntry.hash).where(AuditEntry.tenant_id == tenant_id)
    number, digest = last.order_by(AuditEntry.number.desc()).tuples().first()
    return Head(tenant_id, number, digest)


def _plain(details: dict[str, Any] | None) -> dict[str, Any]:
    """As it will be read again, so that the hash of today is the hash of tomorrow."""
    return dict(json.loads(json.dumps(details or {}, default=str)))


def _hold(tenant_id: int) -> None:
    """Until the end of the transaction nobody else appends to this chain. SQLite has one writer anyway."""
    if is_postgres():
        database.execute_sql("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, tenant_id])


def _hash(entry: AuditEntry) -> str:
    """Over everything the entry says; what came into the table later counts only where it is filled, so that
    older entries keep their hash."""
    said = [
        entry.tenant_id, entry.number, int(entry.at.timestamp()), entry.user_id, entry.address, entry.act,
        entry.kind, entry.object_id, entry.details, entry.previous,
    ]  # fmt: skip
    if entry.as_whom or entry.reference:
        said += [entry.as_whom, entry.reference]
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
