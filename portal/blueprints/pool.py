"""Shared content: browse, filter, decide on several at once."""

from datetime import date

from flask import Blueprint, Response, g, request, url_for
from flask_babel import get_timezone, gettext as _, ngettext

from domain import clock
from domain.accounts.permissions import Permission as P
from domain.content import articles
from domain.errors import DomainError, Invalid
from mediadb import library
from portal import hypermedia
from portal.access import requires

bp = Blueprint("pool", __name__)
VIEWS = ("all", "submitted", "available", "expiring", "mine")


@bp.get("/pool")
@requires(P.ARTICLE_SEE, P.ARTICLE_WRITE)
def index() -> Response:
    wanted = _query()
    today = clock.now().astimezone(get_timezone()).date()
    page = articles.find(g.tenant.id, wanted, g.user, g.rights, today)
    filters = {k: v for k, v in request.args.items() if k not in ("before", "after") and v}
    return hypermedia.page(
        "pool/index.html", "pool/_results.html", page=page, query=wanted, today=today, filters=filters,
        counts=articles.counts(g.tenant.id, g.user, g.rights, today), categories=articles.categories(g.tenant.id),
        pictures=library.many(g.tenant.id, [a.asset_id for a in page.articles if a.asset_id]),
        layout="table" if request.args.get("layout") == "table" else "cards", shown_state=articles.shown_state,
    )  # fmt: skip


@bp.post("/pool/decide")
@requires(P.ARTICLE_REVIEW)
def decide() -> Response:
    """Accept or return the ticked articles; what cannot be decided is named and the others go on."""
    ids = [int(i) for i in request.form.getlist("article") if i.isdigit()]
    note, returning = request.form.get("note", "").strip(), "return" in request.form
    back = url_for("pool.index", view=request.form.get("view") or None)
    if not ids:
        return hypermedia.done(back, _("Tick the articles first."), "hold")
    if returning and not note:
        return hypermedia.done(back, _("Write what should be changed."), "hold")
    done, refused = 0, []
    for article in articles.many(g.tenant.id, ids):
        try:
            articles.give_back(article, g.user, note) if returning else articles.accept(article, g.user)
            done += 1
        except (DomainError, Invalid):
            refused.append(article.title)
    if refused:
        hypermedia.flash(_("Not possible in their present state: %(titles)s", titles=", ".join(refused)), "hold")
    text = (
        ngettext("%(num)s article returned.", "%(num)s articles returned.", done)
        if returning
        else ngettext("%(num)s article accepted.", "%(num)s articles accepted.", done)
    )
    return hypermedia.done(back, text if done else None)


def _query() -> articles.Query:
    args = request.args
    try:
        valid_on = date.fromisoformat(args.get("valid", ""))
    except ValueError:
        valid_on = None
    view = args.get("view", "all")
    return articles.Query(
        view=view if view in VIEWS else "all",
        text=args.get("q", "")[:200],
        category=args.get("category", ""),
        valid_on=valid_on,
        before_id=args.get("before", type=int),
        after_id=args.get("after", type=int),
    )
