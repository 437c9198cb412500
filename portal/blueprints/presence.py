"""Who is editing an article: signs of life of the writing page, taking over, leaving."""

from flask import Blueprint, Response, g, make_response, url_for
from flask_babel import gettext as _

from domain.accounts.permissions import OWN_ARTICLES
from domain.accounts.permissions import Permission as P
from domain.content import articles, editing
from domain.content.models import Article
from domain.errors import N_, Forbidden
from portal import hypermedia
from portal.access import requires

bp = Blueprint("presence", __name__)
KIND = "article"


@bp.get("/articles/<int:article_id>/presence")
@requires(P.ARTICLE_SEE, *OWN_ARTICLES)
def show(article_id: int) -> Response:
    """Who is editing, as a line; asked again by the pages that only read."""
    article = articles.get(g.tenant.id, article_id, g.user, g.rights)
    return hypermedia.fragment("articles/_presence.html", article=article, editor=_other(article), lost=False)


@bp.post("/articles/<int:article_id>/presence")
@requires(P.ARTICLE_CREATE, P.ARTICLE_WRITE, P.ARTICLE_EDIT_ALL)
def hold(article_id: int) -> Response:
    """A sign of life; the answer says in X-Held whether the article is still ours."""
    article = _editable(article_id)
    other = editing.hold(g.tenant.id, KIND, article.id, g.user)
    response = hypermedia.fragment(
        "articles/_presence.html", article=article, editor=other, lost=other is not None
    )
    response.headers["X-Held"] = "0" if other else "1"
    return response


@bp.post("/articles/<int:article_id>/take")
@requires(P.ARTICLE_CREATE, P.ARTICLE_WRITE, P.ARTICLE_EDIT_ALL)
def take(article_id: int) -> Response:
    article = _editable(article_id)
    editing.hold(g.tenant.id, KIND, article.id, g.user, take=True)
    return hypermedia.done(
        url_for("articles.edit", article_id=article.id), _("You are editing this article now.")
    )


@bp.post("/articles/<int:article_id>/leave")
@requires(P.ARTICLE_CREATE, P.ARTICLE_WRITE, P.ARTICLE_EDIT_ALL)
def leave(article_id: int) -> Response:
    """The page was closed; the browser waits for no answer."""
    article = articles.get(g.tenant.id, article_id, g.user, g.rights)
    editing.release(g.tenant.id, KIND, article.id, g.user)
    return make_response("", 204)


def _editable(article_id: int) -> Article:
    article = articles.get(g.tenant.id, article_id, g.user, g.rights)
    if not articles.may_edit(article, g.user, g.rights):
        raise Forbidden(N_("This article can no longer be changed by you."))
    return article


def _other(article: Article) -> editing.Editor | None:
    return editing.other(g.tenant.id, KIND, article.id, g.user)
