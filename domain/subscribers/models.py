"""People and organisations, what they signed up for, and who may not be mailed."""

from enum import StrEnum
from typing import Any

from peewee import BigIntegerField, BooleanField, CharField, IntegerField, TextField

from domain import bounds, clock
from domain.db import JSONText, MomentField
from domain.errors import Forbidden
from domain.tenancy.models import TenantModel


class Consent(StrEnum):
    """A person's consent for one newsletter type."""

    UNKNOWN = "unknown"
    PROVED = "proved"  # proved elsewhere
    PENDING = "pending"
    CONFIRMED = "confirmed"
    REVOKED = "revoked"
    LAPSED = "lapsed"


class Deliverability(StrEnum):
    """Whether mail reaches the address, apart from consent."""

    ACTIVE = "active"
    STOPPED = "stopped"  # by hand
    BOUNCED = "bounced"


class NewsletterType(TenantModel):
    """What a subscriber signs up for. Closed types have no public form (letters to members or customers)."""

    slug = CharField(max_length=60)
    name = CharField(max_length=120)
    description = CharField(max_length=300, default="")
    rhythm = CharField(max_length=60, default="")
    closed = BooleanField(default=False)
    basis = CharField(max_length=300, default="")  # basis of permission of a closed type
    public = BooleanField(default=True)
    sender_name = CharField(max_length=120, default="")
    sender_address = CharField(max_length=254, default="")
    reply_to = CharField(max_length=254, default="")
    template_id = IntegerField(null=True)
    consent_text = TextField(default="")
    consent_version = IntegerField(default=1)
    language = CharField(max_length=2, default="de")
    active = BooleanField(default=True)
    archived = BooleanField(default=False)  # what was sent stands in a public archive, without anybody's data
    signup_fields = JSONText(default=list)  # ids of own fields that its sign-up form asks for
    list_ids = JSONText(default=list)  # distribution lists that whoever confirms is put on
    opt_in_subject = CharField(max_length=150, default="")  # of the double opt-in mail; empty: the usual one
    opt_in_text = TextField(default="")  # stands before the link of that mail
    welcome_subject = CharField(max_length=150, default="")
    welcome_text = TextField(default="")  # goes to whoever has confirmed; empty: no such mail
    tracking = CharField(max_length=8, default="")  # tenancy.measuring; empty: as the tenant has it
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "slug"), True),)


class DistributionList(TenantModel):
    """A closed list of subscribers; every tenant has one default list."""

    name = CharField(max_length=120)
    alias = CharField(max_length=60, default="")  # stand-in name for rollouts
    is_default = BooleanField(default=False)
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "name"), True),)


class ListMember(TenantModel):
    list_id = IntegerField()
    subscriber_id = BigIntegerField()

    class Meta:
        indexes = ((("tenant_id", "list_id", "subscriber_id"), True), (("tenant_id", "subscriber_id"), False))


class Organisation(TenantModel):
    """The customer that a subscriber belongs to."""

    name = CharField(max_length=200)
    status = CharField(max_length=20, default="")  # A, B, C, target …
    category = CharField(max_length=60, default="")
    city = CharField(max_length=120, default="")
    country = CharField(max_length=2, default="")
    fields = JSONText(default=dict)  # own fields of the tenant, key → value
    locked_reason = CharField(max_length=300, null=True)  # mailing lock over all its people
    locked_until = MomentField(null=True)
    locked_at = MomentField(null=True)
    locked_by_id = IntegerField(null=True)
    folded = CharField(max_length=400, default="")  # name for the search and the order
    created_at = MomentField(default=clock.now)
    updated_at = MomentField(default=clock.now)

    class Meta:
        indexes = (
            (("tenant_id", "name"), False),
            (("tenant_id", "folded", "id"), False),
            (("tenant_id", "status", "folded"), False),
        )


class Subscriber(TenantModel):
    """A person of one tenant. `address_key` identifies the address (subscribers.addresses); None: no address."""

    address = CharField(max_length=254, null=True)
    address_key = CharField(max_length=320, null=True)
    salutation = CharField(max_length=20, default="")
    title = CharField(max_length=40, default="")
    first_name = CharField(max_length=80, default="")
    last_name = CharField(max_length=80, default="")
    organisation_id = BigIntegerField(null=True)
    function = CharField(max_length=120, default="")
    language = CharField(max_length=2, default="")
    street = CharField(max_length=120, default="")
    postcode = CharField(max_length=20, default="")
    city = CharField(max_length=120, default="")
    region = CharField(max_length=80, default="")
    country = CharField(max_length=2, default="")
    birthday = CharField(max_length=10, default="")  # ISO date; year 0000 where only the day is known
    category = CharField(max_length=60, default="")
    fields = JSONText(default=dict)  # own fields of the tenant, key → value
    territory_id = IntegerField(null=True, default=bounds.home)  # a node of tenancy.territory
    deliverability = CharField(max_length=10, default=Deliverability.ACTIVE)
    locked_reason = CharField(max_length=300, null=True)  # mailing lock
    locked_until = MomentField(null=True)
    locked_at = MomentField(null=True)
    locked_by_id = IntegerField(null=True)
    unmeasured = BooleanField(default=False)  # objected: no opening and no click of theirs is counted
    folded = CharField(max_length=600, default="")  # name and address for the search
    import_id = IntegerField(null=True)  # the import that made this person
    created_at = MomentField(default=clock.now)
    updated_at = MomentField(default=clock.now)

    class Meta:
        indexes = (
            (("tenant_id", "address_key"), True),
            (("tenant_id", "id"), False),
            (("tenant_id", "last_name", "first_name", "id"), False),
            (("tenant_id", "organisation_id", "id"), False),
            (("tenant_id", "territory_id", "id"), False),
        )

    def save(self, *args: Any, **kwargs: Any) -> Any:
        """Nobody puts a person where he would not see him any more."""
        bound = bounds.current()
        if bound and self.territory_id not in bound.nodes:
            raise Forbidden(bounds.BEYOND)
        return super().save(*args, **kwargs)


class Subscription(TenantModel):
    """A person's state for one newsletter type; the history is in ConsentEvent."""

    subscriber_id = BigIntegerField()
    type_id = IntegerField()
    consent = CharField(max_length=10)
    changed_at = MomentField(default=clock.now)

    class Meta:
        indexes = (
            (("tenant_id", "type_id", "subscriber_id"), True),
            (("tenant_id", "type_id", "consent", "subscriber_id"), False),
            (("tenant_id", "subscriber_id"), False),
        )


class ConsentEvent(TenantModel):
    """One step of a consent: what was shown, from where, when, and what it made of the state."""

    subscriber_id = BigIntegerField(null=True)
    type_id = IntegerField()
    address_hash = CharField(max_length=40)  # survives erasure
    act = CharField(max_length=20)  # asked, mailed, confirmed, revoked, imported, proved, lapsed
    before = CharField(max_length=10, default="")
    after = CharField(max_length=10)
    consent_text = TextField(default="")
    consent_version = IntegerField(default=0)
    form = CharField(max_length=60, default="")
    ip = CharField(max_length=45, default="")
    agent = CharField(max_length=300, default="")
    mail_id = BigIntegerField(null=True)  # opt-in mail (OutboxMail) or delivery whose link was used
    by_id = IntegerField(null=True)
    proof_id = IntegerField(null=True)  # the document that proves a consent given elsewhere
    at = MomentField(default=clock.now)

    class Meta:
        indexes = (
            (("tenant_id", "subscriber_id", "type_id"), False),
            (("tenant_id", "proof_id"), False),
            (("tenant_id", "address_hash", "at"), False),
        )


class Suppression(TenantModel):
    """An address nobody of the tenant may mail: in clear or, after erasure, only as keyed hash. One row per address,
    so that snapshot and claim join it by address: an entry of its own, or written by a rule (`source` "rule")."""

    address_key = CharField(max_length=320, null=True)
    address_hash = CharField(max_length=40)
    reason = CharField(max_length=300, default="")
    source = CharField(max_length=20, default="manual")
    by_id = IntegerField(null=True)
    until = MomentField(null=True)  # the later end of own entry and rule
    rule_id = IntegerField(null=True)
    own_until = MomentField(null=True)  # the end of the own entry while a rule holds the row longer
    auto = CharField(max_length=12, default="")  # subscribers.automatic.Rule, where nobody wrote it by hand
    campaign_id = IntegerField(null=True)  # and the mailing and the mail that the rule looked at
    delivery_id = BigIntegerField(null=True)
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = (
            (("tenant_id", "address_hash"), True),
            (("tenant_id", "address_key"), False),
            (("tenant_id", "rule_id"), False),
            (("tenant_id", "id"), False),
        )


class SuppressionRule(TenantModel):
    """A domain, a pattern with * and ?, or a foreign hash of an address; its hits stand in Suppression. While
    `sweep_id` is set they do not all stand there yet: a claim then asks the rule itself."""

    kind = CharField(max_length=10)  # domain, pattern, sha1, md5, sha256
    value = CharField(max_length=320)
    reason = CharField(max_length=300, default="")
    source = CharField(max_length=20, default="manual")
    by_id = IntegerField(null=True)
    until = MomentField(null=True)
    sweep_id = IntegerField(null=True)  # the SuppressionFile that compares the people with it
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = (
            (("tenant_id", "kind", "value"), True),
            (("tenant_id", "id"), False),
            (("tenant_id", "sweep_id"), False),
        )


class SuppressionEvent(TenantModel):
    """The history of the suppression list: entries added and removed, sign-ups refused."""

    act = CharField(max_length=10)  # added, removed, ended, blocked
    kind = CharField(max_length=10)
    shown = CharField(max_length=320)  # address, domain, pattern or hash; masked for refused sign-ups
    reason = CharField(max_length=300, default="")
    source = CharField(max_length=20, default="")
    by_id = IntegerField(null=True)
    auto = CharField(max_length=12, default="")  # as in Suppression
    campaign_id = IntegerField(null=True)
    delivery_id = BigIntegerField(null=True)
    at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "act", "id"), False), (("tenant_id", "id"), False))


class SuppressionFile(TenantModel):
    """A file on its way into the suppression list: its entries first, then everybody is compared with its rules. With
    `rule_id` no file, but one rule that somebody wrote by hand in a large house (subscribers.sweeps)."""

    filename = CharField(max_length=255)
    path = CharField(max_length=300)  # below the instance folder
    rule_id = IntegerField(null=True)
    reason = CharField(max_length=300, default="")
    until = MomentField(null=True)
    by_id = IntegerField()
    state = CharField(max_length=12, default="queued")  # queued, running, done, failed
    lines = IntegerField(default=0)  # in the file, about as many as entries
    entries_done = IntegerField(default=0)
    added = IntegerField(default=0)
    known = IntegerField(default=0)
    unread = IntegerField(default=0)
    first_unread = CharField(max_length=80, default="")
    has_rules = BooleanField(default=False)  # it brought domains, patterns or hashes
    people_total = IntegerField(default=0)  # who are to be compared with rules
    people_done = IntegerField(default=0)
    after_id = BigIntegerField(default=0)  # the last of them who was
    people = IntegerField(default=0)  # hit by rules
    owner_beat = BigIntegerField(default=0)  # epoch s; a stale one means that the worker died
    created_at = MomentField(default=clock.now)
    finished_at = MomentField(null=True)

    class Meta:
        indexes = ((("tenant_id", "id"), False),)


class ImportJob(TenantModel):
    """One file of people on its way in: mapping page, run in the background, result."""

    filename = CharField(max_length=255)
    path = CharField(max_length=300)  # below the instance folder
    state = CharField(max_length=12, default="mapping")  # mapping, queued, running, done, failed, undone
    dialect = JSONText(default=dict)  # encoding, delimiter, header row
    mapping = JSONText(default=dict)  # column number → field
    options = JSONText(default=dict)  # subscribers.imports.Options, and how the columns were found
    rows_total = IntegerField(default=0)
    rows_done = IntegerField(default=0)
    created_count = IntegerField(default=0)
    updated_count = IntegerField(default=0)
    skipped_count = IntegerField(default=0)
    rejected_count = IntegerField(default=0)
    error = CharField(max_length=300, default="")
    check_state = CharField(max_length=12, default="")  # the dry run: queued, running, done, failed
    check_mark = IntegerField(default=0)  # rises with every plan: a dry run of an older one is void
    check_done = IntegerField(default=0)
    checked = JSONText(default=dict)  # what the dry run counted so far
    territory_ids = JSONText(default=bounds.roots)  # to which the people of the file are held; empty: to none
    owner_beat = BigIntegerField(default=0)  # epoch s; a stale one means that the worker died
    first_id = BigIntegerField(null=True)  # of the first person that it made: none has a smaller number
    last_id = BigIntegerField(null=True)  # of the last one
    undone = JSONText(default=dict)  # how far it is undone: removed, restored, kept, at
    by_id = IntegerField()
    created_at = MomentField(default=clock.now)
    finished_at = MomentField(null=True)

    class Meta:
        indexes = ((("tenant_id", "created_at"), False),)


class ImportTrace(TenantModel):
    """What an import changed of somebody who was here: the columns as they were, so that it can be undone."""

    job_id = IntegerField()
    subscriber_id = BigIntegerField()
    before = JSONText()
    gained = JSONText(default=dict)  # ids of the lists and tags that it gave them

    class Meta:
        indexes = ((("tenant_id", "job_id", "subscriber_id"), False),)


class ImportReject(TenantModel):
    job_id = IntegerField()
    row = IntegerField()  # 1-based line of the record in the file
    cells = JSONText()
    reason = CharField(max_length=200)
    params = JSONText(default=dict)
    is_trial = BooleanField(default=False)  # found by the dry run

    class Meta:
        indexes = ((("tenant_id", "job_id", "row"), False),)


class ImportMapping(TenantModel):
    """What the columns of a kind of file mean, and what happens to its people: kept under a name."""

    name = CharField(max_length=80)
    columns = JSONText(default=list)  # [heading, meaning] in the order of the file it was made for
    options = JSONText(default=dict)
    by_id = IntegerField(null=True)
    updated_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "name"), True),)


class ConsentProof(TenantModel):
    """A document that proves consents: a scanned form, a mail. Its bytes lie beside the media, not among them."""

    name = CharField(max_length=200)
    mime = CharField(max_length=100)
    size_bytes = IntegerField()
    sha256 = CharField(max_length=64)  # of the document as it came
    stored = CharField(max_length=64)  # under which mediadb.storage keeps it
    by_id = IntegerField(null=True)
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "created_at"), False),)
