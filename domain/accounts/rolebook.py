"""Roles as they stand: which there are, what they allow and forbid, who holds them."""

from collections.abc import Iterable
from typing import Any

from peewee import fn

from domain import clock
from domain.accounts.models import Membership, Role, RolePermission, User
from domain.accounts.permissions import SENDS, STARTERS, Permission
from domain.db import unscoped
from domain.errors import NotFound


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
    """The rights of one role."""
    return permissions_by_role([role_id])[role_id]


def permissions_by_role(role_ids: Iterable[int]) -> dict[int, frozenset[Permission]]:
    """Role id → its rights, for all of `role_ids` at once."""
    return _by_role(role_ids, denied=False)


def forbidden_by_role(role_ids: Iterable[int]) -> dict[int, frozenset[Permission]]:
    """Role id → what it forbids, also when another role of the person allows it."""
    return _by_role(role_ids, denied=True)


def _by_role(role_ids: Iterable[int], denied: bool) -> dict[int, frozenset[Permission]]:
    words: dict[int, set[str]] = {role_id: set() for role_id in role_ids}
    rows = RolePermission.select(RolePermission.role, RolePermission.permission)
    wanted = RolePermission.role.in_(list(words) or [0]) & (RolePermission.denied == denied)
    for role_id, word in rows.where(wanted).tuples():
        words[role_id].add(word)
    return {role_id: frozenset(p for p in Permission if p.value in known) for role_id, known in words.items()}


def sending_roles(role_ids: Iterable[int]) -> set[int]:
    """Those of the roles by which mails go out: their limits count, those of the others say nothing."""
    rows = RolePermission.select(RolePermission.role).where(
        RolePermission.role.in_(list(role_ids) or [0]), ~RolePermission.denied,
        RolePermission.permission.in_([right.value for right in SENDS]),
    )  # fmt: skip
    return {role_id for (role_id,) in rows.distinct().tuples()}


def holders_by_role(tenant_id: int) -> dict[int, int]:
    """Role id → how many people hold it in the tenant now."""
    query = (
        Membership.select(Membership.role, fn.COUNT(Membership.id))
        .join(User)
        .where(Membership.tenant_id == tenant_id, User.active, in_force())
        .group_by(Membership.role)
    )
    return dict(query.tuples())


@unscoped("a central role is held in many tenants; only numbers leave")
def reach_of(role_id: int) -> tuple[int, int]:
    """(people, tenants) in which a role is held now; for the page of a central role, which changes all of them."""
    query = (
        Membership.select(fn.COUNT(Membership.user.distinct()), fn.COUNT(Membership.tenant_id.distinct()))
        .join(User)
        .where(Membership.role == role_id, User.active, in_force())
    )
    return query.tuples().get()


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


def in_force() -> Any:
    """That a membership has not ended."""
    return Membership.until.is_null() | (Membership.until > clock.now())
