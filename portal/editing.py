"""Changes in the issue editor: opened against the version that the page shows, kept as steps, answered in parts.

Two people in one issue: a change of the order, or of what stands in it, needs the version that the page shows. A text
needs only that nobody else has changed the same text since the form was drawn (its stamp); else both versions are
shown, and nothing is written until the person has decided.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Response, g, request, url_for
from flask_babel import gettext as _

from domain.accounts import policy
from domain.content.models import Article
from domain.errors import Invalid
from domain.issues import assembly, blocks, stamps, steps
from domain.issues.models import Block, Issue
from portal import editor, hypermedia
from portal.errors import say_fields

HEAD_FIELDS = ("subject", "preheader")


@contextmanager
def changing(issue_id: int, act: str) -> Iterator[Issue]:
    """The issue to change, in the version that the page shows; what happens inside is one step of the history."""
    issue = assembly.open_issue(g.tenant.id, issue_id, request.form.get("version", type=int))
    with steps.recorded(issue, g.user.id, act):
        yield issue


def writing(issue_id: int, block_id: int | None = None) -> tuple[Issue, Block | None, bool]:
    """(issue, block, clash) to save a text of: with a stamp only the same text must be unchanged, without one the
    whole issue. Raises Conflict for that, NotFound."""
    given = {request.form.get("base", ""), request.form.get("keep", "")} - {""}
    version = None if given else request.form.get("version", type=int)
    issue = assembly.open_issue(g.tenant.id, issue_id, version)
    block = assembly.block(issue, block_id) if block_id is not None else None
    now = stamps.of_block(block) if block else stamps.of_head(issue)
    return issue, block, bool(given) and now not in given


def assembled(
    issue: Issue, opened: int | None = None, changed: bool = True, article: Article | None = None,
    head: bool = False,
) -> Response:  # fmt: skip
    """The blocks after a change, for htmx; else back to the editor. `head`: with subject and preview text."""
    if not hypermedia.wants_fragment():
        kept = {**editor.kept(), **({} if opened is None else {"open": str(opened)})}
        return hypermedia.done(url_for("issues.show", issue_id=issue.id, **kept))
    response = hypermedia.fragment(
        "issues/_assembly.html", trigger="issue-changed" if changed else None, oob=True, kept=editor.kept(),
        article=article, head=head, saved_at=issue.updated_at, **editor.blocks_values(issue, opened),
    )  # fmt: skip
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#assembly", "outerHTML show:none"
    return response


def saved(issue: Issue, block: Block | None = None) -> Response:
    """Saved while typing: only version, stamp and status change, so that the field keeps its focus."""
    if not hypermedia.wants_fragment():
        return hypermedia.done(url_for("issues.show", issue_id=issue.id, **editor.kept()), _("Saved."))
    return hypermedia.fragment(
        "issues/_saved.html", trigger="issue-changed", saved_at=issue.updated_at, said={},
        where="block" if block else "head", block=block, stamps=stamps, lacking=blocks.lacks,
        **editor.steps_values(issue),
    )  # fmt: skip


def refused(
    issue: Issue, error: Invalid, block: Block | None = None, data: dict[str, Any] | None = None
) -> Response:
    """What is wrong, beside the field; nothing was saved and what was typed stays."""
    said = say_fields(error)
    if hypermedia.wants_fragment():
        where = "block" if block else "head"
        return hypermedia.fragment(
            "issues/_said.html", status=422, issue=issue, said=said, where=where, oob=True, unsaved=True
        )
    return _typed(issue, block, data, said=said)


def clashed(issue: Issue, block: Block | None = None, data: dict[str, Any] | None = None) -> Response:
    """Somebody else has changed the same text: whose change it was, and both texts. Nothing was written."""
    trail = steps.trail(issue)
    key = str(block.id) if block else "head"
    step = next((s for s in trail.steps if not s.undone and key in s.after), None)
    names = policy.names([step.user_id] if step else [])
    theirs = dict(block.data) if block else {name: getattr(issue, name) for name in HEAD_FIELDS}
    differing = [
        (name, theirs.get(name) or "")
        for name in (data or {})
        if (theirs.get(name) or "") != (data or {})[name]
    ]
    values: dict[str, Any] = {
        "clash": {
            "who": names.get(step.user_id, "") if step else "", "at": step.created_at if step else issue.updated_at,
            "theirs": differing, "stamp": stamps.of_block(block) if block else stamps.of_head(issue),
            "block_id": block.id if block else 0,
        }
    }  # fmt: skip
    where = "block" if block else "head"
    if hypermedia.wants_fragment():
        return hypermedia.fragment(
            "issues/_said.html", status=409, issue=issue, where=where, oob=True, unsaved=True, kept=editor.kept(),
            **values,
        )  # fmt: skip
    return _typed(issue, block, data, status=409, **values)


def _typed(
    issue: Issue, block: Block | None, data: dict[str, Any] | None, status: int = 422, **more: Any
) -> Response:
    """The whole editor with what was typed instead of what is saved; its stamp stays that of what was changed."""
    base = request.form.get("base") or (stamps.of_block(block) if block else stamps.of_head(issue))
    values = editor.page_values(issue, said_where="block" if block else "head", base=base, **more)
    if block:
        values["opened"] = block.id
        for shown in values["blocks"]:
            if shown.id == block.id:
                shown.data = {**shown.data, **(data or {})}
    else:
        issue.subject, issue.preheader = request.form.get("subject", ""), request.form.get("preheader", "")
    return hypermedia.page("issues/editor.html", status=status, **values)
