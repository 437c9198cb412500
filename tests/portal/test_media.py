"""Uploading, describing, choosing and serving media in the portal."""

import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.content.models import Article, AssetUse
from mediadb import library
from mediadb.models import Asset, Folder, Rendition
from tests import pictures
from tests import world as worlds
from tests.portal.conftest import HTMX

SCRIPT = {"X-Requested-With": "upload"}


@pytest.fixture
def journalist(app: Flask, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.journalist)


def upload(
    client: FlaskClient, *files: tuple[str, bytes], headers: dict[str, str] | None = None, **form: Any
):
    data = {"file": [(io.BytesIO(content), name) for name, content in files], **form}
    return client.post(
        "/t/north/media/upload", data=data, headers=headers, content_type="multipart/form-data"
    )


def kept(world: worlds.World, name: str = "markt.png", **more: Any) -> Asset:
    return library.upload(world.north.id, world.journalist.id, name, pictures.plain(), **more)


def test_several_files_by_the_plain_form_each_for_itself(
    journalist: FlaskClient, world: worlds.World
) -> None:
    folder = library.make_folder(world.north.id, "2026")
    answer = upload(
        journalist, ("a.png", pictures.plain()), ("IMG_1.HEIC", pictures.heic()), ("leer.png", b""),
        ("b.txt", b"Text"), folder=str(folder.id),
    )  # fmt: skip
    assert answer.status_code == 303
    page = journalist.get(answer.headers["Location"]).text
    assert "2 files uploaded." in page
    assert "IMG_1.HEIC: We cannot take HEIC. Save the picture as JPEG." in page
    assert "leer.png: This file is empty." in page
    assert {a.filename for a in Asset.select().where(Asset.folder_id == folder.id)} == {"a.png", "b.txt"}


def test_by_script_one_file_is_answered_with_what_it_became(journalist: FlaskClient) -> None:
    answer = upload(journalist, ("phone.jpg", pictures.from_a_phone(800, 600)), headers=SCRIPT)
    assert answer.status_code == 200 and answer.json["thumb"].startswith("/media/")
    card = journalist.get(answer.json["thumb"], buffered=True)
    assert card.mimetype == "image/webp" and b"Geheimnis" not in card.data
    again = upload(journalist, ("phone.jpg", pictures.from_a_phone(800, 600)), headers=SCRIPT)
    assert again.json["id"] == answer.json["id"] and "Already" in again.json["text"]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("bombe.png", pictures.bomb(), "40 megapixels"),
        ("x.heic", pictures.heic(), "HEIC"),
        ("kaputt.jpg", b"\xff\xd8\xff\xe0 kaputt", "cannot read"),
        ("x.svg", b"<svg onload=alert(1)>", "SVG"),
        ("x.zip", b"PK\x03\x04", "archives"),
    ],
)
def test_by_script_a_refusal_is_a_sentence(
    journalist: FlaskClient, name: str, data: bytes, words: str
) -> None:
    answer = upload(journalist, (name, data), headers=SCRIPT)
    assert answer.status_code == 422 and words in answer.json["text"]
    assert not Asset.select().exists()


def test_200_mb_are_refused_before_they_are_read(journalist: FlaskClient) -> None:
    answer = journalist.post(
        "/t/north/media/upload",
        input_stream=io.BytesIO(b"--x\r\n"),
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(200 * 1024 * 1024)},
    )
    assert answer.status_code == 413 and "larger than we take" in answer.text


def test_upload_of_nothing_says_what_to_do(journalist: FlaskClient) -> None:
    assert upload(journalist, headers=SCRIPT).json["text"] == "Choose one or more files first."
    answer = upload(journalist)
    assert "Choose one or more files first." in journalist.get(answer.headers["Location"]).text


def test_upload_with_an_expired_sign_in_is_401(app: Flask, world: worlds.World) -> None:
    assert upload(app.test_client(), ("a.png", pictures.plain()), headers=SCRIPT).status_code == 401


def test_pictures_are_served_to_everybody_and_kept_for_a_year(app: Flask, world: worlds.World) -> None:
    asset = kept(world)
    answer = app.test_client().get(f"/media/{asset.public_key}/mail600", buffered=True)
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert (
        "max-age=31536000" in answer.headers["Cache-Control"]
        and "immutable" in answer.headers["Cache-Control"]
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    again = app.test_client().get(
        f"/media/{asset.public_key}/mail600", headers={"If-None-Match": answer.headers["ETag"]}, buffered=True
    )
    assert again.status_code == 304


def test_documents_are_downloads_and_never_pages(app: Flask, world: worlds.World) -> None:
    asset = library.upload(world.north.id, world.editor.id, "böse.txt", b"<script>alert(1)</script>")
    answer = app.test_client().get(f"/media/{asset.public_key}/file", buffered=True)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.mimetype == "text/plain"


@pytest.mark.parametrize("path", ["nothing/mail600", "{key}/nothing", "{key}/..%2f..%2fportal.db", "%00/x"])
def test_unknown_addresses_are_not_found(app: Flask, world: worlds.World, path: str) -> None:
    assert app.test_client().get("/media/" + path.format(key=kept(world).public_key)).status_code == 404


def test_describing_and_moving(journalist: FlaskClient, world: worlds.World) -> None:
    asset, folder = kept(world), library.make_folder(world.north.id, "2026")
    form = {"title": "Markt", "alt": "Stände\r\nim Regen", "credit": "Foto: X", "folder": str(folder.id)}
    assert journalist.post(f"/t/north/media/{asset.id}", data=form).status_code == 303
    asset = library.get(world.north.id, asset.id)
    assert (asset.title, asset.alt, asset.folder_id) == ("Markt", "Stände im Regen", folder.id)
    assert "Stände im Regen" in journalist.get(f"/t/north/media/{asset.id}").text
    panel = journalist.get(f"/t/north/media/{asset.id}", headers=HTMX).text
    assert "Foto: X" in panel and "<html" not in panel


def test_the_panel_says_where_a_file_is_used_and_why_it_stays(
    journalist: FlaskClient, world: worlds.World
) -> None:
    asset = kept(world)
    article = Article.create(tenant_id=world.north.id, title="Mein Artikel", author_id=world.journalist.id)
    AssetUse.create(tenant_id=world.north.id, asset_id=asset.id, kind="article", object_id=article.id)
    page = journalist.get(f"/t/north/media/{asset.id}").text
    assert "Mein Artikel" in page and "Not possible while" in page
    assert journalist.post(f"/t/north/media/{asset.id}/trash").status_code == 409
    assert library.get(world.north.id, asset.id).trashed_at is None


def test_trash_undo_and_restore(journalist: FlaskClient, world: worlds.World) -> None:
    asset = kept(world)
    page = journalist.get(journalist.post(f"/t/north/media/{asset.id}/trash").headers["Location"]).text
    assert f"/t/north/media/{asset.id}/restore" in page
    assert "markt.png" in journalist.get("/t/north/media/trash").text
    assert journalist.post(f"/t/north/media/{asset.id}/restore").status_code == 303
    assert "The trash is empty." in journalist.get("/t/north/media/trash").text


def test_folders_are_made_renamed_and_deleted(journalist: FlaskClient, world: worlds.World) -> None:
    made = journalist.post("/t/north/media/folders", data={"name": "2026"})
    folder_id = int(made.headers["Location"].rsplit("/", 1)[1])
    again = journalist.post("/t/north/media/folders", data={"name": "2026"})
    assert again.status_code == 422 and "already a folder with this name" in again.text
    journalist.post(f"/t/north/media/f/{folder_id}/rename", data={"name": "2027"})
    assert "2027" in journalist.get("/t/north/media").text
    asset = kept(world, folder_id=folder_id)
    assert journalist.post(f"/t/north/media/f/{folder_id}/remove").status_code == 409
    library.trash(asset, world.editor.id)
    assert journalist.post(f"/t/north/media/f/{folder_id}/remove").status_code == 303
    assert not Folder.select().exists()


def test_search_looks_into_all_folders_and_filters_by_kind(
    journalist: FlaskClient, world: worlds.World
) -> None:
    folder = library.make_folder(world.north.id, "2026")
    kept(world, "bruecke.png", folder_id=folder.id)
    library.upload(world.north.id, world.editor.id, "plan.txt", b"Text")
    assert "bruecke.png" in journalist.get("/t/north/media?q=brücke", headers=HTMX).text
    documents = journalist.get("/t/north/media?kind=document", headers=HTMX).text
    assert "plan.txt" in documents and "bruecke.png" not in documents
    assert journalist.get("/t/north/media?kind=nonsense&before=x").status_code == 200


def test_the_picker_offers_pictures_only(journalist: FlaskClient, world: worlds.World) -> None:
    asset = kept(world, alt='Der "Markt"')
    library.upload(world.north.id, world.editor.id, "plan.txt", b"Text")
    fragment = journalist.get("/t/north/media/pick", headers=HTMX).text
    assert f'data-choose="{asset.id}"' in fragment and "plan.txt" not in fragment and "<html" not in fragment
    assert "Der &#34;Markt&#34;" in fragment
    assert journalist.get("/t/north/media/pick").status_code == 200


def test_foreign_files_and_folders_are_not_found(journalist: FlaskClient, world: worlds.World) -> None:
    asset = library.upload(world.south.id, world.south_editor.id, "a.png", pictures.plain())
    folder = library.make_folder(world.south.id, "x")
    assert journalist.get(f"/t/north/media/{asset.id}").status_code == 404
    assert journalist.get(f"/t/north/media/f/{folder.id}").status_code == 404
    for path in (
        f"{asset.id}",
        f"{asset.id}/trash",
        f"{asset.id}/restore",
        f"f/{folder.id}/rename",
        f"f/{folder.id}/remove",
    ):
        assert journalist.post(f"/t/north/media/{path}", data={"name": "y"}).status_code == 404, path
    assert (
        journalist.post("/t/north/media/folders", data={"name": "y", "parent": folder.id}).status_code == 404
    )
    assert upload(journalist, ("a.png", pictures.plain()), folder=str(folder.id)).status_code == 404
    mine = kept(world)
    assert journalist.post(f"/t/north/media/{mine.id}", data={"folder": folder.id}).status_code == 404
    assert a_list_shows(journalist, asset) is False


def a_list_shows(client: FlaskClient, asset: Asset) -> bool:
    return asset.public_key in client.get("/t/north/media").text


def test_people_without_the_right_see_no_media(app: Flask, world: worlds.World, sign_in) -> None:
    kept(world)
    sender = sign_in(app.test_client(), world.sender)
    assert sender.get("/t/north/media").status_code == 404
    assert upload(sender, ("a.png", pictures.plain())).status_code == 404


def test_the_portal_shows_avif_to_browsers_that_ask_for_it(app: Flask, world: worlds.World) -> None:
    asset = library.upload(world.north.id, world.editor.id, "a.png", pictures.plain(900, 500))
    for accept, wanted in (("image/avif,image/webp,*/*", "image/avif"), ("*/*", "image/webp")):
        answer = app.test_client().get(
            f"/media/{asset.public_key}/card", headers={"Accept": accept}, buffered=True
        )
        assert answer.mimetype == wanted and "Accept" in answer.headers["Vary"]
        assert "immutable" in answer.headers["Cache-Control"]
    mail = app.test_client().get(
        f"/media/{asset.public_key}/mail600", headers={"Accept": "image/avif"}, buffered=True
    )
    assert mail.mimetype == "image/jpeg"
    Rendition.delete().where(Rendition.name == "card-avif").execute()  # taken in before there was AVIF
    old = app.test_client().get(
        f"/media/{asset.public_key}/card", headers={"Accept": "image/avif"}, buffered=True
    )
    assert old.mimetype == "image/webp"


def test_a_large_file_comes_in_pieces_and_is_taken_as_a_whole(journalist: FlaskClient) -> None:
    data, key, url = pictures.plain(900, 500), {"upload": "1-2-3"}, "/t/north/media/pieces"
    half = len(data) // 2
    assert journalist.get(url, query_string=key).json == {"held": 0}
    for number, piece in enumerate((data[:half], data[half:])):
        form = {**key, "number": str(number), "file": (io.BytesIO(piece), "blob")}
        assert journalist.post(url, data=form).json == {"held": number + 1}
    ready = {**key, "name": "Markt.png"}
    assert journalist.post(f"{url}/whole", data={**ready, "size": "7"}).status_code == 422
    assert journalist.get(url, query_string=key).json == {"held": 0}
    form = {**key, "number": "0", "file": (io.BytesIO(data), "blob")}
    assert journalist.post(url, data=form).json == {"held": 1}
    taken = journalist.post(f"{url}/whole", data={**ready, "size": str(len(data))})
    assert taken.json["name"] == "Markt.png" and not taken.json["known"]
    assert Asset.get(Asset.filename == "Markt.png").width == 900
    assert journalist.get(url, query_string=key).json == {"held": 0}
    bad = journalist.post(url, data={**key, "number": "0", "file": (io.BytesIO(b"GIF"), "blob")})
    assert bad.json == {"held": 1}
    refused = journalist.post(f"{url}/whole", data={**key, "name": "a.gif", "size": "3"})
    assert refused.status_code == 422 and "picture" in refused.json["text"]
