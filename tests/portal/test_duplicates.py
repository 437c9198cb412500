"""People who are here twice: suggested by name and address, merged without raising a consent."""

from datetime import timedelta

import pytest

from domain import bounds, clock
from domain.campaigns import alike, erasure, merging, unmerging
from domain.campaigns.models import Merge
from domain.errors import Forbidden, Invalid
from domain.ledger.models import Delivery
from domain.segments import saved
from domain.segments.comparisons import Moment
from domain.segments.models import SegmentMember
from domain.subscribers import consent, directory, imports, lists
from domain.subscribers.facets import fields, notes, tags, tracks
from domain.subscribers.facets.models import Holder, Note, OwnValue, Standing, Tagging
from domain.subscribers.models import Consent, ConsentEvent, ListMember, Subscriber, Subscription
from tests.portal import readers

T = "/t/north/subscribers"


@pytest.fixture
def manager(client, sign_in, world):
    return sign_in(client, world.subscriber_manager)


def person(world, address, first="Anna", last="Beispiel", **values):
    return directory.create(
        world.north.id, {"address": address, "first_name": first, "last_name": last, **values}
    )


def pairs(world, view):
    return [{p.address for p in group} for group in alike.suggest(world.north.id, view).groups]


def state(world, who, kind):
    return consent.state(world.north.id, who.id, world.types[kind].id)


def test_duplicates_are_suggested_by_name_by_address_and_among_the_newest(world):
    for address in ("anna@x.example", "a.beispiel@y.example"):
        person(world, address)
    person(world, "bert.muster+news@x.example", "Bert", "Muster")
    person(world, "bertmuster@x.example", "B.", "Muster")
    person(world, "solo@x.example", "Solo", "Beispiel")
    assert pairs(world, "name") == [{"anna@x.example", "a.beispiel@y.example"}]
    assert pairs(world, "address") == [{"bert.muster+news@x.example", "bertmuster@x.example"}]
    assert pairs(world, "new") == [{"anna@x.example", "a.beispiel@y.example"}]
    assert [p.address for p in alike.of(Subscriber.get(Subscriber.address == "anna@x.example"))] == [
        "a.beispiel@y.example"
    ]


def test_long_lists_are_looked_at_in_pages(world, monkeypatch):
    monkeypatch.setattr(alike, "SCANNED", 2)
    for last in ("Abel", "Abel", "Zorn", "Zorn"):
        person(world, f"{last}{Subscriber.select().count()}@x.example", "Kim", last)
    first = alike.suggest(world.north.id, "name")
    assert len(first.groups) == 1 and first.following == f"Abel{alike.BETWEEN}Kim"
    assert len(alike.suggest(world.north.id, "name", first.following).groups) == 1


def test_a_page_shows_a_bounded_number_of_people_and_the_next_begins_behind_them(world, monkeypatch):
    monkeypatch.setattr(alike, "SHOWN", 2)
    monkeypatch.setattr(alike, "OF_GROUP", 2)
    for first, last in (("Kim", "Abel"), ("kim", "Zorn"), ("Kim", "Abel"), ("Kim", "Abel"), ("Kim", "Zorn")):
        person(world, f"{Subscriber.select().count()}@x.example", first, last)
    page = alike.suggest(world.north.id, "name")
    assert [len(group) for group in page.groups] == [2] and page.more == {page.groups[0][0].id}
    rest = alike.suggest(world.north.id, "name", page.following)
    assert [{p.first_name for p in group} for group in rest.groups] == [{"kim", "Kim"}]
    assert rest.following == "" and not rest.more


def test_the_newest_stand_beside_the_last_one_before_them_of_their_name(world):
    ids = [person(world, f"{n}@x.example", "Kim", "Abel").id for n in range(3)]
    found = alike.suggest(world.north.id, "new").groups
    assert [[p.id for p in group] for group in found] == [[ids[2], ids[1]], [ids[1], ids[0]]]


def test_what_hangs_on_the_one_follows_to_the_other(world):
    keep = readers.who_got_mail(world, "city", address="anna@x.example").person
    drop = readers.who_got_mail(world, "city", address="anna@y.example").person
    extra = lists.save(world.north.id, "Presse", 1)
    ListMember.create(tenant_id=world.north.id, list_id=extra.id, subscriber_id=drop.id)
    Subscriber.update(city="Celle", fields={"Nr": "7"}).where(Subscriber.id == drop.id).execute()
    notes.add(world.north.id, Holder.SUBSCRIBER, drop.id, "ruft gern an", 1)
    tags.put(world.north.id, Holder.SUBSCRIBER, drop.id, ["Abo"])
    merging.merge(directory.get(world.north.id, keep.id), directory.get(world.north.id, drop.id), [], 1)
    kept = directory.get(world.north.id, keep.id)
    assert (kept.address, kept.city, kept.fields) == ("anna@x.example", "Celle", {"Nr": "7"})
    assert not Subscriber.select().where(Subscriber.id == drop.id).exists()
    assert Delivery.select().where(Delivery.subscriber_id == keep.id).count() == 2
    assert ConsentEvent.select().where(ConsentEvent.subscriber_id == keep.id).count() == 2
    assert [n.text for n in notes.of(world.north.id, Holder.SUBSCRIBER, keep.id)] == ["ruft gern an"]
    assert [t.name for t in tags.of(world.north.id, Holder.SUBSCRIBER, keep.id)] == ["Abo"]
    assert extra.id in {x.id for x in lists.of(kept)}


def test_a_consent_given_for_another_address_is_not_taken_over(world):
    stranger = readers.who_got_mail(world, "city", address="fremd@x.example").person
    keep = person(world, "anna@x.example")
    merging.merge(keep, directory.get(world.north.id, stranger.id), [], 1)
    assert state(world, keep, "city") is None


def test_the_consent_of_the_address_that_stays_holds(world):
    drop = readers.who_got_mail(world, "city", address="neu@x.example").person
    keep = person(world, "alt@x.example")
    merging.merge(keep, directory.get(world.north.id, drop.id), [], 1, their_address=True)
    kept = directory.get(world.north.id, keep.id)
    assert kept.address == "neu@x.example" and state(world, kept, "city") == Consent.CONFIRMED


def test_who_signed_off_anywhere_has_signed_off(world):
    keep = readers.who_got_mail(world, "city", address="a@x.example").person
    drop = readers.who_got_mail(world, "city", address="b@x.example").person
    consent.step(drop, world.types["city"], "revoke")
    merging.merge(directory.get(world.north.id, keep.id), directory.get(world.north.id, drop.id), [], 1)
    assert state(world, keep, "city") == Consent.REVOKED
    newest = consent.history(world.north.id, keep.id)[0]
    assert (newest.act, newest.form, newest.after) == ("revoke", "merge", "revoked")


def test_a_lock_of_either_stays(world):
    keep, drop = person(world, "a@x.example"), person(world, "b@x.example")
    Subscriber.update(locked_reason="wishes none").where(Subscriber.id == drop.id).execute()
    merging.merge(keep, directory.get(world.north.id, drop.id), [], 1)
    assert directory.get(world.north.id, keep.id).locked_reason == "wishes none"


def test_one_person_alone_and_people_beyond_a_territory_are_not_merged(world):
    keep, drop = person(world, "a@x.example"), person(world, "b@x.example")
    with pytest.raises(Invalid):
        merging.merge(keep, keep, [], 1)
    with bounds.within(bounds.Bound(world.north.id, (1,), (1,))), pytest.raises(Forbidden):
        merging.merge(keep, drop, [], 1)


def test_the_maintenance_page_compares_and_merges(manager, world):
    keep = person(world, "a@x.example", city="Celle")
    drop = person(world, "b@x.example", city="Bonn", function="Leitung")
    assert f"{T}/{keep.id}/duplicates/{drop.id}" in manager.get(f"{T}/duplicates").text
    page = manager.get(f"{T}/{keep.id}/duplicates/{drop.id}").text
    assert (
        "Celle" in page
        and "Bonn" in page
        and 'name="take-city"' in page
        and 'name="take-function"' not in page
    )
    done = manager.post(
        f"{T}/{keep.id}/duplicates/{drop.id}", data={"take-city": "other"}, follow_redirects=True
    )
    assert "Both are one person now" in done.text
    kept = Subscriber.get()
    assert (kept.id, kept.city, kept.function, kept.address) == (keep.id, "Bonn", "Leitung", "a@x.example")
    assert "Nobody here resembles" in manager.get(f"{T}/duplicates").text


def everything(world):
    """All rows that hang on people of north, without the numbers of rows that are only links."""
    found = {}
    for model in (Subscriber, Subscription, ListMember, Tagging, Standing, OwnValue, SegmentMember, Delivery, Note,
                  ConsentEvent):  # fmt: skip
        rows = model.select().where(model.tenant_id == world.north.id).dicts()
        keeps = model in (Subscriber, Delivery, Note, ConsentEvent)
        plain = [{k: str(v) for k, v in row.items() if keeps or k != "id"} for row in rows]
        found[model.__name__] = sorted(plain, key=lambda row: sorted(row.items()))
    return found


def two_with_everything(world):
    north = world.north.id
    own = fields.save(north, {"name": "Nr", "is_unique": True}, None)
    keep = readers.who_got_mail(world, "city", address="anna@x.example").person
    drop = readers.who_got_mail(world, "city", address="anna@y.example").person
    consent.step(drop, world.types["city"], "revoke")
    track = tracks.save(north, "Aktion", ["offen", "zu"], 1)
    for number, who in enumerate((keep, drop)):
        directory.change(
            directory.get(north, who.id),
            {f"own-{own.id}": f"K{number}", "city": ("Celle", "Bonn")[number]},
            1,
        )
        notes.add(north, Holder.SUBSCRIBER, who.id, f"Notiz {number}", 1)
        tags.put(north, Holder.SUBSCRIBER, who.id, ["Abo", f"Nur {number}"])
        tracks.put(north, Holder.SUBSCRIBER, who.id, track, tracks.every(north)[0][1][number].id, 1)
    lists.add(lists.save(north, "Presse", 1), drop, 1)
    frozen = saved.save(north, "Alle", {"match": "all", "rules": []}, [], 1)
    saved.freeze(frozen, Moment(north), 1)
    return directory.get(north, keep.id), directory.get(north, drop.id)


@pytest.mark.parametrize("theirs", [False, True])
def test_a_merging_that_is_undone_leaves_both_as_they_were(world, theirs):
    keep, drop = two_with_everything(world)
    before = everything(world)
    merging.merge(keep, drop, ["city"], 1, theirs)
    kept = directory.get(world.north.id, keep.id)
    assert unmerging.undo(kept, unmerging.of(kept).id, 1) == drop.id
    after = everything(world)
    told = after["ConsentEvent"]
    after["ConsentEvent"] = [row for row in told if row["form"] != "merge"]
    assert after == before
    assert {row["act"] for row in told if row["form"] == "merge"} == {"revoke", "unmerge"}
    assert unmerging.of(kept) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda world, kept: directory.change(kept, {"city": "Peine"}, 1),
        lambda world, kept: consent.step(kept, world.types["arts"], "import_unknown"),
        lambda world, kept: lists.add(lists.save(world.north.id, "Neu", 1), kept, 1),
        lambda world, kept: person(world, "anna@y.example"),
    ],
)
def test_what_contradicts_keeps_a_merging_from_being_undone(manager, world, change):
    keep, drop = two_with_everything(world)
    merging.merge(keep, drop, [], world.subscriber_manager.id)
    kept = directory.get(world.north.id, keep.id)
    page = manager.get(f"{T}/{kept.id}").text
    assert "Make two people again" in page and "anna@y.example" in page
    change(world, kept)
    page = manager.get(f"{T}/{kept.id}").text
    assert "This merging cannot be undone" in page and "Make two people again" not in page
    answer = manager.post(f"{T}/{kept.id}/merges/{unmerging.of(kept).id}/undo", follow_redirects=True)
    assert "This merging cannot be undone" in answer.text and directory.get(world.north.id, kept.id)


def test_a_merging_is_undone_on_the_page_of_the_person(manager, world):
    keep, drop = two_with_everything(world)
    merging.merge(keep, drop, [], world.subscriber_manager.id)
    path = f"{T}/{keep.id}/merges/{unmerging.of(keep).id}/undo"
    answer = manager.post(path, follow_redirects=True)
    assert "They are two people again" in answer.text and "anna@y.example" in answer.text
    assert manager.post(path).status_code == 404, "once only"


def test_what_is_kept_of_a_merging_goes_with_the_person_and_with_time(world):
    keep, drop = two_with_everything(world)
    merging.merge(keep, drop, [], 1)
    kept = directory.get(world.north.id, keep.id)
    assert "anna@y.example" in str(erasure.everything(kept)["merged_records"])
    third = person(world, "c@x.example")
    merging.merge(third, kept, [], 1)
    assert [row.dropped_id for row in Merge.select()] == [kept.id], "only the newest of a chain can be undone"
    erasure.erase(directory.get(world.north.id, third.id), "asked", 1)
    assert Merge.select().count() == 0
    merging.merge(person(world, "d@x.example"), person(world, "e@x.example"), [], 1)
    Merge.update(at=clock.now() - timedelta(days=31)).execute()
    assert unmerging.expire() == 1 and Merge.select().count() == 0


def test_people_of_other_tenants_are_missing(manager, world):
    mine = person(world, "a@x.example")
    other = directory.create(world.south.id, {"address": "b@x.example"})
    for path in (f"{T}/{mine.id}/duplicates/{other.id}", f"{T}/{other.id}/duplicates/{mine.id}"):
        assert manager.get(path).status_code == manager.post(path).status_code == 404


def test_the_record_and_the_import_name_who_may_be_here_twice(manager, world, tmp_path):
    old = person(world, "anna.beispiel@x.example")
    other = person(world, "bert@x.example", "Bert", "Muster")
    person(world, "solo@x.example", "Solo", "Solo")
    rows = "Email,Vorname,Nachname\nannabeispiel+neu@x.example,A.,B.\nbert@y.example,Bert,Muster\nneu@x.example,N,N\n"
    (tmp_path / "a.csv").write_text(rows)
    job = imports.receive(world.north.id, "a.csv", tmp_path / "a.csv", tmp_path, world.administrator.id)
    imports.plan(job, {0: "address", 1: "first_name", 2: "last_name"}, imports.Options())
    imports.start(job, world.administrator.id)
    imports.run(imports.claim(job.id), tmp_path)
    job = imports.get(world.north.id, job.id)
    found = [[p.id for p in group] for group in alike.of_import(job).groups]
    assert [group[1:] for group in found] == [[old.id], [other.id]] and job.first_id == found[0][0]
    page = manager.get(f"{T}/imports/{job.id}").text
    assert f"{T}/duplicates/imports/{job.id}" in page
    few = manager.get(f"{T}/duplicates/imports/{job.id}", headers={"HX-Request": "true"}).text
    whole = manager.get(f"{T}/duplicates/imports/{job.id}").text
    for text in (few, whole):
        assert f"{T}/{found[0][0]}/duplicates/{old.id}" in text and "Solo" not in text
    assert "<html" in whole and "<html" not in few
    for mine, theirs in ((old.id, found[0][0]), (found[1][0], other.id)):
        assert f"{T}/{mine}/duplicates/{theirs}" in manager.get(f"{T}/{mine}").text
    assert "Perhaps here twice" not in manager.get(f"{T}/{found[0][0] + 2}").text
    assert manager.get(f"{T}/duplicates/imports/999").status_code == 404
