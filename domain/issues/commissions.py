"""Asking authors for articles that an issue needs, and reminding them: by hand, two days before, once it is late."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain import clock
from domain.accounts.models import User
from domain.accounts.policy import Rights
from domain.audit import log
from domain.content import articles
from domain.content.models import Article, ArticleState
from domain.db import database, unscoped
from domain.errors import N_, Conflict, Forbidden, Invalid, NotFound
from domain.folding import fold
from domain.issues.expected import LACKING, MOST, OPEN, authors, get, issue_of, line, of_issue, stand_of
from domain.issues.models import ExpectedArticle, Issue, IssueKind
from domain.issues.rights import may_edit
from domain.notices import bell
from domain.tenancy import settings as tenant_settings
from domain.tenancy import tree

SOON = timedelta(days=2)  # so long before it is due the author is reminded
FORGET = timedelta(days=30)  # what is late for longer is asked for by people, not by the house
PAUSE = timedelta(minutes=10)  # between two reminders by hand


def save(
    issue: Issue, user: User, topic: str, author_id: int, due_at: datetime | None, note: str = "",
    expected_id: int | None = None,
) -> ExpectedArticle:  # fmt: skip
    """Expect an article, or change what is expected (`expected_id`); the author hears of it. Raises Conflict for a
    closed issue, Invalid, NotFound."""
    row = get(issue.tenant_id, expected_id) if expected_id else None
    if row is not None and row.issue_id != issue.id:
        raise NotFound
    _check(issue)
    topic = " ".join(topic.split())[:200]
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    if not topic:
        wrong["topic"] = N_("Write what the article is to be about.")
    if author_id not in {person.id for person in authors(issue.tenant_id)}:
        wrong["author"] = N_("Choose who is to write it.")
    if due_at is None:
        wrong["due"] = N_("Say until when it is to be there.")
    elif issue.planned_at and due_at > issue.planned_at:
        wrong["due"] = N_("By then the issue is already out. Choose an earlier day.")
    if row is None and len(of_issue(issue)) >= MOST:
        raise Conflict(N_("An issue can wait for 100 articles at most."))
    if wrong or due_at is None:
        raise Invalid(fields=wrong)
    now = clock.now()
    given = {"topic": topic, "author_id": author_id, "due_at": due_at, "note": note.strip()[:2000]}
    told_at = now if due_at < now + SOON else None  # who hears of it only then needs no second line
    with database.atomic():
        is_news = row is None or row.author_id != author_id or row.due_at != due_at
        if row is None:
            row = ExpectedArticle.create(
                tenant_id=issue.tenant_id,
                issue_id=issue.id,
                created_by_id=user.id,
                reminded_at=told_at,
                **given,
            )
        else:
            if row.author_id != author_id:
                row.article_id = None
            if row.due_at != due_at:
                row.reminded_at, row.late_at = told_at, None
            for name, value in given.items():
                setattr(row, name, value)
            row.save()
        if is_news:
            _tell(
                row,
                issue,
                [author_id],
                N_("%(name)s expects “%(title)s” from you by %(day)s, for “%(issue)s”."),
                user,
            )
        log.record(
            issue.tenant_id, "issue.expect", user_id=user.id, kind="issue", object_id=issue.id,
            details={"topic": topic, "author": author_id, "due": due_at.isoformat()},
        )  # fmt: skip
    return row


def remove(row: ExpectedArticle, user: User) -> None:
    """Expect it no longer; an article that was begun stays."""
    with database.atomic():
        row.delete_instance()
        log.record(
            row.tenant_id, "issue.unexpect", user_id=user.id, kind="issue", object_id=row.issue_id,
            details={"topic": row.topic, "author": row.author_id},
        )  # fmt: skip


def write(row: ExpectedArticle, user: User) -> Article:
    """The article that the author writes for it: the one that was begun, else a new draft. Raises Forbidden for
    anybody else, Conflict when the issue is closed."""
    if row.author_id != user.id:
        raise Forbidden(N_("This article is expected from somebody else."))
    begun = line(row).article
    if begun is not None and begun.state != ArticleState.ARCHIVED:
        return begun
    _check(issue_of(row))
    with database.atomic():
        made = articles.create(row.tenant_id, user)
        found_by = fold(row.topic)
        Article.update(title=row.topic, notes=row.note, folded=found_by).where(
            Article.tenant_id == made.tenant_id, Article.id == made.id
        ).execute()
        made.title, made.notes = row.topic, row.note
        row.article_id = made.id
        row.save()
    return made


def take(row: ExpectedArticle, article_id: int | None, user: User, rights: Rights) -> None:
    """Say that an article is the expected one; None: none is. Raises NotFound for an article that the person may not
    see, Forbidden for who is neither its author nor may change the issue."""
    if row.author_id != user.id and not may_edit(issue_of(row), user, rights):
        raise Forbidden(N_("This article is expected from somebody else."))
    row.article_id = articles.get(row.tenant_id, article_id, user, rights).id if article_id else None
    row.save()


def remind(row: ExpectedArticle, user: User) -> None:
    """Tell the author once more, by hand. Raises Conflict when it is there, or shortly after the last time."""
    if line(row).stand not in LACKING:
        raise Conflict(N_("The article has been handed in; nobody needs a reminder."))
    if row.reminded_at and row.reminded_at > clock.now() - PAUSE:
        raise Conflict(N_("The author was reminded a moment ago."))
    with database.atomic():
        row.reminded_at = clock.now()
        row.save()
        _tell(
            row,
            issue_of(row),
            [row.author_id],
            N_("%(name)s reminds you: “%(title)s” for “%(issue)s” is due by %(day)s."),
            user,
        )


def sweep() -> None:
    """Remind authors two days before, and tell them and who planned it when it is late."""
    now = clock.now()
    for row in _due(now):
        with database.atomic():
            if row.due_at >= now:
                _note(row, reminded_at=now)
                _tell(
                    row, issue_of(row), [row.author_id], N_("“%(title)s” for “%(issue)s” is due by %(day)s.")
                )
            else:
                _note(row, late_at=now)
                people = [row.author_id, row.created_by_id]
                _tell(
                    row,
                    issue_of(row),
                    people,
                    N_("“%(title)s” for “%(issue)s” is late: it was due by %(day)s."),
                )


def follow(issue: Issue, before: datetime | None, after: datetime | None) -> None:
    """The deadline of an issue moves: what was due with it is due with the new one."""
    if before is None or after is None or before == after:
        return
    ExpectedArticle.update(due_at=after, reminded_at=None, late_at=None).where(
        ExpectedArticle.tenant_id == issue.tenant_id, ExpectedArticle.issue_id == issue.id,
        ExpectedArticle.due_at == before,
    ).execute()  # fmt: skip


@unscoped("one sweep serves all tenants")
def _due(now: datetime) -> list[ExpectedArticle]:
    """What authors are to hear of now."""
    E = ExpectedArticle
    soon = (E.due_at >= now) & (E.due_at < now + SOON) & E.reminded_at.is_null()
    late = (E.due_at < now) & (E.due_at > now - FORGET) & E.late_at.is_null()
    query = (
        E.select(E)
        .join(Issue, on=(Issue.tenant_id == E.tenant_id) & (Issue.id == E.issue_id))
        .where(Issue.state.in_(OPEN), soon | late)
    )
    rows = list(query.order_by(E.id).limit(500))
    found = {
        article.id: article
        for article in Article.select().where(
            Article.id.in_([r.article_id for r in rows if r.article_id] or [0])
        )
    }
    return [
        row for row in rows if stand_of(found.get(row.article_id)) in LACKING
    ]  # fmt: skip


def _note(row: ExpectedArticle, **values: datetime) -> None:
    ExpectedArticle.update(**values).where(
        ExpectedArticle.tenant_id == row.tenant_id, ExpectedArticle.id == row.id
    ).execute()


def _check(issue: Issue) -> None:
    if issue.kind == IssueKind.LETTER:
        raise Conflict(N_("A letter holds no articles."))
    if issue.state not in OPEN:
        raise Conflict(N_("This issue is in approval or approved and can no longer be changed."))


def _tell(
    row: ExpectedArticle, issue: Issue, user_ids: Iterable[int], message: str, by: User | None = None
) -> None:
    """A line for each, with the day as their language writes it; nobody is told what they did themselves."""
    zone = ZoneInfo(str(tenant_settings.effective(tree.get(row.tenant_id))["time_zone"]))
    day = row.due_at.astimezone(zone)
    ids = {user_id for user_id in user_ids if by is None or user_id != by.id}
    for person in User.select().where(User.id.in_(sorted(ids) or [0])):
        written = f"{day:%d.%m.%Y, %H:%M}" if person.language == "de" else f"{day:%-d %b %Y, %H:%M}"
        params: dict[str, object] = {"title": row.topic, "issue": issue.name, "day": written}
        if by is not None:
            params["name"] = by.name
        bell.tell(row.tenant_id, [person.id], message, params, f"expected/{row.id}")
