"""Pictures that were taken in before the house made all of today's sizes get those that they lack."""

from collections.abc import Callable

import structlog
from peewee import fn
from PIL import features

from domain import clock
from domain.db import unscoped
from domain.errors import Invalid
from mediadb import decoder, imaging, intake, storage
from mediadb.models import Asset, AssetKind, Rendition

MOST = 5  # in one go: other work waits meanwhile
PAUSE_S = 3_600  # until it is asked again whether a picture lacks a size
LATEST = "card" + decoder.AVIF  # who has this size has all of them
_hopeless: set[int] = set()  # cannot be read any more; not tried again by this process
log = structlog.get_logger()


@unscoped("one sweep serves all tenants")
def complete(most: int = MOST) -> int:
    """Make the missing sizes of some pictures; returns how many were looked at. Nothing on a machine whose Pillow
    makes no AVIF: there nothing tells a picture that lacks a size from one that never had it."""
    if not features.check("avif"):
        return 0
    there = Rendition.select(Rendition.id).where(
        Rendition.tenant_id == Asset.tenant_id, Rendition.asset_id == Asset.id, Rendition.name == LATEST
    )
    lacking = Asset.select().where(
        Asset.kind == AssetKind.PICTURE, Asset.trashed_at.is_null(), ~fn.EXISTS(there)
    )
    if _hopeless:
        lacking = lacking.where(Asset.id.not_in(sorted(_hopeless)))
    found = list(lacking.order_by(Asset.id.desc()).limit(most))
    for asset in found:
        _complete(asset)
    return len(found)


def sweeping() -> Callable[[], None]:
    """A sweep that goes on while something is missing, and then looks again after PAUSE_S."""
    rest_until = 0

    def sweep() -> None:
        nonlocal rest_until
        if clock.epoch() >= rest_until and not complete():
            rest_until = clock.epoch() + PAUSE_S

    return sweep


def _complete(asset: Asset) -> None:
    crop, focus = (tuple(asset.crop) if asset.crop else None), (tuple(asset.focus) if asset.focus else None)
    try:
        made = imaging.process(storage.read(asset.sha256), imaging.Cut(crop, focus))
    except (FileNotFoundError, Invalid) as error:
        log.warning("picture cannot be read", asset=asset.id, error=type(error).__name__)
        _hopeless.add(asset.id)
        return
    intake.add_sizes(asset, made.sizes)
    if LATEST not in {size.name for size in made.sizes}:
        _hopeless.add(asset.id)
