"""Where a finding of the pre-flight can be mended, for the person who reads it."""

from flask import g, url_for

from dispatcher.preflight.findings import Finding, Place
from domain.accounts.permissions import Permission as P
from domain.issues import letters, mailtemplates
from domain.issues.models import PLAIN, Issue
from domain.subscribers import types
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
    if finding.place == Place.ENCLOSED:
        return url_for("attachments.show", issue_id=issue.id)
    if finding.place == Place.POOL:
        words = str(finding.params.get("title", ""))
        return url_for("issues.show", issue_id=issue.id, source="articles", q=words, pane="pool") + "#h-pool"
    if finding.place == Place.TEMPLATE and may(P.TEMPLATE_SEE):
        return _template(issue)
    if finding.place in (Place.SUBJECT, Place.PREHEADER):
        if issue.kind in PLAIN:
            return f"{url_for('letters.show', issue_id=issue.id)}#f-{finding.place}"
        return f"{url_for('issues.show', issue_id=issue.id)}#{finding.place}"
    return _block(finding, issue)


def _template(issue: Issue) -> str:
    """The template in force: where it is made, or what stands there instead."""
    kind = types.get(issue.tenant_id, issue.type_id)
    found = mailtemplates.chosen(g.tenant, issue.template_id, kind.template_id)
    if found is None or found.tenant_id != issue.tenant_id:
        return url_for("mailtemplates.index")
    return url_for("mailtemplates.edit", template_id=found.id)


def _block(finding: Finding, issue: Issue) -> str:
    """The block that the finding names, else all of them."""
    if issue.kind in PLAIN:
        _text, image = letters.parts(issue)
        where = "h-pic" if finding.block_id == image.id else "html"
        return f"{url_for('letters.show', issue_id=issue.id)}#{where}"
    if not finding.block_id:
        return url_for("issues.show", issue_id=issue.id) + "#blocks"
    return url_for("issues.show", issue_id=issue.id, open=finding.block_id) + f"#block-{finding.block_id}"
