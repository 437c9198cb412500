"""Articles: written, submitted, accepted or returned; with versions and a thread of remarks."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from domain import clock
from domain.accounts import policy
from domain.accounts.models import User
from domain.accounts.permissions import Permission
from domain.accounts.policy import Rights
from domain.audit import log
from domain.content import approving, editing, markup, revisions, tags
from domain.content.models import Article, ArticleRemark, ArticleState, AssetUse, RevisionAct
from domain.db import database
from domain.errors import N_, Conflict, Forbidden, Invalid, NotFound
from domain.folding import fold
from domain.notices import bell

S = ArticleState
WRITABLE = (S.DRAFT, S.RETURNED)
SEARCHED_CHARACTERS = 20_000  # of the text; an article of that length is a rarity
FIELDS = revisions.FIELDS


def get(tenant_id: int, article_id: int, user: User, rights: Rights) -> Article:
    """An article the person may see; raises NotFound."""
    article = Article.get_or_none(Article.tenant_id == tenant_id, Article.id == article_id)
    if article is None or not may_see(article, user, rights):
        raise NotFound
    return article


def may_see(article: Article, user: User, rights: Rights) -> bool:
    """The own ones; with the right to see all also those of others, drafts only for who edits them."""
    if article.author_id == user.id:
        return True
    wanted = Permission.ARTICLE_EDIT_ALL if article.state == S.DRAFT else Permission.ARTICLE_SEE
    return wanted in rights


def may_edit(article: Article, user: User, rights: Rights) -> bool:
    """The author while it is with him, who only creates until it was submitted once; editors until it is used."""
    if article.author_id == user.id and article.state in WRITABLE:
        begun = article.state == S.DRAFT and article.submitted_at is None
        return Permission.ARTICLE_WRITE in rights or (begun and Permission.ARTICLE_CREATE in rights)
    if Permission.ARTICLE_EDIT_ALL not in rights or article.state not in (*WRITABLE, S.SUBMITTED, S.ACCEPTED):
        return False
    return not approving.is_closed(article)


def may_submit(article: Article, user: User, rights: Rights) -> bool:
    """The author, and editors for him, while it is with him."""
    his = article.author_id == user.id or Permission.ARTICLE_EDIT_ALL in rights
    return his and Permission.ARTICLE_SUBMIT in rights and article.state in WRITABLE


def create(tenant_id: int, user: User) -> Article:
    """An empty draft."""
    return Article.create(tenant_id=tenant_id, author_id=user.id, author_line=user.name)


def save(
    article: Article, user: User, rights: Rights, version: int, values: dict[str, Any],
    pictures: Collection[int] = (), act: RevisionAct = RevisionAct.SAVE,
) -> Article:  # fmt: skip
    """Write the fields named in `values`; `pictures` are the ids of media inside of the text. Raises Forbidden,
    Conflict (somebody saved since `version`, or is editing now), Invalid. The caller has found the media in the
    tenant."""
    if not may_edit(article, user, rights):
        raise Forbidden(N_("This article can no longer be changed by you."))
    editing.check(article.tenant_id, "article", article.id, user)
    before = revisions.fields_of(article)
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
    article.tags = tags.tidy(article.tags)
    if article.valid_from and article.valid_until and article.valid_until < article.valid_from:
        raise Invalid(fields={"valid_until": N_("The end lies before the beginning.")})
    if article.link_url and not article.link_url.startswith(("https://", "http://")):
        raise Invalid(fields={"link_url": N_("A link begins with https:// or http://.")})
    article.folded = _folded(article)
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
        _note_assets(article, pictures)
        if before["tags"] != article.tags:
            tags.write(article)
        revisions.keep(article, user, act, before)
        approving.changed(article, user)
    article.version = version + 1
    return article


def save_facts(article: Article, user: User, rights: Rights, values: dict[str, Any]) -> Article:
    """Write fields beside the text, as `save`; the pictures inside of it stay noted."""
    uses = AssetUse.select(AssetUse.asset_id).where(
        AssetUse.tenant_id == article.tenant_id, AssetUse.kind == "article", AssetUse.object_id == article.id
    )
    return save(article, user, rights, article.version, values, [row[0] for row in uses.tuples()])


def restore(
    article: Article, user: User, rights: Rights, number: int, lost: Sequence[int] = (), pictures: Collection[int] = ()
) -> Article:  # fmt: skip
    """Bring an earlier version back as the newest one; nothing of the later ones is lost. Media of `lost` are gone
    from the tenant. Raises as `save`, NotFound for an unknown number."""
    wanted = revisions.get(article, number)
    values = revisions.as_values(wanted.fields, lost)
    return save(article, user, rights, article.version, values, pictures, RevisionAct.RESTORE)


def submit(article: Article, user: User, rights: Rights, note: str = "") -> None:
    """Hand an article to the pool; title, teaser and text must be there, a picture needs its description."""
    if article.state not in WRITABLE:
        raise Conflict(N_("This article has already been submitted."))
    if not may_submit(article, user, rights):
        raise Forbidden(N_("Your role does not include submitting articles."))
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
        revisions.keep(article, user, RevisionAct.SUBMIT)
        editing.release(article.tenant_id, "article", article.id, user)
        _remark(article, user, "submit", note)
        if approving.ask(article, user, note) is not None:
            return  # the dispatcher tells who may decide the first step
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


def is_saved(article: Article, values: dict[str, Any]) -> bool:
    """Whether the article already holds exactly `values`: a form that was sent twice."""
    stored = {**values, "body": markup.clean(values.get("body") or "")}
    return all(getattr(article, name) == value for name, value in stored.items())


def withdraw(article: Article, user: User) -> None:
    """Take the own article back while nobody has decided on it."""
    if article.author_id != user.id:
        raise Forbidden(N_("Only the author can take an article back."))
    with database.atomic():
        _move(article, (S.SUBMITTED,), S.DRAFT)
        approving.withdrawn(article, user)
        _remark(article, user, "withdraw", "")


def accept(article: Article, user: User, note: str = "") -> None:
    """The article may go into issues. Raises Conflict where articles are approved in steps."""
    approving.check_direct(article)
    with database.atomic():
        _move(article, (S.SUBMITTED,), S.ACCEPTED)
        revisions.keep(article, user, RevisionAct.ACCEPT)
        _remark(article, user, "accept", note)
        _tell(article, [article.author_id], N_("%(name)s has accepted “%(title)s”."), user)
        log.record(article.tenant_id, "article.accept", user_id=user.id, kind="article", object_id=article.id)


def give_back(article: Article, user: User, note: str) -> None:
    """Return an article to its author; a remark says what to do."""
    if not note.strip():
        raise Invalid(fields={"note": N_("Write what should be changed.")})
    with database.atomic():
        _move(article, (S.SUBMITTED, S.ACCEPTED), S.RETURNED)
        approving.withdrawn(article, user)
        _remark(article, user, "return", note)
        _tell(article, [article.author_id], N_("%(name)s has returned “%(title)s”."), user)
        log.record(article.tenant_id, "article.return", user_id=user.id, kind="article", object_id=article.id)


def remark(article: Article, user: User, text: str) -> None:
    """A sentence in the thread, told to the author and to everybody who wrote in it before."""
    if not text.strip():
        raise Invalid(fields={"note": N_("Write a remark first.")})
    with database.atomic():
        people = {article.author_id, *(r.user_id for r in remarks(article))}
        _remark(article, user, "remark", text)
        _tell(article, sorted(people), N_("%(name)s wrote a remark on “%(title)s”."), user)


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


def _remark(article: Article, user: User, act: str, text: str) -> None:
    ArticleRemark.create(
        tenant_id=article.tenant_id, article_id=article.id, user_id=user.id, act=act, text=text.strip()[:2000]
    )


def _tell(article: Article, user_ids: Sequence[int], message: str, by: User) -> None:
    bell.tell(
        article.tenant_id, [i for i in user_ids if i != by.id], message,
        {"name": by.name, "title": article.title}, f"articles/{article.id}",
    )  # fmt: skip


def _note_assets(article: Article, pictures: Collection[int]) -> None:
    """Media in use cannot be deleted."""
    AssetUse.delete().where(
        AssetUse.tenant_id == article.tenant_id, AssetUse.kind == "article", AssetUse.object_id == article.id
    ).execute()
    wanted = {*pictures, *article.documents, *([article.asset_id] if article.asset_id else [])}
    if wanted:
        AssetUse.insert_many(
            [
                {"tenant_id": article.tenant_id, "asset_id": i, "kind": "article", "object_id": article.id}
                for i in sorted(wanted)
            ]
        ).execute()


def _folded(article: Article) -> str:
    """What the search looks at: the words of all that people read."""
    text = markup.plain(article.body)[:SEARCHED_CHARACTERS]
    words = [article.title, article.teaser, article.author_line, article.category, *article.tags, text]
    return fold(" ".join(words))
