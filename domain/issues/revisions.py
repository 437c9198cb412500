"""The frozen versions of an issue."""

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
