"""The import wizard: file → columns → check → run, and what is refused comes back as a file."""

import csv
import io
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dispatcher.jobs import imports as job_runner
from dispatcher.jobs import registry
from domain import clock
from domain.subscribers import finding, imports
from domain.subscribers.models import ImportJob, Subscriber
from tests.portal.conftest import HTMX
from tests.world import World

SAMPLES = Path(__file__).parents[1] / "data" / "imports"


@pytest.fixture
def manager(client: FlaskClient, world: World, sign_in) -> FlaskClient:
    return sign_in(client, world.subscriber_manager)


def upload(client: FlaskClient, content: bytes, name: str = "people.csv"):
    return client.post("/t/north/subscribers/imports", data={"file": (io.BytesIO(content), name)})


def mapped(client: FlaskClient, path: str, **changes: str):
    """Send the mapping page as it came."""
    page = client.get(path).text
    chosen = {
        name: (re.search(r'<option value="([^"]*)" selected', options) or ["", ""])[1]
        for name, options in re.findall(r'<select[^>]* name="(column-\d+)".*?>(.*?)</select>', page, re.S)
    }
    data = chosen | {"type_id": "0", "list_id": "0", "consent": "unknown", "existing": "fill"} | changes
    return client.post(f"{path}/columns", data=data)


def test_the_whole_way(app: Flask, manager: FlaskClient, world: World) -> None:
    instance = app.config["SETTINGS"].instance
    path = upload(manager, (SAMPLES / "cleverreach.csv").read_bytes()).location
    page = manager.get(path).text
    assert "Öztürk" in page and "semicolons" in page and "Windows-1252" in page
    check = mapped(manager, path, type_id=str(world.types["city"].id)).location
    page = manager.get(check).text
    assert "Import 3 rows" in page and "Line 4" in page and Subscriber.select().count() == 0
    for _ in range(2):
        assert manager.post(f"{path}/run").status_code == 303, "a double press starts it once"
    assert 'hx-trigger="every 2s"' in manager.get(path).text
    assert manager.get(path, headers=HTMX).status_code == 200
    job = ImportJob.get()
    job_runner.run(job.id, instance)
    ended = manager.get(path, headers=HTMX)
    assert ended.status_code == 286 and "every 2s" not in ended.text and "<html" not in ended.text
    assert Subscriber.select().count() == 2 and not list((instance / "imports").iterdir())
    assert mapped(manager, path).status_code in (404, 409)


def test_refused_rows_come_back_with_reasons_and_without_formulas(
    app: Flask, manager: FlaskClient, world: World
) -> None:
    content = 'Email;Name\n=cmd|calc;"Ä\nÖ"\nanna@leser.example;+1\nx@y;@SUM(A1)\n'.encode()
    path = upload(manager, content).location
    mapped(manager, path)
    manager.post(f"{path}/run")
    job_runner.run(ImportJob.get().id, app.config["SETTINGS"].instance)
    answer = manager.get(f"{path}/rejected.csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert rows[0] == ["Line", "Reason", "Email", "Name"]
    assert [row[0] for row in rows[1:]] == ["2", "5"] and rows[1][2:] == ["'=cmd|calc", "Ä\nÖ"]
    assert rows[2][2:] == ["x@y", "'@SUM(A1)"] and rows[1][1].startswith("An address needs")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty"),
        (b"PK\x03\x04" + b"\0" * 100, "This is a spreadsheet"),
        (b"\x00\x01\x02", "not a text file"),
        (b"Name\nAnna\n", "one column only"),
        (b"Vorname;Nachname\nAnna;B\n", "No column holds"),
    ],
)
def test_bad_files_say_what_to_do_and_leave_nothing(
    app: Flask, manager: FlaskClient, world: World, content: bytes, words: str
) -> None:
    answer = upload(manager, content)
    assert answer.status_code == 422 and words in answer.text
    assert ImportJob.select().count() == 0
    assert not list((app.config["SETTINGS"].instance / "imports").iterdir())


def test_no_file_and_no_address_column_are_told(manager: FlaskClient, world: World) -> None:
    assert "Choose a file first" in manager.post("/t/north/subscribers/imports").text
    path = upload(manager, b"Email,Vorname\na@leser.example,A\n").location
    answer = mapped(manager, path, **{"column-0": "first_name"})
    assert answer.status_code == 422 and "exactly one column" in answer.text
    assert manager.get(f"{path}/check").status_code == 302, "first the columns, then the check"
    assert manager.post(f"{path}/run").status_code == 409
    foreign = mapped(manager, path, type_id=str(world.types["south"].id))
    assert foreign.status_code == 422


def test_imports_of_another_tenant_are_missing(client: FlaskClient, world: World, sign_in) -> None:
    path = upload(sign_in(client, world.subscriber_manager), b"Email,A\na@leser.example,A\n").location
    south = sign_in(client, world.south_administrator)
    path = path.replace("/north/", "/south/")
    for part in ("", "/check", "/rejected.csv"):
        assert south.get(path + part).status_code == 404
    for part in ("/columns", "/run", "/discard"):
        assert south.post(path + part).status_code == 404


def test_a_lost_nudge_or_a_dead_worker_is_found_by_the_sweep(
    app: Flask, manager: FlaskClient, world: World
) -> None:
    bodies: dict[str, object] = {}
    sweeps = registry.register(bodies, app.config["SETTINGS"])
    assert "run_import" in bodies
    path = upload(manager, b"Email,A\na@leser.example,A\nb@leser.example,B\n").location
    mapped(manager, path)
    manager.post(f"{path}/run")
    ImportJob.update(state="running", owner_beat=clock.epoch() - imports.STALE_S - 1).execute()
    for sweep in sweeps:
        sweep()
    assert ImportJob.get().state == "done" and finding.find(world.north.id, finding.Query()).total == 2


def test_a_file_can_be_thrown_away_before_it_is_imported(
    app: Flask, manager: FlaskClient, world: World
) -> None:
    path = upload(manager, b"Email,A\na@leser.example,A\n").location
    assert manager.post(f"{path}/discard").status_code == 303
    assert ImportJob.select().count() == 0
    assert not list((app.config["SETTINGS"].instance / "imports").iterdir())


def test_a_file_that_is_gone_fails_with_a_sentence(app: Flask, manager: FlaskClient, world: World) -> None:
    path = upload(manager, b"Email,A\na@leser.example,A\n").location
    mapped(manager, path)
    manager.post(f"{path}/run")
    job = ImportJob.get()
    instance = app.config["SETTINGS"].instance
    (instance / job.path).unlink()
    job_runner.run(job.id, instance)
    assert "The file is gone" in manager.get(path).text
