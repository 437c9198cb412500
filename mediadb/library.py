"""Upload, describe, move, trash and restore media of a tenant."""

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from peewee import fn

from domain import clock
from domain.audit import log
from domain.content import markup, search
from domain.content.models import Article, AssetUse
from domain.db import database, unscoped
from domain.errors import N_, Conflict, Invalid, NotFound
from mediadb import imaging, kinds, storage
from mediadb.models import Asset, AssetKind, Folder, Rendition

PAGE_SIZE = 48
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029/\\]+")


@dataclass(frozen=True)
class Page:
    """Assets of a folder or a search, newest first, and the id behind which the next page begins."""

    assets: list[Asset]
    older_id: int | None
    total: int


@dataclass(frozen=True)
class Taken:
    """A file after its upload; `known`: the tenant had the same content already."""

    asset: Asset
    known: bool


def upload(
    tenant_id: int, user_id: int, filename: str, data: bytes, folder_id: int | None = None, alt: str = ""
) -> Asset:
    """Take one file. The same content in the same tenant is recognised and not stored twice. Raises Invalid."""
    return take(tenant_id, user_id, filename, data, folder_id, alt).asset


def take(
    tenant_id: int, user_id: int, filename: str, data: bytes, folder_id: int | None = None, alt: str = ""
) -> Taken:
    """As `upload`, and says whether the content was known. A known one in the trash is taken out of it."""
    name = clean_name(filename)
    if folder_id is not None:
        folder(tenant_id, folder_id)
    mime = kinds.document_mime(name, data)
    if mime:
        return _document(tenant_id, user_id, name, mime, data, folder_id)
    return _picture(tenant_id, user_id, name, data, folder_id, alt)


def get(tenant_id: int, asset_id: int) -> Asset:
    """A file of the tenant; raises NotFound."""
    asset = Asset.get_or_none(Asset.tenant_id == tenant_id, Asset.id == asset_id)
    if asset is None:
        raise NotFound
    return asset


def many(tenant_id: int, ids: Sequence[int]) -> dict[int, Asset]:
    query = Asset.select().where(Asset.tenant_id == tenant_id, Asset.id.in_(list(ids) or [0]))
    return {asset.id: asset for asset in query}


def of_articles(articles: Iterable[Article]) -> dict[int, Asset]:
    """Id → picture of articles, a linked one's from the tenant that released it."""
    wanted: dict[int, set[int]] = {}
    for article in articles:
        if article.asset_id:
            wanted.setdefault(article.tenant_id, set()).add(article.asset_id)
    return {key: asset for owner, ids in wanted.items() for key, asset in many(owner, sorted(ids)).items()}


def find(
    tenant_id: int, folder_id: int | None = None, text: str = "", before_id: int | None = None,
    trashed: bool = False, pictures_only: bool = False, everywhere: bool = False, kind: str = "",
) -> Page:  # fmt: skip
    """Files of one folder (None: those in no folder), or of all with `everywhere` or a search text."""
    query = Asset.select().where(Asset.tenant_id == tenant_id, Asset.trashed_at.is_null(not trashed))
    if not (everywhere or text or trashed):
        query = query.where(Asset.folder_id.is_null() if folder_id is None else Asset.folder_id == folder_id)
    if pictures_only or kind:
        query = query.where(Asset.kind == (AssetKind.PICTURE if pictures_only else kind))
    query = search.narrowed(query, Asset.folded, text)
    total = query.count()
    if before_id:
        query = query.where(Asset.id < before_id)
    rows = list(query.order_by(Asset.id.desc()).limit(PAGE_SIZE + 1))
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return Page(rows, rows[-1].id if more else None, total)


def describe(asset: Asset, title: str, alt: str, credit: str) -> None:
    """Title, alternative text and credit."""
    asset.title, asset.alt, asset.credit = (_line(t, n) for t, n in ((title, 200), (alt, 300), (credit, 200)))
    asset.folded = _folded(asset.filename, asset.title, asset.alt, asset.credit)
    asset.save()


def move(asset: Asset, folder_id: int | None) -> None:
    if folder_id is not None:
        folder(asset.tenant_id, folder_id)
    asset.folder_id = folder_id
    asset.save()


def uses(asset: Asset) -> list[AssetUse]:
    """Where a file is used."""
    return list(AssetUse.select().where(AssetUse.tenant_id == asset.tenant_id, AssetUse.asset_id == asset.id))


def trash(asset: Asset, user_id: int) -> None:
    """Put a file into the trash; raises Conflict while it is used."""
    with database.atomic():
        if uses(asset):
            raise Conflict(
                N_("This file is used and cannot be deleted. Take it out of the articles and issues first.")
            )
        asset.trashed_at = clock.now()
        asset.save()
        log.record(asset.tenant_id, "media.trash", user_id=user_id, kind="asset", object_id=asset.id)


def restore(asset: Asset) -> None:
    asset.trashed_at = None
    asset.save()


def folders(tenant_id: int) -> list[Folder]:
    """All folders of the tenant by name."""
    return list(Folder.select().where(Folder.tenant_id == tenant_id).order_by(Folder.name))


def folder(tenant_id: int, folder_id: int) -> Folder:
    found = Folder.get_or_none(Folder.tenant_id == tenant_id, Folder.id == folder_id)
    if found is None:
        raise NotFound
    return found


def path_to(found: list[Folder], folder_id: int | None) -> list[Folder]:
    """The folders from the top down to `folder_id`, out of all `found` ones."""
    by_id = {one.id: one for one in found}
    path: list[Folder] = []
    while folder_id in by_id and by_id[folder_id] not in path:
        path.insert(0, by_id[folder_id])
        folder_id = path[0].parent_id
    return path


def make_folder(tenant_id: int, name: str, parent_id: int | None = None) -> Folder:
    """A new folder; raises Invalid for an empty or taken name."""
    if parent_id is not None:
        folder(tenant_id, parent_id)
    name = _free_name(tenant_id, name, parent_id)
    return Folder.create(tenant_id=tenant_id, name=name, parent_id=parent_id)


def rename_folder(found: Folder, name: str) -> None:
    """Another name; raises Invalid for an empty or taken one."""
    if _line(name, 120) != found.name:
        found.name = _free_name(found.tenant_id, name, found.parent_id)
        found.save()


def remove_folder(found: Folder) -> None:
    """Delete an empty folder; raises Conflict otherwise. What lies in the trash loses its folder."""
    inside = (Asset.tenant_id == found.tenant_id) & (Asset.folder_id == found.id)
    with database.atomic():
        if (
            Asset.select().where(inside, Asset.trashed_at.is_null()).exists()
            or Folder.select()
            .where(Folder.tenant_id == found.tenant_id, Folder.parent_id == found.id)
            .exists()
        ):
            raise Conflict(N_("This folder is not empty. Move or delete what is in it first."))
        Asset.update(folder_id=None).where(inside).execute()
        found.delete_instance()


def _free_name(tenant_id: int, name: str, parent_id: int | None) -> str:
    name = _line(name, 120)
    if not name:
        raise Invalid(fields={"name": N_("A folder needs a name.")})
    beside = Folder.parent_id.is_null() if parent_id is None else Folder.parent_id == parent_id
    if Folder.select().where(Folder.tenant_id == tenant_id, Folder.name == name, beside).exists():
        raise Invalid(fields={"name": N_("There is already a folder with this name.")})
    return name


def counts(tenant_id: int) -> dict[int | None, int]:
    """Folder id → number of files in it."""
    rows = (
        Asset.select(Asset.folder_id, fn.COUNT(Asset.id))
        .where(Asset.tenant_id == tenant_id, Asset.trashed_at.is_null())
        .group_by(Asset.folder_id)
    )
    return dict(rows.tuples())


def trashed_count(tenant_id: int) -> int:
    return Asset.select().where(Asset.tenant_id == tenant_id, Asset.trashed_at.is_null(False)).count()


def renditions(asset: Asset) -> list[Rendition]:
    """The sizes made of a picture, the widest first."""
    query = Rendition.select().where(Rendition.tenant_id == asset.tenant_id, Rendition.asset_id == asset.id)
    return list(query.order_by(Rendition.width.desc()))


def ids_of(tenant_id: int, public_keys: Sequence[str]) -> list[int]:
    """The tenant's files behind public keys, for pictures inside of a text."""
    query = Asset.select(Asset.id).where(
        Asset.tenant_id == tenant_id, Asset.public_key.in_(list(public_keys) or [""])
    )
    return [row[0] for row in query.tuples()]


@unscoped("the public key is the right to see the file")
def served(public_key: str, name: str) -> tuple[Asset, str, str] | None:
    """(asset, digest, mime type) of a public address, or None. `name` is a size or `file`. Crosses tenants: the
    key itself is the right to see it."""
    asset = Asset.get_or_none(Asset.public_key == public_key)
    if asset is None:
        return None
    if name == "file":
        return asset, asset.sha256, asset.mime
    size = Rendition.get_or_none(
        Rendition.tenant_id == asset.tenant_id, Rendition.asset_id == asset.id, Rendition.name == name
    )
    return (asset, size.sha256, size.mime) if size else None


def clean_name(filename: str) -> str:
    """The name of a file without path and control characters."""
    return _CONTROL.sub(" ", filename.replace("\\", "/").rpartition("/")[2]).strip()[-200:] or "file"


def keep(
    tenant_id: int, user_id: int, filename: str, picture: imaging.Picture, folder_id: int | None = None, alt: str = ""
) -> Asset:  # fmt: skip
    """A picture that `imaging.process` has already made, for many at once; as `upload` otherwise."""
    return _keep(tenant_id, user_id, clean_name(filename), picture, folder_id, alt).asset


def _picture(tenant_id: int, user_id: int, name: str, data: bytes, folder_id: int | None, alt: str) -> Taken:
    return _keep(tenant_id, user_id, name, imaging.process(data), folder_id, alt)


def _keep(
    tenant_id: int, user_id: int, name: str, picture: imaging.Picture, folder_id: int | None, alt: str
) -> Taken:
    original = picture.original
    digest = storage.put(original.data)
    known = _known(tenant_id, digest)
    if known:
        return Taken(known, True)
    stored = [(size, storage.put(size.data)) for size in picture.sizes]
    with database.atomic():
        asset = _create(
            tenant_id, user_id, AssetKind.PICTURE, name, original.mime, len(original.data), digest, folder_id,
            alt=_line(alt, 300), width=original.width, height=original.height,
        )  # fmt: skip
        Rendition.insert_many(
            [
                {
                    "tenant_id": tenant_id, "asset_id": asset.id, "name": size.name, "mime": size.mime,
                    "width": size.width, "height": size.height, "size_bytes": len(size.data), "sha256": sha256,
                }
                for size, sha256 in stored
            ]
        ).execute()  # fmt: skip
    return Taken(asset, False)


def _document(
    tenant_id: int, user_id: int, name: str, mime: str, data: bytes, folder_id: int | None
) -> Taken:
    digest = storage.put(data)
    known = _known(tenant_id, digest)
    if known:
        return Taken(known, True)
    made = _create(tenant_id, user_id, AssetKind.DOCUMENT, name, mime, len(data), digest, folder_id)
    return Taken(made, False)


def _known(tenant_id: int, digest: str) -> Asset | None:
    found = Asset.get_or_none(Asset.tenant_id == tenant_id, Asset.sha256 == digest)
    if found and found.trashed_at:
        restore(found)
    return found


def _create(
    tenant_id: int, user_id: int, kind: AssetKind, name: str, mime: str, size: int, digest: str,
    folder_id: int | None, alt: str = "", **more: object,
) -> Asset:  # fmt: skip
    return Asset.create(
        tenant_id=tenant_id, folder_id=folder_id, kind=kind, filename=name, mime=mime, size_bytes=size, alt=alt,
        sha256=digest, public_key=secrets.token_urlsafe(18), uploaded_by_id=user_id, folded=_folded(name, alt),
        **more,
    )  # fmt: skip


def _folded(*texts: str) -> str:
    return markup.fold(" ".join(texts))


def _line(text: str, limit: int) -> str:
    return " ".join(_CONTROL.sub(" ", text or "").split())[:limit]
