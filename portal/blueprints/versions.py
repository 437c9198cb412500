"""Versions of an article: who changed what and when, marked; and the way back to an earlier one."""

from datetime import date
from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.content import articles, editing, markup, revisions
from domain.content.models import Article
from mediadb import library
from portal import hypermedia
from portal.access import requires
from portal.version_words import WORDS

bp = Blueprint("versions", __name__)


@bp.get("/articles/<int:article_id>/versions")
@requires(P.ARTICLE_SEE, P.ARTICLE_WRITE)
def index(article_id: int) -> Response:
    """All versions, and the latest beside the one before it."""
    article = _find(article_id)
    every = revisions.every(article)
    return _page(article, every, every[0].number if every else 0)


@bp.get("/articles/<int:article_id>/versions/<int:number>")
@requires(P.ARTICLE_SEE, P.ARTICLE_WRITE)
def show(article_id: int, number: int) -> Response:
    """One version beside the one before it, or with `?with=now` beside what the article says today."""
    article = _find(article_id)
    revisions.get(article, number)
    return _page(article, revisions.every(article), number)


@bp.post("/articles/<int:article_id>/versions/<int:number>/restore")
@requires(P.ARTICLE_WRITE, P.ARTICLE_EDIT_ALL)
def restore(article_id: int, number: int) -> Response:
    article = _find(article_id)
    fields = revisions.get(article, number).fields
    editing.check(g.tenant.id, "article", article.id, g.user)
    wanted = {fields.get("asset_id"), *(fields.get("documents") or [])} - {None}
    lost = sorted(wanted - set(library.many(g.tenant.id, sorted(wanted))))
    pictures = library.ids_of(g.tenant.id, markup.media_keys(fields.get("body") or ""))
    articles.restore(article, g.user, g.rights, number, lost, pictures)
    return hypermedia.done(
        url_for("articles.show", article_id=article.id),
        _("Version %(number)s is back. The later ones are kept.", number=number),
    )


def _find(article_id: int) -> Article:
    return articles.get(g.tenant.id, article_id, g.user, g.rights)


def _page(article: Article, every: list[Any], number: int) -> Response:
    by_number = {r.number: r for r in every}
    chosen = by_number.get(number)
    with_now = request.args.get("with") == "now"
    older = max((n for n in by_number if n < number), default=0)
    changes: list[revisions.Change] = []
    if chosen and with_now:
        changes = revisions.compare(chosen.fields, revisions.fields_of(article))
    elif chosen:
        changes = revisions.compare(by_number[older].fields if older else {}, chosen.fields)
    assets = {v for c in changes if c.field == "asset_id" for v in (c.before, c.after) if v}
    return hypermedia.page(
        "articles/versions.html", article=article, every=every, chosen=chosen, older=older, with_now=with_now,
        changes=changes, words=WORDS, names=policy.names(r.by_id for r in every),
        assets=library.many(g.tenant.id, sorted(assets)),
        editor=editing.other(g.tenant.id, "article", article.id, g.user),
        may_restore=articles.may_edit(article, g.user, g.rights),
        day=date.fromisoformat, is_current=chosen is not None and chosen.fields == revisions.fields_of(article),
    )  # fmt: skip
