"""Where mails leave the house and in whose name."""

from enum import StrEnum

from peewee import BigIntegerField, BooleanField, CharField, FloatField, IntegerField, TextField

from domain import clock
from domain.db import BaseModel, JSONText, MomentField
from domain.tenancy.models import TenantModel


class Relay(BaseModel):
    """A mail server that takes our mails. `tenant_id` None: for all tenants.

    `failures` and the `open…` columns are the circuit breaker that all dispatchers share (senders.breaker).
    """

    tenant_id = IntegerField(null=True, index=True)
    name = CharField(max_length=80)
    host = CharField(max_length=255)
    port = IntegerField(default=25)
    security = CharField(max_length=20, default="opportunistic")  # off, opportunistic, required, tls
    verify = BooleanField(default=False)  # the certificate must be valid for `host`
    username = CharField(max_length=255, default="")
    secret = TextField(default="")  # sealed; only dispatcher.senders opens it
    clear_auth = BooleanField(default=False)  # the password may leave without encryption
    private = BooleanField(default=False)  # a tenant's relay may lie in our own network
    domains = TextField(default="")  # sender domains it serves, one a line; empty: all
    max_connections = IntegerField(default=8)
    per_second = FloatField(null=True)
    per_hour = IntegerField(null=True)
    position = IntegerField(default=0)
    active = BooleanField(default=True)
    from_settings = BooleanField(default=False)  # stands for SMTP_URL, written by the dispatcher
    failures = IntegerField(default=0)  # in a row
    opened_at = MomentField(null=True)
    open_until = MomentField(null=True)
    open_reason = CharField(max_length=300, default="")
    test_asked_at = MomentField(null=True)
    tested_at = MomentField(null=True)
    test = JSONText(null=True)  # what the last test found (dispatcher.probe)


class DomainRate(BaseModel):
    """What a recipient domain takes from this installation. `pattern`: a domain, or `*.domain` for those below;
    behind `mx:` it means the mail server that takes the domain's mail (senders.mailhosts)."""

    pattern = CharField(max_length=255, unique=True)
    per_second = FloatField(null=True)
    max_connections = IntegerField(null=True)  # mails under way at the same time
    note = CharField(max_length=200, default="")


class MailHost(BaseModel):
    """The best mail server of a recipient domain; `mx` "" while it is not known or there is none."""

    domain = CharField(max_length=255, primary_key=True)
    mx = CharField(max_length=255, default="", index=True)
    looked_at = BigIntegerField(default=0, index=True)


class Lending(BaseModel):
    """What dispatchers have borrowed of a rate; one row per rate, locked while it is lent (senders.rates)."""

    key = CharField(max_length=40, primary_key=True)
    next_slot_us = BigIntegerField(default=0)  # microseconds since 1970
    used = JSONText(null=True)  # minute since 1970 → mails
    held = JSONText(null=True)  # dispatcher's id → connections


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
