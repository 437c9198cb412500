"""The list of a tenant's campaigns: views as tabs, keyset pages by id, newest first. Steps of a series stand on the
page of their automailer."""

from collections.abc import Iterable
from dataclasses import dataclass

from peewee import fn

from domain.campaigns import tallies
from domain.campaigns.models import Campaign, CampaignStatus, Course
from domain.campaigns.tallies import Tally

PAGE_SIZE = 30
S = CampaignStatus
VIEWS: dict[str, tuple[CampaignStatus, ...]] = {
    "all": tuple(S),
    "running": (S.PREPARING, S.SENDING, S.WAITING, S.PAUSED, S.STOPPED),
    "ahead": (S.DRAFT, S.IN_APPROVAL, S.SCHEDULED),
    "done": (S.FINISHED, S.CANCELLED),
}


@dataclass(frozen=True)
class Page:
    """One page, with the mails of each campaign by its id."""

    campaigns: list[Campaign]
    tallies: dict[int, Tally]
    older_id: int | None


def find(tenant_id: int, view: str = "all", before_id: int | None = None) -> Page:
    """Campaigns of a view behind `before_id`."""
    query = Campaign.select().where(
        Campaign.tenant_id == tenant_id,
        Campaign.status.in_(list(VIEWS.get(view, VIEWS["all"]))),
        Campaign.course != Course.SERIES,
    )
    if before_id:
        query = query.where(Campaign.id < before_id)
    rows = list(query.order_by(Campaign.id.desc()).limit(PAGE_SIZE + 1))
    found = rows[:PAGE_SIZE]
    return Page(found, tallies.shown(tenant_id, found), found[-1].id if len(rows) > PAGE_SIZE else None)


def counts(tenant_id: int) -> dict[str, int]:
    """How many campaigns each view holds."""
    rows = dict(
        Campaign.select(Campaign.status, fn.COUNT(Campaign.id))
        .where(Campaign.tenant_id == tenant_id, Campaign.course != Course.SERIES)
        .group_by(Campaign.status)
        .tuples()
    )
    return {view: sum(rows.get(status, 0) for status in statuses) for view, statuses in VIEWS.items()}


def names(tenant_id: int, ids: Iterable[int | None]) -> dict[int, str]:
    """Id → name of those of `ids` that are mailings of the tenant."""
    wanted = sorted({i for i in ids if i})
    if not wanted:
        return {}
    query = Campaign.select(Campaign.id, Campaign.name).where(
        Campaign.tenant_id == tenant_id, Campaign.id.in_(wanted)
    )
    return dict(query.tuples())
