"""Decisions over exactly one fingerprint of one object."""

from enum import StrEnum

from peewee import BigIntegerField, BooleanField, CharField, IntegerField, TextField

from domain import clock
from domain.db import JSONText, MomentField
from domain.tenancy.models import TenantModel


class ApprovalState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    RETURNED = "returned"
    REJECTED = "rejected"
    VOID = "void"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    SKIPPED = "skipped"  # too few recipients to need one


class ApprovalFlow(TenantModel):
    """How one kind of object is approved in a tenant: its steps and how long a request waits."""

    kind = CharField(max_length=40)
    object_id = BigIntegerField(null=True)  # a media folder; None: everything of the kind
    free_below = IntegerField(default=0)  # fewer recipients than this need no approval
    deadline_h = IntegerField(null=True)  # a request is void after so many hours
    escalate_h = IntegerField(null=True)  # every so many hours who may decide is told again
    up_h = IntegerField(null=True)  # after so many hours another role is told and may decide, too
    up_role_id = IntegerField(null=True)
    told_role_id = IntegerField(null=True)  # these are told, too
    told_ids = JSONText(default=list)  # and these people by name
    self_allowed = BooleanField(default=False)

    class Meta:
        indexes = ((("tenant_id", "kind", "object_id"), False),)


class ApprovalStep(TenantModel):
    """One step of a flow: so many people of a role, only from a number of recipients on."""

    flow_id = IntegerField()
    position = IntegerField()
    role_id = IntegerField(null=True)  # None: everybody who may decide
    needed = IntegerField(default=1)
    from_size = IntegerField(default=0)
    addresses = JSONText(default=list)  # people without an account who may decide, by signed link and code

    class Meta:
        indexes = ((("tenant_id", "flow_id", "position"), False),)


class ApprovalVote(TenantModel):
    """What one person decided in one step of a request. `user_id` below zero: a guest, by the negative id."""

    approval_id = IntegerField()
    step = IntegerField()
    user_id = IntegerField()
    for_user_id = IntegerField(null=True)  # who was away, when a stand-in decided
    state = CharField(max_length=12)
    remark = TextField(default="")
    at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "approval_id", "step", "user_id"), True),)


class ApprovalGuest(TenantModel):
    """Somebody known only by an address who may decide one request, and the code last sent there."""

    approval_id = IntegerField()
    address = CharField(max_length=254)
    code_hash = CharField(max_length=64, default="")
    code_until = MomentField(null=True)
    tries = IntegerField(default=0)
    came_at = MomentField(null=True)

    class Meta:
        indexes = ((("tenant_id", "approval_id", "address"), True),)


class Approval(TenantModel):
    """A request to clear (kind, object_id) as it was when `fingerprint` was taken. `decided_by_id` below zero: a
    guest, by the negative id."""

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
    steps = JSONText(
        default=list
    )  # the steps when it was asked: [{"role_id", "needed", "addresses"}]; empty: one by anybody
    size = IntegerField(default=0)  # recipients when it was asked
    title = CharField(max_length=200, default="")  # name of the object when it was asked
    terms = CharField(max_length=64, default="")  # hash of audience, sender and time alone
    deadline_at = MomentField(null=True)
    escalate_at = MomentField(null=True)  # the next reminder
    up_at = MomentField(null=True)  # when another role is told and may decide, too
    up_role_id = IntegerField(null=True)  # that role, once it may
    reason = CharField(max_length=200, default="")  # why it became void

    class Meta:
        indexes = ((("tenant_id", "kind", "object_id"), False), (("tenant_id", "state"), False))
