"""Which mailings a person or the contacts of an organisation got, for the record pages."""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import fn

from domain import clock
from domain.campaigns.models import Campaign
from domain.db import database, is_postgres, sql
from domain.issues.models import IssueRevision
from domain.ledger.counting import CLICKED, OPENED
from domain.ledger.models import Delivery, DeliveryEvent
from domain.ledger.states import DeliveryState, LeftOut

CONTACTS_READ = 2_000  # deliveries looked at for the history of an organisation


@dataclass(frozen=True)
class Received:
    """One mailing as this person's record shows it."""

    campaign_id: int
    name: str
    state: DeliveryState
    reason: LeftOut | None
    at: datetime
    events: tuple[str, ...] = ()  # what came back: bounced, complained, unsubscribed
    opened: int = 0  # how often, as far as it is counted per person
    clicked: int = 0
    links: tuple[str, ...] = ()  # the words of those that were followed


def by_person(tenant_id: int, subscriber_id: int, limit: int = 50) -> list[Received]:
    """The newest mailings meant for a person, also those he was left out of."""
    rows = (
        Delivery.select(
            Delivery.campaign_id, Campaign.name, Delivery.state, Delivery.reason, Delivery.settled_at,
            Delivery.queued_at, Delivery.id, fn.COALESCE(Delivery.revision_id, Campaign.revision_id),
        )
        .join(Campaign, on=((Campaign.id == Delivery.campaign_id) & (Campaign.tenant_id == Delivery.tenant_id)))
        .where(Delivery.tenant_id == tenant_id, Delivery.subscriber_id == subscriber_id)
        .order_by(Delivery.id.desc())
        .limit(limit)
        .tuples()
    )  # fmt: skip
    found = list(rows)
    ids = [row[-2] for row in found]
    events, links = _events(tenant_id, ids), _links(tenant_id, found)
    made = []
    for campaign_id, name, state, reason, settled_at, queued_at, delivery_id, _revision in found:
        counts: dict[str, int] = {}
        words: dict[str, None] = {}
        for kind, times, link in events.get(delivery_id, ()):
            counts[kind] = counts.get(kind, 0) + times
            if kind == CLICKED and link:
                words[links.get((delivery_id, link), "")] = None
        made.append(
            Received(
                campaign_id, name, DeliveryState(state), LeftOut(reason) if reason else None,
                clock.moment(settled_at or queued_at), tuple(k for k in counts if k not in (OPENED, CLICKED)),
                counts.get(OPENED, 0), counts.get(CLICKED, 0), tuple(filter(None, words)),
            )
        )  # fmt: skip
    return made


def _events(tenant_id: int, delivery_ids: list[int]) -> dict[int, list[tuple[str, int, int | None]]]:
    """Delivery id → (kind, how often, link) of what came back, in order."""
    query = DeliveryEvent.select(
        DeliveryEvent.delivery_id, DeliveryEvent.kind, DeliveryEvent.times, DeliveryEvent.link
    ).where(DeliveryEvent.tenant_id == tenant_id, DeliveryEvent.delivery_id.in_(delivery_ids[:500] or [0]))
    found: dict[int, list[tuple[str, int, int | None]]] = {}
    for delivery_id, *event in query.order_by(DeliveryEvent.at, DeliveryEvent.id).tuples():
        found.setdefault(delivery_id, []).append(tuple(event))
    return found


def _links(tenant_id: int, rows: list[tuple[Any, ...]]) -> dict[tuple[int, int], str]:
    """(delivery, number of a link) → its words, else its address."""
    wanted = {row[-1] for row in rows if row[-1]}
    query = IssueRevision.select(IssueRevision.id, IssueRevision.links).where(
        IssueRevision.tenant_id == tenant_id, IssueRevision.id.in_(sorted(wanted)[:500] or [0]),
        IssueRevision.tracking != "off",
    )  # fmt: skip
    versions = dict(query.tuples())
    return {
        (row[-2], number): words or url
        for row in rows
        for number, (url, words) in enumerate(versions.get(row[-1], ()), 1)
    }


@dataclass
class Document:
    """One mailing in the history of an organisation: which of its contacts it was meant for."""

    campaign_id: int
    name: str
    at: datetime
    contacts: list[
        tuple[int, str, DeliveryState, LeftOut | None]
    ]  # (subscriber, name or address, state, reason)
    more: int = 0  # contacts beyond those


def by_organisation(
    tenant_id: int, organisation_id: int, limit: int = 30, most: int = CONTACTS_READ
) -> list[Document]:
    """The newest mailings that contacts of the organisation were meant to get, one document each, with up to `most`
    contacts by name. The contacts lead: a mailing to a million is not looked through for a few."""
    fixed = "JOIN" if is_postgres() else "CROSS JOIN"
    rows = database.execute_sql(
        sql(
            f"""SELECT d.campaign_id, k.name, d.state, d.reason, d.settled_at, d.queued_at,
            s.id, s.first_name, s.last_name, s.address
            FROM (SELECT id, first_name, last_name, address FROM subscriber
                WHERE tenant_id = ? AND organisation_id = ? ORDER BY id LIMIT {CONTACTS_READ}) s
            {fixed} delivery d ON d.tenant_id = ? AND d.subscriber_id = s.id
            {fixed} campaign k ON k.id = d.campaign_id AND k.tenant_id = d.tenant_id
            ORDER BY d.campaign_id DESC, s.last_name, d.id LIMIT {CONTACTS_READ}"""
        ),
        [tenant_id, organisation_id, tenant_id],
    ).fetchall()
    found: dict[int, Document] = {}
    for campaign_id, name, state, reason, settled_at, queued_at, person_id, first, last, address in rows:
        if campaign_id not in found and len(found) == limit:
            break
        document = found.setdefault(
            campaign_id, Document(campaign_id, name, clock.moment(settled_at or queued_at), [])
        )
        if len(document.contacts) == most:
            document.more += 1
            continue
        shown = " ".join(filter(None, (first, last))) or address or "–"
        document.contacts.append(
            (person_id, shown, DeliveryState(state), LeftOut(reason) if reason else None)
        )
    return list(found.values())
