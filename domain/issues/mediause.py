"""Which media an issue uses: they cannot be deleted meanwhile."""

from collections.abc import Sequence

from domain.content.models import AssetUse
from domain.issues import blocks as content
from domain.issues.models import Block, Issue


def note(issue: Issue, blocks: Sequence[Block]) -> None:
    """Keep in mind what stands in the `blocks` of the issue, and nothing else."""
    wanted = {asset_id for b in blocks for asset_id in content.assets(b.data)}
    AssetUse.delete().where(
        AssetUse.tenant_id == issue.tenant_id, AssetUse.kind == "issue", AssetUse.object_id == issue.id
    ).execute()
    if wanted:
        AssetUse.insert_many(
            [
                {"tenant_id": issue.tenant_id, "asset_id": asset_id, "kind": "issue", "object_id": issue.id}
                for asset_id in sorted(wanted)
            ]
        ).execute()
