"""The question of a segment as SQL gives the same people as a plain Python filter, on random people and questions."""

import json
import random
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain import clock
from domain.errors import Conflict, Invalid, NotFound
from domain.ledger.models import Delivery, DeliveryEvent
from domain.ledger.states import DeliveryState
from domain.segments import catalogue, compile, people, query, saved
from domain.segments.catalogue import NO_VALUE, OPS
from domain.segments.compile import Moment
from domain.subscribers import lists
from domain.subscribers.facets import fields, tags, tracks
from domain.subscribers.facets.models import Holder, Standing, Tagging
from domain.subscribers.models import Consent, ListMember, Organisation, Subscriber, Subscription
from tests.domain.segments import plain
from tests.world import World

ZONE = "Europe/Berlin"
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


@pytest.fixture
def filled(world: World) -> Iterator[tuple[World, plain.World, list[plain.Person]]]:
    """A hundred random people of north, some of south, and what plain Python needs to know about them."""
    dice = random.Random(4711)
    tenant_id = world.north.id
    own = {}
    for name, kind in (
        ("Nr", "number"), ("Farbe", "choice"), ("Themen", "choices"), ("Mitglied", "yesno"), ("Beginn", "date"),
        ("Notiz zu Mir", "text"),
    ):  # fmt: skip
        made = fields.save(
            tenant_id, {"name": name, "kind": kind, "choices": ["rot", "blau", "O'Grün"]}, None
        )
        own[f"own:{made.id}"] = (made.key, kind)
    chosen = [
        lists.default(tenant_id),
        *(lists.save(tenant_id, n, world.editor.id) for n in ("Messe", "Presse")),
    ]
    tag_ids = [tags.tag_id(tenant_id, name) for name in ("vip", "alt")]
    tracks.save(tenant_id, "Aktion", ["offen", "zu"], world.editor.id)
    values = [value.id for value in tracks.every(tenant_id)[0][1]]
    organisations = [Organisation.create(tenant_id=tenant_id, **organisation(dice)) for _ in range(8)]
    everybody = [somebody(dice, world, own, chosen, tag_ids, values, organisations) for _ in range(120)]
    for _ in range(20):
        Subscriber.create(tenant_id=world.south.id, address="x", address_key=str(dice.random()), city="Celle")
    inner = {"match": "any", "rules": [{"field": "person:city", "op": "is", "value": ["Celle"]}]}
    segment = saved.save(tenant_id, "In Celle", inner, [], world.editor.id)
    yield world, plain.World(NOW, ZoneInfo(ZONE), own, {segment.id: inner}), everybody


def organisation(dice: random.Random) -> dict[str, Any]:
    locked = dice.random() < 0.4
    return {
        "name": dice.choice(WORDS) or "Firma", "status": dice.choice(["", "A", "B"]), "city": dice.choice(WORDS),
        "category": dice.choice(WORDS), "country": dice.choice(["", "DE"]),
        "locked_reason": "x" if locked else None,
        "locked_until": clock.moment(NOW + dice.choice([-5, 5])) if locked and dice.random() < 0.6 else None,
    }  # fmt: skip


def somebody(
    dice: random.Random, world: World, own: dict[str, tuple[str, str]], chosen: list[Any], tag_ids: list[int],
    values: list[int], organisations: list[Organisation],
) -> plain.Person:  # fmt: skip
    tenant_id = world.north.id
    mine = {key: own_value(dice, kind) for key, kind in own.values() if dice.random() < 0.6}
    locked = dice.random() < 0.3
    firm = dice.choice(organisations) if dice.random() < 0.5 else None
    key = f"p{dice.getrandbits(60)}@x.example" if dice.random() < 0.9 else None
    row = {
        "address": key, "address_key": key, "city": dice.choice(WORDS), "last_name": dice.choice(WORDS),
        "function": dice.choice(WORDS), "country": dice.choice(["", "DE", "AT"]), "birthday": dice.choice(BIRTHDAYS),
        "deliverability": dice.choice(["active", "stopped", "bounced"]),
        "locked_reason": "x" if locked else None, "organisation_id": firm.id if firm else None,
        "locked_until": NOW + dice.choice([-5, 5]) if locked and dice.random() < 0.6 else None,
        "created_at": NOW - dice.choice([10, 86_400 * 2, 86_400 * 2 + 1, 86_400 * 40, 86_400 * 400]),
    }  # fmt: skip
    made = Subscriber.create(
        tenant_id=tenant_id, fields=mine,
        **{**row, "created_at": clock.moment(row["created_at"]), "locked_until": moment(row["locked_until"])},
    )  # fmt: skip
    person = plain.Person(row, json.loads(json.dumps(mine)), plain_organisation(firm))
    for found in dice.sample(chosen, dice.randint(1, 3)):
        ListMember.create(tenant_id=tenant_id, list_id=found.id, subscriber_id=made.id)
        person.lists.add(found.id)
    for tag_id in dice.sample(tag_ids, dice.randint(0, 2)):
        Tagging.create(tenant_id=tenant_id, tag_id=tag_id, holder=Holder.SUBSCRIBER, holder_id=made.id)
        person.tags.add(tag_id)
    if dice.random() < 0.5:
        value, track = dice.choice(values), tracks.every(tenant_id)[0][0]
        Standing.create(
            tenant_id=tenant_id,
            track_id=track.id,
            value_id=value,
            holder=Holder.SUBSCRIBER,
            holder_id=made.id,
        )
        person.values.add(value)
    for kind in world.types.values():
        if kind.tenant_id == tenant_id and dice.random() < 0.6:
            state = dice.choice(list(Consent))
            Subscription.create(tenant_id=tenant_id, subscriber_id=made.id, type_id=kind.id, consent=state)
            person.consents[kind.id] = str(state)
    for campaign in dice.sample(CAMPAIGNS, dice.randint(0, 3)):
        delivered(dice, tenant_id, made, person, campaign)
    person.row["id"] = made.id
    return person


def delivered(
    dice: random.Random, tenant_id: int, made: Subscriber, person: plain.Person, campaign: int
) -> None:
    at = NOW - dice.choice([5, 86_400 * 3, 86_400 * 60])
    sent = dice.random() < 0.7
    row = Delivery.create(
        tenant_id=tenant_id, campaign_id=campaign, subscriber_id=made.id, address_key=f"{made.id}", settled_at=at,
        state=DeliveryState.SENT if sent else DeliveryState.FAILED, queued_at=at,
    )  # fmt: skip
    if sent:
        person.got.append((campaign, at))
        if dice.random() < 0.5:
            DeliveryEvent.create(
                tenant_id=tenant_id, delivery_id=row.id, campaign_id=campaign, kind="opened", at=at + 1
            )
            person.opened.append((campaign, at + 1))


def moment(epoch: int | None) -> Any:
    return None if epoch is None else clock.moment(epoch)


def plain_organisation(firm: Organisation | None) -> dict[str, Any] | None:
    if firm is None:
        return None
    until = firm.locked_until
    names = ("name", "status", "city", "category", "country", "locked_reason")
    return {name: getattr(firm, name) for name in names} | {"locked_until": until and int(until.timestamp())}


def own_value(dice: random.Random, kind: str) -> Any:
    return {
        "number": dice.choice([0, 7, -3, 7.5, 1000]), "choice": dice.choice(["rot", "O'Grün"]),
        "choices": dice.sample(["rot", "blau", "O'Grün"], dice.randint(1, 3)), "yesno": dice.random() < 0.5,
        "date": dice.choice(DAYS), "text": dice.choice(WORDS[1:]),
    }[kind]  # fmt: skip


def question(dice: random.Random, fields_known: list[catalogue.Field], depth: int = 0) -> dict[str, Any]:
    if depth and dice.random() < (0.65 if depth == 1 else 1):
        return asked(dice, dice.choice(fields_known))
    rules = [question(dice, fields_known, depth + 1) for _ in range(dice.randint(0, 4))]
    return {"match": dice.choice(query.MATCHES), "rules": rules}


def asked(dice: random.Random, field: catalogue.Field) -> dict[str, Any]:
    op = dice.choice(OPS[field.kind])
    return {"field": field.key, "op": op, "value": [] if op in NO_VALUE else answers(dice, field, op)}


def answers(dice: random.Random, field: catalogue.Field, op: str) -> list[str]:
    if op.endswith("days"):
        return [str(dice.choice([0, 1, 2, 7, 30, 366, 400]))]
    if "campaign" in op:
        return [str(c) for c in dice.sample(CAMPAIGNS, dice.randint(1, 2))]
    if field.options:
        options = [value for value, _label in field.options]
        return dice.sample(options, dice.randint(1, min(3, len(options))))
    if field.kind == "number":
        return [dice.choice(["0", "7", "7.5", "-3", "1000"])]
    if op == "month":
        return [str(dice.randint(1, 12))]
    if op in ("on", "before", "after"):
        return [dice.choice(DAYS)]
    if op == "one_of":
        return [", ".join(dice.sample(WORDS[1:], 2))]
    return [dice.choice([*WORDS[1:], "e", "LLE"])]


def known(world: World) -> list[catalogue.Field]:
    skipped = ("orgown:", "orgtag", "orgtrack:", "event:clicked", "event:bounced", "person:suppressed")
    return [f for f in catalogue.every(world.north.id).values() if not f.key.startswith(skipped)]


def found(world: World, tree: dict[str, Any]) -> set[int]:
    group, problems = query.read(tree, catalogue.every(world.north.id))
    assert not problems, (tree, problems)
    made = compile.condition(group, Moment(world.north.id, ZONE, NOW))
    ids = set(people.ids(world.north.id, made))
    assert people.count(world.north.id, made) == len(ids)
    return ids


def test_sql_and_plain_python_find_the_same_people(
    filled: tuple[World, plain.World, list[plain.Person]],
) -> None:
    world, facts, everybody = filled
    dice = random.Random(2026)
    fields_known = known(world)
    trees = [{"match": "all", "rules": [asked(dice, field)]} for field in fields_known for _ in range(12)]
    trees += [question(dice, fields_known) for _ in range(250)]
    sizes = set()
    for tree in trees:
        expected = {person.row["id"] for person in everybody if plain.holds(tree, person, facts)}
        assert found(world, tree) == expected, tree
        sizes.add(len(expected))
    assert len(sizes) > 40  # the questions are no all-or-nothing


def test_none_is_the_opposite_of_any(filled: tuple[World, plain.World, list[plain.Person]]) -> None:
    world, _facts, everybody = filled
    dice = random.Random(7)
    everyone = {person.row["id"] for person in everybody}
    for field in catalogue.every(world.north.id).values():
        rule = asked(dice, field)
        some, rest = (found(world, {"match": match, "rules": [rule]}) for match in ("any", "none"))
        assert some | rest == everyone and not some & rest, rule


def test_what_cannot_be_asked_is_named_and_left_out(world: World) -> None:
    rules = [
        {"field": "person:city", "op": "is", "value": [""]}, {"field": "gone:1", "op": "is", "value": ["x"]},
        {"field": "person:city", "op": "drop table", "value": ["x"]},
        {"field": "event:got", "op": "last_days", "value": ["x"]},
        {"field": "list", "op": "is", "value": ["987654321"]}, "nonsense", {"rules": "x" * 3},
        {"field": "person:city", "op": "is", "value": ["Celle"]},
    ]  # fmt: skip
    group, problems = query.read({"match": "odd", "rules": rules}, catalogue.every(world.north.id))
    assert [problem.path for problem in problems] == [(0,), (1,), (2,), (3,), (4,)]
    assert [rule.values for rule in query.rules(group)] == [("Celle",)]
    with pytest.raises(Invalid):
        saved.save(world.north.id, "Odd", {"match": "all", "rules": rules[:1]}, [], world.editor.id)


def test_frozen_people_stay_whatever_they_become(
    filled: tuple[World, plain.World, list[plain.Person]],
) -> None:
    world, _facts, _everybody = filled
    segment = saved.every(world.north.id)[0]
    moment_ = Moment(world.north.id, ZONE, NOW)
    before = set(people.ids(world.north.id, compile.of_segment(segment, moment_)))
    assert saved.freeze(segment, moment_, world.editor.id) == len(before) > 0
    Subscriber.update(city="Bonn").where(Subscriber.tenant_id == world.north.id).execute()
    assert set(people.ids(world.north.id, compile.of_segment(segment, moment_))) == before
    with pytest.raises(Conflict):
        saved.save(world.north.id, segment.name, {"match": "all", "rules": []}, [], world.editor.id, segment)
    saved.thaw(segment, world.editor.id)
    assert not list(people.ids(world.north.id, compile.of_segment(segment, moment_)))


def test_segments_never_ask_for_themselves_or_for_foreign_ones(world: World) -> None:
    def asking(*ids: int) -> dict[str, Any]:
        return {"match": "all", "rules": [{"field": "segment", "op": "is", "value": [str(i) for i in ids]}]}

    first = saved.save(world.north.id, "First", {"match": "all", "rules": []}, [], world.editor.id)
    second = saved.save(world.north.id, "Second", asking(first.id), [], world.editor.id)
    with pytest.raises(Invalid):
        saved.save(world.north.id, "First", asking(second.id), [], world.editor.id, first)
    with pytest.raises(Invalid):
        saved.save(world.south.id, "Foreign", asking(first.id), [], world.south_editor.id)
    with pytest.raises(Conflict):
        saved.delete(first, world.editor.id)
    with pytest.raises(NotFound):
        saved.get(world.south.id, first.id)
    before = saved.meant(world.north.id, second.id)
    saved.save(
        world.north.id, "First", {"match": "all", "rules": [{"field": "org:any", "op": "yes"}]}, [],
        world.editor.id, first,
    )  # fmt: skip
    assert saved.meant(world.north.id, second.id) != before


def test_rows_for_a_file_hold_the_chosen_columns(
    filled: tuple[World, plain.World, list[plain.Person]],
) -> None:
    world, _facts, everybody = filled
    column = next(f"own:{f.id}" for f in fields.every(world.north.id) if f.name == "Nr")
    made = compile.condition(query.EVERYBODY, Moment(world.north.id, ZONE, NOW))
    rows = list(people.rows(world.north.id, made, ["person:address", "org:name", column]))
    expected = [
        (
            person.row["address"] or "", person.organisation["name"] if person.organisation else "",
            str(person.own.get("Nr", "")),
        )
        for person in everybody
    ]  # fmt: skip
    assert [(a, o, str(n)) for a, o, n in rows] == expected
