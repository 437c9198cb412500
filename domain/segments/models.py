"""Saved queries over subscribers."""

from peewee import CharField, IntegerField

from domain import clock
from domain.db import JSONText, MomentField
from domain.tenancy.models import TenantModel


class Segment(TenantModel):
    """A saved question about the tenant's people, with the columns it shows."""

    name = CharField(max_length=120)
    alias = CharField(max_length=60, default="")
    query = JSONText(default=dict)
    columns = JSONText(default=list)
    created_by_id = IntegerField(null=True)
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "name"), True),)
