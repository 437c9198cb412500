"""Two people at one article: presence, taking over, comparing instead of overwriting; versions and the way back."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.content import articles, revisions
from domain.content.models import Article
from tests import world as worlds

AUTOSAVE = {"X-Autosave": "1", "X-Requested-With": "autosave"}
FULL = {"title": "Markt wächst", "teaser": "Zwölf Stände.", "body": "<p>Ab Dezember.</p>", "language": "de"}


@pytest.fixture
def journalist(app: Flask, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.journalist)


@pytest.fixture
def editor(app: Flask, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.editor)


@pytest.fixture
def url(world: worlds.World) -> str:
    return f"/t/north/articles/{articles.create(world.north.id, world.journalist).id}"


def stored(url: str) -> Article:
    return Article.get_by_id(int(url.rpartition("/")[2]))


def send(client: FlaskClient, url: str, headers: dict[str, str] | None = None, **values: Any):
    form = {**FULL, "version": str(stored(url).version), **values}
    return client.post(f"{url}/edit", data=form, headers=headers)


def test_the_second_one_sees_who_is_writing_and_gets_no_field(
    journalist: FlaskClient, editor: FlaskClient, url: str
) -> None:
    assert journalist.post(f"{url}/presence").headers["X-Held"] == "1"
    page = editor.get(f"{url}/edit").text
    assert "Journalist is editing since" in page and "<fieldset" in page and "data-autosave=" not in page
    assert "data-autosave=" in journalist.get(f"{url}/edit").text


def test_readers_see_who_is_writing(journalist: FlaskClient, editor: FlaskClient, url: str) -> None:
    send(journalist, url, submit="1")
    editor.post(f"{url}/presence")
    assert "Editor is editing since" in journalist.get(url).text
    assert "Editor is editing since" in journalist.get(f"{url}/presence").text
    editor.post(f"{url}/leave")
    assert "is editing" not in journalist.get(f"{url}/presence").text


def test_after_taking_over_the_first_one_is_told_and_cannot_save_silently(
    journalist: FlaskClient, editor: FlaskClient, url: str
) -> None:
    journalist.post(f"{url}/presence")
    assert editor.post(f"{url}/take").status_code == 303
    beat = journalist.post(f"{url}/presence")
    assert beat.headers["X-Held"] == "0" and "Take over and save my text" in beat.text
    refused = send(journalist, url, AUTOSAVE, title="Zu spät")
    assert refused.status_code == 409 and "Editor is editing this now" in refused.json["text"]
    assert stored(url).title == ""


def test_taking_over_with_the_own_text_saves_it(
    journalist: FlaskClient, editor: FlaskClient, url: str
) -> None:
    editor.post(f"{url}/take")
    page = send(journalist, url, title="Meine Zeile")
    assert page.status_code == 409 and "Meine Zeile" in page.text and 'name="take"' in page.text
    assert send(journalist, url, title="Meine Zeile", take="1").status_code == 303
    assert stored(url).title == "Meine Zeile"


def test_two_texts_are_compared_and_the_person_decides(journalist: FlaskClient, url: str) -> None:
    send(journalist, url, AUTOSAVE, title="Der erste Titel")
    page = send(journalist, url, version="1", title="Der zweite Titel")
    assert page.status_code == 409
    assert "<del>erste</del><ins>zweite</ins>" in page.text
    assert 'name="version" value="2"' in page.text and "data-autosave=" not in page.text
    assert stored(url).title == "Der erste Titel"
    assert send(journalist, url, version="2", title="Der zweite Titel").status_code == 303
    every = revisions.every(stored(url))
    assert every[0].fields["title"] == "Der zweite Titel"


def test_what_was_sent_twice_is_no_conflict(journalist: FlaskClient, url: str) -> None:
    """A page that is reloaded while its save is on the way sends the same text again, from the version before."""
    assert send(journalist, url, AUTOSAVE, version="1").json["version"] == 2
    again = send(journalist, url, AUTOSAVE, version="1")
    assert again.status_code == 200 and stored(url).title == FULL["title"]
    assert send(journalist, url, AUTOSAVE, version="1", title="Etwas anderes").status_code == 409


def test_versions_tell_who_changed_what_and_bring_it_back(
    journalist: FlaskClient, editor: FlaskClient, url: str
) -> None:
    send(journalist, url, submit="1")
    assert send(editor, url, title="Der Markt wächst").status_code == 303
    editor.post(f"{url}/leave")
    page = editor.get(f"{url}/versions").text
    assert "<ins>Der </ins>" in page and "Version 2" in page and "Journalist" in page
    assert "Markt wächst" in editor.get(f"{url}/versions/1?with=now").text
    assert editor.post(f"{url}/versions/1/restore").status_code == 303
    assert stored(url).title == "Markt wächst"
    assert [r.act for r in revisions.every(stored(url))] == ["restore", "save", "submit"]


def test_nobody_brings_a_version_back_while_somebody_writes(
    journalist: FlaskClient, editor: FlaskClient, url: str
) -> None:
    send(journalist, url, submit="1")
    send(editor, url, title="Neu")
    other = editor.post(f"{url}/presence")
    assert other.headers["X-Held"] == "1"
    assert journalist.post(f"{url}/versions/1/restore").status_code == 409
    assert stored(url).title == "Neu"


def test_versions_of_others_are_not_found(
    app: Flask, journalist: FlaskClient, world: worlds.World, sign_in, url: str
) -> None:
    send(journalist, url)
    south = sign_in(app.test_client(), world.south_editor)
    foreign = articles.create(world.south.id, world.south_editor)
    for path in ("/versions", "/versions/1", "/presence"):
        assert journalist.get(f"/t/north/articles/{foreign.id}{path}").status_code == 404
        assert south.get(f"/t/south/articles/{stored(url).id}{path}").status_code == 404
    for act in ("presence", "take", "leave", "versions/1/restore"):
        assert journalist.post(f"/t/north/articles/{foreign.id}/{act}").status_code == 404
    assert journalist.get(f"{url}/versions/99").status_code == 404
