"""Find requests: what waits, what was decided, what is late."""

from peewee import ModelSelect, fn

from domain import clock
from domain.approvals.models import Approval, ApprovalState
from domain.db import unscoped

PAGE_SIZE = 30


def open_requests(tenant_id: int) -> list[Approval]:
    """What waits for a decision, oldest first."""
    return list(
        Approval.select()
        .where(Approval.tenant_id == tenant_id, Approval.state == ApprovalState.OPEN)
        .order_by(Approval.id)
    )


def decided(tenant_id: int, before_id: int | None = None) -> list[Approval]:
    """A page of requests that are no longer open, newest first."""
    query = Approval.select().where(Approval.tenant_id == tenant_id, Approval.state != ApprovalState.OPEN)
    if before_id:
        query = query.where(Approval.id < before_id)
    return list(query.order_by(Approval.id.desc()).limit(PAGE_SIZE))


def history(tenant_id: int, kind: str, object_id: int) -> list[Approval]:
    """Every request for an object, newest first."""
    return list(
        Approval.select()
        .where(Approval.tenant_id == tenant_id, Approval.kind == kind, Approval.object_id == object_id)
        .order_by(Approval.id.desc())
    )


def latest(tenant_id: int, kind: str, object_id: int) -> Approval | None:
    """The newest request for an object."""
    query = Approval.select().where(
        Approval.tenant_id == tenant_id, Approval.kind == kind, Approval.object_id == object_id
    )
    return query.order_by(Approval.id.desc()).first()


@unscoped("one sweep serves all tenants")
def overdue() -> list[Approval]:
    """Open requests whose deadline is over."""
    query = Approval.select().where(Approval.state == ApprovalState.OPEN, Approval.deadline_at <= clock.now())
    return list(query.limit(200))


@unscoped("one sweep serves all tenants")
def to_remind() -> list[Approval]:
    """Open requests that have waited so long that everybody who may decide is told again."""
    query = Approval.select().where(Approval.state == ApprovalState.OPEN, Approval.escalate_at <= clock.now())
    return list(query.limit(200))


@unscoped("one sweep serves all tenants")
def to_escalate() -> list[Approval]:
    """Open requests that have waited so long that another role is told and may decide, too."""
    query = Approval.select().where(Approval.state == ApprovalState.OPEN, Approval.up_at <= clock.now())
    return list(query.limit(200))


@unscoped("one sweep serves all tenants")
def cleared(kind: str, limit: int = 2_000) -> list[Approval]:
    """Open and granted requests of a kind, the newest first, for the look whether they still hold."""
    states = (ApprovalState.OPEN, ApprovalState.APPROVED, ApprovalState.SKIPPED)
    query = Approval.select().where(Approval.kind == kind, Approval.state.in_(states))
    return list(query.order_by(Approval.id.desc()).limit(limit))


def waiting_for(tenant_id: int, user_id: int) -> ModelSelect:
    """How many requests wait that the person has not asked for himself, as a query of one number."""
    return Approval.select(fn.COUNT(Approval.id)).where(
        Approval.tenant_id == tenant_id, Approval.state == ApprovalState.OPEN, Approval.asked_by_id != user_id
    )
