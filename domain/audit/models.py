"""The log: what was done, by whom, to what, in which tenant; a chain of hashes per tenant."""

from peewee import BigIntegerField, CharField, IntegerField

from domain import clock
from domain.db import BaseModel, JSONText, MomentField


class AuditEntry(BaseModel):
    """One act, never changed. Plain ids: what it names may be gone. `tenant_id` 0: the installation."""

    tenant_id = IntegerField()
    number = BigIntegerField()  # position in the tenant's chain
    at = MomentField(default=clock.now)
    user_id = IntegerField(null=True)
    as_whom = CharField(
        max_length=80, default=""
    )  # "support", "stand-in for 7", "by link"; empty: as himself
    address = CharField(max_length=45, default="")
    act = CharField(max_length=60)
    kind = CharField(max_length=40, default="")
    object_id = BigIntegerField(null=True)
    details = JSONText(default=dict)
    reference = CharField(max_length=80, default="")  # ticket number of an order, export, lock or suppression
    previous = CharField(max_length=64)
    hash = CharField(max_length=64)

    class Meta:
        indexes = (
            (("tenant_id", "number"), True), (("tenant_id", "kind", "object_id"), False),
            (("tenant_id", "reference"), False),
        )  # fmt: skip
