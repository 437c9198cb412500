"""Files of a tenant: taken, found, moved, put into the trash and back; never those of another tenant."""

import io
import zipfile

import pytest

from domain.content.models import AssetUse
from domain.errors import Conflict, Invalid, NotFound
from mediadb import library, storage, urls
from mediadb.models import Asset, Rendition
from tests import pictures
from tests.world import World


def upload(world: World, name: str = "markt.png", data: bytes | None = None, **more: object) -> Asset:
    data = pictures.plain() if data is None else data
    return library.upload(world.north.id, world.editor.id, name, data, **more)


def zipped(*names: str, **contents: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, contents.get(name, "x"))
    return out.getvalue()


def test_a_picture_is_stored_with_all_its_sizes(world: World) -> None:
    asset = upload(world)
    assert (asset.kind, asset.mime, asset.width, asset.height) == ("picture", "image/jpeg", 320, 200)
    assert {r.name for r in library.renditions(asset)} == {"mail600", "mail1200", "card", "thumb"}
    for rendition in Rendition.select():
        assert len(storage.read(rendition.sha256)) == rendition.size_bytes


def test_addresses_are_unguessable_and_the_same_in_portal_and_mail(world: World) -> None:
    asset = upload(world)
    assert len(asset.public_key) >= 22
    assert urls.path(asset, "mail600") == f"/media/{asset.public_key}/mail600"
    assert (
        urls.absolute("https://news.example/", asset, "card")
        == f"https://news.example/media/{asset.public_key}/card"
    )
    found = library.served(asset.public_key, "mail600")
    assert found and found.mime == "image/jpeg"
    assert library.served(asset.public_key, "nothing") is None
    assert library.served("nothing", "mail600") is None


def test_the_same_content_is_kept_once_per_tenant(world: World) -> None:
    first = upload(world)
    again = library.take(world.north.id, world.editor.id, "kopie.png", pictures.plain())
    other = library.take(world.south.id, world.south_editor.id, "markt.png", pictures.plain())
    assert (again.asset.id, again.known) == (first.id, True)
    assert not other.known and other.asset.public_key != first.public_key


def test_uploading_what_lies_in_the_trash_takes_it_out(world: World) -> None:
    asset = upload(world)
    library.trash(asset, world.editor.id)
    assert upload(world).trashed_at is None


@pytest.mark.parametrize(
    ("name", "data", "mime"),
    [
        ("plan.pdf", b"%PDF-1.7 ...", "application/pdf"),
        ("zahlen.csv", b"a;b\n1;2\n", "text/csv"),
        ("notiz.txt", "Grüße".encode(), "text/plain"),
        ("brief.docx", zipped("[Content_Types].xml", "word/document.xml"), None),
        ("zahlen.xlsx", zipped("[Content_Types].xml", "xl/workbook.xml"), None),
        ("text.odt", zipped("mimetype", mimetype="application/vnd.oasis.opendocument.text"), None),
    ],
)
def test_documents_are_taken(world: World, name: str, data: bytes, mime: str | None) -> None:
    asset = upload(world, name, data)
    assert asset.kind == "document"
    assert mime is None or asset.mime == mime
    assert urls.path(asset, "mail600").endswith("/file")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("leer.png", b"", "empty"),
        ("gross.pdf", b"%PDF-" + b"x" * (25 * 1024 * 1024), "larger than 25 MB"),
        ("alles.zip", zipped("a"), "We cannot take archives"),
        ("virus.exe", b"MZ...", "We cannot take this kind"),
        ("foto.jpg.exe", b"MZ...", "We cannot take this kind"),
        ("seite.html", b"<script>", "We cannot take this kind"),
        ("alt.doc", b"\xd0\xcf\x11\xe0", "Save the document as DOCX"),
        ("kein.pdf", b"<html>", "does not fit the name"),
        ("kein.docx", zipped("a.txt"), "does not fit the name"),
        (
            "makro.docx",
            zipped("[Content_Types].xml", "word/x", "word/vbaProject.bin"),
            "does not fit the name",
        ),
        ("kein.txt", b"MZ\x00\x00", "does not fit the name"),
        ("IMG_4711.HEIC", pictures.heic(), "We cannot take HEIC"),
        ("IMG_4711.jpg", pictures.heic(), "We cannot take HEIC"),
        ("kein.jpg", b"%PDF-1.7", "We cannot read this picture"),
    ],
)
def test_everything_else_is_refused_and_leaves_nothing(
    world: World, name: str, data: bytes, words: str
) -> None:
    with pytest.raises(Invalid) as refused:
        upload(world, name, data)
    assert words in str(refused.value)
    assert not Asset.select().exists()


def test_names_lose_paths_and_control_characters(world: World) -> None:
    assert upload(world, "..\\..\\etc/pass\r\nwd.png").filename == "pass wd.png"


def test_words_are_found_in_every_spelling(world: World) -> None:
    asset = upload(world, "bruecke.png")
    library.describe(asset, "Leinebrücke", "Die große Brücke", "Foto: Jürgen Groß")
    for words in ("leinebruecke", "GROSSE", "jurgen", "brücke foto"):
        assert [a.id for a in library.find(world.north.id, text=words).assets] == [asset.id], words
    assert not library.find(world.north.id, text="%").assets


def test_folders_hold_files_and_are_found_by_their_path(world: World) -> None:
    top = library.make_folder(world.north.id, "Stadtgespräch")
    year = library.make_folder(world.north.id, "2026", top.id)
    asset = upload(world, folder_id=year.id)
    assert [a.id for a in library.find(world.north.id, year.id).assets] == [asset.id]
    assert library.find(world.north.id, top.id).total == 0
    path = library.path_to(library.folders(world.north.id), year.id)
    assert [f.name for f in path] == ["Stadtgespräch", "2026"]


@pytest.mark.parametrize("name", ["", "  ", "2026"])
def test_folder_names_are_given_once(world: World, name: str) -> None:
    library.make_folder(world.north.id, "2026")
    other = library.make_folder(world.north.id, "2025")
    with pytest.raises(Invalid):
        library.make_folder(world.north.id, name)
    with pytest.raises(Invalid):
        library.rename_folder(other, name)


def test_only_empty_folders_are_deleted_and_the_trash_does_not_count(world: World) -> None:
    folder = library.make_folder(world.north.id, "2026")
    asset = upload(world, folder_id=folder.id)
    with pytest.raises(Conflict):
        library.remove_folder(folder)
    library.trash(asset, world.editor.id)
    library.remove_folder(folder)
    assert library.get(world.north.id, asset.id).folder_id is None


def test_files_in_use_stay(world: World) -> None:
    asset = upload(world)
    AssetUse.create(tenant_id=world.north.id, asset_id=asset.id, kind="issue", object_id=1)
    with pytest.raises(Conflict):
        library.trash(asset, world.editor.id)


def test_trash_and_back(world: World) -> None:
    asset = upload(world)
    library.trash(asset, world.editor.id)
    assert library.find(world.north.id, everywhere=True).total == 0
    assert library.find(world.north.id, trashed=True).total == library.counts(world.north.id)[1] == 1
    library.restore(asset)
    assert library.find(world.north.id, everywhere=True).total == 1


def test_foreign_files_and_folders_look_like_missing_ones(world: World) -> None:
    asset, folder = upload(world), library.make_folder(world.north.id, "x")
    for ask in (
        lambda: library.get(world.south.id, asset.id),
        lambda: library.folder(world.south.id, folder.id),
        lambda: library.make_folder(world.south.id, "y", folder.id),
        lambda: library.upload(world.south.id, 1, "a.png", pictures.plain(), folder.id),
    ):
        with pytest.raises(NotFound):
            ask()
    assert library.many(world.south.id, [asset.id]) == {}
    assert library.ids_of(world.south.id, [asset.public_key]) == []
    assert library.find(world.south.id, everywhere=True).total == 0


def test_pages_lead_through_all_files(world: World) -> None:
    for i in range(library.PAGE_SIZE + 3):
        upload(world, f"{i}.txt", f"Text {i}".encode())
    first = library.find(world.north.id, everywhere=True)
    second = library.find(world.north.id, everywhere=True, before_id=first.older_id)
    assert len({a.id for a in (*first.assets, *second.assets)}) == first.total == library.PAGE_SIZE + 3
    assert second.older_id is None


def test_a_stored_file_is_whole_and_kept_once(world: World) -> None:
    digest = storage.put(b"Inhalt")
    assert storage.put(b"Inhalt") == digest and storage.read(digest) == b"Inhalt"
    assert [p.name for p in storage.path_of(digest).parent.iterdir()] == [digest]
    for wrong in ("../../etc/passwd", "", "x" * 64 + "/"):
        with pytest.raises(ValueError):
            storage.path_of(wrong)


def test_a_mail_gets_a_picture_that_is_sharp_in_every_width_of_a_template(world: World) -> None:
    """Also pictures that were taken in before there was the widest size."""
    wide = library.upload(world.north.id, world.editor.id, "weit.png", pictures.plain(2000, 900))
    small = library.upload(world.north.id, world.editor.id, "schmal.png", pictures.plain(900, 600))
    chosen = {pixels: urls.mail_size(wide, pixels) for pixels in (152, 300, 424, 544, 600, 664)}
    assert list(chosen.values()) == ["mail600", "mail600", "mail1200", "mail1200", "mail1200", "mail1440"]
    assert urls.mail_size(small, 664) == "mail1200"
    served = library.served(wide.public_key, "mail1440")
    assert served and served.digest != library.served(wide.public_key, "mail1200").digest
    Rendition.delete().where(Rendition.asset_id == wide.id, Rendition.name == "mail1440").execute()
    assert (
        library.served(wide.public_key, "mail1440").digest
        == library.served(wide.public_key, "mail1200").digest
    )
    wide.crop = [0, 0, 500, 1000]
    assert urls.mail_size(wide, 664) == "mail1200"
