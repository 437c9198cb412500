"""The ledger: a durable row per mail. Written set-wise by ledger.outbox, never saved one by one.

Moments here are whole seconds since 1970 as plain integers: the hot path reads rows as tuples.
"""

from peewee import (
    SQL,
    BigAutoField,
    BigIntegerField,
    BooleanField,
    CharField,
    IntegerField,
    SmallIntegerField,
    TextField,
)

from domain.db import BaseModel, JSONText
from domain.ledger.states import NOTABLE_SQL, DeliveryState
from domain.tenancy.models import TenantModel


class Delivery(TenantModel):
    """One campaign's mail to one subscriber. `address_key` is unique in the campaign; for people left out
    without one it is `none:<subscriber>` or `dup:<subscriber>`."""

    id = BigAutoField()
    campaign_id = IntegerField()
    subscriber_id = BigIntegerField(null=True)
    address_key = CharField(max_length=320)
    state = SmallIntegerField(default=DeliveryState.QUEUED)
    reason = SmallIntegerField(null=True)
    attempt = SmallIntegerField(default=0)  # claims: with the owner it tells whose word counts
    returned = SmallIntegerField(default=0)  # those among them of which no server heard
    owner_id = BigIntegerField(null=True)
    lease_until = BigIntegerField(null=True)
    next_at = BigIntegerField(default=0)
    reserved_at = BigIntegerField(
        null=True
    )  # moment of the claim that reserved volume for it; a retry reuses that
    reservation_id = BigIntegerField(null=True)  # quotas.Reservation; None: nothing is reserved
    revision_id = IntegerField(null=True)
    handed_over = BooleanField(default=False)
    maybe_duplicate = BooleanField(default=False)
    reply_code = SmallIntegerField(null=True)
    enhanced = CharField(max_length=12, null=True)
    reply_text = CharField(max_length=300, null=True)
    queued_at = BigIntegerField()
    settled_at = BigIntegerField(null=True)

    class Meta:
        indexes = (
            (("tenant_id", "campaign_id", "address_key"), True),
            (("tenant_id", "campaign_id", "state", "next_at"), False),
            (("tenant_id", "subscriber_id"), False),
        )


# what was refused is looked through for dead addresses; few rows are, so that the others cost nothing here either
Delivery.add_index(
    Delivery.index(Delivery.settled_at, where=Delivery.state == DeliveryState.FAILED, name="delivery_refused")
)
# so that their first page comes without sorting all of them
Delivery.add_index(
    Delivery.index(
        Delivery.tenant_id, Delivery.campaign_id, Delivery.id,
        where=SQL(NOTABLE_SQL), name="delivery_notable",
    )
)  # fmt: skip


class Leaseholder(TenantModel):
    """A deliver process has claimed rows of a campaign and may hold some: where its successor looks for them. An
    index of the leased rows themselves cost each mail twice, once when it was claimed and once when it was settled."""

    owner_id = BigIntegerField()
    campaign_id = IntegerField()

    class Meta:
        indexes = ((("owner_id", "tenant_id", "campaign_id"), True),)


class DeliveryPayload(BaseModel):
    """What the mail of a delivery is made of, frozen at the snapshot; erased by retention."""

    delivery_id = BigIntegerField(primary_key=True)
    tenant_id = IntegerField()
    campaign_id = IntegerField()
    address = CharField(max_length=254)
    packed = TextField()  # JSON object: placeholder name → value

    class Meta:
        indexes = ((("tenant_id", "campaign_id"), False),)


class DeliveryEvent(TenantModel):
    """What came back after the hand-over: bounced, complained, opened, clicked, unsubscribed. Of openings and clicks
    there is one row per mail and link, with how often and when last; `link` is None for all others."""

    delivery_id = BigIntegerField()
    campaign_id = IntegerField()
    kind = CharField(max_length=16)
    detail = CharField(max_length=300, default="")
    at = BigIntegerField()
    link = SmallIntegerField(
        null=True
    )  # number of the link in the revision that the mail is of; 0: an opening
    times = IntegerField(default=1)
    first_at = BigIntegerField(null=True)

    class Meta:
        indexes = (
            (("tenant_id", "campaign_id", "kind"), False),
            (("tenant_id", "delivery_id"), False),
            (("tenant_id", "delivery_id", "kind", "link"), True),
        )


class MeasureTally(TenantModel):
    """Openings and clicks of a mailing as numbers, without anybody: where no person is remembered, what machines did,
    and what is left of events whose persons were forgotten. Link 0 of clicks counts people who clicked anywhere."""

    campaign_id = IntegerField()
    revision_id = IntegerField()
    kind = CharField(max_length=16)  # opened, clicked, machine_opened, machine_clicked
    link = SmallIntegerField()
    times = IntegerField(default=0)
    people = IntegerField(default=0)

    class Meta:
        indexes = ((("tenant_id", "campaign_id", "revision_id", "kind", "link"), True),)


class DispatcherProcess(BaseModel):
    """A deliver process: its heartbeat, and the journal by which a successor folds in what it did."""

    name = CharField(max_length=60)
    host = CharField(max_length=120)
    boot_id = CharField(max_length=40)
    pid = IntegerField()
    journal = CharField(max_length=300)
    started_at = BigIntegerField()
    heartbeat_at = BigIntegerField()
    stopped_at = BigIntegerField(null=True)
    figures = JSONText(null=True)  # what it does now (dispatcher.engine.figures), written with the heartbeat


class Halt(TenantModel):
    """Somebody has paused or cancelled a campaign; every deliver process answers with a HaltAck."""

    id = BigAutoField()
    campaign_id = IntegerField()
    at = BigIntegerField()

    class Meta:
        indexes = ((("tenant_id", "campaign_id"), False), (("at",), False))


class HaltAck(BaseModel):
    """A process hands over nothing more of the campaign. `flying`: mails that its connections were sending at
    that moment; `departed`: how many of these the server took (None: not all are settled yet)."""

    halt_id = BigIntegerField()
    process_id = BigIntegerField()
    flying = IntegerField(default=0)
    departed = IntegerField(null=True)

    class Meta:
        indexes = ((("halt_id", "process_id"), True),)


class InstallationMark(BaseModel):
    """A machine that sends for this installation. `epoch` rises here and in a file beside the instance; if the
    two differ, one of them was restored or cloned, and `doubt` says so until an administrator decides."""

    machine = CharField(max_length=64, unique=True)
    host = CharField(max_length=120)
    epoch = BigIntegerField(default=0)
    doubt = CharField(max_length=20, default="")
    doubted_at = BigIntegerField(null=True)
    confirmed_by_id = IntegerField(null=True)
    confirmed_at = BigIntegerField(null=True)
