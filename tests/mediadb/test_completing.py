"""Pictures that were taken in before there were all sizes."""

from mediadb import completing, library, storage, treatment
from mediadb.models import Rendition
from tests import pictures
from tests.world import World


def sizes(asset_id: int) -> dict[str, str]:
    return dict(
        Rendition.select(Rendition.name, Rendition.sha256).where(Rendition.asset_id == asset_id).tuples()
    )


def test_missing_sizes_are_made_once_and_the_others_stay_as_they_are(world: World) -> None:
    wide = library.upload(world.north.id, world.editor.id, "weit.png", pictures.plain(2000, 900))
    treatment.cut(wide, world.editor.id, (0, 0, 800, 1000), (500, 500))
    before, key = sizes(wide.id), wide.public_key
    Rendition.delete().where(Rendition.name.in_(["mail1440", "card-avif", "thumb-avif"])).execute()
    assert completing.complete() == 1
    assert sizes(wide.id) == before and library.get(world.north.id, wide.id).public_key == key
    assert completing.complete() == 0


def test_what_cannot_be_read_any_more_is_not_tried_for_ever(world: World) -> None:
    asset = library.upload(world.north.id, world.editor.id, "weg.png", pictures.plain(300, 200))
    Rendition.delete().where(Rendition.name == "card-avif").execute()
    storage.delete(asset.sha256)
    assert completing.complete() == 1
    assert completing.complete() == 0


def test_documents_and_the_trash_are_left_alone(world: World) -> None:
    library.upload(world.north.id, world.editor.id, "a.txt", b"Text")
    asset = library.upload(world.north.id, world.editor.id, "a.png", pictures.plain(300, 200))
    Rendition.delete().where(Rendition.name == "card-avif").execute()
    library.trash(asset, world.editor.id)
    assert completing.complete() == 0
