"""The pages of rollouts: prepare, hand out, join, follow, call off; and what branches may not reach."""

import re
from datetime import UTC

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.campaigns import planning
from domain.issues import assembly
from domain.issues.models import BlockKind
from domain.rollouts import course, receiving
from domain.rollouts.models import Rollout
from domain.tenancy.models import Tenant
from tests import mailings
from tests.world import World

HERE, THERE = "/t/north/rollouts", "/t/south/rollouts"


@pytest.fixture
def branch(world: World) -> Tenant:
    Tenant.update(parent_id=world.north.id).where(Tenant.id == world.south.id).execute()
    return Tenant.get_by_id(world.south.id)


@pytest.fixture
def head(app: Flask, world: World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.chief_editor)


@pytest.fixture
def below(app: Flask, world: World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.south_administrator)


def handed_out(head: FlaskClient, world: World, branch: Tenant) -> Rollout:
    issue = mailings.issue(world)
    assembly.edit(issue, assembly.add(issue, BlockKind.TEXT), {"html": "<p>Ihr Ort</p>"})
    assert "Roll this issue out" in head.get(HERE).text
    made = head.post(HERE, data={"issue_id": issue.id})
    page = head.get(made.headers["Location"])
    assert "Südpost" in page.text and "Hand it out" in page.text
    text = assembly.blocks(issue)[-1]
    data = {
        "name": "Sommerbrief",
        "note": "Bitte bis Freitag",
        "invited": branch.id,
        "slot": text.id,
        "act": "open",
    }
    assert head.post(made.headers["Location"], data=data).status_code == 303
    return Rollout.get()


def test_head_office_hands_out_and_a_branch_joins(
    head: FlaskClient, below: FlaskClient, world: World, branch: Tenant
) -> None:
    rollout = handed_out(head, world, branch)
    (one,) = receiving.received(branch)
    assert "Sommerbrief" in below.get(THERE).text
    url = f"{THERE}/from-above/{one.branch.id}"
    page = below.get(url).text
    assert "Bitte bis Freitag" in page and "Take part" in page
    assert "Leinebrücke" in below.get(f"{url}/mail").text
    joined = below.post(f"{url}/join", data={"type_id": world.types["south"].id})
    assert joined.status_code == 303
    editor = below.get(joined.headers["Location"]).text
    assert editor.count("Locked") >= 3 and "readonly" in editor, (
        "locked blocks and the locked subject are visible"
    )
    progress = head.get(f"{HERE}/{rollout.id}").text
    assert "Südpost" in progress and "Draft" in progress and "1 branch is missing:" in progress
    assert "Südpost;draft;0;0" in head.get(f"{HERE}/{rollout.id}/report.csv").text
    assert head.post(f"{HERE}/{rollout.id}/renew").status_code == 303
    assert "Nobody joins any more" in head.get(f"{HERE}/{rollout.id}/call-off").text
    assert head.post(f"{HERE}/{rollout.id}/call-off").status_code == 303
    assert (
        planning.get(branch.id, receiving.receive(branch, one.branch.id).branch.campaign_id).status
        == "cancelled"
    )


def test_a_branch_declines_and_names_stand_ins(
    head: FlaskClient, below: FlaskClient, world: World, branch: Tenant
) -> None:
    rollout = handed_out(head, world, branch)
    (one,) = receiving.received(branch)
    assert (
        below.post(f"{THERE}/from-above/{one.branch.id}/decline", data={"remark": "Sommerpause"}).status_code
        == 303
    )
    assert "Sommerpause" in head.get(f"{HERE}/{rollout.id}").text
    page = below.get(f"{THERE}/stand-ins?kind=list").text
    object_id = re.search(r'<option value="(\d+)"', page)[1]
    data = {"kind": "list", "object": object_id, "word": " Mitglieder "}
    assert below.post(f"{THERE}/stand-ins", data=data).status_code == 303
    assert "mitglieder" in below.get(f"{THERE}/stand-ins").text
    assert below.post(f"{THERE}/stand-ins", data={**data, "word": "a/b"}).status_code == 422
    assert below.post(f"{THERE}/stand-ins", data={**data, "object": 999_999}).status_code == 404


def test_strangers_find_nothing(
    app: Flask, head: FlaskClient, below: FlaskClient, world: World, branch, sign_in
):
    rollout = handed_out(head, world, branch)
    (one,) = receiving.received(branch)
    assert below.get(f"{THERE}/{rollout.id}").status_code == 404, "the branch does not see the others"
    assert head.get(f"{HERE}/from-above/{one.branch.id}").status_code == 404
    editor = sign_in(app.test_client(), world.south_editor)
    assert editor.get(f"{THERE}/from-above/{one.branch.id}").status_code == 200
    assert editor.post(f"{THERE}/from-above/{one.branch.id}/join").status_code == 403
    journalist = sign_in(app.test_client(), world.journalist)
    assert journalist.get(HERE).status_code == 404


def test_what_is_wrong_is_said_before_it_goes_out(head: FlaskClient, world: World, branch: Tenant) -> None:
    issue = mailings.issue(world)
    url = head.post(HERE, data={"issue_id": issue.id}).headers["Location"]
    answer = head.post(url, data={"name": "Brief", "act": "open"})
    assert answer.status_code == 422 and "Choose at least one tenant" in answer.text
    answer = head.post(url, data={"name": "", "obliged": branch.id})
    assert answer.status_code == 422 and "A rollout needs a name" in answer.text


def test_administrators_of_the_installation_see_every_rollout(
    app: Flask, head: FlaskClient, world: World, branch: Tenant, sign_in
) -> None:
    handed_out(head, world, branch)
    house = sign_in(app.test_client(), world.administrator)
    page = house.get("/house/rollouts").text
    assert "Sommerbrief" in page and "Verlag Nord" in page and "0 of 1 take part" in page
    assert head.get("/house/rollouts").status_code == 403


def test_a_branch_that_lacks_something_shows_in_the_page_and_in_what_is_fetched_again(
    head: FlaskClient, world: World, branch: Tenant
) -> None:
    rollout = handed_out(head, world, branch)
    receiving.lacks(course.branches(rollout)[0], [["list", "mitglieder"]])
    for headers in ({}, {"HX-Request": "true"}):
        page = head.get(f"{HERE}/{rollout.id}", headers=headers)
        assert page.status_code == 200 and "mitglieder" in page.text and "Try again" in page.text


def test_the_last_day_to_answer_ends_with_that_day_in_the_zone_of_the_tenant(
    head: FlaskClient, world: World, branch: Tenant
) -> None:
    rollout = handed_out(head, world, branch)
    Rollout.update(state="draft").where(Rollout.id == rollout.id).execute()
    data = {"name": "Sommerbrief", "invited": branch.id, "join_until": "2031-07-15", "act": "save"}
    assert head.post(f"{HERE}/{rollout.id}", data=data).status_code == 303
    until = course.get(world.north.id, rollout.id).join_until
    assert until.astimezone(UTC).isoformat() == "2031-07-15T21:59:59+00:00"
    assert 'value="2031-07-15"' in head.get(f"{HERE}/{rollout.id}").text
