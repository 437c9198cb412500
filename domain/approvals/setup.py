"""How a tenant approves: the steps of each kind, and what of them holds for a request of one size."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.approvals.models import ApprovalFlow, ApprovalStep
from domain.audit import log
from domain.db import database
from domain.errors import N_, Invalid

MOST_STEPS = 6
MOST_HOURS = 24 * 60


@dataclass(frozen=True)
class Step:
    """So many people of a role (None: everybody who may decide), from a number of recipients on."""

    role_id: int | None = None
    needed: int = 1
    from_size: int = 0


@dataclass(frozen=True)
class Terms:
    """What holds beside the steps. Hours may be None: no deadline, no reminder."""

    free_below: int = 0
    deadline_h: int | None = None
    escalate_h: int | None = None
    told_role_id: int | None = None


def of(tenant_id: int, kind: str) -> tuple[Terms, list[Step]]:
    """The flow of a kind; without one a single step that anybody may decide."""
    flow = _flow(tenant_id, kind)
    if flow is None:
        return Terms(), [Step()]
    rows = ApprovalStep.select().where(ApprovalStep.tenant_id == tenant_id, ApprovalStep.flow_id == flow.id)
    steps = [Step(row.role_id, row.needed, row.from_size) for row in rows.order_by(ApprovalStep.position)]
    return Terms(flow.free_below, flow.deadline_h, flow.escalate_h, flow.told_role_id), steps or [Step()]


def for_size(steps: Sequence[Step], size: int) -> list[Step]:
    """The steps that a request with `size` recipients goes through, at least one."""
    return [step for step in steps if size >= step.from_size] or [Step()]


def save(tenant_id: int, kind: str, terms: Terms, steps: Sequence[Step], user_id: int) -> None:
    """Replace the flow of a kind; requests under way keep the steps they began with. Raises Invalid."""
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    if len(steps) > MOST_STEPS:
        wrong["steps"] = (N_("At most %(count)d steps are possible."), {"count": MOST_STEPS})
    if any(not 1 <= step.needed <= 20 or step.from_size < 0 for step in steps) or terms.free_below < 0:
        wrong["steps"] = N_("Enter whole numbers: 1 to 20 people, 0 or more recipients.")
    for name in ("deadline_h", "escalate_h"):
        hours = getattr(terms, name)
        if hours is not None and not 1 <= hours <= MOST_HOURS:
            wrong[name] = (N_("Enter 1 to %(most)d hours, or leave the field empty."), {"most": MOST_HOURS})
    if wrong:
        raise Invalid(fields=wrong)
    with database.atomic():
        before = of(tenant_id, kind)
        flow = _flow(tenant_id, kind) or ApprovalFlow(tenant_id=tenant_id, kind=kind)
        for name, value in vars(terms).items():
            setattr(flow, name, value)
        flow.save()
        ApprovalStep.delete().where(
            ApprovalStep.tenant_id == tenant_id, ApprovalStep.flow_id == flow.id
        ).execute()
        for position, step in enumerate(steps, 1):
            ApprovalStep.create(tenant_id=tenant_id, flow_id=flow.id, position=position, **vars(step))
        log.record(
            tenant_id, "approval.setup", user_id=user_id, kind="approval_flow", object_id=flow.id,
            details={"before": _plain(*before), "after": _plain(terms, steps)},
        )  # fmt: skip


def _flow(tenant_id: int, kind: str) -> ApprovalFlow | None:
    return ApprovalFlow.get_or_none(
        ApprovalFlow.tenant_id == tenant_id, ApprovalFlow.kind == kind, ApprovalFlow.object_id.is_null()
    )


def _plain(terms: Terms, steps: Sequence[Step]) -> dict[str, object]:
    return {**vars(terms), "steps": [vars(step) for step in steps]}
