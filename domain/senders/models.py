"""Where mails leave the house and in whose name."""

from peewee import BooleanField, CharField, FloatField, IntegerField, TextField

from domain import clock
from domain.db import BaseModel, MomentField
from domain.tenancy.models import TenantModel


class Relay(BaseModel):
    """A mail server that takes our mails. `tenant_id` None: for all tenants."""

    tenant_id = IntegerField(null=True, index=True)
    name = CharField(max_length=80)
    host = CharField(max_length=255)
    port = IntegerField(default=25)
    security = CharField(max_length=12, default="opportunistic")  # off, opportunistic, required, tls
    username = CharField(max_length=255, default="")
    secret = TextField(default="")  # encrypted; only dispatcher.senders reads it
    max_connections = IntegerField(default=8)
    per_second = FloatField(null=True)
    per_hour = IntegerField(null=True)
    position = IntegerField(default=0)
    active = BooleanField(default=True)
    open_until = MomentField(null=True)  # circuit breaker
    open_reason = CharField(max_length=300, default="")


class SenderDomain(TenantModel):
    """A domain in whose name the tenant may send: proved by DNS or vouched for by an administrator."""

    domain = CharField(max_length=255)
    verified_at = MomentField(null=True)
    verified_by_id = IntegerField(null=True)
    reason = CharField(max_length=300, default="")
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "domain"), True),)
