"""Crop, focus, replacing, deleting for good; documents with a first page; thirty bombs; ceilings; rights of folders."""

import io
from datetime import timedelta

import pytest
from PIL import Image

from domain import clock
from domain.accounts import policy
from domain.content.models import AssetUse
from domain.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, OverLimit
from mediadb import library, limits, reach, storage, treatment
from mediadb.models import Asset, Rendition
from tests import pictures
from tests.world import World


def halves() -> bytes:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (1000, 500), "red")
    image.paste("blue", (500, 0, 1000, 500))
    return pictures.encoded(image, "PNG")


def size(asset: Asset, name: str) -> Image.Image:
    row = Rendition.get(Rendition.asset_id == asset.id, Rendition.name == name)
    return Image.open(io.BytesIO(storage.read(row.sha256))).convert("RGB")


def is_blue(image: Image.Image, x: float) -> bool:
    red, _green, blue = image.getpixel((int(image.width * x), image.height // 2))  # type: ignore[misc]
    return blue > red


@pytest.fixture
def asset(world: World) -> Asset:
    return library.upload(world.north.id, world.editor.id, "a.png", halves())


def test_a_crop_shows_its_part_and_the_original_stays_whole(world: World, asset: Asset) -> None:
    original = asset.sha256
    treatment.cut(asset, world.editor.id, (500, 0, 500, 1000), None)
    assert asset.sha256 == original
    assert all(is_blue(size(asset, "mail600"), x) for x in (0.1, 0.9))
    treatment.cut(asset, world.editor.id, None, None)
    assert asset.crop is None and not is_blue(size(asset, "mail600"), 0.1)


def test_the_focus_stays_visible_where_a_size_cuts(world: World, asset: Asset) -> None:
    treatment.cut(asset, world.editor.id, None, (1000, 500))
    thumb = size(asset, "thumb")
    assert is_blue(thumb, 0.5)
    treatment.cut(asset, world.editor.id, None, (0, 500))
    assert not is_blue(size(asset, "thumb"), 0.5)


@pytest.mark.parametrize("crop", [(900, 0, 200, 1000), (-1, 0, 500, 500), (0, 0, 5, 1000)])
def test_a_part_outside_of_the_picture_is_refused(
    world: World, asset: Asset, crop: tuple[int, int, int, int]
) -> None:
    with pytest.raises(Invalid):
        treatment.cut(asset, world.editor.id, crop, None)


def test_replacing_keeps_references_and_old_addresses_lead_on(world: World, asset: Asset) -> None:
    library.describe(asset, "Titel", "Text", "Foto: X", ["Markt"], clock.now().date())
    key = asset.public_key
    treatment.replace(asset, world.editor.id, "neu.jpg", pictures.plain(400, 300, "green", "JPEG"))
    stored = library.get(world.north.id, asset.id)
    assert (stored.title, stored.alt, stored.tags, stored.filename) == ("Titel", "Text", ["Markt"], "neu.jpg")
    now, before = library.served(stored.public_key, "mail600"), library.served(key, "mail600")
    assert now and before and now.digest == before.digest and before.moved and not now.moved
    assert library.ids_of(world.north.id, [key]) == [asset.id]
    assert library.ids_of(world.south.id, [key]) == []


def test_a_picture_is_not_replaced_by_a_document_nor_by_itself(world: World, asset: Asset) -> None:
    with pytest.raises(Invalid):
        treatment.replace(asset, world.editor.id, "a.txt", b"Text")
    with pytest.raises(Conflict):
        treatment.replace(asset, world.editor.id, "a.png", halves())


def test_only_unused_files_of_the_trash_are_deleted_for_good(world: World, asset: Asset) -> None:
    with pytest.raises(Conflict):
        treatment.purge(asset, world.editor.id)
    library.trash(asset, world.editor.id)
    use = AssetUse.create(tenant_id=world.north.id, asset_id=asset.id, kind="article", object_id=1)
    with pytest.raises(Conflict):
        treatment.purge(asset, world.editor.id)
    use.delete_instance()
    digest = asset.sha256
    twin = library.upload(world.south.id, world.south_editor.id, "b.png", halves())
    treatment.purge(asset, world.editor.id)
    assert storage.exists(digest), "another tenant has the same file"
    library.trash(twin, world.south_editor.id)
    treatment.purge(twin, world.south_editor.id)
    assert not storage.exists(digest) and not Rendition.select().exists()


def test_the_trash_empties_itself_after_its_time(world: World, asset: Asset) -> None:
    library.trash(asset, world.editor.id)
    assert treatment.empty_trash() == 0
    Asset.update(trashed_at=clock.now() - treatment.KEPT_IN_TRASH - timedelta(minutes=1)).execute()
    assert treatment.empty_trash() == 1 and not Asset.select().exists()


def test_a_pdf_has_its_first_page_and_a_broken_one_just_an_icon(world: World) -> None:
    good = library.upload(world.north.id, 1, "gut.pdf", pictures.pdf())
    bad = library.upload(world.north.id, 1, "kaputt.pdf", b"%PDF-1.4 kaputt")
    assert {r.name for r in library.renditions(good)} == {"card", "thumb", "mail600"}
    assert library.previews(world.north.id, [good, bad]) == {good.id}


def test_thirty_bombs_are_refused_in_plain_words_and_leave_nothing(world: World) -> None:
    bombs = pictures.bombs()
    assert len(bombs) >= 30
    for name, data in bombs:
        assert len(data) < 1_000_000, name
        with pytest.raises(Invalid):
            library.upload(world.north.id, 1, name, data)
    assert not Asset.select().exists() and not Rendition.select().exists()


def test_the_credit_of_the_camera_becomes_a_field(world: World) -> None:
    exif = Image.Exif()
    exif[0x013B] = "Jana Beispiel"
    data = pictures.encoded(Image.new("RGB", (64, 64)), "JPEG", exif=exif)
    asset = library.upload(world.north.id, 1, "a.jpg", data)
    assert asset.credit == "Jana Beispiel" and b"Jana" not in storage.read(asset.sha256)
    assert library.find(world.north.id, text="beispiel").total == 1


def test_ceilings_per_file_person_and_tenant(world: World) -> None:
    limits.set_limits(world.north.id, 1, {"file_mb": 1, "user_mb": 2, "tenant_mb": 3}, False)
    with pytest.raises(Invalid, match="larger than 1 MB"):
        library.upload(world.north.id, 1, "a.txt", b"x" * (limits.MB + 1))
    for number, user in ((1, 1), (2, 1), (3, 2)):
        library.upload(world.north.id, user, "a.txt", str(number).encode() * (limits.MB - 10))
    with pytest.raises(OverLimit, match="your room"):
        limits.set_limits(world.north.id, 1, {"user_mb": 2}, False)
        library.upload(world.north.id, 1, "b.txt", b"y" * 1000)
    limits.set_limits(world.north.id, 1, {"tenant_mb": 3}, False)
    with pytest.raises(OverLimit, match="of this tenant are full"):
        library.upload(world.north.id, 9, "b.txt", b"y" * 1000)
    assert library.upload(world.south.id, 1, "b.txt", b"y" * 1000)


def test_archives_only_where_the_tenant_takes_them(world: World) -> None:
    from tests.mediadb.test_library import zipped

    with pytest.raises(Invalid, match="archives"):
        library.upload(world.north.id, 1, "a.zip", zipped("a.txt"))
    limits.set_limits(world.north.id, 1, {}, True)
    assert library.upload(world.north.id, 1, "a.zip", zipped("a.txt")).mime == "application/zip"
    with pytest.raises(Invalid):
        library.upload(world.north.id, 1, "b.zip", b"PK\x03\x04 kein Archiv")


def test_a_folder_with_rights_is_there_only_for_its_roles(world: World) -> None:
    top = library.make_folder(world.north.id, "Redaktion")
    below = library.make_folder(world.north.id, "2026", top.id)
    roles = {r.starter: r.id for r in world.roles.values()}
    reach.set_rights(top, {roles["editor"]: True, roles["auditor"]: False}, 1, roles.values())
    seen = {
        who: reach.of(world.north.id, policy.rights_of(getattr(world, who), world.north.id))
        for who in ("editor", "auditor", "journalist", "administrator")
    }
    assert seen["editor"] == seen["administrator"] == reach.Reach()
    assert seen["journalist"].hidden == {top.id, below.id}
    assert seen["auditor"].fixed == {top.id, below.id} and not seen["auditor"].hidden
    asset = library.upload(world.north.id, 1, "a.txt", b"Text", below.id)
    hidden = seen["journalist"].hidden
    assert library.find(world.north.id, everywhere=True, hidden=hidden).total == 0
    with pytest.raises(NotFound):
        seen["journalist"].need(asset)
    with pytest.raises(Forbidden):
        seen["auditor"].need_change(below.id)
    with pytest.raises(DomainError):
        reach.set_rights(top, {99_999: True}, 1, roles.values())
