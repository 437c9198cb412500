"""The picture of an article chosen on a page of its own: the way without script."""

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain.accounts.permissions import Permission as P
from domain.content import articles
from domain.content.models import Article
from domain.errors import N_, Conflict, Forbidden, Invalid, OverLimit
from mediadb import kinds, library, limits
from mediadb.models import Asset
from portal import context, hypermedia, media_desk, received
from portal.access import may, requires
from portal.errors import say

bp = Blueprint("article_picture", __name__)


@bp.get("/articles/<int:article_id>/picture")
@requires(P.MEDIA_SEE)
def index(article_id: int) -> Response:
    return _index(_editable(article_id))


@bp.post("/articles/<int:article_id>/picture")
@requires(P.MEDIA_SEE)
def choose(article_id: int) -> Response:
    """Take a picture of the media, one uploaded with the form, or none."""
    article = _editable(article_id)
    try:
        asset = _chosen()
    except (Invalid, OverLimit, Conflict) as error:
        return _index(article, 422, say(error))
    alt = article.asset_alt or (asset.alt if asset else "")
    articles.save_facts(
        article, g.user, g.rights, {"asset_id": asset.id if asset else None, "asset_alt": alt}
    )
    return hypermedia.done(url_for("articles.edit", article_id=article.id), _("Saved."))


def _chosen() -> Asset | None:
    """The picture that the form names; raises NotFound, and what an upload may raise."""
    if "upload" in request.form and may(P.MEDIA_EDIT):
        return _uploaded()
    if "none" in request.form:
        return None
    if not request.form.get("asset"):
        raise Invalid(N_("Choose a picture first."))
    return library.picture(g.tenant.id, received.asset_id(request.form.get("asset", 0, type=int)))


def _uploaded() -> Asset:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid(N_("Choose a file first."))
    kinds.check_picture(file.filename)
    data = file.read(limits.of(g.tenant.id).file_bytes + 1)
    made = library.upload(g.tenant.id, g.user.id, file.filename, data)
    return library.picture(g.tenant.id, made.id)


def _editable(article_id: int) -> Article:
    article = articles.get(g.tenant.id, article_id, g.user, g.rights)
    if not articles.may_edit(article, g.user, g.rights):
        raise Forbidden(N_("This article can no longer be changed by you."))
    return article


def _index(article: Article, status: int = 200, trouble: str = "") -> Response:
    text = request.args.get("q", "").strip()[:100]
    page = library.find(
        g.tenant.id, text=text, before_id=request.args.get("before", type=int), pictures_only=True, everywhere=True,
        hidden=media_desk.reach().hidden,
    )  # fmt: skip
    return hypermedia.page(
        "articles/picture.html", status=status, article=article, page=page, text=text, trouble=trouble,
        today=context.today(),
    )  # fmt: skip
