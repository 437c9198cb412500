"""Hundreds of hostile inputs: cleaned they hold nothing that runs, and if one got past the cleaning, sandbox and policy
hold in editor, preview, approval, shared preview, web version and archive."""

import re
import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html as lxml_html
from playwright.sync_api import Page, Route, sync_playwright

from dispatcher import clearance
from domain import clock
from domain.campaigns import planning, snapshot
from domain.campaigns.models import Campaign, CampaignStatus
from domain.content import mailhtml, markup, nostyle
from domain.content.models import Article
from domain.errors import Invalid
from domain.issues import assembly
from domain.issues.models import Block, BlockKind, Issue
from domain.ledger.models import Delivery
from domain.segments import saved
from domain.subscribers.models import NewsletterType
from domain.tokens import mail_token
from mediadb import library
from tests import hostile, mailings
from tests import world as worlds

HERE = "/t/north"
PLACES_MAX = 40  # blocks that hold all inputs between them
LINK = re.compile(r"(?:https?:|mailto:|tel:|#|/media/|\[)", re.I)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def what_runs(source: str) -> list[str]:
    """Everything in `source` that a browser might run or load from elsewhere."""
    if not source.strip():
        return []
    found = []
    for element in lxml_html.fragment_fromstring(source, create_parent="div").iter():
        if not isinstance(element.tag, str):
            found += [] if str(element) == nostyle.COMMENT else [str(element)]
            continue
        if element.tag not in mailhtml.TAGS | markup.TAGS:
            found.append(element.tag)
        for name, value in element.attrib.items():
            bad_link = name in ("href", "src") and not LINK.match(value)
            bad_style = name == "style" and re.search(r"url\s*\(|expression|binding|import", value, re.I)
            if (
                name.startswith("on")
                or bad_link
                or bad_style
                or name in ("srcdoc", "formaction", "background")
            ):
                found.append(f"{element.tag} {name}={value}")
    return found


@pytest.mark.parametrize("clean", [markup.clean, mailhtml.clean], ids=["article", "mail"])
def test_nothing_of_any_hostile_input_is_left_that_could_run(clean) -> None:
    inputs = hostile.html()
    assert len(inputs) > 500
    left = {text: found for text in inputs if (found := what_runs(clean(text)))}
    assert left == {}
    assert [text for text in inputs if clean(clean(text)) != clean(text)] == []


def test_hostile_svg_is_made_safe_or_refused(app: Flask, world: worlds.World) -> None:
    for number, data in enumerate(hostile.svg()):
        try:
            asset = library.upload(world.north.id, world.editor.id, f"a{number}.svg", data)
        except Invalid:
            continue
        for name in ("original", "mail600", "mail1200", "card", "thumb"):
            answer = app.test_client().get(f"/media/{asset.public_key}/{name}")
            if answer.status_code == 200:
                assert b"RAN" not in answer.data and b"<script" not in answer.data, (name, data)


@pytest.fixture
def issue(world: worlds.World) -> Issue:
    """An issue whose blocks, titles and subject hold every input: in the first text as it is stored, in the others as
    if nothing had been cleaned."""
    mailings.everybody(world)
    made = mailings.issue(world)
    inputs = [re.sub(r"[\x00-\x08]", "", text) for text in hostile.html()]  # no document can hold those
    stored = "".join(f"<p>{number}</p>{markup.clean(one)}" for number, one in enumerate(inputs))
    assembly.edit(made, assembly.add(made, BlockKind.TEXT), {"html": stored})
    for number in range(PLACES_MAX):
        block = assembly.add(made, BlockKind.TEXT)
        text = "".join(f"<div>{one}</div>" for one in inputs[number::PLACES_MAX])
        Block.update(data={"html": text}).where(
            Block.tenant_id == world.north.id, Block.id == block.id
        ).execute()
    evil = inputs[0]
    Article.update(title=evil[:200], teaser=evil, body=evil).where(
        Article.tenant_id == world.north.id
    ).execute()
    Issue.update(subject=inputs[1][:200], name=inputs[2][:120], preheader=inputs[3]).where(
        Issue.tenant_id == world.north.id, Issue.id == made.id
    ).execute()
    return assembly.get(world.north.id, made.id)


@pytest.fixture
def campaign(world: worlds.World, issue: Issue) -> Campaign:
    """Asked for and frozen past the pre-flight, which would refuse half of it."""
    made = mailings.draft(world, issue)
    # one input passes for the mark of a block for some only, as if nothing had been cleaned
    assert saved.save(world.north.id, "Alle", {}, [], world.editor.id).id == 1
    mark, rendered = clearance._now(world.north, issue, made, mailings.BASE_URL)
    revision = clearance.freezing.freeze(issue, rendered, mark, world.editor.id)
    planning.ask(made, issue, revision.id, mark, world.editor.id)
    campaign = planning.get(world.north.id, made.id)
    snapshot.fill(campaign)
    return campaign


def pages(client: FlaskClient, issue: Issue, campaign: Campaign) -> list[str]:
    """Every page on which people's HTML is shown, the mailing being under way."""
    NewsletterType.update(archived=True, public=True, slug="city").where(
        NewsletterType.id == issue.type_id
    ).execute()
    Campaign.update(status=CampaignStatus.SENDING, started_at=clock.now()).where(
        Campaign.id == campaign.id
    ).execute()
    shared = client.post(f"{HERE}/issues/{issue.id}/look/link", data={"days": "1"}).text
    link = re.search(r'value="https?://[^/"]+(/preview/[^"]+)"', shared)
    assert link
    delivery = Delivery.select().where(Delivery.tenant_id == issue.tenant_id).first()
    approval = campaign.approval_id
    return [
        f"{HERE}/issues/{issue.id}", f"{HERE}/issues/{issue.id}/preview?part=wide",
        f"{HERE}/issues/{issue.id}/look", f"{HERE}/issues/{issue.id}/look/mail?part=dark",
        f"{HERE}/issues/{issue.id}/look/mail?part=source", f"{HERE}/approvals/{approval}",
        f"{HERE}/approvals/{approval}/mail", link[1], f"{link[1]}/mail", f"/m/{mail_token('mail', delivery.id)}",
        "/n/north/city/archive", f"/n/north/city/archive/{issue.id}",
    ]  # fmt: skip


def test_people_s_html_is_only_ever_shown_in_the_sandbox(
    client: FlaskClient, world: worlds.World, issue: Issue, campaign: Campaign, sign_in
) -> None:
    sign_in(client, world.chief_editor)
    for path in pages(client, issue, campaign):
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0], path
        document = "mail" in path or "preview?" in path or path.startswith("/m/")
        if document or path.endswith(f"/archive/{issue.id}"):
            assert policy.startswith("sandbox") and "allow-scripts" not in policy, path
        else:
            assert not re.search(r"<[a-z]+[^>]*\son[a-z]+=|<script>", answer.text), path


@pytest.fixture
def browser_page(app: Flask, client: FlaskClient) -> Iterator[tuple[Page, list[str]]]:
    """A browser whose requests the test client answers; and what ran or was asked of other hosts."""
    if CHROMIUM is None:
        pytest.skip("Chromium is missing (apt-get install chromium)")
    found: list[str] = []

    def answered(route: Route) -> None:
        url = urlsplit(route.request.url)
        if (
            route.request.resource_type in ("stylesheet", "font", "image")
            and url.hostname == "rundbrief.test"
        ):
            route.abort()  # looks play no part here
            return
        if url.path == "/unsafe":
            route.fulfill(body="<script>console.log('RAN')</script>", content_type="text/html")
            return
        if url.hostname != "rundbrief.test":
            found.append(f"asked {url.hostname}")
            route.abort()
            return
        with client.open(url.path, query_string=url.query, method=route.request.method) as answer:
            headers = {k: v for k, v in answer.headers.items() if k.lower() != "set-cookie"}
            route.fulfill(status=answer.status_code, headers=headers, body=answer.data)

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("dialog", lambda dialog: (found.append("dialog"), dialog.dismiss()))
        page.on("console", lambda line: found.append("ran") if line.text == "RAN" else None)
        page.route("**/*", answered)
        yield page, found
        browser.close()


def test_no_hostile_input_runs_in_a_browser_even_if_it_was_never_cleaned(
    browser_page: tuple[Page, list[str]], client: FlaskClient, world: worlds.World, issue: Issue, sign_in
) -> None:
    page, found = browser_page
    sign_in(client, world.chief_editor)
    opened = [b for b in assembly.blocks(issue) if b.kind == BlockKind.TEXT]
    editing = [f"{HERE}/issues/{issue.id}?open={block.id}" for block in opened[:3]]
    made = mailings.draft(world, issue)
    # one input passes for the mark of a block for some only, as if nothing had been cleaned
    assert saved.save(world.north.id, "Alle", {}, [], world.editor.id).id == 1
    mark, rendered = clearance._now(world.north, issue, made, mailings.BASE_URL)
    revision = clearance.freezing.freeze(issue, rendered, mark, world.editor.id)
    for path in editing:
        page.goto(f"http://rundbrief.test{path}", wait_until="load")
        page.wait_for_selector(".jodit-wysiwyg", state="attached")
        assert found == [], path
    planning.ask(made, issue, revision.id, mark, world.editor.id)
    campaign = planning.get(world.north.id, made.id)
    snapshot.fill(campaign)
    for path in pages(client, issue, campaign):
        page.goto(f"http://rundbrief.test{path}", wait_until="load")
        page.mouse.move(300, 300)
        assert found == [], path
    page.goto("http://rundbrief.test/unsafe")
    assert found == ["ran"], "what runs is noticed"
