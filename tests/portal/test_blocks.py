"""The editor's blocks over the web: steps, two people at one text, who else is inside, the calendar file."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.accounts.models import RolePermission
from domain.accounts.permissions import Permission as P
from domain.campaigns import planning
from domain.issues import assembly, blocks, mailtemplates, stamps, steps
from domain.issues.models import Block, BlockKind, Issue
from domain.segments.models import Segment
from mediadb import library
from tests import mailings, pictures
from tests import world as worlds

HTMX = {"HX-Request": "true"}


@pytest.fixture
def issue(world: worlds.World) -> Issue:
    return mailings.issue(world)


@pytest.fixture
def here(issue: Issue) -> str:
    return f"/t/north/issues/{issue.id}"


@pytest.fixture
def editor(client: FlaskClient, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(client, world.editor)


@pytest.fixture
def chief(app: Flask, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.chief_editor)


def version(issue: Issue) -> int:
    return assembly.get(issue.tenant_id, issue.id).version


def text_block(issue: Issue, html: str = "<p>Anfang</p>") -> Block:
    current = assembly.get(issue.tenant_id, issue.id)
    made = assembly.add(current, BlockKind.TEXT)
    assembly.edit(current, made, {"html": html})
    return made


@pytest.mark.parametrize("kind", blocks.PLAIN)
def test_every_kind_of_block_has_a_form_that_saves(
    world: worlds.World, editor: FlaskClient, issue: Issue, here: str, kind: BlockKind
) -> None:
    allow_html(world)
    answer = editor.post(f"{here}/blocks", data={"kind": kind, "version": version(issue)}, headers=HTMX)
    assert answer.status_code == 200
    made = assembly.blocks(issue)[-1]
    for key in blocks.FIELDS[kind]:
        assert f'name="{key}"' in answer.text, key
    values = {
        key: str(value)
        for key, value in {"title": "Titel", "quote": "Worte", "label": "Los", "url": "https://a.example/",
                           "source": "<p>ok</p>", "html": "<p>x</p>", "starts": "2026-12-05T19:30"}.items()
        if key in blocks.FIELDS[kind]
    }  # fmt: skip
    saved = editor.post(
        f"{here}/blocks/{made.id}", data={**values, "base": stamps.of_block(made)}, headers=HTMX
    )
    assert saved.status_code == 200, saved.text
    data = assembly.block(issue, made.id).data
    assert {key: data[key] for key in values} == values


def allow_html(world: worlds.World) -> None:
    RolePermission.create(role=world.roles["editor"], permission=P.ISSUE_HTML)


def test_own_html_needs_the_right(editor: FlaskClient, issue: Issue, here: str) -> None:
    assert editor.post(f"{here}/blocks", data={"kind": "html"}).status_code == 404
    made = assembly.add(issue, BlockKind.HTML)
    assert editor.post(f"{here}/blocks/{made.id}", data={"source": "<p>x</p>"}).status_code == 403
    page = editor.get(f"{here}?open={made.id}").text
    assert "Your role does not include writing HTML" in page and 'name="source"' not in page


def test_undo_and_redo_are_plain_forms_that_survive_a_reload(
    editor: FlaskClient, issue: Issue, here: str
) -> None:
    editor.post(f"{here}/blocks", data={"kind": "quote"})
    made = assembly.blocks(issue)[-1]
    editor.post(f"{here}/blocks/{made.id}", data={"quote": "Ein Wort", "close": "1"})
    page = editor.get(here).text
    assert "Undo: Block changed" in page and "Nothing to redo" in page
    assert editor.post(f"{here}/steps", data={"way": "undo"}).status_code == 303
    assert editor.post(f"{here}/steps", data={"way": "undo"}).status_code == 303
    assert made.id not in [b.id for b in assembly.blocks(issue)]
    assert "Redo: Block added" in editor.get(here).text
    number = steps.trail(issue).steps[0].number
    answer = editor.post(f"{here}/steps", data={"to": number, "version": version(issue)}, headers=HTMX)
    assert answer.status_code == 200 and 'id="steps"' in answer.text and 'id="head"' in answer.text
    assert assembly.block(issue, made.id).data["quote"] == "Ein Wort"
    for _ in range(2):
        editor.post(f"{here}/steps", data={"way": "undo"})
    assert editor.post(f"{here}/steps", data={"way": "undo"}).status_code == 409


def test_two_people_at_two_blocks_do_not_disturb_each_other(
    editor: FlaskClient, chief: FlaskClient, issue: Issue, here: str
) -> None:
    one, two = text_block(issue, "<p>Eins</p>"), text_block(issue, "<p>Zwei</p>")
    old, base = version(issue), stamps.of_block(assembly.block(issue, one.id))
    assert (
        chief.post(f"{here}/blocks/{two.id}", data={"html": "<p>Zwei!</p>"}, headers=HTMX).status_code == 200
    )
    answer = editor.post(
        f"{here}/blocks/{one.id}", data={"html": "<p>Eins!</p>", "version": old, "base": base}, headers=HTMX
    )
    assert answer.status_code == 200
    assert assembly.block(issue, one.id).data["html"] == "<p>Eins!</p>"
    assert assembly.block(issue, two.id).data["html"] == "<p>Zwei!</p>"


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_two_people_at_one_text_see_both_and_nothing_is_overwritten(
    editor: FlaskClient,
    chief: FlaskClient,
    world: worlds.World,
    issue: Issue,
    here: str,
    headers: dict[str, str],
) -> None:
    block = text_block(issue)
    base = stamps.of_block(assembly.block(issue, block.id))
    path = f"{here}/blocks/{block.id}"
    assert chief.post(path, data={"html": "<p>Von Chefin</p>", "base": base}).status_code == 303
    mine = {"html": "<p>Von mir</p>", "base": base}
    answer = editor.post(path, data=mine, headers=headers)
    assert answer.status_code == 409
    assert world.chief_editor.name in answer.text and "Von Chefin" in answer.text
    assert assembly.block(issue, block.id).data["html"] == "<p>Von Chefin</p>"
    if not headers:
        assert "Von mir" in answer.text, "what was typed stays in the form"
    keep = re.search(r'name="keep" value="([0-9a-f]+)"', answer.text)
    assert keep
    assert editor.post(path, data={**mine, "keep": keep[1]}, headers=headers).status_code in (200, 303)
    assert assembly.block(issue, block.id).data["html"] == "<p>Von mir</p>"
    assert "Von Chefin" in str([s.before for s in steps.trail(issue).steps]), (
        "and the other text can be had back"
    )


def test_a_picture_is_chosen_without_script_too(
    editor: FlaskClient, world: worlds.World, issue: Issue, here: str
) -> None:
    asset = library.upload(world.north.id, world.editor.id, "brücke.png", pictures.plain())
    block = assembly.add(issue, BlockKind.PICTURE)
    page = editor.get(f"{here}?open={block.id}").text
    plain = page.partition('name="asset_id"')[2]  # the first field of this name is the one that counts
    assert plain.partition("</noscript>")[0].count(f'<option value="{asset.id}">') == 1
    fragment = editor.get(f"{here}/assembly?open={block.id}", headers={"HX-Request": "true"}).text
    assert fragment.count('name="asset_id"') == 1, "htmx makes fields of what stands in noscript"
    data = {"asset_id": [str(asset.id), ""], "alt": "Die Brücke", "base": stamps.of_block(block)}
    assert editor.post(f"{here}/blocks/{block.id}", data=data).status_code == 303
    assert assembly.block(issue, block.id).data["asset_id"] == asset.id


@pytest.mark.parametrize("place", ["block", "head"])
def test_what_was_refused_and_then_corrected_is_saved_without_script(
    editor: FlaskClient, issue: Issue, here: str, place: str
) -> None:
    block = text_block(issue)
    path, name = (f"{here}/blocks/{block.id}", "html") if place == "block" else (f"{here}/head", "subject")
    page = editor.get(f"{here}?open={block.id}").text
    for typed, status in (("Für [Vornahme]", 422), ("Für [Vorname]", 303)):
        base = re.search(
            rf'name="base" id="base-{block.id if place == "block" else "head"}" value="(\w+)"', page
        )
        assert base
        answer = editor.post(path, data={name: typed, "base": base[1]})
        assert answer.status_code == status
        page = answer.text


def test_two_people_at_the_subject_see_both(
    editor: FlaskClient, chief: FlaskClient, issue: Issue, here: str
) -> None:
    base = stamps.of_head(issue)
    chief.post(f"{here}/head", data={"subject": "Ihrer", "preheader": "", "base": base})
    answer = editor.post(f"{here}/head", data={"subject": "Meiner", "preheader": "", "base": base})
    assert answer.status_code == 409 and "Ihrer" in answer.text and 'value="Meiner"' in answer.text
    assert assembly.get(issue.tenant_id, issue.id).subject == "Ihrer"


def test_who_else_is_inside_is_said_with_the_block(
    editor: FlaskClient, chief: FlaskClient, world: worlds.World, issue: Issue, here: str
) -> None:
    article = next(b for b in assembly.blocks(issue) if b.article_id)
    chief.post(f"{here}/presence", data={"opened": article.id, "version": version(issue)}, headers=HTMX)
    said = editor.post(f"{here}/presence", data={"version": version(issue)}, headers=HTMX).text
    assert f"{world.chief_editor.name} is at “Leinebrücke" in said and "assembly" not in said
    text_block(issue)
    assert "/assembly" in editor.post(f"{here}/presence", data={"version": 1}, headers=HTMX).text
    open_one = editor.post(f"{here}/presence", data={"version": 1, "opened": 7}, headers=HTMX).text
    assert "Other blocks have changed" in open_one
    chief.post(f"{here}/presence", data={"leave": "1"})
    assert world.chief_editor.name not in editor.post(f"{here}/presence", headers=HTMX).text


def test_a_block_for_a_segment_says_so(
    editor: FlaskClient, world: worlds.World, issue: Issue, here: str
) -> None:
    block = text_block(issue)
    own = Segment.create(
        tenant_id=world.north.id, name="Treue Leser", query={}, created_by_id=world.editor.id
    )
    foreign = Segment.create(
        tenant_id=world.south.id, name="Fremde", query={}, created_by_id=world.south_editor.id
    )
    path = f"{here}/blocks/{block.id}/only"
    assert editor.post(path, data={"segment_id": foreign.id}).status_code == 404
    assert editor.post(path, data={"segment_id": own.id}).status_code == 303
    assert "Only “Treue Leser”" in editor.get(here).text
    editor.post(path, data={"segment_id": ""})
    assert assembly.block(issue, block.id).segment_id is None


def test_the_template_of_an_issue_is_an_own_or_a_released_one(
    editor: FlaskClient, world: worlds.World, issue: Issue, here: str
) -> None:
    own = mailtemplates.create(world.north.id, "Nachts", "night", world.editor.id)
    foreign = mailtemplates.create(world.south.id, "Fremd", "band", world.south_editor.id)
    assert editor.post(f"{here}/look", data={"template_id": foreign.id}).status_code == 404
    assert editor.post(f"{here}/look", data={"template_id": own.id}).status_code == 303
    assert "Template Nachts" in editor.get(here).text


def test_an_article_is_put_before_the_block_it_was_dropped_on(
    editor: FlaskClient, world: worlds.World, issue: Issue, here: str
) -> None:
    first = assembly.blocks(issue)[0]
    article = mailings.article(world, "Nach vorn")
    editor.post(f"{here}/blocks", data={"article_id": article.id, "before": first.id})
    assert assembly.blocks(issue)[0].article_id == article.id
    editor.post(f"{here}/blocks", data={"kind": "quote", "before": 987654})
    assert assembly.blocks(issue)[-1].kind == "quote"


def test_the_calendar_file_of_an_event(client: FlaskClient, world: worlds.World, issue: Issue) -> None:
    from dispatcher.rendering import parts

    made = assembly.add(issue, BlockKind.EVENT)
    values = {"title": "Lesung; mit, Musik " + "ä" * 60, "starts": "2026-12-05T19:30", "place": "Rathaus"}
    assembly.edit(issue, made, values)
    path = parts.calendar_url("", world.north, made)
    answer = client.get(path)
    assert answer.mimetype == "text/calendar" and answer.headers["Content-Disposition"].startswith(
        "attachment"
    )
    lines = answer.data.decode().replace("\r\n ", "").split("\r\n")
    assert "DTSTART:20261205T183000Z" in lines and "DTEND:20261205T193000Z" in lines
    assert f"SUMMARY:Lesung\\; mit\\, Musik {'ä' * 60}" in lines and "LOCATION:Rathaus" in lines
    assert all(len(line) <= 75 for line in answer.data.split(b"\r\n"))
    assembly.edit(issue, made, {"starts": "2026-12-05", "ends": "2026-12-06"})
    days = client.get(path).text
    assert "DTSTART;VALUE=DATE:20261205" in days and "DTEND;VALUE=DATE:20261207" in days
    assert client.get(path.replace("/north/", "/south/")).status_code == 404
    assert client.get(path.replace(".ics", "A.ics")).status_code == 404
    assembly.remove(issue, made)
    assert client.get(path).status_code == 404


def test_an_issue_is_copied_as_next_number_for_other_people_or_for_the_same_ones(
    editor: FlaskClient, world: worlds.World, issue: Issue, here: str
) -> None:
    assert editor.post(f"{here}/once-more", data={"way": "nowhere"}).status_code == 404
    assert editor.post(f"{here}/once-more", data={"way": "text"}).status_code == 409, (
        "no recipients chosen yet"
    )
    campaign = mailings.draft(world, issue)
    planning.plan(campaign, {"consents": ["proved", "unknown"], "sender_name": "Ganz anders"})
    made = {}
    for way in ("next", "people", "text"):
        answer = editor.post(f"{here}/once-more", data={"way": way})
        assert answer.status_code == 303
        made[way] = assembly.get(issue.tenant_id, int(answer.location.rpartition("/")[2]))
    kinds = [(b.kind, b.article_id) for b in assembly.blocks(issue)]
    assert [(b.kind, b.article_id) for b in assembly.blocks(made["next"])] == kinds
    assert (made["next"].number, made["next"].subject, made["next"].name) == (2, "", "Stadtgespräch Nr. 2")
    assert [(b.kind, b.article_id) for b in assembly.blocks(made["people"])] == kinds
    assert (made["people"].number, made["people"].subject) == (1, issue.subject)
    assert planning.of_issue(made["people"]) is None
    planned = planning.of_issue(made["text"])
    assert planned is not None and planned.sender_name == "Ganz anders"
    assert sorted(planned.audience["consents"]) == ["proved", "unknown"]
    assert [b.kind for b in assembly.blocks(made["text"])] == ["intro"]
