"""Whom an editor takes out of an audience by hand: the ticks of the recipient table, person by person or all found.

A tick is a choice about the plan: it can be changed while the mailing is a draft and is covered by its approval.
"""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

from collections.abc import Iterable
from typing import Any

from peewee import fn

from domain import clock
from domain.campaigns import drafts, exclusions, kin, optin
from domain.campaigns.models import Campaign, Unticked
from domain.db import abreast, database, is_postgres, sql
from domain.ledger.states import LeftOut
from domain.subscribers.models import Subscriber


def cases(campaign: Campaign, now: int, paged: bool = False) -> str:
    """The last branches of a CASE over subscriber s: asked for consent lately, excluded by a file, unticked by hand.
    `paged`: a few people are looked at, for whom PostgreSQL would read the whole file otherwise."""
    found = [optin.asked(campaign, now)] if optin.is_one(campaign) else []
    files, unticked = abreast(lambda: exclusions.active(campaign, now), lambda: _any(campaign))
    if files:
        ids = ", ".join(map(str, files))
        each = " OFFSET 0" if paged and is_postgres() else ""  # what has one is asked row by row
        found.append(
            # EXISTS: an IN that names the person is a list read anew for everybody
            f"""WHEN EXISTS (SELECT 1 FROM excluded_address e WHERE e.tenant_id = s.tenant_id
            AND e.exclusion_id IN ({ids}) AND e.address_key = s.address_key{each}) THEN {int(LeftOut.EXCLUDED)}"""
        )
    if unticked:
        found.append(f"WHEN {_unticked(campaign)} THEN {int(LeftOut.UNTICKED)}")
    return "\n    ".join(found) or "ELSE NULL"


def without_address(campaign: Campaign) -> str:
    """The reason for people without an address: nobody asks for one of those who were taken out by hand."""
    reason = str(int(LeftOut.NO_ADDRESS))
    if not _any(campaign):
        return reason
    return f"CASE WHEN {_unticked(campaign)} THEN {int(LeftOut.UNTICKED)} ELSE {reason} END"


def unticked_ids(campaign: Campaign, ids: Iterable[int]) -> set[int]:
    """Those of `ids` who were taken out by hand."""
    query = Unticked.select(Unticked.subscriber_id).where(
        Unticked.tenant_id == campaign.tenant_id, Unticked.campaign_id == campaign.id,
        Unticked.subscriber_id.in_(list(ids) or [0]),
    )  # fmt: skip
    return {row[0] for row in query.tuples()}


def set_ticks(
    campaign: Campaign, shown: Iterable[int], ticked: Iterable[int], user_id: int
) -> tuple[int, int]:
    """Of the people `shown` those in `ticked` get the mail and the others do not; (taken out, taken back)."""
    wanted = set(ticked)
    seen = _own(campaign.tenant_id, shown)
    out = seen - wanted
    with database.atomic():
        drafts.hold(campaign)
        before = unticked_ids(campaign, seen)
        back = (
            Unticked.delete()
            .where(
                Unticked.tenant_id == campaign.tenant_id, Unticked.campaign_id == campaign.id,
                Unticked.subscriber_id.in_(list(seen & wanted) or [0]),
            )
            .execute()
        )  # fmt: skip
        rows = [
            {"tenant_id": campaign.tenant_id, "campaign_id": campaign.id, "subscriber_id": i, "by_id": user_id,
             "at": clock.now()}
            for i in sorted(out - before)
        ]  # fmt: skip
        if rows:
            Unticked.insert_many(rows).on_conflict_ignore().execute()
    return len(rows), int(back)


def untick_all(campaign: Campaign, found: tuple[str, list[Any]], user_id: int) -> int:
    """Take out everybody whom the statement `found` gives (its first column: ids); returns how many."""
    text, values = found
    with database.atomic():
        drafts.hold(campaign)
        made = database.execute_sql(
            sql(
                f"""INSERT INTO unticked (tenant_id, campaign_id, subscriber_id, by_id, at)
                SELECT {int(campaign.tenant_id)}, {int(campaign.id)}, found.id, {int(user_id)}, {clock.epoch()}
                FROM ({text}) found WHERE TRUE ON CONFLICT DO NOTHING"""
            ),
            values,
        )
    return int(made.rowcount)


def tick_all(campaign: Campaign, found: tuple[str, list[Any]]) -> int:
    """Take back everybody whom the statement `found` gives; returns how many."""
    text, values = found
    with database.atomic():
        drafts.hold(campaign)
        made = database.execute_sql(
            sql(
                f"""DELETE FROM unticked WHERE tenant_id = ? AND campaign_id = ?
                AND subscriber_id IN (SELECT found.id FROM ({text}) found)"""
            ),
            [campaign.tenant_id, campaign.id, *values],
        )
    return int(made.rowcount)


def mark(campaign: Campaign) -> list[Any]:
    """What an approval covers of the ticks and the files: empty while nobody has chosen."""
    query = Unticked.select(fn.COUNT(Unticked.id), fn.MAX(Unticked.id)).where(
        Unticked.tenant_id == campaign.tenant_id, Unticked.campaign_id == campaign.id
    )
    count, last = query.tuples().get()
    files = exclusions.of_campaign(campaign)
    return [["unticked", count, last or 0, [found.id for found in files]]] if count or files else []


def forget(tenant_id: int, ids: list[int]) -> None:
    """People who are erased leave no tick behind. In the caller's transaction."""
    Unticked.delete().where(Unticked.tenant_id == tenant_id, Unticked.subscriber_id.in_(ids)).execute()


def _any(campaign: Campaign) -> bool:
    return (
        Unticked.select(Unticked.id)
        .where(Unticked.tenant_id == campaign.tenant_id, Unticked.campaign_id.in_(family(campaign)))
        .exists()
    )


def family(campaign: Campaign) -> list[int]:
    """The campaigns whose ticks and files count: its own, and those of the one whose mail it carries on."""
    return sorted({campaign.id or 0, kin.root_id(campaign) or 0})


def _unticked(campaign: Campaign) -> str:
    ids = ", ".join(map(str, family(campaign)))
    return f"""EXISTS (SELECT 1 FROM unticked u WHERE u.tenant_id = s.tenant_id AND u.campaign_id IN ({ids})
        AND u.subscriber_id = s.id)"""


def _own(tenant_id: int, ids: Iterable[int]) -> set[int]:
    query = Subscriber.select(Subscriber.id).where(
        Subscriber.tenant_id == tenant_id, Subscriber.id.in_(list(ids) or [0])
    )
    return {row[0] for row in query.tuples()}
