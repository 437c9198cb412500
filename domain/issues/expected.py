"""What issues wait for: articles that authors are to deliver until a day (domain.issues.commissions asks for them).

An expectation is met by an article that was handed in; begun ones and those that came back still count as missing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from peewee import ModelSelect

from domain import clock
from domain.accounts import policy
from domain.accounts.models import User
from domain.accounts.permissions import Permission
from domain.accounts.policy import Rights
from domain.content import articles, pool
from domain.content.models import Article, ArticleState
from domain.db import abreast
from domain.errors import NotFound
from domain.issues.models import ExpectedArticle, Issue, IssueState

OPEN = (IssueState.DRAFT, IssueState.RETURNED)
MOST = 100  # of one issue


class Stand(StrEnum):
    """Where an expected article stands."""

    MISSING = "missing"
    BEGUN = "begun"
    SUBMITTED = "submitted"
    THERE = "there"


LACKING = (Stand.MISSING, Stand.BEGUN)


@dataclass(frozen=True)
class Line:
    """An expectation with its article, as far as there is one, and the name of its author."""

    row: ExpectedArticle
    article: Article | None
    name: str

    @property
    def stand(self) -> Stand:
        return stand_of(self.article)

    @property
    def late(self) -> bool:
        return self.stand in LACKING and self.row.due_at < clock.now()


def stand_of(article: Article | None) -> Stand:
    """What an article means for who waits for it."""
    if article is None or article.state in (ArticleState.ARCHIVED, ArticleState.EXPIRED):
        return Stand.MISSING
    if article.state in (ArticleState.DRAFT, ArticleState.RETURNED):
        return Stand.BEGUN
    return Stand.SUBMITTED if article.state == ArticleState.SUBMITTED else Stand.THERE


def get(tenant_id: int, expected_id: int) -> ExpectedArticle:
    """Raises NotFound."""
    found = ExpectedArticle.get_or_none(
        ExpectedArticle.tenant_id == tenant_id, ExpectedArticle.id == expected_id
    )
    if found is None:
        raise NotFound
    return found


def line(row: ExpectedArticle) -> Line:
    """One expectation with what belongs to it."""
    return _lines(row.tenant_id, [row])[0]


def of_issue(issue: Issue) -> list[Line]:
    """What an issue expects, what is due first in front."""
    query = ExpectedArticle.select().where(
        ExpectedArticle.tenant_id == issue.tenant_id, ExpectedArticle.issue_id == issue.id
    )
    return _lines(issue.tenant_id, list(query.order_by(ExpectedArticle.due_at, ExpectedArticle.id)))


def missing(issue: Issue) -> list[Line]:
    """What of it has not been handed in yet."""
    return [one for one in of_issue(issue) if one.stand in LACKING]


def of_author(tenant_id: int, user_id: int) -> list[tuple[Line, Issue]]:
    """What issues in work still wait for from somebody, with the issue; what is due first in front."""
    rows = list(
        ExpectedArticle.select()
        .where(ExpectedArticle.tenant_id == tenant_id, ExpectedArticle.author_id == user_id)
        .where(ExpectedArticle.issue_id.in_(_open_issues(tenant_id)))
        .order_by(ExpectedArticle.due_at, ExpectedArticle.id)
        .limit(MOST)
    )
    if not rows:
        return []
    lines, issues = abreast(lambda: _lines(tenant_id, rows), lambda: _issues(tenant_id, rows))
    return [(one, issues[one.row.issue_id]) for one in lines if one.stand in LACKING]


def of_article(article: Article) -> list[tuple[ExpectedArticle, Issue]]:
    """For which issues an article was begun."""
    rows = list(
        ExpectedArticle.select().where(
            ExpectedArticle.tenant_id == article.tenant_id, ExpectedArticle.article_id == article.id
        )
    )
    query = Issue.select().where(
        Issue.tenant_id == article.tenant_id, Issue.id.in_([row.issue_id for row in rows] or [0])
    )
    issues = {issue.id: issue for issue in query} if rows else {}
    return [(row, issues[row.issue_id]) for row in rows]


def between(tenant_id: int, begin: datetime, until: datetime) -> list[tuple[Line, Issue]]:
    """What is due in a span of time, for issues that are not archived."""
    rows = list(
        ExpectedArticle.select()
        .where(
            ExpectedArticle.tenant_id == tenant_id, ExpectedArticle.due_at >= begin,
            ExpectedArticle.due_at < until,
        )
        .order_by(ExpectedArticle.due_at, ExpectedArticle.id)
    )  # fmt: skip
    if not rows:
        return []
    lines, issues = abreast(lambda: _lines(tenant_id, rows), lambda: _issues(tenant_id, rows))
    return [
        (one, issues[one.row.issue_id])
        for one in lines
        if issues[one.row.issue_id].state != IssueState.ARCHIVED
    ]


def authors(tenant_id: int) -> list[User]:
    """Who can be asked for an article, by name."""
    return policy.people_with(Permission.ARTICLE_CREATE, tenant_id)


def offered(row: ExpectedArticle, user: User, rights: Rights) -> list[Article]:
    """Articles of the author that may be the expected one and that the person sees, the latest first."""
    query = Article.select().where(
        Article.tenant_id == row.tenant_id, Article.author_id == row.author_id,
        Article.state.not_in([ArticleState.ARCHIVED, ArticleState.USED]),
    )  # fmt: skip
    found = query.order_by(Article.updated_at.desc(), Article.id.desc()).limit(30)
    return [article for article in found if articles.may_see(article, user, rights)]


def _lines(tenant_id: int, rows: Sequence[ExpectedArticle]) -> list[Line]:
    ids = [row.article_id for row in rows if row.article_id]
    articles, names = abreast(
        lambda: pool.many(tenant_id, ids) if ids else [],
        lambda: policy.names(row.author_id for row in rows) if rows else {},
    )
    found = {article.id: article for article in articles}
    return [Line(row, found.get(row.article_id), names.get(row.author_id, "?")) for row in rows]


def _issues(tenant_id: int, rows: Iterable[ExpectedArticle]) -> dict[int, Issue]:
    ids = {row.issue_id for row in rows}
    query = Issue.select().where(Issue.tenant_id == tenant_id, Issue.id.in_(sorted(ids) or [0]))
    return {issue.id: issue for issue in query}


def _open_issues(tenant_id: int) -> ModelSelect:
    """As a query, for in_()."""
    return Issue.select(Issue.id).where(Issue.tenant_id == tenant_id, Issue.state.in_(OPEN))


def issue_of(row: ExpectedArticle) -> Issue:
    """The issue that waits for it."""
    found = Issue.get_or_none(Issue.tenant_id == row.tenant_id, Issue.id == row.issue_id)
    if found is None:
        raise NotFound
    return found
