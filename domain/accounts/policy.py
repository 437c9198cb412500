"""Who may do what, where: read from memberships at every request, so that a withdrawn right is gone at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from peewee import fn

from domain import clock
from domain.accounts.models import Membership, Role, RolePermission, User
from domain.accounts.permissions import STARTERS, Permission
from domain.audit import log
from domain.db import database
from domain.errors import N_, Forbidden, NotFound
from domain.tenancy.models import Tenant, TenantStatus


@dataclass(frozen=True)
class Rights:
    """What a person may do in one tenant, and by which roles."""

    permissions: frozenset[Permission]
    role_ids: tuple[int, ...]

    def __contains__(self, permission: Permission) -> bool:
        return permission in self.permissions


NOTHING = Rights(frozenset(), ())


def rights_of(user: User, tenant_id: int) -> Rights:
    """All rights of `user` in the tenant, joined over the roles that have not ended."""
    role_ids = tuple(
        row[0]
        for row in Membership.select(Membership.role)
        .where(Membership.tenant_id == tenant_id, Membership.user == user, _in_force())
        .order_by(Membership.id)
        .tuples()
    )
    if not role_ids:
        return NOTHING
    words = RolePermission.select(RolePermission.permission).where(RolePermission.role.in_(role_ids)).tuples()
    known = {word for (word,) in words}
    return Rights(frozenset(p for p in Permission if p.value in known), role_ids)


def tenants_of(user: User) -> list[Tenant]:
    """The tenants in which `user` holds a role and people may sign in, by name."""
    mine = Membership.select(Membership.tenant_id).where(Membership.user == user, _in_force())
    closed = (TenantStatus.NO_SIGN_IN, TenantStatus.BLOCKED)
    return list(
        Tenant.select().where(Tenant.id.in_(mine), Tenant.status.not_in(closed)).order_by(Tenant.name)
    )


def people_with(permission: Permission, tenant_id: int) -> list[User]:
    """Active people who hold `permission` in the tenant, by name."""
    query = (
        User.select()
        .join(Membership)
        .join(RolePermission, on=(RolePermission.role == Membership.role))
        .where(
            Membership.tenant_id == tenant_id,
            RolePermission.permission == permission,
            User.active,
            _in_force(),
        )
        .distinct()
        .order_by(User.name)
    )
    return list(query)


def names(user_ids: Iterable[int | None]) -> dict[int, str]:
    """Id → name for showing who did something."""
    wanted = {user_id for user_id in user_ids if user_id}
    return dict(User.select(User.id, User.name).where(User.id.in_(wanted)).tuples()) if wanted else {}


def roles_for(tenant_id: int) -> list[Role]:
    """The central roles and the tenant's own, by name."""
    query = Role.select().where((Role.tenant_id == tenant_id) | Role.tenant_id.is_null())
    return list(query.order_by(fn.COALESCE(Role.tenant_id, 0), Role.id))


def role_for(tenant_id: int, role_id: int) -> Role:
    """A role usable in the tenant; raises NotFound."""
    role = Role.get_or_none((Role.id == role_id) & ((Role.tenant_id == tenant_id) | Role.tenant_id.is_null()))
    if role is None:
        raise NotFound
    return role


def permissions_of(role_id: int) -> frozenset[Permission]:
    known = {
        word
        for (word,) in RolePermission.select(RolePermission.permission)
        .where(RolePermission.role == role_id)
        .tuples()
    }
    return frozenset(p for p in Permission if p.value in known)


def set_permissions(
    role: Role, wanted: frozenset[Permission], actor: User, actor_rights: Rights, tenant_id: int
) -> None:
    """Give a role exactly `wanted`. Nobody grants a right that he does not hold: raises Forbidden."""
    with database.atomic():
        before = permissions_of(role.id)
        if not (wanted - before) <= actor_rights.permissions:
            raise Forbidden(N_("You cannot grant a right that you do not hold yourself."))
        RolePermission.delete().where(RolePermission.role == role).execute()
        if wanted:
            RolePermission.insert_many(
                [(role.id, p.value) for p in sorted(wanted)], [RolePermission.role, RolePermission.permission]
            ).execute()
        log.record(
            tenant_id, "role.permissions", user_id=actor.id, kind="role", object_id=role.id,
            details={"before": sorted(before), "after": sorted(wanted)},
        )  # fmt: skip


def ensure_starters() -> dict[str, Role]:
    """The central starter roles, made if they are missing; key → role."""
    made = {
        role.starter: role
        for role in Role.select().where(Role.tenant_id.is_null(), Role.starter.is_null(False))
    }
    for key, (name, permissions) in STARTERS.items():
        if key not in made:
            made[key] = Role.create(tenant_id=None, name=name, starter=key)
            rows = [(made[key].id, p.value) for p in sorted(permissions)]
            RolePermission.insert_many(rows, [RolePermission.role, RolePermission.permission]).execute()
    return made


def _in_force():  # type: ignore[no-untyped-def]
    return Membership.until.is_null() | (Membership.until > clock.now())
