"""Make and change roles: nobody grants what he does not hold, and no tenant is left without keys."""

from collections.abc import Iterable

from domain.accounts import rolebook
from domain.accounts.models import Membership, Role, RolePermission, User
from domain.accounts.permissions import Permission
from domain.accounts.policy import Rights
from domain.audit import log
from domain.db import database, unscoped
from domain.errors import N_, Conflict, Forbidden, Invalid


def rename(role: Role, name: str, actor: User, tenant_id: int) -> None:
    """Another name for a role; a starter that is renamed is no longer translated. Raises Invalid (field `name`)."""
    name = role_name(name)
    if name == role.name:
        return
    with database.atomic():
        before, role.name, role.starter = role.name, name, None
        role.save()
        _log_role(role, "role.rename", actor, tenant_id, {"before": before, "after": name})


def create_role(tenant_id: int, name: str, actor: User, everywhere: bool = False) -> Role:
    """A role of the tenant, still without rights; `everywhere`: of all tenants. Raises Invalid (field `name`)."""
    name, owner = role_name(name), None if everywhere else tenant_id
    if (
        Role.select()
        .where(Role.tenant_id.is_null() if everywhere else Role.tenant_id == owner, Role.name == name)
        .exists()
    ):
        raise Invalid(fields={"name": N_("There is a role with this name already.")})
    with database.atomic():
        role = Role.create(tenant_id=owner, name=name)
        _log_role(role, "role.create", actor, tenant_id, {"name": name})
    return role


def delete_role(role: Role, actor: User, tenant_id: int) -> None:
    """Take away a role that nobody holds. The caller has asked what else names it."""
    with database.atomic():
        rights = sorted(rolebook.permissions_of(role.id))
        _log_role(role, "role.delete", actor, tenant_id, {"name": role.name, "before": rights, "after": []})
        role.delete_instance()


def _log_role(role: Role, act: str, actor: User, tenant_id: int, details: dict[str, object]) -> None:
    """In the log of the tenant where it was done; for a role of all tenants in that of the house, too."""
    for where in [tenant_id] if role.tenant_id else [tenant_id, log.HOUSE]:
        log.record(where, act, user_id=actor.id, kind="role", object_id=role.id, details=details)


def role_name(text: str) -> str:
    """`text` as the name of a role; raises Invalid (field `name`)."""
    name = " ".join(text.split())
    if not name or len(name) > 80 or any(ord(c) < 32 for c in name):
        raise Invalid(fields={"name": N_("Enter a name of at most 80 characters.")})
    return name


def set_permissions(
    role: Role,
    wanted: frozenset[Permission],
    actor: User,
    actor_rights: Rights,
    tenant_id: int,
    forbidden: frozenset[Permission] | None = None,
) -> None:
    """Give a role exactly `wanted`, and let it forbid exactly `forbidden` (None: as before). Nobody grants a right
    that he does not hold, nor lifts what forbids it: raises Forbidden."""
    with database.atomic():
        before, refused = rolebook.permissions_of(role.id), rolebook.forbidden_by_role([role.id])[role.id]
        forbidden = refused if forbidden is None else forbidden
        wanted -= forbidden
        if wanted == before and forbidden == refused:
            return
        if not ((wanted - before) | (refused - forbidden)) <= actor_rights.permissions:
            raise Forbidden(N_("You cannot grant a right that you do not hold yourself."))
        concerned = _tenants_with(role) | {tenant_id}
        keepers = kept(concerned)
        RolePermission.delete().where(RolePermission.role == role).execute()
        rows = [(role.id, p.value, False) for p in sorted(wanted)]
        rows += [(role.id, p.value, True) for p in sorted(forbidden)]
        if rows:
            columns = [RolePermission.role, RolePermission.permission, RolePermission.denied]
            RolePermission.insert_many(rows, columns).execute()
        refuse_lockout(concerned, keepers)
        _log_role(
            role, "role.permissions", actor, tenant_id,
            {"before": sorted(before), "after": sorted(wanted), "forbade": sorted(refused),
             "forbids": sorted(forbidden)},
        )  # fmt: skip


KEYS = (
    Permission.USER_EDIT,
    Permission.ROLE_EDIT,
)  # without a holder of these nobody could let people in again


def kept(tenant_ids: Iterable[int]) -> set[tuple[int, str]]:
    """(tenant, key right) pairs that somebody active holds without an end date."""
    query = (
        Membership.select(
            Membership.tenant_id, Membership.user, RolePermission.permission, RolePermission.denied
        )
        .join(User)
        .switch(Membership)
        .join(RolePermission, on=(RolePermission.role == Membership.role))
        .where(
            Membership.tenant_id.in_(list(tenant_ids)),
            RolePermission.permission.in_([key.value for key in KEYS]),
            User.active,
            Membership.until.is_null(),
            Membership.release_id.is_null(),  # who is lent may be called back at any time
        )
        .distinct()
    )
    rows = set(query.tuples())
    refused = {(tenant_id, user_id, word) for tenant_id, user_id, word, denied in rows if denied}
    return {
        (t, word) for t, user_id, word, denied in rows if not denied and (t, user_id, word) not in refused
    }


def refuse_lockout(tenant_ids: Iterable[int], before: set[tuple[int, str]]) -> None:
    """Raise Conflict if a change has left a tenant of `before` without anybody who administers people and roles."""
    if before - kept(tenant_ids):
        raise Conflict(N_("Somebody without an end date must be left who administers people and roles here."))


@unscoped("a changed central role must leave no tenant without keys")
def _tenants_with(role: Role) -> set[int]:
    query = Membership.select(Membership.tenant_id).where(Membership.role == role).distinct()
    return {tenant_id for (tenant_id,) in query.tuples()}
