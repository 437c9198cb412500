"""What an import may do beside the data: dry run, several lists and types, tags, saved mappings, documents of proof."""

from collections import Counter
from pathlib import Path

import pytest

from domain import clock
from domain.campaigns import undoing
from domain.errors import Invalid, NotFound
from domain.subscribers import checking, consent, directory, imports, intake, mappings, suppression
from domain.subscribers.facets import fields, tags
from domain.subscribers.facets.models import Holder
from domain.subscribers.imports import Options
from domain.subscribers.models import (
    Consent,
    ConsentEvent,
    DistributionList,
    ImportJob,
    ImportReject,
    ListMember,
    Organisation,
    Subscriber,
)
from tests.domain.subscribers.test_imports import by, mapped, received, root
from tests.world import World

__all__ = ["root"]
COUNTED = ("created_count", "updated_count", "skipped_count", "rejected_count")
PEOPLE = (
    "Email,Vorname,Firma\n"
    "new@x.example,Nina,Neu AG\n"  # 2
    "same@x.example,Sam,\n"
    "other@x.example,Otto,Alt AG\n"
    "stop@x.example,S,\n"  # 5: suppressed
    "broken,B,\n"
    "new@x.example,Nina,\n"  # 7: again
    "other@x.example,Olga,\n"
    "same@x.example,Anders,\n"
    "last@x.example,L,\n"  # 10
)


def planned(world: World, root: Path, content: str = PEOPLE, **options: object) -> ImportJob:
    job = received(world, root, f"{ImportJob.select().count()}.csv", content.encode())
    imports.plan(job, {int(k): v for k, v in job.mapping.items()}, Options(**options))
    return job


def fresh(job: ImportJob) -> ImportJob:
    return imports.get(job.tenant_id, job.id)


@pytest.fixture
def here(world: World) -> None:
    directory.create(world.north.id, {"address": "same@x.example", "first_name": "Sam"})
    directory.create(world.north.id, {"address": "other@x.example", "first_name": "Olaf"})
    suppression.add(world.north.id, "stop@x.example", "phone")


@pytest.mark.parametrize("batch", [2, 4_000])
@pytest.mark.parametrize("existing", ["skip", "fill", "overwrite", "replace"])
def test_the_dry_run_says_of_the_whole_file_what_the_import_then_does(
    world: World, root: Path, here: None, monkeypatch: pytest.MonkeyPatch, batch: int, existing: str
) -> None:
    monkeypatch.setattr(imports, "BATCH", batch)
    job = planned(world, root, existing=existing)
    before = (Subscriber.select().count(), Organisation.select().count(), ConsentEvent.select().count())
    checking.now(job.id, root)
    job = fresh(job)
    found = job.checked
    assert job.check_state == "done" and found["rows"] == job.rows_total == 9
    assert (
        Subscriber.select().count(),
        Organisation.select().count(),
        ConsentEvent.select().count(),
    ) == before
    trial = {reject.row: reject.reason for reject in imports.rejects(job)}
    assert trial[5] == intake.SUPPRESSED and {6, 7} <= set(trial)
    assert found["repeated"] == sum(reason in checking.REPEATED for reason in trial.values()) > 0
    imports.start(job, world.administrator.id)
    assert not ImportReject.select().exists(), "the trial is over"
    imports.run(imports.claim(job.id), root)
    done = fresh(job)
    foretold = [found.get(name, 0) for name in ("new", "changed", "unchanged", "rejected")]
    assert [getattr(done, name) for name in COUNTED] == foretold
    assert {reject.row: reject.reason for reject in imports.rejects(done)} == trial


@pytest.mark.parametrize("existing", ["skip", "fill"])
def test_the_dry_run_names_the_fields_tags_and_customers_that_the_import_then_makes(
    world: World, root: Path, here: None, monkeypatch: pytest.MonkeyPatch, existing: str
) -> None:
    monkeypatch.setattr(imports, "BATCH", 2)
    fields.ensure(world.north.id, "Haushalt")
    tags.tag_id(world.north.id, "Messe")
    content = (
        "Email,Tags,Firma,Größe (cm),haushalt,Attribute\n"
        'new@x.example,"Messe, Presse",Neu AG,180,3,"{""Haus-Nr. (alt)"": ""7""}"\n'
        "two@x.example,presse,Neu AG,170,2,\n"
        "same@x.example,Nachzug,Alt AG,,,\n"
        "stop@x.example,Nie,Nie AG,1,1,\n"
    )
    job = received(world, root, "made.csv", content.encode())
    mapping = {int(k): v for k, v in job.mapping.items()} | {3: "own", 4: "own"}
    imports.plan(job, mapping, Options(existing=existing, tags_new="Import 2026", tags_old="Wieder da"))

    def names() -> dict[str, set[str]]:
        customers = Organisation.select().where(Organisation.tenant_id == world.north.id)
        return {
            "fields": {own.name for own in fields.every(world.north.id)},
            "tags": {tag.name for tag in tags.every(world.north.id)},
            "customers": {found.name for found in customers},
        }

    before = names()
    checking.now(job.id, root)
    found = fresh(job).checked["makes"]
    assert names() == before and found["fields"]["names"] == ["Größe cm", "Haus-Nr. alt"]
    imports.start(fresh(job), world.administrator.id)
    imports.run(imports.claim(job.id), root)
    person = Subscriber.get(Subscriber.address_key == "new@x.example")
    assert (person.fields["Größe cm"], person.fields["Haus-Nr. alt"]) == ("180", "7"), (
        "a value stands where its field looks for it"
    )
    assert {kind: set(told["names"]) for kind, told in found.items()} == {
        kind: made - before[kind] for kind, made in names().items()
    }
    assert {kind: told["count"] for kind, told in found.items()} == {
        kind: len(told["names"]) for kind, told in found.items()
    }
    assert ("Nachzug" in found["tags"]["names"]) == (existing == "fill")


def test_a_dry_run_left_behind_begins_again_and_one_of_an_older_plan_is_void(
    world: World, root: Path, here: None
) -> None:
    job = planned(world, root)
    assert checking.due() == [job.id]
    held = checking.claim(job.id)
    assert checking.due() == [] and checking.claim(job.id) is None
    ImportJob.update(owner_beat=clock.epoch() - imports.STALE_S - 1).execute()
    assert checking.due() == [job.id], "its worker has died"
    imports.plan(fresh(job), {0: "address"}, Options())
    checking.run(held, root)
    assert (fresh(job).check_state, fresh(job).checked) == (
        "queued",
        {},
    ) and not ImportReject.select().exists()
    imports.start(fresh(job), world.administrator.id)
    assert checking.due() == [] and fresh(job).state == "queued", "nobody has to wait for it"


def test_a_file_that_cannot_be_read_to_its_end_says_so(world: World, root: Path) -> None:
    job = planned(world, root)
    (root / job.path).unlink()
    checking.now(job.id, root)
    assert fresh(job).check_state == "failed" and "file is gone" in fresh(job).checked["error"]


@pytest.mark.parametrize(("whom", "reached"), [("all", 3), ("new", 2), ("old", 1)])
def test_several_lists_and_types_go_to_everybody_the_new_or_the_known(
    world: World, root: Path, here: None, whom: str, reached: int
) -> None:
    chosen = [DistributionList.create(tenant_id=world.north.id, name=name) for name in ("Messe", "Rat")]
    kinds = [world.types["city"], world.types["trade"]]
    content = "Email,Vorname\na@x.example,A\nb@x.example,B\nsame@x.example,Neu\n"
    job = mapped(
        world, root, content, {}, type_ids=[k.id for k in kinds], list_ids=[c.id for c in chosen], whom=whom,
        consent=Consent.PROVED, proof="Paper", tags_new="neu; messe", tags_old="bekannt",
    )  # fmt: skip
    assert job.state == "done"
    for one in chosen:
        assert ListMember.select().where(ListMember.list_id == one.id).count() == reached
    proved = Counter(event.type_id for event in ConsentEvent.select())
    assert proved == {kind.id: reached for kind in kinds}
    names = {p: [t.name for t in tags.of(world.north.id, Holder.SUBSCRIBER, by(world, p).id)] for p in
             ("a@x.example", "same@x.example")}  # fmt: skip
    assert names == {"a@x.example": ["messe", "neu"], "same@x.example": ["bekannt"]}


def test_backclicks_export_is_read_with_its_tabs_and_sign_offs(world: World, root: Path) -> None:
    kind = world.types["city"]
    job = received(world, root, "backclick.txt")
    assert (job.dialect["delimiter"], job.dialect["encoding"]) == ("\t", "cp1252")
    assert set(job.mapping.values()) >= {"address", "salutation", "title", "organisation", "off_at", "proof"}
    imports.plan(job, {int(k): v for k, v in job.mapping.items()}, Options(type_ids=[kind.id]))
    imports.start(job, world.administrator.id)
    imports.run(imports.claim(job.id), root)
    frida, kurt = by(world, "frida@leser.example"), by(world, "kurt@leser.example")
    assert (frida.salutation, frida.title, frida.last_name) == ("Frau", "Dr.", "Öztürk")
    assert consent.state(world.north.id, frida.id, kind.id) == Consent.UNKNOWN
    assert consent.state(world.north.id, kurt.id, kind.id) == Consent.REVOKED
    (event,) = consent.history(world.north.id, frida.id)
    assert "Aktiviert: 01.02.2019 10:15:00" in event.consent_text


def test_a_mapping_is_kept_under_a_name_and_laid_over_other_files(world: World, root: Path) -> None:
    kind = world.types["city"]
    job = received(world, root, "a.csv", b"Wer,Wohin,Ort\nA,a@x.example,Celle\n")
    assert job.options["taken"] == ["guess", ""]
    imports.plan(job, {0: "last_name", 1: "address", 2: ""}, Options(type_ids=[kind.id], existing="replace"))
    kept = mappings.save(job, " Messe\n2026 ", imports.names_of(job), 1)
    assert (
        kept.name == "Messe 2026" and mappings.save(job, "Messe 2026", imports.names_of(job), 1).id == kept.id
    )
    again = received(world, root, "b.csv", b"Wer,Wohin,Ort\nA,a@x.example,Celle\n")
    assert again.options["taken"] == ["mapping", "Messe 2026"] and again.mapping["2"] == ""
    other = received(world, root, "c.csv", b"Stadt,WOHIN,Wer\nCelle,b@x.example,B\n")
    assert other.options["taken"] == ["guess", ""] and other.mapping["0"] == "city"
    imports.take(other, mappings.applied(kept, imports.names_of(other)))
    assert other.mapping == {"0": "", "1": "address", "2": "last_name"}
    assert imports.options_of(other).existing == "replace" and list(imports.options_of(other).type_ids) == [
        kind.id
    ]
    imports.take(other, imports.guess(other, root))
    assert other.mapping["0"] == "city" and other.options["taken"] == ["guess", ""]
    mappings.save(job, "Zweite", imports.names_of(job), 1)
    for wrong in ("", "Zweite"):
        with pytest.raises(Invalid):
            mappings.rename(mappings.get(world.north.id, kept.id), wrong)
    mappings.rename(mappings.get(world.north.id, kept.id), "Dritte")
    assert [m.name for m in mappings.every(world.north.id)] == ["Dritte", "Zweite"]
    assert mappings.every(world.south.id) == []
    with pytest.raises(NotFound):
        mappings.get(world.south.id, kept.id)
    mappings.delete(kept)
    assert [m.name for m in mappings.every(world.north.id)] == ["Zweite"]


def test_a_document_can_stand_for_the_words_of_a_proof_and_must_be_the_tenants(
    world: World, root: Path
) -> None:
    job = received(world, root, "a.csv", b"Email,A\na@x.example,A\n")
    options = {"type_ids": [world.types["city"].id], "consent": Consent.PROVED}
    with pytest.raises(Invalid):
        imports.plan(job, {0: "address"}, Options(**options))
    with pytest.raises(NotFound):
        imports.plan(job, {0: "address"}, Options(**options, proof_id=7))


def test_undoing_gives_back_what_was_there_before_also_for_an_address_that_stands_twice(
    world: World, root: Path, here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BATCH", 2)
    job = planned(world, root, existing="overwrite")
    imports.start(job, world.administrator.id)
    imports.run(imports.claim(job.id), root)
    assert by(world, "other@x.example").first_name == "Otto", "the first row counts"
    done = undoing.undo(fresh(job), world.administrator.id)
    assert (done.removed, done.restored, done.kept) == (2, 1, 0)
    assert (
        by(world, "other@x.example").first_name == "Olaf" and by(world, "same@x.example").first_name == "Sam"
    )
