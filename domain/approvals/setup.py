"""How a tenant approves: the steps of each kind, and what of them holds for a request of one size.

Mailings always have a flow: without an own one a single step that anybody may decide. Issues, articles and the media
of a folder are approved only where a flow was set up for them.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from domain.approvals.models import ApprovalFlow, ApprovalStep
from domain.audit import log
from domain.db import database
from domain.errors import N_, Invalid

CAMPAIGN, ISSUE, ARTICLE, MEDIA = "campaign", "issue", "article", "media"
KINDS = (CAMPAIGN, ISSUE, ARTICLE, MEDIA)
MOST_STEPS = 6
MOST_HOURS = 24 * 60
MOST_ADDRESSES = 20


@dataclass(frozen=True)
class Step:
    """So many people of a role (None: everybody who may decide), from a number of recipients on. `addresses`: people
    without an account who may decide it, too; without a role they alone."""

    role_id: int | None = None
    needed: int = 1
    from_size: int = 0
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Terms:
    """What holds beside the steps. Hours may be None: no deadline, no reminder, no escalation."""

    free_below: int = 0
    deadline_h: int | None = None
    escalate_h: int | None = None
    told_role_id: int | None = None
    up_h: int | None = None
    up_role_id: int | None = None
    told_ids: tuple[int, ...] = field(default=())


def of(tenant_id: int, kind: str, object_id: int | None = None) -> tuple[Terms, list[Step]]:
    """The flow of a kind (or of one media folder); without one a single step that anybody may decide."""
    flow = _flow(tenant_id, kind, object_id)
    if flow is None:
        return Terms(), [Step()]
    rows = ApprovalStep.select().where(ApprovalStep.tenant_id == tenant_id, ApprovalStep.flow_id == flow.id)
    steps = [
        Step(row.role_id, row.needed, row.from_size, tuple(row.addresses or ()))
        for row in rows.order_by(ApprovalStep.position)
    ]
    terms = Terms(
        flow.free_below, flow.deadline_h, flow.escalate_h, flow.told_role_id, flow.up_h, flow.up_role_id,
        tuple(flow.told_ids or ()),
    )  # fmt: skip
    return terms, steps or [Step()]


def exists(tenant_id: int, kind: str, object_id: int | None = None) -> bool:
    """Whether the tenant has set up a flow for this kind."""
    return _flow(tenant_id, kind, object_id) is not None


def folders(tenant_id: int) -> set[int]:
    """Ids of the media folders with a flow of their own."""
    query = ApprovalFlow.select(ApprovalFlow.object_id).where(
        ApprovalFlow.tenant_id == tenant_id, ApprovalFlow.kind == MEDIA, ApprovalFlow.object_id.is_null(False)
    )
    return {folder_id for (folder_id,) in query.tuples()}


def kinds(tenant_id: int) -> set[str]:
    """Kinds with an own flow."""
    query = ApprovalFlow.select(ApprovalFlow.kind).where(ApprovalFlow.tenant_id == tenant_id).distinct()
    return {kind for (kind,) in query.tuples()}


def for_size(steps: Sequence[Step], size: int) -> list[Step]:
    """The steps that a request with `size` recipients goes through, at least one."""
    return [step for step in steps if size >= step.from_size] or [Step()]


def save(
    tenant_id: int, kind: str, terms: Terms, steps: Sequence[Step], user_id: int, object_id: int | None = None
) -> None:
    """Replace the flow of a kind; requests under way keep the steps they began with. Raises Invalid."""
    wrong = _wrong(terms, steps)
    if wrong:
        raise Invalid(fields=wrong)
    with database.atomic():
        before = of(tenant_id, kind, object_id)
        flow = _flow(tenant_id, kind, object_id) or ApprovalFlow(
            tenant_id=tenant_id, kind=kind, object_id=object_id
        )
        for name, value in vars(terms).items():
            setattr(flow, name, list(value) if isinstance(value, tuple) else value)
        flow.save()
        _empty(flow)
        for position, step in enumerate(steps, 1):
            values = {**vars(step), "addresses": list(step.addresses)}
            ApprovalStep.create(tenant_id=tenant_id, flow_id=flow.id, position=position, **values)
        log.record(
            tenant_id, "approval.setup", user_id=user_id, kind="approval_flow", object_id=flow.id,
            details={"of": kind, "folder": object_id, "before": _plain(*before), "after": _plain(terms, steps)},
        )  # fmt: skip


def drop(tenant_id: int, kind: str, object_id: int | None, user_id: int) -> bool:
    """Take a flow away: from now on the kind needs no approval, mailings the usual single step. False: none there."""
    flow = _flow(tenant_id, kind, object_id)
    if flow is None:
        return False
    with database.atomic():
        before = _plain(*of(tenant_id, kind, object_id))
        _empty(flow)
        flow.delete_instance()
        log.record(
            tenant_id, "approval.setup", user_id=user_id, kind="approval_flow", object_id=flow.id,
            details={"of": kind, "folder": object_id, "before": before, "after": None},
        )  # fmt: skip
    return True


def _wrong(terms: Terms, steps: Sequence[Step]) -> dict[str, Any]:
    wrong: dict[str, Any] = {}
    if len(steps) > MOST_STEPS:
        wrong["steps"] = (N_("At most %(count)d steps are possible."), {"count": MOST_STEPS})
    if any(not 1 <= step.needed <= 20 or step.from_size < 0 for step in steps) or terms.free_below < 0:
        wrong["steps"] = N_("Enter whole numbers: 1 to 20 people, 0 or more recipients.")
    if any(not step.role_id and step.addresses and step.needed > len(step.addresses) for step in steps):
        wrong["steps"] = N_("A step needs more people than it has addresses.")
    if any(len(step.addresses) > MOST_ADDRESSES for step in steps):
        wrong["steps"] = (N_("A step takes at most %(count)d addresses."), {"count": MOST_ADDRESSES})
    for name in ("deadline_h", "escalate_h", "up_h"):
        hours = getattr(terms, name)
        if hours is not None and not 1 <= hours <= MOST_HOURS:
            wrong[name] = (N_("Enter 1 to %(most)d hours, or leave the field empty."), {"most": MOST_HOURS})
    if bool(terms.up_h) != bool(terms.up_role_id):
        wrong["up_h"] = N_("An escalation needs both: the hours and the role.")
    return wrong


def _empty(flow: ApprovalFlow) -> None:
    ApprovalStep.delete().where(
        ApprovalStep.tenant_id == flow.tenant_id, ApprovalStep.flow_id == flow.id
    ).execute()


def _flow(tenant_id: int, kind: str, object_id: int | None) -> ApprovalFlow | None:
    whole = ApprovalFlow.object_id.is_null() if object_id is None else (ApprovalFlow.object_id == object_id)
    return ApprovalFlow.get_or_none(ApprovalFlow.tenant_id == tenant_id, ApprovalFlow.kind == kind, whole)


def _plain(terms: Terms, steps: Sequence[Step]) -> dict[str, object]:
    return {**asdict(terms), "steps": [asdict(step) for step in steps]}
