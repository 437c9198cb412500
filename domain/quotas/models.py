"""How many mails a role may send, and how many of them are used up."""

from enum import StrEnum

from peewee import BigIntegerField, CharField, IntegerField

from domain.db import BaseModel
from domain.tenancy.models import TenantModel


class Window(StrEnum):
    CAMPAIGN = "campaign"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class VolumeLimit(BaseModel):
    """At most `ceiling` mails of a role in one window; no row: no limit."""

    role_id = IntegerField()
    window = CharField(max_length=10)
    ceiling = IntegerField()

    class Meta:
        indexes = ((("role_id", "window"), True),)


class VolumeCounter(TenantModel):
    """What a role has reserved in the window that starts at `start` (epoch seconds; campaign id for CAMPAIGN)."""

    role_id = IntegerField()
    window = CharField(max_length=10)
    start = BigIntegerField()
    used = IntegerField(default=0)

    class Meta:
        indexes = ((("tenant_id", "role_id", "window", "start"), True),)
