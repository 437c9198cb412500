"""People with one sign-in, and the roles they hold in tenants."""

from enum import StrEnum

from peewee import BigIntegerField, BooleanField, CharField, ForeignKeyField, IntegerField

from domain import clock
from domain.db import BaseModel, MomentField


class User(BaseModel):
    """One person, one sign-in, any number of tenants. `email` is stored casefolded."""

    email = CharField(max_length=254, unique=True)
    name = CharField(max_length=120)
    password_hash = CharField(max_length=255, null=True)
    language = CharField(max_length=2, default="de")
    theme = CharField(max_length=5, null=True)  # light, dark; None follows the system
    active = BooleanField(default=True)
    administers_house = BooleanField(default=False)  # tenants, relays, processes of the installation
    created_at = MomentField(default=clock.now)
    second_nonce = CharField(max_length=40, null=True)  # the secret of the second factor is derived from it
    second_since = MomentField(null=True)  # None: not switched on
    second_step = BigIntegerField(default=0)  # the last time step used, so that no code counts twice
    notice_mail = CharField(max_length=5, default="now")  # notices by mail: now, daily, off
    stand_in_id = IntegerField(null=True)  # who is told, too, while the person is away
    away_from = MomentField(null=True)  # None: already
    away_until = MomentField(null=True)


class RecoveryCode(BaseModel):
    """A way in without the second factor, for one use; the row holds the keyed hash."""

    user = ForeignKeyField(User, backref="recovery_codes", on_delete="CASCADE")
    code_hash = CharField(max_length=64)
    used_at = MomentField(null=True)


class UserSession(BaseModel):
    """One signed-in browser. The cookie holds a secret, the row its keyed hash."""

    user = ForeignKeyField(User, backref="sessions", on_delete="CASCADE")
    token_hash = CharField(max_length=64, unique=True)
    created_at = MomentField(default=clock.now)
    seen_at = MomentField(default=clock.now)
    expires_at = MomentField()
    address = CharField(max_length=45, default="")
    agent = CharField(max_length=200, default="")


class Role(BaseModel):
    """A named set of rights; `tenant_id` None: defined centrally, for all tenants."""

    tenant_id = IntegerField(null=True, index=True)
    name = CharField(max_length=80)
    starter = CharField(
        max_length=30, null=True
    )  # key of the starter set it came from; its name is translated


class RolePermission(BaseModel):
    """One right of one role; the words are in accounts.permissions."""

    role = ForeignKeyField(Role, backref="grants", on_delete="CASCADE")
    permission = CharField(max_length=60)
    denied = BooleanField(default=False)  # forbidden, also if another role of the person allows it

    class Meta:
        indexes = ((("role", "permission"), True),)


class Membership(BaseModel):
    """A user's role in a tenant; may end on a date and be bound to a territory node."""

    tenant_id = IntegerField()
    user = ForeignKeyField(User, backref="memberships", on_delete="CASCADE")
    role = ForeignKeyField(Role, backref="memberships", on_delete="RESTRICT")
    territory_id = IntegerField(null=True)
    until = MomentField(null=True)
    release_id = IntegerField(null=True)  # lent by another tenant: the release it goes with
    lent_until = MomentField(null=True)
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "user", "role"), True), (("user", "tenant_id"), False))


class DutyKind(StrEnum):
    ADMINISTER = "administer"
    SUPPORT = "support"
    DESK = "desk"  # the person desk: looks up, blocks and erases an address in all these tenants


class Duty(BaseModel):
    """A person who administers a tenant and all below it, may enter them as support, or sits at the person desk."""

    tenant_id = IntegerField()
    user = ForeignKeyField(User, backref="duties", on_delete="CASCADE")
    kind = CharField(max_length=12)
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "user", "kind"), True), (("user", "kind"), False))


class SupportVisit(BaseModel):
    """Support inside of a tenant: for a reason and a limited time, seen by everybody."""

    tenant_id = IntegerField()
    user = ForeignKeyField(User, on_delete="CASCADE")
    reason = CharField(max_length=300)
    began_at = MomentField(default=clock.now)
    until = MomentField()

    class Meta:
        indexes = ((("tenant_id", "user", "until"), False),)
