"""The frozen versions of an issue."""

from peewee import fn

from domain.errors import NotFound
from domain.issues.models import IssueRevision


def by_fingerprint(tenant_id: int, issue_id: int, fingerprint: str) -> IssueRevision:
    """The version that a fingerprint belongs to; raises NotFound."""
    found = IssueRevision.get_or_none(
        IssueRevision.tenant_id == tenant_id,
        IssueRevision.issue_id == issue_id,
        IssueRevision.fingerprint == fingerprint,
    )
    if found is None:
        raise NotFound
    return found


def again(revision: IssueRevision, fingerprint: str, user_id: int) -> IssueRevision:
    """The same frozen mail as a revision of its own, for another approval; the same fingerprint is the same one."""
    found = IssueRevision.get_or_none(
        IssueRevision.tenant_id == revision.tenant_id, IssueRevision.issue_id == revision.issue_id,
        IssueRevision.fingerprint == fingerprint,
    )  # fmt: skip
    if found is not None:
        return found
    number = (
        IssueRevision.select(fn.MAX(IssueRevision.number))
        .where(IssueRevision.tenant_id == revision.tenant_id, IssueRevision.issue_id == revision.issue_id)
        .scalar()
    )
    kept = ("subject", "preheader", "html", "plain", "compiled", "placeholders", "article_ids", "size_bytes",
            "attachments", "tracking", "links")  # fmt: skip
    return IssueRevision.create(
        tenant_id=revision.tenant_id, issue_id=revision.issue_id, number=number + 1, fingerprint=fingerprint,
        created_by_id=user_id, **{name: getattr(revision, name) for name in kept},
    )  # fmt: skip


def before(revision: IssueRevision) -> IssueRevision | None:
    """The version before this one; None: it is the first."""
    return (
        IssueRevision.select()
        .where(
            IssueRevision.tenant_id == revision.tenant_id,
            IssueRevision.issue_id == revision.issue_id,
            IssueRevision.number < revision.number,
        )
        .order_by(IssueRevision.number.desc())
        .first()
    )
