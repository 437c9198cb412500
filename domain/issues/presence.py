"""Who else has an issue open at this moment, and at which block; a row per person that is renewed while the page is."""

from dataclasses import dataclass
from datetime import timedelta

from domain import clock
from domain.issues.models import Issue, IssuePresence

SEEN = timedelta(seconds=50)  # the page calls every 15 s


@dataclass(frozen=True)
class Other:
    """Somebody else inside; `block_id` is the block that is open there."""

    user_id: int
    block_id: int | None


def note(issue: Issue, user_id: int, block_id: int | None) -> None:
    """This person is here, with this block open."""
    values = {"block_id": block_id, "seen_at": clock.now()}
    changed = (
        IssuePresence.update(**values)
        .where(
            IssuePresence.tenant_id == issue.tenant_id, IssuePresence.issue_id == issue.id,
            IssuePresence.user_id == user_id,
        )
        .execute()
    )  # fmt: skip
    if not changed:
        IssuePresence.insert(
            tenant_id=issue.tenant_id, issue_id=issue.id, user_id=user_id, **values
        ).on_conflict_ignore().execute()
        IssuePresence.delete().where(
            IssuePresence.tenant_id == issue.tenant_id,
            IssuePresence.seen_at < clock.now() - timedelta(days=1),
        ).execute()


def leave(issue: Issue, user_id: int) -> None:
    """This person has closed the page."""
    IssuePresence.delete().where(
        IssuePresence.tenant_id == issue.tenant_id, IssuePresence.issue_id == issue.id,
        IssuePresence.user_id == user_id,
    ).execute()  # fmt: skip


def others(issue: Issue, user_id: int) -> list[Other]:
    """Everybody else who was here a moment ago, in the order in which they came."""
    rows = (
        IssuePresence.select()
        .where(
            IssuePresence.tenant_id == issue.tenant_id, IssuePresence.issue_id == issue.id,
            IssuePresence.user_id != user_id, IssuePresence.seen_at > clock.now() - SEEN,
        )
        .order_by(IssuePresence.id)
    )  # fmt: skip
    return [Other(row.user_id, row.block_id) for row in rows]
