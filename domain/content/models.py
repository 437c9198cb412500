"""Articles of the pool with their versions and remarks, and where media are used."""

from enum import StrEnum

from peewee import BigIntegerField, CharField, DateField, IntegerField, TextField

from domain import clock
from domain.db import JSONText, MomentField
from domain.tenancy.models import TenantModel


class ArticleState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    USED = "used"
    EXPIRED = "expired"
    ARCHIVED = "archived"


class Article(TenantModel):
    """What a journalist writes. `body` is clean HTML (content.markup); `version` guards against lost updates."""

    title = CharField(max_length=200, default="")
    teaser = TextField(default="")
    body = TextField(default="")
    category = CharField(max_length=60, default="")
    author_id = IntegerField()
    author_line = CharField(max_length=120, default="")
    asset_id = BigIntegerField(null=True)
    asset_alt = CharField(max_length=300, default="")
    link_url = CharField(max_length=1000, default="")
    language = CharField(max_length=2, default="de")
    valid_from = DateField(null=True)
    valid_until = DateField(null=True)
    state = CharField(max_length=12, default=ArticleState.DRAFT)
    version = IntegerField(default=1)
    folded = TextField(
        default=""
    )  # title, teaser, author and text without case, umlauts and ß, for the search
    created_at = MomentField(default=clock.now)
    updated_at = MomentField(default=clock.now)
    submitted_at = MomentField(null=True)
    origin_tenant_id = IntegerField(null=True)  # copied from this tenant's article
    origin_id = BigIntegerField(null=True)

    class Meta:
        indexes = (
            (("tenant_id", "state", "updated_at"), False),
            (("tenant_id", "author_id"), False),
            (("tenant_id", "category"), False),
        )


class ArticleRevision(TenantModel):
    """An article as it was when somebody submitted or decided on it."""

    article_id = BigIntegerField()
    number = IntegerField()
    fields = JSONText()
    by_id = IntegerField()
    at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "article_id", "number"), True),)


class ArticleRemark(TenantModel):
    """A sentence in the thread of an article; `act` says which step it went with."""

    article_id = BigIntegerField()
    user_id = IntegerField()
    act = CharField(max_length=20)
    text = TextField(default="")
    at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "article_id"), False),)


class AssetUse(TenantModel):
    """An asset is used by an object (article, issue, template …); it cannot be deleted while it is."""

    asset_id = BigIntegerField()
    kind = CharField(max_length=20)
    object_id = BigIntegerField()

    class Meta:
        indexes = (
            (("tenant_id", "asset_id", "kind", "object_id"), True),
            (("tenant_id", "kind", "object_id"), False),
        )
