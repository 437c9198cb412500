"""The people of a tenant in the portal."""

import re

import pytest
from flask.testing import FlaskClient

from domain.subscribers import consent, directory, finding, lists, organisations, suppression, types
from domain.subscribers.facets import fields
from domain.subscribers.models import Consent, DistributionList, ListMember, Subscriber, Subscription
from tests.portal import readers
from tests.portal.conftest import HTMX
from tests.world import World


@pytest.fixture
def manager(client: FlaskClient, world: World, sign_in) -> FlaskClient:
    return sign_in(client, world.subscriber_manager)


def created(world: World, address: str, **values: str):
    return directory.create(world.north.id, {"address": address, **values})


def test_search_finds_names_without_accents_and_addresses(manager: FlaskClient, world: World) -> None:
    created(world, "zoe@lire.example", first_name="Zoé", last_name="Größl")
    created(world, "kurt@leser.example", first_name="Kurt", last_name="Weiß")
    for words, found, missing in (("zoe groessl", "Größl", "Weiß"), ("kurt@", "Weiß", "Größl")):
        page = manager.get("/t/north/subscribers", query_string={"q": words}, headers=HTMX).text
        assert found in page and missing not in page and "<html" not in page
    assert "Nobody with these filters" in manager.get("/t/north/subscribers?q=nobody").text


def test_filters_can_be_cleared_only_when_one_is_set(manager: FlaskClient, world: World) -> None:
    created(world, "zoe@lire.example")
    for path in ("/t/north/subscribers", "/t/north/organisations"):
        for headers in ({}, HTMX):
            assert "Clear filters" not in manager.get(f"{path}?q=&order=name&type=", headers=headers).text
            page = manager.get(f"{path}?q=zoe", headers=headers).text
            beside = re.findall(r'<span[^>]* id="clear-filters"[^>]*>.*?</span>', page)
            assert len(beside) == 1 and "Clear filters" in beside[0], "once, on the page as behind a search"
            assert ("hx-swap-oob" in beside[0]) == bool(headers), "a search draws it anew beside the filters"


def test_filters_by_type_consent_and_list(manager: FlaskClient, world: World) -> None:
    readers.who_got_mail(world, "city", address="city@leser.example")
    other = created(world, "other@leser.example")
    chosen = DistributionList.create(tenant_id=world.north.id, name="Messe")
    ListMember.create(tenant_id=world.north.id, list_id=chosen.id, subscriber_id=other.id)
    by_type = manager.get(f"/t/north/subscribers?type={world.types['city'].id}&consent=confirmed").text
    assert "city@leser.example" in by_type and "other@leser.example" not in by_type
    by_list = manager.get(f"/t/north/subscribers?list={chosen.id}").text
    assert "other@leser.example" in by_list and "city@leser.example" not in by_list
    assert manager.get("/t/north/subscribers?type=x&consent=bogus&before=y").status_code == 200


def test_a_form_without_anything_in_it_makes_nobody(manager: FlaskClient, world: World) -> None:
    answer = manager.post("/t/north/subscribers", data={"language": "de"})
    assert answer.status_code == 422 and "Enter an address, a name or a customer." in answer.text
    assert (
        manager.post("/t/north/subscribers", data={"last_name": "Ohne Adresse", "language": "de"}).status_code
        == 303
    )


def test_an_end_that_is_over_locks_nobody_and_says_so(manager: FlaskClient, world: World) -> None:
    person = created(world, "frei@leser.example")
    firm = organisations.save(world.north.id, {"name": "Lüders"}, world.subscriber_manager.id)
    over = {"reason": "Vertrag", "until": "2020-01-31", "value": "frei@leser.example"}
    for path in (f"subscribers/{person.id}/lock", f"organisations/{firm.id}/lock", "suppression"):
        answer = manager.post(f"/t/north/{path}", data=over)
        assert answer.status_code == 422 and "This day is over." in answer.text
    assert directory.get(world.north.id, person.id).locked_reason is None
    assert not suppression.is_suppressed(world.north.id, "frei@leser.example")


def test_a_birthday_is_written_as_dates_are_here(manager: FlaskClient, world: World) -> None:
    for typed, shown in (("28.02.1990", "28\xa0February 1990"), ("29.02.", "29\xa0February<")):
        person = created(world, f"b{len(typed)}@leser.example", birthday=typed)
        assert shown in manager.get(f"/t/north/subscribers/{person.id}").text
    Subscriber.update(birthday="1990-02-31").where(Subscriber.id == person.id).execute()
    assert "1990-02-31" in manager.get(f"/t/north/subscribers/{person.id}").text


def test_what_a_page_calls_more_than_is_counted_to_the_last_behind_it(
    manager: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "FEW", 2)
    monkeypatch.setattr(types, "MOST", 2)
    monkeypatch.setattr(types.counts, "__defaults__", (2,))
    for n in range(4):
        readers.who_got_mail(world, "city", address=f"p{n}@leser.example")
    everybody, city = lists.default(world.north.id), world.types["city"]
    count = (
        Subscription.select()
        .where(Subscription.type_id == city.id, Subscription.consent == "confirmed")
        .count()
    )
    for page, size, shown in (
        (
            "subscribers/lists",
            f"subscribers/lists/{everybody.id}/size",
            f"{lists.size(everybody, 99)} people",
        ),
        (f"types/{city.id}", f"types/{city.id}/size?consent=confirmed", f">{count}<"),
        ("types", f"types/{city.id}/size?consent=confirmed", f">{count}<"),
    ):
        assert f'hx-get="/t/north/{size}"' in manager.get(f"/t/north/{page}").text
        assert shown in manager.get(f"/t/north/{size}", headers=HTMX).text
    assert manager.get(f"/t/north/types/{city.id}/size?consent=bogus").status_code == 404


def test_pages_go_on_and_back(manager: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch) -> None:

    for n in range(5):
        created(world, f"p{n}@leser.example")
    seen, query = [], finding.Query()
    while True:
        page = finding.find(world.north.id, query, 2)
        seen += [person.address for person in page.people]
        if page.older_id is None:
            break
        query = finding.Query(before_id=page.older_id)
    assert seen == [f"p{n}@leser.example" for n in (4, 3, 2, 1, 0)]
    back = finding.find(world.north.id, finding.Query(after_id=page.newer_id), 2)
    assert [person.address for person in back.people] == ["p2@leser.example", "p1@leser.example"]


def test_create_keeps_what_was_typed_when_the_address_is_taken(manager: FlaskClient, world: World) -> None:
    data = {"address": "anna@leser.example", "first_name": "Anna", "country": "DE", "language": ""}
    assert manager.post("/t/north/subscribers", data=data).status_code == 303
    again = manager.post("/t/north/subscribers", data=data | {"address": "ANNA@leser.example"})
    assert again.status_code == 422 and "already here" in again.text and 'value="Anna"' in again.text
    bad = manager.post("/t/north/subscribers", data=data | {"address": "anna@"})
    assert bad.status_code == 422 and 'value="anna@"' in bad.text
    person = directory.by_key(world.north.id, "anna@leser.example")
    manager.post(
        f"/t/north/subscribers/{person.id}", data=data | {"last_name": "Neu", "organisation": "Stadt"}
    )
    page = manager.get(f"/t/north/subscribers/{person.id}").text
    assert "Anna Neu" in page and "Stadt" in page


def test_lock_needs_a_reason_and_can_be_lifted(manager: FlaskClient, world: World) -> None:
    person = created(world, "anna@leser.example")
    path = f"/t/north/subscribers/{person.id}"
    assert manager.post(f"{path}/lock", data={"reason": " "}).status_code == 422
    manager.post(f"{path}/lock", data={"reason": "On leave", "until": "2999-01-31"})
    locked = directory.get(world.north.id, person.id)
    assert locked.locked_reason == "On leave" and locked.locked_until.year == 2999
    assert "On leave" in manager.get(path).text
    manager.post(f"{path}/unlock")
    assert directory.get(world.north.id, person.id).locked_reason is None


def test_the_house_adds_a_consent_with_proof_but_never_confirms(manager: FlaskClient, world: World) -> None:
    person = created(world, "anna@leser.example")
    kind, path = world.types["city"], f"/t/north/subscribers/{person.id}"
    for consent_word, proof, code in (("proved", "", 422), ("confirmed", "x", 422), ("proved", "Paper", 303)):
        data = {"type_id": kind.id, "consent": consent_word, "proof": proof}
        assert manager.post(f"{path}/types", data=data).status_code == code
    assert consent.state(world.north.id, person.id, kind.id) == Consent.PROVED
    manager.post(f"{path}/types/{kind.id}/revoke")
    again = manager.post(f"{path}/types", data={"type_id": kind.id, "consent": "proved", "proof": "Paper"})
    assert again.status_code == 422 and consent.state(world.north.id, person.id, kind.id) == Consent.REVOKED
    foreign = {"type_id": world.types["south"].id, "consent": "unknown"}
    assert manager.post(f"{path}/types", data=foreign).status_code == 422
    page = manager.get(path).text
    assert "Paper" in page and "Signed off" in page


def test_nobody_loses_the_last_list(manager: FlaskClient, world: World) -> None:
    person = created(world, "anna@leser.example")
    south_list = DistributionList.get(DistributionList.tenant_id == world.south.id)
    manager.post(f"/t/north/subscribers/{person.id}/lists", data={"list": [south_list.id]})
    assert [chosen.is_default for chosen in lists.of(person)] == [True]
    manager.post("/t/north/subscribers/lists", data={"name": "Messe"})
    chosen = DistributionList.get(DistributionList.name == "Messe")
    manager.post(f"/t/north/subscribers/{person.id}/lists", data={"list": [chosen.id]})
    assert [found.name for found in lists.of(person)] == ["Messe"]
    assert manager.post("/t/north/subscribers/lists", data={"name": "Messe"}).status_code == 422
    assert manager.post(f"/t/north/subscribers/lists/{chosen.id}", data={"name": "Fair"}).status_code == 303


def test_suppressed_by_hand_is_said_on_the_record(manager: FlaskClient, world: World) -> None:
    person = created(world, "anna@leser.example")
    path = f"/t/north/subscribers/{person.id}"
    manager.post(f"{path}/suppress", data={"reason": ""})
    assert not suppression.is_suppressed(world.north.id, person.address_key)
    manager.post(f"{path}/suppress", data={"reason": "asked by phone"})
    assert suppression.is_suppressed(world.north.id, person.address_key)
    assert "asked by phone" in manager.get(path).text


def test_people_types_and_lists_of_another_tenant_are_missing(
    client: FlaskClient, world: World, sign_in
) -> None:
    person = created(world, "anna@leser.example")
    chosen = DistributionList.get(DistributionList.tenant_id == world.north.id)
    south = sign_in(client, world.south_administrator)
    kind = world.types["city"].id
    for path in (f"{person.id}", f"{person.id}/edit"):
        assert south.get(f"/t/south/subscribers/{path}").status_code == 404
    for path in (
        f"{person.id}", f"{person.id}/lock", f"{person.id}/unlock", f"{person.id}/lists", f"{person.id}/types",
        f"{person.id}/types/{kind}/revoke", f"{person.id}/suppress", f"{person.id}/deliverability",
        f"lists/{chosen.id}",
    ):  # fmt: skip
        assert south.post(f"/t/south/subscribers/{path}", data={"name": "x"}).status_code == 404, path
    assert "anna@" not in south.get("/t/south/subscribers").text


def test_an_editor_sees_people_and_changes_none(client: FlaskClient, world: World, sign_in) -> None:
    person = created(world, "anna@leser.example")
    editor = sign_in(client, world.editor)
    page = editor.get(f"/t/north/subscribers/{person.id}").text
    assert "anna@leser.example" in page and f"/subscribers/{person.id}/lock" not in page
    assert editor.post(f"/t/north/subscribers/{person.id}/lock", data={"reason": "x"}).status_code == 403
    assert editor.get("/t/north/subscribers/imports").status_code == 403


def stamp_in(page: str) -> str:
    found = re.search(r'name="stamp" value="(\w+)"', page)
    assert found
    return found[1]


def test_what_somebody_else_saved_meanwhile_is_shown_and_nothing_typed_is_lost(
    manager: FlaskClient, world: World
) -> None:
    own = fields.save(world.north.id, {"name": "Nr"}, None)
    who = created(world, "anna@leser.example", first_name="Anna", city="Celle")
    path = f"/t/north/subscribers/{who.id}"
    page = manager.get(f"{path}/edit").text
    typed = {"first_name": "Anne", "address": "anna@leser.example", "city": "Celle", "language": "",
             "stamp": stamp_in(page)}  # fmt: skip
    directory.change(directory.get(world.north.id, who.id), {"city": "Peine", f"own-{own.id}": "7"}, 1)
    clash = manager.post(path, data=typed | {f"own-{own.id}": ""})
    assert clash.status_code == 409 and "Somebody else has changed this record meanwhile" in clash.text
    assert "now: Peine" in clash.text and "now: 7" in clash.text and 'value="Anne"' in clash.text
    assert directory.get(world.north.id, who.id).city == "Peine"
    again = typed | {"city": "Peine", f"own-{own.id}": "7", "stamp": stamp_in(clash.text)}
    assert manager.post(path, data=again).status_code == 303
    saved = directory.get(world.north.id, who.id)
    assert (saved.first_name, saved.city, saved.fields) == ("Anne", "Peine", {"Nr": "7"})


def test_a_mistake_keeps_the_stamp_of_what_was_shown(manager: FlaskClient, world: World) -> None:
    who = created(world, "anna@leser.example")
    path = f"/t/north/subscribers/{who.id}"
    stamp = stamp_in(manager.get(f"{path}/edit").text)
    wrong = manager.post(path, data={"address": "keine", "stamp": stamp})
    assert wrong.status_code == 422 and stamp_in(wrong.text) == stamp
    assert (
        manager.post(path, data={"address": "neu@leser.example", "language": "", "stamp": stamp}).status_code
        == 303
    )


def test_two_people_at_one_customer_see_each_other(manager: FlaskClient, world: World) -> None:
    firm = organisations.save(world.north.id, {"name": "Sielverband", "city": "Emden"}, 1)
    path = f"/t/north/organisations/{firm.id}"
    stamp = stamp_in(manager.get(f"{path}/edit").text)
    organisations.save(world.north.id, {"name": "Sielverband", "city": "Leer"}, 1, firm)
    clash = manager.post(path, data={"name": "Siel- und Deichverband", "city": "Emden", "stamp": stamp})
    assert clash.status_code == 409 and "now: Leer" in clash.text and "now: Sielverband" in clash.text
    assert 'value="Siel- und Deichverband"' in clash.text
    data = {"name": "Siel- und Deichverband", "city": "Leer", "stamp": stamp_in(clash.text)}
    assert manager.post(path, data=data).status_code == 303
    assert organisations.get(world.north.id, firm.id).name == "Siel- und Deichverband"


def test_taking_somebody_off_the_last_list_asks_where_to(manager: FlaskClient, world: World) -> None:
    who, chosen = created(world, "anna@leser.example"), lists.save(world.north.id, "Presse", 1)
    default = lists.default(world.north.id)
    path = f"/t/north/subscribers/{who.id}/lists"
    asked = manager.post(path, data={"was": default.id})
    assert asked.status_code == 422 and "Where to with" in asked.text and "Presse" in asked.text
    assert [one.id for one in lists.of(who)] == [default.id]
    assert manager.post(path, data={"list": chosen.id}).status_code == 303
    assert [one.id for one in lists.of(who)] == [chosen.id]


def test_lists_that_somebody_else_changed_meanwhile_stay(manager: FlaskClient, world: World) -> None:
    who, default = created(world, "anna@leser.example"), lists.default(world.north.id)
    press, fair = (lists.save(world.north.id, name, 1) for name in ("Presse", "Messe"))
    lists.add(press, who, 1)  # while the other page shows the default list alone
    data = {"was": default.id, "list": [default.id, fair.id]}
    manager.post(f"/t/north/subscribers/{who.id}/lists", data=data)
    assert {one.id for one in lists.of(who)} == {default.id, press.id, fair.id}


def test_stopping_an_address_stands_among_the_changes(manager: FlaskClient, world: World) -> None:
    who = created(world, "anna@leser.example")
    path = f"/t/north/subscribers/{who.id}"
    manager.post(f"{path}/deliverability", data={"state": "stopped"})
    assert "Address stopped" in manager.get(path).text


def test_the_record_names_what_was_changed_in_words_and_nothing_else(
    manager: FlaskClient, world: World
) -> None:
    person = created(world, "ada@leser.example", first_name="Ada", city="Bonn")
    data = {"address": "ada@neu.example", "first_name": "Ada", "city": "Celle", "language": ""}
    assert manager.post(f"/t/north/subscribers/{person.id}", data=data).status_code == 303
    page = manager.get(f"/t/north/subscribers/{person.id}").text
    assert re.search(r"Data changed<span[^>]*> · E-mail address, City</span>", page)
