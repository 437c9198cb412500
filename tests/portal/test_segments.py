"""The query builder, saved segments, and mailings that use them."""

import io
import re

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook

from dispatcher import clearance
from domain.campaigns import audience, planning, snapshot
from domain.errors import Invalid
from domain.issues import assembly
from domain.issues.models import IssueRevision
from domain.ledger.models import Delivery, DeliveryPayload
from domain.segments import saved
from domain.segments.models import Segment
from domain.subscribers import directory
from domain.subscribers.models import Subscriber
from tests import mailings
from tests.portal.conftest import HTMX
from tests.world import World

T = "/t/north/segments"
CELLE = {"g0-match": "all", "g0-0-field": "person:city", "g0-0-op": "is", "g0-0-value": "Celle"}


@pytest.fixture
def manager(client: FlaskClient, world: World, sign_in) -> FlaskClient:
    return sign_in(client, world.subscriber_manager)


@pytest.fixture
def people(world: World) -> list[Subscriber]:
    rows = [("anna", "Celle"), ("bert", "celle"), ("cleo", "Bonn"), ("=cmd", "Celle")]
    return [
        directory.create(world.north.id, {"address": f"{n}@x.example", "first_name": name, "city": city})
        for n, (name, city) in enumerate(rows)
    ]


def test_the_builder_counts_and_shows_who_matches_while_it_is_built(manager: FlaskClient, people) -> None:
    page = manager.get(f"{T}/new").text
    assert "All subscribers" in page and '<div class="rb-big">4</div>' in page
    built = manager.post(f"{T}/build", data=CELLE, headers=HTMX).text
    assert '<div class="rb-big">3</div>' in built and "cleo" not in built and "<html" not in built
    none = manager.post(f"{T}/build", data={**CELLE, "g0-match": "none"}).text
    assert "cleo" in none and "anna" not in none and "<html" in none
    assert not Segment.select().exists()


def test_buttons_add_and_remove_conditions_and_groups(manager: FlaskClient, people) -> None:
    more = manager.post(f"{T}/build", data={**CELLE, "act": "add:0"}, headers=HTMX).text
    assert 'name="g0-1-field"' in more and '<div class="rb-big">3</div>' in more
    group = manager.post(f"{T}/build", data={**CELLE, "act": "group"}, headers=HTMX).text
    assert 'name="g1-match"' in group
    less = manager.post(f"{T}/build", data={**CELLE, "act": "drop:0:0"}, headers=HTMX).text
    assert '<div class="rb-big">4</div>' in less
    other = {
        **CELLE,
        "g0-0-field": "event:got",
    }  # the comparison of a city does not fit: the first one is taken
    assert 'value="last_days" selected' in manager.post(f"{T}/build", data=other, headers=HTMX).text
    for act in ("drop:9:9", "add:x", "before:x", "start:x", "dropgroup:0"):
        assert manager.post(f"{T}/build", data={**CELLE, "act": act}, headers=HTMX).status_code == 200


def test_a_condition_that_cannot_be_asked_says_what_it_lacks(manager: FlaskClient, people) -> None:
    data = {**CELLE, "g0-1-field": "event:got", "g0-1-op": "last_days", "g0-1-value": "", "name": "X"}
    assert "The value is missing" in manager.post(f"{T}/build", data=data, headers=HTMX).text
    refused = manager.post(T, data=data)
    assert (
        refused.status_code == 422 and "The value is missing" in refused.text and 'value="X"' in refused.text
    )


def test_save_change_freeze_export_and_delete(manager: FlaskClient, world: World, people) -> None:
    assert manager.post(T, data=CELLE).status_code == 422
    path = manager.post(T, data={**CELLE, "name": "In Celle", "column": ["person:first_name"]}).location
    assert manager.post(T, data={**CELLE, "name": "In Celle"}).status_code == 422
    assert "In Celle" in manager.get(T).text and "anna" in manager.get(path).text
    text = manager.post(f"{path}/export", data={"as": "csv"}).text
    assert "0@x.example,anna" in text and ",'=cmd" in text and "cleo" not in text
    sheet = load_workbook(io.BytesIO(manager.post(f"{path}/export", data={"as": "xlsx"}).data)).active
    assert [[cell.value for cell in row] for row in sheet.rows][1:] == [
        ["0@x.example", "anna"], ["1@x.example", "bert"], ["3@x.example", "'=cmd"],
    ]  # fmt: skip
    manager.post(f"{path}/freeze")
    directory.change(people[0], {"city": "Bonn"}, world.editor.id)
    assert "anna" in manager.get(path).text
    assert manager.post(path, data={**CELLE, "name": "Other", "g0-0-value": "Bonn"}).status_code == 409
    manager.post(f"{path}/thaw")
    assert "anna" not in manager.get(path).text
    manager.post(f"{path}/delete")
    assert manager.get(path).status_code == 404


def test_who_may_not_export_cannot(client: FlaskClient, world: World, sign_in, people) -> None:
    sign_in(client, world.editor)
    path = client.post(T, data={**CELLE, "name": "In Celle"}).location
    assert client.post(f"{path}/export", data={"as": "csv"}).status_code == 403


def test_a_mailing_goes_to_a_segment_without_an_excluded_one(
    client: FlaskClient, world: World, sign_in
) -> None:
    sign_in(client, world.editor)
    mailings.everybody(world)
    Subscriber.update(city="Celle").where(Subscriber.first_name.in_(["Anna", "Bert", "Rita"])).execute()
    issue = mailings.issue(world)
    mailings.verified(world)
    used = client.post(T, data={**CELLE, "name": "In Celle", "issue": issue.id, "act": "use"}).location
    bert = {**CELLE, "g0-0-field": "person:first_name", "g0-0-value": "bert", "name": "Bert"}
    client.post(T, data=bert)
    segment, without = Segment.get(name="In Celle"), Segment.get(name="Bert")
    assert f"segment={segment.id}" in used and "Left out: 1" in client.get(used).text
    data = {
        "whom": "segment", "segment": segment.id, "exclude": without.id, "sender_name": "Nord", "when": "now",
        "sender_address": "news@nord.example", "act": "save",
    }  # fmt: skip
    numbers = client.get(f"/t/north/issues/{issue.id}/plan/numbers", query_string=data, headers=HTMX).text
    assert '<div class="rb-big">1</div>' in numbers
    assert client.post(f"/t/north/issues/{issue.id}/plan", data={**data, "segment": 0}).status_code == 422
    assert client.post(f"/t/north/issues/{issue.id}/plan", data=data).status_code == 303
    campaign = planning.of_issue(issue)
    assert audience.numbers(campaign) == (1, {3: 1})
    before = planning.definition(campaign)
    saved.save(world.north.id, "Bert", {"match": "all", "rules": []}, [], world.editor.id, without)
    assert planning.definition(campaign) != before
    campaign.revision_id = IssueRevision.create(
        tenant_id=world.north.id, issue_id=issue.id, number=1, fingerprint="x", subject="s", preheader="", html="",
        plain="", compiled=b"", placeholders=[], size_bytes=1, created_by_id=world.editor.id,
    ).id  # fmt: skip
    planning.plan(campaign, {"exclude": None})
    assert snapshot.fill(campaign) == 3
    assert sorted(row.address_key for row in Delivery.select()) == [
        "anna@leser.example", "bert@leser.example", "rita@leser.example",
    ]  # fmt: skip


def test_foreign_segments_are_missing(client: FlaskClient, world: World, sign_in) -> None:
    foreign = saved.save(world.south.id, "Fremd", {"match": "all", "rules": []}, [], world.south_editor.id)
    sign_in(client, world.administrator)
    assert client.get(f"{T}/{foreign.id}").status_code == 404
    assert client.post(f"{T}/build", data={"segment": foreign.id}).status_code == 404
    issue = mailings.issue(world)
    assert client.get(f"/t/north/issues/{issue.id}/plan?segment={foreign.id}").status_code == 404


FIRSTS = {"first-0-name": "Ansprache", "first-0-of": ["person:function", "org:name", "person:city"]}


def test_the_first_filled_field_is_a_column_of_file_and_mailing(
    world: World, client: FlaskClient, sign_in
) -> None:
    admin = sign_in(client, world.administrator)
    mailings.everybody(world)
    Subscriber.update(function="Leitung", city="Celle").where(Subscriber.first_name == "Anna").execute()
    Subscriber.update(city="Bonn").where(Subscriber.first_name == "Bert").execute()
    everybody = {"g0-match": "all", "g0-0-field": "person:has_address", "g0-0-op": "yes"}
    saved_as = admin.post(T, data={**everybody, **FIRSTS, "name": "Bericht", "column": ["person:last_name"]})
    segment = Segment.get()
    assert saved_as.status_code == 303 and segment.computed[0]["name"] == "Ansprache"
    page = admin.get(f"{T}/{segment.id}").text
    assert 'value="Ansprache"' in page and "[Nachname]" in page
    csv = admin.post(f"{T}/{segment.id}/export", data={"as": "csv"}).text
    assert csv.splitlines()[0].endswith("Last name,Ansprache") and "Annasen,Leitung" in csv
    assert "Bertsen,Bonn" in csv and "Firminsen,Firma" in csv

    issue = mailings.issue(world)
    assembly.set_head(issue, subject="Für [Ansprache|alle]", preheader="x")
    campaign = mailings.draft(world, issue)
    with pytest.raises(Invalid, match="column of a report"):
        clearance.ask(world.north, issue, campaign, world.editor, mailings.BASE_URL)
    planning.plan(campaign, {"segment": segment.id, "consents": ["proved", "unknown"]})
    clearance.ask(world.north, issue, campaign, world.editor, mailings.BASE_URL)
    frozen = planning.get(world.north.id, campaign.id)
    snapshot.fill(frozen)
    anna = Subscriber.get(Subscriber.first_name == "Anna")
    packed = DeliveryPayload.get_by_id(Delivery.get(Delivery.subscriber_id == anna.id).id).packed
    assert '"Ansprache":"Leitung"' in packed


@pytest.mark.parametrize(
    ("name", "of", "said"),
    [
        ("Vorname", ["person:city", "person:region"], "There is a field named"),
        ("[x]", ["person:city", "person:region"], "letters and digits"),
        ("Nur eins", ["person:city", ""], "Choose at least two fields"),
    ],
)
def test_a_computed_column_needs_a_name_and_two_fields(manager: FlaskClient, name, of, said) -> None:
    answer = manager.post(T, data={**CELLE, "name": "X", "first-0-name": name, "first-0-of": of})
    assert answer.status_code == 422 and said in answer.text and not Segment.select().exists()


def test_groups_are_joined_by_and_or_and_none(manager: FlaskClient, people) -> None:
    bonn = {"g1-match": "all", "g1-0-field": "person:city", "g1-0-op": "is", "g1-0-value": "Bonn"}
    for match, count in (("all", 0), ("any", 4), ("none", 0)):
        page = manager.post(f"{T}/build", data={**CELLE, **bonn, "match": match}, headers=HTMX).text
        assert f'<div class="rb-big">{count}</div>' in page, match
        assert f'<option value="{match}" selected>' in page
    path = manager.post(T, data={**CELLE, **bonn, "match": "any", "name": "Two towns"}).location
    kept = manager.get(path).text
    assert '<div class="rb-big">4</div>' in kept and 'name="match"' in kept


def test_every_condition_says_for_how_many_it_holds_alone(manager: FlaskClient, people) -> None:
    more = {"g0-1-field": "person:city", "g0-1-op": "is", "g0-1-value": "Bonn", "g0-2-field": "event:got"}
    page = manager.post(f"{T}/build?part=rows", data={**CELLE, **more}, headers=HTMX).text
    figures = re.findall(r'id="(g\d-\d)-n" hx-swap-oob="true">(\d+)', page)
    assert figures == [("g0-0", "3"), ("g0-1", "1")]  # the third one lacks its value


def test_what_somebody_else_saved_meanwhile_is_shown_before_it_is_overwritten(
    manager: FlaskClient, people
) -> None:
    path = manager.post(T, data={**CELLE, "name": "In Celle"}).location
    stamp = re.search(r'name="stamp" value="(\w+)"', manager.get(path).text)[1]
    theirs = {**CELLE, "g0-0-value": "Bonn", "name": "In Bonn", "stamp": stamp}
    assert manager.post(path, data=theirs).status_code == 303
    mine = {**CELLE, "g0-0-value": "Hamburg", "name": "In Hamburg", "stamp": stamp}
    page = manager.post(path, data=mine)
    assert page.status_code == 409
    assert "In Bonn" in page.text and "City is Bonn" in page.text  # theirs, to read
    assert 'value="In Hamburg"' in page.text and 'value="Hamburg"' in page.text  # mine, to go on
    assert Segment.get().name == "In Bonn"
    again = re.search(r'name="stamp" value="(\w+)"', page.text)[1]
    assert manager.post(path, data={**mine, "stamp": again}).status_code == 303
    assert Segment.get().name == "In Hamburg"
