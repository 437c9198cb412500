"""Ask for a decision on exactly one fingerprint, and decide it.

Four eyes: nobody decides what he asked for, unless the tenant allows it. A change of the object voids the
request; the dispatcher compares the fingerprint again before it starts.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from domain import clock
from domain.approvals import guests, setup
from domain.approvals.models import Approval, ApprovalState, ApprovalVote
from domain.audit import log
from domain.db import database
from domain.errors import N_, Conflict, Forbidden, Invalid, NotFound

CLEARED = (ApprovalState.APPROVED, ApprovalState.SKIPPED)
BAND_SHARE, BAND_LEAST = 0.25, 25  # taste: a newsletter grows by less between approval and sending


class Voter(NamedTuple):
    """Who decides: a person, or below zero a guest known by an address."""

    id: int
    name: str


def ask(
    tenant_id: int,
    kind: str,
    object_id: int,
    fingerprint: str,
    asked_by_id: int,
    note: str = "",
    size: int | None = None,
    title: str = "",
    terms: str = "",
    folder_id: int | None = None,
) -> Approval:
    """Open a request with the steps that hold for `size` recipients; an older open one for the same object becomes
    void. Below the size that needs none it is SKIPPED at once, which clears this fingerprint like an approval.
    `terms`: hash of what beside the content must stay; `folder_id`: the media folder whose flow holds."""
    said, steps = setup.of(tenant_id, kind, folder_id)
    chosen = steps if size is None else setup.for_size(steps, size)
    free = size is not None and size < said.free_below
    with database.atomic():
        void(tenant_id, kind, object_id, reason=N_("Approval was asked for anew."), user_id=asked_by_id)
        approval = Approval.create(
            tenant_id=tenant_id, kind=kind, object_id=object_id, fingerprint=fingerprint,
            asked_by_id=asked_by_id, note=note[:2000], size=size or 0, title=title[:200], terms=terms,
            state=ApprovalState.SKIPPED if free else ApprovalState.OPEN,
            steps=[_frozen(step, folder_id) for step in chosen], deadline_at=_in(said.deadline_h),
            escalate_at=_in(said.escalate_h), up_at=_in(said.up_h),
        )  # fmt: skip
        if not free:
            guests.invite(approval)
        log.record(
            tenant_id, "approval.skipped" if free else "approval.ask", user_id=asked_by_id, kind=kind,
            object_id=object_id, details={"approval": approval.id, "fingerprint": fingerprint, "size": size},
        )  # fmt: skip
        return approval


def _frozen(step: setup.Step, folder_id: int | None) -> dict[str, Any]:
    """A step as the request keeps it."""
    found: dict[str, Any] = {"role_id": step.role_id, "needed": step.needed}
    if step.addresses:
        found["addresses"] = list(step.addresses)
    return found if folder_id is None else {**found, "folder_id": folder_id}


def _in(hours: int | None) -> datetime | None:
    return clock.now() + timedelta(hours=hours) if hours else None


def band(size: int) -> tuple[int, int]:
    """From how many to how many recipients an approval given for `size` still holds: a quarter, at least 25."""
    margin = max(BAND_LEAST, round(size * BAND_SHARE))
    return max(0, size - margin), size + margin


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
    for_user_id: int | None = None,
) -> Approval:
    """Approve, return or reject what `fingerprint` shows; `role_ids`: the roles of the person here (None: not asked).
    `user_id` below zero is a guest's; `for_user_id`: who is away, when a stand-in decides with the roles of that one.

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
        if user_id < 0:
            guests.check(approval, -user_id)
        elif role_ids is not None and not may_take(approval, role_ids):
            raise Forbidden(N_("This step belongs to people with another role."))
        if any(
            {user_id, for_user_id} & {vote.user_id, vote.for_user_id} - {None} for vote in votes(approval)
        ):
            raise Forbidden(N_("You have decided this already. The next step needs another person."))
        ApprovalVote.create(
            tenant_id=approval.tenant_id, approval_id=approval.id, step=approval.step, user_id=user_id,
            state=state, remark=remark[:2000], for_user_id=for_user_id,
        )  # fmt: skip
        _count(approval, step, user_id, state, remark)
        log.record(
            approval.tenant_id, f"approval.{state}", user_id=user_id if user_id > 0 else None, kind=approval.kind,
            object_id=approval.object_id,
            details={
                "approval": approval.id, "fingerprint": fingerprint, "remark": remark[:2000], "step": approval.step,
                "before": {"state": ApprovalState.OPEN}, "after": {"state": _state(approval)},
            },
        )  # fmt: skip
    return get(approval.tenant_id, approval.id)


def _state(approval: Approval) -> str:
    """What the request is after the decision."""
    return str(get(approval.tenant_id, approval.id).state)


def may_take(approval: Approval, role_ids: Sequence[int]) -> bool:
    """Whether somebody with these roles may decide the step that waits: its role, the one it was escalated to, or
    anybody where it names neither role nor address."""
    step = current_step(approval)
    if approval.up_role_id and approval.up_role_id in role_ids:
        return True
    return step["role_id"] in role_ids if step["role_id"] else not step.get("addresses")


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
            details={
                "approval": approval.id, "remark": remark.strip()[:2000], "before": {"state": ApprovalState.APPROVED},
                "after": {"state": ApprovalState.REVOKED},
            },
        )  # fmt: skip


def remind_again(approval: Approval) -> bool:
    """Note that everybody was told again, and when the next time is; False if somebody else did."""
    terms, _steps = setup.of(approval.tenant_id, approval.kind, folder_of(approval))
    later = clock.now() + timedelta(hours=terms.escalate_h) if terms.escalate_h else None
    return _still(approval, Approval.escalate_at == approval.escalate_at, escalate_at=later)


def escalate(approval: Approval) -> bool:
    """From now on another role may decide the step that waits, too; False if somebody else did this."""
    terms, _steps = setup.of(approval.tenant_id, approval.kind, folder_of(approval))
    with database.atomic():
        if not _still(approval, Approval.up_at.is_null(False), up_at=None, up_role_id=terms.up_role_id):
            return False
        log.record(
            approval.tenant_id, "approval.escalate", kind=approval.kind, object_id=approval.object_id,
            details={"approval": approval.id, "role_id": terms.up_role_id},
        )  # fmt: skip
    return True


def folder_of(approval: Approval) -> int | None:
    """The media folder whose flow a request follows; it stands in its first step."""
    steps = approval.steps or [{}]
    return steps[0].get("folder_id")


def _still(approval: Approval, condition: Any, **values: Any) -> bool:
    changed = Approval.update(**values).where(
        Approval.tenant_id == approval.tenant_id, Approval.id == approval.id,
        Approval.state == ApprovalState.OPEN, condition,
    )  # fmt: skip
    return bool(changed.execute())


def suffices(approval: Approval, size: int) -> bool:
    """Whether a request for `size` recipients would have gone through no more steps than this one did."""
    said, steps = setup.of(approval.tenant_id, approval.kind, folder_of(approval))
    if approval.state == ApprovalState.SKIPPED:
        return size < said.free_below
    asked = [step for step in steps if approval.size >= step.from_size]
    return all(step in asked for step in steps if size >= step.from_size)


def void(
    tenant_id: int, kind: str, object_id: int, state: ApprovalState = ApprovalState.VOID, reason: str = "",
    user_id: int | None = None,
) -> list[Approval]:  # fmt: skip
    """Void open and granted requests of an object that has changed; returns them as they were. WITHDRAWN: taken
    back. `reason` is a message id."""
    mine = (Approval.tenant_id == tenant_id, Approval.kind == kind, Approval.object_id == object_id)
    with database.atomic():
        found = list(Approval.select().where(*mine, Approval.state.in_([ApprovalState.OPEN, *CLEARED])))
        if not found:
            return []
        ids = [approval.id for approval in found]
        Approval.update(state=state, reason=reason[:200]).where(*mine, Approval.id.in_(ids)).execute()
        for approval in found:
            act = "approval.withdrawn" if state == ApprovalState.WITHDRAWN else "approval.void"
            log.record(
                tenant_id, act, user_id=user_id, kind=kind, object_id=object_id,
                details={
                    "approval": approval.id, "was": approval.state, "why": reason,
                    "before": {"state": approval.state}, "after": {"state": state},
                },
            )  # fmt: skip
    return found


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
