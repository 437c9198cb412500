"""One dispatch of one issue to one audience."""

from enum import StrEnum

from peewee import BigIntegerField, BooleanField, CharField, IntegerField, SmallIntegerField

from domain import bounds, clock
from domain.db import JSONText, MomentField
from domain.tenancy.models import TenantModel


class CampaignStatus(StrEnum):
    DRAFT = "draft"
    IN_APPROVAL = "in_approval"
    SCHEDULED = "scheduled"
    PREPARING = "preparing"
    SENDING = "sending"
    WAITING = "waiting"  # limit, interval, quiet hours: goes on by itself
    PAUSED = "paused"  # by a person
    STOPPED = "stopped"  # needs a decision: relay, overdue, restored copy
    CANCELLED = "cancelled"
    FINISHED = "finished"


class Course(StrEnum):
    """Why a campaign exists beside its parent."""

    OWN = ""
    MISSING = "missing"  # the same mail to those who have not got it
    CORRECTION = "correction"  # another mail to those who have
    SERIES = "series"  # a step of an automailer: stands, and people come to it one by one (campaigns.adding)


BORROWING = (Course.MISSING, Course.SERIES)
"""The mail of these is frozen already: their issue goes its own way."""


class Campaign(TenantModel):
    """`audience` = {"all": bool, "lists": [ids], "segment": id|None, "consents": [states mailed]}; the newsletter
    type always narrows it. `fingerprint` is what the approval covered."""

    issue_id = IntegerField()
    type_id = IntegerField()
    revision_id = IntegerField(null=True)
    parent_id = IntegerField(null=True)
    course = CharField(max_length=12, default=Course.OWN)
    version = IntegerField(default=1)  # rises with every change of the plan: guards against lost updates
    rollout_id = IntegerField(null=True)
    name = CharField(max_length=120)
    status = CharField(max_length=12, default=CampaignStatus.DRAFT)
    audience = JSONText(default=dict)
    territory_ids = JSONText(default=bounds.roots)  # goes only to people there and below; empty: to all
    role_id = IntegerField(null=True)  # whose volume limits count: the starter's role
    relay_id = IntegerField(null=True)
    sender_name = CharField(max_length=120, default="")
    sender_address = CharField(max_length=254, default="")
    reply_to = CharField(max_length=254, default="")
    send_at = MomentField(null=True)  # None: as soon as approved
    fingerprint = CharField(max_length=64, default="")
    approval_id = IntegerField(null=True)
    priority = SmallIntegerField(default=0)
    hold_uncertain = BooleanField(default=False)
    tracking = CharField(max_length=8, default="")  # tenancy.measuring; empty: as its type and tenant have it
    test_mode = BooleanField(default=True)  # until somebody switches it off, mails go to test addresses only
    interval_count = IntegerField(null=True)  # at most so many mails …
    interval_s = IntegerField(null=True)  # … every so many seconds
    latest_start_h = IntegerField(null=True)  # later than this a person decides; None: as the tenant has it
    due_at = MomentField(null=True)  # when it should have begun: its time, or its approval if that was later
    snapshot_cursor = IntegerField(default=0)  # last subscriber id taken over
    snapshot_at = MomentField(null=True)  # all recipients are in the ledger; nobody is added any more
    correcting = BooleanField(default=False)  # paused for an edit; the approved revision stands in `previous`
    previous = JSONText(null=True)
    wait_reason = CharField(max_length=200, default="")
    wait_params = JSONText(default=dict)
    wait_until = MomentField(null=True)
    created_by_id = IntegerField()
    created_at = MomentField(default=clock.now)
    started_by_id = IntegerField(null=True)
    started_at = MomentField(null=True)
    sent_at = MomentField(null=True)  # nothing queued or leased any more
    finished_at = MomentField(null=True)
    closed_at = MomentField(null=True)  # of a cancelled one: no row is open any more
    tally = JSONText(null=True)  # state → mails, as counted by the work process (campaigns.tallies)
    figures = JSONText(null=True)  # what else its page shows of them (campaigns.figures)
    tallied_at = MomentField(null=True)

    class Meta:
        indexes = ((("tenant_id", "status"), False), (("tenant_id", "issue_id"), False))


class Unticked(TenantModel):
    """Somebody of a campaign's audience whom an editor has taken out of it by hand."""

    campaign_id = IntegerField()
    subscriber_id = BigIntegerField()
    by_id = IntegerField(null=True)
    at = MomentField(default=clock.now)

    class Meta:
        indexes = (
            (("tenant_id", "campaign_id", "subscriber_id"), True),
            (("tenant_id", "subscriber_id"), False),
        )


class Exclusion(TenantModel):
    """A file of addresses that get no mail: of one campaign, or of every one begun between `from_at` and `until_at`."""

    name = CharField(max_length=120)
    campaign_id = IntegerField(null=True)
    from_at = MomentField(null=True)
    until_at = MomentField(null=True)
    address_count = IntegerField(default=0)
    refused_count = IntegerField(default=0)  # rows without an address that could be read
    by_id = IntegerField(null=True)
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "campaign_id"), False), (("tenant_id", "until_at"), False))


class ExcludedAddress(TenantModel):
    exclusion_id = IntegerField()
    address_key = CharField(max_length=320)

    class Meta:
        indexes = (
            (("tenant_id", "exclusion_id", "address_key"), True),
            (("tenant_id", "address_key"), False),
        )


class Merge(TenantModel):
    """Two people who were made one, with everything needed to make them two again while that is allowed."""

    kept_id = BigIntegerField()
    dropped_id = BigIntegerField()
    dropped_name = CharField(max_length=300, default="")  # who went into the other, for the record page
    before = JSONText(
        default=dict
    )  # rows of both as they were, and which rows went over (campaigns.unmerging)
    after = CharField(max_length=64, default="")  # fingerprint of the one person right after the merging
    by_id = IntegerField(null=True)
    at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "kept_id"), False), (("at",), False))
