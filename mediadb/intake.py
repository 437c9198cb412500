"""How a file gets into the media: recognised, scanned, made harmless, kept once. There is no other way in."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.db import database
from domain.errors import N_, Invalid
from mediadb import child, decoder, folders, imaging, kinds, limits, pdfpage, scanner, storage, svgclean
from mediadb.models import Asset, AssetKind, Rendition
from mediadb.words import clean_name, folded, line

SVG = "image/svg+xml"


@dataclass(frozen=True)
class Taken:
    """A file after its upload; `known`: the tenant had the same content already."""

    asset: Asset
    known: bool


def upload(
    tenant_id: int, user_id: int, filename: str, data: bytes, folder_id: int | None = None, alt: str = ""
) -> Asset:
    """Take one file. The same content in the same tenant is recognised and not stored twice. Raises Invalid,
    OverLimit, and Conflict when the virus scanner cannot be asked."""
    return take(tenant_id, user_id, filename, data, folder_id, alt).asset


def take(
    tenant_id: int, user_id: int, filename: str, data: bytes, folder_id: int | None = None, alt: str = ""
) -> Taken:
    """As `upload`, and says whether the content was known. A known one in the trash is taken out of it."""
    name = clean_name(filename)
    if folder_id is not None:
        folders.folder(tenant_id, folder_id)
    in_force = limits.of(tenant_id)
    mime = kinds.document_mime(name, data, in_force)
    limits.check(tenant_id, user_id, len(data), in_force)
    scanner.check(data)
    if mime:
        return _document(tenant_id, user_id, name, mime, data, folder_id)
    return _keep(tenant_id, user_id, name, imaging.process(data), folder_id, alt)


def keep(
    tenant_id: int, user_id: int, filename: str, picture: imaging.Picture, folder_id: int | None = None, alt: str = ""
) -> Asset:  # fmt: skip
    """A picture that `imaging.process` has already made, for many at once; as `upload` otherwise."""
    return _keep(tenant_id, user_id, clean_name(filename), picture, folder_id, alt).asset


def write_sizes(asset: Asset, sizes: tuple[imaging.Made, ...]) -> None:
    """Store the sizes of an asset instead of those it had; the caller holds the transaction."""
    stored = [(size, storage.put(size.data)) for size in sizes]
    Rendition.delete().where(Rendition.tenant_id == asset.tenant_id, Rendition.asset_id == asset.id).execute()
    _insert(asset, stored)


def add_sizes(asset: Asset, sizes: Sequence[imaging.Made]) -> None:
    """Store more sizes of an asset; those that it has stay as they are."""
    mine = (Rendition.tenant_id == asset.tenant_id) & (Rendition.asset_id == asset.id)
    stored = [(size, storage.put(size.data)) for size in sizes]
    with database.atomic():
        known = {row[0] for row in Rendition.select(Rendition.name).where(mine).tuples()}
        _insert(asset, [(size, digest) for size, digest in stored if size.name not in known])


def _insert(asset: Asset, stored: list[tuple[imaging.Made, str]]) -> None:
    if stored:
        Rendition.insert_many(
            [
                {
                    "tenant_id": asset.tenant_id, "asset_id": asset.id, "name": size.name, "mime": size.mime,
                    "width": size.width, "height": size.height, "size_bytes": len(size.data), "sha256": sha256,
                }
                for size, sha256 in stored
            ]
        ).execute()  # fmt: skip


def new_key() -> str:
    """A public key: 144 random bits."""
    return secrets.token_urlsafe(18)


def made_harmless(mime: str, data: bytes) -> tuple[bytes, dict[str, int]]:
    """The document as it is kept, and what is known of its size: an SVG is reduced to what cannot act."""
    if mime != SVG:
        return data, {}
    try:
        [clean] = child.run(svgclean, data)
    except child.Failure as failure:
        if failure.code == svgclean.HOSTILE:
            raise Invalid(N_("This SVG is too nested for us. Save the picture as PNG.")) from None
        raise Invalid(N_("We cannot read this SVG. Save the picture as PNG.")) from None
    known = {"width": clean.width, "height": clean.height} if clean.width else {}
    return clean.data, known


def preview(mime: str, data: bytes) -> tuple[imaging.Made, ...]:
    """The first page of a PDF in the sizes of the portal; nothing where it cannot be drawn."""
    if mime != "application/pdf":
        return ()
    try:
        [page] = child.run(pdfpage, data)
        cut = imaging.Cut(focus=(500, 0))  # a page is known by its head
        return tuple(
            size
            for size in imaging.process(page.data, cut).sizes
            if size.name.removesuffix(decoder.AVIF) in ("card", "thumb", "mail600")
        )
    except (child.Failure, Invalid):
        return ()


def _keep(
    tenant_id: int, user_id: int, name: str, picture: imaging.Picture, folder_id: int | None, alt: str
) -> Taken:
    original = picture.original
    digest = storage.put(original.data)
    known = _known(tenant_id, digest)
    if known:
        return Taken(known, True)
    with database.atomic():
        asset = _create(
            tenant_id, user_id, AssetKind.PICTURE, name, original.mime, len(original.data), digest, folder_id,
            alt=line(alt, 300), credit=line(picture.credit, 200), width=original.width, height=original.height,
        )  # fmt: skip
        write_sizes(asset, picture.sizes)
    return Taken(asset, False)


def _document(
    tenant_id: int, user_id: int, name: str, mime: str, data: bytes, folder_id: int | None
) -> Taken:
    data, size = made_harmless(mime, data)
    digest = storage.put(data)
    known = _known(tenant_id, digest)
    if known:
        return Taken(known, True)
    drawn = preview(mime, data)
    with database.atomic():
        made = _create(
            tenant_id, user_id, AssetKind.DOCUMENT, name, mime, len(data), digest, folder_id, **size
        )
        write_sizes(made, drawn)
    return Taken(made, False)


def _known(tenant_id: int, digest: str) -> Asset | None:
    found = Asset.get_or_none(Asset.tenant_id == tenant_id, Asset.sha256 == digest)
    if found and found.trashed_at:
        found.trashed_at = None
        found.save()
    return found


def _create(
    tenant_id: int, user_id: int, kind: AssetKind, name: str, mime: str, size: int, digest: str,
    folder_id: int | None, **more: Any,
) -> Asset:  # fmt: skip
    return Asset.create(
        tenant_id=tenant_id, folder_id=folder_id, kind=kind, filename=name, mime=mime, size_bytes=size,
        sha256=digest, public_key=new_key(), uploaded_by_id=user_id,
        folded=folded(name, more.get("alt", ""), more.get("credit", "")), **more,
    )  # fmt: skip
