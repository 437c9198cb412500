"""The virus scanner: asked before a file is kept, over clamd's own protocol; no answer means no file."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from domain.errors import Conflict, Invalid
from mediadb import library, scanner
from mediadb.models import Asset
from tests import pictures
from tests.mediadb.clamd import MARK, Clamd
from tests.world import World


@contextmanager
def scanning(**how: object) -> Iterator[Clamd]:
    server = Clamd(**how)  # type: ignore[arg-type]
    scanner.configure(server.url)
    try:
        yield server
    finally:
        scanner.configure("")
        server.close()


def test_a_clean_file_is_sent_whole_and_kept(world: World) -> None:
    text = b"Text " * 200_000  # several chunks
    with scanning() as server:
        library.upload(world.north.id, 1, "a.txt", text)
        library.upload(world.north.id, 1, "b.png", pictures.plain())
    assert server.seen == [text, pictures.plain()]


def test_a_find_is_told_by_name_and_leaves_nothing(world: World) -> None:
    with scanning(), pytest.raises(Invalid, match="Rundbrief-Test"):
        library.upload(world.north.id, 1, "a.txt", b"harmlos " + MARK)
    assert not Asset.select().exists()


@pytest.mark.parametrize("how", [{"limit": 10}, {"reply": b""}, {"reply": b"stream: something odd\0"}])
def test_a_scanner_that_does_not_say_ok_lets_nothing_in(world: World, how: dict[str, object]) -> None:
    with scanning(**how), pytest.raises(Conflict, match="does not answer"):
        library.upload(world.north.id, 1, "a.txt", b"Text " * 10)
    assert not Asset.select().exists()


def test_a_scanner_that_is_away_lets_nothing_in(world: World) -> None:
    with scanning() as server:
        gone = server.url
    scanner.configure(gone)
    try:
        with pytest.raises(Conflict):
            library.upload(world.north.id, 1, "a.txt", b"Text")
    finally:
        scanner.configure("")
    assert library.upload(world.north.id, 1, "a.txt", b"Text").filename == "a.txt"
