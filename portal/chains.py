"""`rundbrief audit`: check the hash chains of all logs, and print their ends to keep elsewhere."""

import json
import sys
from pathlib import Path

from domain.audit import log
from domain.audit.log import Head
from domain.db import connection, unscoped
from domain.tenancy.models import Tenant


def verify(against: str | None) -> int:
    """One line per chain that does not fit, then a summary; 0 when all are whole."""
    try:
        known = _read(Path(against)) if against else {}
    except (OSError, ValueError, TypeError, KeyError) as error:
        print(f"rundbrief: {against} is not what `rundbrief audit heads` prints ({error}).", file=sys.stderr)
        return 2
    with connection(), unscoped("the chains of all tenants are checked one by one"):
        names = dict(Tenant.select(Tenant.id, Tenant.slug).tuples())
        found = list(log.broken(known))
        ends = log.heads()
    for tenant_id, number in found:
        where = (
            "the installation"
            if tenant_id == log.HOUSE
            else names.get(tenant_id, f"tenant {tenant_id}, gone")
        )
        print(f"BROKEN  {where}: entry {number} does not fit. It or one before it was changed or removed.")
    entries = sum(head.number for head in ends)
    print(f"{len(ends)} logs, {entries} entries, {len(found)} broken.")
    return 1 if found else 0


def heads() -> int:
    """JSON, one chain in a line: tenant, number of the last entry, its hash."""
    with connection():
        for head in log.heads():
            print(json.dumps(head._asdict()))
    return 0


def _read(path: Path) -> dict[int, Head]:
    found = (Head(**json.loads(line)) for line in path.read_text().splitlines() if line.strip())
    return {head.tenant_id: head for head in found}
