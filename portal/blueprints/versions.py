"""Beside the text of an article: its versions with what changed, its other languages, and who must take it."""

from datetime import date
from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain.accounts import policy
from domain.accounts.permissions import OWN_ARTICLES
from domain.accounts.permissions import Permission as P
from domain.content import articles, editing, languages, markup, obligations, revisions
from domain.content.models import Article
from domain.errors import N_, Conflict, NotFound
from domain.subscribers import types
from mediadb import library
from portal import hypermedia
from portal.access import may, requires
from portal.version_words import WORDS

bp = Blueprint("versions", __name__)


@bp.get("/articles/<int:article_id>/versions")
@requires(P.ARTICLE_SEE, *OWN_ARTICLES)
def index(article_id: int) -> Response:
    """All versions, and the latest beside the one before it."""
    article = _find(article_id)
    every = revisions.every(article)
    return _page(article, every, every[0].number if every else 0)


@bp.get("/articles/<int:article_id>/versions/<int:number>")
@requires(P.ARTICLE_SEE, *OWN_ARTICLES)
def show(article_id: int, number: int) -> Response:
    """One version beside the one before it, or with `?with=now` beside what the article says today."""
    article = _find(article_id)
    revisions.get(article, number)
    return _page(article, revisions.every(article), number)


@bp.post("/articles/<int:article_id>/versions/<int:number>/restore")
@requires(P.ARTICLE_CREATE, P.ARTICLE_WRITE, P.ARTICLE_EDIT_ALL)
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


@bp.post("/articles/<int:article_id>/languages")
@requires(P.ARTICLE_CREATE)
def translate(article_id: int) -> Response:
    """Begin the article in another language, as a draft of the person's."""
    made = languages.begin(_find(article_id), g.user, request.form.get("language", ""))
    return hypermedia.done(
        url_for("articles.edit", article_id=made.id),
        _("A draft with the text of the original. Translate it, then submit it."),
    )


@bp.post("/articles/<int:article_id>/obligation")
@requires(P.ARTICLE_REVIEW)
def oblige(article_id: int) -> Response:
    """Say who must take the article; to other tenants only with the right to release."""
    article = _find(article_id)
    if article.state not in obligations.READY:
        raise Conflict(N_("Only an accepted article can be obligatory."))
    chosen = {
        name: {int(i) for i in request.form.getlist(name) if i.isdigit() and len(i) < 10}
        for name in ("type", "tenant")
    }
    if not chosen["type"] <= {t.id for t in types.every(g.tenant.id)}:
        raise NotFound
    if not may(P.RELEASE_EDIT):
        chosen["tenant"] = {o.to_tenant_id for o in obligations.of(article) if o.to_tenant_id}
    obligations.bind(article, g.user.id, "everywhere" in request.form, chosen["type"], chosen["tenant"])
    return hypermedia.done(url_for("articles.show", article_id=article.id), _("Saved."))


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
