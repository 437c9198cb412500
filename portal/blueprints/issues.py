"""Issues: the list, and the editor in which an issue is put together."""

from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from dispatcher import preview, tasks, trial
from domain import clock
from domain.accounts.permissions import Permission as P
from domain.campaigns import planning
from domain.content.models import Article
from domain.db import database
from domain.errors import N_, Conflict, Invalid, NotFound, OverLimit
from domain.issues import assembly, listing
from domain.issues.models import Block, BlockKind, Issue, IssueKind, IssueRevision
from domain.quotas import ledger as quotas
from domain.quotas.models import Scope
from domain.subscribers import types
from portal import context, editor, hypermedia, received, sending
from portal.access import requires
from portal.errors import say_fields

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
@requires(P.ISSUE_EDIT)
def create() -> Response:
    issue = assembly.create(g.tenant.id, request.form.get("type_id", 0, int), g.user.id)
    return hypermedia.done(url_for("issues.show", issue_id=issue.id))


@bp.get("/issues/<int:issue_id>")
@requires(P.ISSUE_SEE)
def show(issue_id: int) -> Response:
    """The editor, or once the issue is closed what it is and where it stands."""
    issue = assembly.get(g.tenant.id, issue_id)
    if issue.kind == IssueKind.LETTER:
        return hypermedia.done(url_for("letters.show", issue_id=issue.id))
    g.relaxed_styles = True  # the rich-text editor sets inline styles
    return hypermedia.page("issues/editor.html", **editor.page_values(issue))


@bp.get("/issues/<int:issue_id>/assembly")
@requires(P.ISSUE_EDIT)
def blocks(issue_id: int) -> Response:
    """The blocks, with one of them open to edit."""
    return _assembly(assembly.get(g.tenant.id, issue_id), changed=False)


@bp.get("/issues/<int:issue_id>/sources")
@requires(P.ISSUE_EDIT)
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
        "issues/_checks.html", **editor.checks_values(assembly.get(g.tenant.id, issue_id))
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


@bp.post("/issues/<int:issue_id>/head")
@requires(P.ISSUE_EDIT)
def head(issue_id: int) -> Response:
    issue = _open(issue_id)
    try:
        assembly.set_head(
            issue, subject=request.form.get("subject", ""), preheader=request.form.get("preheader", ""),
            name=request.form.get("name"),
        )  # fmt: skip
    except Invalid as error:
        return _refused(issue, error)
    return _saved(issue, "head")


@bp.post("/issues/<int:issue_id>/blocks")
@requires(P.ISSUE_EDIT)
def add(issue_id: int) -> Response:
    """Put an article or an empty block at the end."""
    issue = _open(issue_id)
    kind, article_id = request.form.get("kind", ""), request.form.get("article_id", type=int)
    if article_id:
        block = assembly.add_article(issue, article_id)
        # the list of articles shows the tick at once, so that the next click meets the next article
        return _assembly(issue, opened=0, article=assembly.articles_of(issue, [block])[article_id])
    if kind not in list(editor.KINDS):
        raise NotFound
    return _assembly(issue, opened=assembly.add(issue, BlockKind(kind)).id)


@bp.post("/issues/<int:issue_id>/blocks/<int:block_id>")
@requires(P.ISSUE_EDIT)
def edit(issue_id: int, block_id: int) -> Response:
    """Save a block: after each pause in typing by script, or by its button, which closes it."""
    issue = _open(issue_id)
    block = assembly.block(issue, block_id)
    form = request.form
    data: dict[str, Any] = {k: form[k] for k in ("html", "layout", "label", "url", "alt") if k in form}
    if "asset_id" in form:
        chosen = form["asset_id"].strip()
        data["asset_id"] = received.asset_id(int(chosen)) if chosen.isdigit() else None
    try:
        assembly.edit(issue, block, data)
    except Invalid as error:
        return _refused(issue, error, block, data)
    return _assembly(issue, opened=0) if "close" in form else _saved(issue, "block")


@bp.post("/issues/<int:issue_id>/order")
@requires(P.ISSUE_EDIT)
def order(issue_id: int) -> Response:
    """The whole order, after dragging."""
    issue = _open(issue_id)
    assembly.reorder(issue, [int(i) for i in request.form.getlist("block") if i.isdigit()])
    return _assembly(issue)


@bp.post("/issues/<int:issue_id>/blocks/<int:block_id>/move")
@requires(P.ISSUE_EDIT)
def move(issue_id: int, block_id: int) -> Response:
    issue = _open(issue_id)
    assembly.move(issue, assembly.block(issue, block_id), -1 if request.form.get("way") == "up" else 1)
    return _assembly(issue)


@bp.post("/issues/<int:issue_id>/blocks/<int:block_id>/hide")
@requires(P.ISSUE_EDIT)
def hide(issue_id: int, block_id: int) -> Response:
    issue = _open(issue_id)
    block = assembly.block(issue, block_id)
    assembly.hide(issue, block, not block.hidden)
    return _assembly(issue)


@bp.post("/issues/<int:issue_id>/blocks/<int:block_id>/duplicate")
@requires(P.ISSUE_EDIT)
def duplicate(issue_id: int, block_id: int) -> Response:
    issue = _open(issue_id)
    made = assembly.duplicate(issue, assembly.block(issue, block_id))
    return _assembly(issue, opened=made.id)


@bp.post("/issues/<int:issue_id>/blocks/<int:block_id>/remove")
@requires(P.ISSUE_EDIT)
def remove(issue_id: int, block_id: int) -> Response:
    issue = _open(issue_id)
    block = assembly.block(issue, block_id)
    title = editor.title(issue, block)
    assembly.remove(issue, block)
    undo = url_for("issues.restore", issue_id=issue.id, block_id=block.id)
    hypermedia.flash(_("“%(title)s” was taken out.", title=title), undo=undo)
    return _assembly(issue, opened=0)


@bp.post("/issues/<int:issue_id>/blocks/<int:block_id>/restore")
@requires(P.ISSUE_EDIT)
def restore(issue_id: int, block_id: int) -> Response:
    issue = _open(issue_id)
    assembly.restore(issue, block_id)
    return hypermedia.done(url_for("issues.show", issue_id=issue.id), _("The block is back in its place."))


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
@requires(P.ISSUE_EDIT)
def reopen(issue_id: int) -> Response:
    """Back to a draft; what was asked for or approved is void."""
    issue = assembly.get(g.tenant.id, issue_id)
    campaign = planning.of_issue(issue)
    if campaign is None:
        raise Conflict(N_("This issue is in approval or approved and can no longer be changed."))
    planning.reopen(campaign, issue, g.user.id)
    return hypermedia.done(
        url_for("issues.show", issue_id=issue.id), _("The issue is a draft again. Its approval is void.")
    )


def _document(mail: Any) -> Response:
    """A mail's HTML or text in the sandbox."""
    return sending.mail_document(mail, request.args.get("part", "narrow"))


def _open(issue_id: int) -> Issue:
    return assembly.open_issue(g.tenant.id, issue_id, request.form.get("version", type=int))


def _revision(issue: Issue) -> IssueRevision | None:
    campaign = planning.of_issue(issue)
    return planning.revision(campaign) if campaign else None


def _assembly(
    issue: Issue, opened: int | None = None, changed: bool = True, article: Article | None = None
) -> Response:
    """The blocks after a change, for htmx; else back to the editor."""
    if not hypermedia.wants_fragment():
        kept = {**editor.kept(), **({} if opened is None else {"open": str(opened)})}
        return hypermedia.done(url_for("issues.show", issue_id=issue.id, **kept))
    response = hypermedia.fragment(
        "issues/_assembly.html", trigger="issue-changed" if changed else None, oob=True, kept=editor.kept(),
        article=article,
        saved_at=issue.updated_at, **editor.blocks_values(issue, opened),
    )  # fmt: skip
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#assembly", "outerHTML show:none"
    return response


def _saved(issue: Issue, where: str) -> Response:
    """Saved while typing: only the version and the status change, so that the field keeps its focus."""
    if not hypermedia.wants_fragment():
        return hypermedia.done(url_for("issues.show", issue_id=issue.id, **editor.kept()), _("Saved."))
    return hypermedia.fragment(
        "issues/_saved.html", trigger="issue-changed", issue=issue, saved_at=issue.updated_at, said={},
        where=where,
    )  # fmt: skip


def _refused(
    issue: Issue, error: Invalid, block: Block | None = None, data: dict[str, Any] | None = None
) -> Response:
    """What is wrong, beside the field; nothing was saved and what was typed stays."""
    said = say_fields(error)
    if hypermedia.wants_fragment():
        where = "block" if block else "head"
        return hypermedia.fragment(
            "issues/_saved.html", status=422, issue=issue, saved_at=None, said=said, where=where
        )
    if block:
        block.data = {**block.data, **(data or {})}
    else:
        issue.subject, issue.preheader = request.form.get("subject", ""), request.form.get("preheader", "")
    values = editor.page_values(issue, said=said, said_where="block" if block else "head")
    if block:
        values["opened"] = block.id
        values["blocks"] = [block if b.id == block.id else b for b in values["blocks"]]
    return hypermedia.invalid("issues/editor.html", **values)
