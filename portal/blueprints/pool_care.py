"""Beside the pool: views that people keep, and acts on several articles at once."""

from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from domain.accounts.permissions import EDITS_ISSUES, OWN_ARTICLES
from domain.accounts.permissions import Permission as P
from domain.content import articles, pool, tags, views
from domain.content.models import Article
from domain.errors import N_, Conflict, DomainError, Forbidden, Invalid, NotFound
from domain.issues import assembly
from domain.issues.models import Issue
from portal import hypermedia, received
from portal.access import may, requires
from portal.errors import say, say_fields
from portal.issue_rights import refuse_others

bp = Blueprint("pool_care", __name__)
AREA = "pool"
FILTERS = ("view", "q", "category", "tag", "state", "type", "valid", "sort", "layout")
ACTS = ("archive", "tag", "category", "issue")


@bp.post("/pool/views")
@requires(P.ARTICLE_SEE, *OWN_ARTICLES)
def keep() -> Response:
    """Keep the filters of the page under a name."""
    wanted = {name: request.form.get(name, "")[:200] for name in FILTERS}
    try:
        made = views.keep(
            g.tenant.id, AREA, g.user.id, request.form.get("name", ""), wanted, "shared" in request.form
        )
    except Invalid as error:
        hypermedia.flash(say_fields(error).get("name") or say(error), "hold")
        return hypermedia.done(_back(wanted))
    return hypermedia.done(
        url_for("pool.index", saved=made.id, **made.query), _("View “%(name)s” kept.", name=made.name)
    )


@bp.post("/pool/views/<int:view_id>/remove")
@requires(P.ARTICLE_SEE, *OWN_ARTICLES)
def remove(view_id: int) -> Response:
    gone = views.remove(g.tenant.id, view_id, g.user.id)
    return hypermedia.done(url_for("pool.index"), _("View “%(name)s” deleted.", name=gone.name))


@bp.post("/pool/several")
@requires(P.ARTICLE_EDIT_ALL, P.ARTICLE_WRITE, *EDITS_ISSUES)
def several() -> Response:
    """One act on the ticked articles; what it cannot be done to is named with its reason, the others go on."""
    ids = [int(i) for i in request.form.getlist("article") if i.isdigit() and len(i) < 18][:200]
    act = request.form.get("act", "")
    back = _back({name: request.args.get(name, "") for name in FILTERS})
    if not ids or act not in ACTS:
        hypermedia.flash(_("Tick the articles first."), "hold")
        return hypermedia.done(back)
    guests = [guest.article for guest in received.articles() if guest.article.id in ids]
    found = [a for a in pool.many(g.tenant.id, ids) if articles.may_see(a, g.user, g.rights)] + guests
    if not found:
        raise NotFound
    issue = (
        assembly.open_issue(g.tenant.id, request.form.get("issue", 0, type=int)) if act == "issue" else None
    )
    if issue:
        refuse_others(issue)
    done = sum(_done(article, act, issue) for article in found)
    if done:
        hypermedia.flash(
            ngettext(
                "%(num)s article put into “%(name)s”.",
                "%(num)s articles put into “%(name)s”.",
                done,
                name=issue.name,
            )
            if issue
            else ngettext("%(num)s article changed.", "%(num)s articles changed.", done)
        )
    return hypermedia.done(back)


def _done(article: Article, act: str, issue: Issue | None) -> bool:
    """Whether the act was done; the reason against it is told."""
    try:
        if issue:
            assembly.add_article(issue, article.id)
        elif article.tenant_id != g.tenant.id:
            raise Conflict(received.OTHERS)
        elif act == "archive":
            if article.author_id != g.user.id and not may(P.ARTICLE_EDIT_ALL):
                raise Forbidden(N_("Only the author or an editor can do this."))
            articles.archive(article, g.user)
        else:
            _save(article, act)
    except DomainError as error:
        hypermedia.flash(f"{article.title or _('Untitled')}: {say(error)}", "hold")
        return False
    return True


def _save(article: Article, act: str) -> None:
    typed = " ".join(request.form.get("word", "").split())[:60]
    values: dict[str, Any] = (
        {"category": typed} if act == "category" else {"tags": [*article.tags, *tags.split(typed)]}
    )
    articles.save_facts(article, g.user, g.rights, values)


def _back(wanted: dict[str, str]) -> str:
    kept: dict[str, Any] = {name: value for name, value in wanted.items() if value and name in FILTERS}
    return url_for("pool.index", **kept)
