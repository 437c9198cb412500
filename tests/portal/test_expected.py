"""The pages of expected articles: asked for by editors, written by authors, seen in calendar and issue."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.content.models import Article
from domain.issues import assembly
from domain.issues.models import ExpectedArticle, Issue
from tests import world as worlds


@pytest.fixture
def journalist(app: Flask, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.journalist)


@pytest.fixture
def editor(app: Flask, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.editor)


@pytest.fixture
def issue(app: Flask, world: worlds.World) -> Issue:
    return assembly.create(world.north.id, world.types["city"].id, world.editor.id)


def test_an_editor_asks_and_the_author_writes(
    editor: FlaskClient, journalist: FlaskClient, world: worlds.World, issue: Issue
) -> None:
    url = f"/t/north/calendar/{issue.id}/articles"
    form = {
        "topic": "Der Hafen",
        "author": str(world.journalist.id),
        "due": "2099-05-04T12:00",
        "note": "Kurz.",
    }
    wrong = editor.post(url, data={**form, "author": ""})
    assert wrong.status_code == 422 and "Der Hafen" in wrong.text and not ExpectedArticle.select().exists()
    assert editor.post(url, data={**form, "due": "morgen"}).status_code == 422
    assert editor.post(url, data=form).status_code == 303
    row = ExpectedArticle.get()
    assert "1 is missing" in editor.get(url).text
    assert "Der Hafen" in editor.get("/t/north/calendar?month=2099-05").text
    assert "1 is missing" in editor.get(f"/t/north/calendar?issue={issue.id}").text
    assert "is expected from Journalist" in editor.get(f"/t/north/issues/{issue.id}/checks").text
    assert "Expected from you" in journalist.get("/t/north/calendar").text
    assert "Write it now" in journalist.get(f"/t/north/expected/{row.id}").text
    there = journalist.post(f"/t/north/expected/{row.id}/write").headers["Location"]
    assert f"Expected for {issue.name}" in journalist.get(there).text
    article = Article.get()
    assert (article.title, article.author_id, article.notes) == ("Der Hafen", world.journalist.id, "Kurz.")
    assert "Being written" in editor.get(url).text
    changed = {**form, "topic": "Der alte Hafen", "change": str(row.id)}
    assert (
        editor.post(url, data=changed).status_code == 303 and ExpectedArticle.get().topic == "Der alte Hafen"
    )
    assert editor.post(f"/t/north/expected/{row.id}/remind").status_code == 303
    assert journalist.post(f"/t/north/expected/{row.id}/remove").status_code in (403, 404)
    assert editor.post(f"/t/north/expected/{row.id}/remove").status_code == 303
    assert not ExpectedArticle.select().exists()


def test_authors_see_only_what_is_expected_of_them(
    app: Flask, editor: FlaskClient, world: worlds.World, issue: Issue, sign_in
) -> None:
    form = {"topic": "Der Hafen", "author": str(world.editor.id), "due": "2099-05-04T12:00"}
    editor.post(f"/t/north/calendar/{issue.id}/articles", data=form)
    row = ExpectedArticle.get()
    other = sign_in(app.test_client(), worlds.person("second", world.north, world.roles["journalist"]))
    assert other.get(f"/t/north/expected/{row.id}").status_code == 404
    assert other.post(f"/t/north/expected/{row.id}/write").status_code == 404
    assert other.post(f"/t/north/expected/{row.id}/take", data={"article": ""}).status_code == 404
