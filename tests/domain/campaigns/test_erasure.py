"""Data access and erasure: everything of one person in one tenant, and nothing of it afterwards."""

import json

import pytest

from domain import clock
from domain.campaigns import erasure
from domain.campaigns.models import Campaign
from domain.db import database
from domain.ledger.models import Delivery, DeliveryPayload
from domain.ledger.states import DeliveryState, LeftOut
from domain.notices import outbox
from domain.subscribers import addresses, consent, directory, lists, signup, suppression
from domain.subscribers.consent import Trace
from domain.subscribers.facets import fields, notes
from domain.subscribers.facets.models import Holder
from domain.subscribers.models import ConsentEvent, ImportReject, Subscriber
from tests.world import World

ADDRESS = "anna@only-here.example"


@pytest.fixture
def anna(world: World) -> Subscriber:
    """Anna in both tenants, with traces of every kind in north."""
    own = fields.save(world.north.id, {"name": "Nummer", "is_unique": True}, None)
    values = {
        "address": ADDRESS,
        "first_name": "Anna",
        "city": "Celle",
        "tags": ["vip"],
        f"own-{own.id}": "K17",
    }
    person = directory.create(world.north.id, values)
    directory.create(world.south.id, {"address": ADDRESS, "first_name": "Anna im Süden"})
    trace = Trace(form="/n/north", ip="192.0.2.7", agent="Firefox")
    consent.step(person, world.types["city"], "import_unknown", trace)
    notes.add(world.north.id, Holder.SUBSCRIBER, person.id, "Rief an", world.editor.id)
    lists.put(person, {lists.save(world.north.id, "Messe", world.editor.id).id}, world.editor.id)
    for number, state in enumerate((DeliveryState.SENT, DeliveryState.QUEUED), 1):
        Campaign.create(
            tenant_id=world.north.id, issue_id=1, type_id=1, name=f"Mailing {number}", created_by_id=1
        )
        row = Delivery.create(
            tenant_id=world.north.id, campaign_id=number, subscriber_id=person.id, address_key=ADDRESS, state=state,
            queued_at=clock.epoch(), reply_text=f"250 {ADDRESS} ok",
        )  # fmt: skip
        DeliveryPayload.create(
            delivery_id=row.id, tenant_id=world.north.id, campaign_id=number, address=ADDRESS, packed="{}"
        )
    outbox.queue("optin", tenant_id=world.north.id, to_address=ADDRESS, subject="Confirm", plain="x")
    ImportReject.create(tenant_id=world.north.id, job_id=1, row=2, cells=[ADDRESS, "x"], reason="twice")
    suppression.add(world.north.id, ADDRESS, "for a while", until=clock.now())
    return person


def test_the_file_holds_everything_in_words(world: World, anna: Subscriber) -> None:
    found = json.loads(json.dumps(erasure.everything(anna)))
    assert found["person"]["address"] == ADDRESS and found["own_fields"] == {"Nummer": "K17"}
    assert found["lists"] == ["Messe"] and found["tags"] == ["vip"] and found["notes"][0]["text"] == "Rief an"
    assert found["newsletters"] == {"Stadtgespräch": "unknown"} and found["consents"][0]["ip"] == "192.0.2.7"
    assert [row["mailing"] for row in found["mailings"]] == ["Mailing 2", "Mailing 1"]
    assert "Süden" not in json.dumps(found, ensure_ascii=False)


def test_after_the_erasure_only_the_keyed_hash_is_left(world: World, anna: Subscriber) -> None:
    erasure.erase(anna, "asked for it", world.editor.id)
    assert directory.by_key(world.south.id, ADDRESS).first_name == "Anna im Süden"
    for table in database.get_tables():
        if table.startswith(("subscriber_search", "sqlite_")):
            continue
        for row in database.execute_sql(f'SELECT * FROM "{table}"').fetchall():
            text = json.dumps([str(cell) for cell in row], ensure_ascii=False)
            assert ADDRESS not in text or "Süden" in text, (table, row)
            assert "K17" not in text and "192.0.2.7" not in text, (table, row)
    assert suppression.is_suppressed(world.north.id, ADDRESS)
    digest = addresses.hash_of(ADDRESS, world.north.id)
    assert ConsentEvent.select().where(ConsentEvent.address_hash == digest).count() == 1
    assert {row.reason for row in Delivery.select() if row.state == DeliveryState.SUPPRESSED} == {
        LeftOut.NO_ADDRESS
    }
    assert Delivery.select().where(Delivery.state == DeliveryState.SENT).count() == 1
    request = signup.Request(addresses.parse(ADDRESS), [world.types["city"].id])
    assert signup.begin(world.north.id, request, Trace(), lambda opt_in: pytest.fail("mailed")) is None
