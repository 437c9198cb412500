"""Clean up as each tenant wishes: addresses and values of recipients in mailings that ended long ago, and rows of files
that could not be taken in. Who opened and clicked is forgotten with the addresses, or as soon as the tenant measures no
persons any more. Figures, the ledger itself and the record of consents stay."""

from datetime import datetime, timedelta

from peewee import Expression, fn

from domain import clock
from domain.audit import log
from domain.campaigns.models import Campaign, CampaignStatus, Course
from domain.db import database
from domain.ledger import counting
from domain.ledger.models import Delivery, DeliveryEvent, DeliveryPayload
from domain.ledger.states import OPEN
from domain.subscribers.models import ImportJob, ImportReject, ImportTrace
from domain.tenancy import measuring, settings
from domain.tenancy.measuring import Measuring
from domain.tenancy.models import Tenant

CHUNK = 5_000  # rows in one transaction: others wait to write meanwhile
DAYS_IN_MONTH = 31  # rather a day late than a day early
ENDED = (CampaignStatus.FINISHED, CampaignStatus.CANCELLED)


def clean() -> int:
    """Every tenant that has set a time; returns how many rows went."""
    return sum(_clean(tenant) for tenant in list(Tenant.select().order_by(Tenant.id)))


def _clean(tenant: Tenant) -> int:
    effective = settings.effective(tenant)
    months = int(effective["retention_months"] or 0)
    forgotten = 0
    if measuring.of(effective["tracking"]) != Measuring.PEOPLE:
        forgotten = sum(counting.forget(tenant.id, found) for found in _with_events(tenant.id))
    if not months:
        return forgotten
    before = clock.now() - timedelta(days=months * DAYS_IN_MONTH)
    mails = sum(
        _drop(
            DeliveryPayload,
            DeliveryPayload.delivery_id,
            tenant.id,
            DeliveryPayload.campaign_id == campaign_id,
        )
        for campaign_id in _with_addresses(tenant.id, before)
    )
    mails += sum(
        _drop(DeliveryPayload, DeliveryPayload.delivery_id, tenant.id, known)
        for known in _of_series(tenant.id, before)
    )
    forgotten += sum(counting.forget(tenant.id, found) for found in _with_events(tenant.id, before))
    jobs = ImportJob.select(ImportJob.id).where(
        ImportJob.tenant_id == tenant.id, ImportJob.finished_at < before
    )
    rows = sum(
        _drop(model, model.id, tenant.id, model.job_id == job_id)
        for (job_id,) in list(jobs.tuples())
        for model in (ImportReject, ImportTrace)
    )
    if mails or rows:
        log.record(tenant.id, "tenant.cleaned", kind="tenant", object_id=tenant.id,
                   details={"months": months, "mails": mails, "rows": rows})  # fmt: skip
    return mails + rows + forgotten


def _with_events(tenant_id: int, before: object = None) -> list[int]:
    """Campaigns (that ended before, if a moment is given) of which somebody's openings or clicks are known."""
    known = fn.EXISTS(
        DeliveryEvent.select(DeliveryEvent.id).where(
            DeliveryEvent.tenant_id == tenant_id, DeliveryEvent.campaign_id == Campaign.id,
            DeliveryEvent.kind.in_([counting.OPENED, counting.CLICKED]),
        )
    )  # fmt: skip
    query = Campaign.select(Campaign.id).where(Campaign.tenant_id == tenant_id, known)
    if before is not None:
        query = query.where(Campaign.status.in_(list(ENDED)), Campaign.finished_at < before)
    return [campaign_id for (campaign_id,) in query.tuples()]


def _with_addresses(tenant_id: int, before: object) -> list[int]:
    """Campaigns that ended before and of which recipients are still known by address."""
    known = DeliveryPayload.select(fn.COUNT(DeliveryPayload.delivery_id)).where(
        DeliveryPayload.tenant_id == tenant_id, DeliveryPayload.campaign_id == Campaign.id
    )
    query = Campaign.select(Campaign.id).where(
        Campaign.tenant_id == tenant_id,
        Campaign.status.in_(list(ENDED)),
        Campaign.finished_at < before,
        known > 0,
    )
    return [campaign_id for (campaign_id,) in query.tuples()]


def _of_series(tenant_id: int, before: datetime) -> list[Expression]:
    """Which addresses and values of the standing mailings of series are to go: of mails that were settled before."""
    standing = Campaign.select(Campaign.id).where(
        Campaign.tenant_id == tenant_id, Campaign.course == Course.SERIES, Campaign.status.not_in(list(ENDED))
    )
    return [
        (DeliveryPayload.campaign_id == campaign_id)
        & DeliveryPayload.delivery_id.in_(
            Delivery.select(Delivery.id).where(
                Delivery.tenant_id == tenant_id, Delivery.campaign_id == campaign_id,
                Delivery.state.not_in(list(OPEN)), Delivery.settled_at < int(before.timestamp()),
            )
        )
        for (campaign_id,) in standing.tuples()
    ]  # fmt: skip


def _drop(model, key, tenant_id: int, wanted) -> int:  # type: ignore[no-untyped-def]
    """Delete rows in chunks; returns how many."""
    gone = 0
    while True:
        some = model.select(key).where(model.tenant_id == tenant_id, wanted).limit(CHUNK)
        with database.atomic():
            count = (
                model.delete()
                .where(model.tenant_id == tenant_id, key.in_([row[0] for row in some.tuples()]))
                .execute()
            )
        gone += count
        if count < CHUNK:
            return gone
