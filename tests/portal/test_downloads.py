"""Files that are streamed: read by the server after the frame of the request, and its connection, are gone."""

import io

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook

from domain.db import database as connected
from domain.segments import saved
from domain.subscribers import directory
from tests.world import World


@pytest.fixture
def administrator(client: FlaskClient, world: World, sign_in) -> FlaskClient:
    directory.create(world.north.id, {"address": "anna@leser.example", "first_name": "Anna"})
    saved.save(world.north.id, "Alle", {"match": "all", "rules": []}, [], world.editor.id)
    return sign_in(client, world.administrator)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("path", "words"), [("segments/1/export", "anna@leser.example"), ("admin/log/export", "segment.save")]
)
def test_a_file_is_made_when_the_connection_of_the_request_is_closed(
    administrator: FlaskClient, path: str, words: str, kind: str
) -> None:
    connected.close()  # as in a thread of the server: what a request opens is closed behind it
    body = administrator.post(f"/t/north/{path}", data={"as": kind}, buffered=True).data
    assert connected.is_closed(), "and so is what the file opened"
    connected.connect()
    if kind == "xlsx":
        cells = [str(cell) for row in load_workbook(io.BytesIO(body)).active.values for cell in row]
        assert any(words in cell for cell in cells)
    else:
        assert words in body.decode()
