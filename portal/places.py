"""Where a finding of the pre-flight can be mended, for the person who reads it."""

from flask import url_for

from dispatcher.preflight.findings import Finding, Place
from domain.accounts.permissions import Permission as P
from domain.issues.models import PLAIN, Issue
from portal.access import may


def of(finding: Finding, issue: Issue) -> str:
    """The address of the place; "" if the person may not go there."""
    if finding.place == Place.ARTICLE and finding.object_id:
        return (
            url_for("articles.show", article_id=finding.object_id)
            if may(P.ARTICLE_EDIT_ALL)
            else _block(finding, issue)
        )
    if finding.place == Place.TENANT:
        return url_for("tenants.edit") if may(P.TENANT_EDIT) else ""
    if finding.place == Place.SENDERS and may(P.SENDER_EDIT):
        return url_for("senders.index")
    if finding.place in (Place.SENDERS, Place.PLAN):
        return url_for("campaigns.plan", issue_id=issue.id) if may(P.CAMPAIGN_PLAN) else ""
    if finding.place == Place.EXPECTED:
        return url_for("expected.index", issue_id=issue.id) if may(P.ISSUE_SEE) else ""
    if finding.place in (Place.SUBJECT, Place.PREHEADER):
        return f"{url_for('issues.show', issue_id=issue.id)}#{finding.place}"
    return _block(finding, issue)


def _block(finding: Finding, issue: Issue) -> str:
    if not finding.block_id:
        return ""
    if issue.kind in PLAIN:
        return url_for("issues.show", issue_id=issue.id) + "#html"
    return url_for("issues.show", issue_id=issue.id, open=finding.block_id) + f"#block-{finding.block_id}"
