"""Create people, give and take roles, end and open access; nobody gives or takes what he does not have.

Access belongs to a tenant. Ending it closes the account itself only when it opens no other tenant, so that an
administrator of one tenant can shut nobody out of another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain import bounds, clock, tokens
from domain.accounts import policy, rolebook, rolemaking, sessions
from domain.accounts.models import Membership, Role, User
from domain.accounts.policy import Rights
from domain.audit import log
from domain.db import database
from domain.errors import N_, Conflict, Forbidden, Invalid, NotFound
from domain.tenancy import territory

INVITATION_MAX_AGE_S = 7 * 86_400
NOT_YOURS = N_("You cannot give or take a role with rights that you do not hold yourself.")


@dataclass(frozen=True)
class Loan:
    """What a membership owes to a release of another tenant: it ends with it, at the latest at `until`."""

    release_id: int
    until: datetime | None


@dataclass(frozen=True)
class Member:
    """A person in one tenant: the roles, and the end of the access (None: open; with several, the latest)."""

    user: User
    roles: tuple[Role, ...]
    until: datetime | None
    territory_id: int | None = None  # the node to whose people the access is bound

    @property
    def state(self) -> str:
        """active, invited (no password yet) or ended."""
        if not self.user.active or (self.until and self.until <= clock.now()):
            return "ended"
        return "active" if self.user.password_hash else "invited"


def names(tenant_id: int) -> list[tuple[int, str, str]]:
    """(id, name, address) of everybody who holds or held a role in the tenant, by name."""
    query = (
        User.select(User.id, User.name, User.email)
        .join(Membership)
        .where(Membership.tenant_id == tenant_id)
        .distinct()
    )
    return list(query.order_by(User.name, User.id).tuples())


def at_work(tenant_id: int, user_ids: Iterable[int] | None = None) -> list[tuple[int, str]]:
    """(id, name) of everybody who can work in the tenant now, by name; only `user_ids` if given."""
    query = (
        User.select(User.id, User.name)
        .join(Membership)
        .where(
            Membership.tenant_id == tenant_id, User.active, User.password_hash != "",
            Membership.until.is_null() | (Membership.until > clock.now()),
        )
        .distinct()
        .order_by(User.name, User.id)
    )  # fmt: skip
    if user_ids is not None:
        query = query.where(User.id.in_(list(user_ids) or [0]))
    return list(query.tuples())


def members(tenant_id: int, user_ids: Iterable[int] | None = None) -> list[Member]:
    """People of the tenant with their roles, by name; only `user_ids` if given."""
    query = (
        Membership.select(Membership, User, Role)
        .join(User)
        .switch(Membership)
        .join(Role)
        .where(Membership.tenant_id == tenant_id)
        .order_by(User.name, User.id, Membership.id)
    )
    if user_ids is not None:
        query = query.where(Membership.user.in_(list(user_ids) or [0]))
    rows: dict[int, list[Membership]] = {}
    for row in query:
        rows.setdefault(row.user.id, []).append(row)
    return [
        Member(held[0].user, tuple(m.role for m in held), _latest(held), _node_of(held))
        for held in rows.values()
    ]


def member(tenant_id: int, user_id: int) -> Member:
    """A person with a role in the tenant; raises NotFound."""
    found = members(tenant_id, [user_id])
    if not found:
        raise NotFound
    return found[0]


def at_address(email: str) -> User | None:
    """Who signs in with this address."""
    return User.get_or_none(User.email == email.strip().casefold(), User.active)


def invite(
    tenant_id: int,
    email: str,
    name: str,
    role_ids: Sequence[int],
    actor: User,
    rights: Rights,
    until: datetime | None = None,
    territory_id: int | None = None,
) -> tuple[User, bool]:
    """Give a person roles in the tenant; (person, True) if the account is new. `email` has been checked by the
    caller. Raises Invalid, Forbidden."""
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
        held = [m.role_id for m in _memberships(tenant_id, user)]
        log.record(tenant_id, "user.invite", user_id=actor.id, kind="user", object_id=user.id)
        set_roles(tenant_id, user, [*held, *role_ids], actor, rights, until, territory_id)
    return user, made


def set_roles(
    tenant_id: int,
    user: User,
    role_ids: Iterable[int],
    actor: User,
    rights: Rights,
    until: datetime | None = None,
    territory_id: int | None = None,
    lent: Mapping[int, Loan] | None = None,
) -> None:
    """Exactly these roles in the tenant, all of them until `until` and bound to a node of its territories; `lent`:
    roles of other tenants that may be given here, by their id. Raises Forbidden for a role with rights that the actor
    lacks and for people beyond his territory, NotFound for a role of another tenant, Conflict if nobody would be left
    who administers people."""
    wanted = sorted(set(role_ids))
    with database.atomic():
        memberships = _memberships(tenant_id, user)
        held = {m.role_id: (m.until, m.territory_id) for m in memberships}
        person = _loan_of(tenant_id, memberships)
        loans = {} if person else dict(lent or {})  # one loan at a time: each ends with its own recall
        for role_id in wanted:
            if role_id not in loans and role_id not in held:
                rolebook.role_for(tenant_id, role_id)
        if person is not None and person.until is not None:
            until = min(until or person.until, person.until)
        touched = set(wanted) ^ set(held) | {
            i for i in wanted if i in held and held[i] != (until, territory_id)
        }
        _refuse_more_than_own(touched, rights)
        if territory_id is not None:
            territory.get(tenant_id, territory_id)
        if touched:
            _refuse_beyond([*(m.territory_id for m in memberships), territory_id])
        keepers = rolemaking.kept([tenant_id])
        Membership.delete().where(
            Membership.tenant_id == tenant_id,
            Membership.user == user,
            Membership.role.not_in(list(wanted) or [0]),
        ).execute()
        Membership.update(until=until, territory_id=territory_id).where(
            Membership.tenant_id == tenant_id, Membership.user == user
        ).execute()
        for role_id in set(wanted) - set(held):
            loan = person or loans.get(role_id)
            Membership.insert(
                tenant_id=tenant_id,
                user=user,
                role=role_id,
                until=until,
                territory_id=territory_id,
                release_id=loan.release_id if loan else None,
                lent_until=loan.until if loan else None,
            ).on_conflict_ignore().execute()
        _cap(tenant_id, user)
        if wanted and not user.active:
            _open_account(user)
        if not wanted:
            _close_account_without_access(user)
        rolemaking.refuse_lockout([tenant_id], keepers)
        if touched:
            log.record(
                tenant_id, "user.roles", user_id=actor.id, kind="user", object_id=user.id,
                details={"before": sorted(held), "after": sorted(wanted), "bounds": [
                    _said(_latest(memberships) if memberships else None, _node_of(memberships)),
                    _said(until, territory_id),
                ]},
            )  # fmt: skip


def deactivate(tenant_id: int, user: User, actor: User, rights: Rights) -> None:
    """End the access to the tenant now; roles and work stay. Raises Conflict for the own account."""
    if user.id == actor.id:
        raise Conflict(N_("You cannot deactivate your own account."))
    with database.atomic():
        _refuse_more_than_own([m.role_id for m in _memberships(tenant_id, user)], rights)
        _refuse_beyond(m.territory_id for m in _memberships(tenant_id, user))
        keepers = rolemaking.kept([tenant_id])
        Membership.update(until=clock.now()).where(
            Membership.tenant_id == tenant_id, Membership.user == user
        ).execute()
        _close_account_without_access(user)
        rolemaking.refuse_lockout([tenant_id], keepers)
        log.record(tenant_id, "user.deactivate", user_id=actor.id, kind="user", object_id=user.id)


def reactivate(tenant_id: int, user: User, actor: User, rights: Rights) -> None:
    """Open the access again, with the roles it had."""
    with database.atomic():
        _refuse_more_than_own([m.role_id for m in _memberships(tenant_id, user)], rights)
        _refuse_beyond(m.territory_id for m in _memberships(tenant_id, user))
        Membership.update(until=Membership.lent_until).where(
            Membership.tenant_id == tenant_id, Membership.user == user
        ).execute()
        _open_account(user)
        log.record(tenant_id, "user.activate", user_id=actor.id, kind="user", object_id=user.id)


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


def _memberships(tenant_id: int, user: User) -> list[Membership]:
    return list(Membership.select().where(Membership.tenant_id == tenant_id, Membership.user == user))


def _loan_of(tenant_id: int, held: Sequence[Membership]) -> Loan | None:
    """The loan by which a person of another tenant is here: every role of this tenant goes with it."""
    lent = [m for m in held if m.release_id]
    if not lent:
        return None
    own = {role.id for role in rolebook.roles_for(tenant_id)}  # a role of another tenant is a loan of its own
    found = next((m for m in lent if m.role_id in own), None)
    return Loan(found.release_id, found.lent_until) if found else None


def _cap(tenant_id: int, user: User) -> None:
    """Nothing that is lent lasts longer than the loan."""
    later = Membership.until.is_null() | (Membership.until > Membership.lent_until)
    Membership.update(until=Membership.lent_until).where(
        Membership.tenant_id == tenant_id,
        Membership.user == user,
        Membership.lent_until.is_null(False),
        later,
    ).execute()


def _refuse_more_than_own(role_ids: Iterable[int], rights: Rights) -> None:
    if any(not held <= rights.permissions for held in rolebook.permissions_by_role(role_ids).values()):
        raise Forbidden(NOT_YOURS)


def _refuse_beyond(node_ids: Iterable[int | None]) -> None:
    """Somebody bound to a territory gives and takes access to that and what stands below only."""
    for node_id in node_ids:
        bounds.refuse_beyond([node_id] if node_id else [])


def _said(until: datetime | None, territory_id: int | None) -> dict[str, Any]:
    """What an access is bound to, for the log: its end and the id of the node."""
    return {"until": until and until.isoformat(), "territory": territory_id}


def _node_of(held: list[Membership]) -> int | None:
    return next((m.territory_id for m in held if m.territory_id), None)


def _close_account_without_access(user: User) -> None:
    """Closed when it opens no tenant any more; what others gave is not ours to take."""
    if not user.administers_house and not policy.rights_by_tenant(user):
        user.active = False
        user.save()
        sessions.end_all(user)


def _open_account(user: User) -> None:
    user.active = True
    user.save()


def _latest(held: list[Membership]) -> datetime | None:
    ends = [m.until for m in held]
    return None if None in ends else max(ends)
