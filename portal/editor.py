"""What the issue editor shows, pane by pane: values for its templates."""

import operator
from functools import reduce
from typing import Any

from flask import g, request
from flask_babel import get_timezone
from flask_babel import gettext as _

from dispatcher.preflight import run
from dispatcher.rendering import render
from domain import clock
from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.approvals import listing, setup
from domain.approvals.models import Approval
from domain.campaigns import audience, planning
from domain.content import pool
from domain.content.models import Article
from domain.db import abreast
from domain.errors import N_
from domain.issues import assembly, mailtemplates, placeholders, stamps, steps
from domain.issues import blocks as content
from domain.issues.models import Block, BlockKind, BlockTemplate, Issue
from domain.segments import saved
from domain.subscribers import directory, types
from domain.subscribers.models import Subscriber
from domain.tenancy.models import Tenant
from mediadb import library
from mediadb.models import Asset
from portal import gaps, media_desk, places, received, sending
from portal.access import may
from portal.issue_rights import edits

PARTS = ("narrow", "wide", "dark", "text")
KINDS = {
    BlockKind.INTRO: ("align-left", N_("Introduction")),
    BlockKind.ARTICLE: ("article", N_("Article")),
    BlockKind.TEXT: ("letter-case", N_("Text")),
    BlockKind.TOC: ("list", N_("Table of contents")),
    BlockKind.PICTURE: ("photo", N_("Picture")),
    BlockKind.COLUMNS: ("columns", N_("Columns")),
    BlockKind.BUTTON: ("square-rounded", N_("Button")),
    BlockKind.QUOTE: ("quote", N_("Quote")),
    BlockKind.EVENT: ("calendar-event", N_("Event")),
    BlockKind.SOCIAL: ("share-2", N_("Social links")),
    BlockKind.DIVIDER: ("minus", N_("Divider")),
    BlockKind.HTML: ("braces", N_("Own HTML")),
}
ACTS = {  # what a step did, in the words of the history
    "head": N_("Subject or preview text"), "add": N_("Block added"), "edit": N_("Block changed"),
    "move": N_("Block moved"), "order": N_("Order changed"), "hide": N_("Block hidden or shown"),
    "duplicate": N_("Block duplicated"), "remove": N_("Block taken out"), "restore": N_("Block put back"),
    "only": N_("Recipients of a block"), "look": N_("Mail template"),
}  # fmt: skip
LAYOUTS = {
    "top": N_("Picture above"),
    "left": N_("Picture left"),
    "right": N_("Picture right"),
    "text": N_("Without picture"),
}


def kept() -> dict[str, Any]:
    """What the editor shows besides the issue itself: kept in every address."""
    return {k: v for k in ("part", "as", "open", "pane", "source") if (v := request.values.get(k, ""))}


def page_values(issue: Issue, **more: Any) -> dict[str, Any]:
    """Everything the editor shows."""
    found = abreast(
        lambda: _course_values(issue), lambda: _own_values(issue), lambda: blocks_values(issue),
        lambda: sources_values(issue), lambda: checks_values(issue), lambda: view_values(issue),
    )  # fmt: skip
    values = {"kept": kept(), "saved_at": issue.updated_at}
    return reduce(operator.or_, found, values) | more


def _course_values(issue: Issue) -> dict[str, Any]:
    """The mailing in which the issue is planned, and the last decision about it."""
    campaign = planning.of_issue(issue)
    history = listing.history(g.tenant.id, planning.KIND, campaign.id) if campaign else []
    last = history[0] if history else None
    names = policy.names([last.decided_by_id] if last else [])
    return {"campaign": campaign, "decision": last, "names": names}


def _own_values(issue: Issue) -> dict[str, Any]:
    """Whether the issue needs an approval of its own, and which it has."""
    own, needed = abreast(lambda: own_approval(issue), lambda: setup.exists(g.tenant.id, setup.ISSUE))
    return {"own_approval": own, "needs_own": own is not None or needed}


def own_approval(issue: Issue) -> Approval | None:
    """The newest request for approval of the issue by itself."""
    return listing.latest(g.tenant.id, setup.ISSUE, issue.id)


def blocks_values(
    issue: Issue, opened: int | None = None, said: dict[str, str] | None = None
) -> dict[str, Any]:
    """The blocks, with what they are made of; `opened` is the id of the one to edit."""
    editable = issue.state in assembly.EDITABLE and edits(issue)
    made, palette, looks, trail = abreast(
        lambda: _made_of(issue), lambda: placeholders.palette(issue.tenant_id),
        lambda: looks_values(issue) if editable else {"segments": {}},
        lambda: steps_values(issue) if editable else {},
    )  # fmt: skip
    return {
        "issue": issue, "kinds": KINDS, "layouts": LAYOUTS, "said": said or {},
        "opened": request.values.get("open", 0, int) if opened is None else opened,
        "editable": editable, "addable": addable(), "networks": content.NETWORKS, "stamps": stamps,
        "palette": palette, "lacking": content.lacks, "newest_pictures": media_desk.newest_pictures,
        **made, **looks, **trail,
    }  # fmt: skip


def _made_of(issue: Issue) -> dict[str, Any]:
    """The blocks with the articles and media that stand in them."""
    found = assembly.blocks(issue)
    chosen = {asset_id for b in found for asset_id in content.assets(b.data)}

    def of_articles() -> tuple[dict[int, Article], dict[int, Asset]]:
        shown = assembly.articles_of(issue, found)
        return shown, library.of_articles(shown.values())

    own, (shown, theirs) = abreast(lambda: library.many(g.tenant.id, sorted(chosen)), of_articles)
    return {"blocks": found, "articles": shown, "assets": own | theirs}


def addable() -> dict[str, tuple[str, str]]:
    """Kinds of blocks that the person may put in empty, with icon and name."""
    without = {BlockKind.ARTICLE} | (set() if may(P.ISSUE_HTML) else {BlockKind.HTML})
    return {kind: pair for kind, pair in KINDS.items() if kind not in without}


def looks_values(issue: Issue) -> dict[str, Any]:
    """What can be chosen for blocks and mail: segments and templates."""
    segments, own, theirs, look = abreast(
        lambda: {s.id: s.name for s in saved.every(g.tenant.id)},
        lambda: mailtemplates.every(g.tenant.id),
        lambda: mailtemplates.released(g.tenant),
        lambda: mailtemplates.chosen(
            g.tenant, issue.template_id, types.get(g.tenant.id, issue.type_id).template_id
        ),
    )
    return {"segments": segments, "own_templates": own, "their_templates": theirs, "look": look}


def steps_values(issue: Issue) -> dict[str, Any]:
    """The history of the issue, and what undo and redo would do."""
    trail = steps.trail(issue)
    return {
        "issue": issue, "trail": trail, "acts": ACTS,
        "writers": policy.names([step.user_id for step in trail.steps]),
    }  # fmt: skip


def sources_values(issue: Issue) -> dict[str, Any]:
    """Articles that may be put in, on the day of the issue."""
    text = request.args.get("q", "").strip()[:100]
    day = (issue.planned_at or clock.now()).astimezone(get_timezone()).date()
    own, theirs, parts, inside = abreast(
        lambda: pool.available(g.tenant.id, day, text), lambda: pool.released(g.tenant.id, day, text),
        kept_blocks, lambda: {b.article_id for b in assembly.blocks(issue) if b.article_id},
    )  # fmt: skip
    found = [*own, *theirs]
    pictures, owned = abreast(lambda: library.of_articles(found), lambda: owners(found))
    return {
        "issue": issue, "available": found, "text": text, "day": day, "source": request.args.get("source", "articles"),
        "block_templates": parts, "inside": inside, "kinds": KINDS, "kept": kept(), "addable": addable(),
        "pictures": pictures, "owners": owned,
    }  # fmt: skip


def kept_blocks() -> list[tuple[BlockTemplate, str]]:
    """Block templates that can be put in, with the tenant that another one's comes from; only where they are shown."""
    if request.values.get("source") != "parts":
        return []
    found = received.rows(BlockTemplate, "block_template")
    givers = received.givers_of(found)
    return [(one, givers.get(one.tenant_id, "")) for one in found]


def owners(found: list[Article]) -> dict[int, str]:
    """Tenant id → name, of the tenants whose articles are linked here."""
    ids = {a.tenant_id for a in found} - {g.tenant.id}
    return dict(Tenant.select(Tenant.id, Tenant.name).where(Tenant.id.in_(ids)).tuples()) if ids else {}


def checks_values(issue: Issue, audited: bool = False) -> dict[str, Any]:
    """Findings of the pre-flight, `audited`: with the placeholders that are empty for some of the audience. A closed
    issue has none."""
    if issue.state not in assembly.EDITABLE:
        return {"issue": issue, "findings": [], "size": 0, "passed": 0, "audited": True}
    campaign = sending.planned(issue) if audited else None
    findings, size, passed = run.look(g.tenant, issue, sending.base_url(), campaign, (gaps.told,))
    return {
        "issue": issue, "findings": findings, "size": size, "passed": passed, "place": places.of, "audited": audited,
    }  # fmt: skip


def view_values(issue: Issue) -> dict[str, Any]:
    """The preview pane: which part, as whom."""
    part = request.values.get("part", "narrow")
    kind, people = abreast(lambda: types.get(g.tenant.id, issue.type_id), lambda: _samples(issue))
    return {
        "issue": issue, "part": part if part in PARTS else "narrow", "as_id": request.values.get("as", 0, int),
        "people": people, "kind": kind, "sender": render.sender_of(g.tenant, kind), "kept": kept(),
    }  # fmt: skip


def _samples(issue: Issue) -> list[Subscriber]:
    return audience.samples(g.tenant.id, issue.type_id) if may(P.SUBSCRIBER_SEE) else []


def person(issue: Issue) -> Subscriber | None:
    """The chosen recipient, for people who may see personal data; None: the sample person."""
    chosen = request.values.get("as", 0, int)
    return directory.get(g.tenant.id, chosen) if chosen and may(P.SUBSCRIBER_SEE) else None


def title(issue: Issue, block: Block) -> str:
    """What a block is called in sentences: its article, its words or its kind."""
    article = assembly.articles_of(issue, [block]).get(block.article_id or 0)
    return article.title if article else words_of(block) or _(KINDS[BlockKind(block.kind)][1])


def words_of(block: Block) -> str:
    """The words by which a block is told from others of its kind; empty: it has none."""
    return next(
        (str(block.data[key]) for key in ("label", "title", "quote", "caption") if block.data.get(key)), ""
    )
