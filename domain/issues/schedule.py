"""The plan of issues: when they are to go out, until when authors may deliver, and what stands in a month."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from peewee import fn

from domain.content.models import Article
from domain.db import abreast, database
from domain.errors import N_, Invalid
from domain.issues import commissions, expected
from domain.issues.models import Block, BlockKind, Issue, IssueState


@dataclass(frozen=True)
class Entry:
    """Something on a day of the calendar: an issue going out (`what` = planned), its deadline (`what` = deadline), or
    an article that is due (`what` = expected, with its `line`)."""

    issue: Issue
    what: str
    at: datetime  # in the zone of the tenant
    articles: int
    line: expected.Line | None = None


def month(tenant_id: int, first: date, zone: ZoneInfo) -> dict[date, list[Entry]]:
    """Day → entries of the calendar month that begins with `first`, each day by time."""
    end = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
    begin, until = (datetime.combine(day, time(), zone) for day in (first.replace(day=1), end))
    planned = (Issue.planned_at >= begin) & (Issue.planned_at < until)
    due = (Issue.deadline_at >= begin) & (Issue.deadline_at < until)
    query = Issue.select().where(
        Issue.tenant_id == tenant_id, Issue.state != IssueState.ARCHIVED, planned | due
    )

    def with_counts() -> tuple[list[Issue], dict[int, int]]:
        found = list(query)
        return found, _articles(tenant_id, [issue.id for issue in found])

    (issues, counts), awaited = abreast(with_counts, lambda: expected.between(tenant_id, begin, until))
    days: dict[date, list[Entry]] = {}
    for issue in issues:
        for what, moment in (("planned", issue.planned_at), ("deadline", issue.deadline_at)):
            if moment is not None and begin <= moment < until:
                local = moment.astimezone(zone)
                days.setdefault(local.date(), []).append(Entry(issue, what, local, counts.get(issue.id, 0)))
    for one, issue in awaited:
        local = one.row.due_at.astimezone(zone)
        days.setdefault(local.date(), []).append(Entry(issue, "expected", local, 0, one))
    for entries in days.values():
        entries.sort(key=lambda entry: (entry.at, entry.issue.id))
    return days


def unplanned(tenant_id: int, limit: int = 20) -> list[Issue]:
    """Issues in work without a day, the latest first."""
    query = Issue.select().where(
        Issue.tenant_id == tenant_id, Issue.state.in_([IssueState.DRAFT, IssueState.RETURNED]),
        Issue.planned_at.is_null(),
    )  # fmt: skip
    return list(query.order_by(Issue.id.desc()).limit(limit))


def set_dates(issue: Issue, planned_at: datetime | None, deadline_at: datetime | None) -> None:
    """When an issue is to go out and until when authors may deliver. Raises Invalid for a deadline behind it."""
    if planned_at and deadline_at and deadline_at > planned_at:
        raise Invalid(
            fields={"deadline": N_("The deadline lies behind the day on which the issue goes out.")}
        )
    with database.atomic():
        Issue.update(planned_at=planned_at, deadline_at=deadline_at).where(
            Issue.tenant_id == issue.tenant_id, Issue.id == issue.id
        ).execute()
        commissions.follow(issue, issue.deadline_at, deadline_at)
    issue.planned_at, issue.deadline_at = planned_at, deadline_at


def issues_with(article: Article, tenant_id: int) -> list[Issue]:
    """The tenant's issues in which an article stands, the latest first."""
    ids = Block.select(Block.issue_id).where(
        Block.tenant_id == tenant_id, Block.article_id == article.id, Block.position > 0
    )
    query = Issue.select().where(Issue.tenant_id == tenant_id, Issue.id.in_(ids))
    return list(query.order_by(Issue.id.desc()).limit(30))


def _articles(tenant_id: int, issue_ids: list[int]) -> dict[int, int]:
    query = (
        Block.select(Block.issue_id, fn.COUNT(Block.id))
        .where(
            Block.tenant_id == tenant_id, Block.issue_id.in_(issue_ids or [0]), Block.kind == BlockKind.ARTICLE,
            Block.position > 0,
        )
        .group_by(Block.issue_id)
    )  # fmt: skip
    return dict(query.tuples())
