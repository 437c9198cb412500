"""A mailing that went out before the demo house was built: its ledger as a deliver process would have left it."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain import clock
from domain.accounts.models import User
from domain.approvals import flow
from domain.approvals.models import ApprovalState
from domain.campaigns import lifecycle, planning, snapshot
from domain.campaigns.models import Campaign, CampaignStatus
from domain.db import database, sql
from domain.ledger import events, returned
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState, LeftOut
from domain.quotas import ledger as quotas
from domain.subscribers import consent, directory, types
from portal.demo import days

PER_SECOND = 25
REFUSALS: tuple[tuple[int, int, str, str], ...] = (  # how many, code, enhanced code, text
    (14, 550, "5.1.1", "Recipient address rejected: user unknown in virtual mailbox table"),
    (4, 552, "5.2.2", "Mailbox is full"),
    (3, 554, "5.7.1", "Message rejected by local policy"),
    (2, 550, "5.1.10", "Recipient domain does not accept mail (null MX)"),
)
HELD = 3
LEFT_MEANWHILE = 2  # signed off between the snapshot and their turn
UNSUBSCRIBED = 4
ALWAYS_REFUSED = "a.lueders@lueders-metall.example"
D = DeliveryState
Row = tuple[int, int, int | None, int | None, str | None, str | None, int | None, bool, int, int]


def approve(campaign: Campaign, chief: User, role_id: int) -> None:
    """The chief editor clears exactly what was asked for."""
    approval = flow.get(campaign.tenant_id, campaign.approval_id)
    lifecycle.decide(
        campaign,
        approval,
        chief,
        ApprovalState.APPROVED,
        campaign.fingerprint,
        "",
        role_id,
        self_allowed=False,
    )


def send(campaign_id: int, tenant_id: int) -> None:
    """Snapshot the audience at the moment of the clock and settle every delivery in the minutes that follow."""
    campaign = planning.get(tenant_id, campaign_id)
    campaign.status, campaign.started_at = CampaignStatus.PREPARING, clock.now()
    campaign.save()
    snapshot.fill(campaign)
    campaign.status = CampaignStatus.SENDING
    campaign.save()
    dice = random.Random(campaign.name)  # noqa: S311 - the same outcome at every start
    deliveries = _queued(campaign)
    outcomes = list(_outcomes(campaign, deliveries, dice))
    database.cursor().executemany(
        sql(
            """UPDATE delivery SET state = ?, attempt = ?, reason = ?, reply_code = ?, enhanced = ?, reply_text = ?,
            settled_at = ?, handed_over = ?, revision_id = ? WHERE id = ?"""
        ),
        outcomes,
    )
    handed = sum(row[7] for row in outcomes)
    quotas.reserve(tenant_id, campaign.role_id, campaign.id, handed, days.ZONE.key, campaign.started_at)
    with days.clock_at(clock.moment(max(row[6] or 0 for row in outcomes) + 1)):
        lifecycle.finish(campaign)
        returned.stop_refused(int(campaign.started_at.timestamp()))
    _sign_off(campaign, dice)


def _queued(campaign: Campaign) -> list[tuple[int, str]]:
    query = Delivery.select(Delivery.id, Delivery.address_key).where(
        Delivery.tenant_id == campaign.tenant_id,
        Delivery.campaign_id == campaign.id,
        Delivery.state == D.QUEUED,
    )
    return list(query.order_by(Delivery.id).tuples())


def _outcomes(
    campaign: Campaign, deliveries: Sequence[tuple[int, str]], dice: random.Random
) -> Iterator[Row]:
    special = _special(deliveries, dice)
    first = int(campaign.started_at.timestamp()) + 2
    for n, (delivery_id, _key) in enumerate(deliveries):
        at = first + n // PER_SECOND
        state, attempt, reason, code, enhanced, text = special.get(
            delivery_id, (D.SENT, 1, None, 250, "2.0.0", f"Ok: queued as {dice.getrandbits(44):011X}")
        )
        handed_over = state in (D.SENT, D.HELD)
        yield (
            int(state),
            attempt,
            reason,
            code,
            enhanced,
            text,
            None if state == D.HELD else at,  # on hold until a person has decided
            handed_over,
            campaign.revision_id,
            delivery_id,
        )


def _special(deliveries: Sequence[tuple[int, str]], dice: random.Random) -> dict[int, tuple[Any, ...]]:
    """Delivery → its outcome, for those that did not simply go."""
    by_key = {key: delivery_id for delivery_id, key in deliveries}
    wanted = sum(count for count, *_ in REFUSALS) + HELD + LEFT_MEANWHILE - 1
    chosen = dice.sample(
        [delivery_id for delivery_id, _ in deliveries[50:]], min(wanted, len(deliveries) // 3)
    )
    if ALWAYS_REFUSED in by_key:
        chosen.insert(0, by_key[ALWAYS_REFUSED])
    found: list[tuple[Any, ...]] = [
        (D.FAILED, 1, None, code, enhanced, text)
        for count, code, enhanced, text in REFUSALS
        for _ in range(count)
    ]
    found += [(D.HELD, 2, None, None, None, "connection lost after the message was handed over")] * HELD
    found += [(D.SUPPRESSED, 1, int(LeftOut.UNSUBSCRIBED), None, None, None)] * LEFT_MEANWHILE
    return dict(zip(chosen, found, strict=False))


def _sign_off(campaign: Campaign, dice: random.Random) -> None:
    """A few readers leave by the link in the mail, in the hours after it; two did while it was being sent."""
    tenant_id, kind = campaign.tenant_id, types.get(campaign.tenant_id, campaign.type_id)
    query = Delivery.select(Delivery.id, Delivery.subscriber_id, Delivery.settled_at, Delivery.state).where(
        Delivery.tenant_id == tenant_id, Delivery.campaign_id == campaign.id, Delivery.attempt > 0
    )
    rows = list(query.order_by(Delivery.id).tuples())
    gone = [row for row in rows if row[3] == D.SUPPRESSED]
    gone += dice.sample([row for row in rows[50:] if row[3] == D.SENT], UNSUBSCRIBED)
    for delivery_id, subscriber_id, settled_at, state in gone:
        later = timedelta(minutes=0 if state == D.SUPPRESSED else dice.randint(3, 100))
        with days.clock_at(clock.moment(settled_at) + later):
            trace = consent.Trace(form="unsubscribe", ip="192.0.2.7", mail_id=delivery_id)
            consent.step(directory.get(tenant_id, subscriber_id), kind, "revoke", trace)
            if state == D.SENT:
                events.note(tenant_id, delivery_id, campaign.id, "unsubscribed")


def last_friday(now: datetime) -> datetime:
    """The latest Friday, 6:30 in Hannover, at least two hours ago: everything that followed lies in the past."""
    return days.next_weekday(now - timedelta(days=7, hours=2), 4, 6, 30)
