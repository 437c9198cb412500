"""Where mails leave the house and in whose name."""

from enum import StrEnum

from peewee import BooleanField, CharField, FloatField, IntegerField, TextField

from domain import clock
from domain.db import BaseModel, JSONText, MomentField
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


class Proof(StrEnum):
    """How we know that a tenant may send as a domain."""

    DNS = "dns"
    VOUCHED = "vouched"  # by an administrator of the installation, with a reason


class SenderDomain(TenantModel):
    """A domain in whose name the tenant may send once `verified_at` is set. `findings` is what the last look at
    DNS and the newest mail found: rule → [state, message id, its params] (senders.findings)."""

    domain = CharField(max_length=255)
    proof = CharField(max_length=8, default=Proof.VOUCHED)
    verified_at = MomentField(null=True)
    verified_by_id = IntegerField(null=True)
    reason = CharField(max_length=300, default="")
    created_at = MomentField(default=clock.now)
    findings = JSONText(default=dict)
    checked_at = MomentField(null=True)
    asked_at = MomentField(null=True)  # somebody waits for the next look

    class Meta:
        indexes = ((("tenant_id", "domain"), True),)


class KeyState(StrEnum):
    WAITING = "waiting"  # for its record in DNS, or switched off
    ACTIVE = "active"
    RETIRED = "retired"  # followed by another one; its record must stay while mails are on the way


class DkimKey(TenantModel):
    """A DKIM key of a sender domain. The private half is sealed; only dispatcher.senders opens it."""

    domain_id = IntegerField()
    selector = CharField(max_length=40)
    algorithm = CharField(max_length=8)  # rsa, ed25519
    public = TextField()  # what p= says
    sealed = TextField()
    state = CharField(max_length=8, default=KeyState.WAITING)
    created_at = MomentField(default=clock.now)
    seen_at = MomentField(null=True)  # DNS showed the record; None: not, or not any more
    active_at = MomentField(null=True)
    retired_at = MomentField(null=True)

    class Meta:
        indexes = ((("tenant_id", "domain_id", "selector"), True),)
