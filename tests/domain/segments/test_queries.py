"""The question of a segment as SQL gives the same people as a plain Python filter, on random people and questions."""

import random
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.errors import Conflict, Invalid, NotFound
from domain.segments import catalogue, compile, people, query, saved
from domain.segments.catalogue import NO_VALUE, OPS
from domain.segments.comparisons import Moment
from domain.subscribers.facets import fields
from domain.subscribers.models import Subscriber
from tests.domain.segments import plain, random_people
from tests.world import World

ZONE = "Europe/Berlin"
NOW = random_people.NOW


@pytest.fixture
def filled(world: World) -> Iterator[tuple[World, plain.World, list[plain.Person]]]:
    """A hundred random people of north, some of south, and what plain Python needs to know about them."""
    dice = random.Random(4711)
    tenant_id = world.north.id
    surroundings = random_people.surround(world, dice)
    everybody = [random_people.somebody(dice, world, surroundings) for _ in range(120)]
    for _ in range(20):
        Subscriber.create(tenant_id=world.south.id, address="x", address_key=str(dice.random()), city="Celle")
    inner = {"match": "any", "rules": [{"field": "person:city", "op": "is", "value": ["Celle"]}]}
    living = saved.save(tenant_id, "In Celle", inner, [], world.editor.id)
    frozen = saved.save(tenant_id, "Waren in Celle", inner, [], world.editor.id)
    saved.freeze(frozen, Moment(tenant_id, ZONE, NOW), world.editor.id)
    mine = [person for person in everybody if person.row["city"] == "Celle"]
    for person in (moved := mine[: len(mine) // 2]):
        person.row["city"] = "Bonn"
    Subscriber.update(city="Bonn").where(
        Subscriber.tenant_id == tenant_id, Subscriber.id.in_([person.row["id"] for person in moved])
    ).execute()
    then = {person.row["id"] for person in everybody if plain.low(person.row["city"]) == "celle"}
    then |= {person.row["id"] for person in moved}
    facts = plain.World(
        NOW, ZoneInfo(ZONE), surroundings.own, {living.id: inner}, {frozen.id: then}, surroundings.below
    )
    yield world, facts, everybody


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
        return [str(c) for c in dice.sample(random_people.CAMPAIGNS, dice.randint(1, 2))]
    if field.options:
        options = [value for value, _label in field.options]
        return dice.sample(options, dice.randint(1, min(3, len(options))))
    if field.kind == "number":
        return [dice.choice(["0", "7", "7.5", "-3", "1000"])]
    if op == "month":
        return [str(dice.randint(1, 12))]
    if op in ("on", "before", "after"):
        return [dice.choice(random_people.DAYS)]
    if op == "one_of":
        return [", ".join(dice.sample(random_people.WORDS[1:], 2))]
    return [dice.choice([*random_people.WORDS[1:], "e", "LLE"])]


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
    fields_known = list(catalogue.every(world.north.id).values())
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
    segment = next(found for found in saved.every(world.north.id) if found.frozen_at is None)
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
