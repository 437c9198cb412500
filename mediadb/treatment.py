"""What is done to a kept file: crop and focus, replacing its content, deleting it for good.

References name the asset, so they are kept. The bytes behind a public key never change; whoever changes what a file
shows gives it a new key, and the old ones lead on to it.
"""

from datetime import timedelta

from domain import clock
from domain.audit import log
from domain.content.models import AssetUse
from domain.db import database, unscoped
from domain.errors import N_, Conflict, Invalid, NotFound
from mediadb import imaging, intake, kinds, limits, scanner, storage
from mediadb.models import Asset, AssetAlias, AssetKind, AssetTag, Rendition
from mediadb.words import clean_name, folded

KEPT_IN_TRASH = timedelta(days=30)
SMALLEST = 20  # per mille of an edge that a crop must leave


def cut(
    asset: Asset, user_id: int, crop: tuple[int, int, int, int] | None, focus: tuple[int, int] | None
) -> None:
    """Show a part of a picture (None: all of it) and keep `focus` visible wherever a size cuts; both in per mille.
    The kept original stays whole, so that another crop is always possible. Raises Invalid."""
    if asset.kind != AssetKind.PICTURE:
        raise Invalid(N_("Only pictures can be cropped."))
    if crop == (0, 0, 1000, 1000):
        crop = None
    if crop is not None:
        left, top, width, height = crop
        fits = left >= 0 and top >= 0 and left + width <= 1000 and top + height <= 1000
        if not fits or width < SMALLEST or height < SMALLEST:
            raise Invalid(
                fields={"crop": N_("This part does not lie within the picture. Choose another one.")}
            )
    if focus is not None and not all(0 <= n <= 1000 for n in focus):
        raise Invalid(fields={"crop": N_("The focus does not lie within the picture.")})
    if (list(crop) if crop else None) == asset.crop and (list(focus) if focus else None) == asset.focus:
        return
    try:
        original = storage.read(asset.sha256)
    except FileNotFoundError:
        raise NotFound(N_("The content of this file is gone. Replace it by uploading it again.")) from None
    made = imaging.process(original, imaging.Cut(crop, focus))
    with database.atomic():
        asset.crop, asset.focus = list(crop) if crop else None, list(focus) if focus else None
        _renew(asset)
        intake.write_sizes(asset, made.sizes)
        log.record(
            asset.tenant_id, "media.crop", user_id=user_id, kind="asset", object_id=asset.id,
            details={"file": asset.filename},
        )  # fmt: skip


def replace(asset: Asset, user_id: int, filename: str, data: bytes) -> None:
    """Another content for the same file: everything that shows it shows the new one. A picture stays a picture, a
    document a document. Raises Invalid, OverLimit, Conflict."""
    name, in_force = clean_name(filename), limits.of(asset.tenant_id)
    mime = kinds.document_mime(name, data, in_force)
    if (mime is None) != (asset.kind == AssetKind.PICTURE):
        raise Invalid(N_("A picture can be replaced by a picture, a document by a document."))
    limits.check(asset.tenant_id, user_id, max(0, len(data) - asset.size_bytes), in_force)
    scanner.check(data)
    if mime is None:
        made = imaging.process(data)
        kept, sizes, mime = made.original.data, made.sizes, made.original.mime
        size = {"width": made.original.width, "height": made.original.height}
    else:
        kept, size = intake.made_harmless(mime, data)
        sizes = intake.preview(mime, kept)
    digest = storage.put(kept)
    if digest == asset.sha256:
        raise Conflict(N_("This is the same content. Nothing was changed."))
    with database.atomic():
        asset.sha256, asset.mime, asset.size_bytes, asset.filename = digest, mime, len(kept), name
        asset.width, asset.height = size.get("width"), size.get("height")
        asset.crop = asset.focus = None
        asset.folded = folded(name, asset.title, asset.alt, asset.credit, *asset.tags)
        _renew(asset)
        intake.write_sizes(asset, sizes)
        log.record(
            asset.tenant_id, "media.replace", user_id=user_id, kind="asset", object_id=asset.id, details={"file": name}
        )  # fmt: skip


def purge(asset: Asset, user_id: int | None) -> None:
    """Delete a file of the trash for good. Raises Conflict if it is not in the trash or is used again."""
    if asset.trashed_at is None:
        raise Conflict(N_("This file is not in the trash."))
    used = AssetUse.select().where(AssetUse.tenant_id == asset.tenant_id, AssetUse.asset_id == asset.id)
    if used.exists():
        raise Conflict(
            N_("This file is used and cannot be deleted. Take it out of the articles and issues first.")
        )
    mine = (Rendition.tenant_id == asset.tenant_id) & (Rendition.asset_id == asset.id)
    digests = {asset.sha256, *(row[0] for row in Rendition.select(Rendition.sha256).where(mine).tuples())}
    with database.atomic():
        Rendition.delete().where(mine).execute()
        AssetTag.delete().where(
            AssetTag.tenant_id == asset.tenant_id, AssetTag.asset_id == asset.id
        ).execute()
        AssetAlias.delete().where(
            AssetAlias.tenant_id == asset.tenant_id, AssetAlias.asset_id == asset.id
        ).execute()
        log.record(
            asset.tenant_id, "media.purge", user_id=user_id, kind="asset", object_id=asset.id,
            details={"file": asset.filename},
        )  # fmt: skip
        asset.delete_instance()
    _forget(digests)


@unscoped("one sweep serves all tenants")
def empty_trash() -> int:
    """Delete what has lain in the trash for KEPT_IN_TRASH; returns how many files."""
    due = list(
        Asset.select().where(Asset.trashed_at <= clock.now() - KEPT_IN_TRASH).order_by(Asset.id).limit(500)
    )
    done = 0
    for asset in due:
        try:
            purge(asset, None)
            done += 1
        except Conflict:
            continue  # in use again: it waits until somebody restores it
    return done


def _renew(asset: Asset) -> None:
    """A new public key; the old one leads on to the asset."""
    AssetAlias.create(tenant_id=asset.tenant_id, public_key=asset.public_key, asset_id=asset.id)
    asset.public_key = intake.new_key()
    asset.save()


@unscoped("a file lies once, whoever uses it: deleted only when nobody does")
def _forget(digests: set[str]) -> None:
    wanted = list(digests)
    used = {
        digest
        for model in (Asset, Rendition)
        for (digest,) in model.select(model.sha256).where(model.sha256.in_(wanted)).tuples()
    }
    for digest in digests - used:
        storage.delete(digest)
