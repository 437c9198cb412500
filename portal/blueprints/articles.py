"""Journalists: write, save, submit, rework. Editors: decide."""

from datetime import date
from typing import Any

from flask import Blueprint, Response, g, jsonify, render_template, request, url_for
from flask_babel import gettext as _

from dispatcher import tasks
from dispatcher.housemail import approving as approvals
from domain.accounts import policy
from domain.accounts.permissions import OWN_ARTICLES
from domain.accounts.permissions import Permission as P
from domain.approvals.models import Approval
from domain.content import approving, articles, editing, languages, markup, obligations, pool, revisions, tags
from domain.content.models import Article, ArticleState
from domain.db import abreast, gathered
from domain.errors import N_, Conflict, Forbidden, Invalid, NotFound
from domain.issues import expected, schedule
from domain.subscribers import types
from domain.tenancy.models import Tenant
from mediadb import library
from mediadb.models import Asset, AssetKind
from portal import context, filters, hypermedia, media_desk, received
from portal.access import may, requires
from portal.errors import into_form, say, say_fields
from portal.forms.articles import ArticleForm
from portal.security import READER_POLICY, peoples_html
from portal.version_words import WORDS

bp = Blueprint("articles", __name__)
# Its one style sheet is ours. Without scripts of its own it may share our origin, so that the page can measure it.
MOST_DOCUMENTS = 20
LINE_PX, LINE_CHARACTERS = 26, 80  # of the reader's type in its column, measured


@bp.post("/articles")
@requires(P.ARTICLE_CREATE)
def create() -> Response:
    article = articles.create(g.tenant.id, g.user)
    return hypermedia.done(url_for("articles.edit", article_id=article.id))


@bp.get("/articles/<int:article_id>")
@requires(P.ARTICLE_SEE, *OWN_ARTICLES)
def show(article_id: int) -> Response:
    return _show(_find(article_id))


@bp.get("/articles/<int:article_id>/body")
@requires(P.ARTICLE_SEE, *OWN_ARTICLES)
def body(article_id: int) -> Response:
    """The text as a sandboxed document of its own."""
    response = peoples_html(render_template("articles/body.html", article=_find(article_id)))
    response.headers["Content-Security-Policy"] = READER_POLICY
    return response


@bp.get("/articles/<int:article_id>/edit")
@requires(P.ARTICLE_CREATE, P.ARTICLE_WRITE, P.ARTICLE_EDIT_ALL)
def edit(article_id: int) -> Response:
    article = _find(article_id)
    if not articles.may_edit(article, g.user, g.rights):
        return hypermedia.done(url_for("articles.show", article_id=article.id))
    form = ArticleForm(formdata=None, obj=article)
    form.tags.data = ", ".join(article.tags)
    return _edit(article, form)


@bp.post("/articles/<int:article_id>/edit")
@requires(P.ARTICLE_CREATE, P.ARTICLE_WRITE, P.ARTICLE_EDIT_ALL)
def save(article_id: int) -> Response:
    """Save; by script after each pause in typing (answered with the time), else by the button."""
    article = _find(article_id)
    form = ArticleForm()
    quiet = request.headers.get("X-Autosave") == "1"
    if not form.validate():
        return _refused(article, form, quiet, 422)
    values = _values(form)
    if (form.version.data or 0) != article.version and articles.is_saved(article, values):
        form.version.data = article.version  # sent twice: what the person has written is what is saved
    if articles.may_edit(article, g.user, g.rights):
        editing.hold(g.tenant.id, "article", article.id, g.user, take="take" in request.form)
    if "submit" in request.form and _is_submitted(article, values):  # clicked twice
        return hypermedia.done(url_for("articles.show", article_id=article.id))
    try:
        if "submit" in request.form and not may(P.ARTICLE_SUBMIT):
            raise Forbidden(N_("Your role does not include submitting articles."))
        pictures = library.ids_of(g.tenant.id, markup.media_keys(values["body"]))
        articles.save(article, g.user, g.rights, form.version.data or 0, values, pictures)
        if "submit" in request.form:
            articles.submit(article, g.user, g.rights, request.form.get("note", ""))
            _tell(approving.waiting(article))
            return hypermedia.done(
                url_for("articles.show", article_id=article.id), _("Submitted. The editors will look at it.")
            )
    except Invalid as error:
        into_form(form, error)
        form.version.data = article.version
        return _refused(article, form, quiet, 422)
    except (Conflict, Forbidden) as error:
        form.form_errors = [say(error)]
        return _refused(_find(article_id), form, quiet, 409 if isinstance(error, Conflict) else 403, values)
    if quiet:
        at = filters.clock_time(article.updated_at)
        return jsonify(version=article.version, text=_("Saved, %(time)s", time=at))
    if "pick" in request.form:  # without script
        return hypermedia.done(url_for("article_picture.index", article_id=article.id))
    return hypermedia.done(url_for("articles.edit", article_id=article.id), _("Saved."))


@bp.post("/articles/<int:article_id>/submit")
@requires(P.ARTICLE_SUBMIT)
def submit(article_id: int) -> Response:
    """As it was saved, by somebody who may submit it and not change it."""
    article = _find(article_id)
    articles.submit(article, g.user, g.rights)
    _tell(approving.waiting(article))
    return hypermedia.done(
        url_for("articles.show", article_id=article.id), _("Submitted. The editors will look at it.")
    )


@bp.post("/articles/<int:article_id>/withdraw")
@requires(P.ARTICLE_SUBMIT)
def withdraw(article_id: int) -> Response:
    articles.withdraw(_find(article_id), g.user)
    return hypermedia.done(
        url_for("articles.edit", article_id=article_id), _("Taken back. It is a draft again.")
    )


@bp.post("/articles/<int:article_id>/accept")
@requires(P.ARTICLE_REVIEW)
def accept(article_id: int) -> Response:
    articles.accept(_find(article_id), g.user, request.form.get("note", ""))
    return hypermedia.done(
        url_for("articles.show", article_id=article_id), _("Accepted. It can go into issues now.")
    )


@bp.post("/articles/<int:article_id>/return")
@requires(P.ARTICLE_REVIEW)
def give_back(article_id: int) -> Response:
    article = _find(article_id)
    try:
        articles.give_back(article, g.user, request.form.get("note", ""))
    except Invalid as error:
        return _show(article, 422, note_error=say_fields(error)["note"])
    return hypermedia.done(url_for("articles.show", article_id=article_id), _("Returned to the author."))


@bp.post("/articles/<int:article_id>/remarks")
@requires(P.ARTICLE_SEE, *OWN_ARTICLES)
def remark(article_id: int) -> Response:
    article = _find(article_id)
    try:
        articles.remark(article, g.user, request.form.get("remark", ""))
    except Invalid as error:
        return _show(article, 422, remark_error=say_fields(error)["note"])
    return hypermedia.done(url_for("articles.show", article_id=article_id) + "#remarks", _("Remark added."))


@bp.post("/articles/<int:article_id>/archive")
@requires(P.ARTICLE_WRITE, P.ARTICLE_EDIT_ALL)
def archive(article_id: int) -> Response:
    article = _own_or_editors(article_id)
    articles.archive(article, g.user)
    undo = url_for("articles.unarchive", article_id=article_id)
    title = article.title or _("Untitled")
    return hypermedia.done(url_for("pool.index"), _("“%(title)s” is in the archive.", title=title), undo=undo)


@bp.post("/articles/<int:article_id>/unarchive")
@requires(P.ARTICLE_WRITE, P.ARTICLE_EDIT_ALL)
def unarchive(article_id: int) -> Response:
    articles.unarchive(_own_or_editors(article_id), g.user)
    return hypermedia.done(
        url_for("articles.show", article_id=article_id), _("Back from the archive, as a draft.")
    )


def _approval(article: Article) -> dict[str, Any]:
    """Where an article of this tenant stands with its approval."""
    return gathered(
        asked=lambda: approving.waiting(article),
        drafted=lambda: approving.drafted(article),
        is_closed=lambda: approving.is_closed(article),
    )


def _tell(asked: Approval | None) -> None:
    """Where articles are approved in steps, whoever decides the first one hears of it."""
    if asked is not None:
        for mail_id in approvals.tell(asked):
            tasks.send_system_mail(mail_id)


def _find(article_id: int) -> Article:
    return articles.get(g.tenant.id, article_id, g.user, g.rights)


def _own_or_editors(article_id: int) -> Article:
    article = _find(article_id)
    if article.author_id != g.user.id and not may(P.ARTICLE_EDIT_ALL):
        raise Forbidden(N_("Only the author or an editor can do this."))
    return article


def _values(form: ArticleForm) -> dict[str, Any]:
    """What the form says, for articles.save; raises NotFound for a picture that the tenant does not have."""
    values = {name: form[name].data for name in articles.FIELDS if name in form}
    for name in ("title", "teaser", "category", "author_line", "asset_alt", "link_url"):
        values[name] = (values[name] or "").strip()
    values["body"] = markup.clean(values["body"] or "")
    values["tags"] = tags.split(values["tags"] or "")
    values["notes"] = (values["notes"] or "").replace("\r\n", "\n").strip()
    values["documents"] = _documents(
        [int(i) for i in request.form.getlist("documents") if i.isdigit() and len(i) < 18]
    )
    chosen = str(values["asset_id"] or "").strip()
    values["asset_id"] = None
    if chosen.isdigit():
        asset = library.get(g.tenant.id, received.asset_id(int(chosen)))
        if asset.kind != AssetKind.PICTURE:
            raise NotFound
        values["asset_id"] = asset.id
    return values


def _documents(ids: list[int]) -> list[int]:
    """The documents that were chosen; raises NotFound for one that the tenant does not have."""
    found = library.many(g.tenant.id, ids[:MOST_DOCUMENTS])
    if set(found) != set(ids[:MOST_DOCUMENTS]) or any(a.kind != AssetKind.DOCUMENT for a in found.values()):
        raise NotFound
    return sorted(found)


def _is_submitted(article: Article, values: dict[str, Any]) -> bool:
    mine = article.author_id == g.user.id and article.state == ArticleState.SUBMITTED
    return mine and articles.is_saved(article, values)


def _refused(
    article: Article, form: ArticleForm, quiet: bool, status: int, values: dict[str, Any] | None = None
) -> Response:
    if not quiet:
        return _edit(article, form, status, values)
    texts = [*form.form_errors, *(str(error) for field in form for error in field.errors)]
    response = jsonify(text=_("Not saved: %(reason)s", reason=" ".join(map(str, texts))))
    response.status_code = status
    return response


def _edit(
    article: Article, form: ArticleForm, status: int = 200, typed: dict[str, Any] | None = None
) -> Response:
    """The writing page. After a conflict (409) it shows what was saved beside what was `typed` and saves nothing by
    itself: the next save is a decision."""
    g.relaxed_styles = True  # the rich-text editor sets inline styles
    chosen = str(form.asset_id.data or "")
    editor = editing.other(g.tenant.id, "article", article.id, g.user)
    changes: list[revisions.Change] = []
    if status == 409 and typed is not None and not editor:
        kept = revisions.as_kept(typed)
        changes = revisions.compare(
            {name: v for name, v in revisions.fields_of(article).items() if name in kept}, kept
        )
        form.version.data = article.version
    beside = gathered(
        asset=lambda: _picture(int(chosen) if chosen.isdigit() else None),
        documents=lambda: list(library.many(g.tenant.id, _chosen_documents(article)).values()),
        offered=_offered_documents,
        languages=lambda: languages.others(article),
        categories=lambda: pool.categories(g.tenant.id),
        known_tags=lambda: tags.known(g.tenant.id, 60),
        thread=lambda: _thread(article),
        awaiting=lambda: [] if article.state not in articles.WRITABLE else expected.of_article(article),
    )
    return hypermedia.page(
        "articles/edit.html", status=status, article=article, form=form, conflict=status == 409,
        asked_again=hypermedia.wants_fragment(), today=context.today(),
        editor=editor, changes=changes, words=WORDS, day=date.fromisoformat, assets={},
        note_text=request.form.get("note", ""), **beside,
    )  # fmt: skip


def _offered_documents() -> list[Asset]:
    """The newest documents of the media that the person reaches."""
    if not may(P.MEDIA_SEE):
        return []
    hidden = media_desk.reach().hidden
    return library.find(g.tenant.id, kind=AssetKind.DOCUMENT, everywhere=True, hidden=hidden).assets[:30]


def _chosen_documents(article: Article) -> list[int]:
    if request.method == "POST":
        return [int(i) for i in request.form.getlist("documents") if i.isdigit() and len(i) < 18]
    return list(article.documents)


def _show(article: Article, status: int = 200, note_error: str = "", remark_error: str = "") -> Response:
    around, approval, beside = abreast(
        lambda: gathered(
            asset=lambda: _picture(article.asset_id),
            thread=lambda: _thread(article),
            names=lambda: policy.names([article.author_id]),
            issues=lambda: schedule.issues_with(article, g.tenant.id),
            editor=lambda: editing.other(g.tenant.id, "article", article.id, g.user),
            may_edit=lambda: articles.may_edit(article, g.user, g.rights),
            may_submit=lambda: articles.may_submit(article, g.user, g.rights),
        ),
        lambda: _approval(article) if article.tenant_id == g.tenant.id else {},
        lambda: _beside(article),
    )
    return hypermedia.page(
        "articles/show.html", status=status, article=article, note_text=request.form.get("note", ""),
        note_error=note_error, remark_error=remark_error, stand=articles.shown_state(article, context.today()),
        height_px=_height_px(article.body), **around, **approval, **beside,
    )  # fmt: skip


def _beside(article: Article) -> dict[str, Any]:
    """Documents, other languages, and who must take an article; of a linked one only what its readers see."""
    own = article.tenant_id == g.tenant.id
    awaits = own and (may(P.ISSUE_SEE) or article.author_id == g.user.id)
    found, bound = abreast(
        lambda: gathered(
            documents=lambda: list(library.many(article.tenant_id, article.documents).values()),
            languages=lambda: languages.others(article) if own else [],
            awaiting=lambda: expected.of_article(article) if awaits else [],
            missing_languages=lambda: languages.missing(article) if own and may(P.ARTICLE_CREATE) else [],
        ),
        lambda: _bound(article) if own else {"bound": [], "may_bind": False},
    )
    return found | bound


def _bound(article: Article) -> dict[str, Any]:
    """Who must take an article, and who could be made to, for people who decide on articles."""
    rows = obligations.of(article)
    may_bind = may(P.ARTICLE_REVIEW) and article.state in obligations.READY
    receivers = obligations.receivers(article) if may_bind and may(P.RELEASE_EDIT) else []
    tenants = {*receivers, *(row.to_tenant_id for row in rows if row.to_tenant_id)}
    return {
        "bound": rows, "may_bind": may_bind, "receivers": receivers, "today": context.today(),
        "kinds": [t for t in types.every(g.tenant.id) if t.active] if may_bind or rows else [],
        "tenant_names": dict(Tenant.select(Tenant.id, Tenant.name).where(Tenant.id.in_(tenants)).tuples())
        if tenants else {},
    }  # fmt: skip


def _picture(asset_id: int | None) -> Asset | None:
    return library.many(g.tenant.id, [asset_id]).get(asset_id) if asset_id else None


def _height_px(html: str) -> int:
    """About the height of a text in the reader, until reader.js has measured it."""
    lines = sum(1 + len(line) // LINE_CHARACTERS for line in markup.plain(html).splitlines())
    blocks = html.count("</p>") + html.count("</li>") + 2 * html.count("</h")
    return min(60 + LINE_PX * lines + 14 * blocks + 420 * html.count("<img"), 6000)


def _thread(article: Article) -> list[tuple[Any, str]]:
    remarks = articles.remarks(article)
    names = policy.names(r.user_id for r in remarks)
    return [(remark, names.get(remark.user_id, "?")) for remark in remarks]
