"""Tags of files in a table of their own, so that filters are quick, and what the bar above the media offers."""

import json
from dataclasses import dataclass

from peewee import ModelSelect

from domain.content.models import SavedView
from domain.content.tags import LONGEST
from domain.db import database, sql
from domain.folding import fold
from mediadb.models import Asset, AssetTag

AREA = "media"  # of kept views
MOST = 200  # tags to choose from
_TAG, _VIEW = range(2)
_OFFERED = """SELECT 0 AS part, name, many AS number, 0 AS owner, 0 AS shared, '' AS query FROM (
        SELECT MIN(name) AS name, folded, count(*) AS many FROM asset_tag WHERE tenant_id = ?
        GROUP BY folded ORDER BY count(*) DESC, folded LIMIT ?) t
    UNION ALL
    SELECT 1, name, id, user_id, CASE WHEN shared THEN 1 ELSE 0 END, query FROM saved_view
    WHERE tenant_id = ? AND area = ? AND (user_id = ? OR shared)"""


@dataclass(frozen=True)
class Offers:
    """Tags with the most frequent first, views by name."""

    tags: list[str]
    views: list[SavedView]


def write(asset: Asset) -> None:
    """Keep the table in step with the file; the caller holds the transaction."""
    AssetTag.delete().where(AssetTag.tenant_id == asset.tenant_id, AssetTag.asset_id == asset.id).execute()
    rows = [
        {"tenant_id": asset.tenant_id, "asset_id": asset.id, "folded": fold(n)[:LONGEST], "name": n}
        for n in asset.tags
    ]
    if rows:
        AssetTag.insert_many(rows).on_conflict_ignore().execute()


def tagged(tenant_id: int, name: str) -> ModelSelect:
    """Ids of the files that carry a tag, as a query for `Asset.id.in_`."""
    return AssetTag.select(AssetTag.asset_id).where(
        AssetTag.tenant_id == tenant_id, AssetTag.folded == fold(name)[:LONGEST]
    )


def offered(tenant_id: int, user_id: int) -> Offers:
    """What the bar above the media offers to a person: tags in use, own and shared views."""
    values = [tenant_id, MOST, tenant_id, AREA, user_id]
    rows = database.execute_sql(sql(_OFFERED), values).fetchall()
    views = [
        SavedView(
            id=number, tenant_id=tenant_id, area=AREA, name=name, user_id=owner, shared=bool(shared),
            query=json.loads(query),
        )
        for part, name, number, owner, shared, query in rows if part == _VIEW
    ]  # fmt: skip
    tags = sorted((-row[2], row[1]) for row in rows if row[0] == _TAG)
    return Offers([name for _many, name in tags], sorted(views, key=lambda v: (v.name.casefold(), v.id)))
