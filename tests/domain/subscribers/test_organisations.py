"""Customers: lock, delete, order of the list, own fields, tags."""

import pytest

from domain.errors import Invalid, NotFound
from domain.subscribers import directory, keyset, organisations
from domain.subscribers.facets import fields, notes, tags, tracks
from domain.subscribers.facets.models import Holder, Standing
from domain.subscribers.models import Organisation
from tests.world import World


def made(world: World, name: str, **values: object) -> Organisation:
    return organisations.save(world.north.id, {"name": name, **values}, world.editor.id)


def test_pages_go_on_and_back_in_every_order(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyset.cut, "__defaults__", ("", False, 3))
    names = ["Zoo", "Ärzte", "Bahn", "Bahn", "Café", "Öl", "Amt"]
    for name in names:
        made(world, name)
    in_order = ["Amt", "Ärzte", "Bahn", "Bahn", "Café", "Öl", "Zoo"]
    for order, expected in (
        ("name", in_order), ("-name", in_order[::-1]), ("new", names[::-1]), ("old", names),
    ):  # fmt: skip
        seen, cursor, backs = [], "", []
        while True:
            page = organisations.find(world.north.id, organisations.Query(order=order, cursor=cursor))
            seen += [row.name for row in page.rows]
            backs.append(page.newer)
            if page.older is None:
                break
            cursor = page.older
        assert seen == expected
        assert backs[0] is None
        before = organisations.find(world.north.id, organisations.Query(order=order, cursor=backs[-1] or ""))
        assert [row.name for row in before.rows] == expected[3:6]


def test_a_foreign_customer_looks_like_a_missing_one(world: World) -> None:
    organisation = made(world, "Stadt Celle")
    with pytest.raises(NotFound):
        organisations.get(world.south.id, organisation.id)


def test_deleting_a_customer_keeps_its_contacts_and_takes_the_rest(world: World) -> None:
    organisation = made(world, "Stadt Celle", tags=["Kommune"])
    person = directory.create(world.north.id, {"address": "a@celle.example", "organisation": "Stadt Celle"})
    key = (world.north.id, Holder.ORGANISATION, organisation.id)
    track = tracks.save(world.north.id, "Aktion", ["offen", "gewonnen"], world.editor.id)
    tracks.put(*key, track, tracks.every(world.north.id)[0][1][0].id, world.editor.id)
    notes.add(*key, "Angerufen", world.editor.id)
    organisations.delete(organisation, world.editor.id)
    assert directory.get(world.north.id, person.id).organisation_id is None
    assert not notes.of(*key) and not tags.of(*key) and not Standing.select().exists()


def test_a_status_track_holds_one_value_and_keeps_values_in_use(world: World) -> None:
    track = tracks.save(world.north.id, "Aktion", ["offen", "gewonnen"], world.editor.id)
    values = {value.name: value.id for value in tracks.every(world.north.id)[0][1]}
    person = directory.create(world.north.id, {"address": "a@celle.example"})
    key = (world.north.id, Holder.SUBSCRIBER, person.id)
    for name in ("offen", "gewonnen"):
        tracks.put(*key, track, values[name], world.editor.id)
    assert [standing.value_id for standing in tracks.of(*key).values()] == [values["gewonnen"]]
    with pytest.raises(Invalid):
        tracks.save(world.north.id, "Aktion", ["offen"], world.editor.id, track)
    tracks.save(world.north.id, "Aktion", ["gewonnen", "verloren"], world.editor.id, track)
    other = tracks.save(world.north.id, "Messe", ["offen"], world.editor.id)
    with pytest.raises(Invalid):
        tracks.put(*key, other, values["gewonnen"], world.editor.id)
    tracks.put(*key, track, None, world.editor.id)
    assert not tracks.of(*key)


@pytest.mark.parametrize(
    ("kind", "raw", "kept"),
    [
        ("text", " a\nb ", "a b"), ("number", "1.234,5", 1234.5), ("number", "1,5", 1.5), ("number", "−7", -7),
        ("date", "31.12.2026", "2026-12-31"), ("date", "2026-02-28", "2026-02-28"), ("choice", "ROT", "rot"),
        ("choices", ["blau", "rot"], ["rot", "blau"]), ("choices", "blau; rot", ["rot", "blau"]),
        ("yesno", "Ja", True), ("yesno", "nein", False), ("number", "", None), ("choices", [""], None),
    ],
)  # fmt: skip
def test_own_fields_keep_what_they_can_hold(world: World, kind: str, raw: object, kept: object) -> None:
    values = {"name": "Feld", "kind": kind, "choices": ["rot", "blau"]}
    field = fields.save(world.north.id, values, world.editor.id)
    assert fields.checked(field, raw) == kept


@pytest.mark.parametrize(
    ("kind", "raw"), [("number", "viel"), ("date", "31.2.2026"), ("choice", "grün"), ("yesno", "mag sein")]
)
def test_own_fields_refuse_what_they_cannot_hold(world: World, kind: str, raw: str) -> None:
    field = fields.save(world.north.id, {"name": "Feld", "kind": kind, "choices": ["rot"]}, world.editor.id)
    with pytest.raises(Invalid) as refused:
        directory.create(world.north.id, {"address": "a@x.example", f"own-{field.id}": raw})
    assert f"own-{field.id}" in refused.value.fields


def test_a_unique_field_belongs_to_one_person(world: World) -> None:
    field = fields.save(world.north.id, {"name": "Nummer", "is_unique": True}, world.editor.id)
    name = f"own-{field.id}"
    anna = directory.create(world.north.id, {"address": "anna@x.example", name: "K 17"})
    with pytest.raises(Invalid):
        directory.create(world.north.id, {"address": "kurt@x.example", name: "k 17"})
    directory.change(anna, {name: "K 18"}, world.editor.id)
    kurt = directory.create(world.north.id, {"address": "kurt@x.example", name: "K 17"})
    assert kurt.fields == {"Nummer": "K 17"}


def test_a_field_cannot_become_unique_while_people_share_a_value(world: World) -> None:
    field = fields.save(world.north.id, {"name": "Ort"}, world.editor.id)
    for who in ("anna", "kurt"):
        directory.create(world.north.id, {"address": f"{who}@x.example", f"own-{field.id}": "Celle"})
    with pytest.raises(Invalid):
        fields.save(world.north.id, {"is_unique": True}, world.editor.id, field)


def test_fields_of_another_tenant_are_not_there(world: World) -> None:
    field = fields.save(world.north.id, {"name": "Nummer"}, world.editor.id)
    with pytest.raises(NotFound):
        fields.get(world.south.id, field.id)
    person = directory.create(world.south.id, {"address": "a@x.example", f"own-{field.id}": "1"})
    assert person.fields == {}
