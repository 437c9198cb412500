"""The public archive: only what was sent, of types that want it, and nothing of anybody."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree

from dispatcher import clearance
from domain import clock
from domain.campaigns import planning
from domain.campaigns.models import Campaign, CampaignStatus
from domain.issues import assembly, mailtemplates
from domain.issues.models import BlockKind, Issue
from domain.subscribers.models import NewsletterType
from domain.tenancy.models import Tenant
from tests import mailings
from tests import world as worlds

SHELF = "/n/north/city/archive"


@pytest.fixture
def sent(world: worlds.World) -> Issue:
    """A mail of the city newsletter that went out, to a type with an archive."""
    mailings.everybody(world)
    NewsletterType.update(archived=True, slug="city", public=True).where(
        NewsletterType.id == world.types["city"].id
    ).execute()
    issue = mailings.issue(world)
    block = assembly.add(issue, BlockKind.TEXT)
    assembly.edit(issue, block, {"html": "<p>Grüße an [Vorname|alle], [Briefanrede|hallo]</p>"})
    campaign = mailings.draft(world, issue)
    clearance.ask(world.north, issue, campaign, world.editor, mailings.BASE_URL)
    Campaign.update(status=CampaignStatus.FINISHED, started_at=clock.now()).where(
        Campaign.id == campaign.id
    ).execute()
    return issue


def test_a_sent_mail_stands_in_the_archive_without_anybodys_name(client: FlaskClient, sent: Issue) -> None:
    page = client.get(SHELF)
    assert page.status_code == 200 and "Neues für Sie" in page.text and "<script" not in page.text
    mail = client.get(f"{SHELF}/{sent.id}")
    assert mail.headers["Content-Security-Policy"].startswith("sandbox")
    assert "Grüße an alle, hallo" in mail.text and "Subscribe to the newsletter</a>" in mail.text
    for word in ("your address", "View in browser", "Im Browser", "Unsubscribe", "Preferences"):
        assert word not in mail.text
    assert "/m/" not in mail.text and "archive@" not in mail.text and "posteo" not in mail.text
    assert "/n/north/city" in mail.text


def test_the_feed_is_atom_with_links_into_the_archive(client: FlaskClient, sent: Issue) -> None:
    answer = client.get("/n/north/city/feed.xml")
    assert answer.mimetype == "application/atom+xml"
    root = etree.fromstring(answer.data)
    atom = {"a": "http://www.w3.org/2005/Atom"}
    assert [e.text for e in root.findall("a:entry/a:title", atom)] == ["Neues für Sie"]
    link = root.find("a:entry/a:link", atom).get("href")
    assert link.endswith(f"{SHELF}/{sent.id}") and root.find("a:entry/a:updated", atom).text
    for moment in root.iter("{http://www.w3.org/2005/Atom}updated"):  # RFC 3339: seconds and an offset
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", moment.text)
    assert client.get(SHELF).text.count("application/atom+xml") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"archived": False}, {"public": False}, {"closed": True}, {"active": False},
    ],
)  # fmt: skip
def test_types_without_an_archive_show_nothing(client: FlaskClient, sent: Issue, change: dict) -> None:
    NewsletterType.update(change).where(NewsletterType.id == sent.type_id).execute()
    for path in (SHELF, f"{SHELF}/{sent.id}", "/n/north/city/feed.xml"):
        assert client.get(path).status_code == 404, path


def test_what_is_not_out_or_belongs_elsewhere_is_not_found(
    client: FlaskClient, world: worlds.World, sent: Issue
) -> None:
    planned = mailings.issue(world)
    assert client.get(f"{SHELF}/{planned.id}").status_code == 404
    assert client.get(f"/n/north/trade/archive/{sent.id}").status_code == 404
    assert client.get(f"/n/south/city/archive/{sent.id}").status_code == 404
    Campaign.update(status=CampaignStatus.CANCELLED).execute()
    assert client.get(f"{SHELF}/{sent.id}").status_code == 404
    Tenant.update(status="blocked").where(Tenant.id == world.north.id).execute()
    assert client.get(SHELF).status_code == 404


def test_the_sign_up_page_leads_to_the_archive_and_its_switch_is_in_the_type(
    app: Flask, client: FlaskClient, world: worlds.World, sent: Issue, sign_in
) -> None:
    assert f'href="{SHELF}"' in client.get("/n/north").text
    admin = sign_in(app.test_client(), world.administrator)
    page = admin.get(f"/t/north/types/{sent.type_id}/edit")
    assert 'name="archived"' in page.text and planning.of_issue(sent)


def test_links_get_the_parameters_of_the_template_and_keep_their_own(
    world: worlds.World, database: str
) -> None:
    from dispatcher.rendering import render

    template = mailtemplates.create(world.north.id, "Mit UTM", "clear", world.editor.id)
    design = {**template.design, "utm": "utm_source=brief&utm_medium=email"}
    mailtemplates.MailTemplate.update(design=design).where(
        mailtemplates.MailTemplate.id == template.id
    ).execute()
    issue = mailings.issue(world)
    Issue.update(template_id=template.id).where(Issue.id == issue.id).execute()
    issue = assembly.get(world.north.id, issue.id)
    for url in ("https://a.example/x?q=1#oben", "https://a.example/y?utm_source=eigen", "mailto:a@b.example"):
        assembly.edit(issue, assembly.add(issue, BlockKind.BUTTON), {"label": "Hin", "url": url})
    page = render.render(world.north, issue, mailings.BASE_URL).source.html.replace("&amp;", "&")
    assert 'href="https://a.example/x?q=1&utm_source=brief&utm_medium=email#oben"' in page
    assert 'href="https://a.example/y?utm_source=eigen&utm_medium=email"' in page
    assert 'href="mailto:a@b.example"' in page and "{{token}}?utm" not in page
    assert "unsubscribe?utm" not in page and "unsubscribe&utm" not in page
