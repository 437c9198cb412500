"""Files that travel with the mails of an issue: from the media, few and small, since everybody gets them."""

from peewee import fn

from domain.content.models import AssetUse
from domain.db import database
from domain.errors import N_, Conflict, NotFound
from domain.issues import assembly
from domain.issues.models import Attachment, Issue

MOST = 10
MAX_BYTES = 5 * 1024 * 1024  # together; many servers refuse mails above 10 MB, and base64 adds a third
USE = "attachment"  # kind of use that media know


def ids(issue: Issue) -> list[int]:
    """Ids of the files, in their order."""
    query = Attachment.select(Attachment.asset_id).where(
        Attachment.tenant_id == issue.tenant_id, Attachment.issue_id == issue.id
    )
    return [row[0] for row in query.order_by(Attachment.position, Attachment.id).tuples()]


def add(issue: Issue, asset_id: int, size_bytes: int, others_bytes: int) -> None:
    """Take a file of the tenant along; `others_bytes` is what the others have together. Twice is once. Raises
    Conflict if that is too many, too large, or if the issue is closed."""
    _check_open(issue)
    known = ids(issue)
    if asset_id in known:
        return
    if len(known) >= MOST:
        raise Conflict(N_("At most %(count)s files. Take one out first."), count=MOST)
    check_size(size_bytes, others_bytes)
    mine = (Attachment.tenant_id == issue.tenant_id) & (Attachment.issue_id == issue.id)
    with database.atomic():
        last = Attachment.select(fn.MAX(Attachment.position)).where(mine).scalar() or 0
        Attachment.create(tenant_id=issue.tenant_id, issue_id=issue.id, asset_id=asset_id, position=last + 1)
        AssetUse.create(tenant_id=issue.tenant_id, asset_id=asset_id, kind=USE, object_id=issue.id)
        assembly.touch(issue)


def carry_pictures(issue: Issue, inside: bool) -> None:
    """Whether the pictures of an issue travel in its mails instead of being fetched when somebody reads them. Raises
    Conflict if the issue is closed."""
    _check_open(issue)
    if issue.pictures_inside != inside:
        assembly.touch(issue, pictures_inside=inside)


def check_size(size_bytes: int, others_bytes: int = 0) -> None:
    """Raise Conflict if a file is too large for the mails beside the others."""
    if size_bytes + others_bytes > MAX_BYTES:
        raise Conflict(
            N_("Together the files may have %(most)s MB. Put large ones into the text as a link."),
            most=MAX_BYTES // 1024 // 1024,
        )


def remove(issue: Issue, asset_id: int) -> None:
    """Leave a file out; raises NotFound if it is not among them."""
    _check_open(issue)
    with database.atomic():
        gone = (
            Attachment.delete()
            .where(
                Attachment.tenant_id == issue.tenant_id, Attachment.issue_id == issue.id,
                Attachment.asset_id == asset_id,
            )
            .execute()
        )  # fmt: skip
        if not gone:
            raise NotFound
        AssetUse.delete().where(
            AssetUse.tenant_id == issue.tenant_id, AssetUse.kind == USE, AssetUse.object_id == issue.id,
            AssetUse.asset_id == asset_id,
        ).execute()  # fmt: skip
        assembly.touch(issue)


def _check_open(issue: Issue) -> None:
    if issue.state not in assembly.EDITABLE:
        raise Conflict(N_("This issue is in approval or approved and can no longer be changed."))
