"""Approvals: what waits, what exactly is asked for, and the decision."""

from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, request, url_for
from flask_babel import gettext as _

from dispatcher import approving, changes, clearance, preview, tasks
from dispatcher.preflight.findings import Finding
from domain import tokens
from domain.accounts import policy
from domain.accounts.models import User
from domain.accounts.permissions import Permission as P
from domain.approvals import flow, setup
from domain.approvals.models import Approval, ApprovalState
from domain.campaigns import audience, lifecycle, planning
from domain.campaigns.models import Campaign
from domain.errors import N_, Conflict, Forbidden, Invalid, NotFound
from domain.issues import assembly, revisions, trials
from domain.issues.models import IssueRevision
from domain.quotas import ledger as quotas
from portal import context, hypermedia, places, sending
from portal.access import may, requires, signed_in
from portal.errors import say, say_fields
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
        approval = lifecycle.decide(
            campaign, approval, g.user, state, request.form.get("fingerprint", ""), remark, role_id,
            bool(context.effective_settings()["approval_self"]), g.rights.role_ids,
        )  # fmt: skip
    except (Invalid, Conflict, Forbidden) as error:
        approval = flow.get(g.tenant.id, approval_id)
        status = 422 if isinstance(error, Invalid) else 403 if isinstance(error, Forbidden) else 409
        return _page(approval, campaign, revision, status=status, wrong=say(error), remark=remark)
    if approval.state == ApprovalState.OPEN:
        for mail_id in approving.tell(approval):
            tasks.send_system_mail(mail_id)
        text = _("Your approval counts. The next step waits for somebody else.")
        return hypermedia.done(url_for("approvals.show", approval_id=approval_id), text)
    tasks.wake_deliver(campaign.id)
    text = {
        ApprovalState.APPROVED: _("Approved. The mailing goes out at its time."),
        ApprovalState.RETURNED: _("Returned with your remark."),
        ApprovalState.REJECTED: _("Rejected with your remark."),
    }[state]
    return hypermedia.done(url_for("approvals.show", approval_id=approval_id), text)


@bp.post("/approvals/<int:approval_id>/revoke")
@requires(P.APPROVAL_DECIDE)
def revoke(approval_id: int) -> Response:
    """Take an approval back before the mailing begins; the remark says why."""
    approval, campaign, _revision = _find(approval_id)
    lifecycle.revoke(campaign, approval, g.user, request.form.get("remark", ""))
    text = _("The approval is revoked. The mailing is a draft again.")
    return hypermedia.done(url_for("approvals.show", approval_id=approval_id), text)


@bp.post("/approvals/<int:approval_id>/withdraw")
@requires(P.APPROVAL_ASK)
def withdraw(approval_id: int) -> Response:
    """Take the own request back; the issue can be changed again."""
    approval, campaign, _revision = _find(approval_id)
    if approval.asked_by_id != g.user.id:
        raise Forbidden(N_("Only the person who asked can take the request back."))
    if approval.state != ApprovalState.OPEN:
        raise Conflict(N_("This has already been decided or is no longer current."))
    planning.reopen(campaign, assembly.get(g.tenant.id, campaign.issue_id), g.user.id)
    return hypermedia.done(
        url_for("approvals.show", approval_id=approval_id), _("The request is taken back.")
    )


@bp.get("/approvals/by/<token>")
@signed_in
def by_link(token: str) -> Response:
    """The signed link of a mail: to the request, once the person has signed in."""
    try:
        tenant_id, approval_id, _mark = tokens.read_timed_token("approval", token, approving.LINK_MAX_AGE_S)
    except (tokens.BadToken, ValueError):
        raise NotFound from None
    if tenant_id != g.tenant.id:
        raise NotFound
    return make_response(redirect(url_for("approvals.show", approval_id=approval_id)))


@bp.get("/admin/approvals")
@requires(P.APPROVAL_SETUP)
def setup_page() -> Response:
    terms, steps = setup.of(g.tenant.id, planning.KIND)
    return _setup(terms, steps)


@bp.post("/admin/approvals")
@requires(P.APPROVAL_SETUP)
def save_setup() -> Response:
    """The steps in order; a row without a number of people is left out."""
    roles = {role.id for role in policy.roles_for(g.tenant.id)}
    chosen = zip(
        request.form.getlist("role"),
        request.form.getlist("needed"),
        request.form.getlist("from_size"),
        strict=False,
    )
    steps = [
        setup.Step(_number(role) or None, _number(needed), _number(size))
        for role, needed, size in chosen if needed.strip()
    ]  # fmt: skip
    told = _number(request.form.get("told", "")) or None
    if any(step.role_id and step.role_id not in roles for step in steps) or (told and told not in roles):
        raise NotFound
    terms = setup.Terms(
        _number(request.form.get("free_below", "")), _number(request.form.get("deadline_h", "")) or None,
        _number(request.form.get("escalate_h", "")) or None, told,
    )  # fmt: skip
    try:
        setup.save(g.tenant.id, planning.KIND, terms, steps, g.user.id)
    except Invalid as error:
        return _setup(terms, steps, say_fields(error), 422)
    return hypermedia.done(url_for("approvals.setup_page"), _("Saved. It holds for requests from now on."))


def _setup(
    terms: setup.Terms, steps: list[setup.Step], wrong: dict[str, str] | None = None, status: int = 200
) -> Response:
    shown = [*steps, *[None] * max(1, min(2, setup.MOST_STEPS - len(steps)))]
    return hypermedia.page(
        "approvals/setup.html", status=status, terms=terms, steps=shown, roles=policy.roles_for(g.tenant.id),
        wrong=wrong or {},
    )  # fmt: skip


def _number(text: str) -> int:
    """A whole number as people write it; -1 for what is none, 0 for nothing."""
    digits = "".join(c for c in text if c not in ".,\u202f\u00a0 ")
    if not digits:
        return 0
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else -1


def _found(campaign: Campaign) -> list[Finding]:
    """What the pre-flight says of the mail that is asked for."""
    issue = assembly.get(g.tenant.id, campaign.issue_id)
    return clearance.preflight(g.tenant, issue, sending.base_url(), campaign)[0]


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
    testers = trials.every(g.tenant.id)
    begun = campaign.started_at is not None
    count, left_out = (0, {}) if begun else audience.numbers(campaign)
    own = approval.asked_by_id == g.user.id and not context.effective_settings()["approval_self"]
    part = request.args.get("part", "wide")
    values: dict[str, Any] = {
        "approval": approval, "campaign": campaign, "revision": revision, "before": before, "count": count,
        "left_out": left_out, "begun": begun, "changes": changes.between(before, revision) if before else [],
        "names": policy.names(
            [approval.asked_by_id, approval.decided_by_id, *(v.user_id for v in flow.votes(approval))]
        ), "roles": {r.id: r for r in policy.roles_for(g.tenant.id)} if approval.steps else {},
        "findings": _found(campaign) if approval.state == ApprovalState.OPEN else [], "place": places.of,
        "own": own, "wrong": wrong, "testers": (trials.teams(testers), testers),
        "votes": flow.votes(approval), "step": flow.current_step(approval), "steps": approval.steps or [],
        "revocable": approval.state == ApprovalState.APPROVED and not begun and may(P.APPROVAL_DECIDE),
        "remark": remark, "part": part if part in PARTS else "wide", "typed_from": sending.TYPED_FROM,
        "deciding": approval.state == ApprovalState.OPEN and may(P.APPROVAL_DECIDE) and not own,
    }  # fmt: skip
    return hypermedia.page("approvals/show.html", status=status, **values)
