"""Approvals: what waits, what exactly is asked for, and the decision."""

from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, request, url_for
from flask_babel import gettext as _

from dispatcher import deciding
from dispatcher.deciding import Seat
from dispatcher.housemail import approving
from domain import tokens
from domain.accounts import absence, policy, rolebook
from domain.accounts.permissions import Permission as P
from domain.approvals import flow, guests, listing
from domain.approvals.flow import Voter
from domain.approvals.models import Approval, ApprovalState
from domain.approvals.setup import CAMPAIGN
from domain.audit import origin
from domain.campaigns import planning
from domain.db import abreast
from domain.errors import N_, Conflict, Forbidden, Invalid, NotFound
from domain.issues import assembly, trials
from portal import context, counting, hypermedia, sending, subjects, timing, verdicts
from portal.access import may, requires, signed_in
from portal.errors import say

bp = Blueprint("approvals", __name__)


@bp.get("/approvals")
@requires(P.APPROVAL_SEE, P.APPROVAL_ASK, P.APPROVAL_DECIDE)
def index() -> Response:
    waiting = listing.open_requests(g.tenant.id)
    decided = listing.decided(g.tenant.id, request.args.get("before", type=int))
    both = [*waiting, *decided]
    return hypermedia.page(
        "approvals/index.html", waiting=waiting, decided=decided, yours=_yours(waiting),
        campaigns=planning.many(g.tenant.id, [a.object_id for a in both if a.kind == planning.KIND]),
        names=_names([i for a in both for i in (a.asked_by_id, a.decided_by_id)]),
        older_id=decided[-1].id if len(decided) == listing.PAGE_SIZE else None,
    )  # fmt: skip


@bp.get("/approvals/<int:approval_id>")
@requires(P.APPROVAL_SEE, P.APPROVAL_ASK, P.APPROVAL_DECIDE)
def show(approval_id: int) -> Response:
    """What is asked for; by htmx only who gets a mailing, counted exactly, and the buttons that wait for it."""
    return _page(flow.get(g.tenant.id, approval_id))


@bp.get("/approvals/<int:approval_id>/mail")
@requires(P.APPROVAL_SEE, P.APPROVAL_ASK, P.APPROVAL_DECIDE)
def mail(approval_id: int) -> Response:
    """The frozen mail (or the article), as a document of its own."""
    return subjects.frame(g.tenant, flow.get(g.tenant.id, approval_id))


@bp.get("/approvals/<int:approval_id>/checks")
@requires(P.APPROVAL_SEE, P.APPROVAL_ASK, P.APPROVAL_DECIDE)
def checks(approval_id: int) -> Response:
    """What the pre-flight says; a page of its own that the request loads, since it renders the mail once more."""
    approval = flow.get(g.tenant.id, approval_id)
    later = approval.kind == CAMPAIGN and counting.comes_later(g.tenant.id)
    findings, passed = subjects.checks(g.tenant, approval, later)
    return hypermedia.page(
        "approvals/checks.html", "approvals/_checks.html", approval=approval, findings=findings, passed=passed,
        later=later,
    )  # fmt: skip


@bp.post("/approvals/<int:approval_id>")
@requires(P.APPROVAL_DECIDE)
def decide(approval_id: int) -> Response:
    """Approve, return or reject exactly what was shown; of parallel decisions one counts."""
    approval = flow.get(g.tenant.id, approval_id)
    state, remark = verdicts.asked()
    seat = _seat(approval)
    try:
        verdicts.check(approval, state, remark)
        with origin.acting(f"for {seat.for_user_id}" if seat.for_user_id else ""):
            approval = deciding.decide(
                approval,
                Voter(g.user.id, g.user.name),
                state,
                request.form.get("fingerprint", ""),
                remark,
                seat,
            )
    except (Invalid, Conflict, Forbidden) as error:
        status = 422 if isinstance(error, Invalid) else 403 if isinstance(error, Forbidden) else 409
        return _page(flow.get(g.tenant.id, approval_id), status=status, wrong=say(error), remark=remark)
    return hypermedia.done(
        url_for("approvals.show", approval_id=approval_id), verdicts.after(approval, state)
    )


@bp.post("/approvals/<int:approval_id>/revoke")
@requires(P.APPROVAL_DECIDE)
def revoke(approval_id: int) -> Response:
    """Take an approval back before it has been used; the remark says why."""
    approval = flow.get(g.tenant.id, approval_id)
    deciding.revoke(approval, g.user, request.form.get("remark", ""))
    text = _("The approval is revoked.")
    if approval.kind == CAMPAIGN:
        campaign = planning.get(g.tenant.id, approval.object_id)
        text = (
            f"{_('The approval is revoked. The mailing is a draft again.')} {timing.kept(campaign)}".strip()
        )
    return hypermedia.done(url_for("approvals.show", approval_id=approval_id), text)


@bp.post("/approvals/<int:approval_id>/withdraw")
@requires(P.APPROVAL_ASK, P.ARTICLE_SUBMIT, P.MEDIA_EDIT)
def withdraw(approval_id: int) -> Response:
    """Take the own request back; what it was for can be changed again."""
    approval = flow.get(g.tenant.id, approval_id)
    if approval.asked_by_id != g.user.id:
        raise Forbidden(N_("Only the person who asked can take the request back."))
    if approval.state != ApprovalState.OPEN:
        raise Conflict(N_("This has already been decided or is no longer current."))
    if approval.kind == CAMPAIGN:
        campaign = planning.get(g.tenant.id, approval.object_id)
        planning.reopen(campaign, assembly.get(g.tenant.id, campaign.issue_id), g.user.id)
        text = f"{_('The request is taken back.')} {timing.kept(campaign)}".strip()
    else:
        deciding.withdraw(approval, g.user)
        text = _("The request is taken back.")
    return hypermedia.done(url_for("approvals.show", approval_id=approval_id), text)


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


def _seat(approval: Approval) -> Seat:
    """With the own roles, or else in the place of somebody who is away and may decide this step."""
    self_allowed = bool(context.effective_settings()["approval_self"])
    if flow.may_take(approval, g.rights.role_ids):
        return Seat(g.rights.role_ids, None, self_allowed)
    for absent in absence.represented(g.user):
        rights = policy.rights_of(absent, g.tenant.id)
        if P.APPROVAL_DECIDE in rights and flow.may_take(approval, rights.role_ids):
            return Seat(rights.role_ids, absent.id, self_allowed)
    return Seat(g.rights.role_ids, None, self_allowed)


def _takes(approval: Approval, seat: Seat) -> bool:
    """Whether the step that waits is for who sits there."""
    return seat.role_ids is None or flow.may_take(approval, seat.role_ids)


def _yours(waiting: list[Approval]) -> set[int]:
    """Ids of the requests that wait for this person."""
    if not may(P.APPROVAL_DECIDE):
        return set()
    own = () if context.effective_settings()["approval_self"] else (g.user.id,)
    return {a.id for a in waiting if a.asked_by_id not in own and flow.may_take(a, g.rights.role_ids)}


def _names(ids: list[int | None]) -> dict[int, str]:
    """Id → name of people, negative id → address of guests."""
    return policy.names(ids) | guests.names(g.tenant.id, [i for i in ids if i])


def _page(approval: Approval, status: int = 200, wrong: str = "", remark: str = "") -> Response:
    later = approval.kind == CAMPAIGN and counting.comes_later(g.tenant.id)
    subject, votes, testers, roles = abreast(
        lambda: subjects.of(g.tenant, approval, later), lambda: flow.votes(approval),
        lambda: trials.every(g.tenant.id) if approval.kind == CAMPAIGN else [],
        lambda: rolebook.roles_for(g.tenant.id) if approval.steps else [],
    )  # fmt: skip
    own = approval.asked_by_id == g.user.id and not context.effective_settings()["approval_self"]
    part = request.args.get("part", "")
    deciding_now = approval.state == ApprovalState.OPEN and may(P.APPROVAL_DECIDE) and not own
    seat = _seat(approval) if deciding_now else Seat()
    voted = any(g.user.id in (vote.user_id, vote.for_user_id) for vote in votes)
    takes = deciding_now and not voted and _takes(approval, seat)
    ids = [
        approval.asked_by_id,
        approval.decided_by_id,
        seat.for_user_id,
        *(c.by_id for c in subject.changes),
    ]
    values: dict[str, Any] = {
        "checked": subjects.is_checked(approval), "testers": (trials.teams(testers), testers),
        "approval": approval, "subject": subject, "votes": votes, "steps": approval.steps or [],
        "names": _names(ids + [i for v in votes for i in (v.user_id, v.for_user_id)]),
        "roles": {r.id: r for r in roles},
        "own": own, "wrong": wrong, "remark": remark, "deciding": takes, "voted": voted,
        "another": deciding_now and not takes, "for_id": seat.for_user_id,
        "revocable": verdicts.revocable(approval, subject) and may(P.APPROVAL_DECIDE),
        "part": part if part in subject.parts else next(iter(subject.parts), ""), "typed_from": sending.TYPED_FROM,
        "band": flow.band(approval.size) if approval.size else None, **subject.facts,
    }  # fmt: skip
    return hypermedia.page("approvals/show.html", "approvals/_counted.html", status=status, **values)
