"""Issues: the list, and the editor in which an issue is put together."""

from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from dispatcher import preview, tasks, trial
from domain import clock
from domain.accounts.permissions import Permission as P
from domain.campaigns import planning
from domain.db import database
from domain.errors import N_, Conflict, OverLimit
from domain.issues import assembly, listing
from domain.issues.models import PLAIN, Issue, IssueRevision
from domain.quotas import ledger as quotas
from domain.quotas.models import Scope
from domain.subscribers import types
from portal import context, editing, editor, hypermedia, sending, timing
from portal.access import requires
from portal.issue_rights import edits_issue

bp = Blueprint("issues", __name__)
USED_UP = {
    Scope.ROLE: N_("The volume limit of your role is used up; test mails count, too."),
    Scope.PERSON: N_("Your own volume limit is used up; test mails count, too."),
    Scope.TENANT: N_("The volume limit of the tenant is used up; test mails count, too."),
}


@bp.get("/issues")
@requires(P.ISSUE_SEE)
def index() -> Response:
    page = listing.find(
        g.tenant.id, request.args.get("view", "all"), request.args.get("type", type=int),
        request.args.get("before", type=int), request.args.get("after", type=int),
    )  # fmt: skip
    return hypermedia.page(
        "issues/index.html", "issues/_results.html", page=page, counts=listing.counts(g.tenant.id),
        types=[t for t in types.every(g.tenant.id) if t.active], view=request.args.get("view", "all"),
        type_id=request.args.get("type", type=int),
        campaigns=planning.of_issues(g.tenant.id, [i.id for i in page.issues]),
    )  # fmt: skip


@bp.post("/issues")
@requires(P.ISSUE_CREATE)
def create() -> Response:
    issue = assembly.create(g.tenant.id, request.form.get("type_id", 0, int), g.user.id)
    return hypermedia.done(url_for("issues.show", issue_id=issue.id))


@bp.get("/issues/<int:issue_id>")
@requires(P.ISSUE_SEE)
def show(issue_id: int) -> Response:
    """The editor, or once the issue is closed what it is and where it stands."""
    issue = assembly.get(g.tenant.id, issue_id)
    if issue.kind in PLAIN:
        return hypermedia.done(url_for("letters.show", issue_id=issue.id))
    g.relaxed_styles = True  # the rich-text editor sets inline styles
    return hypermedia.page("issues/editor.html", **editor.page_values(issue))


@bp.get("/issues/<int:issue_id>/assembly")
@edits_issue
def blocks(issue_id: int) -> Response:
    """The blocks, with one of them open to edit."""
    return editing.assembled(assembly.get(g.tenant.id, issue_id), changed=False)


@bp.get("/issues/<int:issue_id>/sources")
@edits_issue
def sources(issue_id: int) -> Response:
    """Articles that may be put in."""
    return hypermedia.fragment(
        "issues/_sources.html", **editor.sources_values(assembly.get(g.tenant.id, issue_id))
    )


@bp.get("/issues/<int:issue_id>/checks")
@requires(P.ISSUE_SEE)
def checks(issue_id: int) -> Response:
    """The pre-flight strip."""
    return hypermedia.fragment(
        "issues/_checks.html", **editor.checks_values(assembly.get(g.tenant.id, issue_id), audited=True)
    )


@bp.get("/issues/<int:issue_id>/view")
@requires(P.ISSUE_SEE)
def view(issue_id: int) -> Response:
    """The preview pane: which part, as whom."""
    return hypermedia.fragment("issues/_view.html", **editor.view_values(assembly.get(g.tenant.id, issue_id)))


@bp.get("/issues/<int:issue_id>/preview")
@requires(P.ISSUE_SEE)
def shown(issue_id: int) -> Response:
    """The mail as a document of its own: the bytes that would leave, or those frozen for approval."""
    issue = assembly.get(g.tenant.id, issue_id)
    person = editor.person(issue)
    revision = None if issue.state in assembly.EDITABLE else _revision(issue)
    mail = (
        preview.revision_message(g.tenant, revision, person)
        if revision
        else preview.message(g.tenant, issue, sending.base_url(), person)
    )
    return _document(mail)


@bp.post("/issues/<int:issue_id>/test")
@requires(P.ISSUE_TEST)
def test(issue_id: int) -> Response:
    """A test mail to the own address, with the data of the chosen person; it counts against the role's volume."""
    issue = assembly.get(g.tenant.id, issue_id)
    zone = str(context.effective_settings()["time_zone"])
    role_id = quotas.most_generous(g.rights.role_ids)
    with database.atomic():
        grant = quotas.reserve(g.tenant.id, role_id, -issue.id, 1, zone, clock.now(), g.user.id)
        if grant.limited_by is not None and not grant.count:
            raise OverLimit(USED_UP[grant.limited_by.scope])
        (mail,) = trial.queue(
            g.tenant,
            issue,
            planning.of_issue(issue),
            sending.base_url(),
            [g.user.email],
            [editor.person(issue)],
        )
    tasks.send_system_mail(mail.id)
    text = _("A test mail is on its way to %(address)s.", address=g.user.email)
    return hypermedia.done(url_for("issues.show", issue_id=issue.id, **editor.kept()), text)


@bp.post("/issues/<int:issue_id>/reopen")
@edits_issue
def reopen(issue_id: int) -> Response:
    """Back to a draft; what was asked for or approved is void."""
    issue = assembly.get(g.tenant.id, issue_id)
    campaign = planning.of_issue(issue)
    if campaign is None:
        raise Conflict(N_("This issue is in approval or approved and can no longer be changed."))
    planning.reopen(campaign, issue, g.user.id)
    text = _("The issue is a draft again. Its approval is void.")
    return hypermedia.done(
        url_for("issues.show", issue_id=issue.id), f"{text} {timing.kept(campaign)}".strip()
    )


def _document(mail: Any) -> Response:
    """A mail's HTML or text in the sandbox."""
    return sending.mail_document(mail, request.args.get("part", "narrow"))


def _revision(issue: Issue) -> IssueRevision | None:
    campaign = planning.of_issue(issue)
    return planning.revision(campaign) if campaign else None
