"""Mailings that carry a step of a series: approved like any other, then standing, and people come to them one by one.

Such a mailing never ends by itself. While nobody waits in it, it rests (WAITING without an end), so that no process
holds it; whoever is added wakes it in the same transaction. Everything behind the ledger is the way of any mail.
"""

# ruff: noqa: S608 - statements are put together from constants; values are always bound

from collections.abc import Sequence
from email.utils import format_datetime
from typing import Any, NamedTuple, TypeGuard

from peewee import Expression

from domain import clock
from domain.campaigns import audience, conditions, lifecycle, planning, snapshot
from domain.campaigns.models import Campaign, CampaignStatus, Course
from domain.db import among, database, sql
from domain.errors import N_
from domain.issues import assembly
from domain.ledger import outbox
from domain.ledger.statements import many
from domain.ledger.states import DeliveryState, LeftOut
from domain.subscribers import rules

S = CampaignStatus
RESTS = N_("Nobody is waiting for this mail just now.")
TAKES = (S.SENDING, S.WAITING)
DATE = "@date"  # among the values of a delivery: when it came in, equal on every attempt


class Added(NamedTuple):
    """What became of the people: id → delivery, and id → why somebody gets no mail."""

    deliveries: dict[int, int]
    left_out: dict[int, LeftOut]


def takes(campaign: Campaign | None) -> TypeGuard[Campaign]:
    """Whether people can be added: approved, begun, and not halted by anybody."""
    return campaign is not None and campaign.course == Course.SERIES and campaign.status in TAKES


def rests(campaign: Campaign) -> bool:
    """Whether nobody waits in a step of a series just now."""
    return bool(campaign.status == S.WAITING and campaign.wait_reason == RESTS)


def add(campaign: Campaign, ids: Sequence[int]) -> Added:
    """Put people into the ledger who may get this mail now, in the caller's transaction, and wake the mailing. Somebody
    whose address has had it already is a DUPLICATE."""
    people = {person["id"]: (person, reason) for person, reason in _people(campaign, ids)}
    if rules.any_of(campaign.tenant_id):  # a rule of the suppression list has no row for new addresses yet
        rules.resolve(
            campaign.tenant_id, [p["address_key"] for p, reason in people.values() if reason is None]
        )
        people = {person["id"]: (person, reason) for person, reason in _people(campaign, ids)}
    reasons = {i: people[i][1] if i in people else LeftOut.UNPROVED for i in ids}
    left_out = {i: LeftOut(reason) for i, reason in reasons.items() if reason is not None}
    wanted = {i: people[i][0] for i in ids if i not in left_out}
    for i in _served(campaign, wanted):
        left_out[i] = LeftOut.DUPLICATE
        del wanted[i]
    return Added(_written(campaign, wanted), left_out)


def rest(campaign: Campaign) -> bool:
    """Let a mailing in which no row is open rest; True if it does. The change comes first: whoever is added meanwhile
    waits for it and then wakes the mailing again."""
    with database.atomic() as transaction:
        Campaign.update(status=S.WAITING, wait_reason=RESTS, wait_params={}).where(
            *_standing(campaign, (S.SENDING,))
        ).execute()
        if outbox.is_open(campaign.tenant_id, campaign.id):
            transaction.rollback()
            return False
    return True


def retire(campaign: Campaign, user_id: int) -> None:
    """Another mailing carries the step from now on. Who waits in this one still gets its mail; nobody comes any
    more."""
    if campaign.status == S.IN_APPROVAL:
        planning.reopen(campaign, assembly.get(campaign.tenant_id, campaign.issue_id), user_id)
    elif campaign.started_at is None and campaign.status in lifecycle.CANCELLABLE:
        lifecycle.cancel(campaign, user_id)
    elif not outbox.is_open(campaign.tenant_id, campaign.id):
        Campaign.update(status=S.FINISHED, finished_at=clock.now()).where(
            Campaign.tenant_id == campaign.tenant_id, Campaign.id == campaign.id,
            Campaign.status.in_([S.SENDING, S.WAITING, S.PAUSED, S.STOPPED]),
        ).execute()  # fmt: skip
    elif campaign.status == S.PAUSED:
        lifecycle.resume(campaign, user_id)


def _people(campaign: Campaign, ids: Sequence[int]) -> list[tuple[dict[str, Any], int | None]]:
    text, values = audience.statement(campaign, f"SELECT {audience.COLUMNS}, {audience.REASON} AS reason")
    meant, bound = among("s.id", ids)
    rows = database.execute_sql(sql(f"{text} AND {meant} ORDER BY s.id"), [*values, *bound]).fetchall()
    return [(dict(zip(audience.PERSON, row[:-1], strict=True)), row[-1]) for row in rows]


def _served(campaign: Campaign, wanted: dict[int, dict[str, Any]]) -> list[int]:
    """Those whose address stands in the mailing already: it was another person's before, or the step was renewed."""
    same, bound = among("address_key", [person["address_key"] for person in wanted.values()])
    rows = database.execute_sql(
        sql(f"SELECT address_key FROM delivery WHERE tenant_id = ? AND campaign_id = ? AND {same}"),
        [campaign.tenant_id, campaign.id, *bound],
    ).fetchall()
    keys = {row[0] for row in rows}
    return [i for i, person in wanted.items() if person["address_key"] in keys]


def _written(campaign: Campaign, wanted: dict[int, dict[str, Any]]) -> dict[int, int]:
    """Rows in the ledger with what their mails are made of; person → delivery."""
    if not wanted:
        return {}
    names = snapshot.names(campaign)
    members = conditions.Members(campaign.tenant_id, names)
    members.load(min(wanted) - 1, max(wanted))
    packed, now = snapshot.packer(campaign, members), clock.epoch()
    date = format_datetime(clock.moment(now))
    made: dict[int, int] = {}
    for person_id, person in wanted.items():
        row = database.execute_sql(
            sql(
                """INSERT INTO delivery (tenant_id, campaign_id, subscriber_id, address_key, state, queued_at, attempt,
                returned, next_at, handed_over, maybe_duplicate) VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, FALSE, FALSE)
                RETURNING id"""
            ),
            [
                campaign.tenant_id,
                campaign.id,
                person_id,
                person["address_key"],
                int(DeliveryState.QUEUED),
                now,
            ],
        ).fetchone()
        made[person_id] = int(row[0])
    many(
        "INSERT INTO delivery_payload (delivery_id, tenant_id, campaign_id, address, packed) VALUES (?, ?, ?, ?, ?)",
        [
            (
                made[i],
                campaign.tenant_id,
                campaign.id,
                person["address"],
                f'{{"{DATE}":"{date}",{packed(person)[1:]}',
            )
            for i, person in wanted.items()
        ],
    )
    _wake(campaign)
    return made


def _wake(campaign: Campaign) -> None:
    """Let it send, if it rests. Locks its row in any case, so that resting and adding take turns."""
    Campaign.update(status=S.SENDING, wait_reason="", wait_params={}).where(
        *_standing(campaign, TAKES)
    ).execute()


def _standing(campaign: Campaign, states: tuple[S, ...]) -> tuple[Expression, ...]:
    """The row of the mailing while it is in one of `states` and waits for no moment."""
    return (
        Campaign.tenant_id == campaign.tenant_id, Campaign.id == campaign.id, Campaign.status.in_(list(states)),
        Campaign.wait_until.is_null(),
    )  # fmt: skip
