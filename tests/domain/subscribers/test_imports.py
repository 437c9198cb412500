"""Files as listmonk, Mailchimp and CleverReach export them, and files that are none."""

import io
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from openpyxl import Workbook

from domain import clock
from domain.errors import Conflict, Invalid, NotFound
from domain.subscribers import (
    checking,
    columns,
    consent,
    csvfile,
    directory,
    finding,
    imports,
    intake,
    optout,
    suppression,
)
from domain.subscribers.consent import NOWHERE
from domain.subscribers.facets import fields, tags
from domain.subscribers.facets.models import Holder
from domain.subscribers.imports import Options
from domain.subscribers.models import (
    Consent,
    ConsentEvent,
    DistributionList,
    ImportJob,
    ListMember,
    Organisation,
    Subscriber,
)
from tests.world import World

SAMPLES = Path(__file__).parents[2] / "data" / "imports"
ODS = "application/vnd.oasis.opendocument.spreadsheet"


def compound(part: str) -> bytes:
    """As much of a compound file as tells what it is: the head and the name of a part."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + part.encode("utf-16-le") + b"\0" * 64


def packed(parts: dict[str, str]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return whole.getvalue()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "imports").mkdir()
    return tmp_path


def received(world: World, root: Path, name: str, content: bytes | None = None) -> ImportJob:
    path = root / "imports" / name
    if content is None:
        shutil.copyfile(SAMPLES / name, path)
    else:
        path.write_bytes(content)
    return imports.receive(world.north.id, name, path, root, world.administrator.id)


def ran(world: World, root: Path, name: str, content: bytes | None = None, **options: object) -> ImportJob:
    job = received(world, root, name, content)
    imports.plan(job, {int(k): v for k, v in job.mapping.items()}, Options(**options))
    imports.start(job, world.administrator.id)
    imports.run(imports.claim(job.id), root)
    return imports.get(world.north.id, job.id)


def checked(job: ImportJob, root: Path) -> dict[str, int]:
    """What the dry run counts."""
    checking.now(job.id, root)
    done = imports.get(job.tenant_id, job.id)
    assert (done.state, done.check_state, done.check_done) == ("mapping", "done", job.rows_total)
    return Counter(done.checked | {"reasons": 0})


def by(world: World, address: str) -> Subscriber:
    return Subscriber.get(Subscriber.tenant_id == world.north.id, Subscriber.address == address)


def reasons(job: ImportJob) -> dict[int, str]:
    return {reject.row: reject.reason for reject in imports.rejects(job)}


def test_listmonk_export(world: World, root: Path) -> None:
    job = ran(world, root, "listmonk.csv", type_ids=[world.types["city"].id])
    assert (job.state, job.created_count, job.rejected_count, job.rows_done) == ("done", 3, 2, 5)
    anna = by(world, "anna.beispiel@leser.example")
    assert (anna.first_name, anna.last_name, anna.fields) == ("Anna", "Beispiel", {"city": "Köln", "age": 41})
    assert by(world, "maria@müller.example").last_name == "von der Heide"
    assert Subscriber.get(Subscriber.address_key == "john.doe@example-post.example").first_name == "John"
    assert reasons(job)[4] == intake.BLOCKED and "@" in reasons(job)[5]
    assert not (root / job.path).exists()


def test_mailchimp_export_with_bom_and_line_breaks_in_cells(world: World, root: Path) -> None:
    kind = world.types["city"]
    job = ran(world, root, "mailchimp.csv", type_ids=[kind.id], consent=Consent.PROVED, proof="Old system")
    assert (job.created_count, job.rejected_count) == (2, 1)
    assert reasons(job) == {7: intake.TWICE}
    zoe = by(world, "zoe@lire.example")
    assert (zoe.first_name, zoe.last_name, zoe.country) == ("Zoé", 'Lefèvre, "Zo"', "FR")
    jurgen = by(world, "jürgen@bücher.example")
    assert jurgen.last_name == "Groß" and jurgen.address_key == "jürgen@xn--bcher-kva.example"
    event = ConsentEvent.get(ConsentEvent.subscriber_id == jurgen.id)
    assert event.after == Consent.PROVED and event.by_id == world.administrator.id
    assert "Old system" in event.consent_text and "OPTIN_IP: 192.0.2.7" in event.consent_text


def test_cleverreach_export_in_windows_1252(world: World, root: Path) -> None:
    job = ran(world, root, "cleverreach.csv", type_ids=[world.types["city"].id])
    assert job.dialect["encoding"] == "cp1252" and job.dialect["delimiter"] == ";"
    frida = by(world, "frida@leser.example")
    assert (frida.salutation, frida.title, frida.last_name) == ("Frau", "Dr.", "Öztürk")
    assert (frida.city, frida.country) == ("München", "DE")
    assert Organisation.get_by_id(frida.organisation_id).name == "Bäckerei Süß & Söhne"
    kurt = by(world, "kurt@leser.example")
    assert consent.state(world.north.id, kurt.id, world.types["city"].id) == Consent.REVOKED
    assert job.rejected_count == 1
    found = finding.find(world.north.id, finding.Query(text="oeztuerk MUNCHEN"[:8]))
    assert [p.id for p in found.people] == [frida.id]


def test_tabs_and_utf_16_in_any_order_of_columns(world: World, root: Path) -> None:
    ran(world, root, "tabs-utf16.csv")
    person = by(world, "m@leser.example")
    assert (person.first_name, person.last_name) == ("Änne", "Müller")


def test_a_plain_list_of_addresses_without_a_header(world: World, root: Path) -> None:
    job = ran(world, root, "list.txt", b"a@leser.example\nb@leser.example\n")
    assert job.created_count == 2 and not job.dialect["header"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "empty"),
        ("blank.csv", b" \n \n", "empty"),
        ("one-column.csv", None, "one column"),
        ("no-address.csv", None, "No column holds"),
        ("header-only.csv", None, "no rows"),
        ("torn.xlsx", b"PK\x03\x04" + b"\0" * 200, "its end is missing or wrong"),
        ("locked.xlsx", compound("EncryptedPackage"), "protected by a password"),
        ("old.xls", compound("Workbook"), "the old format XLS"),
        ("letter.doc", compound("WordDocument"), "no workbook"),
        ("broken.xlsx", packed({"xl/workbook.xml": "<workbook"}), "This workbook is damaged"),
        ("binary.xlsb", packed({"xl/workbook.bin": ""}), "the format XLSB"),
        ("table.ods", packed({"mimetype": ODS, "content.xml": ""}), "OpenDocument file (ODS)"),
        ("text.odt", packed({"mimetype": "application/vnd.oasis.opendocument.text"}), "no workbook"),
        ("letter.docx", packed({"word/document.xml": ""}), "document of an office program"),
        ("people.zip", packed({"people.csv": "Email\na@x.example\n"}), "a zip archive and no workbook"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + b"\0" * 200, "neither a text file nor a workbook"),
        ("binary.csv", b"Email,Name\n\0\0\0\1", "neither a text file nor a workbook"),
        (
            "unclosed.csv",
            b'Email,Name\na@x.example,"A\n' + b"b@x.example,B\n" * 20_000,
            "Line 2: a quotation mark",
        ),
    ],
)
def test_what_is_no_list_of_people_says_what_to_do(
    world: World, root: Path, name: str, content: bytes | None, words: str
) -> None:
    with pytest.raises(Invalid) as refused:
        received(world, root, name, content)
    assert words in str(refused.value)
    assert ImportJob.select().count() == 0


def test_import_never_brings_back_who_signed_off_or_is_suppressed(world: World, root: Path) -> None:
    kind = world.types["city"]
    off = directory.create(world.north.id, {"address": "off@leser.example"})
    optout.unsubscribe(off, kind, NOWHERE)
    confirmed = directory.create(world.north.id, {"address": "yes@leser.example"})
    optout.choose(confirmed, [kind], {kind.id}, NOWHERE)
    suppression.add(world.north.id, "stop@leser.example", "phone")
    content = b"Email,Status\nOFF@leser.example,\nyes@leser.example,unsubscribed\nstop@leser.example,\n"
    for consents in ({"consent": Consent.PROVED, "proof": "Paper"}, {"consent": Consent.UNKNOWN}):
        job = ran(world, root, "a.csv", content, type_ids=[kind.id], existing="overwrite", **consents)
    assert consent.state(world.north.id, off.id, kind.id) == Consent.REVOKED
    assert consent.state(world.north.id, confirmed.id, kind.id) == Consent.CONFIRMED
    assert reasons(job) == {4: intake.SUPPRESSED}
    assert directory.by_key(world.north.id, "stop@leser.example") is None


@pytest.mark.parametrize(
    ("existing", "first", "last", "counts"),
    [
        ("skip", "Anna", "", (1, 0, 1)),
        ("fill", "Anna", "Neu", (1, 1, 0)),
        ("overwrite", "Berta", "Neu", (1, 1, 0)),
    ],
)
def test_people_who_are_here_already(
    world: World, root: Path, existing: str, first: str, last: str, counts: tuple[int, int, int]
) -> None:
    values = {"address": "anna@leser.example", "first_name": "Anna", "city": "Ulm"}
    anna = directory.create(world.north.id, values)
    chosen = DistributionList.create(tenant_id=world.north.id, name="Messe")
    content = b"E-Mail;Vorname;Nachname;Ort\nANNA@leser.example;Berta;Neu;\nz@leser.example;Z;Z;\n"
    job = ran(world, root, "a.csv", content, existing=existing, list_ids=[chosen.id])
    anna = directory.get(world.north.id, anna.id)
    assert (anna.first_name, anna.last_name, anna.city) == (first, last, "Ulm")
    assert (job.created_count, job.updated_count, job.skipped_count) == counts
    on_list = ListMember.select().where(ListMember.list_id == chosen.id).count()
    assert on_list == (1 if existing == "skip" else 2)


def test_a_worker_that_died_is_followed_exactly_behind_its_last_batch(
    world: World, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BATCH", 10)
    rows = "".join(f"p{n}@leser.example,P{n}\n" for n in range(35)).encode()
    job = received(world, root, "a.csv", b"Email,First Name\n" + rows)
    imports.plan(job, {0: "address", 1: "first_name"}, Options(type_ids=[world.types["city"].id]))
    imports.start(job, world.administrator.id)
    held = imports.claim(job.id)
    batch = intake.Batch(held, imports.options_of(held))
    batch.take(list(csvfile.records(root / job.path, csvfile.sniff(root / job.path)))[1:11])
    assert imports.claim(job.id) is None and imports.due() == [], "its worker was seen a moment ago"
    ImportJob.update(owner_beat=clock.epoch() - imports.STALE_S - 1).execute()
    assert imports.due() == [job.id]
    imports.run(imports.claim(job.id), root)
    done = imports.get(world.north.id, job.id)
    assert (done.state, done.created_count, done.updated_count, done.rows_done) == ("done", 35, 0, 35)
    assert not batch.take(
        list(csvfile.records(SAMPLES / "header-only.csv", csvfile.Dialect("utf-8", ",", False)))
    )
    assert ConsentEvent.select().count() == 35


def test_check_says_beforehand_what_will_happen_and_writes_nothing(world: World, root: Path) -> None:
    directory.create(world.north.id, {"address": "kurt@leser.example"})
    job = received(world, root, "cleverreach.csv")
    imports.plan(job, {int(k): v for k, v in job.mapping.items()}, Options())
    before = Subscriber.select().count()
    found = checked(job, root)
    assert (found["rows"], found["new"], found["changed"], found["off"], found["rejected"]) == (3, 1, 1, 1, 1)
    assert Subscriber.select().count() == before


def test_plan_is_checked_and_closed_once_started(world: World, root: Path) -> None:
    job = received(world, root, "cleverreach.csv")
    for mapping, options, error in (
        ({0: "first_name"}, Options(), Invalid),
        ({0: "address", 1: "address"}, Options(), Invalid),
        ({0: "address", 1: "title", 2: "title"}, Options(), Invalid),
        ({0: "address"}, Options(type_ids=[world.types["city"].id], consent="proved"), Invalid),
        ({0: "address"}, Options(consent="confirmed"), Invalid),
        ({0: "address"}, Options(type_ids=[world.types["south"].id]), NotFound),
    ):
        with pytest.raises(error):
            imports.plan(job, mapping, options)
    with pytest.raises(Conflict):
        imports.start(job, 1)
    imports.plan(job, {0: "address"}, Options())
    imports.start(job, 1)
    imports.start(job, 1)
    with pytest.raises(Conflict):
        imports.plan(job, {0: "address"}, Options())
    with pytest.raises(NotFound):
        imports.get(world.south.id, job.id)


def test_columns_are_guessed_in_german_and_english() -> None:
    header = ["Nachname", "E-Mail-Adresse", "VORNAME", "PLZ", "Land", "company", "Sprache"]
    guessed = columns.guess(header, [])
    assert list(guessed.values()) == [
        "last_name",
        "address",
        "first_name",
        "postcode",
        "country",
        "organisation",
        "language",
    ]
    assert columns.guess(["Wer", "Wohin"], [["A", "a@x.example"], ["B", "b@x.example"]])[1] == "address"


def mapped(world: World, root: Path, content: str, mapping: dict[int, str], **options: object) -> ImportJob:
    job = received(world, root, "own.csv", content.encode())
    guessed = {int(k): v for k, v in job.mapping.items()}
    imports.plan(job, guessed | mapping, Options(**options))
    imports.start(job, world.administrator.id)
    imports.run(imports.claim(job.id), root)
    return imports.get(world.north.id, job.id)


def test_columns_fill_own_fields_and_bad_values_are_refused(world: World, root: Path) -> None:
    number = fields.save(world.north.id, {"name": "Umsatz", "kind": "number"}, None)
    content = 'Email,Umsatz,Neu,Geburtstag,Tags,PLZ\na@x.example,"1.200,50",x,3.4.1970,"vip, alt",29221\n'
    content += "b@x.example,viel,,,,\nc@x.example,,,31.2.,,\n"
    job = mapped(world, root, content, {1: f"own:{number.id}", 2: "own"})
    anna = by(world, "a@x.example")
    assert (
        anna.fields == {"Umsatz": 1200.5, "Neu": "x"}
        and anna.birthday == "1970-04-03"
        and anna.postcode == "29221"
    )
    assert [tag.name for tag in tags.of(world.north.id, Holder.SUBSCRIBER, anna.id)] == ["alt", "vip"]
    assert [own.name for own in fields.every(world.north.id)] == ["Umsatz", "Neu"]
    assert job.rejected_count == 2 and job.created_count == 1


def test_a_unique_field_is_unique_in_the_file_and_the_house(world: World, root: Path) -> None:
    own = fields.save(world.north.id, {"name": "Nr", "is_unique": True}, None)
    directory.create(world.north.id, {"address": "here@x.example", f"own-{own.id}": "1"})
    content = "Email,Nr\na@x.example,1\nb@x.example,2\nc@x.example,2\nhere@x.example,1\n"
    job = mapped(world, root, content, {1: f"own:{own.id}"})
    assert (job.created_count, job.skipped_count, job.rejected_count) == (1, 1, 2)
    with pytest.raises(Invalid):
        directory.create(world.north.id, {"address": "d@x.example", f"own-{own.id}": "2"})


def test_replace_empties_only_what_the_file_has_a_column_for(world: World, root: Path) -> None:
    values = {
        "address": "a@x.example",
        "first_name": "Anna",
        "city": "Celle",
        "function": "Rat",
        "organisation": "Amt",
    }
    directory.create(world.north.id, values)
    mapped(world, root, "Email,Vorname,Ort\na@x.example,Anne,\n", {}, existing="replace")
    anna = by(world, "a@x.example")
    assert (anna.first_name, anna.city, anna.function) == ("Anne", "", "Rat") and anna.organisation_id


def test_a_sheet_is_read_and_the_same_headings_are_remembered(world: World, root: Path) -> None:
    book = Workbook()
    for row in (["Wer", "Zahl", "Ort"], ["a@x.example", 7, "Celle"], ["b@x.example", None, "=1+1"]):
        book.active.append(row)
    book.save(root / "sheet.xlsx")
    content = (root / "sheet.xlsx").read_bytes()
    job = received(world, root, "people.xlsx", content)
    assert (
        imports.names_of(job) == ["Wer", "Zahl", "Ort"]
        and job.mapping["0"] == "address"
        and job.rows_total == 2
    )
    imports.plan(job, {0: "address", 1: "own", 2: ""}, Options(existing="overwrite"))
    imports.start(job, world.administrator.id)
    imports.run(imports.claim(job.id), root)
    assert by(world, "a@x.example").fields == {"Zahl": "7"} and by(world, "a@x.example").city == ""
    again = received(world, root, "people2.xlsx", content)
    assert again.mapping["2"] == "" and again.mapping["1"].startswith("own:")
    assert imports.options_of(again).existing == "overwrite" and not again.options.get("planned")


def test_own_fields_of_another_tenant_are_no_meaning(world: World, root: Path) -> None:
    foreign = fields.save(world.south.id, {"name": "Fremd"}, None)
    job = received(world, root, "own.csv", b"Email,X\na@x.example,1\n")
    with pytest.raises(Invalid):
        imports.plan(job, {0: "address", 1: f"own:{foreign.id}"}, Options())
