"""DOOR: decide a request of any kind, and let what it was for follow the decision."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.accounts import policy
from domain.accounts.models import User
from domain.approvals import flow
from domain.approvals.flow import Voter
from domain.approvals.models import Approval, ApprovalState
from domain.approvals.setup import ARTICLE, CAMPAIGN
from domain.campaigns import lifecycle, planning
from domain.content import approving as articles
from domain.content.models import Article
from domain.db import database
from domain.errors import NotFound
from domain.notices import bell
from domain.quotas import ledger as quotas


@dataclass(frozen=True)
class Seat:
    """With what somebody decides: roles here, in whose place, and whether the tenant lets people approve own work."""

    role_ids: Sequence[int] | None = None
    for_user_id: int | None = None
    self_allowed: bool = False


def decide(
    approval: Approval, voter: Voter, state: ApprovalState, fingerprint: str, remark: str, seat: Seat
) -> Approval:
    """Approve, return or reject; the request is still OPEN when a step is left. Raises as `flow.decide`."""
    if approval.kind == CAMPAIGN:
        campaign = planning.get(approval.tenant_id, approval.object_id)
        asked_by = User.get_by_id(approval.asked_by_id)
        role_id = quotas.most_generous(policy.rights_of(asked_by, approval.tenant_id).role_ids)
        return lifecycle.decide(
            campaign, approval, voter, state, fingerprint, remark, role_id, seat.self_allowed, seat.role_ids,
            seat.for_user_id,
        )  # fmt: skip
    with database.atomic():
        approval = flow.decide(
            approval, voter.id, state, fingerprint, remark, seat.self_allowed, seat.role_ids, seat.for_user_id
        )
        if approval.kind == ARTICLE:
            articles.settle(approval, article_of(approval), voter.name)
        elif approval.state != ApprovalState.OPEN:
            bell.tell(
                approval.tenant_id, [approval.asked_by_id], articles.MESSAGES[ApprovalState(approval.state)],
                {"name": voter.name, "title": approval.title}, f"approvals/{approval.id}",
            )  # fmt: skip
    return approval


def article_of(approval: Approval) -> Article:
    """The article that a request is for; raises NotFound."""
    found = Article.get_or_none(Article.tenant_id == approval.tenant_id, Article.id == approval.object_id)
    if found is None:
        raise NotFound
    return found


def withdraw(approval: Approval, user: User) -> None:
    """Take the own request back; what it was for is open again. The caller has asked whose it is."""
    with database.atomic():
        flow.void(
            approval.tenant_id, approval.kind, approval.object_id, ApprovalState.WITHDRAWN, user_id=user.id
        )
        if approval.kind == ARTICLE:
            articles.reopened(article_of(approval))


def revoke(approval: Approval, user: User, remark: str) -> None:
    """Take an approval back; raises Invalid without a remark."""
    if approval.kind == CAMPAIGN:
        campaign = planning.get(approval.tenant_id, approval.object_id)
        return lifecycle.revoke(campaign, approval, user, remark)
    with database.atomic():
        flow.revoke(approval, user.id, remark)
        if approval.kind == ARTICLE:
            articles.revoked(article_of(approval))
        bell.tell(
            approval.tenant_id, [approval.asked_by_id], lifecycle.REVOKED, {"name": user.name, "title": approval.title},
            f"approvals/{approval.id}",
        )  # fmt: skip
