"""Ask for a decision on exactly one fingerprint, and decide it.

Four eyes: nobody decides what he asked for, unless the tenant allows it. A change of the object voids the
request; the dispatcher compares the fingerprint again before it starts.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from domain import clock
from domain.approvals import setup
from domain.approvals.models import Approval, ApprovalState, ApprovalVote
from domain.audit import log
from domain.db import database, unscoped
from domain.errors import N_, Conflict, Forbidden, Invalid, NotFound

PAGE_SIZE = 30
CLEARED = (ApprovalState.APPROVED, ApprovalState.SKIPPED)


def ask(
    tenant_id: int,
    kind: str,
    object_id: int,
    fingerprint: str,
    asked_by_id: int,
    note: str = "",
    size: int | None = None,
) -> Approval:
    """Open a request with the steps that hold for `size` recipients; an older open one for the same object becomes
    void. Below the size that needs none it is SKIPPED at once, which clears this fingerprint like an approval."""
    terms, steps = setup.of(tenant_id, kind)
    chosen = steps if size is None else setup.for_size(steps, size)
    now = clock.now()
    free = size is not None and size < terms.free_below
    with database.atomic():
        void(tenant_id, kind, object_id)
        approval = Approval.create(
            tenant_id=tenant_id, kind=kind, object_id=object_id, fingerprint=fingerprint,
            asked_by_id=asked_by_id, note=note[:2000], size=size or 0,
            state=ApprovalState.SKIPPED if free else ApprovalState.OPEN,
            steps=[{"role_id": step.role_id, "needed": step.needed} for step in chosen],
            deadline_at=now + timedelta(hours=terms.deadline_h) if terms.deadline_h else None,
            escalate_at=now + timedelta(hours=terms.escalate_h) if terms.escalate_h else None,
        )  # fmt: skip
        log.record(
            tenant_id, "approval.skipped" if free else "approval.ask", user_id=asked_by_id, kind=kind,
            object_id=object_id, details={"approval": approval.id, "fingerprint": fingerprint, "size": size},
        )  # fmt: skip
        return approval


def current_step(approval: Approval) -> dict[str, Any]:
    """{"role_id", "needed"} of the step that waits."""
    steps = approval.steps or [{"role_id": None, "needed": 1}]
    return steps[min(approval.step, len(steps)) - 1]


def votes(approval: Approval) -> list[ApprovalVote]:
    """What each person decided, in order."""
    query = ApprovalVote.select().where(
        ApprovalVote.tenant_id == approval.tenant_id, ApprovalVote.approval_id == approval.id
    )
    return list(query.order_by(ApprovalVote.id))


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
    role_ids: Sequence[int] | None = None,
) -> Approval:
    """Approve, return or reject what `fingerprint` shows; `role_ids`: the roles of the person here (None: not asked).

    An approval counts for the step that waits; the request stays OPEN until the last step has all it needs. Raises
    Conflict when it was decided meanwhile, is over, or what was shown is no longer current; Forbidden for the own work,
    for a second decision of one person and for a step of another role. Of any number of parallel decisions exactly one
    counts for each person and step.
    """
    if approval.asked_by_id == user_id and not self_allowed:
        raise Forbidden(N_("Nobody approves the own work. Ask a colleague to look at it."))
    if fingerprint != approval.fingerprint:
        raise Conflict(N_("This has changed since you opened it. Look at the new version before you decide."))
    if approval.deadline_at and approval.deadline_at <= clock.now():
        raise Conflict(N_("The time for this decision is over. The person who asked has to ask again."))
    with database.atomic():
        approval = _locked(approval)
        step = current_step(approval)
        if role_ids is not None and step["role_id"] and step["role_id"] not in role_ids:
            raise Forbidden(N_("This step belongs to people with another role."))
        if any(vote.user_id == user_id for vote in votes(approval)):
            raise Forbidden(N_("You have decided this already. The next step needs another person."))
        ApprovalVote.create(
            tenant_id=approval.tenant_id, approval_id=approval.id, step=approval.step, user_id=user_id,
            state=state, remark=remark[:2000],
        )  # fmt: skip
        _count(approval, step, user_id, state, remark)
        log.record(
            approval.tenant_id, f"approval.{state}", user_id=user_id, kind=approval.kind, object_id=approval.object_id,
            details={
                "approval": approval.id, "fingerprint": fingerprint, "remark": remark[:2000], "step": approval.step,
            },
        )  # fmt: skip
    return get(approval.tenant_id, approval.id)


def _locked(approval: Approval) -> Approval:
    """The request as it is now, held until the transaction ends; raises Conflict when it is no longer open."""
    mine = (Approval.tenant_id == approval.tenant_id, Approval.id == approval.id)
    held = Approval.update(step=Approval.step).where(*mine, Approval.state == ApprovalState.OPEN).execute()
    if not held:
        raise Conflict(N_("This has already been decided or is no longer current."))
    return get(approval.tenant_id, approval.id)


def _count(approval: Approval, step: dict[str, Any], user_id: int, state: ApprovalState, remark: str) -> None:
    """Go on to the next step, or end: by the last approval needed, or by any return or rejection."""
    mine = (Approval.tenant_id == approval.tenant_id, Approval.id == approval.id)
    if state == ApprovalState.APPROVED:
        given = sum(vote.step == approval.step for vote in votes(approval))
        if given < step["needed"]:
            return
        if approval.step < len(approval.steps or [None]):
            Approval.update(step=Approval.step + 1).where(*mine).execute()
            return
    Approval.update(state=state, decided_by_id=user_id, decided_at=clock.now(), remark=remark[:2000]).where(
        *mine
    ).execute()


def revoke(approval: Approval, user_id: int, remark: str) -> None:
    """Take an approval back; raises Invalid without a remark, Conflict when there is none to take back."""
    if not remark.strip():
        raise Invalid(N_("Say in a sentence why; the person who asked reads it in the issue."))
    with database.atomic():
        changed = (
            Approval.update(state=ApprovalState.REVOKED, remark=remark.strip()[:2000], decided_by_id=user_id)
            .where(
                Approval.tenant_id == approval.tenant_id, Approval.id == approval.id,
                Approval.state == ApprovalState.APPROVED,
            )
            .execute()
        )  # fmt: skip
        if not changed:
            raise Conflict(N_("There is no approval to take back any more."))
        log.record(
            approval.tenant_id, "approval.revoked", user_id=user_id, kind=approval.kind, object_id=approval.object_id,
            details={"approval": approval.id, "remark": remark.strip()[:2000]},
        )  # fmt: skip


@unscoped("one sweep serves all tenants")
def overdue() -> list[Approval]:
    """Open requests whose deadline is over."""
    return list(
        Approval.select()
        .where(Approval.state == ApprovalState.OPEN, Approval.deadline_at <= clock.now())
        .limit(200)
    )


@unscoped("one sweep serves all tenants")
def to_escalate() -> list[Approval]:
    """Open requests that have waited so long that everybody who may decide is told again."""
    query = Approval.select().where(Approval.state == ApprovalState.OPEN, Approval.escalate_at <= clock.now())
    return list(query.limit(200))


def escalated(approval: Approval) -> bool:
    """Note that it was told again; False if somebody else did."""
    return bool(
        Approval.update(escalate_at=None)
        .where(
            Approval.tenant_id == approval.tenant_id,
            Approval.id == approval.id,
            Approval.escalate_at.is_null(False),
        )
        .execute()
    )


def void(
    tenant_id: int, kind: str, object_id: int, state: ApprovalState = ApprovalState.VOID, reason: str = ""
) -> int:
    """Void open and granted requests of an object that has changed; returns how many. WITHDRAWN: taken back."""
    return (
        Approval.update(state=state, reason=reason[:200])
        .where(
            Approval.tenant_id == tenant_id,
            Approval.kind == kind,
            Approval.object_id == object_id,
            Approval.state.in_([ApprovalState.OPEN, *CLEARED]),
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
            Approval.state.in_(CLEARED),
        )
        .exists()
    )
