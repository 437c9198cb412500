"""Language versions of an article: articles of their own that know each other by a common number."""

from domain.accounts.models import User
from domain.content import articles, revisions, tags
from domain.content.models import Article, AssetUse, RevisionAct
from domain.db import database
from domain.errors import N_, Conflict, Invalid

LANGUAGES = ("de", "en")
TAKEN_OVER = (
    "title", "teaser", "body", "category", "author_line", "asset_id", "asset_alt", "link_url", "valid_from",
    "valid_until", "tags", "notes", "documents",
)  # fmt: skip


def others(article: Article) -> list[Article]:
    """The versions of an article in other languages."""
    if article.group_id is None:
        return []
    query = Article.select().where(
        Article.tenant_id == article.tenant_id, Article.group_id == article.group_id, Article.id != article.id
    )
    return list(query.order_by(Article.language, Article.id))


def missing(article: Article) -> list[str]:
    """Languages without a version yet."""
    there = {article.language, *(other.language for other in others(article))}
    return [language for language in LANGUAGES if language not in there]


def begin(article: Article, user: User, language: str) -> Article:
    """A draft of the person's in another language, with everything of the original to be translated. Raises Invalid,
    Conflict when there is one already."""
    if language not in LANGUAGES:
        raise Invalid(N_("We do not know this language."))
    if language not in missing(article):
        raise Conflict(N_("There is a version in this language already."))
    with database.atomic():
        if article.group_id is None:
            article.group_id = article.id
            Article.update(group_id=article.id).where(
                Article.tenant_id == article.tenant_id, Article.id == article.id
            ).execute()
        made = articles.create(article.tenant_id, user)
        for name in TAKEN_OVER:
            setattr(made, name, getattr(article, name))
        made.language, made.group_id, made.folded = language, article.group_id, article.folded
        made.save()
        tags.write(made)
        uses = AssetUse.select(AssetUse.asset_id).where(
            AssetUse.tenant_id == article.tenant_id,
            AssetUse.kind == "article",
            AssetUse.object_id == article.id,
        )
        for (asset_id,) in list(uses.tuples()):
            AssetUse.create(tenant_id=made.tenant_id, asset_id=asset_id, kind="article", object_id=made.id)
        revisions.keep(made, user, RevisionAct.SAVE)
    return made
