"""Campaigns from approved to sending and from sending to finished: the only place that touches their status."""

from __future__ import annotations

from datetime import datetime

import structlog
from peewee import ModelSelect

from dispatcher.housemail import completion
from dispatcher.message.compiled import Compiled
from domain import clock
from domain.approvals import flow
from domain.campaigns import adding, audience, lifecycle, optin, order, planning, repacking, snapshot
from domain.campaigns.models import Campaign, CampaignStatus, Course
from domain.db import database, unscoped
from domain.errors import N_, Conflict, DomainError
from domain.issues.models import IssueRevision
from domain.ledger import closing, outbox
from domain.ledger.outbox import Terms
from domain.ledger.states import DeliveryState
from domain.quotas.counters import Standing
from domain.releases import robinson
from domain.senders import domains
from domain.tenancy import settings as tenant_settings
from domain.tenancy import tree
from domain.tenancy.models import Tenant, TenantStatus

log = structlog.get_logger()
_BROKEN = 20  # mails; fewer may be damaged rows
BROKEN = N_(
    "%(count)s mails could not be made. Look at them in the list of recipients, then correct the mail or let it go on."
)
WAITING_STATES = (DeliveryState.QUEUED, DeliveryState.LEASED)


@unscoped("one dispatcher serves all tenants")
def start_due() -> int:
    """Snapshot every campaign that is due and let it send; goes on where a dead process stopped. Returns how
    many now send. Crosses tenants: one dispatcher serves them all."""
    due = Campaign.select().where(
        (Campaign.status == CampaignStatus.PREPARING)
        | (
            (Campaign.status == CampaignStatus.SCHEDULED)
            & (Campaign.send_at.is_null() | (Campaign.send_at <= clock.now()))
        )
    )
    return sum(_start(campaign) for campaign in list(due.order_by(Campaign.send_at, Campaign.id)))


def _start(campaign: Campaign) -> bool:
    """One campaign; a refusal of the domain stops it with the reason, for a person to decide."""
    try:
        if _is_overdue(campaign) or _has_drifted(campaign):
            return False
        begun = campaign.status == CampaignStatus.PREPARING and campaign.started_at is not None
        if not begun and not _change(
            campaign, campaign.status, status=CampaignStatus.PREPARING, started_at=clock.now()
        ):
            return False
        if not begun:
            lifecycle.note_start(campaign)
        campaign = planning.get(campaign.tenant_id, campaign.id)
        if not lifecycle.is_cleared(campaign):
            stop(campaign, N_("What would be sent is not what was approved. Ask for approval again."))
            return False
        planning.check_sender(campaign.tenant_id, campaign.sender_address)
        if campaign.snapshot_at is None:
            snapshot.fill(campaign)
        elif campaign.correcting:
            repacking.repack(campaign)
        return _change(
            campaign, CampaignStatus.PREPARING, status=CampaignStatus.SENDING,
            snapshot_at=campaign.snapshot_at or clock.now(), correcting=False,
        )  # fmt: skip
    except DomainError as error:
        log.warning("campaign stopped", campaign=campaign.id, reason=str(error))
        stop(campaign, error.message, error.params)
        return False


def _is_overdue(campaign: Campaign) -> bool:
    """Whether a campaign is so late that a person must look at it; it is stopped then. Once somebody has let it
    go on, it is no longer SCHEDULED and nothing holds it."""
    if campaign.status != CampaignStatus.SCHEDULED:
        return False
    hours = order.hours_late(campaign, tenant_settings.effective(tree.get(campaign.tenant_id)), clock.now())
    if hours is None:
        return False
    stop(campaign, order.OVERDUE, {"hours": hours})
    return True


def _has_drifted(campaign: Campaign) -> bool:
    """Whether an approved campaign would go to others than was approved: its approval is void then."""
    if campaign.status != CampaignStatus.SCHEDULED or not campaign.approval_id:
        return False
    approval = flow.get(campaign.tenant_id, campaign.approval_id)
    reason = planning.drift(campaign, approval)
    if reason:
        log.warning("campaign drifted", campaign=campaign.id, reason=reason)
        lifecycle.lapse(campaign, approval, reason)
    return bool(reason)


@unscoped("one dispatcher serves all tenants")
def close_cancelled() -> None:
    """Give every row of a cancelled campaign a final state; what is being handed over just now comes later."""
    left = Campaign.select().where(
        Campaign.status == CampaignStatus.CANCELLED, Campaign.closed_at.is_null()
    )  # fmt: skip
    for campaign in list(left):
        while closing.close(campaign.tenant_id, campaign.id):
            pass
        if not outbox.is_open(campaign.tenant_id, campaign.id):
            _change(campaign, CampaignStatus.CANCELLED, closed_at=clock.now())


@unscoped("one dispatcher serves all tenants")
def sending() -> list[Campaign]:
    """Campaigns that may send now, over all tenants; those whose waiting time is over go on, those whose tenant
    has its quiet hours wait."""
    now = clock.now()
    over = (Campaign.status == CampaignStatus.WAITING) & (Campaign.wait_until <= now)
    Campaign.update(status=CampaignStatus.SENDING, wait_reason="", wait_params={}, wait_until=None).where(
        over
    ).execute()
    query = Campaign.select().where(
        Campaign.status == CampaignStatus.SENDING, Campaign.tenant_id.in_(_sending_tenants())
    )
    return _verified([c for c in query.order_by(Campaign.id) if not _is_quiet(c)])


def _sending_tenants() -> ModelSelect:
    """Ids of the tenants whose mailings may leave: a suspended one sends nothing, a test tenant never does."""
    allowed = [TenantStatus.ACTIVE, TenantStatus.NO_SIGN_IN]
    return Tenant.select(Tenant.id).where(Tenant.status.in_(allowed), ~Tenant.is_test)


def _verified(found: list[Campaign]) -> list[Campaign]:
    """Those whose sender is still verified; the others stop with the reason."""
    lost = domains.unverified((c.tenant_id, c.sender_address) for c in found)
    for campaign in found:
        if (campaign.tenant_id, campaign.sender_address) in lost:
            stop(campaign, domains.UNVERIFIED, {"domain": campaign.sender_address.rpartition("@")[2]})
    return [c for c in found if (c.tenant_id, c.sender_address) not in lost]


def _is_quiet(campaign: Campaign) -> bool:
    settings = tenant_settings.effective(tree.get(campaign.tenant_id))
    until = order.quiet_until(settings, clock.now())
    if until is not None:
        _wait(campaign, order.QUIET, {}, until)
    return until is not None


def terms(campaign: Campaign) -> Terms:
    """What a claim must know; asks inside its transaction whether the campaign still sends this revision."""
    tenant_id, campaign_id, revision_id = campaign.tenant_id, campaign.id, campaign.revision_id
    tenant = tree.get(tenant_id)
    settings = tenant_settings.effective(tenant)

    def running() -> bool:
        if order.quiet_until(settings, clock.now()) is not None:
            return False
        still = (
            Campaign.select(Campaign.hold_uncertain)
            .where(
                Campaign.tenant_id == tenant_id,
                Campaign.id == campaign_id,
                Campaign.status == CampaignStatus.SENDING,
                Campaign.revision_id == revision_id,
                Campaign.tenant_id.in_(_sending_tenants()),  # suspended meanwhile: from this claim on
            )
            .first()
        )
        if still is not None and still.hold_uncertain:
            outbox.hold_uncertain(tenant_id, campaign_id)  # before the claim could send them once more
        return still is not None

    return Terms(
        tenant_id, campaign_id, campaign.type_id, revision_id, tuple(audience.consents(campaign)),
        campaign.role_id, settings["time_zone"], running, campaign.started_by_id, order.portions(campaign),
        robinson.holding(tenant),
        optin.rivals(campaign, clock.epoch()) if optin.is_one(campaign) else (),
    )  # fmt: skip


def compiled(campaign: Campaign, revision_id: int | None = None) -> Compiled:
    """The campaign's message, dated with its start. Raises ValueError if the revision holds none, Invalid if it
    bears a sender that is not verified: whatever the tables say, such a mail never leaves."""
    row = IssueRevision.get_or_none(
        IssueRevision.tenant_id == campaign.tenant_id,
        IssueRevision.id == (revision_id or campaign.revision_id),
    )
    if row is None:
        raise ValueError("no such revision")
    message = Compiled.load(row.compiled).dated(campaign.started_at or row.created_at)
    planning.check_sender(campaign.tenant_id, message.sender)
    return message


def wait_for(campaign: Campaign, limit: Standing) -> None:
    """A volume limit is reached: go on when its window ends; a limit per campaign waits for a person."""
    reason, params = order.reason(limit)
    if limit.resets_at is None:
        stop(campaign, reason, params)
    else:
        _wait(campaign, reason, params, limit.resets_at)


def stop_if_broken(campaign: Campaign, unmade: int) -> bool:
    """Stop a campaign whose mails cannot be made for more than one in a hundred of its people, at least `_BROKEN`: that
    is a fault of the mail, not of a person. Let go on, it stops again after as many more."""
    if unmade < _BROKEN:
        return False
    found = outbox.counts(campaign.tenant_id, campaign.id)
    if not found[DeliveryState.QUEUED] or unmade * 100 <= sum(found.values()):
        return False
    log.error("campaign stopped: its mails cannot be made", campaign=campaign.id, count=unmade)
    stop(campaign, BROKEN, {"count": unmade})
    return True


def stop(campaign: Campaign, reason: str, params: dict[str, object] | None = None) -> None:
    """Something that a person must decide; the reason is shown in the portal."""
    for status in (CampaignStatus.SCHEDULED, CampaignStatus.PREPARING, CampaignStatus.SENDING):
        _change(
            campaign,
            status,
            status=CampaignStatus.STOPPED,
            wait_reason=reason[:200],
            wait_params=params or {},
        )


def _wait(campaign: Campaign, reason: str, params: dict[str, object], until: datetime) -> None:
    _change(
        campaign, CampaignStatus.SENDING, status=CampaignStatus.WAITING, wait_reason=reason, wait_params=params,
        wait_until=until,
    )  # fmt: skip


def finish_if_done(campaign: Campaign) -> bool:
    """Note that nothing waits any more, and close the campaign once no row is open; True if it is closed.

    The question and the change are one transaction, so that a row that became open again is not overlooked.
    """
    if campaign.hold_uncertain:
        outbox.hold_uncertain(campaign.tenant_id, campaign.id)
    if campaign.course == Course.SERIES:  # stands for whoever comes next
        adding.rest(campaign)
        return False
    if outbox.is_open(campaign.tenant_id, campaign.id, WAITING_STATES):
        return False
    try:
        with database.atomic():
            campaign = planning.get(campaign.tenant_id, campaign.id)
            if outbox.is_open(campaign.tenant_id, campaign.id):
                if lifecycle.sent(campaign):
                    completion.tell(campaign)
                return False
            lifecycle.finish(campaign)
            completion.tell(campaign)
    except Conflict:  # paused or cancelled in between
        return False
    log.info("campaign finished", campaign=campaign.id)
    return True


def _change(campaign: Campaign, expected: CampaignStatus, **values: object) -> bool:
    """Change a campaign whose status is still `expected`; False if somebody else was faster."""
    changed = Campaign.update(**values).where(
        Campaign.tenant_id == campaign.tenant_id, Campaign.id == campaign.id, Campaign.status == expected
    )
    return changed.execute() == 1
