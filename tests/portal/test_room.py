"""A disk that is nearly full: imports wait, and whoever administers the house sees it."""

import io
import shutil
from collections import namedtuple

import pytest

from domain.subscribers.models import ImportJob
from portal import room

Usage = namedtuple("Usage", "total used free")
GB = 1024**3


@pytest.fixture
def nearly_full(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(40 * GB, 37 * GB, 3 * GB))


def upload(client):
    return client.post(
        "/t/north/subscribers/imports", data={"file": (io.BytesIO(b"E-Mail\na@x.example\n"), "a.csv")}
    )


def test_without_room_nothing_is_imported(client, sign_in, world, nearly_full):
    sign_in(client, world.administrator)
    refused = upload(client)
    assert refused.status_code == 409 and "nearly full" in refused.text
    assert not ImportJob.select().exists()


def test_with_room_a_file_is_taken(client, sign_in, world):
    sign_in(client, world.administrator)
    assert upload(client).status_code == 303


@pytest.mark.parametrize(
    ("total", "free", "scarce"), [(40, 3, True), (40, 5, False), (1000, 20, False), (8, 1, False)]
)
def test_a_tenth_of_a_small_disk_is_kept(monkeypatch, tmp_path, total, free, scarce):
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(total * GB, 0, free * GB))
    assert room.is_scarce(tmp_path) == scarce


def test_the_dispatcher_page_says_so(client, sign_in, world, nearly_full):
    sign_in(client, world.administrator)
    assert "3,072 MB" in client.get("/house/dispatcher").text
