"""Mails by outcome for many campaigns at once, also of several tenants: one query, numbers only.

A list of mailings counts no more than LIVE mails of each. What is larger, and what has ended, is counted by the work
process and kept with the campaign (campaigns.figures); after the end it is counted once more and then stands.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from peewee import fn

from domain import bounds, clock
from domain.campaigns.models import Campaign, CampaignStatus, Course
from domain.db import rows, unscoped
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState

Counts = dict[DeliveryState, int]
LIVE = 10_000  # mails of a campaign that a page counts by itself
AT_ONCE = 20  # campaigns that one sweep counts
FRESH_S = 10  # so long numbers of a running mailing are kept …
RESTING_S = 600  # and those of a step of a series for which nobody waits
COST = 0.05  # … and longer, if counting would take more than this share of the time
S = CampaignStatus
RUNNING = (S.PREPARING, S.SENDING, S.WAITING, S.PAUSED, S.STOPPED, S.CANCELLED)


@dataclass(frozen=True)
class Tally:
    """Mails by state. `at`: when they were counted, None for now; `more`: there are more than LIVE, not counted yet."""

    counts: Counts
    at: datetime | None = None
    more: bool = False

    @property
    def sent(self) -> int:
        return self.counts.get(DeliveryState.SENT, 0)

    @property
    def total(self) -> int:
        """Without those who were left out."""
        return sum(count for state, count in self.counts.items() if state != DeliveryState.SUPPRESSED)


def of(campaigns: Iterable[Campaign]) -> dict[int, Counts]:
    """Campaign id → state → number of its deliveries; campaigns that have not begun have none."""
    return counted([campaign for campaign in campaigns if campaign.started_at])


def counted(campaigns: Sequence[Campaign]) -> dict[int, Counts]:
    """The same, whether they have begun or not."""
    if not campaigns:
        return {}
    found: dict[int, Counts] = {}
    query = (
        Delivery.select(Delivery.campaign_id, Delivery.state, fn.COUNT(Delivery.id))
        .where(
            Delivery.tenant_id.in_({c.tenant_id for c in campaigns}),
            Delivery.campaign_id.in_({c.id for c in campaigns}),
        )
        .group_by(Delivery.campaign_id, Delivery.state)
    )  # fmt: skip
    for campaign_id, state, count in query.tuples():
        found.setdefault(campaign_id, {})[DeliveryState(state)] = count
    return found


def shown(tenant_id: int, campaigns: Iterable[Campaign]) -> dict[int, Tally]:
    """Campaign id → its mails, of campaigns of the tenant that have begun. Somebody bound to a territory sees the
    numbers of his people, which nobody keeps."""
    begun = [campaign for campaign in campaigns if campaign.started_at]
    if bounds.current() is not None:
        return {campaign_id: Tally(counts) for campaign_id, counts in of(begun).items()}
    found = {campaign.id: Tally(kept(campaign)) for campaign in begun if is_final(campaign)}
    open_ones = {campaign.id: campaign for campaign in begun if campaign.id not in found}
    for campaign_id, counts in _some(tenant_id, list(open_ones)).items():
        campaign = open_ones[campaign_id]
        more = sum(counts.values()) > LIVE
        found[campaign_id] = Tally(counts, more=more)
        if more and campaign.tally:
            found[campaign_id] = Tally(kept(campaign), campaign.tallied_at)
    return found


def is_final(campaign: Campaign) -> bool:
    """Whether the numbers that are kept are those of the end."""
    ended = campaign.finished_at or campaign.closed_at
    over = campaign.status in (S.FINISHED, S.CANCELLED) and ended is not None
    return bool(over and campaign.tallied_at and campaign.tallied_at > ended)


@unscoped("one worker counts for all tenants")
def due() -> list[Campaign]:
    """Campaigns of all tenants whose numbers are missing or old, up to AT_ONCE."""
    now = clock.epoch()
    never, last = Campaign.tallied_at.is_null(), Campaign.tallied_at
    after_end = (last <= Campaign.finished_at) | (last <= Campaign.closed_at)
    waits = (
        never
        | after_end
        | (Campaign.status.in_(RUNNING) & Campaign.closed_at.is_null() & (last < now - FRESH_S))
    )
    rests = (
        (Campaign.course == Course.SERIES) & (Campaign.status == S.WAITING) & Campaign.wait_until.is_null()
    )
    query = Campaign.select().where(
        Campaign.started_at.is_null(False), waits, Campaign.status != S.DRAFT,
        never | ~rests | (last < now - RESTING_S),
    )  # fmt: skip
    found = query.order_by(fn.COALESCE(last, 0), Campaign.id.desc()).limit(AT_ONCE)
    return [campaign for campaign in found if _is_worth_it(campaign, now)]


def _is_worth_it(campaign: Campaign, now: int) -> bool:
    """Whether counting would not cost more than COST of the time since the last one; at the end it always is."""
    if campaign.status not in RUNNING or not campaign.tallied_at or campaign.finished_at:
        return True
    took = (campaign.figures or {}).get("took_s", 0)
    return bool(took <= COST * (now - campaign.tallied_at.timestamp()))


def bounded(campaign: Campaign) -> Tally:
    """The mails of one campaign as of now; where they are more than LIVE, `more` is set and they are not all."""
    counts = _some(campaign.tenant_id, [campaign.id]).get(campaign.id, {})
    return Tally(counts, more=sum(counts.values()) > LIVE)


def kept(campaign: Campaign) -> Counts:
    """The numbers that were kept with a campaign; none: they were not."""
    return {DeliveryState(int(state)): count for state, count in (campaign.tally or {}).items()}


def _some(tenant_id: int, ids: list[int]) -> dict[int, Counts]:
    """Campaign id → state → mails, of the first LIVE and one of each."""
    if not ids:
        return {}
    one = """SELECT campaign_id, state, count(*) FROM (SELECT campaign_id, state FROM delivery
        WHERE tenant_id = ? AND campaign_id = ? LIMIT ?) bounded GROUP BY campaign_id, state"""
    values = [value for campaign_id in ids for value in (tenant_id, campaign_id, LIVE + 1)]
    found: dict[int, Counts] = {}
    for campaign_id, state, count in rows(" UNION ALL ".join([one] * len(ids)), values, 3):
        found.setdefault(campaign_id, {})[DeliveryState(state)] = count
    return found
