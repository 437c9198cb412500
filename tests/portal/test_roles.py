"""The matrix of a role: switches, sentences, limits, and who may change it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.accounts import policy, rolebook, rolemaking
from domain.accounts.models import Membership, Role
from domain.accounts.permissions import Permission as P
from domain.audit.models import AuditEntry
from domain.quotas import ledger as quotas
from domain.quotas.models import Window
from tests import world as worlds
from tests.world import World

ROLES = "/t/north/admin/roles"


@pytest.fixture
def admin(client: FlaskClient, world: World, sign_in) -> FlaskClient:
    return sign_in(client, world.administrator)


@pytest.fixture
def own(world: World) -> Role:
    return rolemaking.create_role(world.north.id, "Helper", world.administrator)


def test_every_right_has_its_place_in_the_matrix(admin: FlaskClient, own: Role) -> None:
    page = admin.get(f"{ROLES}/{own.id}").text
    for permission in P:
        assert page.count(f'name="permission" value="{permission.value}"') == 1


def test_a_switched_off_area_takes_its_rights_with_it(admin: FlaskClient, own: Role) -> None:
    ticks = {"permission": ["article.see", "media.see", "media.edit"], "module": ["article"]}
    assert admin.post(f"{ROLES}/{own.id}", data=ticks).status_code == 303
    assert rolebook.permissions_of(own.id) == {P.ARTICLE_SEE}


def test_an_area_switched_on_without_ticks_gets_its_first_right(admin: FlaskClient, own: Role) -> None:
    admin.post(f"{ROLES}/{own.id}", data={"module": ["media", "nonsense"], "permission": ["nonsense"]})
    assert rolebook.permissions_of(own.id) == {P.MEDIA_SEE}


def test_limits_are_read_in_both_ways_of_writing(admin: FlaskClient, own: Role) -> None:
    data = {"limit_day": "1.000", "limit_month": "30,000", "limit_hour": " ", "limit_campaign": "40 000"}
    assert admin.post(f"{ROLES}/{own.id}", data=data).status_code == 303
    assert quotas.limits_of(own.id) == {Window.CAMPAIGN: 40_000, Window.DAY: 1_000, Window.MONTH: 30_000}


@pytest.mark.parametrize(
    "wrong", [{"limit_day": "many"}, {"limit_day": "-5"}, {"limit_day": "40", "limit_month": "30"}]
)
def test_wrong_limits_are_refused_with_what_was_typed(
    admin: FlaskClient, own: Role, wrong: dict[str, str]
) -> None:
    data = {**wrong, "module": "media", "permission": "media.see"}
    answer = admin.post(f"{ROLES}/{own.id}", data=data)
    assert answer.status_code == 422 and f'value="{wrong["limit_day"]}"' in answer.text
    assert 'value="media.see" aria-label="Media: Sees and uses pictures and documents." ' in answer.text
    assert not quotas.limits_of(own.id) and not rolebook.permissions_of(own.id)


def test_a_month_smaller_than_a_day_is_named_with_both_numbers(admin: FlaskClient, own: Role) -> None:
    answer = admin.post(f"{ROLES}/{own.id}", data={"limit_day": "40000", "limit_month": "30000"})
    assert "Per month (30,000) is less than per day (40,000)." in answer.text


def test_the_last_key_to_a_tenant_cannot_be_thrown_away(admin: FlaskClient, world: World) -> None:
    role = world.roles["administrator"]
    data = {"module": ["user"], "permission": ["user.edit"]}
    assert admin.post(f"{ROLES}/{role.id}", data=data).status_code == 409
    assert rolebook.permissions_of(role.id) == frozenset(P)


def test_a_role_of_another_tenant_looks_like_a_missing_one(
    client: FlaskClient, own: Role, world: World, sign_in
) -> None:
    sign_in(client, world.south_administrator)
    for path in ("", "/copy", "/name"):
        answer = client.post(f"/t/south/admin/roles/{own.id}{path}", data={"name": "Mine"})
        assert answer.status_code == 404
    assert "Helper" not in client.get("/t/south/admin/roles").text


def test_a_central_role_is_copied_to_make_ones_own(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.south_administrator)
    editor = world.roles["editor"]
    page = client.get(f"/t/south/admin/roles/{editor.id}").text
    assert "Only administrators of the installation" in page and "Save role" not in page
    assert client.post(f"/t/south/admin/roles/{editor.id}/name", data={"name": "X"}).status_code == 403
    answer = client.post(f"/t/south/admin/roles/{editor.id}/copy")
    copy = Role.get(Role.tenant_id == world.south.id)
    assert answer.headers["Location"].endswith(str(copy.id)) and copy.name == "Copy of Editor"
    assert rolebook.permissions_of(copy.id) == rolebook.permissions_of(editor.id)
    assert client.post(f"/t/south/admin/roles/{copy.id}/name", data={"name": "Desk"}).status_code == 303
    assert Role.get_by_id(copy.id).name == "Desk"


def test_two_roles_of_a_tenant_have_two_names(admin: FlaskClient, own: Role) -> None:
    assert admin.post(ROLES, data={"name": "Helper"}).status_code == 422
    assert admin.post(ROLES, data={"name": ""}).status_code == 422
    assert admin.post(ROLES, data={"name": "Second helper"}).status_code == 303


def test_changes_stand_in_the_log_in_words(admin: FlaskClient, own: Role) -> None:
    admin.post(f"{ROLES}/{own.id}", data={"module": "media", "permission": "media.see", "limit_day": "500"})
    page = admin.get("/t/north/admin/log?area=role")
    assert "changed the rights of the role Helper" in page.text
    assert "added: Sees and uses pictures and documents." in page.text
    assert "Per day: – → 500" in page.text
    assert AuditEntry.select().where(AuditEntry.act == "role.limits").count() == 1


def limited(world: World) -> Role:
    """The rights of an administrator, but only 500 mails a day."""
    role = rolemaking.create_role(world.north.id, "Deputy", world.administrator)
    everything = policy.Rights(frozenset(P), ())
    rolemaking.set_permissions(role, frozenset(P), world.administrator, everything, world.north.id)
    quotas.set_limits(role.id, {Window.DAY: 500})
    return role


@pytest.fixture
def deputy(app: Flask, world: World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), worlds.person("deputy", world.north, limited(world)))


def test_who_may_send_little_makes_no_role_that_sends_more(deputy: FlaskClient, world: World) -> None:
    deputy.post(ROLES, data={"name": "Wide"})
    wide = Role.get(Role.name == "Wide")
    assert quotas.limits_of(wide.id) == {Window.DAY: 500}, "begins with the own limits"
    sends = {"module": "campaign", "permission": "campaign.send"}
    for more in ("", "501"):
        answer = deputy.post(f"{ROLES}/{wide.id}", data={**sends, "limit_day": more})
        assert answer.status_code == 422 and "at most 500" in answer.text
    assert deputy.post(f"{ROLES}/{wide.id}", data={**sends, "limit_day": "500"}).status_code == 303
    deputy.post(f"{ROLES}/{world.roles['chief_editor'].id}/copy")
    copied = Role.get(Role.tenant_id == world.north.id, Role.id > wide.id)
    assert quotas.limits_of(copied.id) == {Window.DAY: 500}
    quiet = rolemaking.create_role(world.north.id, "Quiet", world.administrator)
    assert deputy.post(f"{ROLES}/{quiet.id}", data={**sends, "limit_day": ""}).status_code == 422
    assert P.CAMPAIGN_SEND not in rolebook.permissions_of(quiet.id)


def test_who_may_send_little_gives_nobody_more(deputy: FlaskClient, world: World) -> None:
    person = f"/t/north/admin/people/{world.journalist.id}"
    wider, narrow = world.roles["chief_editor"].id, world.roles["auditor"].id
    assert "may send more than you" in deputy.get(person).text
    own = world.roles["journalist"].id
    assert deputy.post(f"{person}/roles", data={"roles": [own, wider]}).status_code == 403
    assert deputy.post(f"{person}/roles", data={"roles": [own, narrow]}).status_code == 303
    invited = {"email": "new@people.example", "name": "New", "roles": wider}
    assert deputy.post("/t/north/admin/people", data=invited).status_code == 403
    pace = "/t/north/admin/pace"
    for more in ({"unlimited": "1"}, {"limit_day": "501"}):
        answer = deputy.post(f"{pace}/people", data={"user": world.sender.id, **more})
        assert answer.status_code == 422
    less = {"user": world.sender.id, "limit_day": "400"}
    assert deputy.post(f"{pace}/people", data=less).status_code == 303
    ended = deputy.post(f"{pace}/people/{world.sender.id}/end")
    assert ended.status_code == 422 and "at most 500" in ended.text, "the role alone leaves more"


def test_the_limit_of_the_tenant_is_raised_from_above_only(
    deputy: FlaskClient, admin: FlaskClient, world: World
) -> None:
    limits = "/t/north/admin/pace/limits"
    assert deputy.post(limits, data={"limit_month": "9000"}).status_code == 303
    assert deputy.post(limits, data={"limit_month": "8000"}).status_code == 303
    for more in ("", "8001"):
        answer = deputy.post(limits, data={"limit_month": more})
        assert answer.status_code == 422 and "8,000" in answer.text
    assert admin.post(limits, data={"limit_month": ""}).status_code == 303
    assert admin.post("/t/north/admin/pace/cap", data={"most": "3", "days": "99999"}).status_code == 422


def test_the_house_makes_roles_for_all_tenants(admin: FlaskClient, deputy: FlaskClient, world: World) -> None:
    admin.post(ROLES, data={"name": "Helpers", "everywhere": "y"})
    made = Role.get(Role.name == "Helpers")
    assert made.tenant_id is None and made in rolebook.roles_for(world.south.id)
    assert AuditEntry.select().where(AuditEntry.tenant_id == 0, AuditEntry.act == "role.create").exists()
    deputy.post(ROLES, data={"name": "Sly", "everywhere": "y"})
    assert Role.get(Role.name == "Sly").tenant_id == world.north.id, "for the house only"
    assert "everywhere" not in deputy.get(ROLES).text
    assert deputy.post(f"{ROLES}/{made.id}/delete").status_code == 403
    assert admin.post(f"{ROLES}/{made.id}/delete").status_code == 303
    assert not Role.select().where(Role.id == made.id).exists()


def test_a_role_goes_when_nothing_names_it(admin: FlaskClient, own: Role, world: World) -> None:
    starter = world.roles["auditor"].id
    assert admin.post(f"{ROLES}/{starter}/delete").status_code == 403
    worlds.person("helper", world.north, own)
    assert admin.post(f"{ROLES}/{own.id}/delete").status_code == 409
    Membership.delete().where(Membership.tenant_id == world.north.id, Membership.role == own).execute()
    quotas.set_limits(own.id, {Window.DAY: 5})
    assert admin.post(f"{ROLES}/{own.id}/delete").status_code == 303
    assert not quotas.limits_of(own.id) and "deleted role" in admin.get("/t/north/admin/log").text
