"""Nobody grants a limit that he does not have: what a person may send himself, and what he may let others send."""

from collections.abc import Iterable, Mapping

from domain.accounts import duties, policy, rolebook
from domain.accounts.models import User
from domain.accounts.policy import Rights
from domain.errors import N_, Forbidden, Invalid
from domain.quotas import ceilings, ledger
from domain.quotas.models import Window
from domain.tenancy.models import Tenant

NOT_YOURS = N_("You cannot give or take a role that may send more than you may send yourself.")
FROM_ABOVE = N_("Only who administers the house or this part of it raises or lifts the limit of %(most)s.")
Limits = Mapping[Window, int | None]


def own(tenant_id: int, user: User, rights: Rights) -> dict[Window, int]:
    """Window → what holds for the person in the tenant; windows without a limit are absent."""
    return {} if user.administers_house else _of(tenant_id, user.id, rights.role_ids)


def exceeds(limits: Limits, mine: Mapping[Window, int]) -> bool:
    """Whether `limits` leave more in any window than `mine`."""
    return any((most := limits.get(window)) is None or most > own for window, own in mine.items())


def within(limits: Limits, mine: Mapping[Window, int]) -> dict[Window, int | None]:
    """`limits`, lowered to `mine` where they leave more: for what is made by copying."""
    given = {window: most for window, most in limits.items() if most is not None}
    return {**given, **{window: min(most, given.get(window, most)) for window, most in mine.items()}}


def refuse_limits(wanted: Limits, mine: Mapping[Window, int], before: Limits | None) -> None:
    """Raise Invalid (fields `limit_<window>`) for a ceiling that is raised above the own one, or lifted. `before`
    None: nobody could send by it so far, so that what stands there already counts, too."""
    fields: dict[str, str | tuple[str, dict[str, object]]] = {
        f"limit_{window}": (N_("You may send at most %(mine)s yourself."), {"mine": most})
        for window, most in mine.items()
        if (before is None or wanted.get(window) != before.get(window)) and exceeds(wanted, {window: most})
    }
    if fields:
        raise Invalid(fields=fields)


def refuse_roles(tenant_id: int, role_ids: Iterable[int], actor: User, rights: Rights) -> None:
    """Raise Forbidden when one of the roles may send more than the person who gives it."""
    if not_to_give(tenant_id, role_ids, actor, rights):
        raise Forbidden(NOT_YOURS)


def not_to_give(tenant_id: int, role_ids: Iterable[int], actor: User, rights: Rights) -> set[int]:
    """Those of the roles that may send more than the person."""
    ids, mine = list(role_ids), own(tenant_id, actor, rights)
    if not ids or not mine:
        return set()
    limits, sending = ledger.limits_by_role(ids), rolebook.sending_roles(ids)
    return {role_id for role_id in ids if role_id in sending and exceeds(limits[role_id], mine)}


def refuse_exception(tenant_id: int, person: User, exception: Limits, actor: User, rights: Rights) -> None:
    """Raise Invalid (fields `limit_<window>`) when the person could send more by an exception (empty: by its end) than
    the one who decides it."""
    role_ids = policy.rights_of(person, tenant_id).role_ids
    refuse_limits(_joined(role_ids, exception), own(tenant_id, actor, rights), None)


def refuse_tenant(tenant: Tenant, wanted: Limits, actor: User) -> None:
    """Raise Invalid (fields `limit_<window>`) when somebody of the tenant raises or lifts what all of it may send:
    that is for the house, and for who administers this part of the tree."""
    if actor.administers_house or tenant.id in duties.administered(actor):
        return
    fields: dict[str, str | tuple[str, dict[str, object]]] = {
        f"limit_{window}": (FROM_ABOVE, {"most": most})
        for window, most in ceilings.tenant_limits(tenant.id).items()
        if exceeds(wanted, {window: most})
    }
    if fields:
        raise Invalid(fields=fields)


def _of(tenant_id: int, user_id: int, role_ids: Iterable[int]) -> dict[Window, int]:
    exception = ceilings.exceptions(tenant_id).get(user_id, {})
    return {w: most for w, most in _joined(role_ids, exception).items() if most is not None}


def _joined(role_ids: Iterable[int], exception: Limits) -> dict[Window, int | None]:
    """What holds for a person with these roles: windows that the exception does not name are as in the role."""
    role_id = ledger.most_generous(list(role_ids))
    return {**(ceilings.limits_of(role_id) if role_id is not None else {}), **exception}
