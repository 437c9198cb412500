"""Claim, settle and take over: no row twice, no row lost, nobody mailed who may no longer be."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from peewee import chunked

from dispatcher.engine import takeover
from domain import clock, db
from domain.accounts.models import Role
from domain.ledger import outbox, settlements
from domain.ledger.models import Delivery, DeliveryPayload, DispatcherProcess
from domain.ledger.outbox import Terms
from domain.ledger.rows import Settlement
from domain.ledger.states import DeliveryState, LeftOut
from domain.quotas import ledger as quotas
from domain.quotas.models import Window
from domain.subscribers.models import (
    Consent,
    Deliverability,
    Organisation,
    Subscriber,
    Subscription,
    Suppression,
)

TENANT, TYPE, CAMPAIGN = 1, 5, 9


@pytest.fixture
def people(database):
    """Ten subscribers with confirmed consent, each with a queued delivery."""
    for number in range(1, 11):
        key = f"p{number}@x.example"
        person = Subscriber.create(tenant_id=TENANT, address=key, address_key=key)
        Subscription.create(
            tenant_id=TENANT, subscriber_id=person.id, type_id=TYPE, consent=Consent.CONFIRMED
        )
        row = Delivery.create(
            tenant_id=TENANT,
            campaign_id=CAMPAIGN,
            subscriber_id=person.id,
            address_key=key,
            queued_at=clock.epoch(),
        )
        DeliveryPayload.create(
            delivery_id=row.id, tenant_id=TENANT, campaign_id=CAMPAIGN, address=key, packed='{"Name":"P"}'
        )


def terms(role_id=None, running=lambda: True, consents=("confirmed", "proved")):
    return Terms(TENANT, CAMPAIGN, TYPE, 3, consents, role_id, "Europe/Berlin", running)


def settlement(row, state, owner_id=1, next_at=0):
    return Settlement(row.delivery_id, TENANT, row.attempt, owner_id, state, 250, "2.0.0", "ok", next_at, 3)


def count(state):
    return outbox.counts(TENANT, CAMPAIGN)[state]


def test_claim_hands_out_each_row_once(people):
    first = outbox.claim(terms(), 6, 1, 60).rows
    second = outbox.claim(terms(), 6, 2, 60).rows
    assert len(first) == 6 and len(second) == 4
    assert not {r.delivery_id for r in first} & {r.delivery_id for r in second}
    assert first[0].address == "p1@x.example" and first[0].values == {"Name": "P"} and first[0].attempt == 1
    assert outbox.claim(terms(), 6, 3, 60).rows == []


def test_campaign_that_does_not_run_yields_nothing(people):
    assert outbox.claim(terms(running=lambda: False), 6, 1, 60).rows == []
    assert count(DeliveryState.QUEUED) == 10


def test_four_claimers_at_once_share_the_rows(people, database_url):
    claimed, errors = [], []

    def work(owner_id):
        try:
            with db.connection():
                while rows := outbox.claim(terms(), 2, owner_id, 60).rows:
                    claimed.extend(row.delivery_id for row in rows)
        except Exception as error:  # shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and sorted(claimed) == sorted(set(claimed)) and len(claimed) == 10


def change(key, **values):
    Subscriber.update(**values).where(Subscriber.address_key == key).execute()


def test_whoever_may_no_longer_be_mailed_is_left_out_with_the_reason(people):
    hour = timedelta(hours=1)
    Suppression.create(tenant_id=TENANT, address_key="p1@x.example", address_hash="1")
    change("p2@x.example", locked_reason="asked on the phone")
    change("p3@x.example", locked_reason="holiday", locked_until=clock.now() - hour)  # over: is mailed
    firm = Organisation.create(
        tenant_id=TENANT, name="Firm", locked_reason="dispute", locked_until=clock.now() + hour
    )
    change("p4@x.example", organisation_id=firm.id)
    change("p5@x.example", deliverability=Deliverability.BOUNCED)
    change("p6@x.example", deliverability=Deliverability.STOPPED)
    for number, consent in ((7, Consent.REVOKED), (8, Consent.UNKNOWN), (9, Consent.PENDING)):
        Subscription.update(consent=consent).where(Subscription.subscriber_id == number).execute()
    Suppression.create(tenant_id=2, address_key="p10@x.example", address_hash="2")  # another tenant's
    rows = outbox.claim(terms(), 20, 1, 60).rows
    assert [row.address for row in rows] == ["p3@x.example", "p10@x.example"]
    reasons = dict(
        Delivery.select(Delivery.address_key, Delivery.reason).where(Delivery.reason.is_null(False)).tuples()
    )
    assert reasons == {
        "p1@x.example": LeftOut.SUPPRESSED,
        "p2@x.example": LeftOut.LOCKED,
        "p4@x.example": LeftOut.ORGANISATION_LOCKED,
        "p5@x.example": LeftOut.UNDELIVERABLE,
        "p6@x.example": LeftOut.STOPPED,
        "p7@x.example": LeftOut.UNSUBSCRIBED,
        "p8@x.example": LeftOut.UNPROVED,
        "p9@x.example": LeftOut.UNCONFIRMED,
    }


def test_unproved_consent_is_mailed_only_if_the_campaign_says_so(people):
    Subscription.update(consent=Consent.UNKNOWN).execute()
    assert len(outbox.claim(terms(consents=("confirmed", "unknown")), 20, 1, 60).rows) == 10


def test_erased_person_is_not_mailed(people):
    DeliveryPayload.delete().where(DeliveryPayload.delivery_id == 1).execute()
    assert len(outbox.claim(terms(), 20, 1, 60).rows) == 9


def test_role_over_its_daily_limit_sends_the_rest_later(people):
    role = Role.create(name="Editor")
    quotas.set_limits(role.id, {Window.DAY: 4})
    claimed = outbox.claim(terms(role.id), 6, 1, 60)
    assert len(claimed.rows) == 4 and claimed.limited_by.window == Window.DAY
    assert count(DeliveryState.QUEUED) == 6
    assert not outbox.claim(terms(role.id), 6, 1, 60).rows


def test_retry_reuses_its_reservation(people):
    role = Role.create(name="Editor")
    quotas.set_limits(role.id, {Window.DAY: 4})
    rows = outbox.claim(terms(role.id), 4, 1, 60).rows
    settlements.settle([settlement(row, DeliveryState.DEFERRED) for row in rows])
    assert [row.attempt for row in outbox.claim(terms(role.id), 10, 1, 60).rows] == [2, 2, 2, 2]


def test_settled_row_tells_what_the_server_said(people):
    row = outbox.claim(terms(), 1, 1, 60).rows[0]
    settlements.settle([settlement(row, DeliveryState.SENT)])
    found = Delivery.get_by_id(row.delivery_id)
    assert (found.state, found.reply_code, found.enhanced, found.reply_text) == (
        DeliveryState.SENT,
        250,
        "2.0.0",
        "ok",
    )
    assert found.settled_at and found.handed_over and found.revision_id == 3 and found.owner_id is None


def test_deferred_row_is_not_due_before_its_time(people):
    rows = outbox.claim(terms(), 10, 1, 60).rows
    settlements.settle([settlement(row, DeliveryState.DEFERRED, next_at=clock.epoch() + 300) for row in rows])
    assert not outbox.claim(terms(), 10, 1, 60).rows
    assert outbox.is_open(TENANT, CAMPAIGN) and not outbox.is_open(TENANT, CAMPAIGN, due_at=clock.epoch())


def test_late_owner_settles_nothing(people):
    row = outbox.claim(terms(), 1, 1, 60).rows[0]
    settlements.take_over(1, [], set())
    again = outbox.claim(terms(), 10, 2, 60).rows  # PostgreSQL takes rows of one moment in any order
    assert row.delivery_id in {other.delivery_id for other in again}
    settlements.settle([settlement(row, DeliveryState.FAILED, owner_id=1)])
    assert Delivery.get_by_id(row.delivery_id).state == DeliveryState.LEASED


def test_take_over_settles_outcomes_doubts_intents_and_frees_the_rest(people):
    a, b, *rest = outbox.claim(terms(), 5, 1, 60).rows
    back, doubtful = settlements.take_over(
        1, [settlement(a, DeliveryState.SENT)], {(b.delivery_id, b.attempt)}
    )
    assert (back, doubtful) == (len(rest), 1)
    assert (
        count(DeliveryState.SENT) == 1
        and count(DeliveryState.UNCERTAIN) == 1
        and count(DeliveryState.QUEUED) == 8
    )


def test_take_over_without_a_journal_doubts_everything(people):
    outbox.claim(terms(), 5, 1, 60)
    assert settlements.take_over(1, [], None) == (0, 5)
    assert count(DeliveryState.UNCERTAIN) == 5


def test_a_dead_owner_is_found_by_all_it_claimed_and_forgotten_once_it_was_taken_over(people):
    Delivery.update(campaign_id=CAMPAIGN + 1).where(Delivery.id > 7).execute()
    outbox.claim(terms(), 5, 1, 60)
    outbox.claim(replace(terms(), campaign_id=CAMPAIGN + 1), 2, 1, 90)
    outbox.claim(terms(), 5, 2, 60)
    assert outbox.lease_holders() == [1, 2]
    assert clock.epoch() + 80 < outbox.latest_lease(1) and outbox.latest_lease(3) == 0
    assert settlements.take_over(1, [], set()) == (7, 0)
    assert outbox.lease_holders() == [2] and count(DeliveryState.LEASED) == 2


def test_an_owner_that_ends_is_forgotten_only_if_it_holds_nothing(people):
    for number, held in ((1, 1), (2, 0)):
        process = DispatcherProcess.create(
            name="deliver", host="here", boot_id="b", pid=number, journal="", started_at=1, heartbeat_at=1
        )
        first, second = outbox.claim(terms(), 2, process.id, 60).rows
        ends = [settlement(row, DeliveryState.SENT, owner_id=process.id) for row in (first, second)]
        settlements.settle(ends[held:])
        takeover.ended(process.id)
    assert outbox.lease_holders() == [1]


def test_doubtful_row_is_sent_once_more_and_held_after_the_second_doubt(people):
    row = outbox.claim(terms(), 1, 1, 60).rows[0]
    settlements.take_over(1, [], {(row.delivery_id, row.attempt)})
    again = outbox.claim(terms(), 1, 2, 60).rows[0]
    assert again.delivery_id == row.delivery_id
    assert Delivery.get_by_id(row.delivery_id).maybe_duplicate
    settlements.settle([settlement(again, DeliveryState.UNCERTAIN, owner_id=2)])
    assert Delivery.get_by_id(row.delivery_id).state == DeliveryState.HELD


def test_open_means_queued_leased_deferred_or_uncertain(people):
    rows = outbox.claim(terms(), 10, 1, 60).rows
    settlements.settle([settlement(row, DeliveryState.SENT) for row in rows[1:]])
    assert outbox.is_open(TENANT, CAMPAIGN)
    settlements.settle([settlement(rows[0], DeliveryState.FAILED)])
    assert not outbox.is_open(TENANT, CAMPAIGN)
    assert outbox.counts(TENANT, CAMPAIGN)[DeliveryState.SENT] == 9


@pytest.mark.sqlite_only
def test_claim_and_settle_find_rows_by_their_ids_however_many_the_tenant_has(people, monkeypatch):
    plans, run = [], db.database.obj.execute_sql

    def explained(text, values=None, *more):
        if " delivery" in text and " id IN (" in text:
            plans.extend(row[3] for row in run(f"EXPLAIN QUERY PLAN {text}", values).fetchall())
        return run(text, values, *more)

    monkeypatch.setattr(db.database.obj, "execute_sql", explained)
    rows = outbox.claim(terms(), 10, 1, 60).rows
    settlements.settle([settlement(row, DeliveryState.SENT) for row in rows])
    walked = [plan for plan in plans if "delivery_tenant_id" in plan or "SCAN delivery" in plan]
    assert len(rows) == 10 and plans and not walked


def test_a_row_that_returns_is_not_counted_as_tried(people):
    Delivery.delete().where(Delivery.id > 1).execute()  # those of one moment come in any order
    (row,) = outbox.claim(terms(), 1, owner_id=1, lease_s=60).rows
    settlements.settle([settlement(row, DeliveryState.QUEUED)])
    (again,) = outbox.claim(terms(), 1, owner_id=1, lease_s=60).rows
    assert (again.delivery_id, again.attempt, again.returned) == (row.delivery_id, 2, 1)
    settlements.take_over(1, [], [])
    (third,) = outbox.claim(terms(), 1, owner_id=2, lease_s=60).rows
    assert (third.attempt, third.returned) == (3, 2)
    settlements.settle([settlement(third, DeliveryState.DEFERRED, owner_id=2)])
    (fourth,) = outbox.claim(terms(), 1, owner_id=2, lease_s=60).rows
    assert (fourth.delivery_id, fourth.attempt, fourth.returned) == (row.delivery_id, 4, 2)


@pytest.mark.postgres_only
def test_a_claim_reads_what_it_takes_even_if_nothing_is_known_of_the_tables(people, monkeypatch):
    """A list is imported and mailed within the minute in which PostgreSQL has not counted it yet: a claim that joined
    all consents of the tenant for each of its rows took ten seconds and more."""
    numbers = range(1001, 5001)
    for model, values in (
        (Subscriber, lambda n: {"id": n, "address": f"p{n}", "address_key": f"p{n}"}),
        (Subscription, lambda n: {"subscriber_id": n, "type_id": TYPE, "consent": Consent.CONFIRMED}),
        (
            Delivery,
            lambda n: {
                "id": n, "campaign_id": CAMPAIGN, "subscriber_id": n, "address_key": f"p{n}", "queued_at": 1
            },
        ),
        (DeliveryPayload, lambda n: {"delivery_id": n, "campaign_id": CAMPAIGN, "address": "p", "packed": "{}"}),
    ):  # fmt: skip
        for some in chunked(numbers, 1000):
            model.insert_many({"tenant_id": TENANT, **values(n)} for n in some).execute()
    plans, run = [], db.database.obj.execute_sql

    def explained(text, values=None, *more):
        if "AS left_out" in text:
            plans.extend(run(f"EXPLAIN (ANALYZE, FORMAT JSON) {text}", values).fetchall()[0][0])
        return run(text, values, *more)

    monkeypatch.setattr(db.database.obj, "execute_sql", explained)
    assert len(outbox.claim(terms(), 500, 1, 60).rows) == 500
    assert len(plans) == 1 and rows_touched(plans[0]["Plan"]) < 2 * len(numbers)


def rows_touched(node):
    """How many rows the busiest step of an explained plan has looked at."""
    looked_at = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter")
    own = node["Actual Loops"] * sum(node.get(kind, 0) for kind in looked_at)
    return max([own, *map(rows_touched, node.get("Plans", []))])
