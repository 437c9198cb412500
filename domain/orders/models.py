"""Mailings that somebody has asked for, and every step that an order went through."""

from enum import StrEnum

from peewee import BooleanField, CharField, DateField, IntegerField, TextField

from domain import clock
from domain.db import MomentField
from domain.tenancy.models import TenantModel


class OrderState(StrEnum):
    ASKED = "asked"  # waits for the office
    ACCEPTED = "accepted"  # the office works on it
    RETURNED = "returned"  # the asker has to say more
    RELEASED = "released"  # an issue and a mailing of the office now
    WITHDRAWN = "withdrawn"  # by the asker


class MailingOrder(TenantModel):
    """What is wished, in the words of who asks. `version` rises with every step: of two clicks one counts."""

    title = CharField(max_length=120)
    text = TextField(default="")
    audience = CharField(max_length=500, default="")
    territory = CharField(max_length=200, default="")
    territory_id = IntegerField(null=True)
    wanted_on = DateField(null=True)
    reason = CharField(max_length=500, default="")
    reference = CharField(max_length=60, default="")  # ticket number elsewhere
    state = CharField(max_length=12, default=OrderState.ASKED)
    version = IntegerField(default=1)
    asked_by_id = IntegerField()
    office_by_id = IntegerField(null=True)  # who in the office took it
    issue_id = IntegerField(null=True)
    campaign_id = IntegerField(null=True)
    result_told = BooleanField(default=False)
    created_at = MomentField(default=clock.now)
    updated_at = MomentField(default=clock.now)

    class Meta:
        indexes = (
            (("tenant_id", "state", "id"), False),
            (("tenant_id", "asked_by_id", "id"), False),
            (("tenant_id", "campaign_id"), False),
            (("tenant_id", "reference"), False),
        )


class OrderStep(TenantModel):
    """One step of an order with the remark that went with it."""

    order_id = IntegerField()
    act = CharField(max_length=12)
    by_id = IntegerField(null=True)  # None: the house itself
    remark = TextField(default="")
    at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "order_id", "id"), False),)
