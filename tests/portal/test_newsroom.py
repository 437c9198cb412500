"""The newsroom around the pool: kept views, several articles at once, tags and notes, the calendar of issues."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dispatcher.rendering import render
from domain.content import articles, offers, views
from domain.content.models import Article, SavedView
from domain.errors import Conflict
from domain.issues import assembly
from domain.issues.models import Issue
from mediadb import library
from tests import pictures
from tests import world as worlds

FULL = {"title": "Markt wächst", "teaser": "Zwölf Stände.", "body": "<p>Ab Dezember.</p>", "language": "de"}


@pytest.fixture
def journalist(app: Flask, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.journalist)


@pytest.fixture
def editor(app: Flask, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.editor)


def accepted(world: worlds.World, editor: FlaskClient, **values: Any) -> Article:
    """An accepted article of the editor's."""
    article_id = int(editor.post("/t/north/articles").headers["Location"].split("/")[-2])
    editor.post(
        f"/t/north/articles/{article_id}/edit", data={**FULL, "version": "1", "submit": "1", **values}
    )
    editor.post(f"/t/north/articles/{article_id}/accept")
    return Article.get_by_id(article_id)


def test_a_view_is_kept_shown_shared_and_deleted(
    app: Flask, editor: FlaskClient, world: worlds.World, sign_in
) -> None:
    form = {"name": "  Kultur  offen ", "category": "Kultur", "view": "submitted", "fremd": "x"}
    answer = editor.post("/t/north/pool/views", data=form)
    assert "saved=" in answer.headers["Location"] and "category=Kultur" in answer.headers["Location"]
    [view] = offers.of(world.north.id, "pool", world.editor.id).views
    assert (view.name, view.query) == ("Kultur offen", {"category": "Kultur", "view": "submitted"})
    chief = sign_in(app.test_client(), world.chief_editor)
    assert "Kultur offen" in editor.get("/t/north/pool").text
    assert "Kultur offen" not in chief.get("/t/north/pool").text
    editor.post("/t/north/pool/views", data={**form, "name": "Kultur offen", "sort": "title", "shared": "y"})
    assert SavedView.select().count() == 1
    assert "Kultur offen" in chief.get("/t/north/pool").text
    assert chief.post(f"/t/north/pool/views/{view.id}/remove").status_code == 404
    assert editor.post(f"/t/north/pool/views/{view.id}/remove").status_code == 303
    assert "Kultur offen" not in chief.get("/t/north/pool").text


def test_a_view_needs_a_name_and_a_filter_and_has_a_ceiling(editor: FlaskClient, world: worlds.World) -> None:
    for form in ({"name": "", "q": "x"}, {"name": "Leer"}):
        assert editor.post("/t/north/pool/views", data=form).status_code == 303
    assert not SavedView.select().exists()
    for number in range(views.MOST):
        views.keep(world.north.id, "pool", world.editor.id, f"Ansicht {number}", {"q": "x"})
    with pytest.raises(Conflict):
        views.keep(world.north.id, "pool", world.editor.id, "Noch eine", {"q": "x"})
    assert not offers.of(world.south.id, "pool", world.editor.id).views


def test_articles_are_tagged_moved_to_a_category_and_archived_together(
    editor: FlaskClient, journalist: FlaskClient, world: worlds.World
) -> None:
    first, second = accepted(world, editor), accepted(world, editor, tags="Winter")
    foreign = articles.create(world.south.id, world.south_editor)
    ids = [str(first.id), str(second.id), str(foreign.id)]
    editor.post("/t/north/pool/several?tag=Winter", data={"article": ids, "act": "tag", "word": "Märkte"})
    editor.post("/t/north/pool/several", data={"article": ids, "act": "category", "word": "Stadt"})
    stored = {a.id: a for a in Article.select()}
    assert stored[second.id].tags == ["Winter", "Märkte"] and stored[first.id].category == "Stadt"
    assert stored[foreign.id].tags == [] and stored[foreign.id].category == ""
    assert "Markt wächst" in editor.get("/t/north/pool?tag=maerkte").text
    assert "No articles with these filters" in editor.get("/t/north/pool?tag=Sommer").text
    editor.post("/t/north/pool/several", data={"article": ids, "act": "archive"})
    assert {Article.get_by_id(i).state for i in ids[:2]} == {"archived"}
    assert (
        editor.post("/t/north/pool/several", data={"article": ids[2:], "act": "archive"}).status_code == 404
    )
    own = articles.create(world.north.id, world.journalist)
    journalist.post("/t/north/pool/several", data={"article": [str(own.id), ids[0]], "act": "archive"})
    assert Article.get_by_id(own.id).state == "archived"


def test_articles_are_filtered_by_every_state_they_show(editor: FlaskClient, world: worlds.World) -> None:
    for state in ("draft", "submitted", "returned", "accepted", "used", "expired", "archived"):
        Article.create(tenant_id=world.north.id, author_id=world.editor.id, title=f"T-{state}", state=state)
    gone = {"state": "accepted", "valid_until": date(2020, 1, 1), "title": "T-over"}
    Article.create(tenant_id=world.north.id, author_id=world.editor.id, **gone)
    for state in ("draft", "submitted", "returned", "accepted", "used", "expired", "archived"):
        page = editor.get(f"/t/north/pool?state={state}", headers={"HX-Request": "true"}).text
        titles = set(re.findall(r"T-[a-z]+", page))
        assert titles == {f"T-{state}"} | ({"T-over"} if state == "expired" else set())
    assert "T-draft" in editor.get("/t/north/pool?state=nonsense").text


def test_articles_go_into_an_issue_together_and_show_where_they_are(
    editor: FlaskClient, journalist: FlaskClient, world: worlds.World
) -> None:
    issue = assembly.create(world.north.id, world.types["city"].id, world.editor.id)
    some = [accepted(world, editor) for _ in range(2)]
    form = {"article": [str(a.id) for a in some], "act": "issue", "issue": str(issue.id)}
    page = editor.get(editor.post("/t/north/pool/several", data=form).headers["Location"]).text
    assert "2 articles put into" in page
    assert {b.article_id for b in assembly.blocks(issue)} >= {a.id for a in some}
    again = editor.get(editor.post("/t/north/pool/several", data=form).headers["Location"]).text
    assert "2 articles put into" not in again and "Markt wächst:" in again
    assert issue.name in editor.get(f"/t/north/articles/{some[0].id}").text
    assert journalist.post("/t/north/pool/several", data=form).status_code in (403, 404)


def test_tags_and_notes_are_written_and_read_but_notes_reach_no_reader(
    editor: FlaskClient, world: worlds.World
) -> None:
    article = accepted(world, editor, tags="Winter, winter, Märkte", notes="Foto noch klären")
    assert article.tags == ["Winter", "Märkte"] and article.notes == "Foto noch klären"
    page = editor.get(f"/t/north/articles/{article.id}").text
    assert "Foto noch klären" in page and "tag=M%C3%A4rkte" in page
    assert "Foto noch klären" not in editor.get(f"/t/north/articles/{article.id}/body").text


def test_somebody_at_work_is_seen_in_the_pool(
    editor: FlaskClient, app: Flask, world: worlds.World, sign_in
) -> None:
    article = accepted(world, editor)
    chief = sign_in(app.test_client(), world.chief_editor)
    chief.post(f"/t/north/articles/{article.id}/presence")
    for layout in ("cards", "table"):
        assert "Chief Editor" in editor.get(f"/t/north/pool?layout={layout}").text


def test_an_issue_is_planned_and_stands_in_the_calendar_with_its_deadline(
    editor: FlaskClient, journalist: FlaskClient, world: worlds.World
) -> None:
    issue = assembly.create(world.north.id, world.types["city"].id, world.editor.id)
    assert issue.name in editor.get("/t/north/calendar").text, "without a day"
    form = {"planned_day": "2026-12-04", "planned_time": "06:30", "deadline": "2026-12-02T12:00"}
    answer = editor.post(f"/t/north/calendar/{issue.id}", data=form)
    assert answer.headers["Location"].endswith("month=2026-12")
    stored = Issue.get_by_id(issue.id)
    assert stored.planned_at == datetime(2026, 12, 4, 5, 30, tzinfo=UTC)
    for client in (editor, journalist):
        page = client.get("/t/north/calendar?month=2026-12").text
        assert page.count(issue.name) >= 2 and "Deadline" in page and "December 2026" in page
    assert issue.name not in journalist.get("/t/north/calendar?month=2027-01").text
    assert f"/issues/{issue.id}" not in journalist.get("/t/north/calendar?month=2026-12").text
    late = editor.post(f"/t/north/calendar/{issue.id}", data={**form, "deadline": "2026-12-05T12:00"})
    assert late.status_code == 422 and "lies behind the day" in late.text and "2026-12-05T12:00" in late.text
    odd = editor.post(f"/t/north/calendar/{issue.id}", data={**form, "planned_day": "bald"})
    assert odd.status_code == 422
    assert journalist.post(f"/t/north/calendar/{issue.id}", data=form).status_code in (403, 404)
    assert editor.post(f"/t/north/calendar/{issue.id}", data={}).status_code == 303
    assert Issue.get_by_id(issue.id).planned_at is None


def test_a_foreign_issue_is_neither_planned_nor_shown(editor: FlaskClient, world: worlds.World) -> None:
    foreign = assembly.create(world.south.id, world.types["south"].id, 1, datetime(2026, 12, 4, tzinfo=UTC))
    assert (
        editor.post(f"/t/north/calendar/{foreign.id}", data={"planned_day": "2026-12-01"}).status_code == 404
    )
    assert editor.get(f"/t/north/calendar?month=2026-12&issue={foreign.id}").status_code == 404
    assert foreign.name not in editor.get("/t/north/calendar?month=2026-12").text
    for odd in ("", "x", "9999-99", "0001-01"):
        assert editor.get(f"/t/north/calendar?month={odd}").status_code == 200


def test_an_obligatory_article_blocks_issues_without_it(editor: FlaskClient, world: worlds.World) -> None:
    article = accepted(world, editor)
    issue = assembly.create(world.north.id, world.types["city"].id, world.editor.id)
    url = f"/t/north/articles/{article.id}/obligation"
    assert editor.post(url, data={"type": str(world.types["city"].id)}).status_code == 303
    look = f"/t/north/issues/{issue.id}/preflight"
    assert "is obligatory and not in the issue yet" in editor.get(look).text
    assembly.add_article(issue, article.id)
    assert "is obligatory and not in the issue yet" not in editor.get(look).text
    assert editor.post(url, data={"type": str(world.types["south"].id)}).status_code == 404
    draft = articles.create(world.north.id, world.editor)
    assert editor.post(f"/t/north/articles/{draft.id}/obligation", data={}).status_code == 409


def test_an_article_is_begun_in_another_language(editor: FlaskClient, world: worlds.World) -> None:
    article = accepted(world, editor)
    assert "Begin in English" in editor.get(f"/t/north/articles/{article.id}").text
    answer = editor.post(f"/t/north/articles/{article.id}/languages", data={"language": "en"})
    assert answer.status_code == 303
    assert f"/articles/{article.id}" in editor.get(answer.headers["Location"]).text
    assert "Begin in" not in editor.get(f"/t/north/articles/{article.id}").text


def test_documents_of_an_article_are_in_use_and_reach_the_mail(
    editor: FlaskClient, world: worlds.World
) -> None:
    plan = library.upload(world.north.id, world.editor.id, "plan.txt", b"Der Plan")
    picture = library.upload(world.north.id, world.editor.id, "a.png", pictures.plain())
    foreign = library.upload(world.south.id, 1, "fremd.txt", b"Fremd")
    article = accepted(world, editor, documents=[str(plan.id)])
    assert article.documents == [plan.id] and len(library.uses(plan)) == 1
    assert "plan.txt" in editor.get(f"/t/north/articles/{article.id}").text
    for wrong in (picture, foreign):
        form = {**FULL, "version": str(article.version), "documents": [str(wrong.id)]}
        assert editor.post(f"/t/north/articles/{article.id}/edit", data=form).status_code == 404
    issue = assembly.create(world.north.id, world.types["city"].id, world.editor.id)
    assembly.add_article(issue, article.id)
    mail = render.render(world.north, issue, "https://news.example").source
    address = f"https://news.example/media/{plan.public_key}/file"
    assert address in mail.html and address in mail.plain
