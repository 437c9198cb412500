"""What readers did with a mail that went out before the demo house was built: opens and clicks, as their mail programs
would have told them."""

import random
from collections.abc import Iterator
from datetime import datetime

from domain.campaigns import planning
from domain.campaigns.models import Campaign
from domain.db import database, sql
from domain.ledger import counting
from domain.ledger.counting import CLICKED, MACHINE, OPENED
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState

OPENING = 0.43  # share of the mails whose pictures were loaded
AGAIN = 0.28  # of those, who looked more than once
CLICKING = 0.31  # of those, who followed a link
HOURS = 7.0  # until a reader opens it, on average
PROGRAMS = (61, 9)  # opens and clicks by filters on the way, which are told apart
Row = tuple[int, int, int, str, int, int, int, int]


def come_in(campaign: Campaign, now: datetime) -> None:
    """Note the deeds of its readers up to `now`; the mailing has ended."""
    dice = random.Random(f"{campaign.name} read")  # noqa: S311 - the same outcome at every start
    revision = planning.revision(campaign)
    if revision is None:
        return
    weights = [
        1 / (place + 1.5) for place in range(len(revision.links))
    ]  # what stands above is followed more
    rows = [row for mail in _mails(campaign) for row in _deeds(campaign, mail, weights, dice, now)]
    database.cursor().executemany(
        sql(
            """INSERT INTO delivery_event (tenant_id, delivery_id, campaign_id, kind, detail, link, times, first_at, at)
            VALUES (?, ?, ?, ?, '', ?, ?, ?, ?)"""
        ),
        rows,
    )
    for kind, times in zip((OPENED, CLICKED), PROGRAMS, strict=True):
        for _ in range(times):
            counting.add(campaign.tenant_id, campaign.id, revision.id, MACHINE[kind], int(kind == CLICKED))


def _mails(campaign: Campaign) -> list[tuple[int, int]]:
    """(delivery, moment at which it left) of every mail that a server took."""
    query = Delivery.select(Delivery.id, Delivery.settled_at).where(
        Delivery.tenant_id == campaign.tenant_id,
        Delivery.campaign_id == campaign.id,
        Delivery.state == DeliveryState.SENT,
    )
    return list(query.order_by(Delivery.id).tuples())


def _deeds(
    campaign: Campaign, mail: tuple[int, int], weights: list[float], dice: random.Random, now: datetime
) -> Iterator[Row]:
    """What one reader did: nothing, or opened it and perhaps followed one to three links within minutes."""
    delivery_id, left_at = mail
    opened_at = left_at + 20 + int(dice.expovariate(1 / (HOURS * 3600)))
    latest = int(now.timestamp())
    if dice.random() > OPENING or opened_at >= latest:
        return
    again = dice.random() < AGAIN
    last = min(opened_at + dice.randint(900, 90_000), latest - 1) if again else opened_at
    head = campaign.tenant_id, delivery_id, campaign.id
    yield *head, OPENED, 0, dice.randint(2, 4) if again else 1, opened_at, last
    if not weights or dice.random() > CLICKING:
        return
    for number in set(dice.choices(range(1, len(weights) + 1), weights, k=dice.choice((1, 1, 1, 2, 2, 3)))):
        at = min(opened_at + dice.randint(8, 400), latest - 1)
        yield *head, CLICKED, number, 1, at, at
