"""The person desk: a duty of its own, a reason, an entry in every log touched; missing for everybody else."""

import json

import pytest
from flask.testing import FlaskClient

from domain.accounts import duties
from domain.accounts.models import DutyKind
from domain.audit import log
from domain.audit.models import AuditEntry
from domain.subscribers import suppression
from domain.subscribers.models import Subscriber, Suppression
from domain.tenancy.models import Tenant
from tests.world import World

PAGE = "/house/people"
ADDRESS = "m.brandt@posteo.example"


@pytest.fixture
def branch(world: World) -> Tenant:
    """A branch of north; the address is known there and in north, and in south, which is another house."""
    made = Tenant.create(slug="branch", name="Nord-Filiale", parent_id=world.north.id)
    for tenant in (world.north, made, world.south):
        Subscriber.create(
            tenant_id=tenant.id, first_name="Marlies", last_name=f"Brandt {tenant.slug}", address=ADDRESS,
            address_key=ADDRESS, folded="brandt",
        )  # fmt: skip
    duties.give(world.north, world.sender, DutyKind.DESK, world.administrator)
    return made


@pytest.fixture
def desk(client: FlaskClient, world: World, branch: Tenant, sign_in) -> FlaskClient:
    return sign_in(client, world.sender)


def look(desk: FlaskClient, address: str = ADDRESS, reason: str = "Auskunft per Brief", **more: str):
    return desk.post(PAGE, data={"address": address, "reason": reason, **more})


def acts(tenant_id: int) -> list[str]:
    found = AuditEntry.select().where(AuditEntry.tenant_id == tenant_id, AuditEntry.act.startswith("desk."))
    return [entry.act for entry in found.order_by(AuditEntry.number)]


def test_without_the_duty_there_is_no_desk(
    client: FlaskClient, world: World, branch: Tenant, sign_in
) -> None:
    sign_in(client, world.administrator)  # administers the house, and has not this duty
    missing = client.get("/house/nowhere")
    for url in ("", "/close", "/report", "/act", "/erase"):
        assert client.post(PAGE + url, data={"address": ADDRESS, "reason": "Neugier"}).status_code == 404
    assert client.get(PAGE).status_code == missing.status_code == 404
    assert "Person desk" not in client.get("/account").text
    assert not acts(log.HOUSE)


def test_a_search_needs_a_reason_finds_only_the_own_part_of_the_tree_and_is_noted_everywhere(
    desk: FlaskClient, world: World, branch: Tenant
) -> None:
    assert look(desk, reason=" ").status_code == look(desk, address="nobody").status_code == 422
    assert not acts(world.north.id)
    assert look(desk, reference="T-9").status_code == 303
    page = desk.get(PAGE).text
    assert "Brandt north" in page and "Brandt branch" in page and "Brandt south" not in page
    assert "Known in 2 of 2 tenants." in page
    assert acts(world.north.id) == acts(branch.id) == acts(log.HOUSE) == ["desk.look"]
    assert not acts(world.south.id)
    entry = AuditEntry.get(AuditEntry.tenant_id == branch.id, AuditEntry.act == "desk.look")
    assert entry.reference == "T-9" and entry.details == {"reason": "Auskunft per Brief"}
    house = AuditEntry.get(AuditEntry.tenant_id == log.HOUSE, AuditEntry.act == "desk.look")
    assert ADDRESS not in json.dumps(house.details), "the log outlives an erasure"
    desk.post(f"{PAGE}/close")
    assert "Brandt" not in desk.get(PAGE).text and desk.post(f"{PAGE}/report").status_code == 404


def test_the_report_holds_what_all_tenants_of_the_desk_know(
    desk: FlaskClient, world: World, branch: Tenant
) -> None:
    look(desk)
    found = json.loads(desk.post(f"{PAGE}/report", data={"as": "json"}).data)
    assert set(found["tenants"]) == {"Verlag Nord", "Nord-Filiale"}
    assert found["tenants"]["Nord-Filiale"]["person"]["last_name"] == "Brandt branch"
    page = desk.post(f"{PAGE}/report").text
    assert "Brandt north" in page and "Reachable" in page, "codes are for the file, words for the page"
    assert "<dd>active</dd>" not in page and "+00:00" not in page
    assert acts(branch.id) == ["desk.look", "desk.report", "desk.report"]


def test_blocks_are_set_and_lifted_where_ticked(desk: FlaskClient, world: World, branch: Tenant) -> None:
    look(desk)
    assert desk.post(f"{PAGE}/act", data={"act": "lock"}).status_code == 422
    desk.post(f"{PAGE}/act", data={"act": "lock", "tenant": [str(branch.id), str(world.south.id)]})
    locked = {p.tenant_id for p in Subscriber.select().where(Subscriber.locked_reason.is_null(False))}
    assert locked == {branch.id}
    desk.post(f"{PAGE}/act", data={"act": "unlock", "tenant": str(branch.id)})
    assert not Subscriber.select().where(Subscriber.locked_reason.is_null(False)).exists()
    desk.post(f"{PAGE}/act", data={"act": "suppress", "everywhere": "1"})
    assert {s.tenant_id for s in Suppression.select()} == {world.north.id, branch.id}
    desk.post(f"{PAGE}/act", data={"act": "release", "tenant": str(branch.id)})
    assert suppression.is_suppressed(world.north.id, ADDRESS) and not suppression.is_suppressed(
        branch.id, ADDRESS
    )
    assert acts(branch.id) == ["desk.look", "desk.lock", "desk.unlock", "desk.suppress", "desk.release"]
    assert log.verify(branch.id) is None


def test_erasing_asks_for_the_address_and_leaves_the_other_house_alone(
    desk: FlaskClient, world: World, branch: Tenant
) -> None:
    look(desk)
    form = {"tenant": [str(world.north.id), str(branch.id), str(world.south.id)]}
    ask = desk.post(f"{PAGE}/erase", data=form)
    assert ask.status_code == 200 and "Brandt south" not in ask.text
    assert desk.post(f"{PAGE}/erase", data={**form, "typed": "x"}).status_code == 422
    assert Subscriber.select().count() == 3
    assert desk.post(f"{PAGE}/erase", data={**form, "typed": ADDRESS.upper()}).status_code == 303
    assert [p.tenant_id for p in Subscriber.select()] == [world.south.id]
    assert suppression.is_suppressed(branch.id, ADDRESS), "its fingerprint stays"
    assert "desk.erase" in acts(world.north.id)


def test_a_recalled_duty_ends_an_open_case(desk: FlaskClient, world: World, branch: Tenant) -> None:
    look(desk)
    held = next(d for d in duties.holders(world.north.id) if d.kind == DutyKind.DESK)
    duties.take(world.north, held.id, world.administrator)
    assert desk.get(PAGE).status_code == 404
