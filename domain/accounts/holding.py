"""Who holds which role in a tenant at this moment."""

from collections.abc import Iterable

from domain import clock
from domain.accounts.models import Membership


def roles_by_person(tenant_id: int, user_ids: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """Person → roles held in the tenant now."""
    query = Membership.select(Membership.user, Membership.role).where(
        Membership.tenant_id == tenant_id, Membership.user.in_(list(user_ids) or [0]), _in_force()
    )
    found: dict[int, tuple[int, ...]] = {}
    for user_id, role_id in query.tuples():
        found[user_id] = (*found.get(user_id, ()), role_id)
    return found


def holders(tenant_id: int, role_id: int) -> set[int]:
    """Ids of the people who hold a role in the tenant now."""
    query = Membership.select(Membership.user).where(
        Membership.tenant_id == tenant_id, Membership.role == role_id, _in_force()
    )
    return {user_id for (user_id,) in query.tuples()}


def members(tenant_id: int, user_ids: Iterable[int]) -> set[int]:
    """Those of `user_ids` who hold any role in the tenant now."""
    return set(roles_by_person(tenant_id, user_ids))


def _in_force():  # type: ignore[no-untyped-def]
    return Membership.until.is_null() | (Membership.until > clock.now())
