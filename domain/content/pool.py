"""The pool: articles found, filtered, sorted and paged, and those that an issue may take."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from peewee import JOIN, SQL, Expression, Field, Function, ModelSelect, Node, Ordering, Select, SelectBase, fn

from domain import clock
from domain.accounts.models import User
from domain.accounts.permissions import Permission
from domain.accounts.policy import Rights
from domain.content import linked, search, tags
from domain.content.editing import GRACE, Editor
from domain.content.models import BY_ENTRY, BY_TITLE, TITLE, Article, ArticleState, EditLock
from domain.db import is_postgres
from domain.errors import NotFound
from domain.folding import fold

S = ArticleState
PAGE_SIZE = 20
COUNTED = 500  # of what filters hold for; a larger total says only that there are more
SOON = timedelta(days=7)
LIKELY = 4 * PAGE_SIZE  # texts looked at first for a page of found ones
FAR = "9999-12-31"
VIEWS = ("all", "submitted", "available", "expiring", "others", "mine", "archived")
OWN_VIEWS = (
    "all",
    "draft",
    "submitted",
    "returned",
    "available",
    "archived",
)  # for people who see only their own
SORTS = ("new", "changed", "title", "ends")


@dataclass(frozen=True)
class Query:
    """What is to be shown. `view` is one of VIEWS or OWN_VIEWS, `sort` one of SORTS; `among` finds ids of articles and
    leaves those; `before_id` is the last article of the page before, `after_id` the first one of the page after."""

    view: str = "all"
    text: str = ""
    category: str = ""
    tag: str = ""
    state: ArticleState | None = None
    valid_on: date | None = None
    among: SelectBase | None = None
    sort: str = "new"
    before_id: int | None = None
    after_id: int | None = None

    @property
    def filtered(self) -> bool:
        """Whether it leaves out some of what its view holds."""
        return bool(
            self.text or self.category or self.tag or self.state or self.valid_on or self.among is not None
        )


@dataclass(frozen=True)
class Page:
    """One page of articles and what leads to its neighbours; filters count no further than COUNTED + 1. `names`:
    author id → name, `editors`: article id → who is editing it now; `next_article`: the first one of the next page."""

    articles: list[Article]
    total: int
    newer_id: int | None = None
    older_id: int | None = None
    names: dict[int, str] = field(default_factory=dict)
    editors: dict[int, Editor] = field(default_factory=dict)
    next_article: Article | None = None


def views(rights: Rights) -> tuple[str, ...]:
    """The tabs of a person."""
    return VIEWS if Permission.ARTICLE_SEE in rights else OWN_VIEWS


def find(
    tenant_id: int, query: Query, user: User, rights: Rights, today: date, counted: dict[str, int] | None = None
) -> Page:  # fmt: skip
    """A page of the pool; people without the right to see all find their own articles only. `counted` are the
    `counts` of the same moment, so that a tab without filters is not counted twice."""
    if query.view == "others":  # no own ones: domain.content.alongside
        return Page([], 0)
    seen = _visible(tenant_id, user, rights)
    viewed = seen if query.state and query.view == "all" else _view(seen, query.view, user, today)
    chosen = search.likely(viewed, Article.folded, query.text, tenant_id)
    if query.category:
        chosen = chosen.where(Article.category == query.category)
    if query.tag:
        chosen = chosen.where(Article.id.in_(tags.tagged(tenant_id, query.tag)))
    if query.state:
        chosen = _standing(chosen, query.state, today)
    if query.valid_on:
        chosen = _valid(chosen, query.valid_on)
    if query.among is not None:
        chosen = chosen.where(Article.id.in_(query.among))
    known = counted[query.view] if counted and not query.filtered else None
    rows, newer_id, older_id, behind = _page(chosen, tenant_id, query, known is None)
    total = known if known is not None else rows[0].total if rows else 0
    names = {a.author_id: a.author or "" for a in rows}
    at_it = {a.id: Editor(a.editor_id, a.editor or "?", a.editing_since) for a in rows if a.editor_id}
    return Page(rows, total, newer_id, older_id, names, at_it, behind)


def counts(tenant_id: int, user: User, rights: Rights, today: date) -> dict[str, int]:
    """How many own articles each tab of the person holds, asked at once."""
    names = [view for view in views(rights) if view != "others"]
    columns = [
        _view(Article.select(fn.COUNT(Article.id)).where(*_seen(tenant_id, user, rights)), view, user, today)
        for view in names
    ]
    row = Article.select(*columns).where(Article.tenant_id == tenant_id).limit(1).tuples().first()
    return dict(zip(names, row or (0,) * len(names), strict=True))


def categories(tenant_id: int) -> list[str]:
    """The categories in use, by name."""
    rows = (
        Article.select(Article.category)
        .where(Article.tenant_id == tenant_id, Article.category != "")
        .distinct()
        .order_by(Article.category)
        .tuples()
    )
    return [row[0] for row in rows]


def many(tenant_id: int, ids: Sequence[int]) -> list[Article]:
    """The articles of the tenant among `ids`."""
    # the sum: SQLite would walk all articles of the tenant by an index rather than take these by their ids
    return list(Article.select().where(Article.tenant_id + 0 == tenant_id, Article.id.in_(list(ids) or [0])))


def available(tenant_id: int, on: date, text: str = "", category: str = "", limit: int = 50) -> list[Article]:
    """Accepted articles that are valid on a day, the latest first: what an issue may take."""
    query = Article.select().where(Article.tenant_id == tenant_id, Article.state.in_([S.ACCEPTED, S.USED]))
    if category:
        query = query.where(Article.category == category)
    query = search.narrowed(_valid(query, on), Article.folded, text, tenant_id)
    return list(query.order_by(Article.updated_at.desc(), Article.id.desc()).limit(limit))


def released(tenant_id: int, on: date, text: str = "") -> list[Article]:
    """Articles of other tenants that an issue may link on a day, the latest first."""
    words = fold(text).split()[: search.WORDS]
    return [
        a for a in linked.ready(tenant_id)
        if a.is_valid(on) and all(word in a.folded for word in words)
    ]  # fmt: skip


def _standing(query: ModelSelect, state: ArticleState, today: date) -> ModelSelect:
    """The articles that show themselves in a state, with the calendar in view (articles.shown_state)."""
    ends_today = (S.ACCEPTED, S.SUBMITTED)
    over = Article.state.in_(ends_today) & (Article.valid_until < today)
    if state == S.EXPIRED:
        return query.where((Article.state == S.EXPIRED) | over)
    query = query.where(Article.state == state)
    return (
        query.where(Article.valid_until.is_null() | (Article.valid_until >= today))
        if state in ends_today
        else query
    )


def _visible(tenant_id: int, user: User, rights: Rights) -> ModelSelect:
    return Article.select().where(*_seen(tenant_id, user, rights))


def _seen(tenant_id: int, user: User, rights: Rights) -> list[Expression]:
    own = Article.author_id == user.id
    found = [Article.tenant_id == tenant_id]
    if Permission.ARTICLE_SEE not in rights:
        return [*found, own]
    if Permission.ARTICLE_EDIT_ALL not in rights:
        return [*found, (Article.state != S.DRAFT) | own]
    return found


def _view(query: ModelSelect, view: str, user: User, today: date) -> ModelSelect:
    if view in (S.DRAFT, S.SUBMITTED, S.RETURNED, S.ARCHIVED):
        return query.where(Article.state == view)
    if view == "available":
        return _valid(query.where(Article.state.in_([S.ACCEPTED, S.USED])), today)
    if view == "expiring":
        ends = Article.valid_until.between(today, today + SOON)
        return query.where(Article.state.in_([S.ACCEPTED, S.SUBMITTED]), ends)
    if view == "mine":
        query = query.where(Article.author_id == user.id)
    return query.where(Article.state != S.ARCHIVED)


def _valid(query: ModelSelect, on: date) -> ModelSelect:
    return query.where(
        Article.valid_from.is_null() | (Article.valid_from <= on),
        Article.valid_until.is_null() | (Article.valid_until >= on),
    )


def _order(sort: str) -> tuple[Function | Field, bool]:
    """What a sorting looks at, and whether it falls."""
    if sort == "changed":
        return Article.updated_at, True
    if sort == "title":
        return (BY_TITLE.collate('"C"') if is_postgres() else BY_TITLE), False
    if sort == "ends":
        return fn.COALESCE(Article.valid_until, FAR).coerce(False), False
    return BY_ENTRY, True


def title_key(article: Article) -> str:
    """What articles are sorted by when they stand by title, as the database compares it."""
    return str(article.folded[:TITLE])


def _page(
    query: ModelSelect, tenant_id: int, wanted: Query, counting: bool
) -> tuple[list[Article], int | None, int | None, Article | None]:
    """(articles, first id if there are others before, last id if there are others behind, the first one of those
    behind), by key and id; with `counting` each article knows the `total` of the query."""
    some = search.holding(query, Article.folded, wanted.text).select(Article.id).limit(COUNTED + 1)
    total = Select([some], [fn.COUNT(SQL("id"))]) if counting else SQL("NULL")
    key, falling = _order(wanted.sort)
    back = wanted.after_id is not None and wanted.before_id is None
    at = wanted.after_id if back else wanted.before_id
    if at is not None:
        query = query.where(_beyond(key, tenant_id, at, falling != back))
    down = falling != back
    order = (key.desc(), Article.id.desc()) if down else (key.asc(), Article.id.asc())
    rows = _rows(query, tenant_id, wanted.text, order, total)
    further, rows = rows[PAGE_SIZE:], rows[:PAGE_SIZE]
    if not rows:
        return [], None, None, None
    if back:
        rows.reverse()
        behind = Article.get_or_none(Article.tenant_id == tenant_id, Article.id == at)
        return rows, rows[0].id if further else None, rows[-1].id, behind
    behind = further[0] if further else None
    return rows, rows[0].id if at is not None else None, rows[-1].id if further else None, behind


def _rows(
    query: ModelSelect, tenant_id: int, text: str, order: tuple[Ordering, ...], total: Node
) -> list[Article]:
    """The first articles of the query that hold the words of `text`, one more than a page, in `order`.

    Ids first: they are found in an index, sorting whole articles would read every text of the tenant. Nor is every
    text read for a word that most of them hold: the first ones that are likely to hold it fill the page."""

    def sorted_ids(some: ModelSelect, most: int = PAGE_SIZE + 1) -> Select:
        return Select([some.select(Article.id).order_by(*order).limit(most)], [SQL("id")])

    def whole(ids: Select) -> list[Article]:
        return list(_whole(tenant_id, ids, total).order_by(*order).objects())

    if text.strip():
        first = Article.select().where(
            Article.tenant_id + 0 == tenant_id, Article.id.in_(sorted_ids(query, LIKELY))
        )
        found = whole(sorted_ids(search.holding(first, Article.folded, text)))
        if len(found) > PAGE_SIZE or (found and len(found) == found[0].total):
            return found
    return whole(sorted_ids(search.holding(query, Article.folded, text)))


def _whole(tenant_id: int, ids: Select, total: Node) -> ModelSelect:
    """Articles with the names of their author and of who is editing them now, and a number beside them."""
    editor = User.alias("editor")
    held = (
        (EditLock.tenant_id == Article.tenant_id) & (EditLock.kind == "article")
        & (EditLock.object_id == Article.id) & (EditLock.seen_at > clock.now() - GRACE)
    )  # fmt: skip
    return (
        Article.select(
            Article, User.name.alias("author"), EditLock.user_id.alias("editor_id"), editor.name.alias("editor"),
            EditLock.since.alias("editing_since"), total.alias("total"),
        )
        .join(User, JOIN.LEFT_OUTER, on=(User.id == Article.author_id))
        .switch(Article)
        .join(EditLock, JOIN.LEFT_OUTER, on=held)
        .join(editor, JOIN.LEFT_OUTER, on=(editor.id == EditLock.user_id))
        # + 0: found by their ids, no index of the tenant, in which SQLite would walk all its articles
        .where(Article.tenant_id + 0 == tenant_id, Article.id.in_(ids))
    )  # fmt: skip


def _beyond(key: Function | Field, tenant_id: int, article_id: int, down: bool) -> Expression:
    """The rows behind an article in the order; raises NotFound if the tenant has no such article."""
    found = (
        Article.select(key).where(Article.tenant_id == tenant_id, Article.id == article_id).tuples().first()
    )
    if found is None:
        raise NotFound
    edge = found[0]
    if down:
        return (key < edge) | ((key == edge) & (Article.id < article_id))
    return (key > edge) | ((key == edge) & (Article.id > article_id))


def submitted(tenant_id: int) -> ModelSelect:
    """How many articles wait for a review, as a query for one number."""
    query = Article.select(fn.COUNT(Article.id))
    return query.where(Article.tenant_id == tenant_id, Article.state == ArticleState.SUBMITTED)
