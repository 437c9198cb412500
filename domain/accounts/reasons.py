"""May this person do that here, and why? Every role, end date and state that has a say, in words."""

from dataclasses import dataclass, field

from domain import clock
from domain.accounts import duties, policy, rolebook
from domain.accounts.models import Membership, Role, User
from domain.accounts.permissions import Permission
from domain.db import abreast
from domain.errors import N_
from domain.tenancy import territory
from domain.tenancy.models import Tenant, TenantStatus

ABOUT_PEOPLE = frozenset(
    {"subscriber", "campaign", "approval", "issue", "type", "order", "audit", "tenant", "user"}
)


@dataclass(frozen=True)
class Reason:
    """One thing that has a say: a tone (done: allows, fail: forbids, rest: says nothing) and a sentence."""

    tone: str
    message: str
    params: dict[str, object] = field(default_factory=dict)
    role: Role | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether the person may, and everything that decides it; the deciding ones first."""

    allowed: bool
    reasons: tuple[Reason, ...]


def explain(user: User, tenant: Tenant, permission: Permission) -> Verdict:
    """Ask the same tables as policy.rights_of, and say what each of them answers."""
    closed, said, administered, visit, rights = abreast(
        lambda: list(_closed(user, tenant)), lambda: list(_roles(user, tenant.id, permission)),
        lambda: duties.administered(user), lambda: duties.visit(user, tenant.id),
        lambda: policy.rights_of(user, tenant.id),
    )  # fmt: skip
    if tenant.id in administered:
        said.append(
            Reason("done", N_("Administers this part of the house, as an administrator of a tenant above."))
        )
    if visit and not any(reason.tone == "done" for reason in said):
        tone = "fail" if permission in duties.NOT_FOR_SUPPORT else "done"
        said.append(
            Reason(tone, N_("Is here as support for a limited time: %(reason)s"), {"reason": visit.reason})
        )
    if not said:
        said.append(Reason("fail", N_("Holds no role in this tenant.")))
    allowed = not closed and permission in rights
    if permission.module in ABOUT_PEOPLE:
        said += _territory(tenant.id, rights)
    order = {"fail": 0, "done": 1, "rest": 2} if not allowed else {"done": 0, "fail": 1, "rest": 2}
    return Verdict(allowed, tuple(sorted([*closed, *said], key=lambda reason: order[reason.tone])))


def _territory(tenant_id: int, rights: policy.Rights) -> list[Reason]:
    """To whose people the person is held; one bound role is enough."""
    if not rights.territory:
        return []
    paths = territory.paths(tenant_id)
    found = [paths[node_id] for node_id in rights.territory if node_id in paths]
    if not found:
        return [Reason("fail", N_("Is bound to a territory that is gone, and so reaches nobody."))]
    return [Reason("rest", N_("Only for people of %(places)s."), {"places": ", ".join(found)})]


def _closed(user: User, tenant: Tenant) -> list[Reason]:
    found = []
    if not user.active:
        found.append(Reason("fail", N_("The account is deactivated.")))
    if tenant.status == TenantStatus.NO_SIGN_IN:
        found.append(Reason("fail", N_("Nobody may sign in to this tenant at the moment.")))
    if tenant.status == TenantStatus.BLOCKED:
        found.append(Reason("fail", N_("This tenant is blocked.")))
    return found


def _roles(user: User, tenant_id: int, permission: Permission) -> list[Reason]:
    query = (
        Membership.select(Membership, Role)
        .join(Role)
        .where(Membership.tenant_id == tenant_id, Membership.user == user)
        .order_by(Membership.id)
    )
    held = list(query)
    ids = [m.role_id for m in held]
    allowed, forbidden = abreast(
        lambda: rolebook.permissions_by_role(ids), lambda: rolebook.forbidden_by_role(ids)
    )
    found = []
    for m in held:
        if m.until and m.until <= clock.now():
            found.append(Reason("rest", N_("This role has ended."), {}, m.role))
        elif permission in forbidden[m.role_id]:
            found.append(Reason("fail", N_("This role forbids it in any case."), {}, m.role))
        elif permission in allowed[m.role_id]:
            found.append(Reason("done", N_("This role allows it."), {}, m.role))
        elif not any(p.module == permission.module for p in allowed[m.role_id]):
            found.append(Reason("rest", N_("The area is switched off in this role."), {}, m.role))
        else:
            found.append(Reason("rest", N_("This role does not include it."), {}, m.role))
    return found
