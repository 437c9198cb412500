"""The head office's Robinson list holds where it is released: asked by address, so that nobody learns whose it is."""

from domain.releases import ledger
from domain.tenancy.models import Tenant


def holding(tenant: Tenant) -> tuple[int, ...]:
    """Ids of other tenants whose Robinson lists hold in this one."""
    return tuple(ledger.givers(tenant, "robinson"))


def clause(givers: tuple[int, ...], key: str, now: int) -> str:
    """SQL that is true when the address `key` stands on one of those lists; empty without any. Numbers only."""
    if not givers:
        return ""
    ids = ", ".join(str(int(giver)) for giver in givers)
    return (
        f" OR EXISTS (SELECT 1 FROM suppression y WHERE y.tenant_id IN ({ids}) AND y.address_key = {key}"  # noqa: S608
        f" AND (y.until IS NULL OR y.until > {int(now)}))"
    )
