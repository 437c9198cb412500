"""A person of one tenant lent to another: works there with a role of that tenant, until the release ends. And a role
lent to another: its people hold it there, with whatever rights its owner gives it.

The receiver chooses the role, since nobody gives rights that are not his. The membership names the release; it goes
with it, at the next click of the person.
"""

from collections.abc import Iterable

from domain.accounts import people
from domain.accounts.models import Membership, Role, User
from domain.accounts.policy import Rights
from domain.audit import log
from domain.db import database, unscoped
from domain.errors import N_, Conflict, NotFound
from domain.releases.models import Release
from domain.tenancy.models import Tenant


def person(release: Release) -> User:
    """Who is lent; raises NotFound when he no longer belongs to the tenant that lends him."""
    member = people.member(release.tenant_id, release.object_id)
    if member.state == "ended":
        raise NotFound
    return member.user


def employ(release: Release, tenant: Tenant, role_id: int, actor: User, rights: Rights) -> None:
    """Give the lent person a role here. The caller has asked whether the release reaches the tenant. Raises Conflict
    for somebody who has an own role here, Forbidden for a role with rights that the actor lacks."""
    user = person(release)
    mine = (Membership.tenant_id == tenant.id, Membership.user == user)
    if Membership.select().where(*mine, Membership.release_id.is_null()).exists():
        raise Conflict(N_("This person works here already, with a role of the own."))
    with database.atomic():
        people.set_roles(tenant.id, user, [role_id], actor, rights, release.until)
        Membership.update(release_id=release.id, lent_until=release.until).where(*mine).execute()
        log.record(
            tenant.id, "release.employ", user_id=actor.id, kind="user", object_id=user.id,
            details={"from": release.tenant_id},
        )  # fmt: skip


def employed(release: Release, tenant_id: int) -> list[Membership]:
    """The roles that the lent person holds here by this release."""
    query = (
        Membership.select(Membership, Role)
        .join(Role)
        .where(
            Membership.tenant_id == tenant_id,
            Membership.user == release.object_id,
            Membership.release_id == release.id,
        )
    )
    return list(query)


def role_loans(releases: Iterable[Release]) -> dict[int, people.Loan]:
    """Role id → the loan by which a role of another tenant may be given to people here."""
    return {r.object_id: people.Loan(r.id, r.until) for r in releases if r.kind == "role"}


@unscoped("a recalled loan ends in every tenant it reached")
def end(release: Release, actor: User) -> None:
    """Take the roles back that were held by this release."""
    held = list(Membership.select().where(Membership.release_id == release.id))
    for tenant_id in {membership.tenant_id for membership in held}:
        log.record(
            tenant_id, "release.returned", user_id=actor.id, kind="user", object_id=release.object_id,
            details={"from": release.tenant_id},
        )  # fmt: skip
    Membership.delete().where(Membership.release_id == release.id).execute()
