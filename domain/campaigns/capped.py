"""Who of an audience has had enough mail already: what the contact caps will leave out, said before sending.

The counters know addresses by a keyed hash alone, so people are looked up one by one; of a large audience only every
so many is asked, and the number is an estimate then. What the cap of the house counts comes from other tenants, too:
of few people nobody learns how many they are.
"""

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from domain.campaigns import audience
from domain.campaigns.models import Campaign
from domain.db import database, sql
from domain.quotas import contact
from domain.quotas.models import HOUSE, ContactCap

SAMPLE = 20_000  # people asked at most
FEWER = 10  # a smaller number is not said of the cap of the house


@dataclass(frozen=True)
class Capped:
    """`people` of the audience have had `most` mails in `days` days. `about`: it is an estimate; `fewer`: they are
    fewer than `people`."""

    most: int
    days: int
    people: int
    about: bool = False
    fewer: bool = False


def expected(campaign: Campaign, count: int, begins: datetime) -> list[Capped]:
    """What each cap would leave out of the `count` people if all mails left at `begins`; caps that leave out nobody
    are not named."""
    caps = contact.caps(campaign.tenant_id) if count else []
    if not caps:
        return []
    step = ceil(count / SAMPLE)
    hashes = sorted({contact.hash_of(key) for key in _keys(campaign, step)})
    day = contact.day_of(int(begins.timestamp()))
    found = [_capped(cap, len(contact.full(cap, hashes, day)), step) for cap in caps]
    return [each for each in found if each.people]


def _capped(cap: ContactCap, full: int, step: int) -> Capped:
    people = full * step
    if cap.tenant_id == HOUSE and 0 < people < FEWER:
        return Capped(cap.most, cap.days, FEWER, fewer=True)
    return Capped(cap.most, cap.days, people, about=step > 1 and full > 0)


def _keys(campaign: Campaign, step: int) -> list[str]:
    """Address keys of every `step`th person who would get the mail."""
    text, values = audience.statement(campaign, f"SELECT s.address_key, {audience.REASON} AS reason")
    every = f"AND s.id / {step:d} * {step:d} = s.id"  # a percent sign would be psycopg's
    chosen = f"SELECT address_key FROM ({text} {every}) AS people WHERE reason IS NULL"  # noqa: S608
    return [row[0] for row in database.execute_sql(sql(chosen), values).fetchall()]
