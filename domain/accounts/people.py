"""Create people, give and take roles; nobody gives what he does not have."""

from datetime import datetime

from peewee import IntegrityError

from domain import tokens
from domain.accounts import policy, sessions
from domain.accounts.models import Membership, Role, User
from domain.accounts.permissions import Permission
from domain.accounts.policy import Rights
from domain.audit import log
from domain.db import database
from domain.errors import N_, Conflict, Forbidden, Invalid, NotFound

INVITATION_MAX_AGE_S = 7 * 86_400


def members(tenant_id: int) -> list[tuple[User, list[Role]]]:
    """Everybody with a role in the tenant, by name, with the roles."""
    rows = (
        Membership.select(Membership, User, Role)
        .join(User)
        .switch(Membership)
        .join(Role)
        .where(Membership.tenant_id == tenant_id)
        .order_by(User.name, User.id, Membership.id)
    )
    found: dict[int, tuple[User, list[Role]]] = {}
    for row in rows:
        found.setdefault(row.user.id, (row.user, []))[1].append(row.role)
    return list(found.values())


def member(tenant_id: int, user_id: int) -> User:
    """A person with a role in the tenant; raises NotFound."""
    user = User.select().join(Membership).where(Membership.tenant_id == tenant_id, User.id == user_id).first()
    if user is None:
        raise NotFound
    return user


def invite(
    tenant_id: int, email: str, name: str, role_ids: list[int], actor: User, rights: Rights
) -> tuple[User, bool]:
    """Give a person roles in the tenant; (person, True) if the account is new. Raises Invalid, Forbidden."""
    email, name = email.strip().casefold(), " ".join(name.split())
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    if "@" not in email or len(email) > 254 or any(ord(c) < 33 for c in email):
        wrong["email"] = N_("This is not a valid e-mail address. Check how it is written.")
    if not name or any(ord(c) < 32 for c in name):
        wrong["name"] = N_("Enter the name.")
    if not role_ids:
        wrong["roles"] = N_("Choose at least one role.")
    if wrong:
        raise Invalid(fields=wrong)
    with database.atomic():
        user = User.get_or_none(User.email == email)
        made = user is None
        if user is None:
            user = User.create(email=email, name=name[:120], language=actor.language)
        set_roles(tenant_id, user, [*_role_ids(tenant_id, user), *role_ids], actor, rights)
        log.record(tenant_id, "user.invite", user_id=actor.id, kind="user", object_id=user.id)
    return user, made


def set_roles(
    tenant_id: int,
    user: User,
    role_ids: list[int],
    actor: User,
    rights: Rights,
    until: datetime | None = None,
) -> None:
    """Exactly these roles in the tenant. Raises Forbidden for a role with rights that the actor lacks, Conflict
    if nobody would be left who administers people."""
    wanted = {role.id: role for role in (policy.role_for(tenant_id, role_id) for role_id in role_ids)}
    before = _role_ids(tenant_id, user)
    for role_id in set(wanted) ^ set(before):
        if not policy.permissions_of(role_id) <= rights.permissions:
            raise Forbidden(N_("You cannot give or take a role with rights that you do not hold yourself."))
    with database.atomic():
        Membership.delete().where(
            Membership.tenant_id == tenant_id,
            Membership.user == user,
            Membership.role.not_in(list(wanted) or [0]),
        ).execute()
        for role in wanted.values():
            try:
                with database.atomic():
                    Membership.create(tenant_id=tenant_id, user=user, role=role, until=until)
            except IntegrityError:
                continue
        if not policy.people_with(Permission.USER_EDIT, tenant_id):
            raise Conflict(N_("Somebody must be left who administers people in this tenant."))
        log.record(
            tenant_id, "user.roles", user_id=actor.id, kind="user", object_id=user.id,
            details={"before": sorted(before), "after": sorted(wanted)},
        )  # fmt: skip


def set_active(tenant_id: int, user: User, active: bool, actor: User) -> None:
    """Close or open an account; the person's work stays. Closing ends every session."""
    if user.id == actor.id:
        raise Conflict(N_("You cannot deactivate your own account."))
    with database.atomic():
        user.active = active
        user.save()
        if not active:
            sessions.end_all(user)
        if not policy.people_with(Permission.USER_EDIT, tenant_id):
            raise Conflict(N_("Somebody must be left who administers people in this tenant."))
        act = "user.activate" if active else "user.deactivate"
        log.record(tenant_id, act, user_id=actor.id, kind="user", object_id=user.id)


def invitation(user: User) -> str:
    """A token with which an invited person sets the first password; void once one is set."""
    return tokens.timed_token("invite", [user.id])


def user_of_invitation(token: str) -> User:
    """The person of an invitation; raises tokens.BadToken."""
    (user_id,) = tokens.read_timed_token("invite", token, INVITATION_MAX_AGE_S)
    user = User.get_or_none(User.id == user_id, User.active, User.password_hash.is_null())
    if user is None:
        raise tokens.BadToken
    return user


def _role_ids(tenant_id: int, user: User) -> list[int]:
    query = Membership.select(Membership.role).where(
        Membership.tenant_id == tenant_id, Membership.user == user
    )
    return [row[0] for row in query.tuples()]
