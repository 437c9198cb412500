"""The page of the pre-flight: findings with their places, links with their answers, for those who may."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.approvals import listing
from domain.content import obligations
from domain.issues import assembly, links, mailtemplates
from domain.issues.models import BlockKind, Issue, LinkCheck, LinkState, MailTemplate
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


def test_every_finding_leads_somewhere(editor: FlaskClient, world: worlds.World, issue: Issue) -> None:
    """Also those that are about the whole mail: the template that lacks the way out, the article to put in."""
    template = mailtemplates.create(world.north.id, "Eigen", "clear", world.editor.id)
    MailTemplate.update(html="<p>{content}</p>").where(MailTemplate.tenant_id == world.north.id).execute()
    article = mailings.article(world, "Beiträge ab Januar")
    obligations.bind(article, world.editor.id, True, [], [])
    assembly.choose_template(world.north, issue, template.id)
    page = editor.get(f"{HERE}/issues/{issue.id}/preflight").text
    findings = page.partition('id="h-found"')[2].partition("</section>")[0]
    assert findings.count("<li>") == findings.count("Go to it") >= 3
    assert f"{HERE}/admin/templates/{template.id}" in findings and "q=Beitr%C3%A4ge+ab+Januar" in findings


def test_the_strip_counts_for_whom_a_placeholder_is_empty(editor: FlaskClient, issue: Issue) -> None:
    assembly.set_head(issue, subject="Neues aus [Ort|der Stadt]", preheader="Umweg")
    strip = editor.get(f"{HERE}/issues/{issue.id}/checks").text
    assert re.search(r"\[Ort\] is empty for \d people: the fallback is used\.", strip)
    assert f'href="{HERE}/issues/{issue.id}#subject"' in strip and '"load' not in strip
    assert 'hx-trigger="load, issue-changed' in editor.get(f"{HERE}/issues/{issue.id}").text


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
