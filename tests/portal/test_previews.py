"""The preview as a page, as any recipient, and by a signed link that ends."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain import clock
from domain.issues import assembly
from domain.issues.models import Issue
from domain.subscribers.models import Subscriber
from domain.tenancy.models import Tenant
from tests import mailings
from tests import world as worlds

HERE = "/t/north"


@pytest.fixture
def issue(world: worlds.World) -> Issue:
    mailings.everybody(world)
    mailings.verified(world)
    return mailings.issue(world)


@pytest.fixture
def chief(client: FlaskClient, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(client, world.chief_editor)


def link_of(client: FlaskClient, issue: Issue, days: int = 7) -> str:
    page = client.post(f"{HERE}/issues/{issue.id}/look/link", data={"days": str(days)})
    found = re.search(r'value="https?://[^/"]+(/preview/[^"]+)"', page.text)
    assert page.status_code == 200 and found, page.text
    return found[1]


@pytest.mark.parametrize("part", ["wide", "narrow", "dark", "text", "source"])
def test_every_part_is_a_sandboxed_document(chief: FlaskClient, issue: Issue, part: str) -> None:
    answer = chief.get(f"{HERE}/issues/{issue.id}/look/mail?part={part}")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert "Leinebrücke" in answer.text
    assert ("List-Unsubscribe-Post" in answer.text) == (part == "source")
    page = chief.get(f"{HERE}/issues/{issue.id}/look?part={part}")
    assert page.status_code == 200 and "<iframe" in page.text and "sandbox" in page.text


@pytest.mark.parametrize(("part", "scheme"), [("narrow", "light"), ("wide", "light"), ("dark", "dark")])
def test_a_preview_is_light_or_dark_as_chosen_and_not_as_the_editors_browser(
    chief: FlaskClient, issue: Issue, part: str, scheme: str
) -> None:
    mail = chief.get(f"{HERE}/issues/{issue.id}/look/mail?part={part}").text
    assert "prefers-color-scheme" not in mail and f"html{{color-scheme:{scheme}" in mail
    assert ("@media not all{." in mail) == (scheme == "light")


def test_any_recipient_is_found_by_name_and_looked_as(
    chief: FlaskClient, world: worlds.World, issue: Issue
) -> None:
    rita = Subscriber.get(Subscriber.tenant_id == world.north.id, Subscriber.first_name == "Cleo")
    page = chief.get(f"{HERE}/issues/{issue.id}/look?q=cleo")
    assert f"as={rita.id}" in page.text
    shown = chief.get(f"{HERE}/issues/{issue.id}/look?as={rita.id}")
    assert "Neues für Cleo" in shown.text
    assert "Dear Ms Cleosen" in chief.get(f"{HERE}/issues/{issue.id}/look/mail?as={rita.id}").text


def test_who_may_not_see_recipients_sees_the_sample_person_only(
    app: Flask, world: worlds.World, issue: Issue, sign_in
) -> None:
    anna = Subscriber.get(Subscriber.tenant_id == world.north.id, Subscriber.first_name == "Anna")
    auditor = sign_in(app.test_client(), world.auditor)
    page = auditor.get(f"{HERE}/issues/{issue.id}/look?as={anna.id}&q=anna")
    assert page.status_code == 200 and "Annasen" not in page.text
    assert "Annasen" not in auditor.get(f"{HERE}/issues/{issue.id}/look/mail?as={anna.id}").text


def test_a_signed_link_shows_the_preview_to_whoever_has_it(
    app: Flask, chief: FlaskClient, issue: Issue
) -> None:
    link = link_of(chief, issue)
    stranger = app.test_client()
    page = stranger.get(link)
    assert page.status_code == 200 and "Neues für Marlies" in page.text
    assert "Annasen" not in page.text and "<script" not in page.text
    mail = stranger.get(f"{link}/mail?part=narrow")
    assert mail.headers["Content-Security-Policy"].startswith("sandbox") and "Leinebrücke" in mail.text
    assert "List-Unsubscribe" not in stranger.get(f"{link}/mail?part=source").text
    assembly.set_head(issue, subject="Neuer Betreff", preheader="x")
    assert "Neuer Betreff" in stranger.get(link).text


def test_a_link_ends_after_its_days_and_an_altered_one_shows_nothing(
    app: Flask, chief: FlaskClient, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, longer = link_of(chief, issue, 1), link_of(chief, issue, 30)
    stranger = app.test_client()
    assert stranger.get(link[:-2] + "xx").status_code == 404
    later = clock.epoch() + 86_400 + 1
    monkeypatch.setattr(clock, "epoch", lambda: later)
    ended = stranger.get(link)
    assert ended.status_code == 404 and "Verlag Nord" not in ended.text
    assert stranger.get(f"{link}/mail").status_code == 404
    assert stranger.get(longer).status_code == 200


def test_the_link_of_a_blocked_tenant_shows_nothing(app: Flask, chief: FlaskClient, issue: Issue) -> None:
    link = link_of(chief, issue)
    Tenant.update(status="blocked").where(Tenant.id == issue.tenant_id).execute()
    assert app.test_client().get(link).status_code == 404


def test_foreign_issues_have_no_preview(app: Flask, world: worlds.World, issue: Issue, sign_in) -> None:
    south = sign_in(app.test_client(), world.south_administrator)
    assert south.get(f"/t/south/issues/{issue.id}/look").status_code == 404
    assert south.post(f"/t/south/issues/{issue.id}/look/link").status_code == 404
