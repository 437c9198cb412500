"""What a person does beyond the own roles: administer a part of the tree, enter tenants as support.

Support needs no password of the tenant. A visit has a reason and an end, is written into the log of the tenant and
of the installation, and is shown on every page.
"""

from datetime import timedelta

from peewee import ModelSelect, fn

from domain import clock
from domain.accounts.models import Duty, DutyKind, SupportVisit, User
from domain.accounts.permissions import Permission
from domain.audit import log
from domain.db import database, unscoped
from domain.errors import N_, Forbidden, Invalid, NotFound
from domain.tenancy import tree
from domain.tenancy.models import Tenant, TenantStatus

VISIT = timedelta(minutes=30)
NOT_FOR_SUPPORT = frozenset(
    {
        Permission.CAMPAIGN_SEND, Permission.APPROVAL_DECIDE, Permission.SUBSCRIBER_EXPORT, Permission.TENANT_EXPORT,
        Permission.RELEASE_EDIT, Permission.USER_EDIT, Permission.ROLE_EDIT, Permission.ROLLOUT_EDIT,
        Permission.SUBSCRIBER_SUPPRESS_OTHERS,
    }
)  # fmt: skip


def administered(user: User) -> set[int]:
    """Ids of the tenants that the person administers by a duty: its tenants and all below."""
    roots = _roots(user, DutyKind.ADMINISTER)
    return tree.subtree(roots) if roots else set()


def managed(user: User) -> set[int]:
    """Ids of the tenants below those that the person administers by a duty: he founds, suspends and moves them, but
    not the one that others have given him."""
    roots = _roots(user, DutyKind.ADMINISTER)
    below = Tenant.select(Tenant.id).where(Tenant.parent_id.in_(tree.subtree(roots) or {0})) if roots else []
    return {tenant.id for tenant in below}


def count(user: User) -> ModelSelect:
    """How many duties the person has, wherever, as a query for one number."""
    return Duty.select(fn.COUNT(Duty.id)).where(Duty.user == user)


def may_support(user: User, tenant_id: int) -> bool:
    """Whether the person may enter the tenant as support."""
    return bool(user.administers_house) or tenant_id in tree.subtree(_roots(user, DutyKind.SUPPORT))


def at_desk(user: User) -> set[int]:
    """Ids of the tenants over which the person sits at the person desk; empty: he does not. Nobody has this by
    another right, not even who administers the house."""
    roots = _roots(user, DutyKind.DESK)
    return tree.subtree(roots) if roots else set()


def has_desk(user: User) -> bool:
    """Whether the person sits at the person desk over any tenant."""
    return bool(_roots(user, DutyKind.DESK))


def supported(user: User) -> list[Tenant]:
    """(id, name) of tenants that the person may enter as support, by name."""
    query = (
        Tenant.select(Tenant.id, Tenant.name)
        .where(Tenant.status != TenantStatus.BLOCKED)
        .order_by(Tenant.name)
    )
    if user.administers_house:
        return list(query.namedtuples())
    roots = _roots(user, DutyKind.SUPPORT)
    below = tree.subtree(roots) if roots else set()
    return [tenant for tenant in query.namedtuples() if tenant.id in below] if below else []


def enter(user: User, tenant: Tenant, reason: str, address: str = "") -> SupportVisit:
    """Begin a visit of half an hour; raises Forbidden without the duty, Invalid (reason) without a reason."""
    if not may_support(user, tenant.id):
        raise NotFound
    reason = " ".join(reason.split())[:300]
    if len(reason) < 5:
        raise Invalid(fields={"reason": N_("Say in a few words why you need to enter.")})
    if tenant.status == TenantStatus.BLOCKED:
        raise Forbidden(N_("This tenant is blocked."))
    with database.atomic():
        made = SupportVisit.create(tenant_id=tenant.id, user=user, reason=reason, until=clock.now() + VISIT)
        for where in (tenant.id, log.HOUSE):
            log.record(
                where, "support.enter", user_id=user.id, kind="tenant", object_id=tenant.id, address=address,
                details={"reason": reason, "until": made.until.isoformat()},
            )  # fmt: skip
    return made


def leave(user: User, tenant_id: int) -> None:
    """End the visit now."""
    with database.atomic():
        ended = (
            SupportVisit.update(until=clock.now())
            .where(
                SupportVisit.tenant_id == tenant_id,
                SupportVisit.user == user,
                SupportVisit.until > clock.now(),
            )
            .execute()
        )
        if ended:
            for where in (tenant_id, log.HOUSE):
                log.record(where, "support.leave", user_id=user.id, kind="tenant", object_id=tenant_id)


@unscoped("the person's own visits, wherever they are")
def leave_all(user: User) -> None:
    """End every visit of the person."""
    for (tenant_id,) in list(visited(user).tuples()):
        leave(user, tenant_id)


def visit(user: User, tenant_id: int) -> SupportVisit | None:
    """The visit in which the person is at this moment."""
    query = SupportVisit.select().where(
        SupportVisit.tenant_id == tenant_id, SupportVisit.user == user, SupportVisit.until > clock.now()
    )
    return query.order_by(SupportVisit.until.desc()).first()


def visited(user: User) -> ModelSelect:
    """Ids of the tenants in which the person is as support, as a query."""
    return SupportVisit.select(SupportVisit.tenant_id).where(
        SupportVisit.user == user, SupportVisit.until > clock.now()
    )


def holders(tenant_id: int) -> list[Duty]:
    """Who administers or supports from this tenant downwards."""
    return list(Duty.select(Duty, User).join(User).where(Duty.tenant_id == tenant_id).order_by(User.name))


def give(tenant: Tenant, user: User, kind: DutyKind, actor: User) -> None:
    """Let a person administer or support the tenant and all below it."""
    with database.atomic():
        Duty.insert(tenant_id=tenant.id, user=user, kind=kind).on_conflict_ignore().execute()
        log.record(
            tenant.id,
            "duty.give",
            user_id=actor.id,
            kind="user",
            object_id=user.id,
            details={"duty": kind.value},
        )


def take(tenant: Tenant, duty_id: int, actor: User) -> None:
    """End a duty; raises NotFound."""
    found = Duty.get_or_none(Duty.tenant_id == tenant.id, Duty.id == duty_id)
    if found is None:
        raise NotFound
    with database.atomic():
        Duty.delete().where(Duty.tenant_id == tenant.id, Duty.id == duty_id).execute()
        log.record(
            tenant.id,
            "duty.take",
            user_id=actor.id,
            kind="user",
            object_id=found.user_id,
            details={"duty": found.kind},
        )


@unscoped("the person's own duties, wherever they are")
def _roots(user: User, kind: DutyKind) -> list[int]:
    query = Duty.select(Duty.tenant_id, Duty.kind).where(Duty.user == user)
    return [tenant_id for tenant_id, held in query.tuples() if held == kind]
