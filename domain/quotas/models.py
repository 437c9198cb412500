"""How many mails may be sent, by whom and to whom, and how many of them are used up."""

from enum import StrEnum

from peewee import BigAutoField, BigIntegerField, CharField, IntegerField, SmallIntegerField

from domain.db import BaseModel, JSONText
from domain.tenancy.models import TenantModel

HOUSE = 0  # stands for a tenant's id where something holds for the whole house
INTERVAL = "interval"  # window of a campaign that goes out in portions


class Window(StrEnum):
    CAMPAIGN = "campaign"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class Scope(StrEnum):
    """Whose limit it is; `holder_id` of a counter is the id of the role or the person, 0 for the tenant."""

    ROLE = "role"
    PERSON = "person"
    TENANT = "tenant"
    CAMPAIGN = "campaign"


class VolumeLimit(BaseModel):
    """At most `ceiling` mails of a role in one window; no row: no limit."""

    role_id = IntegerField()
    window = CharField(max_length=10)
    ceiling = IntegerField()

    class Meta:
        indexes = ((("role_id", "window"), True),)


class OwnLimit(TenantModel):
    """A limit of the whole tenant, or an exception for one person, who then counts alone and no longer with the
    role. `ceiling` None (persons only): the limit of the role does not hold."""

    scope = CharField(max_length=10)
    holder_id = IntegerField(default=0)
    window = CharField(max_length=10)
    ceiling = IntegerField(null=True)

    class Meta:
        indexes = ((("tenant_id", "scope", "holder_id", "window"), True),)


class VolumeCounter(TenantModel):
    """What a holder has reserved in the window that starts at `start` (epoch seconds; campaign id for CAMPAIGN)."""

    scope = CharField(max_length=10, default=Scope.ROLE)
    holder_id = IntegerField()
    window = CharField(max_length=10)
    start = BigIntegerField()
    used = IntegerField(default=0)

    class Meta:
        indexes = ((("tenant_id", "scope", "holder_id", "window", "start"), True),)


class Reservation(TenantModel):
    """One claim: which counters its deliveries were counted in, so that whatever is not sent goes back to
    exactly these. `caps`: tenants (HOUSE for all) whose contact cap counted them on `day`."""

    id = BigAutoField()
    campaign_id = IntegerField()
    counters = JSONText(default=list)
    caps = JSONText(default=list)
    day = IntegerField()  # days since 1970, UTC

    class Meta:
        indexes = ((("tenant_id", "day"), False),)


class ContactCap(BaseModel):
    """At most `most` mails to one address within `days` days: of the house (HOUSE) or of one tenant."""

    tenant_id = IntegerField(unique=True)
    most = IntegerField()
    days = SmallIntegerField()


class ContactCounter(BaseModel):
    """How many mails an address got on one day, by a keyed hash: of all tenants (HOUSE) or of one."""

    tenant_id = IntegerField()
    address_hash = CharField(max_length=40)
    day = IntegerField()
    used = IntegerField(default=0)

    class Meta:
        indexes = ((("tenant_id", "address_hash", "day"), True), (("day",), False))
