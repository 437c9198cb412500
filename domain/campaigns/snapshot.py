"""Freeze the audience into the ledger: a row per person, also for those left out, with the reason.

Chunks of at most 5,000 people, some 50 ms while which others wait to write; the cursor moves in the transaction of
its chunk, so that a kill repeats nothing.
"""

# ruff: noqa: S608 - the statements are put together from constants of this module; values are always bound

import json
from collections.abc import Callable, Mapping
from typing import Any

from domain import clock
from domain.campaigns import audience, conditions, reporting
from domain.campaigns.models import Campaign, Course
from domain.db import database, is_postgres, sql
from domain.issues import placeholders
from domain.issues.models import IssueRevision
from domain.ledger.states import DeliveryState
from domain.subscribers import rules

CHUNK = 5_000
FETCHED = 1_000  # people of a chunk that passes through our memory, as with PostgreSQL
_quoted = json.encoder.encode_basestring  # a million times: the encoder's own setting up would cost more
CLOSED = 2**31 - 1  # the cursor behind everybody: who comes later is not taken in when the campaign goes on
_Packed = Callable[[Mapping[str, Any]], str]


def fill(campaign: Campaign) -> int:
    """Take over the whole audience, going on behind the cursor; returns how many rows were written. Raises Conflict
    before the first one if a segment that it needs cannot be asked. To a step of a series people come one by one."""
    if campaign.course == Course.SERIES:
        _move_cursor(campaign, CLOSED)
        return 0
    conditions.must_be_readable(campaign.tenant_id, names(campaign), campaign.audience or {})
    members = conditions.Members(campaign.tenant_id, names(campaign))
    packed = packer(campaign, members)
    written = 0
    last_id: int | None = campaign.snapshot_cursor
    with audience.picked(campaign):
        while last_id is not None:
            with database.atomic():
                _resolve_rules(campaign)
                count, last_id = (_postgres if is_postgres() else _sqlite)(campaign, packed, members)
                written += count
                _move_cursor(campaign, CLOSED if last_id is None else last_id)
    return written


def _move_cursor(campaign: Campaign, last_id: int) -> None:
    campaign.snapshot_cursor = last_id
    Campaign.update(snapshot_cursor=last_id).where(
        Campaign.tenant_id == campaign.tenant_id, Campaign.id == campaign.id
    ).execute()


def _resolve_rules(campaign: Campaign) -> None:
    """Compare those of the next chunk who would get the mail with the rules of the suppression list once more: a rule
    that was written while somebody came in has no row for him yet."""
    if rules.any_of(campaign.tenant_id):
        people = audience.chunk(campaign, campaign.snapshot_cursor, FETCHED if is_postgres() else CHUNK)
        rules.resolve(campaign.tenant_id, [p["address_key"] for p, reason in people if reason is None])


_COLUMNS = """tenant_id, campaign_id, subscriber_id, address_key, state, reason, queued_at, settled_at,
    attempt, next_at, handed_over, maybe_duplicate"""
_VALUES = f"""?, ?, id, coalesce(address_key, 'none:' || id),
    CASE WHEN reason IS NULL THEN {int(DeliveryState.QUEUED)} ELSE {int(DeliveryState.SUPPRESSED)} END, reason, ?,
    CASE WHEN reason IS NULL THEN NULL ELSE ? END, 0, 0, FALSE, FALSE"""
_PAYLOAD = "INSERT INTO delivery_payload (delivery_id, tenant_id, campaign_id, address, packed)"


def _sqlite(campaign: Campaign, packed: _Packed, members: conditions.Members) -> tuple[int, int | None]:
    """A chunk inside the engine, which calls us back for the values; (rows written, last id, None at the end)."""
    now, tenant_id = clock.epoch(), campaign.tenant_id
    last_id = audience.end_of_chunk(campaign, campaign.snapshot_cursor, CHUNK)
    members.load(campaign.snapshot_cursor, last_id or CLOSED)
    text, values = audience.statement(campaign, f"SELECT s.id, s.address_key, {audience.REASON} AS reason")
    made = database.execute_sql(
        f"""INSERT INTO delivery ({_COLUMNS}) SELECT {_VALUES} FROM ({text} AND s.id > ? AND s.id <= ? ORDER BY s.id)
        WHERE true ON CONFLICT DO NOTHING""",
        [tenant_id, campaign.id, now, now, *values, campaign.snapshot_cursor, last_id or CLOSED],
    )
    if not made.rowcount:
        return 0, last_id
    database.connection().create_function(
        "packed", -1, lambda *person: packed(dict(zip(audience.PERSON, person, strict=True)))
    )
    # nobody else writes meanwhile, so the ids of the rows just made stand in a row; the plus keeps the planner from
    # walking the whole campaign by an index instead
    database.execute_sql(
        f"""{_PAYLOAD} SELECT d.id, d.tenant_id, d.campaign_id, s.address, packed({audience.COLUMNS})
        FROM delivery d CROSS JOIN subscriber s ON s.id = d.subscriber_id AND s.tenant_id = d.tenant_id
        LEFT JOIN organisation o ON o.id = s.organisation_id AND o.tenant_id = s.tenant_id
        WHERE d.id > ? AND +d.tenant_id = ? AND +d.campaign_id = ? AND +d.state = ?""",
        [made.lastrowid - made.rowcount, tenant_id, campaign.id, int(DeliveryState.QUEUED)],
    )
    return made.rowcount, last_id


def _postgres(campaign: Campaign, packed: _Packed, members: conditions.Members) -> tuple[int, int | None]:
    """A chunk in one read and one write with one parameter: a round trip per row costs more than its writing."""
    people = list(audience.chunk(campaign, campaign.snapshot_cursor, FETCHED))
    members.load(campaign.snapshot_cursor, people[-1][0]["id"] if people else 0)
    rows = [
        {
            "id": person["id"],
            "address_key": person["address_key"],
            "reason": reason,
            "address": person["address"],
            "packed": packed(person) if reason is None else None,
        }
        for person, reason in people
    ]
    now = clock.epoch()
    written = database.execute_sql(
        sql(
            f"""WITH people AS MATERIALIZED (
                SELECT ?::int AS tenant_id, * FROM json_to_recordset(?)
                    AS p(id bigint, address_key text, reason smallint, address text, packed text)),
            made AS (
                INSERT INTO delivery ({_COLUMNS}) SELECT {_VALUES} FROM people ORDER BY id
                ON CONFLICT DO NOTHING RETURNING id, tenant_id, campaign_id, subscriber_id),
            payload AS (
                {_PAYLOAD} SELECT made.id, made.tenant_id, made.campaign_id, people.address, people.packed
                FROM made JOIN people ON made.tenant_id = people.tenant_id AND people.id = made.subscriber_id
                WHERE people.reason IS NULL)
            SELECT count(*) FROM made"""
        ),
        [campaign.tenant_id, json.dumps(rows), campaign.tenant_id, campaign.id, now, now],
    ).fetchone()[0]
    return written, people[-1][0]["id"] if len(people) >= FETCHED else None


def packer(campaign: Campaign, members: conditions.Members) -> _Packed:
    """What makes the JSON of the values that the revision names, and of the name that stands in the To header; the
    caller keeps the window of `members` over the people it hands in."""
    wanted = names(campaign)
    own = placeholders.own_texts(campaign.tenant_id, wanted)
    readers = [*placeholders.readers(wanted), *reporting.readers(campaign, wanted)]
    keyed = [(f",{_quoted(name)}:", read) for name, read in readers]

    def packed(person: Mapping[str, Any]) -> str:
        display = " ".join(filter(None, (person["title"], person["first_name"], person["last_name"])))
        values = [key + _quoted(value) for key, read in keyed if (value := read(person))]
        values += [f",{_quoted(name)}:{_quoted(text)}" for name, text in own(person["fields"]).items()]
        values += [f',{_quoted(name)}:"1"' for name in members.of(person["id"])]
        return f'{{"@name":{_quoted(display)}{"".join(values)}}}'

    return packed


def names(campaign: Campaign) -> list[str]:
    """What the mail of the campaign names of a person."""
    revision = IssueRevision.get(
        IssueRevision.tenant_id == campaign.tenant_id, IssueRevision.id == campaign.revision_id
    )
    return list(revision.placeholders)
