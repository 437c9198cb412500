"""People who are here twice: suggested by name and address, merged without raising a consent."""

import pytest

from domain import bounds
from domain.campaigns import merging
from domain.errors import Forbidden, Invalid
from domain.ledger.models import Delivery
from domain.subscribers import consent, directory, lists
from domain.subscribers.facets import notes, tags
from domain.subscribers.facets.models import Holder
from domain.subscribers.models import Consent, ConsentEvent, ListMember, Subscriber
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
    return [{p.address for p in group} for group in merging.suggest(world.north.id, view).groups]


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
    assert [p.address for p in merging.of(Subscriber.get(Subscriber.address == "anna@x.example"))] == [
        "a.beispiel@y.example"
    ]


def test_long_lists_are_looked_at_in_pages(world, monkeypatch):
    monkeypatch.setattr(merging, "SCANNED", 2)
    for last in ("Abel", "Abel", "Zorn", "Zorn"):
        person(world, f"{last}{Subscriber.select().count()}@x.example", "Kim", last)
    first = merging.suggest(world.north.id, "name")
    assert len(first.groups) == 1 and first.following == "Abel"
    assert len(merging.suggest(world.north.id, "name", first.following).groups) == 1


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


def test_people_of_other_tenants_are_missing(manager, world):
    mine = person(world, "a@x.example")
    other = directory.create(world.south.id, {"address": "b@x.example"})
    for path in (f"{T}/{mine.id}/duplicates/{other.id}", f"{T}/{other.id}/duplicates/{mine.id}"):
        assert manager.get(path).status_code == manager.post(path).status_code == 404
