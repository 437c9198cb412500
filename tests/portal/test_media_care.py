"""Crop, replace, several at once, rights of folders and ceilings in the portal."""

import io

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.issues.models import Block, Issue
from mediadb import library, limits
from mediadb.models import Asset
from tests import pictures
from tests import world as worlds


@pytest.fixture
def editor(app: Flask, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.editor)


@pytest.fixture
def administrator(app: Flask, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.administrator)


@pytest.fixture
def asset(app: Flask, world: worlds.World) -> Asset:
    return library.upload(world.north.id, world.editor.id, "markt.png", pictures.plain(800, 400))


def stored(asset: Asset) -> Asset:
    return Asset.get_by_id(asset.id)


def test_a_crop_is_typed_in_percent_and_a_wrong_one_is_explained(editor: FlaskClient, asset: Asset) -> None:
    url = f"/t/north/media/{asset.id}/crop"
    assert "data-crop" in editor.get(url).text
    part = {"left": "10", "top": "0", "width": "50,5", "height": "100", "x": "50", "y": "20"}
    assert editor.post(url, data=part).status_code == 303
    assert (stored(asset).crop, stored(asset).focus) == ([100, 0, 505, 1000], [500, 200])
    wrong = editor.post(url, data={**part, "left": "80"})
    assert wrong.status_code == 422 and "does not lie within" in wrong.text and 'value="80"' in wrong.text
    assert editor.post(url, data={**part, "left": "viel"}).status_code == 422
    assert editor.post(url, data={"whole": "1"}).status_code == 303 and stored(asset).crop is None


def test_replacing_shows_the_new_content_under_old_and_new_address(editor: FlaskClient, asset: Asset) -> None:
    before = f"/media/{asset.public_key}/mail600"
    assert editor.get(before, buffered=True).cache_control.immutable
    url = f"/t/north/media/{asset.id}/replace"
    file = {"file": (io.BytesIO(pictures.plain(600, 300, "red")), "neu.png")}
    assert editor.post(url, data=file, content_type="multipart/form-data").status_code == 303
    old = editor.get(before, buffered=True)
    new = editor.get(f"/media/{stored(asset).public_key}/mail600", buffered=True)
    assert old.data == new.data and not old.cache_control.immutable and old.cache_control.max_age == 3600
    empty = editor.post(url, data={}, content_type="multipart/form-data")
    assert empty.status_code == 422 and "Choose a file first." in empty.text
    text = {"file": (io.BytesIO(b"Text"), "a.txt")}
    assert "by a picture" in editor.post(url, data=text, content_type="multipart/form-data").text


def test_several_files_are_moved_tagged_and_deleted_at_once(
    editor: FlaskClient, asset: Asset, world: worlds.World
) -> None:
    folder = library.make_folder(world.north.id, "2026")
    foreign = library.upload(world.south.id, 1, "x.txt", b"Text")
    ids = {"asset": [str(asset.id), str(foreign.id)]}
    editor.post("/t/north/media/several", data={**ids, "act": "move", "folder": str(folder.id)})
    editor.post("/t/north/media/several", data={**ids, "act": "tag", "tag": "Winter, Markt"})
    assert (stored(asset).folder_id, stored(asset).tags) == (folder.id, ["Winter", "Markt"])
    assert library.find(world.north.id, text="winter").total == 1
    editor.post("/t/north/media/several", data={**ids, "act": "trash"})
    assert stored(asset).trashed_at and not stored(foreign).trashed_at and stored(foreign).folder_id is None
    assert (
        editor.post("/t/north/media/several", data={"act": "trash", "asset": str(foreign.id)}).status_code
        == 404
    )
    editor.post("/t/north/media/several", data={"act": "restore", "asset": str(asset.id)})
    assert stored(asset).trashed_at is None


def test_a_licence_that_ended_warns_in_list_panel_article_and_block(
    editor: FlaskClient, world: worlds.World, asset: Asset
) -> None:
    form = {"title": "Markt", "alt": "Ein Markt", "licence_until": "2020-01-31", "tags": "Markt"}
    assert editor.post(f"/t/north/media/{asset.id}", data=form).status_code == 303
    assert "Licence ended" in editor.get("/t/north/media").text
    assert "The licence ended on" in editor.get(f"/t/north/media/{asset.id}").text
    article = editor.post("/t/north/articles").headers["Location"]
    page = {"version": "1", "title": "T", "language": "de", "asset_id": str(asset.id)}
    editor.post(article, data=page)
    assert "The licence ended on" in editor.get(article).text
    issue = Issue.create(
        tenant_id=world.north.id, type_id=world.types["city"].id, name="Eine", created_by_id=world.editor.id
    )
    block = Block.create(
        tenant_id=world.north.id, issue_id=issue.id, position=1, kind="picture", data={"asset_id": asset.id}
    )
    opened = editor.get(f"/t/north/issues/{issue.id}?open={block.id}").text
    assert "data-picture-licence><svg" in opened and "The licence ended on" in opened
    wrong = editor.post(f"/t/north/media/{asset.id}", data={**form, "licence_until": "bald"})
    assert wrong.status_code == 422 and "Enter a day" in wrong.text


def test_a_folder_is_closed_for_all_but_the_chosen_roles(
    app: Flask, administrator: FlaskClient, editor: FlaskClient, asset: Asset, world: worlds.World, sign_in
) -> None:
    folder = library.make_folder(world.north.id, "Geheim")
    library.move(asset, folder.id)
    role = world.roles["journalist"].id
    assert editor.post(f"/t/north/media/f/{folder.id}/rights").status_code == 404
    url = f"/t/north/media/f/{folder.id}/rights"
    assert administrator.post(url, data={f"role-{role}": "use"}).status_code == 303
    journalist = sign_in(app.test_client(), world.journalist)
    assert (
        "Geheim" not in editor.get("/t/north/media").text
        and "markt.png" not in editor.get("/t/north/media").text
    )
    for path in (
        f"/t/north/media/f/{folder.id}",
        f"/t/north/media/{asset.id}",
        f"/t/north/media/{asset.id}/crop",
    ):
        assert editor.get(path).status_code == 404, path
    assert "markt.png" not in editor.get("/t/north/media/pick").text
    assert "markt.png" in journalist.get(f"/t/north/media/f/{folder.id}").text
    assert journalist.post(f"/t/north/media/{asset.id}", data={"title": "x"}).status_code == 403
    assert journalist.post(f"/t/north/media/{asset.id}/trash").status_code == 403
    up = {"folder": str(folder.id), "file": (io.BytesIO(b"Text"), "a.txt")}
    assert (
        journalist.post("/t/north/media/upload", data=up, content_type="multipart/form-data").status_code
        == 403
    )


def test_ceilings_are_set_by_administrators_and_told_before_the_upload(
    administrator: FlaskClient, editor: FlaskClient, world: worlds.World
) -> None:
    url = "/t/north/media/limits"
    assert editor.get(url).status_code == 404
    assert administrator.post(url, data={"file_mb": "2", "zip_allowed": "y"}).status_code == 303
    assert limits.of(world.north.id) == limits.Limits(2, None, None, True)
    page = editor.get("/t/north/media").text
    assert "up to 2 MB" in page and "also ZIP" in page and f'data-most="{2 * limits.MB}"' in page
    for wrong in ("0", "viel", "99999"):
        assert administrator.post(url, data={"file_mb": wrong}).status_code == 422
    assert limits.of(world.north.id).file_mb == 2


def test_deleting_for_good_is_a_button_of_the_trash(editor: FlaskClient, asset: Asset) -> None:
    assert editor.post(f"/t/north/media/{asset.id}/purge").status_code == 409
    editor.post(f"/t/north/media/{asset.id}/trash")
    assert "Delete for good" in editor.get(f"/t/north/media/{asset.id}").text
    assert editor.post(f"/t/north/media/{asset.id}/purge").status_code == 303
    assert not Asset.select().exists()


def test_forty_files_in_one_request_are_all_there(editor: FlaskClient, world: worlds.World) -> None:
    files = [(io.BytesIO(pictures.plain(16 + n, 16)), f"{n}.png") for n in range(12)]
    files += [(io.BytesIO(f"Text {n}".encode()), f"{n}.txt") for n in range(28)]
    answer = editor.post("/t/north/media/upload", data={"file": files}, content_type="multipart/form-data")
    assert answer.status_code == 303 and Asset.select().count() == 40
