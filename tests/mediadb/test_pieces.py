"""Large files on their way in, piece by piece."""

from datetime import timedelta

import pytest

from domain import clock
from domain.errors import Invalid, NotFound, OverLimit
from mediadb import limits, pieces
from mediadb.models import UploadPiece
from tests.world import World

KEY = "9-1-2"


def keep(world: World, number: int, data: bytes, key: str = KEY) -> int:
    return pieces.keep(world.north.id, world.editor.id, key, number, data)


def test_an_upload_goes_on_where_it_stood(world: World) -> None:
    north, editor = world.north.id, world.editor.id
    assert pieces.held(north, editor, KEY) == 0
    assert keep(world, 0, b"abc") == 1
    assert keep(world, 0, b"abc") == 1  # sent again, because the answer got lost
    assert keep(world, 2, b"ghi") == 1  # before its turn
    assert keep(world, 1, b"def") == 2 and pieces.held(north, editor, KEY) == 2
    with pytest.raises(NotFound):
        pieces.whole(north, editor, KEY, 9)
    keep(world, 2, b"ghi")
    assert pieces.whole(north, editor, KEY, 9) == b"abcdefghi"
    assert pieces.held(world.south.id, editor, KEY) == pieces.held(north, world.journalist.id, KEY) == 0
    pieces.forget(north, editor, KEY)
    assert not UploadPiece.select().exists()


@pytest.mark.parametrize(("key", "data"), [("../x", b"a"), ("", b"a"), ("k" * 61, b"a"), (KEY, b"")])
def test_what_is_no_piece_is_not_taken(world: World, key: str, data: bytes) -> None:
    with pytest.raises(NotFound):
        keep(world, 0, data, key)


def test_a_file_that_grows_too_large_is_refused_and_forgotten(world: World) -> None:
    limits.set_limits(world.north.id, world.editor.id, {"file_mb": 1}, False)
    keep(world, 0, b"x" * limits.MB)
    with pytest.raises(Invalid):
        keep(world, 1, b"x")
    assert not UploadPiece.select().exists()


def test_nobody_fills_the_house_with_files_that_never_arrive(world: World) -> None:
    limits.set_limits(world.north.id, world.editor.id, {"file_mb": 1}, False)
    for number in range(pieces.UNFINISHED):
        keep(world, 0, b"x" * limits.MB, f"k{number}")
    with pytest.raises(OverLimit):
        keep(world, 0, b"x", "one-more")
    UploadPiece.update(created_at=clock.now() - pieces.GIVEN_UP - timedelta(seconds=1)).execute()
    assert keep(world, 0, b"x", "one-more") == 1
    UploadPiece.update(created_at=clock.now() - pieces.KEPT - timedelta(seconds=1)).execute()
    assert pieces.clear() == 1 and not UploadPiece.select().exists()
