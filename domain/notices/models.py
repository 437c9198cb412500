"""The bell of a person and the outbox of mails that the house itself sends."""

from enum import StrEnum

from peewee import BigIntegerField, CharField, IntegerField, TextField

from domain import clock
from domain.db import BaseModel, JSONText, MomentField
from domain.tenancy.models import TenantModel


class Notice(TenantModel):
    """One line for one person: a message id with its values and where it leads."""

    user_id = IntegerField()
    message = CharField(max_length=200)
    params = JSONText(default=dict)
    url = CharField(max_length=300, default="")
    created_at = MomentField(default=clock.now)
    read_at = MomentField(null=True)
    letter = CharField(max_length=20, default="")  # template of its mail; empty: the one for every notice
    mail = CharField(max_length=5, default="")  # goes out by mail: now, daily; empty: it went, or it does not

    class Meta:
        indexes = ((("tenant_id", "user_id", "read_at"), False), (("mail", "user_id"), False))


class MailState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


class OutboxMail(BaseModel):
    """A system mail (opt-in, reset, test, completion). The row is the truth; a task only nudges."""

    tenant_id = IntegerField(null=True)
    kind = CharField(max_length=30)
    sender_name = CharField(max_length=120, default="")
    sender_address = CharField(max_length=254, default="")
    to_address = CharField(max_length=254)
    to_name = CharField(max_length=120, default="")
    subject = CharField(max_length=300)
    plain = TextField(default="")
    html = TextField(null=True)
    headers = JSONText(default=dict)
    raw = TextField(null=True)  # a complete message (base64) for test mails, sent as it is
    state = CharField(max_length=10, default=MailState.QUEUED)
    attempts = IntegerField(default=0)
    next_at = BigIntegerField(default=0)
    reply = CharField(max_length=300, default="")
    created_at = MomentField(default=clock.now)
    sent_at = MomentField(null=True)

    class Meta:
        indexes = ((("tenant_id", "kind"), False), (("state", "next_at"), False))
