"""The media of a tenant: found, described, moved, put into the trash and served."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from peewee import SQL, Value, fn

from domain import clock
from domain.audit import log
from domain.content import search, tags
from domain.content.models import Article, AssetUse
from domain.db import database, together, unscoped
from domain.errors import N_, Conflict, NotFound
from mediadb import decoder, labels
from mediadb.folders import folder as folder
from mediadb.folders import folders as folders
from mediadb.folders import make_folder as make_folder
from mediadb.folders import path_to as path_to
from mediadb.folders import remove_folder as remove_folder
from mediadb.folders import rename_folder as rename_folder
from mediadb.intake import Taken as Taken
from mediadb.intake import keep as keep
from mediadb.intake import take as take
from mediadb.intake import upload as upload
from mediadb.models import Asset, AssetAlias, AssetKind, Rendition
from mediadb.words import clean_name as clean_name
from mediadb.words import folded, line

PAGE_SIZE = 30
LICENCE_SOON = timedelta(days=30)
LACK_ALT, LACK_LICENCE = "alt", "licence"


@dataclass(frozen=True)
class Page:
    """Assets of a folder or a search, newest first, and the id behind which the next page begins."""

    assets: list[Asset]
    older_id: int | None
    total: int


def get(tenant_id: int, asset_id: int) -> Asset:
    """A file of the tenant; raises NotFound."""
    asset = Asset.get_or_none(Asset.tenant_id == tenant_id, Asset.id == asset_id)
    if asset is None:
        raise NotFound
    return asset


def picture(tenant_id: int, asset_id: int) -> Asset:
    """A picture of the tenant that mails can show; raises NotFound, also for an SVG, which is a document."""
    asset = get(tenant_id, asset_id)
    if asset.kind != AssetKind.PICTURE:
        raise NotFound
    return asset


def many(tenant_id: int, ids: Sequence[int]) -> dict[int, Asset]:
    """Id → file of the tenant, by the ids themselves (+ 0): SQLite would walk all files of the tenant in an index."""
    query = Asset.select().where(Asset.tenant_id + 0 == tenant_id, Asset.id.in_(list(ids) or [0]))
    return {asset.id: asset for asset in query}


def in_folder(tenant_id: int, folder_id: int, ids: Sequence[int]) -> list[Asset]:
    """Those of `ids` that lie in a folder of the tenant, not in the trash."""
    query = Asset.select().where(
        Asset.tenant_id == tenant_id, Asset.folder_id == folder_id, Asset.id.in_(list(ids) or [0]),
        Asset.trashed_at.is_null(),
    )  # fmt: skip
    return list(query)


def some_pictures(tenant_id: int, most: int) -> list[Asset]:
    """The newest pictures of a tenant, wide ones, to show how something looks."""
    return list(
        Asset.select()
        .where(
            Asset.tenant_id == tenant_id, Asset.kind == AssetKind.PICTURE, Asset.trashed_at.is_null(),
            Asset.width > Asset.height,
        )
        .order_by(Asset.id.desc())
        .limit(most)
    )  # fmt: skip


def of_articles(articles: Iterable[Article]) -> dict[int, Asset]:
    """Id → picture and documents of articles, a linked one's from the tenant that released it."""
    wanted: dict[int, set[int]] = {}
    for article in articles:
        ids = {*(article.documents or []), *([article.asset_id] if article.asset_id else [])}
        if ids:
            wanted.setdefault(article.tenant_id, set()).update(ids)
    if not wanted:
        return {}
    every = sorted({asset_id for ids in wanted.values() for asset_id in ids})
    rows = Asset.select().where((Asset.tenant_id + 0).in_(sorted(wanted)), Asset.id.in_(every))
    return {asset.id: asset for asset in rows if asset.id in wanted[asset.tenant_id]}


def find(
    tenant_id: int, folder_id: int | None = None, text: str = "", before_id: int | None = None,
    trashed: bool = False, pictures_only: bool = False, everywhere: bool = False, kind: str = "",
    hidden: Collection[int] = (), tag: str = "", lacking: str = "", today: date | None = None, counting: bool = True,
) -> Page:  # fmt: skip
    """Files of one folder (None: those in no folder), or of all with `everywhere` or a search text; never of the
    `hidden` folders. `lacking` narrows to pictures without description (LACK_ALT) or to files whose licence ended or
    ends within LICENCE_SOON of `today` (LACK_LICENCE). Without `counting` the total is 0: for who knows it already."""
    query = Asset.select().where(Asset.tenant_id == tenant_id, Asset.trashed_at.is_null(not trashed))
    if not (everywhere or text or trashed):
        query = query.where(Asset.folder_id.is_null() if folder_id is None else Asset.folder_id == folder_id)
    if pictures_only or kind:
        query = query.where(Asset.kind == (AssetKind.PICTURE if pictures_only else kind))
    if hidden:
        query = query.where(Asset.folder_id.is_null() | Asset.folder_id.not_in(sorted(hidden)))
    if tag:
        query = query.where(Asset.id.in_(labels.tagged(tenant_id, tag)))
    if lacking == LACK_ALT:
        query = query.where(Asset.kind == AssetKind.PICTURE, Asset.alt == "")
    elif lacking == LACK_LICENCE and today:
        query = query.where(Asset.licence_until < today + LICENCE_SOON)
    query = search.narrowed(query, Asset.folded, text, tenant_id)
    total = query.select(fn.COUNT(Asset.id)) if counting else Value(0)
    wanted = query.select(Asset, total.alias("total"))
    if before_id:
        wanted = wanted.where(Asset.id < before_id)
    rows = list(wanted.order_by(Asset.id.desc()).limit(PAGE_SIZE + 1))
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return Page(rows, rows[-1].id if more else None, rows[0].total if rows else 0)


def describe(
    asset: Asset, title: str, alt: str, credit: str, words: Iterable[str] | None = None,
    licence_until: date | None = None,
) -> None:  # fmt: skip
    """Title, alternative text, credit, tags (None: as they are) and the last day of the licence."""
    asset.title, asset.alt, asset.credit = (line(t, n) for t, n in ((title, 200), (alt, 300), (credit, 200)))
    if words is not None:
        asset.tags = tags.tidy(words)
    asset.licence_until = licence_until
    asset.folded = folded(asset.filename, asset.title, asset.alt, asset.credit, *asset.tags)
    with database.atomic():
        asset.save()
        if words is not None:
            labels.write(asset)


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
        log.record(
            asset.tenant_id, "media.trash", user_id=user_id, kind="asset", object_id=asset.id,
            details={"file": asset.filename},
        )  # fmt: skip


def restore(asset: Asset) -> None:
    asset.trashed_at = None
    asset.save()


def counts(tenant_id: int) -> tuple[dict[int | None, int], int]:
    """(folder id → number of files in it, number of files in the trash)."""
    lying = Asset.select(SQL("0").alias("trashed"), Asset.folder_id, fn.COUNT(Asset.id)).where(
        Asset.tenant_id == tenant_id, Asset.trashed_at.is_null()
    )
    trashed = Asset.select(SQL("1").alias("trashed"), SQL("NULL"), fn.COUNT(Asset.id)).where(
        Asset.tenant_id == tenant_id, Asset.trashed_at.is_null(False)
    )
    found: dict[int | None, int] = {}
    in_trash = 0
    for is_trashed, folder_id, number in together([lying.group_by(Asset.folder_id), trashed]):
        if is_trashed:
            in_trash = number
        else:
            found[folder_id] = number
    return found, in_trash


def renditions(asset: Asset) -> list[Rendition]:
    """The sizes made of a picture, the widest first; each once, however many files it has."""
    query = Rendition.select().where(
        Rendition.tenant_id == asset.tenant_id,
        Rendition.asset_id == asset.id,
        ~Rendition.name.endswith(decoder.AVIF),
    )
    return list(query.order_by(Rendition.width.desc()))


def ids_of(tenant_id: int, public_keys: Sequence[str]) -> list[int]:
    """The tenant's files behind public keys, also former ones, for pictures inside of a text."""
    keys = list(public_keys) or [""]
    now = Asset.select(Asset.id).where(Asset.tenant_id == tenant_id, Asset.public_key.in_(keys))
    once = AssetAlias.select(AssetAlias.asset_id).where(
        AssetAlias.tenant_id == tenant_id, AssetAlias.public_key.in_(keys)
    )
    return sorted({row[0] for query in (now, once) for row in query.tuples()})


@dataclass(frozen=True)
class Served:
    """What a public address leads to; `moved`: by a former key, so that it may change."""

    asset: Asset
    digest: str
    mime: str
    moved: bool
    size_bytes: int


@unscoped("the public key is the right to see the file")
def served(public_key: str, name: str) -> Served | None:
    """What a public address leads to, or None. `name` is a size or `file`. Crosses tenants: the key itself is the
    right to see it."""
    asset = Asset.get_or_none(Asset.public_key == public_key)
    moved = False
    if asset is None:
        alias = AssetAlias.get_or_none(AssetAlias.public_key == public_key)
        asset = alias and Asset.get_or_none(Asset.tenant_id == alias.tenant_id, Asset.id == alias.asset_id)
        moved = True
    if not asset:
        return None
    if name == "file":
        return Served(asset, asset.sha256, asset.mime, moved, asset.size_bytes)
    size = _size(asset, name)
    if size is None and name == "mail1440":  # taken in before there was this size, which may still be made
        size, moved = _size(asset, "mail1200"), True
    return Served(asset, size.sha256, size.mime, moved, size.size_bytes) if size else None


@unscoped("the public key is the right to see the file")
def sizes_of(wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Served]:
    """What many public addresses, as (key, size), lead to, in one question for those that were never moved."""
    if not wanted:
        return {}
    rows = (
        Asset.select(Asset, Rendition.name, Rendition.sha256, Rendition.mime, Rendition.size_bytes)
        .join(
            Rendition,
            on=((Rendition.asset_id == Asset.id) & (Rendition.tenant_id == Asset.tenant_id)),
            attr="size",
        )
        .where(Asset.public_key.in_(sorted({key for key, _ in wanted})))
    )
    found = {
        (a.public_key, a.size.name): Served(a, a.size.sha256, a.size.mime, False, a.size.size_bytes)
        for a in rows
    }
    for key, name in wanted:
        if (key, name) not in found and (other := served(key, name)) is not None:
            found[key, name] = other
    return found


def _size(asset: Asset, name: str) -> Rendition | None:
    return Rendition.get_or_none(
        Rendition.tenant_id == asset.tenant_id, Rendition.asset_id == asset.id, Rendition.name == name
    )


def previews(tenant_id: int, assets: Iterable[Asset]) -> set[int]:
    """Ids of the documents among `assets` whose first page was drawn."""
    ids = [a.id for a in assets if a.kind == AssetKind.DOCUMENT]
    if not ids:
        return set()
    query = Rendition.select(Rendition.asset_id).where(
        Rendition.tenant_id == tenant_id, Rendition.asset_id.in_(ids), Rendition.name == "card"
    )
    return {row[0] for row in query.tuples()}
