"""Setting up a house, and what administrators do in it."""

from flask import Flask
from flask.testing import FlaskClient

from domain.accounts import rolebook
from domain.accounts.models import User
from domain.accounts.permissions import Permission
from domain.notices.models import OutboxMail
from domain.quotas import ledger as quotas
from domain.quotas.models import Window
from domain.tenancy.models import Tenant
from portal import house
from tests.world import World


def test_the_first_visit_sets_the_house_up_once(app: Flask, client: FlaskClient) -> None:
    token = house.setup_token(app.config["SETTINGS"].instance)
    assert client.get("/").headers["Location"] == "/setup"
    data = {"tenant": "Haus", "name": "Ada", "email": "ada@haus.example", "password": "a long sentence"}
    assert client.post("/setup", data={**data, "token": "wrong"}).status_code == 422
    assert client.post("/setup", data={**data, "token": token, "password": "x"}).status_code == 422
    assert client.post("/setup", data={**data, "token": token}).status_code == 303
    assert client.get("/t/haus/").status_code == 200
    assert client.get("/setup").status_code == 404
    assert User.get().administers_house


def test_a_new_person_gets_a_mail_and_sets_a_password(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.administrator)
    role = world.roles["journalist"].id
    bad = client.post("/t/north/admin/people", data={"name": "Neu", "email": "no address", "roles": role})
    assert bad.status_code == 422 and 'value="Neu"' in bad.text
    client.post("/t/north/admin/people", data={"name": "Neu", "email": "neu@nord.example", "roles": role})
    mail = OutboxMail.get()
    path = mail.plain[mail.plain.index("/welcome/") :].split()[0]
    client.post("/signout")
    assert client.post(path, data={"password": "mein erster Satz"}).status_code == 303
    answer = client.post("/signin", data={"email": "neu@nord.example", "password": "mein erster Satz"})
    assert answer.status_code == 303


def test_a_changed_role_counts_at_the_next_click(app: Flask, world: World, sign_in) -> None:
    other = sign_in(app.test_client(), world.editor)
    assert other.get("/t/north/media").status_code == 200
    admin = sign_in(app.test_client(), world.administrator)
    kept = [p.value for p in rolebook.permissions_of(world.roles["editor"].id) if p.module != "media"]
    modules = sorted({word.split(".")[0] for word in kept})
    url = f"/t/north/admin/roles/{world.roles['editor'].id}"
    answer = admin.post(
        url, data={"permission": kept, "module": modules, "limit_day": "1.000", "limit_month": ""}
    )
    assert answer.status_code == 303
    assert other.get("/t/north/media").status_code == 404
    assert "/t/north/media" not in other.get("/t/north/").text
    assert quotas.limits_of(world.roles["editor"].id) == {Window.DAY: 1_000}


def test_central_roles_are_changed_by_the_house_only(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.south_administrator)
    role = world.roles["editor"]
    before = rolebook.permissions_of(role.id)
    assert client.post(f"/t/south/admin/roles/{role.id}", data={}).status_code == 403
    assert rolebook.permissions_of(role.id) == before and Permission.ISSUE_EDIT in before


def test_settings_refuse_line_breaks_in_header_fields(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.administrator)
    bad = {"name": "Nord", "sender_name": "Nord\r\nBcc: x@evil.example", "imprint": "A\nB"}
    answer = client.post("/t/north/admin/tenant", data=bad)
    assert answer.status_code == 422
    assert Tenant.get_by_id(world.north.id).settings["sender_name"] == "Verlag Nord"
    good = {"name": "Nord", "sender_name": "Nord", "imprint": "A\r\nB", "colour": "#ffee00"}
    assert client.post("/t/north/admin/tenant", data=good).status_code == 303
    assert Tenant.get_by_id(world.north.id).settings["imprint"] == "A\nB"


def test_tenants_are_founded_by_the_house_only(app: Flask, world: World, sign_in) -> None:
    south = sign_in(app.test_client(), world.south_administrator)
    assert south.get("/house/tenants").status_code == 403
    admin = sign_in(app.test_client(), world.administrator)
    admin.post("/house/tenants", data={"name": "Nord West", "parent": world.north.id})
    assert Tenant.get(Tenant.slug == "nord-west").parent_id == world.north.id
    assert admin.get("/t/nord-west/").status_code == 200
    answer = admin.post("/house/tenants", data={"name": "Nord West", "parent": ""})
    assert answer.status_code == 422 and 'value="Nord West"' in answer.text
