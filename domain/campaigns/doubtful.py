"""Recipients of whom nobody knows whether they got the mail: by name, and a person's decision about each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain import clock
from domain.audit import log
from domain.campaigns import planning
from domain.campaigns.models import Campaign, CampaignStatus
from domain.db import database, sql
from domain.errors import N_, Conflict
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState as D

PAGE_SIZE = 100
_STATES = (D.UNCERTAIN, D.HELD)


@dataclass(frozen=True)
class Doubt:
    """One of them. `twice`: the mail may be there two times already."""

    delivery_id: int
    subscriber_id: int | None
    name: str
    address: str
    state: D
    twice: bool
    reply: str


def find(campaign: Campaign, after_id: int = 0) -> tuple[list[Doubt], int | None]:
    """A page of those still to be decided, and the id behind which the next one begins."""
    rows = database.execute_sql(
        sql(
            """SELECT d.id, d.subscriber_id, s.title, s.first_name, s.last_name, COALESCE(p.address, s.address),
            d.state, d.maybe_duplicate, d.reply_text FROM delivery d
            LEFT JOIN subscriber s ON s.id = d.subscriber_id AND s.tenant_id = d.tenant_id
            LEFT JOIN delivery_payload p ON p.delivery_id = d.id AND p.tenant_id = d.tenant_id
            WHERE d.tenant_id = ? AND d.campaign_id = ? AND d.state IN (?, ?) AND d.settled_at IS NULL AND d.id > ?
            ORDER BY d.id LIMIT ?"""
        ),
        [campaign.tenant_id, campaign.id, *map(int, _STATES), after_id, PAGE_SIZE + 1],
    ).fetchall()
    found = [_doubt(row) for row in rows[:PAGE_SIZE]]
    return found, found[-1].delivery_id if len(rows) > PAGE_SIZE else None


def count(campaign: Campaign) -> int:
    """How many wait for a decision."""
    return _undecided(campaign).count()


def held(campaign: Campaign) -> int:
    """How many of them do nothing by themselves: each waits for a word."""
    return _undecided(campaign).where(Delivery.state == D.HELD).count()


def send_again(campaign: Campaign, user_id: int, delivery_ids: Sequence[int] | None = None) -> int:
    """Send once more, with the same bytes; None: to all of them. Returns how many. A finished mailing opens again."""
    if campaign.status == CampaignStatus.CANCELLED:
        raise Conflict(N_("This mailing was cancelled. Nobody else gets it."))
    with database.atomic():
        changed = (
            Delivery.update(state=D.QUEUED, next_at=0, maybe_duplicate=True)
            .where(_chosen(campaign, delivery_ids))
            .execute()
        )
        if changed:
            Campaign.update(status=CampaignStatus.SENDING, sent_at=None, finished_at=None).where(
                Campaign.tenant_id == campaign.tenant_id, Campaign.id == campaign.id,
                Campaign.status == CampaignStatus.FINISHED,
            ).execute()  # fmt: skip
            _log(campaign, user_id, "again", changed)
    return changed


def leave(campaign: Campaign, user_id: int, delivery_ids: Sequence[int] | None = None) -> int:
    """Leave it as it is: they are not asked about again. Returns how many."""
    with database.atomic():
        changed = (
            Delivery.update(state=D.HELD, settled_at=clock.epoch())
            .where(_chosen(campaign, delivery_ids))
            .execute()
        )
        if changed:
            Campaign.update(tallied_at=None).where(
                Campaign.tenant_id == campaign.tenant_id, Campaign.id == campaign.id
            ).execute()  # its figures are counted once more
            _log(campaign, user_id, "leave", changed)
    return changed


def _undecided(campaign: Campaign) -> Any:
    return Delivery.select().where(_chosen(campaign, None))


def _chosen(campaign: Campaign, delivery_ids: Sequence[int] | None) -> Any:
    wanted = (
        (Delivery.tenant_id == campaign.tenant_id)
        & (Delivery.campaign_id == campaign.id)
        & Delivery.state.in_(list(_STATES))
        & Delivery.settled_at.is_null()
    )
    return wanted if delivery_ids is None else wanted & Delivery.id.in_(list(delivery_ids) or [0])


def _doubt(row: tuple[Any, ...]) -> Doubt:
    row_id, person_id, title, first, last, address, state, twice, reply = row
    name = " ".join(filter(None, (title, first, last))) or address or ""
    return Doubt(row_id, person_id, name, address or "", D(state), bool(twice), reply or "")


def _log(campaign: Campaign, user_id: int, what: str, how_many: int) -> None:
    log.record(
        campaign.tenant_id, "campaign.decide", user_id=user_id, kind=planning.KIND, object_id=campaign.id,
        details={"decision": what, "count": how_many},
    )  # fmt: skip
