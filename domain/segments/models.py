"""Saved queries over subscribers."""

from peewee import BigIntegerField, CharField, IntegerField

from domain import clock
from domain.db import JSONText, MomentField
from domain.tenancy.models import TenantModel


class Segment(TenantModel):
    """A saved question about the tenant's people, with the columns it shows. With `frozen_at` its people are those of
    that moment (SegmentMember), whatever they become."""

    name = CharField(max_length=120)
    alias = CharField(max_length=60, default="")
    query = JSONText(default=dict)
    columns = JSONText(default=list)
    computed = JSONText(default=list)  # of segments.computed: [{"name", "of": [keys of columns]}]
    created_by_id = IntegerField(null=True)
    created_at = MomentField(default=clock.now)
    updated_at = MomentField(default=clock.now)
    frozen_at = MomentField(null=True)

    class Meta:
        indexes = ((("tenant_id", "name"), True),)


class SegmentMember(TenantModel):
    """One of the people of a frozen segment."""

    segment_id = IntegerField()
    subscriber_id = BigIntegerField()

    class Meta:
        indexes = ((("tenant_id", "segment_id", "subscriber_id"), True),)
