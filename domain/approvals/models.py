"""Decisions over exactly one fingerprint of one object."""

from enum import StrEnum

from peewee import BigIntegerField, CharField, IntegerField, TextField

from domain import clock
from domain.db import MomentField
from domain.tenancy.models import TenantModel


class ApprovalState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    RETURNED = "returned"
    REJECTED = "rejected"
    VOID = "void"


class Approval(TenantModel):
    """A request to clear (kind, object_id) as it was when `fingerprint` was taken."""

    kind = CharField(max_length=40)
    object_id = BigIntegerField()
    fingerprint = CharField(max_length=64)
    state = CharField(max_length=12, default=ApprovalState.OPEN)
    step = IntegerField(default=1)
    asked_by_id = IntegerField()
    asked_at = MomentField(default=clock.now)
    note = TextField(default="")
    decided_by_id = IntegerField(null=True)
    decided_at = MomentField(null=True)
    remark = TextField(default="")

    class Meta:
        indexes = ((("tenant_id", "kind", "object_id"), False), (("tenant_id", "state"), False))
