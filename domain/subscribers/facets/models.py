"""Own fields, tags, status tracks and notes; `holder` says whether `holder_id` is a subscriber or an organisation."""

from enum import StrEnum

from peewee import BigIntegerField, BooleanField, CharField, IntegerField, TextField

from domain import clock
from domain.db import JSONText, MomentField
from domain.tenancy.models import TenantModel


class Holder(StrEnum):
    SUBSCRIBER = "subscriber"
    ORGANISATION = "organisation"


class OwnField(TenantModel):
    """A field that the tenant has invented, for people or organisations. `key` never changes."""

    holder = CharField(max_length=12, default="subscriber")  # subscriber, organisation
    key = CharField(max_length=80)
    name = CharField(max_length=80)
    kind = CharField(max_length=10, default="text")  # text, number, date, choice, choices, yesno
    choices = JSONText(default=list)
    help = CharField(max_length=200, default="")
    required = BooleanField(default=False)
    is_unique = BooleanField(default=False)
    position = IntegerField(default=0)
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "holder", "key"), True),)


class OwnValue(TenantModel):
    """The value of a unique own field, so that the table refuses a second one."""

    field_id = IntegerField()
    value = CharField(max_length=300)
    holder_id = BigIntegerField()

    class Meta:
        indexes = (
            (("tenant_id", "field_id", "value"), True),
            (("tenant_id", "holder_id", "field_id"), False),
        )


class Tag(TenantModel):
    name = CharField(max_length=60)
    folded = CharField(max_length=60)

    class Meta:
        indexes = ((("tenant_id", "folded"), True),)


class Tagging(TenantModel):
    """A tag on a subscriber or an organisation."""

    tag_id = IntegerField()
    holder = CharField(max_length=12)
    holder_id = BigIntegerField()

    class Meta:
        indexes = (
            (("tenant_id", "tag_id", "holder", "holder_id"), True),
            (("tenant_id", "holder", "holder_id"), False),
        )


class StatusTrack(TenantModel):
    """A named course, such as a sales campaign; a subscriber or an organisation has at most one value in it."""

    name = CharField(max_length=120)
    position = IntegerField(default=0)

    class Meta:
        indexes = ((("tenant_id", "name"), True),)


class StatusValue(TenantModel):
    track_id = IntegerField()
    name = CharField(max_length=80)
    position = IntegerField(default=0)

    class Meta:
        indexes = ((("tenant_id", "track_id", "name"), True),)


class Standing(TenantModel):
    """Where a subscriber or an organisation stands in a track."""

    track_id = IntegerField()
    value_id = IntegerField()
    holder = CharField(max_length=12)
    holder_id = BigIntegerField()
    by_id = IntegerField(null=True)
    at = MomentField(default=clock.now)

    class Meta:
        indexes = (
            (("tenant_id", "holder", "holder_id", "track_id"), True),
            (("tenant_id", "value_id", "holder", "holder_id"), False),
            (("tenant_id", "value_id", "holder", "at"), False),  # who has come there lately
        )


class Note(TenantModel):
    """What somebody of the house wrote about a subscriber or an organisation."""

    holder = CharField(max_length=12)
    holder_id = BigIntegerField()
    text = TextField()
    by_id = IntegerField(null=True)
    at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "holder", "holder_id", "id"), False),)
