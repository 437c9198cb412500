"""Objects that one tenant has opened to others."""

from enum import StrEnum

from peewee import BigIntegerField, BooleanField, CharField, IntegerField

from domain import clock
from domain.db import MomentField
from domain.tenancy.models import TenantModel


class ReleaseMode(StrEnum):
    USE = "use"
    ADMINISTER = "administer"


class Release(TenantModel):
    """`tenant_id` gives; `to_tenant_id` receives (None: all), with its subtree if asked."""

    kind = CharField(max_length=40)
    object_id = BigIntegerField()
    to_tenant_id = IntegerField(null=True)
    with_subtree = BooleanField(default=False)
    mode = CharField(max_length=12, default=ReleaseMode.USE)
    until = MomentField(null=True)
    created_by_id = IntegerField(null=True)
    created_at = MomentField(default=clock.now)
    recalled_at = MomentField(null=True)
    recalled_by_id = IntegerField(null=True)

    class Meta:
        indexes = ((("tenant_id", "kind", "object_id"), False), (("to_tenant_id", "kind"), False))
