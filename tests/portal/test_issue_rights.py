"""Beginning an issue, changing the own ones and changing those of others are three rights."""

from importlib import import_module

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain import db
from domain.accounts.models import Role, RolePermission
from domain.accounts.permissions import EDITS_ISSUES
from domain.accounts.permissions import Permission as P
from domain.issues import assembly
from domain.issues.models import Issue
from tests.world import World, person


@pytest.fixture
def holder(app: Flask, world: World, sign_in):
    """Somebody who sees issues and holds just these rights beside, signed in."""

    def made(*rights: P) -> FlaskClient:
        role = Role.create(tenant_id=world.north.id, name="Role of this test")
        for right in (P.ISSUE_SEE, *rights):
            RolePermission.create(role=role, permission=right.value)
        world.people["tested"] = person("tested", world.north, role)
        return sign_in(app.test_client(), world.people["tested"])

    return made


def begun(world: World, by: str) -> Issue:
    return assembly.create(world.north.id, world.types["city"].id, world.people[by].id)


def renamed(client: FlaskClient, issue: Issue) -> bool:
    client.post(f"/t/north/issues/{issue.id}/head", data={"subject": "Anders", "version": str(issue.version)})
    return Issue.get_by_id(issue.id).subject == "Anders"


def test_whoever_begins_issues_assembles_none(holder, world: World) -> None:
    client = holder(P.ISSUE_CREATE)
    answer = client.post("/t/north/issues", data={"type_id": world.types["city"].id})
    assert answer.status_code == 303
    own = Issue.select().order_by(Issue.id.desc()).get()
    assert own.created_by_id == world.people["tested"].id and not renamed(client, own)
    assert "does not include editing it" in client.get(f"/t/north/issues/{own.id}").text


def test_whoever_assembles_the_own_ones_changes_no_other_and_begins_none(holder, world: World) -> None:
    client = holder(P.ISSUE_EDIT)
    own, other = begun(world, "tested"), begun(world, "editor")
    assert renamed(client, own) and not renamed(client, other)
    assert client.post("/t/north/issues", data={"type_id": world.types["city"].id}).status_code == 403
    assert client.post(f"/t/north/issues/{own.id}/once-more", data={"way": "next"}).status_code == 403
    assert 'name="subject"' in client.get(f"/t/north/issues/{own.id}").text
    page = client.get(f"/t/north/issues/{other.id}").text
    assert 'name="subject"' not in page and "does not include editing it" in page
    assert other.name not in client.get("/t/north/calendar").text, "nothing to plan"


def test_whoever_assembles_those_of_others_may_change_any(holder, world: World) -> None:
    client = holder(P.ISSUE_EDIT_ALL)
    assert renamed(client, begun(world, "editor"))


def test_no_way_leads_to_an_issue_of_somebody_else(app: Flask, holder, world: World) -> None:
    client, other = holder(P.ISSUE_EDIT), begun(world, "editor")
    block = assembly.blocks(other)[0]
    numbers = {"tenant": "north", "issue_id": other.id, "block_id": block.id}
    tried = 0
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if getattr(view, "access", None) != EDITS_ISSUES or "issue_id" not in rule.arguments:
            continue
        path = rule.build({name: numbers.get(name, 1) for name in rule.arguments})[1]  # type: ignore[index]
        answer = client.post(path) if "POST" in (rule.methods or ()) else client.get(path)
        assert answer.status_code == 403, path
        tried += 1
    assert tried > 20


@db.unscoped("rights of roles belong to no tenant")
def test_roles_of_before_keep_what_they_could_and_could_not(world: World) -> None:
    rows = {"edited": (P.ISSUE_EDIT, False), "forbidden": (P.ISSUE_EDIT, True), "read": (P.ISSUE_SEE, False)}
    roles = {name: Role.create(tenant_id=world.north.id, name=name) for name in rows}
    for name, (right, denied) in rows.items():
        RolePermission.create(role=roles[name], permission=right.value, denied=denied)
    migration = import_module("domain.migrations.0127_issue_rights")
    for _ in range(2):  # also for a role that has some of them already
        migration.up(None, db.database)
    found = {
        name: {(g.permission, g.denied) for g in RolePermission.select().where(RolePermission.role == role)}
        for name, role in roles.items()
    }
    three = ("issue.create", "issue.edit", "issue.edit_all")
    assert found["edited"] == {(word, False) for word in three}
    assert found["forbidden"] == {(word, True) for word in three}
    assert found["read"] == {("issue.see", False)}
