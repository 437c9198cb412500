"""Series, their steps, and each contact's place. Moments that the machine reckons with are whole seconds since 1970."""

from enum import StrEnum

from peewee import BigIntegerField, CharField, IntegerField, SmallIntegerField

from domain import bounds, clock
from domain.automailers.machine import State
from domain.db import JSONText, MomentField
from domain.tenancy.models import TenantModel


class AutomailerState(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"  # its clock stands still: nobody's waiting time runs
    ENDED = "ended"


class Start(StrEnum):
    """How contacts come in, beside by hand."""

    HAND = "hand"
    SIGN_UP = "sign_up"  # whoever confirms the newsletter type
    STATUS = "status"  # whoever, or whose customer, comes to one of the values


class Why(StrEnum):
    """What brought an enrolment to where it is."""

    HAND = "hand"
    LIST = "list"
    SEGMENT = "segment"
    SIGN_UP = "sign_up"
    STATUS = "status"
    LEFT_OUT = "left_out"  # `reason` says why no mail may go
    DONE = "done"


class Automailer(TenantModel):
    name = CharField(max_length=120)
    type_id = IntegerField()
    state = CharField(max_length=8, default=AutomailerState.DRAFT)
    version = IntegerField(default=1)  # rises with every change: guards against lost updates
    start = CharField(max_length=8, default=Start.HAND)
    start_holder = CharField(max_length=12, default="subscriber")
    start_track_id = IntegerField(null=True)
    start_values = JSONText(default=list)  # ids of status values
    stop_holder = CharField(max_length=12, default="subscriber")
    stop_track_id = IntegerField(null=True)
    stop_values = JSONText(default=list)
    weekdays = SmallIntegerField(default=127)  # bit 0: Monday
    from_minute = SmallIntegerField(default=0)  # of the day in the tenant's zone
    until_minute = SmallIntegerField(default=1440)
    territory_ids = JSONText(default=bounds.roots)  # goes only to people there and below; empty: to all
    event_cursor = BigIntegerField(default=0)  # consent events up to here have been looked at
    looked_at = BigIntegerField(default=0)  # changes of status up to here
    paused_at = BigIntegerField(null=True)
    created_by_id = IntegerField()
    activated_by_id = IntegerField(null=True)
    activated_at = MomentField(null=True)
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "state", "id"), False), (("state",), False))


class AutomailerStep(TenantModel):
    """One mail of a series, and how long after the one before. `campaign_id`: the standing mailing that carries it,
    bound to a frozen revision; None until the series is activated with it."""

    automailer_id = IntegerField()
    position = IntegerField()
    days = IntegerField(default=0)
    hours = IntegerField(default=0)
    issue_id = IntegerField()
    campaign_id = IntegerField(null=True)
    track_id = IntegerField(null=True)  # the status that the contact gets with the mail
    value_id = IntegerField(null=True)

    class Meta:
        indexes = (
            (("tenant_id", "automailer_id", "position"), False),
            (("tenant_id", "issue_id"), False),
        )


class Enrolment(TenantModel):
    """A contact's place in a series; once in each, so that nobody gets a step twice by being enrolled again."""

    automailer_id = IntegerField()
    subscriber_id = BigIntegerField()
    organisation_id = BigIntegerField(null=True)
    state = CharField(max_length=10, default=State.RUNNING)
    step_id = IntegerField(null=True)  # the next one
    next_at = BigIntegerField(null=True)
    suspended_at = BigIntegerField(null=True)
    why = CharField(max_length=10, default=Why.HAND)
    reason = SmallIntegerField(null=True)  # ledger.states.LeftOut
    by_id = IntegerField(null=True)
    started_at = MomentField(default=clock.now)
    changed_at = MomentField(default=clock.now)

    class Meta:
        indexes = (
            (("tenant_id", "automailer_id", "subscriber_id"), True),
            (("tenant_id", "automailer_id", "id"), False),
            (("tenant_id", "automailer_id", "state", "step_id", "next_at"), False),
            (("tenant_id", "automailer_id", "state", "id"), False),
            (("tenant_id", "subscriber_id"), False),
            (("tenant_id", "organisation_id"), False),
        )


class EnrolmentMail(TenantModel):
    """A step that went into the ledger for an enrolment: once, by the table itself."""

    automailer_id = IntegerField()
    enrolment_id = IntegerField()
    step_id = IntegerField()
    delivery_id = BigIntegerField()
    at = BigIntegerField()

    class Meta:
        indexes = (
            (("tenant_id", "enrolment_id", "step_id"), True),
            (("tenant_id", "automailer_id", "step_id"), False),
            (("tenant_id", "delivery_id"), False),
        )
