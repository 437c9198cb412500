"""The life of a tenant after its founding: state, test, host name, and deletion after a waiting time."""

import re
from datetime import timedelta

from domain import clock
from domain.audit import log
from domain.db import database
from domain.errors import N_, Conflict, Invalid
from domain.tenancy import tree
from domain.tenancy.models import Tenant, TenantStatus

WAITING = timedelta(days=30)
IN_BOTH_LOGS = ("tenant.delete", "tenant.keep", "tenant.move", "tenant.status")
_HOST = re.compile(r"(?=.{4,253}\Z)([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}\Z")


def set_status(tenant: Tenant, wanted: str, user_id: int) -> None:
    """Raises Invalid for a word that is no state, Conflict for a tenant that is to be deleted."""
    if wanted not in set(TenantStatus):
        raise Invalid(N_("Choose one of the states."))
    if tenant.delete_at is not None:
        raise Conflict(N_("This tenant is to be deleted. Take that back first."))
    if wanted != tenant.status:
        _change(tenant, user_id, "tenant.status", status=wanted)


def set_kind(tenant: Tenant, is_test: bool, is_blueprint: bool, user_id: int) -> None:
    """A test tenant does everything but send; a blueprint is what new tenants begin as."""
    for name, wanted in (("is_test", is_test), ("is_blueprint", is_blueprint)):
        if getattr(tenant, name) != wanted:
            _change(tenant, user_id, f"tenant.{name[3:]}", **{name: wanted})


def set_host(tenant: Tenant, host: str, public_host: str, user_id: int) -> None:
    """The tenant's own host name, empty: none. Raises Invalid (host) for one that is taken or cannot be one."""
    host = host.strip().casefold().rstrip(".")
    if host and not _HOST.match(host):
        raise Invalid(
            fields={"host": N_("Write the host name like news.example.org, without https:// and path.")}
        )
    taken = Tenant.select().where(Tenant.host == host, Tenant.id != tenant.id).exists()
    if host and (host == public_host or taken):
        raise Invalid(fields={"host": N_("This host name is taken.")})
    if (host or None) != tenant.host:
        _change(tenant, user_id, "tenant.host", host=host or None)


def move(tenant: Tenant, parent_id: int | None, user_id: int) -> None:
    """Below another tenant (None: a head office), with all that stands below it. Raises Conflict for a ring."""
    if parent_id is not None and parent_id in tree.subtree([tenant.id]):
        raise Conflict(N_("A tenant cannot stand below itself. Choose another place."))
    if parent_id != tenant.parent_id:
        _change(tenant, user_id, "tenant.move", parent_id=parent_id)


def plan_deletion(tenant: Tenant, typed: str, user_id: int) -> None:
    """Block the tenant now and delete everything of it after the waiting time. Raises Invalid, Conflict."""
    if typed.strip() != tenant.slug:
        raise Invalid(N_("Type the short name of the tenant to confirm that you mean this one."))
    if Tenant.select().where(Tenant.parent_id == tenant.id).exists():
        raise Conflict(N_("There are tenants below this one. Move or delete them first."))
    if tenant.delete_at is None:
        _change(
            tenant,
            user_id,
            "tenant.delete",
            delete_at=clock.now() + WAITING,
            status=TenantStatus.BLOCKED.value,
        )


def keep(tenant: Tenant, user_id: int) -> None:
    """Take the deletion back; the tenant stays blocked until somebody opens it."""
    if tenant.delete_at is not None:
        _change(tenant, user_id, "tenant.keep", delete_at=None)


def due_for_deletion() -> list[Tenant]:
    """Tenants whose waiting time is over."""
    return list(Tenant.select().where(Tenant.delete_at <= clock.now(), Tenant.status == TenantStatus.BLOCKED))


def _change(tenant: Tenant, user_id: int, act: str, **values: object) -> None:
    with database.atomic():
        before = {key: _plain(getattr(tenant, key)) for key in values}
        for key, value in values.items():
            setattr(tenant, key, value)
        tenant.save()
        after = {key: _plain(value) for key, value in values.items()}
        details: dict[str, object] = (
            {"before": before["status"], "after": after["status"]}
            if act == "tenant.status"
            else {"before": before, "after": after}
        )
        for where in {tenant.id, log.HOUSE} if act in IN_BOTH_LOGS else {tenant.id}:
            log.record(where, act, user_id=user_id, kind="tenant", object_id=tenant.id, details=details)


def _plain(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value
