"""Ask for a decision on exactly one fingerprint, and decide it.

Four eyes: nobody decides what he asked for, unless the tenant allows it. A change of the object voids the
request; the dispatcher compares the fingerprint again before it starts.
"""

from domain import clock
from domain.approvals.models import Approval, ApprovalState
from domain.audit import log
from domain.db import database
from domain.errors import N_, Conflict, Forbidden, NotFound

PAGE_SIZE = 30


def ask(
    tenant_id: int, kind: str, object_id: int, fingerprint: str, asked_by_id: int, note: str = ""
) -> Approval:
    """Open a request; an older open one for the same object becomes void."""
    with database.atomic():
        void(tenant_id, kind, object_id)
        approval = Approval.create(
            tenant_id=tenant_id, kind=kind, object_id=object_id, fingerprint=fingerprint,
            asked_by_id=asked_by_id, note=note[:2000],
        )  # fmt: skip
        log.record(
            tenant_id, "approval.ask", user_id=asked_by_id, kind=kind, object_id=object_id,
            details={"approval": approval.id, "fingerprint": fingerprint},
        )  # fmt: skip
        return approval


def get(tenant_id: int, approval_id: int) -> Approval:
    """A request of this tenant; raises NotFound."""
    approval = Approval.get_or_none(Approval.tenant_id == tenant_id, Approval.id == approval_id)
    if approval is None:
        raise NotFound
    return approval


def decide(
    approval: Approval,
    user_id: int,
    state: ApprovalState,
    fingerprint: str,
    remark: str = "",
    self_allowed: bool = False,
) -> Approval:
    """Approve, return or reject what `fingerprint` shows.

    Raises Conflict when it was decided meanwhile or what was shown is no longer current, Forbidden for the
    own work. Of any number of parallel decisions exactly one counts.
    """
    if approval.asked_by_id == user_id and not self_allowed:
        raise Forbidden(N_("Nobody approves the own work. Ask a colleague to look at it."))
    if fingerprint != approval.fingerprint:
        raise Conflict(N_("This has changed since you opened it. Look at the new version before you decide."))
    with database.atomic():
        changed = (
            Approval.update(state=state, decided_by_id=user_id, decided_at=clock.now(), remark=remark[:2000])
            .where(
                Approval.tenant_id == approval.tenant_id,
                Approval.id == approval.id,
                Approval.state == ApprovalState.OPEN,
            )
            .execute()
        )
        if not changed:
            raise Conflict(N_("This has already been decided or is no longer current."))
        log.record(
            approval.tenant_id, f"approval.{state}", user_id=user_id, kind=approval.kind, object_id=approval.object_id,
            details={"approval": approval.id, "fingerprint": fingerprint, "remark": remark[:2000]},
        )  # fmt: skip
    return get(approval.tenant_id, approval.id)


def void(tenant_id: int, kind: str, object_id: int) -> int:
    """Void open and granted requests of an object that has changed; returns how many."""
    return (
        Approval.update(state=ApprovalState.VOID)
        .where(
            Approval.tenant_id == tenant_id,
            Approval.kind == kind,
            Approval.object_id == object_id,
            Approval.state.in_([ApprovalState.OPEN, ApprovalState.APPROVED]),
        )
        .execute()
    )


def reinstate(tenant_id: int, approval_id: int, fingerprint: str) -> bool:
    """Let a granted approval hold again that was void because its object was being changed: the object is again
    exactly what was approved. False if it was never granted for this fingerprint."""
    changed = (
        Approval.update(state=ApprovalState.APPROVED)
        .where(
            Approval.tenant_id == tenant_id,
            Approval.id == approval_id,
            Approval.fingerprint == fingerprint,
            Approval.state == ApprovalState.VOID,
            Approval.decided_by_id.is_null(False),
        )
        .execute()
    )
    return bool(changed)


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


def is_approved(tenant_id: int, kind: str, object_id: int, fingerprint: str) -> bool:
    """Whether exactly this fingerprint is cleared."""
    return (
        Approval.select()
        .where(
            Approval.tenant_id == tenant_id,
            Approval.kind == kind,
            Approval.object_id == object_id,
            Approval.fingerprint == fingerprint,
            Approval.state == ApprovalState.APPROVED,
        )
        .exists()
    )
