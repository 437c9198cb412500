"""Obligatory articles: an issue that lacks one says so until it is in.

The own tenant is bound for all its newsletter types or for chosen ones; other tenants only for articles that are
released to them, for then they may link them.
"""

from collections.abc import Collection, Iterable
from datetime import date

from domain.audit import log
from domain.content import linked
from domain.content.models import Article, ArticleState, Obligation
from domain.db import abreast, database, unscoped
from domain.errors import NotFound
from domain.releases import ledger
from domain.tenancy import tree

READY = (ArticleState.ACCEPTED, ArticleState.USED)


def of(article: Article) -> list[Obligation]:
    """Who must take an article."""
    return list(
        Obligation.select()
        .where(Obligation.tenant_id == article.tenant_id, Obligation.article_id == article.id)
        .order_by(Obligation.id)
    )


def bind(
    article: Article, user_id: int, everywhere: bool, type_ids: Collection[int], tenant_ids: Collection[int]
) -> None:
    """Say anew who must take an article: all issues of the own tenant (`everywhere`) or those of `type_ids`, and the
    issues of other tenants. The caller has found the types. Raises NotFound for a tenant it is not released to."""
    if not set(tenant_ids) <= set(receivers(article)):
        raise NotFound
    rows: list[tuple[int | None, int | None]] = [(tenant_id, None) for tenant_id in sorted(set(tenant_ids))]
    if everywhere:
        rows.append((None, None))
    else:
        rows += [(None, type_id) for type_id in sorted(set(type_ids))]
    with database.atomic():
        Obligation.delete().where(
            Obligation.tenant_id == article.tenant_id, Obligation.article_id == article.id
        ).execute()
        for to_tenant_id, type_id in rows:
            Obligation.create(
                tenant_id=article.tenant_id, article_id=article.id, to_tenant_id=to_tenant_id, type_id=type_id,
                created_by_id=user_id,
            )  # fmt: skip
        log.record(
            article.tenant_id, "article.oblige", user_id=user_id, kind="article", object_id=article.id,
            details={"everywhere": everywhere, "types": sorted(type_ids), "tenants": sorted(tenant_ids)},
        )  # fmt: skip


def receivers(article: Article) -> list[int]:
    """Ids of the relatives that an article is released to now."""
    owner = tree.get(article.tenant_id)
    return [
        other.id for other in ledger.relatives(owner)
        if article.id in ledger.shared(other, "article").get(article.tenant_id, [])
    ]  # fmt: skip


def missing(tenant_id: int, type_id: int, on: date, inside: Iterable[int | None] = ()) -> list[Article]:
    """The articles that an issue of a newsletter type must hold on a day and that are not `inside` of it: accepted,
    valid on that day, and of other tenants only while they are released here. Oldest first."""
    there = set(inside)
    found = [article for some in abreast(
        lambda: _own(tenant_id, type_id, there), lambda: _foreign(tenant_id, there)
    ) for article in some]  # fmt: skip
    return sorted((a for a in found if a.is_valid(on)), key=lambda a: (a.updated_at, a.id))


def _own(tenant_id: int, type_id: int, there: set[int | None]) -> list[Article]:
    """Those of the tenant itself that a type's issues must hold and that are not `there`."""
    wanted = {
        row.article_id
        for row in Obligation.select().where(
            Obligation.tenant_id == tenant_id, Obligation.to_tenant_id.is_null(),
            Obligation.type_id.is_null() | (Obligation.type_id == type_id),
        )
    }  # fmt: skip
    if not wanted - there:
        return []
    query = Article.select().where(
        Article.tenant_id == tenant_id, Article.id.in_(wanted - there), Article.state.in_(READY)
    )
    return list(query)


def _foreign(tenant_id: int, there: set[int | None]) -> list[Article]:
    wanted = _bound(tenant_id) - there
    return list(linked.find(tenant_id, wanted).values()) if wanted else []


@unscoped("what other tenants want to stand in the issues of this one")
def _bound(tenant_id: int) -> set[int]:
    query = Obligation.select(Obligation.article_id).where(Obligation.to_tenant_id == tenant_id)
    return {row[0] for row in query.tuples()}
