"""Articles that issues wait for: editors say from whom and until when, authors write them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain.accounts.permissions import EDITS_ISSUES, OWN_ARTICLES
from domain.accounts.permissions import Permission as P
from domain.errors import Invalid, NotFound
from domain.issues import assembly, commissions, expected
from domain.issues.models import ExpectedArticle, Issue
from portal import context, hypermedia
from portal.access import may, requires
from portal.errors import say_fields
from portal.issue_rights import edits, edits_issue, refuse_others

bp = Blueprint("expected", __name__)
FIELDS = ("topic", "author", "due", "note")


@bp.get("/calendar/<int:issue_id>/articles")
@requires(P.ISSUE_SEE)
def index(issue_id: int) -> Response:
    """What an issue waits for, and the form for more; `change` is the id of one to change."""
    issue = assembly.get(g.tenant.id, issue_id)
    chosen = request.args.get("change", type=int)
    return _index(issue, _of(issue, chosen) if chosen else None)


@bp.post("/calendar/<int:issue_id>/articles")
@edits_issue
def save(issue_id: int) -> Response:
    issue = assembly.get(g.tenant.id, issue_id)
    form, wrong = request.form, dict[str, str]()
    chosen = form.get("change", type=int)
    row = _of(issue, chosen) if chosen else None
    due = _moment(form.get("due", "").strip(), wrong)
    if not wrong:
        try:
            commissions.save(
                issue,
                g.user,
                form.get("topic", ""),
                form.get("author", 0, int),
                due,
                form.get("note", ""),
                chosen,
            )
        except Invalid as error:
            wrong = say_fields(error)
    if wrong:
        return _index(issue, row, 422, wrong)
    text = _("Saved.") if row else _("The author has been told.")
    return hypermedia.done(url_for("expected.index", issue_id=issue.id), text)


@bp.get("/expected/<int:expected_id>")
@requires(P.ISSUE_SEE, *OWN_ARTICLES)
def show(expected_id: int) -> Response:
    """What is expected, for the author and for who plans."""
    row = _find(expected_id)
    mine, issue = row.author_id == g.user.id, assembly.get(g.tenant.id, row.issue_id)
    return hypermedia.page(
        "expected/show.html", one=expected.line(row), issue=issue, mine=mine,
        offered=expected.offered(row, g.user, g.rights) if mine or edits(issue) else [],
    )  # fmt: skip


@bp.post("/expected/<int:expected_id>/write")
@requires(P.ARTICLE_CREATE)
def write(expected_id: int) -> Response:
    """Begin the article, or go on with it."""
    article = commissions.write(_find(expected_id), g.user)
    return hypermedia.done(url_for("articles.edit", article_id=article.id))


@bp.post("/expected/<int:expected_id>/take")
@requires(*OWN_ARTICLES, *EDITS_ISSUES)
def take(expected_id: int) -> Response:
    """This article is the expected one; an empty choice: none is."""
    row = _find(expected_id)
    commissions.take(row, request.form.get("article", type=int), g.user, g.rights)
    return hypermedia.done(url_for("expected.show", expected_id=row.id), _("Saved."))


@bp.post("/expected/<int:expected_id>/remind")
@requires(*EDITS_ISSUES)
def remind(expected_id: int) -> Response:
    row = _find(expected_id)
    refuse_others(expected.issue_of(row))
    commissions.remind(row, g.user)
    name = expected.line(row).name
    return hypermedia.done(
        url_for("expected.index", issue_id=row.issue_id), _("%(name)s has been reminded.", name=name)
    )


@bp.post("/expected/<int:expected_id>/remove")
@requires(*EDITS_ISSUES)
def remove(expected_id: int) -> Response:
    row = _find(expected_id)
    refuse_others(expected.issue_of(row))
    commissions.remove(row, g.user)
    return hypermedia.done(
        url_for("expected.index", issue_id=row.issue_id),
        _("“%(title)s” is no longer expected.", title=row.topic),
    )


def _find(expected_id: int) -> ExpectedArticle:
    """One that the person may see: the own ones, or all for people who see issues; raises NotFound."""
    row = expected.get(g.tenant.id, expected_id)
    if row.author_id != g.user.id and not may(P.ISSUE_SEE):
        raise NotFound
    return row


def _of(issue: Issue, expected_id: int) -> ExpectedArticle:
    row = expected.get(g.tenant.id, expected_id)
    if row.issue_id != issue.id:
        raise NotFound
    return row


def _index(
    issue: Issue, row: ExpectedArticle | None, status: int = 200, wrong: dict[str, str] | None = None
) -> Response:
    typed = {name: request.form.get(name, "") for name in FIELDS} if status != 200 else _typed(issue, row)
    return hypermedia.page(
        "expected/index.html", status=status, issue=issue, lines=expected.of_issue(issue), row=row, typed=typed,
        wrong=wrong or {}, editable=edits(issue) and issue.state in expected.OPEN,
        authors=[(u.id, u.name) for u in expected.authors(g.tenant.id)] if edits(issue) else [],
        inside={block.article_id for block in assembly.blocks(issue)},
    )  # fmt: skip


def _typed(issue: Issue, row: ExpectedArticle | None) -> dict[str, str]:
    """The form of an expectation; a new one is due with the issue."""
    due = row.due_at if row else issue.deadline_at
    local = f"{due.astimezone(ZoneInfo(context.time_zone())):%Y-%m-%dT%H:%M}" if due else ""
    if row is None:
        return {"topic": "", "author": "", "note": "", "due": local}
    return {"topic": row.topic, "author": str(row.author_id), "note": row.note, "due": local}


def _moment(text: str, wrong: dict[str, str]) -> datetime | None:
    """What a field for day and time holds, in the tenant's zone; notes what is no such thing."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None or not 2000 <= found.year <= 2100:
        wrong["due"] = _("Enter a day and a time, for example 2026-12-04 and 9:00.")
        return None
    return found.replace(tzinfo=ZoneInfo(context.time_zone()))
