"""Articles of the pool with their versions and remarks, and where media are used."""

from datetime import date
from enum import StrEnum

from peewee import SQL, BigIntegerField, BooleanField, CharField, DateField, IntegerField, TextField, fn

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
    draft_of_id = BigIntegerField(null=True)  # a new draft of this approved article, which stays as it was
    tags = JSONText(default=list)  # words, as people wrote them
    notes = TextField(default="")  # for colleagues, never in a mail
    documents = JSONText(default=list)  # ids of media that readers may download
    group_id = BigIntegerField(null=True)  # language versions share the id of the first one

    class Meta:
        indexes = (
            (("tenant_id", "state", "updated_at"), False),
            (("tenant_id", "author_id"), False),
            (("tenant_id", "category"), False),
            (("tenant_id", "group_id"), False),
            (("tenant_id", "draft_of_id"), False),
            # the pool counts, filters and sorts in it without reading the texts
            (
                (
                    "tenant_id", "state", "created_at", "submitted_at", "updated_at", "valid_until", "valid_from",
                    "author_id", "category",
                ),
                False,
            ),
            (("origin_tenant_id", "origin_id"), False),  # who has copied it: asked by its owner over all tenants
        )  # fmt: skip

    def is_valid(self, on: date) -> bool:
        """Whether it may stand in an issue of that day, by its first and last one."""
        starts, ends = self.valid_from, self.valid_until
        return (starts is None or starts <= on) and (ends is None or ends >= on)


# What the pool's orders look at, in indexes whose columns tell the tabs apart (migration 0124).
TITLE = 60  # characters of the search form, which begins with the title
BY_TITLE = fn.SUBSTR(Article.folded, SQL("1"), SQL(str(TITLE)))
BY_ENTRY = fn.COALESCE(Article.submitted_at, Article.created_at).coerce(False)
for name, key in (("article_by_title", BY_TITLE), ("article_by_entry", BY_ENTRY)):
    Article.add_index(
        Article.index(Article.tenant_id, key, Article.id, Article.state, Article.author_id, name=name)
    )


class ArticleTag(TenantModel):
    """A tag of an article in the form that filters ask for (`folded`), written with it."""

    article_id = BigIntegerField()
    folded = CharField(max_length=60)
    name = CharField(max_length=60)

    class Meta:
        indexes = (
            (("tenant_id", "article_id", "folded"), True),
            (("tenant_id", "folded"), False),
        )


class RevisionAct(StrEnum):
    SAVE = "save"
    SUBMIT = "submit"
    ACCEPT = "accept"
    RESTORE = "restore"


class ArticleRevision(TenantModel):
    """An article after a sitting at the desk, or as it was submitted, accepted or restored."""

    article_id = BigIntegerField()
    number = IntegerField()
    act = CharField(max_length=10, default=RevisionAct.SAVE)
    fields = JSONText()
    changed = JSONText(default=list)  # names of the fields that differ from the version before
    by_id = IntegerField()
    began_at = MomentField(null=True)  # the first save of the sitting; None: one moment
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


class EditLock(TenantModel):
    """Who is writing in an object now (`kind`: article, issue). It is void `seen_at` plus a grace (content.editing)."""

    kind = CharField(max_length=20)
    object_id = BigIntegerField()
    user_id = IntegerField()
    since = MomentField(default=clock.now)
    seen_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "kind", "object_id"), True),)


class Obligation(TenantModel):
    """An article that issues must hold: of `to_tenant_id` (its own tenant's if None), of one newsletter type or all."""

    article_id = BigIntegerField()
    to_tenant_id = IntegerField(null=True)
    type_id = IntegerField(null=True)
    created_by_id = IntegerField(null=True)
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "article_id"), False), (("to_tenant_id",), False))


class SavedView(TenantModel):
    """Filters of a list under a name: of one person, or of everybody in the tenant once it is shared."""

    area = CharField(max_length=20)
    name = CharField(max_length=80)
    query = JSONText(default=dict)
    user_id = IntegerField()
    shared = BooleanField(default=False)
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "area", "user_id"), False),)
