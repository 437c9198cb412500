"""Tenants, a tree of head office and branches, and the base of every table that belongs to one."""

from enum import StrEnum

from peewee import BooleanField, CharField, IntegerField

from domain import clock
from domain.db import BaseModel, JSONText, MomentField


class TenantStatus(StrEnum):
    ACTIVE = "active"
    NO_SENDING = "no_sending"
    NO_SIGN_IN = "no_sign_in"
    BLOCKED = "blocked"


class Tenant(BaseModel):
    """A strictly separated organisation. `settings` holds what it overrides of its parent (tenancy.settings)."""

    slug = CharField(max_length=40, unique=True)
    name = CharField(max_length=120)
    parent_id = IntegerField(null=True, index=True)
    status = CharField(max_length=20, default=TenantStatus.ACTIVE)
    is_demo = BooleanField(default=False)  # sends to the mail catcher whatever SMTP_URL says
    host = CharField(max_length=255, null=True, unique=True)  # own host name in links; None: PUBLIC_URL
    is_test = BooleanField(default=False)  # does everything but send
    is_blueprint = BooleanField(default=False)  # new tenants begin as copies of it
    delete_at = MomentField(null=True)  # to be deleted then, until somebody takes it back
    settings = JSONText(default=dict)
    created_at = MomentField(default=clock.now)


class TenantModel(BaseModel):
    """Base of everything a tenant owns: `tenant_id` leads every index, and every query names it."""

    tenant_id = IntegerField()

    def _pk_expr(self):  # type: ignore[no-untyped-def]
        """What save() and delete_instance() find their row by: the tenant, too."""
        return (self.__class__.tenant_id == self.tenant_id) & super()._pk_expr()


class TerritoryNode(TenantModel):
    """A place in a tenant's tree of territories (federation, state, district), to which its people belong."""

    name = CharField(max_length=120)
    parent_id = IntegerField(null=True)
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "parent_id", "name"), False),)
