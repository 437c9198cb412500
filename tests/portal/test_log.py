"""The log in sentences, its filters and pages; the bell; the numbers of the volume page."""

import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from domain import clock
from domain.audit import log
from domain.audit.models import AuditEntry
from domain.campaigns.models import Campaign
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState
from domain.notices import bell
from domain.notices.models import Notice
from portal import chains
from portal.acts import ACTS
from tests.portal.conftest import HTMX
from tests.world import World

ROOT = Path(__file__).parents[2]
PAGE = "/t/north/admin/log"


def test_every_act_that_is_recorded_has_a_sentence() -> None:
    said = re.compile(r"(?:log\.record\(|_log\()[^\"\n]*\n?[^\"\n]*\n?[^\"\n]*f?\"([a-z_]+\.[a-z_{}]+)\"")
    found = {
        act
        for floor in ("portal", "dispatcher", "mediadb", "domain")
        for path in (ROOT / floor).rglob("*.py")
        for act in said.findall(path.read_text())
    }
    assert {"user.roles", "campaign.pause", "tenant.found"} <= found
    assert {act for act in found if "{" not in act} <= set(ACTS)


def test_the_log_has_pages_and_filters(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.auditor)
    for number in range(60):
        log.record(world.north.id, "list.save", user_id=world.editor.id, kind="list", object_id=number + 100)
    log.record(
        world.north.id, "user.invite", user_id=world.administrator.id, kind="user", object_id=world.editor.id
    )
    first = client.get(PAGE)
    assert "invited Editor" in first.text and "before=12" in first.text
    older = client.get(f"{PAGE}?before=12", headers=HTMX)
    assert older.text.count("saved list") == 11 and "<html" not in older.text
    only = client.get(PAGE, query_string={"area": "user"}).text
    assert "invited Editor" in only and "saved list" not in only
    assert "saved list" not in client.get(PAGE, query_string={"who": world.administrator.id}).text
    assert "No entries with these filters." in client.get(PAGE, query_string={"until": "2001-01-01"}).text
    assert client.get(PAGE, query_string={"since": "nonsense", "who": "x", "before": "y"}).status_code == 200


def test_the_log_of_another_tenant_stays_closed(client: FlaskClient, world: World, sign_in) -> None:
    log.record(world.north.id, "list.save", user_id=world.editor.id, kind="list", object_id=1)
    assert "saved list" not in sign_in(client, world.south_administrator).get("/t/south/admin/log").text


def test_a_changed_entry_is_found_out(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.auditor)
    for number in range(3):
        log.record(world.north.id, "list.save", kind="list", object_id=number + 100)
    assert "The log is whole." in client.get(f"{PAGE}?check=1").text
    AuditEntry.update(object_id=99).where(
        AuditEntry.tenant_id == world.north.id, AuditEntry.number == 2
    ).execute()
    assert "Entry 2 does not fit." in client.get(f"{PAGE}?check=1").text


def test_an_act_nobody_knows_does_not_break_the_page(client: FlaskClient, world: World, sign_in) -> None:
    log.record(world.north.id, "future.act", kind="thing", object_id=7, details={"x": [1]})
    assert "future.act" in sign_in(client, world.auditor).get(PAGE).text


def test_notices_are_marked_read_by_a_post_only(client: FlaskClient, world: World, sign_in) -> None:
    bell.tell(
        world.north.id, [world.editor.id], "%(name)s has returned “%(title)s”.", {"name": "A", "title": "<b>"}
    )
    page = sign_in(client, world.editor).get("/t/north/notices")
    assert "A has returned “&lt;b&gt;”." in page.text and "Mark all as read" in page.text
    assert Notice.get().read_at is None
    assert client.post("/t/north/notices/read").status_code == 303
    assert Notice.get().read_at and "Mark all as read" not in client.get("/t/north/notices").text
    assert "has returned" not in sign_in(client, world.journalist).get("/t/north/notices").text


def test_mails_are_counted_in_the_month_of_the_tenant(client: FlaskClient, world: World, sign_in) -> None:
    now = clock.now()
    # one hour before midnight UTC on the last day of the month before: in Berlin that is this month
    first = datetime(now.year, now.month, 1, tzinfo=UTC)
    edge = int(first.timestamp()) - 1_800
    role = world.roles["chief_editor"]
    mailing = Campaign.create(
        tenant_id=world.north.id,
        issue_id=1,
        type_id=world.types["city"].id,
        name="M",
        created_by_id=1,
        role_id=role.id,
    )
    for number, (state, at) in enumerate(
        [(DeliveryState.SENT, edge), (DeliveryState.SENT, edge - 86_400), (DeliveryState.FAILED, edge)]
    ):
        Delivery.create(
            tenant_id=world.north.id, campaign_id=mailing.id, address_key=f"{number}@a.example", state=state,
            queued_at=at, settled_at=at,
        )  # fmt: skip
    page = sign_in(client, world.administrator).get("/t/north/volume").text
    assert "2 mails in 12 months" in page and "Stadtgespräch" in page
    rows = re.findall(r'<tr><th scope="row" class="text-nowrap">.*?</tr>', page, re.S)
    assert [re.findall(r'<td class="num">(\d+)</td>', row)[0] for row in rows[:3]] == ["1", "1", "0"]
    by_role = client.get("/t/north/volume?by=role", headers=HTMX).text
    assert "Chief editor" in by_role and "<html" not in by_role
    assert "0 mails in 12 months" in sign_in(client, world.south_administrator).get("/t/south/volume").text


def some(world: World, count: int = 4) -> None:
    for number in range(count):
        log.record(world.north.id, "list.save", user_id=world.editor.id, kind="list", object_id=number + 100)


def test_the_command_names_the_chain_that_does_not_fit(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    some(world)
    log.record(log.HOUSE, "sign_in", user_id=world.editor.id)
    assert chains.heads() == 0
    kept = tmp_path / "heads"
    kept.write_text(capsys.readouterr().out)
    assert chains.verify(None) == chains.verify(str(kept)) == 0
    AuditEntry.update(act="list.delete").where(
        AuditEntry.tenant_id == world.north.id, AuditEntry.number == 3
    ).execute()
    assert chains.verify(None) == 1
    said = capsys.readouterr().out
    assert "BROKEN  north: entry 3" in said and "2 logs, 5 entries, 1 broken." in said
    kept.write_text("nonsense")
    assert chains.verify(str(kept)) == 2


def test_the_log_is_searched_by_reference_address_person_thing_and_words(
    client: FlaskClient, world: World, sign_in
) -> None:
    sign_in(client, world.auditor)
    mailing = Campaign.create(
        tenant_id=world.north.id,
        issue_id=1,
        type_id=world.types["city"].id,
        name="Marktbrief",
        created_by_id=1,
    )
    log.record(
        world.north.id, "campaign.pause", user_id=world.editor.id, kind="campaign", object_id=mailing.id
    )
    log.record(
        world.north.id,
        "subscriber.lock",
        kind="subscriber",
        object_id=5,
        reference="T-4711 50%",
        address="192.0.2.9",
    )
    log.record(world.north.id, "user.invite", user_id=world.sender.id, details={"reason": "Urlaub im März"})

    def found(text: str) -> int:
        return client.get(PAGE, query_string={"q": text}, headers=HTMX).text.count("rb-top-row")

    assert [found(q) for q in ("marktbrief", "4711", "50%", "192.0.2.9", "Sender", "März", "%", "nothing")] == [
        1, 1, 1, 1, 1, 1, 1, 0,
    ]  # fmt: skip
    assert "T-4711 50%" in client.get(PAGE).text
    only = client.get(PAGE, query_string={"kind": "campaign", "id": mailing.id}).text
    assert only.count("rb-top-row") == 1 and "paused the mailing “Marktbrief”" in only


def test_a_form_may_carry_a_reference_and_the_log_knows_the_address(
    client: FlaskClient, world: World, sign_in
) -> None:
    sign_in(client, world.subscriber_manager)
    form = {"value": "x@leser.example", "reason": "asked for it", "reference": "  T-1\x07 "}
    assert (
        client.post("/t/north/suppression", data=form, environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code
        == 303
    )
    entry = AuditEntry.get(AuditEntry.act == "suppression.add")
    assert (entry.reference, entry.address) == ("T-1", "192.0.2.1") and log.verify(world.north.id) is None


def test_the_export_needs_its_right_holds_no_formula_and_is_noted(
    client: FlaskClient, world: World, sign_in
) -> None:
    url = f"{PAGE}/export"
    assert sign_in(client, world.auditor).post(url).status_code == 403
    assert "Take the log along" not in client.get(PAGE).text
    sign_in(client, world.administrator)
    log.record(world.north.id, "list.save", kind="list", object_id=7, reference="=HYPERLINK(1)")
    log.record(world.north.id, "user.invite", kind="user")
    text = client.post(url, data={"area": "list", "as": "csv"}).get_data(as_text=True)
    assert "'=HYPERLINK(1)" in text and "user.invite" not in text and text.startswith("\ufeff")
    sheet = client.post(url, data={"as": "xlsx"})
    path = io.BytesIO(sheet.data)
    from openpyxl import load_workbook

    cells = [[cell.value for cell in row] for row in load_workbook(path).active.iter_rows()]
    assert "'=HYPERLINK(1)" in {value for row in cells for value in row} and len(cells) == 5, (
        "with both exports"
    )
    assert AuditEntry.select().where(AuditEntry.act == "audit.export").count() == 2


def test_a_tenant_sees_the_sign_ins_of_its_own_people_only(
    client: FlaskClient, world: World, sign_in
) -> None:
    for user in (world.editor, world.south_editor):
        log.record(log.HOUSE, "sign_in", user_id=user.id, kind="user", object_id=user.id, address="192.0.2.4")
    page = sign_in(client, world.auditor).get(f"{PAGE}?area=sign_in").text
    assert page.count("rb-top-row") == 1 and "Editor</b> signed in" in page and "192.0.2.4" in page
    assert client.get("/house/log").status_code == 403
    house = sign_in(client, world.administrator).get("/house/log?check=1").text
    assert house.count("rb-top-row") == 2 and "The log is whole." in house
    assert client.post("/house/log/export", data={"as": "csv"}).text.count("sign_in") == 2


def test_what_support_does_is_marked_as_done_by_support(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.administrator)
    assert client.post("/support", data={"tenant": world.south.id, "reason": "Ticket 12"}).status_code == 303
    form = {"value": "y@leser.example", "reason": "asked for it"}
    assert client.post("/t/south/suppression", data=form).status_code == 303
    assert AuditEntry.get(AuditEntry.act == "suppression.add").as_whom == "support"


def test_the_log_of_the_house_names_the_tenant_and_finds_it(
    client: FlaskClient, world: World, sign_in
) -> None:
    sign_in(client, world.administrator)
    client.post(f"/house/tenants/{world.south.id}/status", data={"status": "no_sending"})
    assert "Tenant: Südpost" in client.get("/house/log").text
    assert "Tenant: Südpost" in client.get("/house/log?q=Südpost").text
    assert "Tenant: Südpost" not in client.get("/house/log?q=Verlag").text
    assert "Tenant: Südpost" not in client.get("/t/north/admin/log").text


def test_what_has_come_into_being_is_told_without_a_before(
    client: FlaskClient, world: World, sign_in
) -> None:
    sign_in(client, world.administrator)
    details = {"before": None, "after": {"to": "everybody", "mode": "use", "until": None}}
    log.record(
        world.north.id, "release.give", user_id=world.administrator.id, kind="article", details=details
    )
    page = client.get(PAGE).text
    assert "Mode: to use" in page and "– →" not in page and "Until" not in page.split("Mode: to use")[1][:200]
