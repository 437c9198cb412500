"""Settings of a tenant with their origin, and the tenants of the house."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.senders import domains
from domain.subscribers.models import DistributionList
from domain.tenancy import settings as tenant_settings
from domain.tenancy.models import Tenant, TenantStatus
from tests.portal.conftest import HTMX
from tests.world import World

PAGE = "/t/north/admin/tenant"


@pytest.fixture
def admin(client: FlaskClient, world: World, sign_in) -> FlaskClient:
    return sign_in(client, world.administrator)


def test_an_empty_field_inherits_and_says_from_whom(admin: FlaskClient, world: World) -> None:
    admin.post("/house/tenants", data={"name": "Nord West", "parent": world.north.id})
    page = admin.get("/t/nord-west/admin/tenant").text
    assert "Inherited from Verlag Nord: news@nord.example" in page
    admin.post("/t/nord-west/admin/tenant", data={"name": "Nord West", "reply_to": "west@nord.example"})
    branch = Tenant.get(Tenant.slug == "nord-west")
    assert branch.settings == {"reply_to": "west@nord.example"}
    admin.post("/t/nord-west/admin/tenant", data={"name": "Nord West"})
    assert Tenant.get_by_id(branch.id).settings == {}


def test_a_light_colour_is_shown_with_the_darker_one_that_is_used(admin: FlaskClient, world: World) -> None:
    admin.post(PAGE, data={"name": "Nord", "colour": "#FFEE00"})
    page = admin.get(PAGE).text
    _wished, used = tenant_settings.colours("#ffee00")
    assert 'fill="#ffee00"' in page and f'fill="{used}"' in page and "too light for text" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""}, {"sender_address": "nobody"}, {"reply_to": "a@b.example\nBcc: c@d.example"}, {"colour": "red"},
        {"time_zone": "Mars/Olympus"}, {"privacy_url": "javascript:alert(1)"}, {"language": "fr"},
    ],
)  # fmt: skip
def test_wrong_settings_are_refused_and_stay_in_the_form(
    admin: FlaskClient, world: World, wrong: dict[str, str]
) -> None:
    before = Tenant.get_by_id(world.north.id).settings
    answer = admin.post(PAGE, data={"name": "Nord", "imprint": "Kept here", **wrong})
    assert answer.status_code == 422 and "Kept here" in answer.text
    assert Tenant.get_by_id(world.north.id).settings == before


def test_four_eyes_can_be_lifted_and_set_again(admin: FlaskClient, world: World) -> None:
    for word, value in (("yes", True), ("no", False)):
        admin.post(PAGE, data={"name": "Nord", "approval_self": word})
        assert Tenant.get_by_id(world.north.id).settings["approval_self"] is value
    admin.post(PAGE, data={"name": "Nord"})
    assert "approval_self" not in Tenant.get_by_id(world.north.id).settings


def test_a_sender_outside_the_proved_domains_is_pointed_out(admin: FlaskClient, world: World) -> None:
    assert "nord.example is set as sender and not verified" in admin.get(PAGE).text
    domains.vouch(domains.add(world.north.id, "nord.example", 1), 1, "by phone")
    assert "not verified" not in admin.get(PAGE).text


def test_a_new_tenant_has_its_default_list_and_stands_below_its_parent(
    admin: FlaskClient, world: World
) -> None:
    admin.post("/house/tenants", data={"name": "Alt Nord", "slug": "alt", "parent": world.north.id})
    tenant = Tenant.get(Tenant.slug == "alt")
    assert DistributionList.get(DistributionList.tenant_id == tenant.id).is_default
    page = admin.get("/house/tenants").text
    table = page[page.index("<table") :]
    assert table.index("Verlag Nord") < table.index("Alt Nord") and 'data-depth="1"' in page


def test_a_short_name_that_cannot_stand_in_addresses_is_refused(admin: FlaskClient) -> None:
    for slug in ("south", "house", "Groß", "a b", "../x"):
        assert admin.post("/house/tenants", data={"name": "Neu", "slug": slug}).status_code == 422
    assert admin.post("/house/tenants", data={"name": "Neu", "parent": "987654"}).status_code == 404
    assert not Tenant.select().where(Tenant.name == "Neu").exists()


def test_a_tenant_without_sign_in_is_closed_at_once(
    app: Flask, admin: FlaskClient, world: World, sign_in
) -> None:
    other = sign_in(app.test_client(), world.south_editor)
    assert other.get("/t/south/").status_code == 200
    url = f"/house/tenants/{world.south.id}/status"
    assert admin.post(url, data={"status": "nonsense"}).status_code == 422
    assert admin.post(url, data={"status": TenantStatus.NO_SIGN_IN.value}).status_code == 303
    assert other.get("/t/south/").status_code == 403


def test_tenants_of_the_house_are_for_its_administrators(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.south_administrator)
    assert client.get("/house/tenants").status_code == client.get("/house/tenants/new").status_code == 403
    assert (
        client.post(f"/house/tenants/{world.south.id}/status", data={"status": "blocked"}).status_code == 403
    )


def test_in_a_large_house_the_place_of_a_tenant_is_found_by_typing(admin: FlaskClient, world: World) -> None:
    made = [Tenant.create(slug=f"b-{n}", name=f"Branch {n:02}", parent_id=world.north.id) for n in range(25)]
    last, choice = made[-1], f'<option value="{made[-1].id}"'
    assert choice not in admin.get("/house/tenants/new").text
    for page in ("/house/tenants/new", f"/house/tenants/{made[0].id}"):
        found = admin.get(f"{page}?q=branch 24", headers=HTMX).text
        assert choice in found and "<html" not in found
    chosen = f'<option value="{world.north.id}" selected>'
    assert chosen in admin.get(f"/house/tenants/{made[0].id}?q=branch 24").text, "what is chosen stays"
    typed = {"search": "1", "q": "branch 24", "name": "Typed already"}
    plain = admin.post("/house/tenants", data=typed).text
    assert (
        choice in plain
        and "Typed already" in plain
        and not Tenant.select().where(Tenant.name == "Typed already")
    )
    looked = admin.post(f"/house/tenants/{made[0].id}/parent", data={"search": "1", "q": "branch 24"})
    assert choice in looked.text and Tenant.get_by_id(made[0].id).parent_id == world.north.id
    admin.post(f"/house/tenants/{made[0].id}/parent", data={"parent": last.id})
    assert "Verlag Nord</a> › <a" in admin.get(f"/house/tenants/{made[0].id}").text
    below = admin.get(f"/house/tenants/{last.id}?q=branch 00", headers=HTMX).text
    assert f'value="{made[0].id}"' not in below, "nothing stands below itself"
