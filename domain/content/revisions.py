"""Versions of an article: one per sitting at the desk, per submission and decision; compared and brought back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from peewee import fn

from domain import clock
from domain.accounts.models import User
from domain.content import differences, markup
from domain.content.models import Article, ArticleRevision, RevisionAct
from domain.errors import NotFound

SITTING = timedelta(minutes=20)  # saves of one person within it are one version
FIELDS = (
    "title", "teaser", "body", "category", "author_line", "asset_id", "asset_alt", "link_url", "language",
    "valid_from", "valid_until", "tags", "notes", "documents",
)  # fmt: skip
DAYS = ("valid_from", "valid_until")


@dataclass(frozen=True)
class Change:
    """A field that differs: for texts the marked pieces, for all else the two values."""

    field: str
    pieces: list[differences.Piece]
    before: Any = None
    after: Any = None


def keep(article: Article, user: User, act: RevisionAct, before: dict[str, Any] | None = None) -> None:
    """Write the version that the article has now. Saves of one sitting overwrite theirs; `before` are the fields
    before the act, kept as the first version where there is none yet. The caller holds the transaction."""
    now, fields = clock.now(), fields_of(article)
    last = _last(article)
    if last is None and before is not None and _has_words(before):
        last = _write(article, 1, RevisionAct.SAVE, before, [], article.author_id, is_closed=True)
    if last is not None and last.fields == fields:
        if last.act == RevisionAct.SAVE and act != RevisionAct.SAVE:
            last.act, last.at = act, now  # what was saved is what was submitted
            last.save()
        return
    if act == RevisionAct.SAVE and last is not None and _same_sitting(last, user):
        older = _numbered(article, last.number - 1)
        last.fields, last.at = fields, now
        last.changed = changed(older.fields if older else {}, fields)
        last.save()
        return
    _write(
        article, (last.number if last else 0) + 1, act, fields, changed(last.fields if last else {}, fields), user.id
    )  # fmt: skip


def every(article: Article) -> list[ArticleRevision]:
    """The versions of an article, the latest first."""
    query = ArticleRevision.select().where(
        ArticleRevision.tenant_id == article.tenant_id, ArticleRevision.article_id == article.id
    )
    return list(query.order_by(ArticleRevision.number.desc()))


def get(article: Article, number: int) -> ArticleRevision:
    """One version; raises NotFound."""
    found = _numbered(article, number)
    if found is None:
        raise NotFound
    return found


def compare(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """What differs between the fields of two versions, in the order of the form."""
    found = []
    for name in FIELDS:
        old, new = before.get(name), after.get(name)
        if (old or None) == (new or None):
            continue
        if name in ("title", "teaser", "notes", "body"):
            texts = [markup.plain(v or "") if name == "body" else str(v or "") for v in (old, new)]
            found.append(Change(name, differences.between(*texts), old, new))
        else:
            found.append(Change(name, [], old, new))
    return found


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The names of the fields that differ."""
    return [name for name in FIELDS if (before.get(name) or None) != (after.get(name) or None)]


def fields_of(article: Article) -> dict[str, Any]:
    """The fields of an article as a version keeps them; days in ISO form."""
    return as_kept({name: getattr(article, name) for name in FIELDS})


def as_kept(values: dict[str, Any]) -> dict[str, Any]:
    kept = dict(values)
    for name in DAYS:
        if isinstance(kept.get(name), date):
            kept[name] = kept[name].isoformat()
    return kept


def as_values(fields: dict[str, Any], without: Sequence[int] = ()) -> dict[str, Any]:
    """What articles.save takes, from the fields of a version; media of `without` no longer exist."""
    values = {name: fields[name] for name in FIELDS if name in fields}
    for name in DAYS:
        values[name] = date.fromisoformat(values[name]) if values.get(name) else None
    if values.get("asset_id") in without:
        values["asset_id"] = None
    values["documents"] = [i for i in values.get("documents") or [] if i not in without]
    return values


def _write(
    article: Article, number: int, act: RevisionAct, fields: dict[str, Any], names: list[str], user_id: int,
    is_closed: bool = False,
) -> ArticleRevision:  # fmt: skip
    now = clock.now()
    return ArticleRevision.create(
        tenant_id=article.tenant_id, article_id=article.id, number=number, act=act, fields=fields, changed=names,
        by_id=user_id, began_at=None if is_closed else now, at=now,
    )  # fmt: skip


def _same_sitting(last: ArticleRevision, user: User) -> bool:
    is_recent = last.began_at is not None and clock.now() - last.began_at < SITTING
    return last.act == RevisionAct.SAVE and last.by_id == user.id and is_recent


def _last(article: Article) -> ArticleRevision | None:
    number = (
        ArticleRevision.select(fn.MAX(ArticleRevision.number))
        .where(ArticleRevision.tenant_id == article.tenant_id, ArticleRevision.article_id == article.id)
        .scalar()
    )
    return _numbered(article, number) if number else None


def _numbered(article: Article, number: int) -> ArticleRevision | None:
    return ArticleRevision.get_or_none(
        ArticleRevision.tenant_id == article.tenant_id, ArticleRevision.article_id == article.id,
        ArticleRevision.number == number,
    )  # fmt: skip


def _has_words(fields: dict[str, Any]) -> bool:
    return any(fields.get(name) for name in ("title", "teaser", "body"))
