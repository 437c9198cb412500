"""Articles: written, submitted, accepted or returned; with versions and a thread of remarks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from peewee import fn

from domain import clock
from domain.accounts import policy
from domain.accounts.models import User
from domain.accounts.permissions import Permission
from domain.accounts.policy import Rights
from domain.audit import log
from domain.content import markup
from domain.content.models import Article, ArticleRemark, ArticleRevision, ArticleState, AssetUse
from domain.db import database
from domain.errors import N_, Conflict, Forbidden, Invalid, NotFound
from domain.notices import bell

S = ArticleState
WRITABLE = (S.DRAFT, S.RETURNED)
FIELDS = (
    "title", "teaser", "body", "category", "author_line", "asset_id", "asset_alt", "link_url", "language",
    "valid_from", "valid_until",
)  # fmt: skip
CATEGORY_MAX = 60


@dataclass(frozen=True)
class Query:
    """What the pool shows. `view`: all, submitted, available, expiring, mine; `after` is the last id of a page."""

    view: str = "all"
    text: str = ""
    category: str = ""
    valid_on: date | None = None
    before_id: int | None = None
    after_id: int | None = None


@dataclass(frozen=True)
class Page:
    """One page of articles, newest first, with what leads to its neighbours."""

    articles: list[Article]
    total: int
    newer_id: int | None = None
    older_id: int | None = None
    names: dict[int, str] = field(default_factory=dict)


PAGE_SIZE = 24


def get(tenant_id: int, article_id: int, user: User, rights: Rights) -> Article:
    """An article the person may see: the own ones, or all with the right to; raises NotFound."""
    article = Article.get_or_none(Article.tenant_id == tenant_id, Article.id == article_id)
    if article is None or (article.author_id != user.id and Permission.ARTICLE_SEE not in rights):
        raise NotFound
    return article


def may_edit(article: Article, user: User, rights: Rights) -> bool:
    """The author while it is with him; editors until it is used."""
    if article.author_id == user.id and article.state in WRITABLE:
        return Permission.ARTICLE_WRITE in rights
    return Permission.ARTICLE_EDIT_ALL in rights and article.state in (*WRITABLE, S.SUBMITTED, S.ACCEPTED)


def create(tenant_id: int, user: User) -> Article:
    """An empty draft."""
    return Article.create(tenant_id=tenant_id, author_id=user.id, author_line=user.name)


def save(article: Article, user: User, rights: Rights, version: int, values: dict[str, Any]) -> Article:
    """Write the fields named in `values`. Raises Forbidden, Conflict (somebody saved since `version`), Invalid."""
    if not may_edit(article, user, rights):
        raise Forbidden(N_("This article can no longer be changed by you."))
    if version != article.version:
        raise Conflict(
            N_(
                "Somebody else has saved this article meanwhile. Copy your text, reload the page and add it again."
            )
        )
    for name in FIELDS:
        if name in values:
            setattr(article, name, values[name])
    article.body = markup.clean(article.body or "")
    if article.valid_from and article.valid_until and article.valid_until < article.valid_from:
        raise Invalid(fields={"valid_until": N_("The end lies before the beginning.")})
    if article.link_url and not article.link_url.startswith(("https://", "http://")):
        raise Invalid(fields={"link_url": N_("A link begins with https:// or http://.")})
    article.folded = markup.fold(
        " ".join([article.title, article.teaser, article.author_line, article.category])
    )
    article.updated_at = clock.now()
    with database.atomic():
        changed = (
            Article.update(
                **{name: getattr(article, name) for name in (*FIELDS, "folded", "updated_at")},
                version=version + 1,
            )
            .where(
                Article.tenant_id == article.tenant_id, Article.id == article.id, Article.version == version
            )
            .execute()
        )
        if not changed:
            raise Conflict(N_("Somebody else has saved this article meanwhile. Reload the page to see it."))
        _note_asset(article)
    article.version = version + 1
    return article


def submit(article: Article, user: User, rights: Rights, note: str = "") -> None:
    """Hand an article to the pool; title, teaser and text must be there, a picture needs its description."""
    if not may_edit(article, user, rights) or article.state not in WRITABLE:
        raise Conflict(N_("This article has already been submitted."))
    missing: dict[str, str | tuple[str, dict[str, object]]] = {}
    if not article.title.strip():
        missing["title"] = N_("An article needs a title.")
    if not article.teaser.strip():
        missing["teaser"] = N_("Write one or two sentences that lead into the article.")
    if not markup.plain(article.body):
        missing["body"] = N_("The article has no text yet.")
    if article.asset_id and not article.asset_alt.strip():
        missing["asset_alt"] = N_("Describe the picture for people who cannot see it.")
    if missing:
        raise Invalid(N_("The article is not complete yet."), fields=missing)
    with database.atomic():
        _move(article, WRITABLE, S.SUBMITTED, submitted_at=clock.now())
        _keep_revision(article, user)
        _remark(article, user, "submit", note)
        _tell(
            article,
            [
                u.id
                for u in policy.people_with(Permission.ARTICLE_REVIEW, article.tenant_id)
                if u.id != user.id
            ],
            N_("%(name)s has submitted “%(title)s”."),
            user,
        )


def withdraw(article: Article, user: User) -> None:
    """Take the own article back while nobody has decided on it."""
    if article.author_id != user.id:
        raise Forbidden(N_("Only the author can take an article back."))
    with database.atomic():
        _move(article, (S.SUBMITTED,), S.DRAFT)
        _remark(article, user, "withdraw", "")


def accept(article: Article, user: User, note: str = "") -> None:
    """The article may go into issues."""
    with database.atomic():
        _move(article, (S.SUBMITTED,), S.ACCEPTED)
        _keep_revision(article, user)
        _remark(article, user, "accept", note)
        _tell(article, [article.author_id], N_("%(name)s has accepted “%(title)s”."), user)
        log.record(article.tenant_id, "article.accept", user_id=user.id, kind="article", object_id=article.id)


def give_back(article: Article, user: User, note: str) -> None:
    """Return an article to its author; a remark says what to do."""
    if not note.strip():
        raise Invalid(fields={"note": N_("Write what should be changed.")})
    with database.atomic():
        _move(article, (S.SUBMITTED, S.ACCEPTED), S.RETURNED)
        _remark(article, user, "return", note)
        _tell(article, [article.author_id], N_("%(name)s has returned “%(title)s”."), user)
        log.record(article.tenant_id, "article.return", user_id=user.id, kind="article", object_id=article.id)


def archive(article: Article, user: User) -> None:
    with database.atomic():
        _move(article, (S.DRAFT, S.RETURNED, S.ACCEPTED, S.USED, S.EXPIRED), S.ARCHIVED)
        _remark(article, user, "archive", "")


def unarchive(article: Article, user: User) -> None:
    """Back from the archive, as a draft of its author."""
    with database.atomic():
        _move(article, (S.ARCHIVED,), S.DRAFT)
        _remark(article, user, "unarchive", "")


def shown_state(article: Article, today: date) -> ArticleState:
    """The state with the calendar in view: an accepted article after its last day has expired."""
    if article.state in (S.ACCEPTED, S.SUBMITTED) and article.valid_until and article.valid_until < today:
        return S.EXPIRED
    return ArticleState(article.state)


def remarks(article: Article) -> list[ArticleRemark]:
    """The thread of an article, oldest first."""
    query = ArticleRemark.select().where(
        ArticleRemark.tenant_id == article.tenant_id, ArticleRemark.article_id == article.id
    )
    return list(query.order_by(ArticleRemark.id))


def available(tenant_id: int, on: date, text: str = "", limit: int = 50) -> list[Article]:
    """Accepted articles that are valid on a day, for the issue editor."""
    query = _searched(_valid(Article.select().where(Article.tenant_id == tenant_id), on), text).where(
        Article.state.in_([S.ACCEPTED, S.USED])
    )
    return list(query.order_by(Article.updated_at.desc(), Article.id.desc()).limit(limit))


def find(tenant_id: int, query: Query, user: User, rights: Rights, today: date) -> Page:
    """A page of the pool; people without the right to see all find their own articles only."""
    chosen = _searched(_view(_visible(tenant_id, user, rights), query.view, user, today), query.text)
    if query.category:
        chosen = chosen.where(Article.category == query.category)
    if query.valid_on:
        chosen = _valid(chosen, query.valid_on)
    total = chosen.count()
    rows, newer_id, older_id = _page(chosen, query)
    return Page(rows, total, newer_id, older_id, policy.names(a.author_id for a in rows))


def counts(tenant_id: int, user: User, rights: Rights, today: date) -> dict[str, int]:
    """How many articles each tab holds."""
    base = _visible(tenant_id, user, rights)
    return {
        view: _view(base, view, user, today).count()
        for view in ("all", "submitted", "available", "expiring", "mine")
    }


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
    return list(Article.select().where(Article.tenant_id == tenant_id, Article.id.in_(list(ids) or [0])))


def _visible(tenant_id: int, user: User, rights: Rights):  # type: ignore[no-untyped-def]
    query = Article.select().where(Article.tenant_id == tenant_id)
    return query if Permission.ARTICLE_SEE in rights else query.where(Article.author_id == user.id)


def _view(query, view: str, user: User, today: date):  # type: ignore[no-untyped-def]
    if view == "submitted":
        return query.where(Article.state == S.SUBMITTED)
    if view == "available":
        return _valid(query.where(Article.state.in_([S.ACCEPTED, S.USED])), today)
    if view == "expiring":
        soon = date.fromordinal(today.toordinal() + 7)
        return query.where(
            Article.state.in_([S.ACCEPTED, S.SUBMITTED]), Article.valid_until.between(today, soon)
        )
    if view == "mine":
        return query.where(Article.author_id == user.id)
    return query.where(Article.state != S.ARCHIVED)


def _valid(query, on: date):  # type: ignore[no-untyped-def]
    return query.where(
        Article.valid_from.is_null() | (Article.valid_from <= on),
        Article.valid_until.is_null() | (Article.valid_until >= on),
    )


def _searched(query, text: str):  # type: ignore[no-untyped-def]
    for word in markup.fold(text).split()[:6]:
        query = query.where(
            fn.INSTR(Article.folded, word) > 0 if not _postgres() else fn.STRPOS(Article.folded, word) > 0
        )
    return query


def _postgres() -> bool:
    from domain.db import is_postgres

    return is_postgres()


def _page(query, wanted: Query) -> tuple[list[Article], int | None, int | None]:  # type: ignore[no-untyped-def]
    if wanted.after_id:  # towards newer ones
        rows = list(query.where(Article.id > wanted.after_id).order_by(Article.id).limit(PAGE_SIZE + 1))
        more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE][::-1]
        return rows, rows[0].id if more and rows else None, rows[-1].id if rows else None
    if wanted.before_id:
        query = query.where(Article.id < wanted.before_id)
    rows = list(query.order_by(Article.id.desc()).limit(PAGE_SIZE + 1))
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return rows, rows[0].id if wanted.before_id and rows else None, rows[-1].id if more else None


def _move(article: Article, expected: Sequence[ArticleState], state: ArticleState, **more: Any) -> None:
    now = clock.now()
    changed = (
        Article.update(state=state, updated_at=now, version=Article.version + 1, **more)
        .where(
            Article.tenant_id == article.tenant_id,
            Article.id == article.id,
            Article.state.in_(list(expected)),
        )
        .execute()
    )
    if not changed:
        raise Conflict(N_("The article is no longer in the state you saw. Reload the page."))
    article.state, article.updated_at, article.version = state, now, article.version + 1


def _keep_revision(article: Article, user: User) -> None:
    number = (
        ArticleRevision.select(fn.MAX(ArticleRevision.number))
        .where(ArticleRevision.tenant_id == article.tenant_id, ArticleRevision.article_id == article.id)
        .scalar()
        or 0
    )
    fields = {name: getattr(article, name) for name in FIELDS}
    for name in ("valid_from", "valid_until"):
        fields[name] = fields[name].isoformat() if fields[name] else None
    ArticleRevision.create(
        tenant_id=article.tenant_id, article_id=article.id, number=number + 1, fields=fields, by_id=user.id
    )


def _remark(article: Article, user: User, act: str, text: str) -> None:
    ArticleRemark.create(
        tenant_id=article.tenant_id, article_id=article.id, user_id=user.id, act=act, text=text.strip()[:2000]
    )


def _tell(article: Article, user_ids: Sequence[int], message: str, by: User) -> None:
    bell.tell(
        article.tenant_id, [i for i in user_ids if i != by.id], message,
        {"name": by.name, "title": article.title}, f"articles/{article.id}",
    )  # fmt: skip


def _note_asset(article: Article) -> None:
    AssetUse.delete().where(
        AssetUse.tenant_id == article.tenant_id, AssetUse.kind == "article", AssetUse.object_id == article.id
    ).execute()
    if article.asset_id:
        AssetUse.create(
            tenant_id=article.tenant_id, asset_id=article.asset_id, kind="article", object_id=article.id
        )
