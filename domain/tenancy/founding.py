"""Found a tenant."""

from domain.audit import log
from domain.db import database
from domain.errors import N_, Invalid
from domain.tenancy import tree
from domain.tenancy.models import Tenant


def found(name: str, slug: str = "", parent_id: int | None = None, user_id: int | None = None) -> Tenant:
    """A new tenant; raises Invalid (name, slug)."""
    name = " ".join(name.split())[:120]
    if not name:
        raise Invalid(fields={"name": N_("Enter the name.")})
    with database.atomic():
        tenant = Tenant.create(
            name=name, slug=tree.check_slug(slug.strip() or tree.slug_of(name)), parent_id=parent_id
        )
        for where in (tenant.id, log.HOUSE):
            log.record(
                where,
                "tenant.found",
                user_id=user_id,
                kind="tenant",
                object_id=tenant.id,
                details={"name": name},
            )
        return tenant
