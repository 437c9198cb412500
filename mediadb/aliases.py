"""Stand-in names of pictures and folders (domain.rollouts.aliases has those of lists and segments)."""

from typing import Any

from domain.rollouts import aliases
from mediadb.models import Asset, AssetKind, Folder

MEDIA: dict[str, type[Any]] = {"picture": Asset, "folder": Folder}


def pictures(tenant_id: int, words: set[str]) -> dict[str, int]:
    """Word → id of the tenant's picture."""
    query = Asset.select(Asset.alias, Asset.id).where(
        Asset.tenant_id == tenant_id, Asset.alias.in_(words or {"-"}), Asset.trashed_at.is_null()
    )
    return dict(query.tuples())


def words_of(tenant_id: int, asset_ids: set[int]) -> dict[int, str]:
    """Id → word, of those files that have one."""
    query = Asset.select(Asset.id, Asset.alias).where(
        Asset.tenant_id == tenant_id, Asset.id.in_(asset_ids or {0}), Asset.alias != ""
    )
    return dict(query.tuples())


def newest_in(tenant_id: int, word: str) -> Asset | None:
    """The newest picture of the folder that a word stands for; None without folder or picture."""
    folder_id = aliases.found(Folder, tenant_id, {word}).get(word)
    if folder_id is None:
        return None
    query = Asset.select().where(
        Asset.tenant_id == tenant_id, Asset.folder_id == folder_id, Asset.trashed_at.is_null(),
        Asset.kind == AssetKind.PICTURE,
    )  # fmt: skip
    return query.order_by(Asset.id.desc()).first()
