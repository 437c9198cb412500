"""The blocks of an issue: put in, changed, moved, hidden, undone; and who else is at them."""

from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.campaigns import reissuing
from domain.errors import N_, Forbidden, Invalid, NotFound
from domain.issues import assembly, blocks, presence, steps
from domain.issues.models import BlockKind
from domain.segments import saved
from portal import editing, editor, hypermedia, received
from portal.access import may, requires
from portal.issue_rights import edits_issue

bp = Blueprint("blocks", __name__)


@bp.post("/issues/<int:issue_id>/head")
@edits_issue
def head(issue_id: int) -> Response:
    """Subject and preview text; which of two changes of them holds is for the person to say."""
    issue, _block, clash = editing.writing(issue_id)
    form = request.form
    if clash:
        return editing.clashed(issue, data={name: form.get(name, "") for name in editing.HEAD_FIELDS})
    try:
        with steps.recorded(issue, g.user.id, "head"):
            assembly.set_head(
                issue,
                subject=form.get("subject", ""),
                preheader=form.get("preheader", ""),
                name=form.get("name"),
            )
    except Invalid as error:
        return editing.refused(issue, error)
    return editing.saved(issue)


@bp.post("/issues/<int:issue_id>/blocks")
@edits_issue
def add(issue_id: int) -> Response:
    """Put an article or an empty block at the end, or before the block that `before` names."""
    kind, article_id = request.form.get("kind", ""), request.form.get("article_id", type=int)
    if not article_id and kind not in editor.addable():
        raise NotFound
    with editing.changing(issue_id, "add") as issue:
        made = assembly.add_article(issue, article_id) if article_id else assembly.add(issue, BlockKind(kind))
        assembly.put_before(issue, made, request.form.get("before", type=int))
    if not article_id:
        return editing.assembled(issue, opened=made.id)
    # the list of articles shows the tick at once, so that the next click meets the next article
    return editing.assembled(issue, opened=0, article=assembly.articles_of(issue, [made])[article_id])


@bp.post("/issues/<int:issue_id>/blocks/<int:block_id>")
@edits_issue
def edit(issue_id: int, block_id: int) -> Response:
    """Save a block: after each pause in typing by script, or by its button, which closes it."""
    issue, block, clash = editing.writing(issue_id, block_id)
    assert block is not None
    data = _data(block.kind)
    if clash:
        return editing.clashed(issue, block, data)
    try:
        with steps.recorded(issue, g.user.id, "edit"):
            assembly.edit(issue, block, data)
    except Invalid as error:
        return editing.refused(issue, error, block, data)
    return editing.assembled(issue, opened=0) if "close" in request.form else editing.saved(issue, block)


def _data(kind: str) -> dict[str, Any]:
    """What the form says of a block; pictures are looked up in the tenant."""
    if kind == BlockKind.HTML and not may(P.ISSUE_HTML):
        raise Forbidden(N_("Your role does not include writing HTML."))
    known = blocks.FIELDS[BlockKind(kind)]
    data: dict[str, Any] = {key: request.form[key] for key in known if key in request.form}
    for key in blocks.ASSET_KEYS:
        if key in data:
            chosen = data[key].strip()
            data[key] = received.picture_id(int(chosen)) if chosen.isdigit() else None
    return data


@bp.post("/issues/<int:issue_id>/order")
@edits_issue
def order(issue_id: int) -> Response:
    """The whole order, after dragging."""
    with editing.changing(issue_id, "order") as issue:
        assembly.reorder(issue, [int(i) for i in request.form.getlist("block") if i.isdigit()])
    return editing.assembled(issue)


@bp.post("/issues/<int:issue_id>/blocks/<int:block_id>/move")
@edits_issue
def move(issue_id: int, block_id: int) -> Response:
    with editing.changing(issue_id, "move") as issue:
        assembly.move(issue, assembly.block(issue, block_id), -1 if request.form.get("way") == "up" else 1)
    return editing.assembled(issue)


@bp.post("/issues/<int:issue_id>/blocks/<int:block_id>/hide")
@edits_issue
def hide(issue_id: int, block_id: int) -> Response:
    with editing.changing(issue_id, "hide") as issue:
        block = assembly.block(issue, block_id)
        assembly.hide(issue, block, not block.hidden)
    return editing.assembled(issue)


@bp.post("/issues/<int:issue_id>/blocks/<int:block_id>/only")
@edits_issue
def only(issue_id: int, block_id: int) -> Response:
    """Only people of a segment get the block; without one all."""
    segment_id = request.form.get("segment_id", type=int)
    with editing.changing(issue_id, "only") as issue:
        found = saved.get(g.tenant.id, segment_id).id if segment_id else None
        assembly.only_for(issue, assembly.block(issue, block_id), found)
    return editing.assembled(issue)


@bp.post("/issues/<int:issue_id>/blocks/<int:block_id>/duplicate")
@edits_issue
def duplicate(issue_id: int, block_id: int) -> Response:
    with editing.changing(issue_id, "duplicate") as issue:
        made = assembly.duplicate(issue, assembly.block(issue, block_id))
    return editing.assembled(issue, opened=made.id)


@bp.post("/issues/<int:issue_id>/blocks/<int:block_id>/remove")
@edits_issue
def remove(issue_id: int, block_id: int) -> Response:
    with editing.changing(issue_id, "remove") as issue:
        block = assembly.block(issue, block_id)
        title = editor.title(issue, block)
        assembly.remove(issue, block)
    undo = url_for("blocks.restore", issue_id=issue.id, block_id=block.id)
    hypermedia.flash(_("“%(title)s” was taken out.", title=title), undo=undo)
    return editing.assembled(issue, opened=0)


@bp.post("/issues/<int:issue_id>/blocks/<int:block_id>/restore")
@edits_issue
def restore(issue_id: int, block_id: int) -> Response:
    with editing.changing(issue_id, "restore") as issue:
        assembly.restore(issue, block_id)
    return hypermedia.done(url_for("issues.show", issue_id=issue.id), _("The block is back in its place."))


@bp.post("/issues/<int:issue_id>/look")
@edits_issue
def look(issue_id: int) -> Response:
    """The mail template of the issue; none: that of its newsletter type."""
    with editing.changing(issue_id, "look") as issue:
        assembly.choose_template(g.tenant, issue, request.form.get("template_id", type=int))
    return editing.assembled(issue)


@bp.post("/issues/<int:issue_id>/once-more")
@requires(P.ISSUE_CREATE)
def copy(issue_id: int) -> Response:
    """Once more: the next number, the same text for other people, another text for the same people."""
    issue = assembly.get(g.tenant.id, issue_id)
    ways = {
        "next": reissuing.next_number, "people": reissuing.other_people, "text": reissuing.other_text,
    }  # fmt: skip
    way = ways.get(request.form.get("way", ""))
    if way is None:
        raise NotFound
    made = way(issue, g.user.id)
    return hypermedia.done(url_for("issues.show", issue_id=made.id), _("This is the copy."))


@bp.post("/issues/<int:issue_id>/steps")
@edits_issue
def step(issue_id: int) -> Response:
    """Undo, redo, or go to a step of the history."""
    issue = assembly.open_issue(g.tenant.id, issue_id, request.form.get("version", type=int))
    way = request.form.get("way", "")
    if way == "undo":
        steps.undo(issue)
    elif way == "redo":
        steps.redo(issue)
    else:
        steps.go_to(issue, request.form.get("to", 0, int))
    return editing.assembled(issue, head=True)


@bp.post("/issues/<int:issue_id>/presence")
@edits_issue
def here(issue_id: int) -> Response:
    """Say that the person is here and tell who else is; if others have changed something, how to see it."""
    issue = assembly.get(g.tenant.id, issue_id)
    if request.form.get("leave"):
        presence.leave(issue, g.user.id)
        return hypermedia.done(url_for("issues.show", issue_id=issue.id))
    blocks = assembly.blocks(issue)
    opened = request.form.get("opened", 0, int)
    presence.note(issue, g.user.id, opened if opened in {b.id for b in blocks} else None)
    found = presence.others(issue, g.user.id)
    titles = {b.id: editor.title(issue, b) for b in blocks if b.id in {o.block_id for o in found}}
    return hypermedia.fragment(
        "issues/_presence.html", issue=issue, others=found, names=policy.names([o.user_id for o in found]),
        titles=titles, stale=request.form.get("version", 0, int) != issue.version, opened=opened,
        kept=editor.kept(), closed=issue.state not in assembly.EDITABLE,
    )  # fmt: skip
