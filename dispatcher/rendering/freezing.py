"""An issue that is rendered becomes a revision: the bytes that will leave, kept as they were approved."""

import re
from dataclasses import replace

from peewee import IntegrityError

from dispatcher.rendering import links, render
from domain.db import database
from domain.errors import Conflict
from domain.issues import assembly
from domain.issues.models import Issue, IssueRevision
from domain.tenancy.measuring import Measuring


def freeze(issue: Issue, rendered: render.Rendered, mark: str, user_id: int | None) -> IssueRevision:
    """Store the rendered issue as a revision; the same content is the same revision, also when several people freeze
    it at the same moment. Raises Conflict when one of them froze another content."""
    found = _frozen(issue, mark)
    if found:
        return found
    try:
        with database.atomic():
            return _store(issue, rendered, mark, user_id)
    except IntegrityError:  # somebody else has taken the number
        found = _frozen(issue, mark)
        if found is None:
            raise Conflict(assembly.CHANGED) from None
        return found


def _frozen(issue: Issue, mark: str) -> IssueRevision | None:
    return IssueRevision.get_or_none(
        IssueRevision.tenant_id == issue.tenant_id,
        IssueRevision.issue_id == issue.id,
        IssueRevision.fingerprint == mark,
    )


def _store(issue: Issue, rendered: render.Rendered, mark: str, user_id: int | None) -> IssueRevision:
    number = (
        IssueRevision.select()
        .where(IssueRevision.tenant_id == issue.tenant_id, IssueRevision.issue_id == issue.id)
        .count()
        + 1
    )
    counted: list[list[str]] = []
    leaving = rendered
    if rendered.tracking != Measuring.OFF:
        source, counted = links.counted(rendered.source, rendered.bare)
        leaving = replace(rendered, source=source)
    return IssueRevision.create(
        tenant_id=issue.tenant_id, issue_id=issue.id, number=number, fingerprint=mark,
        tracking=rendered.tracking, links=counted,
        subject=re.sub(r"\\([\[\]])", r"\1", rendered.source.subject)[:200],
        preheader=issue.preheader, html=rendered.source.html, plain=rendered.source.plain,
        compiled=render.compiled(leaving, mark).dump(), placeholders=rendered.names,
        attachments=[[f.name, f.mime, f.size_bytes] for f in rendered.files],
        article_ids=list(rendered.article_ids), size_bytes=rendered.size_bytes, created_by_id=user_id,
    )  # fmt: skip
