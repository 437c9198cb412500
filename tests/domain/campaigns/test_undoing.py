"""An import is undone: who came by it goes, who was here gets the old data back, who was touched since stays."""

from pathlib import Path

import pytest

from domain import clock
from domain.campaigns import undoing
from domain.errors import Conflict
from domain.ledger.models import Delivery
from domain.subscribers import directory, imports, lists
from domain.subscribers.facets import tags
from domain.subscribers.facets.models import Holder
from domain.subscribers.imports import Options
from domain.subscribers.models import ImportJob, ListMember, Subscriber
from tests.world import World


def imported(world: World, root: Path, content: str) -> ImportJob:
    path = root / "people.csv"
    path.write_text(content)
    job = imports.receive(world.north.id, "people.csv", path, root, world.editor.id)
    options = Options(type_ids=[world.types["city"].id], existing="overwrite")
    imports.plan(job, {int(k): v for k, v in job.mapping.items()}, options)
    imports.start(job, world.editor.id)
    imports.run(imports.claim(job.id), root)
    return imports.get(world.north.id, job.id)


def test_an_import_is_undone_but_for_those_touched_since(world: World, tmp_path: Path) -> None:
    here = directory.create(world.north.id, {"address": "here@x.example", "city": "Celle"})
    names = ("here", "new", "mailed", "changed")
    job = imported(world, tmp_path, "Email,Ort\n" + "".join(f"{name}@x.example,Bonn\n" for name in names))
    assert directory.get(world.north.id, here.id).city == "Bonn"
    people = {name: directory.by_key(world.north.id, f"{name}@x.example") for name in names}
    Delivery.create(
        tenant_id=world.north.id, campaign_id=1, subscriber_id=people["mailed"].id, address_key="m",
        queued_at=clock.epoch(),
    )  # fmt: skip
    Subscriber.update(updated_at=clock.moment(clock.epoch() + 60)).where(
        Subscriber.id == people["changed"].id
    ).execute()
    done = undoing.undo(job, world.editor.id)
    assert (done.removed, done.restored, done.kept) == (1, 1, 2)
    assert directory.by_key(world.north.id, "new@x.example") is None
    assert not ListMember.select().where(ListMember.subscriber_id == people["new"].id).exists()
    assert directory.get(world.north.id, here.id).city == "Celle"
    assert imports.get(world.north.id, job.id).state == "undone"
    with pytest.raises(Conflict):
        undoing.undo(imports.get(world.north.id, job.id), world.editor.id)


def test_lists_and_tags_that_an_import_gave_go_and_those_that_were_there_stay(
    world: World, tmp_path: Path
) -> None:
    own, fresh = (lists.save(world.north.id, name, world.editor.id) for name in ("Own", "Fresh"))
    people = {}
    for name in ("listed", "changed", "plain"):
        people[name] = directory.create(world.north.id, {"address": f"{name}@x.example"})
        tags.put(world.north.id, Holder.SUBSCRIBER, people[name].id, ["Old"])
    lists.add(fresh, people["listed"], world.editor.id)
    path = tmp_path / "people.csv"
    path.write_text("Email,Tags\n" + "".join(f"{name}@x.example,File\n" for name in people))
    job = imports.receive(world.north.id, "people.csv", path, tmp_path, world.editor.id)
    options = Options(list_ids=[own.id, fresh.id], tags_old="Given, Old")
    imports.plan(job, {0: "address", 1: "tags"}, options)
    imports.start(job, world.editor.id)
    imports.run(imports.claim(job.id), tmp_path)
    assert _held(people["plain"]) == ({"Alle", "Own", "Fresh"}, {"File", "Given", "Old"})
    later = clock.moment(clock.epoch() + 60)
    Subscriber.update(updated_at=later).where(Subscriber.id == people["changed"].id).execute()
    done = undoing.undo(imports.get(world.north.id, job.id), world.editor.id)
    assert (done.removed, done.restored, done.kept) == (0, 2, 1)
    assert _held(people["plain"]) == ({"Alle"}, {"Old"})
    assert _held(people["listed"]) == ({"Alle", "Fresh"}, {"Old"})
    assert _held(people["changed"]) == ({"Alle", "Own", "Fresh"}, {"File", "Given", "Old"})


def _held(person: Subscriber) -> tuple[set[str], set[str]]:
    """Names of the lists and tags of a person."""
    found = tags.of(person.tenant_id, Holder.SUBSCRIBER, person.id)
    return {chosen.name for chosen in lists.of(person)}, {tag.name for tag in found}


def test_the_last_list_stays_when_an_import_is_undone(world: World, tmp_path: Path) -> None:
    here, only = (
        directory.create(world.north.id, {"address": "here@x.example"}),
        lists.save(world.north.id, "Only", 1),
    )
    path = tmp_path / "people.csv"
    path.write_text("Email\nhere@x.example\n")
    job = imports.receive(world.north.id, "people.csv", path, tmp_path, world.editor.id)
    imports.plan(job, {0: "address"}, Options(list_ids=[only.id]))
    imports.start(job, world.editor.id)
    imports.run(imports.claim(job.id), tmp_path)
    lists.remove(lists.default(world.north.id), here, world.editor.id)
    undoing.undo(imports.get(world.north.id, job.id), world.editor.id)
    assert _held(here)[0] == {"Only"}


def test_a_worker_that_died_while_undoing_is_followed_behind_its_last_chunk(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undoing, "CHUNK", 2)
    for n in range(3):
        directory.create(world.north.id, {"address": f"here{n}@x.example", "city": "Celle"})
    rows = [f"here{n}@x.example,Bonn" for n in range(3)] + [f"new{n}@x.example,Bonn" for n in range(5)]
    job = imported(world, tmp_path, "Email,Ort\n" + "\n".join(rows) + "\n")
    undoing.begin(job, world.editor.id)
    forget, calls = undoing.erasure.forget, []

    def dying(tenant_id: int, ids: list[int]) -> None:
        if calls:
            raise KeyboardInterrupt
        calls.append(ids)
        forget(tenant_id, ids)

    monkeypatch.setattr(undoing.erasure, "forget", dying)
    with pytest.raises(KeyboardInterrupt):
        undoing.run(undoing.claim(job.id))
    monkeypatch.setattr(undoing.erasure, "forget", forget)
    assert not undoing.due()
    ImportJob.update(owner_beat=0).where(ImportJob.id == job.id).execute()
    assert undoing.due() == [job.id]
    done = undoing.run(undoing.claim(job.id))
    assert (done.removed, done.restored, done.kept) == (5, 3, 0)
    assert imports.get(world.north.id, job.id).state == "undone" and undoing.claim(job.id) is None


def test_an_import_that_has_not_ended_is_not_undone(world: World, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("Email\na@x.example\n")
    job = imports.receive(world.north.id, "people.csv", path, tmp_path, world.editor.id)
    with pytest.raises(Conflict):
        undoing.undo(job, world.editor.id)
