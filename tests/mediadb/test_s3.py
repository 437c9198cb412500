"""Files in a bucket: the same promises as in a folder, over signed requests."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mediadb import library, s3, storage
from mediadb.models import Rendition
from tests import pictures
from tests.mediadb.bucket import Server
from tests.world import World


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    made = Server()
    storage.configure(made.url)
    yield made
    made.close()


def test_a_signature_is_the_one_that_the_makers_of_the_protocol_print() -> None:
    """Their example "GET Bucket Lifecycle"."""
    bucket = s3.Bucket(
        "examplebucket.s3.amazonaws.com", "x", "us-east-1", "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    )  # fmt: skip
    made = bucket.headers("GET", "/", b"", datetime(2013, 5, 24, tzinfo=UTC), "lifecycle=")
    signature = made["Authorization"].rpartition("Signature=")[2]
    assert signature == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"


def test_files_are_kept_read_and_forgotten(server: Server) -> None:
    digest = storage.put(b"Inhalt")
    assert server.objects == {f"/medien/haus/{digest[:2]}/{digest}": b"Inhalt"}
    assert storage.read(digest) == b"Inhalt" and storage.exists(digest) and storage.path_of(digest) is None
    storage.delete(digest)
    storage.delete(digest)
    assert not storage.exists(digest)
    with pytest.raises(FileNotFoundError):
        storage.read(digest)


def test_a_picture_with_its_sizes_lies_in_the_bucket(server: Server, world: World) -> None:
    asset = library.upload(world.north.id, 1, "a.png", pictures.plain())
    found = library.served(asset.public_key, "card")
    assert found and storage.read(found.digest)[8:12] == b"WEBP"
    assert len(server.objects) == len({asset.sha256, *(r.sha256 for r in Rendition.select())})


def test_a_server_that_is_busy_is_asked_again(server: Server) -> None:
    server.fail = s3.TRIES - 1
    assert storage.exists(storage.put(b"Inhalt"))
    server.fail = s3.TRIES
    with pytest.raises(s3.StorageError, match="503"):
        storage.put(b"anderes")


def test_a_wrong_key_is_an_error_and_not_a_missing_file(server: Server) -> None:
    storage.configure(server.url.replace("geheim", "falsch"))
    with pytest.raises(s3.StorageError, match="403"):
        storage.exists("0" * 64)
