"""Upload, describe, move, trash and restore media of a tenant."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from peewee import IntegrityError

from domain import clock
from domain.audit import log
from domain.content.models import AssetUse
from domain.db import database
from domain.errors import N_, Conflict, Invalid, NotFound
from mediadb import imaging, storage
from mediadb.models import Asset, AssetKind, Folder, Rendition

MAX_BYTES = 25 * 1024 * 1024
PAGE_SIZE = 48
DOCUMENTS = {
    ".pdf": ("application/pdf", b"%PDF-"),
    ".docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK\x03\x04"),
    ".xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK\x03\x04"),
    ".pptx": ("application/vnd.openxmlformats-officedocument.presentationml.presentation", b"PK\x03\x04"),
    ".odt": ("application/vnd.oasis.opendocument.text", b"PK\x03\x04"),
    ".txt": ("text/plain", b""),
    ".csv": ("text/csv", b""),
}
PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".heic", ".heif")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029/\\]+")


@dataclass(frozen=True)
class Page:
    """Assets of a folder or a search, newest first, and the id behind which the next page begins."""

    assets: list[Asset]
    older_id: int | None
    total: int


def upload(
    tenant_id: int, user_id: int, filename: str, data: bytes, folder_id: int | None = None, alt: str = ""
) -> Asset:
    """Take one file. The same content in the same tenant is recognised and not stored twice. Raises Invalid."""
    name = clean_name(filename)
    if folder_id is not None:
        folder(tenant_id, folder_id)
    if not data:
        raise Invalid(N_("This file is empty. Choose another one."))
    if len(data) > MAX_BYTES:
        raise Invalid(N_("This file is larger than 25 MB. Make it smaller and upload it again."))
    suffix = PurePosixPath(name).suffix.casefold()
    if suffix in DOCUMENTS:
        return _document(tenant_id, user_id, name, suffix, data, folder_id)
    if suffix in PICTURES or not suffix:
        return _picture(tenant_id, user_id, name, data, folder_id, alt)
    if suffix in (".svg", ".zip"):
        raise Invalid(
            N_("We do not take %(kind)s files. Save it as PNG, JPEG or PDF."), kind=suffix[1:].upper()
        )
    raise Invalid(
        N_(
            "We do not take this kind of file. Pictures: JPEG, PNG, GIF, WebP, AVIF. Documents: PDF, Office, text."
        )
    )


def get(tenant_id: int, asset_id: int) -> Asset:
    """A file of the tenant; raises NotFound."""
    asset = Asset.get_or_none(Asset.tenant_id == tenant_id, Asset.id == asset_id)
    if asset is None:
        raise NotFound
    return asset


def many(tenant_id: int, ids: Sequence[int]) -> dict[int, Asset]:
    query = Asset.select().where(Asset.tenant_id == tenant_id, Asset.id.in_(list(ids) or [0]))
    return {asset.id: asset for asset in query}


def find(
    tenant_id: int, folder_id: int | None = None, text: str = "", before_id: int | None = None,
    trashed: bool = False, pictures_only: bool = False, everywhere: bool = False,
) -> Page:  # fmt: skip
    """Files of one folder (None: those in no folder), or of all with `everywhere` or a search text."""
    query = Asset.select().where(Asset.tenant_id == tenant_id, Asset.trashed_at.is_null(not trashed))
    if not (everywhere or text or trashed):
        query = query.where(Asset.folder_id.is_null() if folder_id is None else Asset.folder_id == folder_id)
    if pictures_only:
        query = query.where(Asset.kind == AssetKind.PICTURE)
    for word in text.split()[:5]:
        query = query.where(
            Asset.filename.contains(word)
            | Asset.title.contains(word)
            | Asset.alt.contains(word)
            | Asset.credit.contains(word)
        )
    total = query.count()
    if before_id:
        query = query.where(Asset.id < before_id)
    rows = list(query.order_by(Asset.id.desc()).limit(PAGE_SIZE + 1))
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return Page(rows, rows[-1].id if more else None, total)


def describe(asset: Asset, title: str, alt: str, credit: str) -> None:
    """Title, alternative text and credit."""
    asset.title, asset.alt, asset.credit = (_line(t, n) for t, n in ((title, 200), (alt, 300), (credit, 200)))
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
    if uses(asset):
        raise Conflict(
            N_("This file is used and cannot be deleted. Take it out of the articles and issues first.")
        )
    with database.atomic():
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


def make_folder(tenant_id: int, name: str, parent_id: int | None = None) -> Folder:
    """A new folder; raises Invalid for an empty or taken name."""
    name = _line(name, 120)
    if not name:
        raise Invalid(fields={"name": N_("A folder needs a name.")})
    if parent_id is not None:
        folder(tenant_id, parent_id)
    taken = Folder.select().where(
        Folder.tenant_id == tenant_id,
        Folder.name == name,
        Folder.parent_id.is_null() if parent_id is None else Folder.parent_id == parent_id,
    )
    if taken.exists():
        raise Invalid(fields={"name": N_("There is already a folder with this name.")})
    return Folder.create(tenant_id=tenant_id, name=name, parent_id=parent_id)


def remove_folder(found: Folder) -> None:
    """Delete an empty folder; raises Conflict otherwise."""
    inside = Asset.select().where(Asset.tenant_id == found.tenant_id, Asset.folder_id == found.id).exists()
    below = Folder.select().where(Folder.tenant_id == found.tenant_id, Folder.parent_id == found.id).exists()
    if inside or below:
        raise Conflict(N_("This folder is not empty. Move or delete what is in it first."))
    found.delete_instance()


def counts(tenant_id: int) -> dict[int | None, int]:
    """Folder id → number of files in it."""
    from peewee import fn

    rows = (
        Asset.select(Asset.folder_id, fn.COUNT(Asset.id))
        .where(Asset.tenant_id == tenant_id, Asset.trashed_at.is_null())
        .group_by(Asset.folder_id)
    )
    return dict(rows.tuples())


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


def _picture(tenant_id: int, user_id: int, name: str, data: bytes, folder_id: int | None, alt: str) -> Asset:
    picture = imaging.process(data)
    digest = storage.put(picture.data)
    known = _known(tenant_id, digest)
    if known:
        return known
    stored = [(size, storage.put(size.data)) for size in picture.sizes]
    with database.atomic():
        asset = _create(
            tenant_id, user_id, AssetKind.PICTURE, name, picture.mime, len(picture.data), digest, folder_id,
            alt=_line(alt, 300), width=picture.width, height=picture.height,
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
    return asset


def _document(
    tenant_id: int, user_id: int, name: str, suffix: str, data: bytes, folder_id: int | None
) -> Asset:
    mime, magic = DOCUMENTS[suffix]
    if not data.startswith(magic) or (not magic and b"\0" in data[:4096]):
        raise Invalid(N_("The content does not fit the name of the file. Save it again and upload it."))
    digest = storage.put(data)
    return _known(tenant_id, digest) or _create(
        tenant_id, user_id, AssetKind.DOCUMENT, name, mime, len(data), digest, folder_id
    )


def _known(tenant_id: int, digest: str) -> Asset | None:
    found = Asset.get_or_none(Asset.tenant_id == tenant_id, Asset.sha256 == digest)
    if found and found.trashed_at:
        restore(found)
    return found


def _create(
    tenant_id: int, user_id: int, kind: AssetKind, name: str, mime: str, size: int, digest: str,
    folder_id: int | None, **more: object,
) -> Asset:  # fmt: skip
    while True:
        try:
            with database.atomic():
                return Asset.create(
                    tenant_id=tenant_id, folder_id=folder_id, kind=kind, filename=name, mime=mime, size_bytes=size,
                    sha256=digest, public_key=secrets.token_urlsafe(18), uploaded_by_id=user_id, **more,
                )  # fmt: skip
        except IntegrityError:
            continue


def _line(text: str, limit: int) -> str:
    return " ".join(_CONTROL.sub(" ", text or "").split())[:limit]
