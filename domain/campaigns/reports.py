"""What a campaign has done so far: counts, rate, time left, and every recipient by name."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import fn

from domain import clock
from domain.campaigns.models import Campaign, Course
from domain.db import database, is_postgres, sql
from domain.ledger import refusals
from domain.ledger.models import Delivery
from domain.ledger.refusals import Refusal
from domain.ledger.states import DeliveryState, LeftOut
from domain.subscribers import words

PAGE_SIZE = 50
EXPORT_MAX = 10_000_000
RATE_WINDOW_S = 30
BUCKET_S = 10
BUCKETS = 18
D = DeliveryState
NOTABLE = (D.FAILED, D.EXPIRED, D.HELD, D.UNCERTAIN, D.DEFERRED)  # shown first


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


def progress(campaign: Campaign) -> Progress:
    """Where a campaign stands."""
    counts: dict[DeliveryState, int] = {}
    left_out: dict[LeftOut, int] = {}
    rows = (
        Delivery.select(Delivery.state, Delivery.reason, fn.COUNT(Delivery.id))
        .where(Delivery.tenant_id == campaign.tenant_id, Delivery.campaign_id == campaign.id)
        .group_by(Delivery.state, Delivery.reason)
        .tuples()
    )
    for state, reason, count in rows:
        if state == D.SUPPRESSED:
            left_out[LeftOut(reason)] = count
        counts[D(state)] = counts.get(D(state), 0) + count
    since = clock.epoch() - RATE_WINDOW_S
    begun = int(campaign.started_at.timestamp()) if campaign.started_at else since
    lately = (
        Delivery.select()
        .where(
            Delivery.tenant_id == campaign.tenant_id, Delivery.campaign_id == campaign.id,
            Delivery.state == D.SENT, Delivery.settled_at >= since,
        )
        .count()
    )  # fmt: skip
    rate = lately / max(1, min(RATE_WINDOW_S, clock.epoch() - begun))
    waiting = counts.get(D.QUEUED, 0) + counts.get(D.LEASED, 0)
    total = sum(count for state, count in counts.items() if state != D.SUPPRESSED)
    return Progress(counts, left_out, total, rate, round(waiting / rate) if rate and waiting else None)


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
    rows = database.execute_sql(
        sql(
            """SELECT settled_at / 10, count(*) FROM delivery WHERE tenant_id = ? AND campaign_id = ? AND state = ?
            AND settled_at >= ? GROUP BY 1"""
        ),
        [campaign.tenant_id, campaign.id, int(D.SENT), first],
    ).fetchall()
    found = {int(slot) * BUCKET_S: count for slot, count in rows}
    begun = int(campaign.started_at.timestamp()) if campaign.started_at else first
    slots = range(max(first, begun // BUCKET_S * BUCKET_S), last + 1, BUCKET_S)
    return [(clock.moment(slot), found.get(slot, 0)) for slot in slots]


def recipients(
    campaign: Campaign, text: str = "", state: str = "", reason: int | None = None, after: str = ""
) -> tuple[list[Recipient], str | None]:
    """A page of recipients behind the key `after`, and the key of the next page; notable states come first."""
    rows = database.execute_sql(*_rows(campaign, text, state, reason, PAGE_SIZE + 1, after)).fetchall()
    found = [_recipient(row) for row in rows[:PAGE_SIZE]]
    last = found[-1] if len(rows) > PAGE_SIZE else None
    return found, f"{int(last.state not in NOTABLE)}-{last.delivery_id}" if last else None


def left_out_before(campaign: Campaign) -> dict[LeftOut, int]:
    """Reason → people left out by the snapshot, not by the check before each mail."""
    rows = (
        Delivery.select(Delivery.reason, fn.COUNT(Delivery.id))
        .where(
            Delivery.tenant_id == campaign.tenant_id, Delivery.campaign_id == campaign.id,
            Delivery.state == D.SUPPRESSED, Delivery.attempt == 0,
        )
        .group_by(Delivery.reason)
        .tuples()
    )  # fmt: skip
    return {LeftOut(reason): count for reason, count in rows}


def every_recipient(campaign: Campaign, counted: bool = False) -> Iterator[Recipient]:
    """All of them, for the export; `counted`: with what each opened and clicked."""
    for row in database.execute_sql(*_rows(campaign, "", "", None, EXPORT_MAX, "", counted)):
        yield _recipient(row)


def _rows(
    campaign: Campaign, text: str, state: str, reason: int | None, limit: int, after: str,
    counted: bool = False,
) -> tuple[str, list[Any]]:  # fmt: skip
    where = ""
    values: list[Any] = []
    for word in words.folded(text).split()[:5]:
        where += f" AND {'strpos' if is_postgres() else 'instr'}(s.folded, ?) > 0"
        values.append(word)
    if state.isdigit():
        where += " AND d.state = ?"
        values.append(int(state))
    if reason is not None:
        where += " AND d.reason = ?"
        values.append(reason)
    states = ", ".join(str(int(s)) for s in NOTABLE)
    rank = f"CASE WHEN d.state IN ({states}) THEN 0 ELSE 1 END"
    place, _, row_id = after.partition("-")
    if place.isdigit() and row_id.isdigit():
        where += f" AND ({rank} > ? OR ({rank} = ? AND d.id > ?))"
        values += [int(place), int(place), int(row_id)]
    statement = f"""SELECT d.id, d.subscriber_id, s.title, s.first_name, s.last_name, COALESCE(p.address, s.address),
        d.state, d.reason, d.reply_code, d.enhanced, d.reply_text, d.attempt, d.next_at, d.settled_at, o.name,
        d.maybe_duplicate{", e.opened, e.clicked" if counted else ""}
        FROM delivery d{_COUNTED if counted else ""}
        LEFT JOIN subscriber s ON s.id = d.subscriber_id AND s.tenant_id = d.tenant_id
        LEFT JOIN delivery_payload p ON p.delivery_id = d.id
        LEFT JOIN organisation o ON o.id = s.organisation_id AND o.tenant_id = d.tenant_id
        WHERE d.tenant_id = ? AND d.campaign_id = ?{where}
        ORDER BY {rank}, d.id LIMIT ?"""  # noqa: S608
    mine = [campaign.tenant_id, campaign.id]
    return sql(statement), [*(mine if counted else []), *mine, *values, limit]


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
        Campaign.select(Campaign.id)
        .where(
            Campaign.tenant_id == campaign.tenant_id, Campaign.type_id == campaign.type_id,
            Campaign.id != (campaign.id or 0), Campaign.course == Course.OWN, Campaign.started_at.is_null(False),
        )
        .order_by(Campaign.started_at.desc())
        .first()
    )  # fmt: skip
    if last is None:
        return 0
    return (
        Delivery.select()
        .where(
            Delivery.tenant_id == campaign.tenant_id, Delivery.campaign_id == last.id,
            Delivery.state != DeliveryState.SUPPRESSED,
        )
        .count()
    )  # fmt: skip
