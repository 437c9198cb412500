"""The import wizard: file → columns → check → run, and what is refused comes back as a file."""

import csv
import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import Workbook

from dispatcher.jobs import imports as job_runner
from dispatcher.jobs import registry
from domain import clock
from domain.subscribers import checking, directory, finding, imports, mappings
from domain.subscribers.models import ConsentEvent, ConsentProof, ImportJob, Subscriber
from mediadb import proofs, storage
from tests.portal.conftest import HTMX
from tests.world import World

SAMPLES = Path(__file__).parents[1] / "data" / "imports"


@pytest.fixture
def manager(client: FlaskClient, world: World, sign_in) -> FlaskClient:
    return sign_in(client, world.subscriber_manager)


def upload(client: FlaskClient, content: bytes, name: str = "people.csv"):
    return client.post("/t/north/subscribers/imports", data={"file": (io.BytesIO(content), name)})


def mapped(client: FlaskClient, path: str, **changes: object):
    """Send the mapping page as it came."""
    page = client.get(path).text
    chosen = {
        name: (re.search(r'<option value="([^"]*)" selected', options) or ["", ""])[1]
        for name, options in re.findall(r'<select[^>]* name="(column-\d+)".*?>(.*?)</select>', page, re.S)
    }
    data = chosen | {"consent": "unknown", "existing": "fill", "whom": "all"} | changes
    return client.post(f"{path}/columns", data=data)


def test_the_whole_way(app: Flask, manager: FlaskClient, world: World) -> None:
    instance = app.config["SETTINGS"].instance
    path = upload(manager, (SAMPLES / "cleverreach.csv").read_bytes()).location
    page = manager.get(path).text
    assert "Öztürk" in page and "semicolons" in page and "Windows-1252" in page
    check = mapped(manager, path, type_ids=str(world.types["city"].id)).location
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
        (b"PK\x03\x04" + b"\0" * 100, "its end is missing or wrong"),
        (b"\x00\x01\x02", "neither a text file nor a workbook"),
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


def test_a_workbook_becomes_an_import_under_whatever_name_it_is_kept(manager: FlaskClient) -> None:
    book, whole = Workbook(), io.BytesIO()
    for row in (("Email", "Vorname"), ("a@leser.example", "Anna")):
        book.active.append(row)
    book.save(whole)
    answer = upload(manager, whole.getvalue())
    assert answer.status_code == 303 and "Anna" in manager.get(answer.location).text


def test_a_column_without_a_name_is_refused_as_own_field_before_the_dry_run(manager: FlaskClient) -> None:
    path = upload(manager, b"Email;;!!!\nann@x.example;38;x\n").location
    refused = mapped(manager, path, **{"column-1": "own"})
    assert refused.status_code == 422 and "Column 2 has no heading" in refused.text
    assert 'value="own" selected' in refused.text, "what was chosen stays"
    named = mapped(manager, path, **{"column-1": "", "column-2": "own"})
    assert named.status_code == 422 and "No own field can be called “!!!”" in named.text
    assert not (ImportJob.get().options or {}).get("planned")
    assert mapped(manager, path, **{"column-1": "", "column-2": ""}).status_code == 303


def test_no_file_and_no_address_column_are_told(manager: FlaskClient, world: World) -> None:
    assert "Choose a file first" in manager.post("/t/north/subscribers/imports").text
    path = upload(manager, b"Email,Vorname\na@leser.example,A\n").location
    answer = mapped(manager, path, **{"column-0": "first_name"})
    assert answer.status_code == 422 and "exactly one column" in answer.text
    assert manager.get(f"{path}/check").status_code == 302, "first the columns, then the check"
    assert manager.post(f"{path}/run").status_code == 409
    foreign = mapped(manager, path, type_ids=str(world.types["south"].id))
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


PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def test_a_document_of_proof_stands_on_the_record_and_in_the_printed_proof(
    app: Flask, manager: FlaskClient, world: World, client: FlaskClient, sign_in
) -> None:
    kind = str(world.types["city"].id)
    path = upload(manager, b"Email,A\na@leser.example,A\nb@leser.example,B\n").location
    wanted = {"type_ids": kind, "consent": "proved"}
    for name, content in (("x.exe", b"MZ"), ("x.pdf", b"no"), ("x.png", b"no"), ("x.eml", b"\0")):
        answer = mapped(manager, path, **wanted, proof_file=(io.BytesIO(content), name))
        assert answer.status_code == 422 and 'id="proof_file"' in answer.text.split("aria-invalid")[0], name
    assert mapped(manager, path, **wanted).status_code == 422, "without any proof"
    check = mapped(manager, path, **wanted, proof_file=(io.BytesIO(PDF), "Bögen.pdf")).location
    assert "Bögen.pdf" in manager.get(check).text
    assert mapped(manager, path, **wanted).status_code == 303, "it stays attached"
    manager.post(f"{path}/run")
    job_runner.run(ImportJob.get().id, app.config["SETTINGS"].instance)
    person, other = Subscriber.select().order_by(Subscriber.id)
    record = f"/t/north/subscribers/{person.id}"
    paper = ConsentProof.get()
    link = f"{record}/proofs/{paper.id}"
    assert link in manager.get(record).text and paper.sha256 in manager.get(f"{record}/proof").text
    answer = manager.get(link)
    assert answer.data == PDF and answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    ConsentEvent.update(proof_id=None).where(ConsentEvent.subscriber_id == other.id).execute()
    assert manager.get(f"/t/north/subscribers/{other.id}/proofs/{paper.id}").status_code == 404
    journalist = sign_in(app.test_client(), world.journalist)
    assert journalist.get(link).status_code == 404
    south = sign_in(app.test_client(), world.south_administrator)
    assert south.get(link.replace("north", "south")).status_code == 404
    assert proofs.clear() == 0, "in use"
    ConsentEvent.update(proof_id=None).execute()
    ConsentProof.update(created_at=clock.now() - timedelta(days=2)).execute()
    assert proofs.clear() == 1 and not storage.exists(paper.stored)
    assert manager.get(link).status_code == 404


def test_a_consent_entered_by_hand_takes_a_document_too(manager: FlaskClient, world: World) -> None:
    person = directory.create(world.north.id, {"address": "hand@leser.example"})
    record = f"/t/north/subscribers/{person.id}"
    data = {"type_id": str(world.types["city"].id), "consent": "proved", "proof": ""}
    bad = manager.post(f"{record}/types", data=data | {"proof_file": (io.BytesIO(b"MZ"), "x.exe")})
    assert bad.status_code == 422 and "Attach a PDF" in bad.text and not ConsentEvent.select().exists()
    mail = b"From: a@leser.example\nSubject: Ja\n\nIch stimme zu.\n"
    assert (
        manager.post(f"{record}/types", data=data | {"proof_file": (io.BytesIO(mail), "ja.eml")}).status_code
        == 303
    )
    assert "ja.eml" in manager.get(record).text


def test_a_mapping_is_saved_chosen_renamed_and_deleted(manager: FlaskClient, world: World) -> None:
    path = upload(manager, b"Wer,Email,Ort\nA,a@leser.example,Celle\n").location
    assert "Guessed from the headings" in manager.get(path).text
    mapped(manager, path, **{"column-0": "last_name", "mapping_name": "Messe"})
    path = upload(manager, b"Email,Wer\nb@leser.example,B\n").location
    kept = mappings.every(world.north.id)[0]
    assert manager.post(f"{path}/mapping", data={"mapping_id": kept.id}).status_code == 303
    page = manager.get(path).text
    assert "saved mapping “Messe”" in page and '<option value="last_name" selected' in page
    assert manager.post(f"{path}/mapping", data={"mapping_id": "0"}).status_code == 303
    assert "Guessed from the headings" in manager.get(path).text
    here = f"/t/north/subscribers/imports/mappings/{kept.id}"
    wrong = manager.post(f"{here}/rename", data={"name": " "})
    assert wrong.status_code == 422 and "Give the mapping a name" in wrong.text
    assert manager.post(f"{here}/rename", data={"name": "Rat"}).status_code == 303
    assert "Rat" in manager.get("/t/north/subscribers/imports").text
    assert manager.post(f"{here}/delete").status_code == 303 and not mappings.every(world.north.id)


def test_the_dry_run_of_a_large_file_shows_how_far_it_is_and_gives_out_what_it_refuses(
    app: Flask, manager: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "AT_ONCE", 0)
    path = upload(manager, b"Email,A\na@leser.example,A\nbroken,B\n").location
    check = mapped(manager, path).location
    assert 'hx-trigger="every 2s"' in manager.get(check).text and "0 of 2 rows" in manager.get(check).text
    job_runner.check(ImportJob.get().id, app.config["SETTINGS"].instance)
    ended = manager.get(check, headers=HTMX)
    assert ended.status_code == 286 and "<html" not in ended.text and "nothing was changed" in ended.text
    assert not Subscriber.select().exists()
    rows = manager.get(f"{check}/refused.csv").data.decode("utf-8-sig").splitlines()
    assert len(rows) == 2 and rows[1].startswith("3,") and "broken" in rows[1]
