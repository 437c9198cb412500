"""What the page of one mailing shows of its mails. Of up to tallies.LIVE mails everything is counted for the page; of
more the work process counts and keeps it with the campaign, so that no page walks over a million."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain import bounds, clock
from domain.campaigns import followups, reports, tallies
from domain.campaigns.models import Campaign, CampaignStatus
from domain.campaigns.reports import Progress
from domain.campaigns.tallies import Counts
from domain.db import abreast
from domain.ledger import refusals
from domain.ledger.refusals import Refusal
from domain.ledger.states import DeliveryState, LeftOut

D = DeliveryState
S = CampaignStatus


@dataclass(frozen=True)
class Figures:
    """`chart`: mails sent per 10 seconds lately; `left_out`: by the snapshot; `refused`: why mails were not taken;
    `earlier`: people who have a version before the last correction. `at`: when it was counted, None: for this page;
    `more`: there are too many to count for a page, and nobody has counted them yet."""

    progress: Progress
    chart: list[tuple[datetime, int]]
    left_out: dict[LeftOut, int]
    refused: dict[Refusal, int]
    earlier: int = 0
    at: datetime | None = None
    more: bool = False


def of(campaign: Campaign) -> Figures:
    """The figures of a campaign. Somebody bound to a territory sees those of his people, which nobody keeps."""
    now = tallies.bounded(campaign) if campaign.started_at and bounds.current() is None else None
    if now is None or not now.more:
        return _counted(campaign, now.counts if now else None)
    if not campaign.tally or not campaign.figures:
        return Figures(Progress({}, {}, 0, 0, None), [], {}, {}, more=True)
    at = None if tallies.is_final(campaign) else campaign.tallied_at
    return _kept(campaign.tally, campaign.figures, at)


def keep(campaign: Campaign) -> None:
    """Count the mails of a campaign and keep the figures; of one that runs only where a page would not count them."""
    at = clock.epoch()
    found, began = None, time.monotonic()
    if campaign.status in (S.FINISHED, S.CANCELLED) or tallies.bounded(campaign).more:
        found = _counted(campaign)
    Campaign.update(
        tally=_by_number(found.progress.counts) if found else None,
        figures=_packed(found) | {"took_s": time.monotonic() - began} if found else None,
        tallied_at=clock.moment(at),
    ).where(Campaign.tenant_id == campaign.tenant_id, Campaign.id == campaign.id).execute()  # fmt: skip


def _counted(campaign: Campaign, counts: Counts | None = None) -> Figures:
    if counts is None:
        counts = tallies.counted([campaign]).get(campaign.id, {})
    states = [s for s in (D.FAILED, D.EXPIRED, D.DEFERRED) if counts.get(s)]
    progress, chart, left_out, refused, earlier = abreast(
        lambda: reports.progress(campaign, counts),
        lambda: reports.histogram(campaign) if counts.get(D.SENT) else [],
        lambda: reports.left_out_before(campaign) if counts.get(D.SUPPRESSED) else {},
        lambda: refusals.counts(campaign.tenant_id, campaign.id, *states),
        lambda: followups.got_count(campaign, campaign.revision_id) if campaign.previous else 0,
    )  # fmt: skip
    return Figures(progress, chart, left_out, refused, earlier)


def _packed(found: Figures) -> dict[str, Any]:
    """As JSON holds it; the counts by state stand in the tally."""
    return {
        "reasons": _by_number(found.progress.left_out), "before": _by_number(found.left_out),
        "refused": {str(kind): count for kind, count in found.refused.items()}, "earlier": found.earlier,
        "rate": found.progress.per_second, "left_s": found.progress.left_s,
        "chart": [[int(at.timestamp()), count] for at, count in found.chart],
    }  # fmt: skip


def _kept(tally: dict[str, int], packed: dict[str, Any], at: datetime | None) -> Figures:
    counts = {D(int(state)): count for state, count in tally.items()}
    total = sum(count for state, count in counts.items() if state != D.SUPPRESSED)
    reasons = {LeftOut(int(reason)): count for reason, count in packed["reasons"].items()}
    return Figures(
        Progress(counts, reasons, total, packed["rate"], packed["left_s"]),
        [(clock.moment(slot), count) for slot, count in packed["chart"]],
        {LeftOut(int(reason)): count for reason, count in packed["before"].items()},
        {Refusal(kind): count for kind, count in packed["refused"].items()},
        packed["earlier"], at,
    )  # fmt: skip


def _by_number(counts: dict[Any, int]) -> dict[str, int]:
    return {str(int(what)): count for what, count in counts.items()}
