"""The copy of an issue: a draft with the same blocks and files."""

from domain.content.models import AssetUse
from domain.db import database
from domain.issues import mediause
from domain.issues.assembly import blocks
from domain.issues.models import Attachment, Block, Issue


def copy(issue: Issue, user_id: int, name: str, subject: str) -> Issue:
    """A new draft with the same blocks."""
    with database.atomic():
        made = Issue.create(
            tenant_id=issue.tenant_id, type_id=issue.type_id, template_id=issue.template_id,
            kind=issue.kind, rollout_id=issue.rollout_id, name=name[:120], subject=subject[:200],
            preheader=issue.preheader, bare_links=issue.bare_links, pictures_inside=issue.pictures_inside,
            created_by_id=user_id,
        )  # fmt: skip
        for found in blocks(issue):
            Block.create(
                tenant_id=issue.tenant_id, issue_id=made.id, position=found.position, kind=found.kind,
                article_id=found.article_id, data=found.data, locked=found.locked, hidden=found.hidden,
                segment_id=found.segment_id, source_tenant_id=found.source_tenant_id,
            )  # fmt: skip
        mediause.note(made, blocks(made))
        for file in Attachment.select().where(
            Attachment.tenant_id == issue.tenant_id, Attachment.issue_id == issue.id
        ):
            values = {"tenant_id": made.tenant_id, "asset_id": file.asset_id}
            Attachment.create(issue_id=made.id, position=file.position, **values)
            AssetUse.create(kind="attachment", object_id=made.id, **values)
        return made
