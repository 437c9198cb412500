"""Dead addresses and complaints become entries of the suppression list that name rule, mailing and mail."""

import pytest

from domain import clock
from domain.campaigns import erasure
from domain.ledger import returned
from domain.ledger.models import Delivery, DeliveryEvent
from domain.ledger.states import DeliveryState
from domain.subscribers import directory, suppression
from domain.subscribers.models import Deliverability, Subscriber, Suppression, SuppressionEvent
from tests.world import World

DEAD = "gone@x.example"


def refused(world: World, address: str = DEAD, **reply: object) -> Delivery:
    tenant_id = world.north.id
    key = address.lower()
    found = Subscriber.get_or_none(Subscriber.tenant_id == tenant_id, Subscriber.address_key == key)
    person = found or directory.create(tenant_id, {"address": address})
    values = {
        "state": DeliveryState.FAILED,
        "reply_code": 550,
        "enhanced": "5.1.1",
        "reply_text": f"no <{address}>",
    }
    return Delivery.create(
        tenant_id=tenant_id, campaign_id=Delivery.select().count() + 1, subscriber_id=person.id, address_key=key,
        queued_at=clock.epoch(), settled_at=clock.epoch(), **{**values, **reply},
    )  # fmt: skip


def entry(world: World) -> Suppression | None:
    return suppression.entry(world.north.id, DEAD)


def test_an_address_refused_for_good_is_listed_with_rule_mailing_and_mail(world: World) -> None:
    mail = refused(world)
    assert returned.stop_refused(0) == 1
    row = entry(world)
    assert row is not None and (row.source, row.auto) == ("bounce", "refused")
    assert (row.campaign_id, row.delivery_id) == (mail.campaign_id, mail.id)
    assert row.reason == "550 5.1.1 no <gone@x.example>"
    noted = SuppressionEvent.get(SuppressionEvent.tenant_id == world.north.id)
    assert (noted.act, noted.auto, noted.delivery_id) == ("added", "refused", mail.id)
    person = directory.get(world.north.id, mail.subscriber_id)
    assert person.deliverability == Deliverability.BOUNCED
    assert suppression.entry(world.south.id, DEAD) is None
    assert returned.stop_refused(0) == 0


@pytest.mark.parametrize(
    "reply",
    [
        {"enhanced": "5.2.2"},  # full
        {"enhanced": "5.7.1"},  # a rule of the server
        {"enhanced": None, "reply_code": 550},  # does not say what is wrong
        {"enhanced": None, "reply_code": None},  # no mail could be made
        {"enhanced": "4.1.1", "state": DeliveryState.DEFERRED},
        {"enhanced": "5.1.1", "state": DeliveryState.SENT},
    ],
)
def test_what_says_nothing_of_the_address_stops_nobody(world: World, reply: dict[str, object]) -> None:
    refused(world, **reply)
    assert returned.stop_refused(0) == 0 and entry(world) is None


def test_what_was_taken_off_by_hand_is_not_put_back_by_an_old_mail(world: World) -> None:
    first = refused(world)
    refused(world)
    returned.stop_refused(0)
    row = entry(world)
    assert row is not None
    suppression.remove(world.north.id, row.id, "the box is open again", world.editor.id)
    person = directory.get(world.north.id, first.subscriber_id)
    assert person.deliverability == Deliverability.ACTIVE
    assert returned.stop_refused(0) == 0 and entry(world) is None


def test_a_mail_that_comes_back_stops_a_dead_address_and_is_noted_once(world: World) -> None:
    mail = refused(world, state=DeliveryState.SENT, enhanced="2.0.0", reply_code=250)
    assert returned.come_back(mail, "5.2.2", "mailbox full") is False and entry(world) is None
    assert returned.come_back(mail, "5.1.1", "unknown user") is True
    assert returned.come_back(mail, "5.1.1", "unknown user") is False
    row = entry(world)
    assert row is not None and (row.auto, row.delivery_id) == ("returned", mail.id)
    assert [e.kind for e in DeliveryEvent.select().where(DeliveryEvent.tenant_id == world.north.id)] == [
        "bounced"
    ]


def test_a_complaint_stops_the_address_but_does_not_call_it_dead(world: World) -> None:
    mail = refused(world, state=DeliveryState.SENT, enhanced="2.0.0", reply_code=250)
    assert returned.complained(mail, "Yahoo!-Mail-Feedback/2.0")
    row = entry(world)
    assert row is not None and (row.source, row.auto) == ("complaint", "complained")
    assert directory.get(world.north.id, mail.subscriber_id).deliverability == Deliverability.ACTIVE


def test_erasure_leaves_only_the_fingerprint_of_an_automatic_entry(world: World) -> None:
    mail = refused(world)
    returned.stop_refused(0)
    erasure.erase(directory.get(world.north.id, mail.subscriber_id), "asked for it", world.editor.id)
    rows = list(Suppression.select().where(Suppression.tenant_id == world.north.id).dicts())
    rows += list(SuppressionEvent.select().where(SuppressionEvent.tenant_id == world.north.id).dicts())
    assert not any("gone@" in str(value) for row in rows for value in row.values())
    assert not any(row["delivery_id"] for row in rows)
