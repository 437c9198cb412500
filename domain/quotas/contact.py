"""The contact cap: at most so many mails to one address within some days, over all tenants and within one.

An address is known here by a keyed hash alone, and a refusal says no more than that: no tenant learns who else
has written to somebody. Rows are locked in the order of their hashes.
"""

import json
from collections.abc import Sequence
from typing import Any

from domain import tokens
from domain.db import database, is_postgres, sql
from domain.errors import N_, Invalid
from domain.quotas.models import HOUSE, ContactCap, ContactCounter

DAY_S = 86_400
MOST_DAYS = 90
_PURPOSE = "contact-cap"


def caps(tenant_id: int) -> list[ContactCap]:
    """The caps that hold for a tenant's mails, that of the house first."""
    query = ContactCap.select().where(ContactCap.tenant_id.in_([HOUSE, tenant_id]))
    return list(query.order_by(ContactCap.tenant_id))


def cap_of(tenant_id: int) -> ContactCap | None:
    """The cap that a tenant (or the house: HOUSE) has set."""
    return ContactCap.get_or_none(ContactCap.tenant_id == tenant_id)


def set_cap(tenant_id: int, most: int | None, days: int | None) -> None:
    """At most `most` mails in `days` days; both None: no cap. Raises Invalid (most, days)."""
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    if (most is None) != (days is None):
        wrong["days" if days is None else "most"] = N_("Fill in both numbers or neither.")
    if most is not None and not 1 <= most <= 1_000:
        wrong["most"] = N_("Enter a number from 1 to 1,000.")
    if days is not None and not 1 <= days <= MOST_DAYS:
        wrong["days"] = (N_("Enter a number of days from 1 to %(most)d."), {"most": MOST_DAYS})
    if wrong:
        raise Invalid(fields=wrong)
    with database.atomic():
        ContactCap.delete().where(ContactCap.tenant_id == tenant_id).execute()
        if most is not None and days is not None:
            ContactCap.create(tenant_id=tenant_id, most=most, days=days)


def day_of(epoch_s: int) -> int:
    """The day (UTC, since 1970) that a moment is counted in."""
    return epoch_s // DAY_S


def take(cap: ContactCap, hashes: Sequence[str], day: int) -> set[str]:
    """Count one mail for each address that has room; returns those. `hashes` are sorted and each there once."""
    if not hashes:
        return set()
    # the row of today is locked by the write; those of the days before do not rise any more
    statement = f"""INSERT INTO contact_counter (tenant_id, address_hash, day, used)
        SELECT ?, v.address_hash, ?, 1 FROM {_values()}
        WHERE (SELECT COALESCE(sum(c.used), 0) FROM contact_counter c WHERE c.tenant_id = ?
            AND c.address_hash = v.address_hash AND c.day > ? AND c.day < ?) < ?
        ORDER BY v.address_hash
        ON CONFLICT (tenant_id, address_hash, day) DO UPDATE SET used = contact_counter.used + 1
        WHERE contact_counter.used + (SELECT COALESCE(sum(c.used), 0) FROM contact_counter c
            WHERE c.tenant_id = excluded.tenant_id AND c.address_hash = excluded.address_hash
            AND c.day > ? AND c.day < excluded.day) < ?
        RETURNING address_hash"""  # noqa: S608
    first = day - cap.days
    values = [cap.tenant_id, day, _bound(hashes), cap.tenant_id, first, day, cap.most, first, cap.most]
    return {row[0] for row in database.execute_sql(sql(statement), values).fetchall()}


def full(cap: ContactCap, hashes: Sequence[str], day: int) -> set[str]:
    """Those of `hashes` that have no room left on `day`; counts nothing."""
    statement = f"""SELECT c.address_hash FROM contact_counter c JOIN {_values()} ON v.address_hash = c.address_hash
        WHERE c.tenant_id = ? AND c.day > ? AND c.day <= ?
        GROUP BY c.address_hash HAVING sum(c.used) >= ?"""  # noqa: S608
    values = [_bound(hashes), cap.tenant_id, day - cap.days, day, cap.most]
    return {row[0] for row in database.execute_sql(sql(statement), values).fetchall()}


def give_back(tenant_id: int, hashes: Sequence[str], day: int) -> None:
    """Take back what `take` counted on `day`; a hash may be there more than once."""
    for address_hash in sorted(hashes):
        ContactCounter.update(used=ContactCounter.used - 1).where(
            ContactCounter.tenant_id == tenant_id, ContactCounter.address_hash == address_hash,
            ContactCounter.day == day, ContactCounter.used > 0,
        ).execute()  # fmt: skip


def hash_of(address_key: str) -> str:
    """What stands for an address in the counters."""
    return tokens.keyed_hash(_PURPOSE, address_key)


def forget(before_day: int) -> int:
    """Delete counters that no cap can look at any more; returns how many."""
    return ContactCounter.delete().where(ContactCounter.day < before_day).execute()


def _values() -> str:
    if is_postgres():
        return "unnest(?::text[]) AS v(address_hash)"
    return "(SELECT value AS address_hash FROM json_each(?)) AS v"


def _bound(hashes: Sequence[str]) -> Any:
    return list(hashes) if is_postgres() else json.dumps(list(hashes))
