"""Newsletter issues made of blocks, the templates that shape them, and their frozen revisions."""

from enum import StrEnum

from peewee import BigIntegerField, BlobField, BooleanField, CharField, IntegerField, TextField

from domain import clock
from domain.db import JSONText, MomentField
from domain.tenancy.models import TenantModel


class IssueState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    APPROVED = "approved"
    SENT = "sent"
    ARCHIVED = "archived"


class IssueKind(StrEnum):
    NEWSLETTER = "newsletter"  # blocks in the tenant's template
    LETTER = "letter"  # one text without a frame, as somebody writes it: member desk, customers
    OPT_IN = "opt_in"  # a letter that asks for consent, with the button to give it


PLAIN = (IssueKind.LETTER, IssueKind.OPT_IN)  # written as one text on one page


class MailTemplate(TenantModel):
    """Colours, fonts, logo, head and foot of a tenant's mails. `html` and `css` are empty unless people with the right
    write the frame themselves."""

    name = CharField(max_length=80)
    design = JSONText(default=dict)  # domain.issues.design
    html = TextField(default="")
    css = TextField(default="")
    is_default = BooleanField(default=False)  # of issues whose newsletter type names no other
    locks = JSONText(default=list)  # parts that copies in other tenants must keep (domain.issues.fixing)
    origin_tenant_id = IntegerField(null=True)  # copied from this tenant's template
    origin_id = IntegerField(null=True)
    version = IntegerField(default=1)
    updated_at = MomentField(null=True)
    updated_by_id = IntegerField(null=True)
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "name"), True),)


class BlockTemplate(TenantModel):
    """A block, or a group of them, kept to be inserted into issues: every insertion is a copy."""

    name = CharField(max_length=80)
    parts = JSONText(default=list)  # [kind, data] of each block, in order
    version = IntegerField(default=1)
    updated_at = MomentField(default=clock.now)
    updated_by_id = IntegerField(null=True)
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "name"), True),)


class Issue(TenantModel):
    """The composed newsletter. `version` rises with every change and guards against lost updates."""

    kind = CharField(max_length=12, default=IssueKind.NEWSLETTER)
    type_id = IntegerField()
    template_id = IntegerField(null=True)
    rollout_id = IntegerField(null=True)
    name = CharField(max_length=120)
    number = IntegerField(null=True)
    subject = CharField(max_length=200, default="")
    preheader = CharField(max_length=300, default="")
    state = CharField(max_length=12, default=IssueState.DRAFT)
    version = IntegerField(default=1)
    pictures_inside = BooleanField(default=False)  # its pictures travel in the mails
    head_locked = BooleanField(default=False)  # subject and preview text are the head office's
    bare_links = JSONText(default=list)  # addresses that stay as they are: no parameters, not counted
    deadline_at = MomentField(null=True)
    planned_at = MomentField(null=True)
    origin_tenant_id = IntegerField(null=True)  # copied from this tenant's issue
    origin_id = IntegerField(null=True)
    created_by_id = IntegerField()
    created_at = MomentField(default=clock.now)
    updated_at = MomentField(default=clock.now)

    class Meta:
        indexes = (
            (("tenant_id", "state", "updated_at"), False),
            (("tenant_id", "type_id", "number"), False),
            (("origin_tenant_id", "origin_id"), False),  # who has copied it, over all tenants
        )


class BlockKind(StrEnum):
    INTRO = "intro"
    TEXT = "text"
    ARTICLE = "article"
    TOC = "toc"
    PICTURE = "picture"
    COLUMNS = "columns"
    BUTTON = "button"
    QUOTE = "quote"
    EVENT = "event"
    SOCIAL = "social"
    DIVIDER = "divider"
    HTML = "html"


class Block(TenantModel):
    """One section of an issue; head and foot come from template and tenant and are no rows."""

    issue_id = IntegerField()
    position = IntegerField()
    kind = CharField(max_length=20)
    article_id = BigIntegerField(null=True)
    source_tenant_id = IntegerField(null=True)  # whose article it is, when it is linked from another tenant
    data = JSONText(default=dict)  # by kind, see domain.issues.blocks
    locked = BooleanField(default=False)
    origin_id = IntegerField(null=True)  # in a branch's copy: the block of the head office's issue
    hidden = BooleanField(default=False)
    segment_id = IntegerField(null=True)

    class Meta:
        indexes = ((("tenant_id", "issue_id", "position"), False), (("tenant_id", "article_id"), False))


class IssueStep(TenantModel):
    """One change of an issue, with what it changed before and after (domain.issues.steps)."""

    issue_id = IntegerField()
    number = IntegerField()
    act = CharField(max_length=20)
    before = JSONText(default=dict)  # "head" or the number of a block → values, None: it was not there
    after = JSONText(default=dict)
    undone = BooleanField(default=False)
    user_id = IntegerField()
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "issue_id", "number"), True),)


class IssuePresence(TenantModel):
    """Somebody has the issue open, with this block; renewed while the page is."""

    issue_id = IntegerField()
    user_id = IntegerField()
    block_id = IntegerField(null=True)
    seen_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "issue_id", "user_id"), True),)


class ExpectedArticle(TenantModel):
    """An article that an author is to deliver for an issue; `article_id` once it is begun."""

    issue_id = IntegerField()
    topic = CharField(max_length=200)
    note = TextField(default="")
    author_id = IntegerField()
    due_at = MomentField()
    article_id = BigIntegerField(null=True)
    reminded_at = MomentField(null=True)  # the last time the author was reminded
    late_at = MomentField(null=True)  # when author and planner heard that it is late
    created_by_id = IntegerField()
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = (
            (("tenant_id", "issue_id"), False),
            (("tenant_id", "author_id"), False),
            (("tenant_id", "due_at"), False),
            (("tenant_id", "article_id"), False),
        )


class IssueRevision(TenantModel):
    """An issue rendered and frozen when approval was asked: the bytes that will leave."""

    issue_id = IntegerField()
    number = IntegerField()
    fingerprint = CharField(max_length=64)
    subject = CharField(max_length=200)
    preheader = CharField(max_length=300)
    html = TextField()
    plain = TextField()
    compiled = BlobField()
    placeholders = JSONText(default=list)
    article_ids = JSONText(default=list)
    attachments = JSONText(default=list)  # [filename, mime type, bytes] of each, in order
    size_bytes = IntegerField()
    tracking = CharField(max_length=8, default="off")  # tenancy.measuring: what its mails count
    links = JSONText(default=list)  # [address, words] of each link that is counted; the first is number 1
    created_by_id = IntegerField(null=True)
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "issue_id", "number"), True),)


class Attachment(TenantModel):
    """A file of the media that travels with the mails of an issue."""

    issue_id = IntegerField()
    asset_id = IntegerField()
    position = IntegerField()

    class Meta:
        indexes = ((("tenant_id", "issue_id", "asset_id"), True),)


class LinkState(StrEnum):
    WAITING = "waiting"
    FINE = "fine"
    GONE = "gone"  # the server says 404 or 410
    FAILED = "failed"  # the server answers with another error
    UNKNOWN = "unknown"  # there is no such server
    SILENT = "silent"  # nobody answers in time, or the certificate is wrong
    PRIVATE = "private"  # leads into a network that is not public: not asked


class LinkCheck(TenantModel):
    """What became of a link when it was last followed. `status`: the answer of the server, 0 for none."""

    url_hash = CharField(max_length=64)
    url = TextField()
    state = CharField(max_length=10, default=LinkState.WAITING)
    status = IntegerField(default=0)
    asked_at = MomentField(default=clock.now)
    checked_at = MomentField(null=True)

    class Meta:
        indexes = ((("tenant_id", "url_hash"), True), (("tenant_id", "state", "asked_at"), False))


class TrialPerson(TenantModel):
    """Somebody who gets test mails. `teams`: names of the test groups the person is in."""

    name = CharField(max_length=120)
    address = CharField(max_length=254)
    address_key = CharField(max_length=320)
    teams = JSONText(default=list)
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "address_key"), True),)
