"""The page of the pre-flight: findings with their places, links with their answers, for those who may."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.approvals import listing
from domain.issues import assembly, links
from domain.issues.models import BlockKind, Issue, LinkCheck, LinkState
from tests import mailings
from tests import world as worlds

HERE = "/t/north"


@pytest.fixture
def issue(world: worlds.World) -> Issue:
    mailings.everybody(world)
    mailings.verified(world)
    made = mailings.issue(world)
    button = assembly.add(made, BlockKind.BUTTON)
    assembly.edit(made, button, {"label": "Alle Termine", "url": "https://nord.example/termine"})
    return made


@pytest.fixture
def editor(client: FlaskClient, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(client, world.editor)


def test_findings_lead_to_the_place_where_they_are_mended(editor: FlaskClient, issue: Issue) -> None:
    assembly.set_head(issue, subject="", preheader="")
    button = assembly.add(issue, BlockKind.BUTTON)
    page = editor.get(f"{HERE}/issues/{issue.id}/preflight")
    assert page.status_code == 200
    assert f'href="{HERE}/issues/{issue.id}#subject"' in page.text
    assert f'href="{HERE}/issues/{issue.id}?open={button.id}#block-{button.id}"' in page.text
    strip = editor.get(f"{HERE}/issues/{issue.id}/checks")
    assert f'href="{HERE}/issues/{issue.id}#subject"' in strip.text
    assert f'href="{HERE}/issues/{issue.id}/preflight"' in strip.text


def test_following_links_is_asked_for_by_a_button_and_polled_until_all_are_answered(
    editor: FlaskClient, issue: Issue
) -> None:
    path = f"{HERE}/issues/{issue.id}/preflight"
    assert "Not followed yet" in editor.get(path).text
    assert editor.post(f"{path}/links").status_code == 303
    part = editor.get(path, headers={"HX-Request": "true"})
    assert "Being followed" in part.text and "every 3s" in part.text and "<html" not in part.text
    (row,) = links.waiting(5)
    links.settle(row, LinkState.GONE, 404)
    page = editor.get(path).text
    assert "every 3s" not in page and "Page is gone" in page and "does not exist (404)" in page


def test_links_of_another_tenant_stay_its_own(app: Flask, world: worlds.World, issue: Issue, sign_in) -> None:
    south = sign_in(app.test_client(), world.south_administrator)
    assert south.post(f"/t/south/issues/{issue.id}/preflight/links").status_code == 404
    assert south.get(f"/t/south/issues/{issue.id}/preflight").status_code == 404
    assert not LinkCheck.select().exists()


def test_who_approves_sees_what_the_check_says(
    app: Flask, editor: FlaskClient, world: worlds.World, issue: Issue, sign_in
) -> None:
    links.ask(world.north.id, ["https://nord.example/termine"])
    links.settle(links.waiting(1)[0], LinkState.GONE, 404)
    data = {
        "whom": "all", "proved": "y", "sender_name": "Verlag Nord", "sender_address": "news@nord.example",
        "when": "now", "live": "y", "act": "ask",
    }  # fmt: skip
    plan = editor.get(f"{HERE}/issues/{issue.id}/plan").text
    assert re.search(r"does not exist \(404\)", plan)
    assert editor.post(f"{HERE}/issues/{issue.id}/plan", data=data).status_code == 303, (
        "a hint does not block"
    )
    (approval,) = listing.open_requests(world.north.id)
    chief = sign_in(app.test_client(), world.chief_editor)
    assert "does not exist (404)" in chief.get(f"{HERE}/approvals/{approval.id}/checks").text
