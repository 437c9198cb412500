"""Articles of other tenants that are released to this one: linked, so that they follow the original."""

from collections.abc import Iterable

from peewee import ModelSelect

from domain.content.models import Article, ArticleState
from domain.releases import ledger
from domain.tenancy import tree

READY = (ArticleState.ACCEPTED, ArticleState.USED)


def find(tenant_id: int, ids: Iterable[int]) -> dict[int, Article]:
    """Id → article, of those of `ids` that are released to the tenant now and accepted by their owner."""
    wanted = set(ids)
    return {
        article.id: article
        for query in _queries(tenant_id)
        for article in query.where(Article.id.in_(wanted or [0]))
    }


def ready(tenant_id: int) -> list[Article]:
    """Every released article that an issue may take, the latest first."""
    found = [article for query in _queries(tenant_id) for article in query]
    return sorted(found, key=lambda article: article.updated_at, reverse=True)


def _queries(tenant_id: int) -> list[ModelSelect]:
    shared = ledger.shared(tree.get(tenant_id), "article")
    return [
        Article.select().where(Article.tenant_id == giver, Article.id.in_(ids), Article.state.in_(READY))
        for giver, ids in shared.items()
    ]
