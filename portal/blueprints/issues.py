"""Issues: the list, and the editor in which an issue is put together."""

from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import get_timezone
from flask_babel import gettext as _

from dispatcher import clearance, preview, render, tasks
from domain import clock
from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.approvals import flow
from domain.campaigns import audience, planning
from domain.content import pool
from domain.content.models import Article
from domain.db import database
from domain.errors import N_, Conflict, Invalid, NotFound, OverLimit
from domain.issues import assembly, listing, placeholders
from domain.issues.models import Block, BlockKind, Issue, IssueRevision
from domain.quotas import ledger as quotas
from domain.subscribers import directory, types
from domain.subscribers.models import Subscriber
from mediadb import library
from portal import context, hypermedia, sending
from portal.access import may, requires
from portal.errors import say_fields
from portal.security import peoples_html

bp = Blueprint("issues", __name__)
PARTS = ("narrow", "wide", "dark", "text")
KINDS = {
    BlockKind.INTRO: ("align-left", N_("Introduction")),
    BlockKind.ARTICLE: ("article", N_("Article")),
    BlockKind.TEXT: ("letter-case", N_("Text")),
    BlockKind.PICTURE: ("photo", N_("Picture")),
    BlockKind.BUTTON: ("square-rounded", N_("Button")),
    BlockKind.DIVIDER: ("minus", N_("Divider")),
}
LAYOUTS = {
    "top": N_("Picture above"),
    "left": N_("Picture left"),
    "right": N_("Picture right"),
    "text": N_("Without picture"),
}
DARK = (  # as programs show it that invert a light mail by force
    "<style>html{filter:invert(1) hue-rotate(180deg);background:#fff}"
    "img{filter:invert(1) hue-rotate(180deg)}</style>"
)


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
    g.relaxed_styles = True  # the rich-text editor sets inline styles
    return hypermedia.page("issues/editor.html", **_editor(issue))


@bp.get("/issues/<int:issue_id>/assembly")
@requires(P.ISSUE_EDIT)
def blocks(issue_id: int) -> Response:
    """The blocks, with one of them open to edit."""
    return _assembly(assembly.get(g.tenant.id, issue_id), changed=False)


@bp.get("/issues/<int:issue_id>/sources")
@requires(P.ISSUE_EDIT)
def sources(issue_id: int) -> Response:
    """Articles that may be put in."""
    return hypermedia.fragment("issues/_sources.html", **_sources(assembly.get(g.tenant.id, issue_id)))


@bp.get("/issues/<int:issue_id>/checks")
@requires(P.ISSUE_SEE)
def checks(issue_id: int) -> Response:
    """The pre-flight strip."""
    return hypermedia.fragment("issues/_checks.html", **_checks(assembly.get(g.tenant.id, issue_id)))


@bp.get("/issues/<int:issue_id>/view")
@requires(P.ISSUE_SEE)
def view(issue_id: int) -> Response:
    """The preview pane: which part, as whom."""
    return hypermedia.fragment("issues/_view.html", **_view(assembly.get(g.tenant.id, issue_id)))


@bp.get("/issues/<int:issue_id>/preview")
@requires(P.ISSUE_SEE)
def shown(issue_id: int) -> Response:
    """The mail as a document of its own: the bytes that would leave, or those frozen for approval."""
    issue = assembly.get(g.tenant.id, issue_id)
    person = _person(issue)
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
    if kind not in list(BlockKind):
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
        data["asset_id"] = library.get(g.tenant.id, int(chosen)).id if chosen.isdigit() else None
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
    title = _title(issue, block)
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
        if not quotas.reserve(g.tenant.id, role_id, -issue.id, 1, zone, clock.now()).count:
            raise OverLimit(N_("The volume limit of your role is used up; test mails count, too."))
        mail = preview.queue_test(g.tenant, issue, sending.base_url(), g.user.email, _person(issue))
    tasks.send_system_mail(mail.id)
    text = _("A test mail is on its way to %(address)s.", address=g.user.email)
    return hypermedia.done(url_for("issues.show", issue_id=issue.id, **_kept()), text)


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
    part = request.args.get("part", "narrow")
    if part == "text":
        return peoples_html(sending.text_document(preview.part(mail, "plain")))
    html = sending.own_pictures(preview.part(mail, "html"))
    return peoples_html(html.replace("</head>", f"{DARK}</head>", 1) if part == "dark" else html)


def _open(issue_id: int) -> Issue:
    return assembly.open_issue(g.tenant.id, issue_id, request.form.get("version", type=int))


def _kept() -> dict[str, Any]:
    """What the editor shows besides the issue itself: kept in every address."""
    return {k: v for k in ("part", "as", "open", "pane", "source") if (v := request.values.get(k, ""))}


def _editor(issue: Issue, **more: Any) -> dict[str, Any]:
    campaign = planning.of_issue(issue)
    history = flow.history(g.tenant.id, planning.KIND, campaign.id) if campaign else []
    last = history[0] if history else None
    return {
        "decision": last, "names": policy.names([last.decided_by_id] if last else []),
        "kind": types.get(g.tenant.id, issue.type_id), "campaign": campaign, "kept": _kept(),
        "saved_at": issue.updated_at, **_assembled(issue), **_sources(issue), **_checks(issue), **_view(issue), **more,
    }  # fmt: skip


def _assembled(issue: Issue, opened: int | None = None, said: dict[str, str] | None = None) -> dict[str, Any]:
    found = assembly.blocks(issue)
    shown_articles = assembly.articles_of(issue, found)
    chosen = {b.data.get("asset_id") for b in found} | {a.asset_id for a in shown_articles.values()}
    return {
        "issue": issue, "blocks": found, "articles": shown_articles, "kinds": KINDS, "layouts": LAYOUTS,
        "assets": library.many(g.tenant.id, [i for i in chosen if i]), "said": said or {},
        "opened": request.values.get("open", 0, int) if opened is None else opened,
        "editable": issue.state in assembly.EDITABLE and may(P.ISSUE_EDIT), "palette": placeholders.PALETTE,
    }  # fmt: skip


def _sources(issue: Issue) -> dict[str, Any]:
    text = request.args.get("q", "").strip()[:100]
    day = (issue.planned_at or clock.now()).astimezone(get_timezone()).date()
    found = pool.available(g.tenant.id, day, text)
    return {
        "issue": issue, "available": found, "text": text, "day": day, "source": request.args.get("source", "articles"),
        "inside": {b.article_id for b in assembly.blocks(issue) if b.article_id}, "kinds": KINDS, "kept": _kept(),
        "pictures": library.many(g.tenant.id, [a.asset_id for a in found if a.asset_id]),
    }  # fmt: skip


def _checks(issue: Issue) -> dict[str, Any]:
    if issue.state not in assembly.EDITABLE:
        return {"issue": issue, "findings": [], "size": 0, "passed": 0}
    findings, size = clearance.preflight(g.tenant, issue, sending.base_url())
    return {
        "issue": issue,
        "findings": findings,
        "size": size,
        "passed": max(0, clearance.CHECKS - len(findings)),
    }


def _view(issue: Issue) -> dict[str, Any]:
    part = request.values.get("part", "narrow")
    sender = render.sender_of(g.tenant, types.get(g.tenant.id, issue.type_id))
    return {
        "issue": issue, "part": part if part in PARTS else "narrow", "as_id": request.values.get("as", 0, int),
        "people": _samples(issue), "sender": sender, "kept": _kept(),
    }  # fmt: skip


def _samples(issue: Issue) -> list[Subscriber]:
    return audience.samples(g.tenant.id, issue.type_id) if may(P.SUBSCRIBER_SEE) else []


def _person(issue: Issue) -> Subscriber | None:
    """The chosen recipient, for people who may see personal data; None: the sample person."""
    chosen = request.values.get("as", 0, int)
    return directory.get(g.tenant.id, chosen) if chosen and may(P.SUBSCRIBER_SEE) else None


def _revision(issue: Issue) -> IssueRevision | None:
    campaign = planning.of_issue(issue)
    return planning.revision(campaign) if campaign else None


def _title(issue: Issue, block: Block) -> str:
    article = assembly.articles_of(issue, [block]).get(block.article_id or 0)
    return article.title if article else block.data.get("label") or _(KINDS[BlockKind(block.kind)][1])


def _assembly(
    issue: Issue, opened: int | None = None, changed: bool = True, article: Article | None = None
) -> Response:
    """The blocks after a change, for htmx; else back to the editor."""
    if not hypermedia.wants_fragment():
        kept = {**_kept(), **({} if opened is None else {"open": str(opened)})}
        return hypermedia.done(url_for("issues.show", issue_id=issue.id, **kept))
    response = hypermedia.fragment(
        "issues/_assembly.html", trigger="issue-changed" if changed else None, oob=True, kept=_kept(),
        article=article,
        saved_at=issue.updated_at, **_assembled(issue, opened),
    )  # fmt: skip
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#assembly", "outerHTML show:none"
    return response


def _saved(issue: Issue, where: str) -> Response:
    """Saved while typing: only the version and the status change, so that the field keeps its focus."""
    if not hypermedia.wants_fragment():
        return hypermedia.done(url_for("issues.show", issue_id=issue.id, **_kept()), _("Saved."))
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
    values = _editor(issue, said=said)
    if block:
        values["opened"] = block.id
        values["blocks"] = [block if b.id == block.id else b for b in values["blocks"]]
    return hypermedia.invalid("issues/editor.html", **values)
