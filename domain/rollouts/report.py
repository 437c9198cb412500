"""How far the branches of a rollout are: one line each, and the sums. Numbers only, in a handful of queries."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from peewee import fn

from domain.campaigns import tallies
from domain.campaigns.models import Campaign, CampaignStatus
from domain.ledger.models import DeliveryEvent
from domain.ledger.states import DeliveryState
from domain.rollouts import course
from domain.rollouts.models import BranchState, Rollout, RolloutBranch
from domain.tenancy.models import Tenant

D = DeliveryState


@dataclass(frozen=True)
class Figures:
    """Mails by outcome; `bounced` and `complained` are mails that came back or that somebody complained about."""

    sent: int = 0
    total: int = 0
    refused: int = 0
    waiting: int = 0
    left_out: int = 0
    bounced: int = 0
    complained: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        names = self.__dataclass_fields__
        return Figures(**{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass(frozen=True)
class Line:
    """One branch: its part, its mailing as far as there is one, and its figures."""

    row: RolloutBranch
    tenant: Tenant | None
    campaign: Campaign | None = None
    figures: Figures = field(default_factory=Figures)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come from this branch."""
        ended = (CampaignStatus.FINISHED, CampaignStatus.CANCELLED)
        return self.row.state == BranchState.DECLINED or bool(self.campaign and self.campaign.status in ended)


@dataclass(frozen=True)
class Report:
    """All branches by name, and what they are together."""

    lines: list[Line]
    sums: Figures

    @property
    def open_lines(self) -> list[Line]:
        """Who is missing: neither out nor declined, and not on its way."""
        running = (CampaignStatus.PREPARING, CampaignStatus.SENDING, CampaignStatus.WAITING)
        return [
            line for line in self.lines
            if not line.is_over and not (line.campaign and line.campaign.status in running)
        ]  # fmt: skip


def of(rollout: Rollout) -> Report:
    """Where every branch stands."""
    rows = course.branches(rollout)
    tenants = {
        t.id: t for t in Tenant.select().where(Tenant.id.in_({r.branch_tenant_id for r in rows} or [0]))
    }
    campaigns = _campaigns(rows)
    counted, events = tallies.of(campaigns.values()), _events(campaigns.values())
    lines = []
    for row in rows:
        campaign = campaigns.get(row.campaign_id or 0)
        figures = (
            _figures(counted.get(campaign.id, {}), events.get(campaign.id, {})) if campaign else Figures()
        )
        lines.append(Line(row, tenants.get(row.branch_tenant_id), campaign, figures))
    lines.sort(key=lambda line: line.tenant.name.casefold() if line.tenant else "")
    return Report(lines, sum((line.figures for line in lines), Figures()))


def counts(rollouts: Iterable[Rollout]) -> dict[int, tuple[int, int]]:
    """Rollout id → (branches that take part, branches in all), for lists."""
    found: dict[int, tuple[int, int]] = {}
    ids = [rollout.id for rollout in rollouts]
    tenant_ids = {rollout.tenant_id for rollout in rollouts}
    rows = RolloutBranch.select(RolloutBranch.rollout_id, RolloutBranch.state).where(
        RolloutBranch.tenant_id.in_(tenant_ids or {0}), RolloutBranch.rollout_id.in_(ids or [0])
    )
    for rollout_id, state in rows.tuples():
        joined, total = found.get(rollout_id, (0, 0))
        found[rollout_id] = (joined + (state == BranchState.JOINED), total + 1)
    return found


def _campaigns(rows: list[RolloutBranch]) -> dict[int, Campaign]:
    ids = {row.campaign_id for row in rows if row.campaign_id}
    query = Campaign.select().where(
        Campaign.tenant_id.in_({row.branch_tenant_id for row in rows} or {0}), Campaign.id.in_(ids or {0})
    )
    return {campaign.id: campaign for campaign in query}


def _figures(states: dict[DeliveryState, int], events: dict[str, int]) -> Figures:
    left_out = states.get(D.SUPPRESSED, 0)
    return Figures(
        sent=states.get(D.SENT, 0),
        total=sum(states.values()) - left_out,
        refused=states.get(D.FAILED, 0) + states.get(D.EXPIRED, 0),
        waiting=sum(states.get(state, 0) for state in (D.QUEUED, D.LEASED, D.DEFERRED, D.UNCERTAIN, D.HELD)),
        left_out=left_out,
        bounced=events.get("bounced", 0),
        complained=events.get("complained", 0),
    )


def _events(campaigns: Iterable[Campaign]) -> dict[int, dict[str, int]]:
    begun = [campaign for campaign in campaigns if campaign.started_at]
    found: dict[int, dict[str, int]] = {}
    if not begun:
        return found
    rows = (
        DeliveryEvent.select(
            DeliveryEvent.campaign_id, DeliveryEvent.kind, fn.COUNT(DeliveryEvent.delivery_id.distinct())
        )
        .where(
            DeliveryEvent.tenant_id.in_({c.tenant_id for c in begun}),
            DeliveryEvent.campaign_id.in_({c.id for c in begun}),
        )
        .group_by(DeliveryEvent.campaign_id, DeliveryEvent.kind)
    )
    for campaign_id, kind, count in rows.tuples():
        found.setdefault(campaign_id, {})[kind] = count
    return found
