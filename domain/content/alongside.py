"""Articles of other tenants in the pool of this one: filtered and sorted like the own ones, and each on the page of
own articles in whose order it stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.content import articles, linked, search
from domain.content.models import Article
from domain.content.pool import FAR, PAGE_SIZE, Page, Query, title_key
from domain.folding import fold
from domain.releases.models import Release

VIEWS = ("all", "available", "others")
# of an article, for all that the pool looks through: what it is shown, found and sorted by
READ = (
    "id", "tenant_id", "title", "teaser", "category", "author_line", "asset_id", "valid_from", "valid_until", "state",
    "folded", "created_at", "updated_at", "submitted_at",
)  # fmt: skip


@dataclass(frozen=True)
class Guest:
    """An article of another tenant and the release that opens it; `giver` is that tenant's name."""

    article: Article
    release: Release
    giver: str


@dataclass(frozen=True)
class Entry:
    """One line of the pool; `guest` None: an own article."""

    article: Article
    guest: Guest | None = None


def every(releases: Iterable[Release], givers: dict[int, str]) -> list[Guest]:
    """What the releases open and its owner has accepted, as far as lists show it, in one query; `givers`: tenant id →
    name."""
    wanted = {(r.tenant_id, r.object_id): r for r in releases if r.kind == "article"}
    if not wanted:
        return []
    query = Article.select(*(getattr(Article, name) for name in READ)).where(
        Article.tenant_id.in_({owner for owner, _id in wanted}),
        Article.id.in_({object_id for _owner, object_id in wanted}),
        Article.state.in_(linked.READY),
    )
    return [
        Guest(a, wanted[a.tenant_id, a.id], givers.get(a.tenant_id, ""))
        for a in query
        if (a.tenant_id, a.id) in wanted
    ]


def counts(guests: Sequence[Guest], today: date) -> dict[str, int]:
    """How many stand in each view."""
    valid = sum(guest.article.is_valid(today) for guest in guests)
    return {"all": len(guests), "available": valid, "others": len(guests)}


def matching(guests: Sequence[Guest], query: Query, today: date) -> list[Guest]:
    """Those that the filters let through, in the order asked for; tags are the owner's words and find nothing here."""
    if query.view not in VIEWS or query.tag:
        return []
    ids = _among(guests, query)
    words = fold(query.text).split()[: search.WORDS]
    found = [
        guest for guest in guests
        if all(word in guest.article.folded for word in words)
        and (ids is None or guest.article.id in ids)
        and (not query.category or guest.article.category == query.category)
        and (query.state is None or articles.shown_state(guest.article, today) == query.state)
        and (query.view != "available" or guest.article.is_valid(today))
        and (query.valid_on is None or guest.article.is_valid(query.valid_on))
    ]  # fmt: skip
    return sorted(found, key=lambda guest: _key(guest.article, query.sort), reverse=_falls(query.sort))


def merged(page: Page, guests: Sequence[Guest], query: Query) -> list[Entry]:
    """The page with the guests that belong on it, no more than a page of them; the tab of other tenants has all."""
    own = [Entry(article) for article in page.articles]
    here = [Entry(guest.article, guest) for guest in guests if _is_here(guest, page, query)][:PAGE_SIZE]
    return sorted(own + here, key=lambda entry: _key(entry.article, query.sort), reverse=_falls(query.sort))


def _among(guests: Sequence[Guest], query: Query) -> set[int] | None:
    """The ids of those that `query.among` finds; None: it leaves out nothing."""
    if query.among is None:
        return None
    found = Article.select(Article.id).where(
        Article.tenant_id.in_({guest.article.tenant_id for guest in guests} or {0}),
        Article.id.in_({guest.article.id for guest in guests} or {0}), Article.id.in_(query.among),
    )  # fmt: skip
    return {row[0] for row in found.tuples()}


def _is_here(guest: Guest, page: Page, query: Query) -> bool:
    """Whether it stands between the first article of this page and the first of the next one."""
    falls, key = _falls(query.sort), _key(guest.article, query.sort)

    def before(edge: Article) -> bool:
        other = _key(edge, query.sort)
        return bool(key > other if falls else key < other)

    first = page.articles[0] if page.articles and page.newer_id else None
    return not (first and before(first)) and (page.next_article is None or before(page.next_article))


def _key(article: Article, sort: str) -> tuple[Any, int]:
    """What the own articles are sorted by (pool._order)."""
    if sort == "changed":
        return article.updated_at, article.id
    if sort == "title":
        return title_key(article), article.id
    if sort == "ends":
        return (article.valid_until.isoformat() if article.valid_until else FAR), article.id
    return article.submitted_at or article.created_at, article.id


def _falls(sort: str) -> bool:
    return sort not in ("title", "ends")
