"""People of a tenant: who may let whom in, and that one tenant shuts nobody out of another."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain import clock
from domain.accounts import policy
from domain.accounts.models import Membership, Role, RolePermission, User
from domain.accounts.permissions import Permission
from domain.audit.models import AuditEntry
from domain.db import database
from domain.notices.models import OutboxMail
from domain.quotas import ceilings, ledger
from domain.quotas.models import Window
from tests.portal.conftest import HTMX
from tests.world import World, person

PEOPLE = "/t/north/admin/people"


@pytest.fixture
def admin(client: FlaskClient, world: World, sign_in) -> FlaskClient:
    return sign_in(client, world.administrator)


@pytest.fixture
def clerk(app: Flask, world: World, sign_in) -> FlaskClient:
    """Somebody who may edit people and nothing else."""
    role = Role.create(tenant_id=world.north.id, name="Clerk")
    RolePermission.create(role=role, permission=Permission.USER_EDIT.value)
    world.people["clerk"] = person("clerk", world.north, role)
    return sign_in(app.test_client(), world.clerk)


def test_the_list_finds_people_by_name_and_address(admin: FlaskClient, world: World) -> None:
    User.update(name="Jörg Weiß").where(User.id == world.journalist.id).execute()
    page = admin.get(PEOPLE)
    assert "Jörg Weiß" in page.text and "South Editor" not in page.text and "<html" in page.text
    found = admin.get(PEOPLE, query_string={"q": "JOERG weiss"}, headers=HTMX)
    assert "Jörg Weiß" in found.text and "Auditor" not in found.text and "<html" not in found.text
    assert "Nobody with this name" in admin.get(PEOPLE, query_string={"q": "xyz"}).text


def test_long_lists_have_pages(admin: FlaskClient, world: World) -> None:
    for number in range(55):
        person(f"extra_{number:02}", world.north, world.roles["auditor"])
    first = admin.get(PEOPLE)
    assert first.text.count("@people.example") == 50 and "from=50" in first.text
    assert admin.get(f"{PEOPLE}?from=50").text.count("@people.example") == 12


def test_a_known_address_gets_the_roles_and_a_mail_without_a_password_link(
    admin: FlaskClient, world: World
) -> None:
    data = {"name": "X", "email": world.south_editor.email, "roles": world.roles["editor"].id}
    assert admin.post(PEOPLE, data=data).status_code == 303
    assert User.get_by_id(world.south_editor.id).name == "South Editor"
    mail = OutboxMail.get()
    assert mail.to_address == world.south_editor.email and "/welcome/" not in mail.plain
    assert len(policy.tenants_of(world.south_editor)) == 2


def test_a_person_needs_name_address_and_role(admin: FlaskClient, world: World) -> None:
    good = {"name": "Neu", "email": "neu@nord.example", "roles": world.roles["editor"].id}
    for wrong in ({"name": ""}, {"email": "neu@nord"}, {"email": "a@b.example\nBcc: c"}, {"roles": []}):
        assert admin.post(PEOPLE, data={**good, **wrong}).status_code == 422
    assert not OutboxMail.select().exists()


def test_a_role_of_another_tenant_looks_like_a_missing_one(admin: FlaskClient, world: World) -> None:
    foreign = Role.create(tenant_id=world.south.id, name="South only")
    answer = admin.post(f"{PEOPLE}/{world.editor.id}/roles", data={"roles": foreign.id})
    assert answer.status_code == 404
    assert admin.get(f"{PEOPLE}/{world.south_editor.id}").status_code == 404
    assert admin.post(f"{PEOPLE}/{world.south_editor.id}/deactivate").status_code == 404


def test_nobody_gives_or_takes_a_role_with_rights_he_lacks(clerk: FlaskClient, world: World) -> None:
    administrator, editor = world.roles["administrator"].id, world.roles["editor"].id
    assert (
        clerk.post(f"{PEOPLE}/{world.journalist.id}/roles", data={"roles": administrator}).status_code == 403
    )
    assert clerk.post(f"{PEOPLE}/{world.editor.id}/roles", data={"roles": []}).status_code == 403
    assert clerk.post(f"{PEOPLE}/{world.administrator.id}/deactivate").status_code == 403
    data = {"name": "Neu", "email": "neu@nord.example", "roles": editor}
    assert clerk.post(PEOPLE, data=data).status_code == 403
    assert not User.select().where(User.email == "neu@nord.example").exists()
    assert f'value="{administrator}" disabled' in clerk.get(f"{PEOPLE}/new").text


def test_saving_keeps_the_roles_one_may_not_touch(clerk: FlaskClient, world: World) -> None:
    page = clerk.get(f"{PEOPLE}/{world.editor.id}").text
    assert f'<input type="hidden" name="roles" value="{world.roles["editor"].id}">' in page


def test_several_roles_until_a_day(app: Flask, admin: FlaskClient, world: World, sign_in) -> None:
    day = (clock.now() + timedelta(days=40)).date()
    ids = [world.roles["editor"].id, world.roles["auditor"].id]
    url = f"{PEOPLE}/{world.journalist.id}"
    assert admin.post(f"{url}/roles", data={"roles": ids, "until": day.isoformat()}).status_code == 303
    assert policy.rights_of(world.journalist, world.north.id).role_ids == tuple(ids)
    assert f'value="{day.isoformat()}"' in admin.get(url).text
    past = clock.now().date() - timedelta(days=1)
    assert admin.post(f"{url}/roles", data={"roles": ids, "until": past.isoformat()}).status_code == 422
    Membership.update(until=clock.now()).where(Membership.user == world.journalist).execute()
    assert sign_in(app.test_client(), world.journalist).get("/t/north/").status_code == 404


def test_the_last_administrator_stays(admin: FlaskClient, world: World) -> None:
    url = f"{PEOPLE}/{world.administrator.id}"
    day = (clock.now() + timedelta(days=3)).date().isoformat()
    assert admin.post(f"{url}/roles", data={"roles": world.roles["editor"].id}).status_code == 409
    answer = admin.post(f"{url}/roles", data={"roles": world.roles["administrator"].id, "until": day})
    assert answer.status_code == 409
    assert admin.post(f"{url}/deactivate").status_code == 409
    assert Permission.USER_EDIT in policy.rights_of(world.administrator, world.north.id)


def test_deactivating_ends_access_at_once_and_keeps_the_work(
    app: Flask, admin: FlaskClient, world: World, sign_in
) -> None:
    other = sign_in(app.test_client(), world.editor)
    url = f"{PEOPLE}/{world.editor.id}"
    assert admin.post(f"{url}/deactivate").status_code == 303
    assert other.get("/t/north/").status_code == 302
    assert "No access" in admin.get(url).text
    assert admin.post(f"{url}/reactivate").status_code == 303
    assert sign_in(app.test_client(), world.editor).get("/t/north/").status_code == 200
    acts = [e.act for e in AuditEntry.select().where(AuditEntry.kind == "user").order_by(AuditEntry.number)]
    assert acts == ["user.deactivate", "user.activate"]


def test_one_tenant_shuts_nobody_out_of_another(
    app: Flask, admin: FlaskClient, world: World, sign_in
) -> None:
    data = {"name": "X", "email": world.south_administrator.email, "roles": world.roles["editor"].id}
    admin.post(PEOPLE, data=data)
    admin.post(f"{PEOPLE}/{world.south_administrator.id}/deactivate")
    other = sign_in(app.test_client(), world.south_administrator)
    assert other.get("/t/south/").status_code == 200
    assert other.get("/t/north/").status_code == 404


def test_an_invitation_is_repeated_only_without_a_password(admin: FlaskClient, world: World) -> None:
    data = {"name": "Neu", "email": "neu@nord.example", "roles": world.roles["editor"].id}
    admin.post(PEOPLE, data=data)
    user = User.get(User.email == "neu@nord.example")
    assert admin.post(f"{PEOPLE}/{user.id}/invite").status_code == 303
    assert OutboxMail.select().count() == 2
    assert admin.post(f"{PEOPLE}/{world.editor.id}/invite").status_code == 403


def test_the_page_that_says_why_knows_exceptions_and_what_is_used_up(
    admin: FlaskClient, world: World
) -> None:
    ceilings.set_exception(world.north.id, world.sender.id, {Window.DAY: 20})
    ceilings.set_tenant_limits(world.north.id, {Window.MONTH: 900})
    why = f"/t/north/admin/people/{world.sender.id}/why?right=campaign.send"
    page = admin.get(why).text
    assert "20 of 20 left" in page and "900 of 900 left" in page and "used up" not in page
    with database.atomic():
        ledger.reserve(
            world.north.id, world.roles["sender"].id, 1, 20, "Europe/Berlin", clock.now(), world.sender.id
        )
    page = admin.get(why).text
    assert "The limit of 20 mails per day is used up" in page and "880 of 900 left" in page
