"""Shared content: browse, filter, decide on several at once."""

from datetime import date
from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from domain.accounts.permissions import OWN_ARTICLES
from domain.accounts.permissions import Permission as P
from domain.content import alongside, articles, offers, pool
from domain.content.models import ArticleState
from domain.db import abreast
from domain.errors import DomainError, NotFound
from domain.issues import listing
from domain.subscribers import types
from mediadb import library
from portal import context, hypermedia, received
from portal.access import requires
from portal.errors import say
from portal.issue_rights import edits

bp = Blueprint("pool", __name__)
STATES = tuple(ArticleState)


@bp.get("/pool")
@requires(P.ARTICLE_SEE, *OWN_ARTICLES)
def index() -> Response:
    return _index()


@bp.post("/pool/decide")
@requires(P.ARTICLE_REVIEW)
def decide() -> Response:
    """Accept or return the ticked articles; what cannot be decided is named with its reason, the others go on."""
    ids = [int(i) for i in request.form.getlist("article") if i.isdigit()]
    note, returning = request.form.get("note", "").strip(), "return" in request.form
    if not ids:
        return _index(422, trouble=_("Tick the articles first."), note=note)
    if returning and not note:
        return _index(422, trouble=_("Write in the remark what should be changed."), ticked=ids)
    found = pool.many(g.tenant.id, ids)
    theirs = [guest.article for guest in received.articles() if guest.article.id in ids]
    for article in theirs:
        hypermedia.flash(f"{article.title}: {_(received.OTHERS)}", "hold")
    if not (found or theirs):
        raise NotFound
    done = 0
    for article in found:
        try:
            articles.give_back(article, g.user, note) if returning else articles.accept(article, g.user, note)
            done += 1
        except DomainError as error:
            hypermedia.flash(f"{article.title or _('Untitled')}: {say(error)}", "hold")
    text = (
        ngettext("%(num)s article returned.", "%(num)s articles returned.", done)
        if returning
        else ngettext("%(num)s article accepted.", "%(num)s articles accepted.", done)
    )
    return hypermedia.done(url_for("pool.index", **_filters()), text if done else None)


def _index(status: int = 200, trouble: str = "", note: str = "", ticked: list[int] | None = None) -> Response:
    wanted, today = _query(), context.today()
    counts = pool.counts(g.tenant.id, g.user, g.rights, today)
    page = pool.find(g.tenant.id, wanted, g.user, g.rights, today, counts)
    guests = received.articles()
    matching = alongside.matching(guests, wanted, today)
    start = max(0, request.args.get("from", 0, type=int)) if wanted.view == "others" else 0
    entries = alongside.merged(page, matching[start:], wanted)
    return hypermedia.page(
        "pool/index.html", "pool/_results.html", status=status, page=page, query=wanted, today=today, most=pool.COUNTED,
        entries=entries, total=page.total + len(matching), newer=_others(start - pool.PAGE_SIZE, start),
        older=_others(start + pool.PAGE_SIZE, len(matching)) if wanted.view == "others" else None,
        filters=_filters(), states=STATES, counts=_tabs(counts, guests, wanted, today),
        shown_state=articles.shown_state,
        trouble=trouble, note_text=note,
        ticked=ticked or [], layout="table" if request.args.get("layout") == "table" else "cards",
        pictures=library.of_articles([entry.article for entry in entries]),
        editors=page.editors, **_around(guests),
    )  # fmt: skip


def _others(at: int, below: int) -> str | None:
    """Where another page of what other tenants have released begins, if there is one."""
    more: dict[str, Any] = _filters() | {"from": at or None}
    return url_for("pool.index", **more) if 0 <= at < below else None


def _tabs(
    counts: dict[str, int], guests: list[alongside.Guest], wanted: pool.Query, today: date
) -> dict[str, int]:
    """View → number, in the order of the tabs; that of other tenants only where there is something to see."""
    more = alongside.counts(guests, today)
    names = [v for v in pool.views(g.rights) if v != "others" or guests or wanted.view == "others"]
    return {view: counts.get(view, 0) + more.get(view, 0) for view in names}


def _around(guests: list[alongside.Guest]) -> dict[str, Any]:
    """What stands around the list of the page, not asked for when htmx wants the list alone."""
    issues = [issue for issue in listing.find(g.tenant.id, "work").issues if edits(issue)]
    if hypermedia.wants_fragment():
        return {"issues": issues}
    offered, kinds = abreast(
        lambda: offers.of(g.tenant.id, "pool", g.user.id), lambda: types.every(g.tenant.id)
    )
    theirs = {guest.article.category for guest in guests} - {""}
    return {
        "issues": issues, "categories": sorted({*offered.categories, *theirs}),
        "tags": offered.tags, "saved": offered.views,
        "kinds": kinds, "type_id": request.args.get("type", type=int),
        "saved_id": request.args.get("saved", type=int),
    }  # fmt: skip


def _filters() -> dict[str, Any]:
    """The filters of the address without the page."""
    known = ("view", "q", "category", "tag", "state", "type", "valid", "sort", "layout")
    return {name: request.args[name] for name in known if request.args.get(name)}


def _query() -> pool.Query:
    args = request.args
    view, sort = args.get("view", "all"), args.get("sort", "new")
    type_id = args.get("type", type=int)
    return pool.Query(
        view=view if view in pool.views(g.rights) else "all",
        text=args.get("q", "")[:200],
        category=args.get("category", ""),
        tag=args.get("tag", "")[:60],
        state=ArticleState(args["state"]) if args.get("state") in STATES else None,
        valid_on=_day(args.get("valid", "")),
        among=listing.articles_of_type(g.tenant.id, type_id) if type_id else None,
        sort=sort if sort in pool.SORTS else "new",
        before_id=args.get("before", type=int),
        after_id=args.get("after", type=int),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
