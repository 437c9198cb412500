"""What a mailing has led to: openings and clicks as figures, per link, and, where it may be, by name."""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from domain import bounds, clock
from domain.campaigns.models import Campaign
from domain.db import database, sql
from domain.issues.models import IssueRevision
from domain.ledger.counting import CLICKED, OPENED
from domain.ledger.models import Delivery, MeasureTally
from domain.ledger.states import DeliveryState
from domain.tenancy import measuring
from domain.tenancy.measuring import Measuring
from domain.tenancy.models import Tenant

PAGE_SIZE = 50
FEWEST = 10  # mails; numbers about fewer would tell of persons
MOST_NAMED = 10_000_000


@dataclass
class Count:
    """How often something happened, and by how many people (None: nobody is remembered)."""

    times: int = 0
    people: int | None = None

    def add(self, times: int, people: int) -> None:
        self.times += times
        if people or self.people is not None:
            self.people = (self.people or 0) + people


@dataclass
class Link:
    """A link of the mailing; `number` is that of its newest revision."""

    url: str
    words: str
    number: int
    count: Count = field(default_factory=Count)


@dataclass(frozen=True)
class Measured:
    """The report of a mailing. `mode` is what its mails count; `hidden`: too few mails to say anything about them
    without telling of persons."""

    mode: Measuring
    sent: int
    opened: Count
    clicked: Count
    machines: int
    links: list[Link]
    hidden: bool = False


@dataclass(frozen=True)
class Reader:
    """Somebody who opened a mail or followed a link of it."""

    delivery_id: int
    subscriber_id: int
    name: str
    address: str
    opened: int
    clicked: int
    last: datetime


def mode_of(tenant: Tenant, campaign: Campaign) -> Measuring:
    """What the frozen mail of a campaign counts today."""
    found = (
        IssueRevision.select(IssueRevision.tracking)
        .where(IssueRevision.tenant_id == campaign.tenant_id, IssueRevision.id == campaign.revision_id)
        .tuples()
        .first()
    )
    return measuring.least(found[0], measuring.allowed(tenant)) if found else Measuring.OFF


def report(tenant: Tenant, campaign: Campaign) -> Measured:
    """Figures of a mailing as they stand."""
    mode = mode_of(tenant, campaign)
    sent = (
        Delivery.select()
        .where(
            Delivery.tenant_id == campaign.tenant_id, Delivery.campaign_id == campaign.id,
            Delivery.state == DeliveryState.SENT,
        )
        .count()
    )  # fmt: skip
    totals = {OPENED: Count(), CLICKED: Count()}
    per_link: dict[tuple[int, int], Count] = {}
    if mode == Measuring.PEOPLE:
        totals[OPENED].people = totals[CLICKED].people = 0
        _events(campaign, totals, per_link)
    machines = _tallies(campaign, totals, per_link) if bounds.covers(campaign.territory_ids or []) else 0
    links = _links(campaign, per_link, mode)
    hidden = mode == Measuring.NUMBERS and sent < FEWEST
    if hidden:
        links, totals, machines = [], {OPENED: Count(), CLICKED: Count()}, 0
    return Measured(mode, sent, totals[OPENED], totals[CLICKED], machines, links, hidden)


def readers(campaign: Campaign, number: int | None = None, after: int = 0) -> tuple[list[Reader], int | None]:
    """A page of those who opened or clicked (`number`: followed this link) behind the delivery `after`, and what the
    next page begins behind."""
    found = list(_readers(campaign, number, after, PAGE_SIZE + 1))
    more = len(found) > PAGE_SIZE
    return found[:PAGE_SIZE], found[PAGE_SIZE - 1].delivery_id if more else None


def every_reader(campaign: Campaign) -> Iterator[Reader]:
    """All of them, for a file."""
    return _readers(campaign, None, 0, MOST_NAMED)


def _readers(campaign: Campaign, number: int | None, after: int, limit: int) -> Iterator[Reader]:
    wanted, values = "", [campaign.tenant_id, campaign.id, after]
    if number is not None:
        places = _places(campaign, number)
        same = " OR ".join(["(COALESCE(d.revision_id, ?) = ? AND e.link = ?)"] * len(places)) or "FALSE"
        wanted = f"HAVING MAX(CASE WHEN e.kind = '{CLICKED}' AND ({same}) THEN 1 ELSE 0 END) = 1"
        values += [value for place in places for value in (campaign.revision_id or 0, *place)]
    rows = database.execute_sql(
        sql(
            f"""SELECT d.id, s.id, s.title, s.first_name, s.last_name, s.address,
            SUM(CASE WHEN e.kind = '{OPENED}' THEN e.times ELSE 0 END),
            SUM(CASE WHEN e.kind = '{CLICKED}' THEN e.times ELSE 0 END), MAX(e.at)
            FROM delivery_event e JOIN delivery d ON d.id = e.delivery_id AND d.tenant_id = e.tenant_id
            JOIN subscriber s ON s.id = d.subscriber_id AND s.tenant_id = d.tenant_id
            WHERE e.tenant_id = ? AND e.campaign_id = ? AND e.kind IN ('{OPENED}', '{CLICKED}') AND d.id > ?
            GROUP BY d.id, s.id, s.title, s.first_name, s.last_name, s.address {wanted} ORDER BY d.id LIMIT ?"""
        ),
        [*values, limit],
    )
    for delivery_id, person_id, title, first, last, address, opened, clicked, at in rows:
        name = " ".join(filter(None, (title, first, last)))
        yield Reader(
            delivery_id,
            person_id,
            name or address or "",
            address or "",
            int(opened),
            int(clicked),
            clock.moment(at),
        )


def _events(campaign: Campaign, totals: dict[str, Count], per_link: dict[tuple[int, int], Count]) -> None:
    mine = [campaign.tenant_id, campaign.id]
    where = f"e.tenant_id = ? AND e.campaign_id = ? AND e.kind IN ('{OPENED}', '{CLICKED}')"
    for kind, people, times in database.execute_sql(
        sql(
            f"""SELECT e.kind, COUNT(DISTINCT e.delivery_id), SUM(e.times) FROM delivery_event e
            WHERE {where} GROUP BY e.kind"""
        ),
        mine,
    ):
        totals[kind].add(int(times), int(people))
    for revision_id, link, people, times in database.execute_sql(
        sql(
            f"""SELECT COALESCE(d.revision_id, ?), e.link, COUNT(*), SUM(e.times) FROM delivery_event e
            JOIN delivery d ON d.id = e.delivery_id AND d.tenant_id = e.tenant_id
            WHERE {where} AND e.kind = '{CLICKED}' AND e.link IS NOT NULL GROUP BY 1, 2"""
        ),
        [campaign.revision_id or 0, *mine],
    ):
        per_link.setdefault((revision_id, link), Count()).add(int(times), int(people))


def _tallies(campaign: Campaign, totals: dict[str, Count], per_link: dict[tuple[int, int], Count]) -> int:
    """Add what is kept of nobody in particular; returns what machines did."""
    machines = 0
    query = MeasureTally.select().where(
        MeasureTally.tenant_id == campaign.tenant_id, MeasureTally.campaign_id == campaign.id
    )
    for row in query:
        if row.kind not in totals:
            machines += row.times
        elif row.kind == OPENED or row.link == 0:
            totals[row.kind].add(row.times, row.people)
        else:
            totals[CLICKED].add(row.times, 0)
            per_link.setdefault((row.revision_id, row.link), Count()).add(row.times, row.people)
    return machines


def _links(campaign: Campaign, per_link: dict[tuple[int, int], Count], mode: Measuring) -> list[Link]:
    """Every link of the mailing, those of earlier versions too; the most followed first."""
    ids = {campaign.revision_id or 0, *(revision_id for revision_id, _link in per_link)}
    query = (
        IssueRevision.select(IssueRevision.id, IssueRevision.links)
        .where(IssueRevision.tenant_id == campaign.tenant_id, IssueRevision.id.in_(sorted(ids)))
        .order_by(IssueRevision.id == campaign.revision_id, IssueRevision.id)
    )
    found: dict[str, Link] = {}
    for revision_id, links in query.tuples():
        for number, (url, words) in enumerate(links, 1):
            link = found.setdefault(
                url, Link(url, words, number, Count(0, 0 if mode == Measuring.PEOPLE else None))
            )
            link.number, link.words = number, words or link.words
            count = per_link.get((revision_id, number))
            if count is not None:
                link.count.add(count.times, count.people or 0)
    return sorted(found.values(), key=lambda link: (-link.count.times, link.number))


def _places(campaign: Campaign, number: int) -> list[tuple[int, int]]:
    """(revision, number) of a link that has this number now, in every version of the mail that holds it."""
    query = IssueRevision.select(IssueRevision.id, IssueRevision.links).where(
        IssueRevision.tenant_id == campaign.tenant_id, IssueRevision.issue_id == campaign.issue_id,
        IssueRevision.tracking != Measuring.OFF,
    )  # fmt: skip
    versions = dict(query.tuples())
    mine = versions.get(campaign.revision_id, [])
    if not 1 <= number <= len(mine):
        return []
    url = mine[number - 1][0]
    return [
        (revision_id, place) for revision_id, links in versions.items()
        for place, (other, _words) in enumerate(links, 1) if other == url
    ]  # fmt: skip
