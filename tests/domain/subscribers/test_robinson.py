"""The suppression list: addresses, domains, patterns and hashes hold at the door, at the snapshot and at the claim."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook

from domain import clock
from domain.campaigns import audience, snapshot, waiting
from domain.campaigns.models import Campaign
from domain.errors import Invalid, NotFound
from domain.issues.models import IssueRevision
from domain.ledger import outbox
from domain.ledger.models import Delivery
from domain.ledger.outbox import Terms
from domain.ledger.states import DeliveryState, LeftOut
from domain.releases import ledger
from domain.releases import robinson as released
from domain.subscribers import (
    addresses,
    directory,
    robinson,
    robinsonfiles,
    rules,
    signup,
    suppression,
    sweeps,
)
from domain.subscribers.consent import Trace
from domain.subscribers.models import (
    Consent,
    Subscriber,
    Subscription,
    Suppression,
    SuppressionEvent,
    SuppressionFile,
)  # fmt: skip
from tests import mailings
from tests.world import World

ADDRESS = "anna@mail.firma.example"


def person(world: World, address: str = ADDRESS) -> Subscriber:
    made = directory.create(world.north.id, {"address": address})
    Subscription.create(
        tenant_id=world.north.id,
        type_id=world.types["city"].id,
        subscriber_id=made.id,
        consent=Consent.CONFIRMED,
    )
    return made


def mailing(world: World) -> Campaign:
    """A campaign that sends, without anybody in the ledger."""
    campaign = mailings.draft(world, mailings.issue(world))
    campaign.revision_id = IssueRevision.create(
        tenant_id=world.north.id, issue_id=campaign.issue_id, number=1, fingerprint="x", subject="s", preheader="",
        html="", plain="", compiled=b"", placeholders=[], size_bytes=1, created_by_id=world.editor.id,
    ).id  # fmt: skip
    campaign.status = "sending"
    campaign.save()
    return campaign


def rule(world: World, text: str, **values: object):
    return suppression.add_rule(world.north.id, rules.read(text), "asked by phone", world.editor.id, **values)


def hashed(algorithm: str, text: str) -> str:
    return hashlib.new(algorithm, text.encode()).hexdigest()


HITTING = [
    "@firma.example", "mail.firma.example", "anna@*", "*@*.example", "a??a@mail.*", hashed("sha1", ADDRESS),
    hashed("md5", ADDRESS), hashed("sha256", ADDRESS), hashed("sha1", "@mail.firma.example"),
]  # fmt: skip
MISSING = [
    "@rma.example",
    "@other.example",
    "anna@firma.*",
    "a?a@*",
    hashed("sha1", "bert@mail.firma.example"),
]


@pytest.mark.parametrize("text", HITTING)
def test_a_rule_stops_people_who_are_here_and_who_come_later(world: World, text: str) -> None:
    here = person(world)
    rule(world, text)
    assert suppression.entry(world.north.id, here.address_key)
    assert not suppression.is_suppressed(world.south.id, ADDRESS)
    Suppression.delete().execute()  # as if somebody came in while the rule was written
    assert suppression.is_suppressed(world.north.id, ADDRESS)
    suppression.recognise(world.north.id, ADDRESS)
    assert suppression.entry(world.north.id, ADDRESS)


@pytest.mark.parametrize("text", MISSING)
def test_a_rule_hits_nobody_else(world: World, text: str) -> None:
    person(world)
    rule(world, text)
    assert not Suppression.select().exists() and not suppression.is_suppressed(world.north.id, ADDRESS)


@pytest.mark.parametrize("text", ["", "*", "*@*", "two words", "a@", "@", "-"])
def test_what_is_no_entry_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        rules.read(text)


def test_preview_names_who_would_be_hit_and_writes_nothing(world: World) -> None:
    person(world)
    person(world, "kurt@firma.example")
    person(world, "uta@other.example")
    found = robinson.preview(world.north.id, rules.read("@firma.example"))
    assert (found.count, found.more, sorted(found.keys)) == (2, False, [ADDRESS, "kurt@firma.example"])
    assert robinson.preview(world.north.id, rules.read("*@*.example"), most=2).more
    assert not Suppression.select().exists()


@pytest.mark.parametrize("text", ["@firma.example", "a*@*", hashlib.md5(ADDRESS.encode()).hexdigest()])
def test_a_preview_looks_at_a_bounded_number_of_people_and_goes_on_behind_them(
    world: World, text: str
) -> None:
    person(world)
    others = [person(world, f"uta{n}@other.example").id for n in range(3)]
    asked = rules.read(text)
    first = robinson.preview(world.north.id, asked, looked=2)
    assert (first.count, first.more, first.following) == (0, False, others[1])
    rest = robinson.preview(world.north.id, asked, before=first.following, looked=3)
    assert (rest.count, rest.keys, rest.following) == (1, [ADDRESS], None)


def test_an_own_entry_outlives_the_rule_and_the_other_way_round(world: World) -> None:
    here = person(world)
    suppression.add(
        world.north.id, ADDRESS, "complaint", world.editor.id, until=clock.now() + timedelta(days=2)
    )
    made = rule(world, "@firma.example")
    own = suppression.entry(world.north.id, ADDRESS)
    assert own.until is None and own.source == "manual"
    suppression.remove_rule(world.north.id, made.id, "mistake", world.editor.id)
    own = suppression.entry(world.north.id, ADDRESS)
    assert own.until is not None
    made = rule(world, "@firma.example")
    suppression.remove(world.north.id, own.id, "wishes mail again", world.editor.id)
    assert suppression.entry(world.north.id, here.address_key).source == "rule"
    second = rule(world, "anna@*")
    suppression.remove_rule(world.north.id, made.id, "mistake", world.editor.id)
    assert suppression.entry(world.north.id, here.address_key).rule_id == second.id


def test_taking_off_needs_a_reason_and_stays_in_the_history(world: World) -> None:
    suppression.add(world.north.id, ADDRESS, "complaint", world.editor.id)
    entry = suppression.entry(world.north.id, ADDRESS)
    with pytest.raises(Invalid):
        suppression.remove(world.north.id, entry.id, "  ", world.editor.id)
    with pytest.raises(NotFound):
        suppression.remove(world.south.id, entry.id, "foreign", world.editor.id)
    suppression.remove(world.north.id, entry.id, "wishes mail again", world.editor.id)
    assert not suppression.is_suppressed(world.north.id, ADDRESS)
    acts = [(row.act, row.shown, row.reason) for row in suppression.events(world.north.id, False).rows]
    assert acts == [("removed", ADDRESS, "wishes mail again"), ("added", ADDRESS, "complaint")]


def test_an_ended_entry_stops_nobody(world: World) -> None:
    rule(world, "@firma.example", until=clock.now() - timedelta(seconds=5))
    suppression.add(world.north.id, ADDRESS, "holiday", until=clock.now() - timedelta(seconds=5))
    assert not suppression.is_suppressed(world.north.id, ADDRESS)
    assert suppression.add(world.north.id, ADDRESS, "again") and suppression.is_suppressed(
        world.north.id, ADDRESS
    )


def test_a_refused_sign_up_is_noted_without_the_address(world: World) -> None:
    rule(world, "@firma.example")
    request = signup.Request(addresses.parse(ADDRESS), [world.types["city"].id])
    assert (
        signup.begin(world.north.id, request, Trace(form="/n/north"), lambda opt_in: pytest.fail("mailed"))
        is None
    )
    blocked = suppression.events(world.north.id, True).rows
    assert [row.shown for row in blocked] == ["a•••••@mail.firma.example"]
    assert directory.by_key(world.north.id, ADDRESS) is None


def test_rules_hold_at_the_snapshot_and_at_the_claim(world: World) -> None:
    first, second, third = person(world), person(world, "b@two.example"), person(world, "c@three.example")
    campaign = mailing(world)
    rule(world, "@firma.example")
    Suppression.delete().execute()  # not even resolved
    snapshot.fill(campaign)
    states = {row.subscriber_id: (row.state, row.reason) for row in Delivery.select()}
    assert states[first.id] == (DeliveryState.SUPPRESSED, LeftOut.SUPPRESSED)
    rule(world, "@two.example")
    Subscriber.update(address="new@four.example", address_key="new@four.example").where(
        Subscriber.id == third.id
    ).execute()
    assert waiting.other_addresses(world.north.id) == ["c@three.example"]
    rule(world, "@three.example", waiting=waiting.other_addresses)
    terms = Terms(
        world.north.id, campaign.id, campaign.type_id, 1, ("confirmed",), None, "Europe/Berlin", lambda: True
    )
    assert outbox.claim(terms, 10, 1, 60).rows == []
    reasons = {row.subscriber_id: row.reason for row in Delivery.select()}
    assert reasons[second.id] == reasons[third.id] == LeftOut.SUPPRESSED
    assert audience.numbers(campaign)[1][LeftOut.SUPPRESSED] == 2


def take(world: World, path: Path, reason: str) -> SuppressionFile:
    """A file as the work process takes it in."""
    job = robinsonfiles.receive(world.north.id, path.name, path, path.parent, reason, None, world.editor.id)
    claimed = robinsonfiles.claim(job.id)
    assert claimed is not None and robinsonfiles.claim(job.id) is None
    robinsonfiles.run(claimed, path.parent)
    return robinsonfiles.get(world.north.id, job.id)


def test_a_workbook_is_taken_in_by_its_first_column_and_one_that_nobody_can_read_is_refused(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "list.txt"
    book = Workbook()
    for row in (("Adresse", "Grund"), ("b@two.example", "x"), ("@three.example", "y")):
        book.active.append(row)
    book.save(path)
    taken = take(world, path, "list of 2026")
    assert (taken.added, taken.unread) == (2, 0)
    path.write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 600 + "EncryptedPackage\0".encode("utf-16-le"))
    with pytest.raises(Invalid, match="protected by a password"):
        take(world, path, "list of 2026")
    assert SuppressionFile.select().count() == 1


def test_a_file_of_all_kinds_is_taken_in(world: World, tmp_path: Path) -> None:
    for address in (ADDRESS, "b@two.example", "c@three.example", "d@four.example"):
        person(world, address)
    path = tmp_path / "list.csv"
    lines = [
        "Adresse;Grund",
        "b@two.example;x",
        "@three.example",
        hashed("sha1", ADDRESS),
        "no entry@",
        "B@two.example",
    ]
    path.write_text("\n".join(lines), "utf-8")
    kept = path.read_bytes()
    taken = take(world, path, "list of 2026")
    assert (taken.added, taken.known, taken.unread, taken.first_unread) == (3, 1, 1, "no entry@")
    stopped = suppression.stopped(
        world.north.id, [ADDRESS, "b@two.example", "c@three.example", "d@four.example"]
    )
    assert stopped == {ADDRESS, "b@two.example", "c@three.example"}
    assert taken.people == 2 and not path.exists()
    path.write_bytes(kept)
    again = take(world, path, "list of 2026")
    assert again.added == 0


def test_the_bytes_of_the_ecg_list_are_read(world: World, tmp_path: Path) -> None:
    person(world)
    path = tmp_path / "ecg-liste.hash"
    path.write_bytes(
        b"".join(hashlib.sha1(t.encode()).digest() for t in ("x@y.example", "@mail.firma.example"))
    )
    taken = take(world, path, "ECG")
    assert (taken.added, taken.unread) == (2, 0) and suppression.entry(world.north.id, ADDRESS)
    assert SuppressionEvent.select().where(SuppressionEvent.act == "added").count() == 0


def test_a_file_whose_worker_died_is_gone_on_with_behind_what_was_done(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        person(world, f"p{number}@hit.example")
    path = tmp_path / "list.csv"
    path.write_text("@hit.example\na@one.example\nb@two.example\n", "utf-8")
    monkeypatch.setattr(robinsonfiles, "CHUNK", 2)
    job = robinsonfiles.receive(world.north.id, "list.csv", path, tmp_path, "list", None, world.editor.id)
    whole, calls = rules.resolve, []

    def dying(tenant_id: int, keys: list[str]) -> set[str]:
        calls.append(keys)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(tenant_id, keys)

    monkeypatch.setattr(rules, "resolve", dying)
    with pytest.raises(KeyboardInterrupt):
        robinsonfiles.run(robinsonfiles.claim(job.id), tmp_path)
    halfway = robinsonfiles.get(world.north.id, job.id)
    assert (halfway.entries_done, halfway.people_done, halfway.people_total) == (3, 2, 5)
    assert not robinsonfiles.due() and robinsonfiles.open_ones(world.north.id) == [halfway]
    SuppressionFile.update(owner_beat=1).execute()
    assert robinsonfiles.due() == [job.id]
    robinsonfiles.run(robinsonfiles.claim(job.id), tmp_path)
    done = robinsonfiles.get(world.north.id, job.id)
    assert (done.state, done.added, done.people, done.people_done) == ("done", 3, 5, 5)
    assert suppression.stopped(world.north.id, ["p4@hit.example", "a@one.example"]) == {
        "p4@hit.example", "a@one.example",
    }  # fmt: skip
    assert not path.exists() and not robinsonfiles.due()


def test_a_rule_of_a_large_house_holds_at_the_claim_before_its_people_are_found(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hit, other, moved = person(world), person(world, "b@two.example"), person(world, "c@sub.firma.example")
    campaign = mailing(world)
    snapshot.fill(campaign)
    Subscriber.update(address="c@four.example", address_key="c@four.example").where(
        Subscriber.id == moved.id
    ).execute()
    terms = Terms(
        world.north.id, campaign.id, campaign.type_id, 1, ("confirmed",), None, "Europe/Berlin", lambda: True
    )
    monkeypatch.setattr(sweeps, "AT_ONCE", 1)
    monkeypatch.setattr(sweeps, "CHUNK", 2)
    made = rule(world, "@firma.example", waiting=waiting.other_addresses)
    assert made.sweep_id and robinsonfiles.due() == [made.sweep_id] and not Suppression.select().exists()
    assert suppression.is_suppressed(world.north.id, ADDRESS)
    assert [row.address for row in outbox.claim(terms, 10, 1, 60).rows] == ["b@two.example"]
    reasons = {row.subscriber_id: row.reason for row in Delivery.select()}
    assert reasons[hit.id] == reasons[moved.id] == LeftOut.SUPPRESSED and reasons[other.id] is None
    Delivery.update(state=DeliveryState.QUEUED, settled_at=None).where(
        Delivery.subscriber_id == moved.id
    ).execute()
    job = robinsonfiles.claim(made.sweep_id)
    robinsonfiles.run(job, tmp_path, waiting.other_addresses)
    keys = {row.address_key: row.rule_id for row in Suppression.select()}
    assert keys == {ADDRESS: made.id, "c@sub.firma.example": made.id}
    done = robinsonfiles.get(world.north.id, job.id)
    assert (done.state, done.people, done.people_done) == ("done", 2, done.people_total)
    assert suppression.get_rule(world.north.id, made.id).sweep_id is None
    assert outbox.claim(terms, 10, 1, 60).rows == []


def test_each_kind_of_rule_holds_at_the_claim_also_of_a_released_list(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    person(world)
    campaign = mailing(world)
    snapshot.fill(campaign)
    monkeypatch.setattr(sweeps, "AT_ONCE", -1)
    for tenant, text in [*((world.north, text) for text in HITTING), (world.south, "@firma.example")]:
        Delivery.update(state=DeliveryState.QUEUED, settled_at=None, reason=None, owner_id=None).execute()
        made = suppression.add_rule(tenant.id, rules.read(text), "asked by phone", world.editor.id)
        terms = Terms(
            world.north.id, campaign.id, campaign.type_id, 1, ("confirmed",), None, "Europe/Berlin",
            lambda: True, robinson=(world.south.id,),
        )  # fmt: skip
        assert outbox.claim(terms, 10, 1, 60).rows == [], text
        suppression.remove_rule(tenant.id, made.id, "over", world.editor.id)
    Delivery.update(state=DeliveryState.QUEUED, settled_at=None, reason=None, owner_id=None).execute()
    assert len(outbox.claim(terms, 10, 1, 60).rows) == 1


@pytest.mark.parametrize("text", [*HITTING, ADDRESS])
def test_a_released_list_holds_for_people_whom_its_holder_does_not_know(world: World, text: str) -> None:
    """At the claim and at every door: the holder has rows for its own people only."""
    person(world)
    campaign = mailing(world)
    snapshot.fill(campaign)
    world.north.parent_id = world.south.id
    world.north.save()
    ledger.give(world.south, "robinson", ledger.WHOLE, ledger.To((world.north.id,)), world.administrator)
    asked = rules.read(text)
    if asked.kind == "address":
        suppression.add(world.south.id, ADDRESS, "asked by phone")
    else:
        assert suppression.add_rule(world.south.id, asked, "asked by phone", world.editor.id)
    terms = Terms(
        world.north.id, campaign.id, campaign.type_id, 1, ("confirmed",), None, "Europe/Berlin",
        lambda: True, robinson=released.holding(world.north),
    )  # fmt: skip
    assert outbox.claim(terms, 10, 1, 60).rows == []
    assert Delivery.get().reason == LeftOut.SUPPRESSED
    assert suppression.stopped(world.north.id, [ADDRESS, "berta@else.org"]) == {ADDRESS}
    assert not Suppression.select().where(Suppression.tenant_id == world.north.id).exists()
    assert (
        not Suppression.select().where(Suppression.rule_id.is_null(False)).exists()
    )  # nor learns who is there


def test_a_rule_that_is_removed_during_its_sweep_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for number in range(4):
        person(world, f"p{number}@hit.example")
    monkeypatch.setattr(sweeps, "AT_ONCE", 1)
    monkeypatch.setattr(sweeps, "CHUNK", 2)
    made = rule(world, "@hit.example")
    written, whole = [], rules.write

    def removing(*given: object) -> int:
        written.append(whole(*given))
        return written[-1]

    monkeypatch.setattr(rules, "write", removing)
    held = sweeps._held
    monkeypatch.setattr(sweeps, "_held", lambda job: (written and _removed(world, made.id)) or held(job))
    robinsonfiles.run(robinsonfiles.claim(made.sweep_id), tmp_path)
    assert written[0] == 2 and not Suppression.select().exists()
    assert robinsonfiles.get(world.north.id, made.sweep_id).state == "done"


def _removed(world: World, rule_id: int) -> None:
    suppression.remove_rule(world.north.id, rule_id, "over", world.editor.id)
