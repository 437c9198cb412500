"""Who may do what, where: read from memberships at every request, so that a withdrawn right is gone at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from peewee import JOIN, fn

from domain import clock
from domain.accounts import duties
from domain.accounts.models import Membership, Role, RolePermission, SupportVisit, User
from domain.accounts.permissions import SENDS, STARTERS, Permission
from domain.audit import log
from domain.db import database, unscoped
from domain.errors import N_, Conflict, Forbidden, Invalid, NotFound
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
        .where(Membership.tenant_id == tenant_id, Membership.user == user, _in_force())
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
        Membership.user == user, _in_force()
    )
    for tenant_id, role_id in rows.tuples():
        held.setdefault(tenant_id, []).append(role_id)
    administered = duties.administered(user)
    if administered:
        administrator = ensure_starters()["administrator"].id
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
        Membership.select(Membership.tenant_id).where(Membership.user == user, _in_force())
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
    mine = Membership.select(Membership.tenant_id).where(Membership.user == user, _in_force())
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
            _in_force(),
        )
        .distinct()
        .order_by(User.name)
    )
    refused = (
        Membership.select(Membership.user)
        .join(RolePermission, on=(RolePermission.role == Membership.role))
        .where(
            Membership.tenant_id == tenant_id, _in_force(),
            RolePermission.permission == permission, RolePermission.denied,
        )
    )  # fmt: skip
    return list(query.where(User.id.not_in(refused)))


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


def _joined(pairs: Iterable[tuple[str | None, bool | None]]) -> frozenset[Permission]:
    """The rights of several roles together: what any allows and none forbids."""
    words: dict[bool, set[str | None]] = {False: set(), True: set()}
    for word, denied in pairs:
        words[bool(denied)].add(word)
    return frozenset(p for p in Permission if p.value in words[False] - words[True])


def _administrator() -> list[tuple[int, str]]:
    """(role, right) pairs of the central administrator, which a duty to administer gives."""
    role = ensure_starters()["administrator"]
    rows = RolePermission.select(RolePermission.role, RolePermission.permission)
    return list(rows.where(RolePermission.role == role, ~RolePermission.denied).tuples())


def holders_by_role(tenant_id: int) -> dict[int, int]:
    """Role id → how many people hold it in the tenant now."""
    query = (
        Membership.select(Membership.role, fn.COUNT(Membership.id))
        .join(User)
        .where(Membership.tenant_id == tenant_id, User.active, _in_force())
        .group_by(Membership.role)
    )
    return dict(query.tuples())


@unscoped("a central role is held in many tenants; only numbers leave")
def reach_of(role_id: int) -> tuple[int, int]:
    """(people, tenants) in which a role is held now; for the page of a central role, which changes all of them."""
    query = (
        Membership.select(fn.COUNT(Membership.user.distinct()), fn.COUNT(Membership.tenant_id.distinct()))
        .join(User)
        .where(Membership.role == role_id, User.active, _in_force())
    )
    return query.tuples().get()


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
        rights = sorted(permissions_of(role.id))
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
        before, refused = permissions_of(role.id), forbidden_by_role([role.id])[role.id]
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


def people_by_tenant(tenant_ids: Iterable[int]) -> dict[int, int]:
    """Tenant id → how many people hold a role in it."""
    query = Membership.select(Membership.tenant_id, fn.COUNT(Membership.user.distinct()))
    wanted = Membership.tenant_id.in_(list(tenant_ids) or [0])
    return dict(query.where(wanted).group_by(Membership.tenant_id).tuples())


@unscoped("a changed central role must leave no tenant without keys")
def _tenants_with(role: Role) -> set[int]:
    query = Membership.select(Membership.tenant_id).where(Membership.role == role).distinct()
    return {tenant_id for (tenant_id,) in query.tuples()}


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
