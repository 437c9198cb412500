"""Newsletter types in the portal."""

import re

import pytest
from flask.testing import FlaskClient

from domain.subscribers import lists, types
from domain.subscribers.models import NewsletterType
from tests.world import World

GOOD = {"name": "Neues aus Köln", "public": "y", "active": "y", "language": "de", "consent_text": "Ja."}


@pytest.fixture
def manager(client: FlaskClient, world: World, sign_in) -> FlaskClient:
    return sign_in(client, world.subscriber_manager)


def test_a_new_type_has_a_public_page_at_once(manager: FlaskClient, world: World) -> None:
    answer = manager.post("/t/north/types", data=GOOD)
    assert answer.status_code == 303
    page = manager.get(answer.location).text
    assert "/n/north/neues-aus-koeln" in page
    assert "Neues aus Köln" in manager.get("/n/north/neues-aus-koeln").text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": ""}, "needs a name"),
        ({"slug": "city"}, "is taken"),
        ({"slug": "confirm"}, "small letters"),
        ({"slug": "Ä/ö"}, "small letters"),
        ({"consent_text": " "}, "needs the text"),
        ({"closed": "y"}, "what permits"),
        ({"sender_address": "news@nord"}, "end of the address"),
        ({"welcome_subject": "Willkommen"}, "text of the welcome mail"),
        ({"sender_name": "Nord\r\nBcc: x@y.example"}, "Line breaks"),
    ],
)
def test_mistakes_are_told_at_the_field(
    manager: FlaskClient, world: World, change: dict[str, str], words: str
) -> None:
    answer = manager.post("/t/north/types", data=GOOD | change)
    assert answer.status_code == 422 and words in answer.text
    assert NewsletterType.select().where(NewsletterType.tenant_id == world.north.id).count() == 3


def test_a_new_text_is_a_new_version(manager: FlaskClient, world: World) -> None:
    kind = world.types["city"]
    data = GOOD | {"name": kind.name, "slug": kind.slug, "consent_text": kind.consent_text}
    manager.post(f"/t/north/types/{kind.id}", data=data)
    assert types.get(world.north.id, kind.id).consent_version == 1
    manager.post(f"/t/north/types/{kind.id}", data=data | {"consent_text": "Anders."})
    assert types.get(world.north.id, kind.id).consent_version == 2


def test_a_closed_type_has_no_public_page(manager: FlaskClient, world: World) -> None:
    kind = world.types["city"]
    data = GOOD | {"slug": kind.slug, "closed": "y", "basis": "Membership"}
    assert manager.post(f"/t/north/types/{kind.id}", data=data).status_code == 303
    assert "Closed types have no public page" in manager.get(f"/t/north/types/{kind.id}").text
    assert manager.get("/n/north/city").status_code == 404


def test_types_of_another_tenant_are_missing(client: FlaskClient, world: World, sign_in) -> None:
    south = sign_in(client, world.south_administrator)
    kind = world.types["city"].id
    assert south.get(f"/t/south/types/{kind}").status_code == 404
    assert south.post(f"/t/south/types/{kind}", data=GOOD).status_code == 404
    assert "Stadtgespräch" not in south.get("/t/south/types").text


def test_the_page_of_a_type_tells_its_lists_and_its_mails(manager: FlaskClient, world: World) -> None:
    kind, chosen = world.types["city"], lists.save(world.north.id, "Stadtpost", 1)
    words = {"welcome_subject": "Guten Tag", "welcome_text": "Hallo.", "opt_in_text": "Gleich fertig."}
    data = GOOD | {"slug": kind.slug, "list_ids": [chosen.id, "77777"]} | words
    assert manager.post(f"/t/north/types/{kind.id}", data=data).status_code == 303
    page = manager.get(f"/t/north/types/{kind.id}").text
    assert "Stadtpost" in page and "Guten Tag" in page and "with words of its own" in page
    assert types.get(world.north.id, kind.id).list_ids == [chosen.id]
    assert f'value="{chosen.id}" checked' in manager.get(f"/t/north/types/{kind.id}/edit").text


def test_what_somebody_else_saved_meanwhile_is_shown_before_it_is_overwritten(
    client: FlaskClient, world: World, sign_in
) -> None:
    manager, kind = sign_in(client, world.subscriber_manager), world.types["city"]
    path = f"/t/north/types/{kind.id}"
    stamp = re.search(r'name="stamp" value="(\w+)"', manager.get(f"{path}/edit").text)[1]
    data = {
        "name": kind.name,
        "slug": kind.slug,
        "language": "de",
        "active": "y",
        "public": "y",
        "stamp": stamp,
    }
    assert manager.post(path, data={**data, "consent_text": "Their words."}).status_code == 303
    mine = {**data, "consent_text": "My words."}
    page = manager.post(path, data=mine)
    assert page.status_code == 409 and "Their words." in page.text and "My words." in page.text
    assert NewsletterType.get_by_id(kind.id).consent_text == "Their words."
    again = re.search(r'name="stamp" value="(\w+)"', page.text)[1]
    assert manager.post(path, data={**mine, "stamp": again}).status_code == 303
    assert NewsletterType.get_by_id(kind.id).consent_text == "My words."
