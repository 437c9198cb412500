"""What a campaign has done so far: counts, rate, time left, and every recipient by name."""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import fn

from domain import bounds, clock
from domain.campaigns import tallies
from domain.campaigns.models import Campaign, Course
from domain.db import abreast, database, is_postgres, rows, sql
from domain.ledger import refusals
from domain.ledger.models import Delivery
from domain.ledger.refusals import Refusal
from domain.ledger.states import NOTABLE, NOTABLE_SQL, DeliveryState, LeftOut
from domain.subscribers import finding, words

PAGE_SIZE = 50
EXPORT_MAX = 10_000_000
COMMON = 5_000  # mails in one state
LOOKED = 500  # people with a searched name who are looked up first
RATE_WINDOW_S = 30
BUCKET_S = 10
BUCKETS = 18
D = DeliveryState


@dataclass(frozen=True)
class Progress:
    """Counts by state, mails of the audience, mails per second lately, seconds left (None: unknown)."""

    counts: dict[DeliveryState, int]
    left_out: dict[LeftOut, int]
    total: int
    per_second: float
    left_s: int | None

    @property
    def sent(self) -> int:
        return self.counts.get(D.SENT, 0)

    @property
    def done(self) -> int:
        return sum(self.counts.get(s, 0) for s in (D.SENT, D.FAILED, D.EXPIRED, D.HELD))


@dataclass(frozen=True)
class Recipient:
    """One row of the recipients table."""

    delivery_id: int
    subscriber_id: int | None
    name: str
    address: str
    state: DeliveryState
    reason: LeftOut | None
    reply: str
    enhanced: str
    attempt: int
    next_at: datetime | None
    at: datetime | None
    organisation: str = ""
    refusal: Refusal | None = None  # of those that were not taken
    twice: bool = False  # the mail may be there two times
    opened: int = 0  # how often, where it is counted per person
    clicked: int = 0


_COUNTED = """ LEFT JOIN (SELECT delivery_id, SUM(CASE WHEN kind = 'opened' THEN times ELSE 0 END) AS opened,
        SUM(CASE WHEN kind = 'clicked' THEN times ELSE 0 END) AS clicked FROM delivery_event
        WHERE tenant_id = ? AND campaign_id = ? AND kind IN ('opened', 'clicked') GROUP BY delivery_id) e
        ON e.delivery_id = d.id"""


def progress(campaign: Campaign, counts: dict[DeliveryState, int] | None = None) -> Progress:
    """Where a campaign stands; `counts`: its mails by state, where they have just been counted."""
    if counts is None:
        counts = tallies.counted([campaign]).get(campaign.id, {})
    left_out, rate = abreast(
        lambda: _left_out(campaign) if counts.get(D.SUPPRESSED) else {}, lambda: _rate(campaign)
    )
    waiting = counts.get(D.QUEUED, 0) + counts.get(D.LEASED, 0)
    total = sum(count for state, count in counts.items() if state != D.SUPPRESSED)
    return Progress(counts, left_out, total, rate, round(waiting / rate) if rate and waiting else None)


def _rate(campaign: Campaign) -> float:
    """Mails sent per second in the last half minute."""
    now = clock.epoch()
    since = now - RATE_WINDOW_S
    begun = int(campaign.started_at.timestamp()) if campaign.started_at else since
    lately = (
        Delivery.select()
        .where(
            Delivery.tenant_id == campaign.tenant_id, Delivery.campaign_id == campaign.id,
            Delivery.state == D.SENT, Delivery.settled_at >= since,
        )
        .count()
    )  # fmt: skip
    return float(lately / max(1, min(RATE_WINDOW_S, now - begun)))


def next_attempt(campaign: Campaign) -> datetime | None:
    """When the first of the deferred mails is tried again; None: there is none."""
    first = (
        Delivery.select(fn.MIN(Delivery.next_at))
        .where(
            Delivery.tenant_id == campaign.tenant_id, Delivery.campaign_id == campaign.id,
            Delivery.state == D.DEFERRED,
        )
        .scalar()
    )  # fmt: skip
    return None if first is None else clock.moment(first)


def histogram(campaign: Campaign) -> list[tuple[datetime, int]]:
    """Mails sent per 10 seconds over the last three minutes of the campaign, oldest first."""
    last = (
        Delivery.select(fn.MAX(Delivery.settled_at))
        .where(
            Delivery.tenant_id == campaign.tenant_id,
            Delivery.campaign_id == campaign.id,
            Delivery.state == D.SENT,
        )
        .scalar()
    )
    if last is None:
        return []
    first = last // BUCKET_S * BUCKET_S - (BUCKETS - 1) * BUCKET_S
    slots_of = """SELECT settled_at / 10, count(*) FROM delivery WHERE tenant_id = ? AND campaign_id = ? AND state = ?
        AND settled_at >= ? GROUP BY 1"""
    values = [campaign.tenant_id, campaign.id, int(D.SENT), first]
    found = {int(slot) * BUCKET_S: count for slot, count in rows(slots_of, values, 2)}
    begun = int(campaign.started_at.timestamp()) if campaign.started_at else first
    slots = range(max(first, begun // BUCKET_S * BUCKET_S), last + 1, BUCKET_S)
    return [(clock.moment(slot), found.get(slot, 0)) for slot in slots]


def recipients(
    campaign: Campaign, text: str = "", state: str = "", reason: int | None = None, after: str = ""
) -> tuple[list[Recipient], str | None]:
    """A page of recipients behind the key `after`, and the key of the next page. Notable states come first, all others
    by address; a search goes by the number of the person. Each order is that of an index."""
    place, _, anchor = after.partition("-")
    wanted = _Wanted(campaign, text, state, reason)
    if words.folded(text):
        rows = wanted.searched(int(anchor) if anchor.isdecimal() and len(anchor) <= 18 else 0)
        key = "2-{1}"
    else:
        rows = (
            []
            if place == "1"
            else wanted.notable(int(anchor) if anchor.isdecimal() and len(anchor) <= 18 else 0)
        )
        key = "0-{0}"
        if len(rows) <= PAGE_SIZE:
            rows += wanted.others(anchor if place == "1" else "", PAGE_SIZE + 1 - len(rows))
    if len(rows) <= PAGE_SIZE:
        return [_recipient(row[:-1]) for row in rows], None
    last = rows[PAGE_SIZE - 1]
    key = key if key[0] == "2" or last[6] in NOTABLE else "1-{16}"
    return [_recipient(row[:-1]) for row in rows[:PAGE_SIZE]], key.format(*last)


def left_out_before(campaign: Campaign) -> dict[LeftOut, int]:
    """Reason → people left out by the snapshot, not by the check before each mail."""
    return _left_out(campaign, Delivery.attempt == 0)


def _left_out(campaign: Campaign, *among: Any) -> dict[LeftOut, int]:
    rows = (
        Delivery.select(Delivery.reason, fn.COUNT(Delivery.id))
        .where(
            Delivery.tenant_id == campaign.tenant_id, Delivery.campaign_id == campaign.id,
            Delivery.state == D.SUPPRESSED, *among,
        )
        .group_by(Delivery.reason)
        .tuples()
    )  # fmt: skip
    return {LeftOut(reason): count for reason, count in rows}


def every_recipient(campaign: Campaign, counted: bool = False) -> Iterator[Recipient]:
    """All of them, for the export; `counted`: with what each opened and clicked."""
    columns, joined = (", e.opened, e.clicked", _COUNTED) if counted else ("", "")
    text = f"""{_SHOWN.format(more=columns, counted=joined)} WHERE d.tenant_id = ? AND d.campaign_id = ?
        ORDER BY CASE WHEN d.state IN ({_STATES}) THEN 0 ELSE 1 END, d.id LIMIT ?"""
    mine = [campaign.tenant_id, campaign.id]
    for row in database.execute_sql(sql(text), [*(mine if counted else []), *mine, EXPORT_MAX]):
        yield _recipient(row)


_STATES = ", ".join(str(int(state)) for state in NOTABLE)
_NOTABLE = NOTABLE_SQL.replace("state", "d.state")
_SHOWN = """SELECT d.id, d.subscriber_id, s.title, s.first_name, s.last_name, COALESCE(p.address, s.address),
    d.state, d.reason, d.reply_code, d.enhanced, d.reply_text, d.attempt, d.next_at, d.settled_at, o.name,
    d.maybe_duplicate{more}
    FROM delivery d{counted}
    LEFT JOIN subscriber s ON s.id = d.subscriber_id AND s.tenant_id = d.tenant_id
    LEFT JOIN delivery_payload p ON p.delivery_id = d.id
    LEFT JOIN organisation o ON o.id = s.organisation_id AND o.tenant_id = d.tenant_id"""
_ROW = _SHOWN.format(more=", d.address_key", counted="")


class _Wanted:
    """The recipients that a page asks for: ids by an index first, then what is shown of them."""

    def __init__(self, campaign: Campaign, text: str, state: str, reason: int | None) -> None:
        self.tenant_id, self.text = campaign.tenant_id, text
        self.walk = "" if is_postgres() else "+"  # not by the index of this column: another one has the order
        walked = "(d.state + 0)" if is_postgres() else "+d.state"
        self.where, self.values = "d.tenant_id = ? AND d.campaign_id = ?", [campaign.tenant_id, campaign.id]
        if state.isdecimal() and len(state) < 3:
            self.where += f" AND {walked if self._is_common(int(state)) else 'd.state'} = ?"
            self.values.append(int(state))
        if reason is not None:
            self.where += " AND d.reason = ?"
            self.values.append(reason)

    def _is_common(self, state: int) -> bool:
        """Whether so many are in a state that walking all by address finds a page sooner than sorting them."""
        text = "SELECT 1 FROM delivery WHERE tenant_id = ? AND campaign_id = ? AND state = ? LIMIT 1 OFFSET ?"
        return database.execute_sql(sql(text), [*self.values, state, COMMON]).fetchone() is not None

    def notable(self, after: int) -> list[tuple[Any, ...]]:
        """Those in notable states, by number."""
        return self._page(f"{_NOTABLE} AND {self.walk}d.id > ?", [after], "d.id", PAGE_SIZE + 1)

    def others(self, after: str, limit: int) -> list[tuple[Any, ...]]:
        """All others, by address."""
        return self._page(
            f"{self.walk}d.state NOT IN ({_STATES}) AND d.address_key > ?", [after], "d.address_key", limit
        )

    def searched(self, after: int) -> list[tuple[Any, ...]]:
        """Those whose name or address holds the beginnings of the words, by the number of the person."""
        found = words.split(self.text)
        if not found:
            return []
        if not is_postgres():
            person = "SELECT rowid FROM subscriber_search WHERE subscriber_search MATCH ?"
            bound = [f"tenant{self.tenant_id} AND {finding.match(found)}", after]
            behind = f"d.subscriber_id IN ({person}) AND {self.walk}d.subscriber_id > ?"
            return self._page(behind, bound, "d.subscriber_id", PAGE_SIZE + 1)
        person = f"""SELECT s.id FROM subscriber s WHERE s.tenant_id = ? AND s.id > ?
            AND {finding.DOCUMENT} @@ to_tsquery('simple', ?)"""
        wanted = [self.tenant_id, after, finding.match(found)]
        first = f"d.subscriber_id IN ({person} ORDER BY s.id LIMIT {LOOKED})"  # it would ask for the mail of everybody
        rows = self._page(first, wanted, "d.subscriber_id", PAGE_SIZE + 1)
        if len(rows) > PAGE_SIZE:
            return rows
        return self._page(f"d.subscriber_id IN ({person})", wanted, "d.subscriber_id", PAGE_SIZE + 1)

    def _page(self, behind: str, bound: list[Any], order: str, limit: int) -> list[tuple[Any, ...]]:
        ids = f"SELECT d.id FROM delivery d WHERE {self.where} AND {behind} ORDER BY {order} LIMIT ?"
        text = f"{_ROW} WHERE {self.walk}d.tenant_id = ? AND d.id IN (SELECT id FROM ({ids}) found) ORDER BY {order}"
        values = [self.tenant_id, *self.values, *bound, limit]
        return list(database.execute_sql(sql(text), values).fetchall())


def _recipient(row: tuple[Any, ...]) -> Recipient:
    (
        row_id, person_id, title, first, last, address, state, reason, code, enhanced, reply, attempt, next_at, at,
        organisation, twice, *counts,
    ) = row  # fmt: skip
    technical = " ".join(str(part) for part in (code, enhanced, reply) if part)
    return Recipient(
        row_id, person_id, " ".join(filter(None, (title, first, last))) or address or "", address or "",
        D(state), LeftOut(reason) if reason else None, technical, enhanced or "", attempt,
        clock.moment(next_at) if next_at and state == D.DEFERRED else None, clock.moment(at) if at else None,
        organisation or "",
        refusals.of(enhanced, code, state == D.FAILED) if state in (D.FAILED, D.EXPIRED, D.DEFERRED) else None,
        bool(twice), *(int(count or 0) for count in counts),
    )  # fmt: skip


def last_of_type(campaign: Campaign) -> int:
    """How many people got the mailing of this newsletter type that began last; 0 if there was none."""
    last = (
        Campaign.select()
        .where(
            Campaign.tenant_id == campaign.tenant_id, Campaign.type_id == campaign.type_id,
            Campaign.id != (campaign.id or 0), Campaign.course == Course.OWN, Campaign.started_at.is_null(False),
        )
        .order_by(Campaign.started_at.desc())
        .first()
    )  # fmt: skip
    if last is None:
        return 0
    if tallies.is_final(last) and bounds.current() is None:
        return tallies.Tally(tallies.kept(last)).total
    return (
        Delivery.select()
        .where(
            Delivery.tenant_id == campaign.tenant_id, Delivery.campaign_id == last.id,
            Delivery.state != DeliveryState.SUPPRESSED,
        )
        .count()
    )  # fmt: skip
