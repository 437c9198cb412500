"""Writing, saving, submitting and deciding in the portal, with and without script."""

import io
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.accounts import policy
from domain.content import articles
from domain.content.models import Article, AssetUse
from mediadb import library
from tests import pictures
from tests import world as worlds

AUTOSAVE = {"X-Autosave": "1", "X-Requested-With": "autosave"}
FULL = {"title": "Markt wächst", "teaser": "Zwölf Stände.", "body": "<p>Ab Dezember.</p>", "language": "de"}


@pytest.fixture
def journalist(app: Flask, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.journalist)


@pytest.fixture
def editor(app: Flask, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.editor)


def begun(client: FlaskClient) -> int:
    answer = client.post("/t/north/articles")
    assert answer.status_code == 303
    return int(answer.headers["Location"].split("/")[-2])


def send(client: FlaskClient, article_id: int, headers: dict[str, str] | None = None, **values: Any):
    form = {**FULL, "version": str(stored(article_id).version), **values}
    return client.post(f"/t/north/articles/{article_id}/edit", data=form, headers=headers)


def submitted(client: FlaskClient) -> int:
    article_id = begun(client)
    assert send(client, article_id, submit="1").status_code == 303
    return article_id


def stored(article_id: int) -> Article:
    return Article.get(Article.id == article_id)


def test_a_draft_saves_itself_and_says_when(journalist: FlaskClient) -> None:
    article_id = begun(journalist)
    answer = send(journalist, article_id, AUTOSAVE)
    assert answer.json["version"] == 2
    assert answer.json["text"].startswith("Saved, ")
    assert stored(article_id).title == "Markt wächst"


def test_the_plain_form_saves_too(journalist: FlaskClient) -> None:
    article_id = begun(journalist)
    answer = send(journalist, article_id)
    assert answer.status_code == 303
    assert "Markt wächst" in journalist.get(answer.headers["Location"]).text


def test_hostile_text_is_harmless_in_the_store_the_editor_and_the_reader(journalist: FlaskClient) -> None:
    article_id = begun(journalist)
    hostile = "<p onclick=alert(1)>Text<script>alert(1)</script><img src=x onerror=alert(1)>"
    hostile += "<a href='javascript:x'>y</a></p>"
    send(journalist, article_id, title="<script>alert('titel')</script>", body=hostile)
    assert stored(article_id).body == "<p>Texty</p>"
    page = journalist.get(f"/t/north/articles/{article_id}/edit").text
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    reader = journalist.get(f"/t/north/articles/{article_id}/body")
    assert "sandbox" in reader.headers["Content-Security-Policy"]
    assert "script-src" not in reader.headers["Content-Security-Policy"]
    assert "default-src 'none'" in reader.headers["Content-Security-Policy"]


def test_only_the_writing_page_relaxes_styles_and_never_scripts(journalist: FlaskClient) -> None:
    article_id = begun(journalist)
    writing = journalist.get(f"/t/north/articles/{article_id}/edit").headers["Content-Security-Policy"]
    reading = journalist.get(f"/t/north/articles/{article_id}").headers["Content-Security-Policy"]
    assert "style-src 'self' 'unsafe-inline'" in writing and "script-src 'self';" in writing
    assert "unsafe" not in reading


def test_two_windows_never_overwrite_each_other_silently(journalist: FlaskClient) -> None:
    article_id = begun(journalist)
    old = {"version": "1"}
    assert send(journalist, article_id, AUTOSAVE, **old, title="Erste").status_code == 200
    refused = send(journalist, article_id, AUTOSAVE, **old, title="Zweite")
    assert refused.status_code == 409 and "Somebody else has saved" in refused.json["text"]
    page = send(journalist, article_id, **old, title="Zweite")
    assert page.status_code == 409 and "Zweite" in page.text, "what was typed stays on the page"
    assert stored(article_id).title == "Erste"


def test_an_expired_sign_in_is_answered_so_that_the_script_can_ask_again(
    app: Flask, journalist: FlaskClient
) -> None:
    article_id = begun(journalist)
    answer = app.test_client().post(f"/t/north/articles/{article_id}/edit", data=FULL, headers=AUTOSAVE)
    assert answer.status_code == 401


def test_submitting_an_incomplete_article_keeps_the_text_and_marks_the_fields(
    journalist: FlaskClient,
) -> None:
    article_id = begun(journalist)
    answer = send(journalist, article_id, submit="1", teaser="", body="", note="für Anna")
    assert answer.status_code == 422
    assert "lead into the article" in answer.text and "The article has no text yet." in answer.text
    assert 'value="Markt wächst"' in answer.text and "für Anna" in answer.text
    assert stored(article_id).state == "draft"


def test_a_form_sent_twice_counts_once(journalist: FlaskClient) -> None:
    article_id = begun(journalist)
    form = {**FULL, "version": "1", "submit": "1"}
    answers = [journalist.post(f"/t/north/articles/{article_id}/edit", data=form) for _ in range(2)]
    assert [a.status_code for a in answers] == [303, 303]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert len(articles.remarks(stored(article_id))) == 1


def test_bad_dates_and_links_are_refused_in_place(journalist: FlaskClient) -> None:
    article_id = begun(journalist)
    answer = send(journalist, article_id, valid_from="2026-12-02", valid_until="2026-12-01")
    assert answer.status_code == 422 and "The end lies before the beginning." in answer.text
    assert "https://" in send(journalist, article_id, link_url="javascript:alert(1)").text
    assert send(journalist, article_id, title="x" * 201).status_code == 422
    assert stored(article_id).title == ""


def test_a_picture_is_chosen_described_and_in_use(journalist: FlaskClient, world: worlds.World) -> None:
    asset = library.upload(world.north.id, world.journalist.id, "a.png", pictures.plain())
    inside = library.upload(world.north.id, world.journalist.id, "b.png", pictures.plain(colour="red"))
    article_id = begun(journalist)
    body = f'<p><img src="/media/{inside.public_key}/mail600" alt="x"></p>'
    send(journalist, article_id, asset_id=str(asset.id), asset_alt="Markt", body=body)
    used = {u.asset_id for u in AssetUse.select().where(AssetUse.object_id == article_id)}
    assert used == {asset.id, inside.id}
    assert f"/media/{asset.public_key}/card" in journalist.get(f"/t/north/articles/{article_id}/edit").text


def test_a_foreign_picture_or_a_document_is_not_found(journalist: FlaskClient, world: worlds.World) -> None:
    foreign = library.upload(world.south.id, world.south_editor.id, "a.png", pictures.plain())
    document = library.upload(world.north.id, world.editor.id, "a.txt", b"Text")
    article_id = begun(journalist)
    for asset in (foreign, document):
        assert send(journalist, article_id, asset_id=str(asset.id)).status_code == 404
    assert stored(article_id).asset_id is None


def test_the_editor_accepts_and_the_journalist_reads_it(journalist: FlaskClient, editor: FlaskClient) -> None:
    article_id = submitted(journalist)
    assert "Accept" in editor.get(f"/t/north/articles/{article_id}").text
    assert editor.post(f"/t/north/articles/{article_id}/accept").status_code == 303
    page = journalist.get(f"/t/north/articles/{article_id}").text
    assert "Accepted" in page and "accepted it" in page


def test_returning_needs_a_remark_and_the_journalist_reworks(
    journalist: FlaskClient, editor: FlaskClient
) -> None:
    article_id = submitted(journalist)
    refused = editor.post(f"/t/north/articles/{article_id}/return", data={"note": " "})
    assert refused.status_code == 422 and "Write what should be changed." in refused.text
    assert editor.post(f"/t/north/articles/{article_id}/return", data={"note": "Kürzer"}).status_code == 303
    page = journalist.get(f"/t/north/articles/{article_id}/edit").text
    assert "Kürzer" in page and "Returned" in page
    assert send(journalist, article_id, submit="1").status_code == 303
    assert stored(article_id).state == "submitted"


def test_a_second_decision_is_refused_with_a_reason(journalist: FlaskClient, editor: FlaskClient) -> None:
    article_id = submitted(journalist)
    editor.post(f"/t/north/articles/{article_id}/accept")
    again = editor.post(f"/t/north/articles/{article_id}/accept")
    assert again.status_code == 409 and "no longer in the state you saw" in again.text


def test_a_remark_is_told_to_the_author(journalist: FlaskClient, editor: FlaskClient) -> None:
    article_id = submitted(journalist)
    assert editor.post(f"/t/north/articles/{article_id}/remarks", data={"remark": ""}).status_code == 422
    assert editor.post(f"/t/north/articles/{article_id}/remarks", data={"remark": "Bild?"}).status_code == 303
    assert "Bild?" in journalist.get(f"/t/north/articles/{article_id}").text


def test_submitted_articles_belong_to_the_editors_until_taken_back(journalist: FlaskClient) -> None:
    article_id = submitted(journalist)
    assert journalist.get(f"/t/north/articles/{article_id}/edit").status_code == 303
    assert send(journalist, article_id, AUTOSAVE, title="heimlich").status_code == 403
    assert journalist.post(f"/t/north/articles/{article_id}/withdraw").status_code == 303
    assert stored(article_id).state == "draft"


def test_archiving_can_be_undone(journalist: FlaskClient) -> None:
    article_id = begun(journalist)
    send(journalist, article_id)
    page = journalist.get(journalist.post(f"/t/north/articles/{article_id}/archive").headers["Location"]).text
    assert f"/t/north/articles/{article_id}/unarchive" in page
    journalist.post(f"/t/north/articles/{article_id}/unarchive")
    assert stored(article_id).state == "draft"


def test_others_and_foreign_articles_are_not_found(
    app: Flask, journalist: FlaskClient, world: worlds.World, sign_in
) -> None:
    foreign = articles.create(world.south.id, world.south_editor)
    colleagues = articles.create(world.north.id, world.editor)
    own = begun(journalist)
    for article in (foreign, colleagues):
        for path in ("", "/edit", "/body"):
            assert journalist.get(f"/t/north/articles/{article.id}{path}").status_code == 404
        assert send(journalist, article.id).status_code == 404
        for act in ("withdraw", "remarks", "archive", "unarchive"):
            assert journalist.post(f"/t/north/articles/{article.id}/{act}").status_code == 404
    south = sign_in(app.test_client(), world.south_editor)
    assert south.get(f"/t/south/articles/{own}").status_code == 404
    assert south.get(f"/t/north/articles/{own}").status_code == 404


def test_journalists_cannot_decide(journalist: FlaskClient) -> None:
    article_id = submitted(journalist)
    for act in ("accept", "return"):
        assert journalist.post(f"/t/north/articles/{article_id}/{act}").status_code == 403
    assert stored(article_id).state == "submitted"


def test_people_without_the_right_see_nothing(app: Flask, world: worlds.World, sign_in, journalist) -> None:
    article_id = submitted(journalist)
    sender = sign_in(app.test_client(), world.sender)
    assert sender.get(f"/t/north/articles/{article_id}").status_code == 404
    assert not policy.rights_of(world.sender, world.north.id).permissions & {"article.see"}


def test_after_signing_in_over_the_page_the_refused_save_goes_through(
    app: Flask, world: worlds.World
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    article = articles.create(world.north.id, world.journalist)
    client = app.test_client()
    door = client.get("/signin", headers={"X-Requested-With": "reauth"}).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', door)
    assert token
    answer = client.post(
        "/signin",
        data={"email": world.journalist.email, "password": worlds.PASSWORD, "csrf_token": token[1]},
        headers={"X-Requested-With": "reauth"},
    )
    assert answer.status_code == 204
    form = {**FULL, "version": "1", "csrf_token": answer.headers["X-CSRFToken"]}
    saved = client.post(f"/t/north/articles/{article.id}/edit", data=form, headers=AUTOSAVE)
    assert saved.status_code == 200, saved.text


def test_without_script_a_picture_is_chosen_on_a_page_of_its_own(
    journalist: FlaskClient, world: worlds.World
) -> None:
    asset = library.upload(world.north.id, world.journalist.id, "a.png", pictures.plain(), alt="Markt")
    foreign = library.upload(world.south.id, world.south_editor.id, "a.png", pictures.plain())
    article_id = begun(journalist)
    saved = send(journalist, article_id, pick="1")
    here = f"/t/north/articles/{article_id}/picture"
    assert saved.headers["Location"] == here and stored(article_id).title == "Markt wächst"
    assert f'value="{asset.id}"' in journalist.get(here).text
    assert "No pictures found." in journalist.get(f"{here}?q=Hafen").text
    assert journalist.post(here, data={"asset": str(asset.id)}).status_code == 303
    assert (stored(article_id).asset_id, stored(article_id).asset_alt) == (asset.id, "Markt")
    assert journalist.post(here, data={"asset": str(foreign.id)}).status_code == 404
    assert journalist.post(here, data={"none": "1"}).status_code == 303 and not stored(article_id).asset_id
    refused = journalist.post(here, data={"upload": "1", "file": (io.BytesIO(b"no"), "a.heic")})
    assert refused.status_code == 422 and "JPEG" in refused.text
    new = {"upload": "1", "file": (io.BytesIO(pictures.plain(colour="red")), "rot.png")}
    assert journalist.post(here, data=new).status_code == 303 and stored(article_id).asset_id != asset.id
