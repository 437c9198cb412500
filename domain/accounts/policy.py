"""Who may do what, where: read from memberships at every request, so that a withdrawn right is gone at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from peewee import JOIN, fn

from domain.accounts import duties, rolebook
from domain.accounts.models import Membership, Role, RolePermission, SupportVisit, User
from domain.accounts.permissions import Permission
from domain.db import unscoped
from domain.tenancy.models import Tenant, TenantStatus


@dataclass(frozen=True)
class Rights:
    """What a person may do in one tenant, and by which roles."""

    permissions: frozenset[Permission]
    role_ids: tuple[int, ...]
    visit: SupportVisit | None = None  # only as support, for a limited time
    territory: tuple[int, ...] = ()  # nodes to whose people the person is bound; empty: to none
    held: tuple[
        tuple[int, str, str | None], ...
    ] = ()  # (id, name, starter) of the roles that memberships give
    has_duty: bool = True  # may administer or support other tenants; False spares the question which

    def __contains__(self, permission: Permission) -> bool:
        return permission in self.permissions


NOTHING = Rights(frozenset(), ())


def rights_of(user: User, tenant_id: int, administered: set[int] | None = None) -> Rights:
    """All rights of `user` in the tenant, joined over the roles that have not ended. `administered`: what
    duties.administered says, if the caller has asked already."""
    rows = (
        Membership.select(
            Membership.role,
            RolePermission.permission,
            RolePermission.denied,
            Membership.territory_id,
            duties.count(user).alias("duties"),
            Role.name,
            Role.starter,
        )
        .join(Role)
        .switch(Membership)
        .join(RolePermission, JOIN.LEFT_OUTER, on=(RolePermission.role == Membership.role))
        .where(Membership.tenant_id == tenant_id, Membership.user == user, rolebook.in_force())
        .order_by(Membership.id)
    )
    found = list(rows.tuples())
    held = [row[:3] for row in found]
    nodes = tuple(sorted({row[3] for row in found if row[3]}))  # one bound role binds the person
    has_duty = not found or found[0][4] > 0
    if not has_duty:
        administered = set()
    if tenant_id in (duties.administered(user) if administered is None else administered):
        held += [(role_id, word, False) for role_id, word in _administrator()]
    if not held:
        visit = duties.visit(user, tenant_id)
        if visit is None:
            return NOTHING
        return Rights(frozenset(Permission) - duties.NOT_FOR_SUPPORT, (), visit)
    permissions = _joined((word, denied) for _role, word, denied in held)
    roles = tuple(dict.fromkeys((row[0], row[5], row[6]) for row in found))
    return Rights(permissions, tuple(dict.fromkeys(r for r, _, _ in held)), None, nodes, roles, has_duty)


@unscoped("the person's own roles, wherever they are")
def rights_by_tenant(user: User) -> dict[int, Rights]:
    """Tenant id → rights of `user` there, in two queries for any number of tenants."""
    held: dict[int, list[int]] = {}
    rows = Membership.select(Membership.tenant_id, Membership.role).where(
        Membership.user == user, rolebook.in_force()
    )
    for tenant_id, role_id in rows.tuples():
        held.setdefault(tenant_id, []).append(role_id)
    administered = duties.administered(user)
    if administered:
        administrator = rolebook.ensure_starters()["administrator"].id
        for tenant_id in administered:
            held.setdefault(tenant_id, []).append(administrator)
    known: dict[int, list[tuple[str, bool]]] = {}
    wanted = {role_id for ids in held.values() for role_id in ids}
    rows = RolePermission.select(RolePermission.role, RolePermission.permission, RolePermission.denied)
    for role_id, word, denied in rows.where(RolePermission.role.in_(wanted or [0])).tuples():
        known.setdefault(role_id, []).append((word, denied))
    return {
        tenant_id: Rights(_joined(pair for role_id in ids for pair in known.get(role_id, [])), tuple(ids))
        for tenant_id, ids in held.items()
    }


@unscoped("the person's own roles, wherever they are")
def tenants_of(user: User, administered: set[int] | None = None) -> list[Tenant]:
    """The tenants in which `user` holds a role (or administers, or is as support) and people may sign in: head
    offices first, then by name. `administered` as in rights_of."""
    mine = Tenant.id.in_(
        Membership.select(Membership.tenant_id).where(Membership.user == user, rolebook.in_force())
    ) | Tenant.id.in_(duties.visited(user))
    if administered is None:
        administered = duties.administered(user)
    if administered:
        mine |= Tenant.id.in_(administered)
    closed = (TenantStatus.NO_SIGN_IN, TenantStatus.BLOCKED)
    order = (Tenant.parent_id.is_null(False), Tenant.name)
    return list(Tenant.select().where(mine, Tenant.status.not_in(closed)).order_by(*order))


@unscoped("the person's own roles, wherever they are")
def is_suspended(user: User) -> bool:
    """Whether a tenant in which the person holds a role is closed to its people at the moment."""
    mine = Membership.select(Membership.tenant_id).where(Membership.user == user, rolebook.in_force())
    closed = (TenantStatus.NO_SIGN_IN, TenantStatus.BLOCKED)
    return Tenant.select().where(Tenant.id.in_(mine), Tenant.status.in_(closed)).exists()


def people_with(permission: Permission, tenant_id: int) -> list[User]:
    """Active people who hold `permission` in the tenant, by name."""
    query = (
        User.select()
        .join(Membership)
        .join(RolePermission, on=(RolePermission.role == Membership.role))
        .where(
            Membership.tenant_id == tenant_id,
            RolePermission.permission == permission,
            ~RolePermission.denied,
            User.active,
            rolebook.in_force(),
        )
        .distinct()
        .order_by(User.name)
    )
    refused = (
        Membership.select(Membership.user)
        .join(RolePermission, on=(RolePermission.role == Membership.role))
        .where(
            Membership.tenant_id == tenant_id, rolebook.in_force(),
            RolePermission.permission == permission, RolePermission.denied,
        )
    )  # fmt: skip
    return list(query.where(User.id.not_in(refused)))


def names(user_ids: Iterable[int | None]) -> dict[int, str]:
    """Id → name for showing who did something."""
    wanted = {user_id for user_id in user_ids if user_id}
    return dict(User.select(User.id, User.name).where(User.id.in_(wanted)).tuples()) if wanted else {}


def _joined(pairs: Iterable[tuple[str | None, bool | None]]) -> frozenset[Permission]:
    """The rights of several roles together: what any allows and none forbids."""
    words: dict[bool, set[str | None]] = {False: set(), True: set()}
    for word, denied in pairs:
        words[bool(denied)].add(word)
    return frozenset(p for p in Permission if p.value in words[False] - words[True])


def _administrator() -> list[tuple[int, str]]:
    """(role, right) pairs of the central administrator, which a duty to administer gives."""
    role = rolebook.ensure_starters()["administrator"]
    rows = RolePermission.select(RolePermission.role, RolePermission.permission)
    return list(rows.where(RolePermission.role == role, ~RolePermission.denied).tuples())


def people_by_tenant(tenant_ids: Iterable[int]) -> dict[int, int]:
    """Tenant id → how many people hold a role in it."""
    query = Membership.select(Membership.tenant_id, fn.COUNT(Membership.user.distinct()))
    wanted = Membership.tenant_id.in_(list(tenant_ids) or [0])
    return dict(query.where(wanted).group_by(Membership.tenant_id).tuples())
