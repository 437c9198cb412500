"""What a list of articles can be filtered by: categories, tags and kept views, asked in one statement."""

import json
from dataclasses import dataclass

from domain.content.models import SavedView
from domain.db import database, sql

MOST_TAGS = 200
_CATEGORY, _TAG, _VIEW = range(3)
_OFFERED = """SELECT 0 AS part, category AS name, 0 AS number, 0 AS owner, 0 AS shared, '' AS query
    FROM (SELECT DISTINCT category FROM article WHERE tenant_id = ? AND category <> '') c
    UNION ALL
    SELECT 1, name, many, 0, 0, '' FROM (
        SELECT MIN(name) AS name, folded, count(*) AS many FROM article_tag WHERE tenant_id = ?
        GROUP BY folded ORDER BY count(*) DESC, folded LIMIT ?) t
    UNION ALL
    SELECT 2, name, id, user_id, CASE WHEN shared THEN 1 ELSE 0 END, query FROM saved_view
    WHERE tenant_id = ? AND area = ? AND (user_id = ? OR shared)"""


@dataclass(frozen=True)
class Offers:
    """Categories by name, tags with the most frequent first, views by name."""

    categories: list[str]
    tags: list[str]
    views: list[SavedView]


def of(tenant_id: int, area: str, user_id: int) -> Offers:
    """What the bar above a list (`area`) offers to a person: of views the own and the shared ones."""
    values = [tenant_id, tenant_id, MOST_TAGS, tenant_id, area, user_id]
    rows = database.execute_sql(sql(_OFFERED), values).fetchall()
    views = [
        SavedView(
            id=number, tenant_id=tenant_id, area=area, name=name, user_id=owner, shared=bool(shared),
            query=json.loads(query),
        )
        for part, name, number, owner, shared, query in rows if part == _VIEW
    ]  # fmt: skip
    tags = sorted((-row[2], row[1]) for row in rows if row[0] == _TAG)
    return Offers(
        sorted(row[1] for row in rows if row[0] == _CATEGORY),
        [name for _many, name in tags],
        sorted(views, key=lambda view: (view.name.casefold(), view.id)),
    )
