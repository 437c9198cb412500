"""Freeze the audience into the ledger: a row per person, also for those left out, with the reason.

Chunks of at most 1,000 people; the cursor moves in the transaction of its chunk, so that a kill repeats nothing.
"""

import json
from collections.abc import Callable
from typing import Any

from domain import clock
from domain.campaigns import audience
from domain.campaigns.models import Campaign
from domain.db import database, sql
from domain.issues import placeholders
from domain.issues.models import IssueRevision
from domain.ledger.states import DeliveryState, LeftOut
from domain.subscribers import rules

CHUNK = 1_000


def fill(campaign: Campaign) -> int:
    """Take over the whole audience, going on behind the cursor; returns how many rows were written."""
    names = _names(campaign)
    own = placeholders.own_texts(campaign.tenant_id, names)
    written = 0
    while True:
        with database.atomic():
            people = list(audience.chunk(campaign, campaign.snapshot_cursor, CHUNK))
            if not people:
                return written
            people = _caught(campaign.tenant_id, people)
            _write(campaign, people, names, own)
            campaign.snapshot_cursor = people[-1][0]["id"]
            Campaign.update(snapshot_cursor=campaign.snapshot_cursor).where(
                Campaign.tenant_id == campaign.tenant_id, Campaign.id == campaign.id
            ).execute()
        written += len(people)


def _caught(
    tenant_id: int, people: list[tuple[dict[str, Any], int | None]]
) -> list[tuple[dict[str, Any], int | None]]:
    """Compare those who would get the mail with the rules of the suppression list once more: a rule that was written
    while somebody came in has no row for him yet."""
    hit = rules.resolve(tenant_id, [p["address_key"] for p, reason in people if reason is None])
    if not hit:
        return people
    return [
        (p, int(LeftOut.SUPPRESSED) if reason is None and p["address_key"] in hit else reason)
        for p, reason in people
    ]


def _names(campaign: Campaign) -> list[str]:
    revision = IssueRevision.get(
        IssueRevision.tenant_id == campaign.tenant_id, IssueRevision.id == campaign.revision_id
    )
    return list(revision.placeholders)


def _write(
    campaign: Campaign,
    people: list[tuple[dict[str, Any], int | None]],
    names: list[str],
    own: Callable[[Any], dict[str, str]],
) -> None:
    now = clock.epoch()
    rows = [
        (
            campaign.tenant_id, campaign.id, person["id"], person["address_key"] or f"none:{person['id']}",
            int(DeliveryState.QUEUED if reason is None else DeliveryState.SUPPRESSED), reason,
            now, None if reason is None else now,
        )
        for person, reason in people
    ]  # fmt: skip
    cursor = database.cursor()
    cursor.executemany(
        sql(
            """INSERT INTO delivery (tenant_id, campaign_id, subscriber_id, address_key, state, reason, queued_at,
            settled_at, attempt, next_at, handed_over, maybe_duplicate)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, FALSE, FALSE) ON CONFLICT DO NOTHING"""
        ),
        rows,
    )
    first, last = people[0][0]["id"], people[-1][0]["id"]
    ids = dict(
        database.execute_sql(
            sql(
                """SELECT subscriber_id, id FROM delivery WHERE tenant_id = ? AND campaign_id = ?
                AND subscriber_id BETWEEN ? AND ? AND state = ?"""
            ),
            [campaign.tenant_id, campaign.id, first, last, int(DeliveryState.QUEUED)],
        ).fetchall()
    )
    packed = [
        (
            ids[person["id"]], campaign.tenant_id, campaign.id, person["address"],
            json.dumps(_packed(person | {"own": own(person["fields"])}, names), ensure_ascii=False),
        )
        for person, reason in people
        if reason is None and person["id"] in ids
    ]  # fmt: skip
    if packed:
        cursor.executemany(
            sql(
                """INSERT INTO delivery_payload (delivery_id, tenant_id, campaign_id, address, packed)
                VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
            ),
            packed,
        )


def _packed(person: dict[str, Any], names: list[str]) -> dict[str, str]:
    """The values that the revision names, and the name that stands in the To header."""
    display = " ".join(filter(None, (person["title"], person["first_name"], person["last_name"])))
    return {"@name": display, **placeholders.values_for(person, names)}
