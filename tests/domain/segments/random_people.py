"""Random people of a tenant with everything a question may be about, in the database and as plain rows."""

import json
import random
from dataclasses import dataclass
from typing import Any

from domain import clock
from domain.ledger.models import Delivery, DeliveryEvent
from domain.ledger.states import DeliveryState
from domain.subscribers import lists, suppression
from domain.subscribers.facets import fields, tags, tracks
from domain.subscribers.facets.models import Holder, Standing, Tagging
from domain.subscribers.models import Consent, ListMember, Organisation, Subscriber, Subscription
from domain.tenancy import territory
from tests.domain.segments import plain
from tests.world import World

NOW = 1_795_300_000  # 2026-11-21, an hour of no importance
WORDS = [
    "",
    "Celle",
    "CELLE",
    "Ärzte",
    "ärzte",
    "Straße",
    "O'Neil",
    "100%",
    "a_b",
    "Bad Ems",
    "x\\y",
    "[a]",
    '"q"',
]
DAYS = ["2026-11-21", "2026-11-22", "2026-12-01", "2025-02-28", "2020-02-29", "1999-01-01"]
BIRTHDAYS = ["", "1970-11-21", "0000-11-25", "1980-02-29", "1990-01-03", "2001-12-31"]
CAMPAIGNS = [1, 2, 3]
OWN = (
    ("Nr", "number"), ("Farbe", "choice"), ("Themen", "choices"), ("Mitglied", "yesno"), ("Beginn", "date"),
    ("Notiz zu Mir", "text"),
)  # fmt: skip


EVENTS = ("opened", "clicked", "bounced")


@dataclass(frozen=True)
class Surroundings:
    """What people of the tenant can belong to. `own`: catalogue key → (own key, kind)."""

    own: dict[str, tuple[str, str]]
    lists: list[int]
    tags: list[int]
    values: dict[int, list[int]]  # track → its values
    firms: list[tuple[Organisation, dict[str, Any]]]
    below: dict[int, set[int]]  # node of the territory → itself and those below


def surround(world: World, dice: random.Random) -> Surroundings:
    tenant_id, user_id = world.north.id, world.editor.id
    own = {}
    for name, kind in OWN:
        for holder, prefix in ((Holder.SUBSCRIBER, "own"), (Holder.ORGANISATION, "orgown")):
            values = {"name": name, "kind": kind, "choices": ["rot", "blau", "O'Grün"], "holder": holder}
            made = fields.save(tenant_id, values, None)
            own[f"{prefix}:{made.id}"] = (made.key, kind)
    chosen = [lists.default(tenant_id), *(lists.save(tenant_id, n, user_id) for n in ("Messe", "Presse"))]
    tag_ids = [tags.tag_id(tenant_id, name) for name in ("vip", "alt")]
    tracks.save(tenant_id, "Aktion", ["offen", "zu"], user_id)
    tracks.save(tenant_id, "Messe", ["ja", "nein"], user_id)
    values_of = {track.id: [value.id for value in values] for track, values in tracks.every(tenant_id)}
    firms = [firm(dice, tenant_id, own, tag_ids, values_of) for _ in range(8)]
    land = territory.create(tenant_id, "Land", None, user_id)
    town = territory.create(tenant_id, "Stadt", land.id, user_id)
    sea = territory.create(tenant_id, "See", None, user_id)
    below = {land.id: {land.id, town.id}, town.id: {town.id}, sea.id: {sea.id}}
    return Surroundings(own, [found.id for found in chosen], tag_ids, values_of, firms, below)


def firm(
    dice: random.Random, tenant_id: int, own: dict[str, tuple[str, str]], tag_ids: list[int],
    values_of: dict[int, list[int]],
) -> tuple[Organisation, dict[str, Any]]:  # fmt: skip
    locked = dice.random() < 0.4
    until = NOW + dice.choice([-5, 5]) if locked and dice.random() < 0.6 else None
    row = {
        "name": dice.choice(WORDS) or "Firma", "status": dice.choice(["", "A", "B"]), "city": dice.choice(WORDS),
        "category": dice.choice(WORDS), "country": dice.choice(["", "DE"]), "locked_reason": "x" if locked else None,
        "fields": own_values(dice, own, "orgown:"),
    }  # fmt: skip
    made = Organisation.create(tenant_id=tenant_id, **row, locked_until=moment(until))
    facts = {**row, "fields": json.loads(json.dumps(row["fields"])), "locked_until": until}
    facts |= belongings(dice, tenant_id, Holder.ORGANISATION, made.id, tag_ids, values_of)
    return made, facts


def somebody(dice: random.Random, world: World, around: Surroundings) -> plain.Person:
    tenant_id = world.north.id
    mine = own_values(dice, around.own, "own:")
    locked = dice.random() < 0.3
    employer, facts = dice.choice(around.firms) if dice.random() < 0.5 else (None, None)
    key = f"p{dice.getrandbits(60)}@{dice.choice(['x', 'y.x', 'z'])}.example" if dice.random() < 0.9 else None
    texts = ("salutation", "title", "first_name", "last_name", "function", "street", "postcode", "city", "region",
             "category")  # fmt: skip
    row: dict[str, Any] = {
        **{name: dice.choice(WORDS) for name in texts},
        "address": key, "address_key": key, "country": dice.choice(["", "DE", "AT"]),
        "language": dice.choice(["", "de", "en"]), "birthday": dice.choice(BIRTHDAYS),
        "deliverability": dice.choice(["active", "stopped", "bounced"]),
        "locked_reason": "x" if locked else None, "organisation_id": employer.id if employer else None,
        "locked_until": NOW + dice.choice([-5, 5]) if locked and dice.random() < 0.6 else None,
        "territory_id": dice.choice([None, *around.below]),
        "created_at": NOW - dice.choice([10, 86_400 * 2, 86_400 * 2 + 1, 86_400 * 40, 86_400 * 400]),
    }  # fmt: skip
    made = Subscriber.create(
        tenant_id=tenant_id, fields=mine,
        **{**row, "created_at": clock.moment(row["created_at"]), "locked_until": moment(row["locked_until"])},
    )  # fmt: skip
    row["id"] = made.id
    person = plain.Person(row, json.loads(json.dumps(mine)), facts)
    found = belongings(dice, tenant_id, Holder.SUBSCRIBER, made.id, around.tags, around.values)
    person.tags, person.values = found["tags"], found["values"]
    for list_id in dice.sample(around.lists, dice.randint(1, 3)):
        ListMember.create(tenant_id=tenant_id, list_id=list_id, subscriber_id=made.id)
        person.lists.add(list_id)
    for kind in world.types.values():
        if kind.tenant_id == tenant_id and dice.random() < 0.6:
            state = dice.choice(list(Consent))
            Subscription.create(tenant_id=tenant_id, subscriber_id=made.id, type_id=kind.id, consent=state)
            person.consents[kind.id] = str(state)
    if key and dice.random() < 0.3:
        until = dice.choice([None, NOW - 5, NOW + 5])
        suppression.add(tenant_id, key, "x", until=moment(until))
        person.suppressed = until is None or until > NOW
    for campaign in dice.sample(CAMPAIGNS, dice.randint(0, 3)):
        delivered(dice, tenant_id, made, person, campaign)
    return person


def belongings(
    dice: random.Random, tenant_id: int, holder: Holder, holder_id: int, tag_ids: list[int],
    values_of: dict[int, list[int]],
) -> dict[str, set[int]]:  # fmt: skip
    """Tags and statuses of a person or a customer."""
    mine = set(dice.sample(tag_ids, dice.randint(0, 2)))
    for tag_id in sorted(mine):
        Tagging.create(tenant_id=tenant_id, tag_id=tag_id, holder=holder, holder_id=holder_id)
    values = set()
    for track_id, choices in values_of.items():
        if dice.random() < 0.5:
            value = dice.choice(choices)
            Standing.create(
                tenant_id=tenant_id, track_id=track_id, value_id=value, holder=holder, holder_id=holder_id
            )
            values.add(value)
    return {"tags": mine, "values": values}


def delivered(
    dice: random.Random, tenant_id: int, made: Subscriber, person: plain.Person, campaign: int
) -> None:
    at = NOW - dice.choice([5, 86_400 * 3, 86_400 * 60])
    sent = dice.random() < 0.7
    code = 250 if sent else dice.choice([None, 550, 554])  # without a code no server has refused it
    row = Delivery.create(
        tenant_id=tenant_id, campaign_id=campaign, subscriber_id=made.id, address_key=f"{made.id}", settled_at=at,
        state=DeliveryState.SENT if sent else DeliveryState.FAILED, queued_at=at, reply_code=code,
    )  # fmt: skip
    if not sent:
        if code:
            person.happened.setdefault("bounced", []).append((campaign, at))
        return
    person.got.append((campaign, at))
    for kind in EVENTS:
        links = {"opened": [0], "clicked": dice.sample([1, 2, 3], dice.randint(1, 3))}.get(kind, [None])
        for link in links if dice.random() < 0.4 else []:
            last = dice.choice([at + 1, NOW - 86_400])  # the last of several times is what counts
            DeliveryEvent.create(
                tenant_id=tenant_id, delivery_id=row.id, campaign_id=campaign, kind=kind, at=max(at + 1, last),
                link=link, times=dice.randint(1, 3), first_at=at + 1,
            )  # fmt: skip
            person.happened.setdefault(kind, []).append((campaign, max(at + 1, last)))


def moment(epoch: int | None) -> Any:
    return None if epoch is None else clock.moment(epoch)


def own_values(dice: random.Random, own: dict[str, tuple[str, str]], prefix: str) -> dict[str, Any]:
    """Values for some of the own fields of people or of customers."""
    mine = [name_kind for key, name_kind in own.items() if key.startswith(prefix)]
    return {name: own_value(dice, kind) for name, kind in mine if dice.random() < 0.6}


def own_value(dice: random.Random, kind: str) -> Any:
    return {
        "number": dice.choice([0, 7, -3, 7.5, 1000]), "choice": dice.choice(["rot", "O'Grün"]),
        "choices": dice.sample(["rot", "blau", "O'Grün"], dice.randint(1, 3)), "yesno": dice.random() < 0.5,
        "date": dice.choice(DAYS), "text": dice.choice(WORDS[1:]),
    }[kind]  # fmt: skip
