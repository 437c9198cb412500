"""Tags of articles: free words, met again in any spelling, in a table of their own so that filters are quick."""

from collections.abc import Iterable

from peewee import ModelSelect, fn

from domain.content.models import Article, ArticleTag
from domain.folding import fold

MOST, LONGEST = 20, 60


def tidy(names: Iterable[str] | None) -> list[str]:
    """Without spaces around, empty ones and repetitions, at most MOST of LONGEST characters each."""
    found: dict[str, str] = {}
    for name in names or ():
        short = " ".join(str(name).split())[:LONGEST]
        key = fold(short)
        if key:
            found.setdefault(key, short)
    return list(found.values())[:MOST]


def split(text: str) -> list[str]:
    """The tags of a line that people typed, parted by commas."""
    return tidy(text.replace(";", ",").split(","))


def write(article: Article) -> None:
    """Keep the table in step with the article; the caller holds the transaction."""
    ArticleTag.delete().where(
        ArticleTag.tenant_id == article.tenant_id, ArticleTag.article_id == article.id
    ).execute()
    rows = [
        {"tenant_id": article.tenant_id, "article_id": article.id, "folded": fold(n)[:LONGEST], "name": n}
        for n in article.tags
    ]  # fmt: skip
    if rows:
        ArticleTag.insert_many(rows).on_conflict_ignore().execute()


def known(tenant_id: int, limit: int = 200) -> list[str]:
    """The tags in use, the most frequent first."""
    query = (
        ArticleTag.select(fn.MIN(ArticleTag.name))
        .where(ArticleTag.tenant_id == tenant_id)
        .group_by(ArticleTag.folded)
        .order_by(fn.COUNT(ArticleTag.id).desc(), ArticleTag.folded)
        .limit(limit)
    )
    return [row[0] for row in query.tuples()]


def tagged(tenant_id: int, name: str) -> ModelSelect:
    """Ids of the articles that carry a tag, as a query for `Article.id.in_`."""
    return ArticleTag.select(ArticleTag.article_id).where(
        ArticleTag.tenant_id == tenant_id, ArticleTag.folded == fold(name)[:LONGEST]
    )
