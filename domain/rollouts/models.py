"""A central issue that goes out in the name of many tenants, and how far each of them is."""

from enum import StrEnum

from peewee import BooleanField, CharField, IntegerField, TextField

from domain import clock
from domain.db import JSONText, MomentField
from domain.tenancy.models import TenantModel


class RolloutState(StrEnum):
    DRAFT = "draft"  # the head office prepares it
    OPEN = "open"  # the branches have it
    CALLED_OFF = "called_off"


class BranchState(StrEnum):
    INVITED = "invited"
    MISSING = "missing"  # something of the branch that a stand-in name asks for is not there yet
    JOINED = "joined"  # has its own issue and mailing
    DECLINED = "declined"


class Rollout(TenantModel):
    """`slots` names what branches may fill: id of a block of the central issue → {"folder": stand-in name or ""}.
    Every other block is locked in their copies."""

    issue_id = IntegerField()
    name = CharField(max_length=120)
    note = TextField(default="")
    state = CharField(max_length=12, default=RolloutState.DRAFT)
    slots = JSONText(default=dict)
    subject_open = BooleanField(default=False)
    send_at = MomentField(null=True)  # proposed; each branch decides
    join_until = MomentField(null=True)
    created_by_id = IntegerField()
    created_at = MomentField(default=clock.now)
    opened_at = MomentField(null=True)
    closed_at = MomentField(null=True)

    class Meta:
        indexes = ((("tenant_id", "state", "id"), False), (("tenant_id", "issue_id"), False))


class RolloutBranch(TenantModel):
    """A branch in a rollout. `tenant_id` is the head office; `branch_tenant_id` has the issue."""

    rollout_id = IntegerField()
    branch_tenant_id = IntegerField()
    obliged = BooleanField(default=False)
    state = CharField(max_length=12, default=BranchState.INVITED)
    missing = JSONText(default=list)  # [[kind, stand-in name], …]
    remark = TextField(default="")
    reminded = BooleanField(default=False)  # that the time to answer is nearly over
    issue_id = IntegerField(null=True)
    campaign_id = IntegerField(null=True)
    decided_by_id = IntegerField(null=True)
    decided_at = MomentField(null=True)

    class Meta:
        indexes = (
            (("tenant_id", "rollout_id", "branch_tenant_id"), True),
            (("branch_tenant_id", "state"), False),
        )
