"""Journalists: write, save, submit, rework. Editors: decide."""

from datetime import date
from typing import Any

from flask import Blueprint, Response, g, jsonify, render_template, request, url_for
from flask_babel import gettext as _

from domain import clock
from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.content import articles
from domain.content.models import Article
from domain.errors import Conflict, Invalid, NotFound
from mediadb import library
from portal import filters, hypermedia
from portal.access import may, requires
from portal.errors import into_form, say
from portal.forms.articles import ArticleForm
from portal.security import peoples_html

bp = Blueprint("articles", __name__)


@bp.post("/articles")
@requires(P.ARTICLE_WRITE)
def create() -> Response:
    article = articles.create(g.tenant.id, g.user)
    return hypermedia.done(url_for("articles.edit", article_id=article.id))


@bp.get("/articles/<int:article_id>")
@requires(P.ARTICLE_SEE, P.ARTICLE_WRITE)
def show(article_id: int) -> Response:
    return _show(_find(article_id))


@bp.get("/articles/<int:article_id>/body")
@requires(P.ARTICLE_SEE, P.ARTICLE_WRITE)
def body(article_id: int) -> Response:
    """The text as a sandboxed document of its own."""
    return peoples_html(render_template("articles/body.html", article=_find(article_id)))


@bp.get("/articles/<int:article_id>/edit")
@requires(P.ARTICLE_WRITE, P.ARTICLE_EDIT_ALL)
def edit(article_id: int) -> Response:
    article = _find(article_id)
    if not articles.may_edit(article, g.user, g.rights):
        return hypermedia.done(url_for("articles.show", article_id=article.id))
    return _edit(article, ArticleForm(formdata=None, obj=article))


@bp.post("/articles/<int:article_id>/edit")
@requires(P.ARTICLE_WRITE, P.ARTICLE_EDIT_ALL)
def save(article_id: int) -> Response:
    """Save; by script after each pause in typing (answered with the time), else by the button."""
    article = _find(article_id)
    form = ArticleForm()
    quiet = request.headers.get("X-Autosave") == "1"
    if not form.validate():
        return _refused(article, form, quiet, 422)
    try:
        articles.save(article, g.user, g.rights, form.version.data or 0, _values(form))
        if "submit" in request.form:
            articles.submit(article, g.user, g.rights, request.form.get("note", ""))
            return hypermedia.done(
                url_for("articles.show", article_id=article.id), _("Submitted. The editors will look at it.")
            )
    except Invalid as error:
        into_form(form, error)
        form.version.data = article.version
        return _refused(article, form, quiet, 422)
    except Conflict as error:
        form.form_errors = [say(error)]
        return _refused(article, form, quiet, 409)
    if quiet:
        at = filters.clock_time(article.updated_at)
        return jsonify(version=article.version, text=_("Saved, %(time)s", time=at))
    return hypermedia.done(url_for("articles.edit", article_id=article.id), _("Saved."))


@bp.post("/articles/<int:article_id>/withdraw")
@requires(P.ARTICLE_WRITE)
def withdraw(article_id: int) -> Response:
    article = _find(article_id)
    articles.withdraw(article, g.user)
    return hypermedia.done(url_for("articles.edit", article_id=article.id), _("Taken back. It is a draft again."))


@bp.post("/articles/<int:article_id>/accept")
@requires(P.ARTICLE_REVIEW)
def accept(article_id: int) -> Response:
    articles.accept(_find(article_id), g.user, request.form.get("note", ""))
    return hypermedia.done(url_for("articles.show", article_id=article_id), _("Accepted. It can go into issues now."))


@bp.post("/articles/<int:article_id>/return")
@requires(P.ARTICLE_REVIEW)
def give_back(article_id: int) -> Response:
    article = _find(article_id)
    try:
        articles.give_back(article, g.user, request.form.get("note", ""))
    except Invalid as error:
        return _show(article, str(next(iter(error.fields.values()))), 422)
    return hypermedia.done(url_for("articles.show", article_id=article_id), _("Returned to the author."))


@bp.post("/articles/<int:article_id>/archive")
@requires(P.ARTICLE_WRITE, P.ARTICLE_EDIT_ALL)
def archive(article_id: int) -> Response:
    article = _find(article_id)
    if article.author_id != g.user.id and not may(P.ARTICLE_EDIT_ALL):
        raise NotFound
    articles.archive(article, g.user)
    undo = url_for("articles.unarchive", article_id=article_id)
    return hypermedia.done(url_for("pool.index"), _("“%(title)s” is in the archive.", title=article.title), undo=undo)


@bp.post("/articles/<int:article_id>/unarchive")
@requires(P.ARTICLE_WRITE, P.ARTICLE_EDIT_ALL)
def unarchive(article_id: int) -> Response:
    article = _find(article_id)
    if article.author_id != g.user.id and not may(P.ARTICLE_EDIT_ALL):
        raise NotFound
    articles.unarchive(article, g.user)
    return hypermedia.done(url_for("articles.show", article_id=article_id), _("Back from the archive, as a draft."))


def _find(article_id: int) -> Article:
    return articles.get(g.tenant.id, article_id, g.user, g.rights)


def _values(form: ArticleForm) -> dict[str, Any]:
    values = {name: form[name].data for name in articles.FIELDS if name in form}
    chosen = str(values["asset_id"] or "").strip()
    values["asset_id"] = library.get(g.tenant.id, int(chosen)).id if chosen.isdigit() else None
    for name in ("title", "teaser", "category", "author_line", "asset_alt", "link_url"):
        values[name] = (values[name] or "").strip()
    return values


def _refused(article: Article, form: ArticleForm, quiet: bool, status: int) -> Response:
    if quiet:
        texts = [*form.form_errors, *(str(e) for f in form for e in f.errors)]
        response = jsonify(text=_("Not saved: %(reason)s", reason=" ".join(map(str, texts))))
        response.status_code = status
        return response
    return _edit(article, form, status)


def _edit(article: Article, form: ArticleForm, status: int = 200) -> Response:
    g.relaxed_styles = True  # the rich-text editor sets inline styles
    chosen = str(form.asset_id.data or "")
    asset = library.many(g.tenant.id, [int(chosen)] if chosen.isdigit() else []).get(int(chosen or 0) if chosen.isdigit() else 0)
    return hypermedia.page(
        "articles/edit.html", status=status, article=article, form=form, asset=asset,
        categories=articles.categories(g.tenant.id), thread=_thread(article),
    )  # fmt: skip


def _show(article: Article, note_error: str = "", status: int = 200) -> Response:
    asset = library.many(g.tenant.id, [article.asset_id] if article.asset_id else []).get(article.asset_id or 0)
    return hypermedia.page(
        "articles/show.html", status=status, article=article, asset=asset, thread=_thread(article),
        note_error=_(note_error) if note_error else "", state=articles.shown_state(article, today()),
        may_edit=articles.may_edit(article, g.user, g.rights), names=policy.names([article.author_id]),
    )  # fmt: skip


def _thread(article: Article) -> list[tuple[Any, str]]:
    remarks = articles.remarks(article)
    names = policy.names(r.user_id for r in remarks)
    return [(remark, names.get(remark.user_id, "?")) for remark in remarks]


def today() -> date:
    """Today in the tenant's zone."""
    from flask_babel import get_timezone

    return clock.now().astimezone(get_timezone()).date()


