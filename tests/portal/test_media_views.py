"""Media by tag, by what they lack and in kept views; documents found for an article; what mails cannot show."""

import io
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dispatcher import preview
from dispatcher.jobs import copies
from dispatcher.preflight import run
from domain import clock
from domain.content import views
from domain.issues import assembly
from domain.issues.models import BlockKind
from domain.releases import ledger
from domain.releases.models import Release
from mediadb import library, reach
from mediadb.models import Asset, AssetTag
from tests import mailings, pictures
from tests import world as worlds

HERE = "/t/north/media"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="3"/></svg>'


@pytest.fixture
def editor(app: Flask, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.editor)


def picture(world: worlds.World, name: str, colour: str, **values: object) -> Asset:
    made = library.upload(world.north.id, world.editor.id, f"{name}.png", pictures.plain(colour=colour))
    library.describe(made, name, **{"alt": "", "credit": "", **values})
    return made


def test_files_are_found_by_tag_and_by_what_they_lack(editor: FlaskClient, world: worlds.World) -> None:
    today = clock.now().date()
    picture(world, "Markt", "red", words=["Märkte", "Winter"], alt="Ein Stand")
    picture(world, "Hafen", "blue", licence_until=today + timedelta(days=3))
    picture(world, "Turm", "green", alt="Ein Turm", licence_until=today + timedelta(days=300))
    page = editor.get(f"{HERE}?tag=maerkte").text
    assert "Markt" in page and "Hafen" not in page and "<option selected>maerkte" in page
    assert "Hafen" in (page := editor.get(f"{HERE}?lacking=alt").text) and "Turm" not in page
    assert "Hafen" in (page := editor.get(f"{HERE}?lacking=licence").text) and "Turm" not in page
    library.describe(Asset.get(Asset.title == "Markt"), "Markt", "", "", [])
    assert not AssetTag.select().exists()
    assert "No files with these filters" in editor.get(f"{HERE}?tag=Winter").text


def test_a_view_of_the_media_is_kept_with_its_folder_shared_and_deleted(
    app: Flask, editor: FlaskClient, world: worlds.World, sign_in
) -> None:
    folder = library.make_folder(world.north.id, "Stadt", None)
    form = {"name": "Ohne Text", "lacking": "alt", "folder": str(folder.id), "shared": "y"}
    answer = editor.post(f"{HERE}/views", data=form)
    assert f"/media/f/{folder.id}?" in answer.location and "lacking=alt" in answer.location
    chief = sign_in(app.test_client(), world.chief_editor)
    assert "Ohne Text" in chief.get(HERE).text
    assert editor.post(f"{HERE}/views", data={**form, "folder": "999"}).status_code == 404
    view = views.keep(world.north.id, "media", world.editor.id, "Ohne Text", {"lacking": "alt"})
    assert chief.post(f"{HERE}/views/{view.id}/remove").status_code == 404
    assert editor.post(f"{HERE}/views/{view.id}/remove").status_code == 303
    editor.get(HERE)  # says that it is gone
    assert "Ohne Text" not in editor.get(HERE).text


def test_documents_for_an_article_are_searched_and_ticked_ones_stay(
    editor: FlaskClient, world: worlds.World
) -> None:
    for name in ("Plan", "Haushalt"):
        library.upload(world.north.id, world.editor.id, f"{name}.pdf", pictures.pdf(name))
    plan = Asset.get(Asset.filename == "Plan.pdf")
    found = editor.get(f"{HERE}/documents?find=haushalt&documents={plan.id}").text
    assert "Haushalt.pdf" in found and f'value="{plan.id}" checked' in found
    assert "No documents with these words" in editor.get(f"{HERE}/documents?find=nichts").text
    hidden = library.make_folder(world.north.id, "Geheim", None)
    library.move(plan, hidden.id)
    reach.set_rights(hidden, {world.roles["sender"].id: True}, 1, [world.roles["sender"].id])
    assert "Plan.pdf" not in editor.get(f"{HERE}/documents?documents={plan.id}").text


def test_an_svg_is_kept_as_a_document_but_never_chosen_as_a_picture(
    editor: FlaskClient, world: worlds.World
) -> None:
    def send(**more: str):  # type: ignore[no-untyped-def]
        data = {"file": (io.BytesIO(SVG), "zeichen.svg"), **more}
        return editor.post(f"{HERE}/upload", data=data, headers={"X-Requested-With": "upload"})

    refused = send(picture="1")
    assert refused.status_code == 422 and "do not show SVG" in refused.json["text"]
    assert not Asset.select().exists()
    assert send().status_code == 200
    drawing = Asset.get()
    issue = mailings.issue(world)
    block = assembly.add(issue, BlockKind.PICTURE)
    url = f"/t/north/issues/{issue.id}/blocks/{block.id}"
    assert editor.post(url, data={"asset_id": str(drawing.id), "alt": "x"}).status_code == 404
    text = assembly.add(issue, BlockKind.TEXT)
    html = f'<p><img src="/media/{drawing.public_key}/file" alt="Zeichen"></p>'
    assembly.edit(issue, text, {"html": html})
    said = [f.message for f in run.look(world.north, issue, mailings.BASE_URL)[0] if f.error]
    assert any("Mail programs do not show" in message for message in said)


def test_a_plain_form_says_what_was_there_already_and_pages_name_where_a_file_is_used(
    editor: FlaskClient, world: worlds.World
) -> None:
    data = pictures.plain(colour="red")
    for _ in range(2):
        answer = editor.post(f"{HERE}/upload", data={"file": (io.BytesIO(data), "rot.png")})
    assert "is in the media already" in editor.get(answer.location).text
    issue = mailings.issue(world)
    block = assembly.add(issue, BlockKind.PICTURE)
    assembly.edit(issue, block, {"asset_id": Asset.get().id})
    assert f">{issue.name}</a>" in editor.get(f"{HERE}/{Asset.get().id}").text


def test_who_made_a_picture_is_named_below_it_in_the_mail(app: Flask, world: worlds.World) -> None:
    made = picture(world, "Markt", "red", alt="Stand", credit="Foto: Jana [Vorname] <b>")
    issue = mailings.issue(world)
    for kind, data in (
        (BlockKind.PICTURE, {"asset_id": made.id}),
        (BlockKind.COLUMNS, {"asset_id_1": made.id}),
    ):
        assembly.edit(issue, assembly.add(issue, kind), data)
    article = mailings.article(world, "Mit Bild", asset_id=made.id, asset_alt="Stand")
    assembly.add_article(issue, article.id)
    shown = preview.part(preview.message(world.north, issue, mailings.BASE_URL), "html")
    assert shown.count("Foto: Jana [Vorname] &lt;b&gt;</p>") == 3


def test_tags_come_along_with_a_copied_file(app: Flask, world: worlds.World) -> None:
    made = picture(world, "Markt", "red", words=["Winter"])
    copies.asset(world.north.id, made.id, world.south.id)
    assert library.find(world.south.id, everywhere=True, tag="winter").total == 1


def test_the_tree_shows_what_is_released_to_and_by_others(app: Flask, world: worlds.World, sign_in) -> None:
    editor = sign_in(app.test_client(), world.editor)
    ours, theirs = library.make_folder(world.north.id, "Stadt"), library.make_folder(world.south.id, "Land")
    assert "From other tenants" not in editor.get("/t/north/media").text
    ledger.give(world.north, "folder", ours.id, ledger.To(everybody=True), world.editor)
    ledger.give(world.south, "folder", theirs.id, ledger.To(everybody=True), world.south_editor)
    page = editor.get(f"/t/north/media/f/{ours.id}").text
    assert "Released to everybody: use" in page
    assert "From other tenants" in page and f"{world.south.name}: Land" in page
    Release.update(recalled_at=clock.now()).execute()
    page = editor.get(f"/t/north/media/f/{ours.id}").text
    assert "Released to" not in page and "From other tenants" not in page
