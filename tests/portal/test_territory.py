"""Territories in the portal: the tree, who is bound to it, and what such a person meets on the pages."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.accounts import policy
from domain.accounts.models import Membership, User
from domain.issues import assembly
from domain.segments import saved
from domain.subscribers import directory
from domain.subscribers.models import Subscriber
from domain.tenancy import territory
from domain.tenancy.models import TerritoryNode
from tests import mailings
from tests.portal.conftest import HTMX
from tests.world import World

TREE = "/t/north/admin/territory"


@pytest.fixture
def admin(client: FlaskClient, world: World, sign_in) -> FlaskClient:
    return sign_in(client, world.administrator)


@pytest.fixture
def nodes(world: World) -> dict[str, int]:
    """Bund with Nord and Süd below; Anna lives in Nord, Cleo in Süd."""
    by = world.administrator.id
    found = {"Bund": territory.create(world.north.id, "Bund", None, by).id}
    for name, person in (("Nord", "Anna"), ("Süd", "Cleo")):
        found[name] = territory.create(world.north.id, name, found["Bund"], by).id
        mailings.subscriber(world, person, territory_id=found[name])
    return found


@pytest.fixture
def bound(app: Flask, world: World, nodes: dict[str, int], sign_in) -> FlaskClient:
    """The subscriber manager, bound to Nord."""
    Membership.update(territory_id=nodes["Nord"]).where(
        Membership.tenant_id == world.north.id, Membership.user == world.subscriber_manager
    ).execute()
    return sign_in(app.test_client(), world.subscriber_manager)


def test_the_tree_is_made_moved_searched_and_cleared(admin: FlaskClient, world: World) -> None:
    assert "No territories yet" in admin.get(TREE).text
    admin.post(TREE, data={"name": "Bund"})
    top = TerritoryNode.get(TerritoryNode.name == "Bund").id
    admin.post(TREE, data={"name": "Küste", "parent": top})
    node = TerritoryNode.get(TerritoryNode.name == "Küste").id
    twice = admin.post(TREE, data={"name": "KÜSTE", "parent": top})
    assert twice.status_code == 422 and "stands here already" in twice.text and 'value="KÜSTE"' in twice.text
    found = admin.get(f"{TREE}?q=kueste", headers=HTMX).text
    assert "Bund › Küste" in found and "<html" not in found
    assert "No territory with this name" in admin.get(f"{TREE}?q=xyz").text
    ring = admin.post(f"{TREE}/{top}", data={"name": "Bund", "parent": node})
    assert ring.status_code == 422 and "below itself" in ring.text
    admin.post(f"{TREE}/{node}", data={"name": "Ufer", "parent": ""})
    assert territory.paths(world.north.id) == {top: "Bund", node: "Ufer"}
    person = mailings.subscriber(world, "Eva", territory_id=node)
    assert admin.post(f"{TREE}/{node}/delete").status_code == 409
    Subscriber.delete().where(Subscriber.id == person.id).execute()
    assert admin.post(f"{TREE}/{node}/delete").status_code == 303
    assert admin.get(f"{TREE}/{node}").status_code == admin.get(f"{TREE}/999999").status_code == 404


def test_an_access_is_bound_by_invitation_and_on_the_page_of_the_person(
    admin: FlaskClient, world: World, nodes: dict[str, int]
) -> None:
    role = world.roles["sender"].id
    assert "Bund › Nord" in admin.get("/t/north/admin/people/new").text
    admin.post(
        "/t/north/admin/people",
        data={"name": "Neu", "email": "neu@people.example", "roles": role, "territory_id": nodes["Nord"]},
    )
    made = User.get(User.email == "neu@people.example")
    assert policy.rights_of(made, world.north.id).territory == (nodes["Nord"],)
    page = f"/t/north/admin/people/{made.id}"
    assert re.search(rf'value="{nodes["Nord"]}" selected', admin.get(page).text)
    admin.post(f"{page}/roles", data={"roles": role, "territory_id": nodes["Bund"]})
    assert policy.rights_of(made, world.north.id).territory == (nodes["Bund"],)
    admin.post(f"{page}/roles", data={"roles": role, "territory_id": 0})
    assert policy.rights_of(made, world.north.id).territory == ()
    assert admin.post(f"{page}/roles", data={"roles": role, "territory_id": 999_999}).status_code == 422


def test_pages_and_streamed_files_show_only_people_of_the_territory(bound: FlaskClient, world: World) -> None:
    page = bound.get("/t/north/subscribers").text
    assert "Annasen" in page and "Cleosen" not in page and "Bund › Nord" in page
    cleo = Subscriber.get(Subscriber.first_name == "Cleo")
    elsewhere, nobody = (bound.get(f"/t/north/subscribers/{i}") for i in (cleo.id, 999_999))
    assert elsewhere.status_code == nobody.status_code == 404
    tree = {"match": "all", "rules": [{"field": "person:has_address", "op": "yes", "value": []}]}
    segment = saved.save(world.north.id, "Alle", tree, ["person:address"], world.administrator.id)
    with bound.post(f"/t/north/segments/{segment.id}/export", buffered=False) as answer:
        text = answer.text
    assert "anna@leser.example" in text and "cleo@leser.example" not in text


def test_the_record_page_moves_people_only_within_the_own_territory(
    bound: FlaskClient, admin: FlaskClient, world: World, nodes: dict[str, int]
) -> None:
    anna = Subscriber.get(Subscriber.first_name == "Anna")
    data = {"address": anna.address, "first_name": "Anna", "language": ""}
    assert (
        bound.post(f"/t/north/subscribers/{anna.id}", data={**data, "territory_id": nodes["Süd"]}).status_code
        == 422
    )
    bound.post("/t/north/subscribers", data={"address": "eva@leser.example", "language": ""})
    assert Subscriber.get(Subscriber.address == "eva@leser.example").territory_id == nodes["Nord"]
    taken = bound.post("/t/north/subscribers", data={"address": "cleo@leser.example", "language": ""})
    assert taken.status_code == 422 and "Cleosen" not in taken.text
    admin.post(f"/t/north/subscribers/{anna.id}", data={**data, "territory_id": nodes["Süd"]})
    assert directory.get(world.north.id, anna.id).territory_id == nodes["Süd"]
    assert "Bund › Süd" in admin.get(f"/t/north/subscribers/{anna.id}").text
    assert bound.get(f"/t/north/subscribers/{anna.id}").status_code == 404
    listed = admin.get(f"/t/north/subscribers?territory={nodes['Süd']}").text
    assert "anna@leser" in listed and "eva@leser" not in listed


def test_the_log_and_the_export_of_everything_keep_to_it(
    app: Flask, admin: FlaskClient, world: World, nodes: dict[str, int], sign_in
) -> None:
    for name in ("Anna", "Cleo"):
        person = Subscriber.get(Subscriber.first_name == name)
        directory.lock(person, f"Streit mit {name}", None, world.editor.id)
    Membership.update(territory_id=nodes["Nord"]).where(Membership.user == world.administrator).execute()
    text = admin.get("/t/north/admin/log").text
    assert "Streit mit Anna" in text and "Streit mit Cleo" not in text
    assert admin.post("/t/north/admin/tenant/export").status_code == 403
    assert "Export everything" not in admin.get("/t/north/admin/tenant").text


def test_the_page_that_explains_rights_names_the_territory(
    admin: FlaskClient, world: World, nodes: dict[str, int]
) -> None:
    mine = (Membership.tenant_id == world.north.id, Membership.user == world.sender)
    page = f"/t/north/admin/people/{world.sender.id}/why"
    assert "Only for people of" not in admin.get(page).text
    Membership.update(territory_id=nodes["Nord"]).where(*mine).execute()
    assert "Only for people of Bund › Nord" in admin.get(page).text
    Membership.update(territory_id=999_999).where(*mine).execute()
    assert "a territory that is gone" in admin.get(page).text


def test_a_plan_that_reaches_further_is_shown_and_offers_nothing_to_change(
    admin: FlaskClient, world: World, nodes: dict[str, int]
) -> None:
    issue = assembly.create(world.north.id, world.types["city"].id, world.administrator.id)
    page = f"/t/north/issues/{issue.id}/plan"
    admin.post(page, data={"act": "save", "whom": "all", "when": "at_once", "sender_name": "Nord"})
    assert 'id="act-save"' in admin.get(page).text
    Membership.update(territory_id=nodes["Nord"]).where(Membership.user == world.administrator).execute()
    shown = admin.get(page).text
    assert "reaches beyond your territory" in shown and 'id="act-save"' not in shown
    assert shown.count('<fieldset class="rb-stack" disabled>') == 1
