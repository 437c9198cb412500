"""Approvals: what waits, what exactly is asked for, and the decision."""

from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from dispatcher import changes, preview, tasks
from domain.accounts import policy
from domain.accounts.models import User
from domain.accounts.permissions import Permission as P
from domain.approvals import flow
from domain.approvals.models import Approval, ApprovalState
from domain.campaigns import audience, lifecycle, planning
from domain.campaigns.models import Campaign
from domain.errors import N_, Conflict, Forbidden, Invalid, NotFound
from domain.issues import revisions
from domain.issues.models import IssueRevision
from domain.quotas import ledger as quotas
from portal import context, hypermedia, sending
from portal.access import may, requires
from portal.errors import say
from portal.security import peoples_html

bp = Blueprint("approvals", __name__)
DECISIONS = {
    "approve": ApprovalState.APPROVED,
    "return": ApprovalState.RETURNED,
    "reject": ApprovalState.REJECTED,
}
PARTS = ("wide", "narrow", "text")


@bp.get("/approvals")
@requires(P.APPROVAL_SEE, P.APPROVAL_ASK, P.APPROVAL_DECIDE)
def index() -> Response:
    waiting = flow.open_requests(g.tenant.id)
    decided = flow.decided(g.tenant.id, request.args.get("before", type=int))
    both = [*waiting, *decided]
    return hypermedia.page(
        "approvals/index.html", waiting=waiting, decided=decided,
        campaigns=planning.many(g.tenant.id, [a.object_id for a in both if a.kind == planning.KIND]),
        names=policy.names([i for a in both for i in (a.asked_by_id, a.decided_by_id)]),
        older_id=decided[-1].id if len(decided) == flow.PAGE_SIZE else None,
    )  # fmt: skip


@bp.get("/approvals/<int:approval_id>")
@requires(P.APPROVAL_SEE, P.APPROVAL_ASK, P.APPROVAL_DECIDE)
def show(approval_id: int) -> Response:
    return _page(*_find(approval_id))


@bp.get("/approvals/<int:approval_id>/mail")
@requires(P.APPROVAL_SEE, P.APPROVAL_ASK, P.APPROVAL_DECIDE)
def mail(approval_id: int) -> Response:
    """The frozen mail, as a document of its own."""
    _approval, _campaign, revision = _find(approval_id)
    frozen = preview.revision_message(g.tenant, revision)
    if request.args.get("part") == "text":
        return peoples_html(sending.text_document(preview.part(frozen, "plain")))
    return peoples_html(sending.own_pictures(preview.part(frozen, "html")))


@bp.post("/approvals/<int:approval_id>")
@requires(P.APPROVAL_DECIDE)
def decide(approval_id: int) -> Response:
    """Approve, return or reject exactly what was shown; of parallel decisions one counts."""
    approval, campaign, revision = _find(approval_id)
    state = DECISIONS.get(request.form.get("decision", ""))
    if state is None:
        raise NotFound
    remark = request.form.get("remark", "").strip()
    try:
        _check(campaign, state, remark)
        asked_by = User.get_by_id(approval.asked_by_id)
        role_id = quotas.most_generous(policy.rights_of(asked_by, g.tenant.id).role_ids)
        lifecycle.decide(
            campaign, approval, g.user, state, request.form.get("fingerprint", ""), remark, role_id,
            bool(context.effective_settings()["approval_self"]),
        )  # fmt: skip
    except (Invalid, Conflict, Forbidden) as error:
        approval = flow.get(g.tenant.id, approval_id)
        status = 422 if isinstance(error, Invalid) else 403 if isinstance(error, Forbidden) else 409
        return _page(approval, campaign, revision, status=status, wrong=say(error), remark=remark)
    tasks.wake_deliver(campaign.id)
    text = {
        ApprovalState.APPROVED: _("Approved. The mailing goes out at its time."),
        ApprovalState.RETURNED: _("Returned with your remark."),
        ApprovalState.REJECTED: _("Rejected with your remark."),
    }[state]
    return hypermedia.done(url_for("approvals.show", approval_id=approval_id), text)


def _find(approval_id: int) -> tuple[Approval, Campaign, IssueRevision]:
    approval = flow.get(g.tenant.id, approval_id)
    if approval.kind != planning.KIND:
        raise NotFound
    campaign = planning.get(g.tenant.id, approval.object_id)
    return approval, campaign, revisions.by_fingerprint(g.tenant.id, campaign.issue_id, approval.fingerprint)


def _check(campaign: Campaign, state: ApprovalState, remark: str) -> None:
    if state != ApprovalState.APPROVED:
        if not remark:
            raise Invalid(N_("Say in a sentence why; the person who asked reads it in the issue."))
        return
    count = audience.numbers(campaign)[0]
    if count > sending.TYPED_FROM and request.form.get("typed", "").strip() != str(count):
        raise Invalid(N_("Type the number of recipients to confirm that you mean to send to all of them."))


def _page(
    approval: Approval,
    campaign: Campaign,
    revision: IssueRevision,
    status: int = 200,
    wrong: str = "",
    remark: str = "",
) -> Response:
    before = revisions.before(revision)
    begun = campaign.started_at is not None
    count, left_out = (0, {}) if begun else audience.numbers(campaign)
    own = approval.asked_by_id == g.user.id and not context.effective_settings()["approval_self"]
    part = request.args.get("part", "wide")
    values: dict[str, Any] = {
        "approval": approval, "campaign": campaign, "revision": revision, "before": before, "count": count,
        "left_out": left_out, "begun": begun, "changes": changes.between(before, revision) if before else [],
        "names": policy.names([approval.asked_by_id, approval.decided_by_id]), "own": own, "wrong": wrong,
        "remark": remark, "part": part if part in PARTS else "wide", "typed_from": sending.TYPED_FROM,
        "deciding": approval.state == ApprovalState.OPEN and may(P.APPROVAL_DECIDE) and not own,
    }  # fmt: skip
    return hypermedia.page("approvals/show.html", status=status, **values)
