"""Articles of other tenants that are released to this one: linked, so that they follow the original."""

from collections.abc import Iterable

from domain.content.models import Article, ArticleState
from domain.releases import ledger
from domain.tenancy import tree

READY = (ArticleState.ACCEPTED, ArticleState.USED)


def find(tenant_id: int, ids: Iterable[int]) -> dict[int, Article]:
    """Id → article, of those of `ids` that are released to the tenant now and accepted by their owner."""
    return {article.id: article for article in _released(tenant_id, set(ids))}


def ready(tenant_id: int) -> list[Article]:
    """Every released article that an issue may take, the latest first."""
    return sorted(_released(tenant_id), key=lambda article: article.updated_at, reverse=True)


def _released(tenant_id: int, wanted: set[int] | None = None) -> list[Article]:
    """Those that are released and accepted, of all givers in one query."""
    shared = ledger.shared(tree.get(tenant_id), "article")
    ids = {object_id for of_giver in shared.values() for object_id in of_giver}
    if wanted is not None:
        ids &= wanted
    if not ids:
        return []
    found = Article.select().where(
        Article.tenant_id.in_(list(shared)), Article.id.in_(ids), Article.state.in_(READY)
    )
    return [article for article in found if article.id in shared[article.tenant_id]]
