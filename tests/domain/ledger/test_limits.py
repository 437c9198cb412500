"""Limits hold for any number of claimers together, and whatever is not sent makes room for somebody else."""

import random
import threading
from collections import Counter

import pytest

from domain import clock, db
from domain.accounts.models import Role
from domain.ledger import outbox, settlements
from domain.ledger.models import Delivery, DeliveryPayload
from domain.ledger.outbox import Terms
from domain.ledger.rows import Row, Settlement
from domain.ledger.states import DeliveryState, LeftOut
from domain.quotas import ceilings, contact
from domain.quotas import ledger as quotas
from domain.quotas.ceilings import Portions
from domain.quotas.models import HOUSE, INTERVAL, ContactCounter, Scope, VolumeCounter, Window
from domain.subscribers.models import Consent, Subscriber, Subscription, Suppression

TYPE, REVISION = 5, 3


def mailing(tenant_id: int, campaign_id: int, count: int) -> None:
    """`count` queued deliveries to p1@x.example … of a tenant."""
    for number in range(1, count + 1):
        key = f"p{number}@x.example"
        person, _ = Subscriber.get_or_create(
            tenant_id=tenant_id, address_key=key, defaults={"address": key, "folded": key}
        )
        Subscription.get_or_create(
            tenant_id=tenant_id,
            subscriber_id=person.id,
            type_id=TYPE,
            defaults={"consent": Consent.CONFIRMED},
        )
        row = Delivery.create(
            tenant_id=tenant_id, campaign_id=campaign_id, subscriber_id=person.id, address_key=key,
            queued_at=clock.epoch(),
        )  # fmt: skip
        DeliveryPayload.create(
            delivery_id=row.id, tenant_id=tenant_id, campaign_id=campaign_id, address=key, packed="{}"
        )


def terms(tenant_id: int = 1, campaign_id: int = 9, **more: object) -> Terms:
    return Terms(
        tenant_id, campaign_id, TYPE, REVISION, ("confirmed",), more.pop("role_id", None), "Europe/Berlin",
        lambda: True, **more,
    )  # fmt: skip


def outcome(row: Row, state: int, tenant_id: int = 1, owner_id: int = 1, next_at: int = 0) -> Settlement:
    return Settlement(
        tenant_id=tenant_id, delivery_id=row.delivery_id, attempt=row.attempt, owner_id=owner_id, state=int(state),
        code=0, enhanced="", text="", next_at=next_at, revision_id=REVISION,
    )  # fmt: skip


def used(scope: Scope, holder_id: int = 0, tenant_id: int = 1, window: str = Window.DAY) -> int:
    return (
        VolumeCounter.select(VolumeCounter.used)
        .where(
            VolumeCounter.tenant_id == tenant_id, VolumeCounter.scope == scope,
            VolumeCounter.holder_id == holder_id, VolumeCounter.window == window,
        )
        .scalar()
        or 0
    )  # fmt: skip


def capped(tenant_id: int = HOUSE) -> dict[int, int]:
    """How many addresses were counted how often."""
    rows = ContactCounter.select(ContactCounter.used).where(ContactCounter.tenant_id == tenant_id)
    return dict(Counter(row[0] for row in rows.tuples() if row[0]))


@pytest.fixture
def role(database: str) -> int:
    made = Role.create(name="Sender")
    quotas.set_limits(made.id, {Window.DAY: 5})
    return made.id


def test_the_smallest_of_role_and_tenant_limits_decides(role: int) -> None:
    mailing(1, 9, 10)
    ceilings.set_tenant_limits(1, {Window.DAY: 3})
    claimed = outbox.claim(terms(role_id=role), 10, 1, 60)
    assert len(claimed.rows) == 3
    assert (claimed.limited_by.scope, claimed.limited_by.ceiling) == (Scope.TENANT, 3)
    assert (used(Scope.ROLE, role), used(Scope.TENANT)) == (3, 3)


def test_a_tenant_limit_counts_all_roles_together(role: int) -> None:
    other = Role.create(name="Other").id
    ceilings.set_tenant_limits(1, {Window.HOUR: 6})
    mailing(1, 9, 10)
    mailing(1, 10, 10)
    assert len(outbox.claim(terms(role_id=role), 10, 1, 60).rows) == 5
    assert len(outbox.claim(terms(campaign_id=10, role_id=other), 10, 1, 60).rows) == 1


def test_a_person_with_an_exception_counts_alone(role: int) -> None:
    mailing(1, 9, 20)
    mailing(1, 10, 20)
    ceilings.set_exception(1, 77, {Window.DAY: 12})
    assert len(outbox.claim(terms(role_id=role, user_id=77), 20, 1, 60).rows) == 12
    assert (used(Scope.ROLE, role), used(Scope.PERSON, 77)) == (0, 12)
    assert len(outbox.claim(terms(campaign_id=10, role_id=role, user_id=78), 20, 1, 60).rows) == 5


def test_an_exception_can_lift_the_limit_of_the_role(role: int) -> None:
    mailing(1, 9, 20)
    ceilings.set_exception(1, 77, {Window.DAY: None})
    assert len(outbox.claim(terms(role_id=role, user_id=77), 20, 1, 60).rows) == 20


def test_portions_leave_one_after_the_other(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mailing(1, 9, 10)
    since = clock.epoch()
    sent = []
    for minute in (0, 5, 9, 10, 19, 20):
        monkeypatch.setattr(clock, "epoch", lambda at=since + minute * 60: at)
        claimed = outbox.claim(terms(portions=Portions(4, 600, since)), 10, 1, 60)
        sent.append(len(claimed.rows))
        if minute == 5:
            assert claimed.limited_by.window == INTERVAL
            assert claimed.limited_by.resets_at == clock.moment(since + 600)
    assert sent == [4, 0, 0, 4, 0, 2]


def test_a_retry_uses_its_reservation_and_a_refusal_gives_it_back_once(role: int) -> None:
    mailing(1, 9, 10)
    ceilings.set_tenant_limits(1, {Window.DAY: 100})
    contact.set_cap(HOUSE, 1, 7)
    rows = outbox.claim(terms(role_id=role), 10, 1, 60).rows
    assert (used(Scope.ROLE, role), used(Scope.TENANT), capped()) == (5, 5, {1: 5})
    settlements.settle([outcome(rows[0], DeliveryState.DEFERRED)])
    again = outbox.claim(terms(role_id=role), 10, 1, 60).rows
    assert [r.delivery_id for r in again] == [rows[0].delivery_id]
    assert used(Scope.ROLE, role) == 5
    refused = [outcome(again[0], DeliveryState.FAILED), outcome(rows[1], DeliveryState.FAILED)]
    settlements.settle(refused)
    settlements.settle(refused)
    assert (used(Scope.ROLE, role), used(Scope.TENANT), capped()) == (3, 3, {1: 3})
    assert len(outbox.claim(terms(role_id=role), 10, 1, 60).rows) == 2


def test_what_may_have_arrived_keeps_its_place(role: int) -> None:
    mailing(1, 9, 5)
    rows = outbox.claim(terms(role_id=role), 5, 1, 60).rows
    settlements.settle([outcome(rows[0], DeliveryState.UNCERTAIN)])
    again = outbox.claim(terms(role_id=role), 5, 1, 60).rows
    settlements.settle([outcome(again[0], DeliveryState.FAILED), outcome(rows[1], DeliveryState.SENT)])
    assert used(Scope.ROLE, role) == 5


def test_rows_that_return_to_the_queue_make_room(role: int) -> None:
    mailing(1, 9, 10)
    rows = outbox.claim(terms(role_id=role), 10, 1, 60).rows
    settlements.settle([outcome(row, DeliveryState.QUEUED) for row in rows[:2]])
    assert used(Scope.ROLE, role) == 3
    settlements.take_over(1, [], [])
    assert used(Scope.ROLE, role) == 0
    assert len(outbox.claim(terms(role_id=role), 10, 2, 60).rows) == 5


def test_who_unsubscribes_before_the_second_try_makes_room(role: int) -> None:
    mailing(1, 9, 5)
    row = outbox.claim(terms(role_id=role), 1, 1, 60).rows[0]
    settlements.settle([outcome(row, DeliveryState.DEFERRED)])
    Suppression.create(tenant_id=1, address_key=row.address, address_hash="h")
    outbox.claim(terms(role_id=role), 1, 1, 60)
    assert Delivery.get_by_id(row.delivery_id).reason == LeftOut.SUPPRESSED
    assert used(Scope.ROLE, role) == 0


def test_a_limit_set_or_lifted_meanwhile_does_not_upset_what_is_given_back(role: int) -> None:
    mailing(1, 9, 10)
    rows = outbox.claim(terms(role_id=role), 5, 1, 60).rows
    ceilings.set_tenant_limits(1, {Window.DAY: 50})
    mailing(1, 10, 3)
    outbox.claim(terms(campaign_id=10), 3, 1, 60)
    settlements.settle([outcome(row, DeliveryState.FAILED) for row in rows])
    assert (used(Scope.ROLE, role), used(Scope.TENANT)) == (0, 3)


def test_an_address_gets_no_more_than_the_cap_whichever_tenant_writes(database: str) -> None:
    contact.set_cap(HOUSE, 2, 7)
    for tenant_id in (1, 2, 3):
        mailing(tenant_id, 10 + tenant_id, 4)
        claimed = outbox.claim(terms(tenant_id, 10 + tenant_id), 10, 1, 60)
        assert len(claimed.rows) == (4 if tenant_id < 3 else 0)
    refused = Delivery.select().where(Delivery.tenant_id == 3)
    assert {(r.state, r.reason) for r in refused} == {(DeliveryState.SUPPRESSED, LeftOut.CONTACT_CAP)}
    assert not ContactCounter.select().where(ContactCounter.address_hash.contains("@")).exists()


def test_a_tenant_may_write_less_often_than_the_house_allows(database: str) -> None:
    contact.set_cap(HOUSE, 2, 7)
    contact.set_cap(1, 1, 7)
    for campaign_id in (10, 11):
        mailing(1, campaign_id, 3)
        outbox.claim(terms(1, campaign_id), 10, 1, 60)
    assert (capped(1), capped(HOUSE)) == ({1: 3}, {1: 3})  # what its own cap refused is free for others
    mailing(2, 12, 3)
    assert len(outbox.claim(terms(2, 12), 10, 1, 60).rows) == 3


def test_a_cap_looks_back_over_its_days_only(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    contact.set_cap(HOUSE, 1, 3)
    today = clock.epoch()
    went = []
    for day in range(5):
        mailing(1, 20 + day, 1)
        monkeypatch.setattr(clock, "epoch", lambda at=today + day * 86_400: at)
        went.append(len(outbox.claim(terms(1, 20 + day), 1, 1, 60).rows))
    assert went == [1, 0, 0, 1, 0]


def test_a_mail_above_a_volume_limit_counts_against_no_cap(role: int) -> None:
    contact.set_cap(HOUSE, 1, 7)
    mailing(1, 9, 8)
    outbox.claim(terms(role_id=role), 8, 1, 60)
    assert capped() == {1: 5}


def together(count: int, work) -> None:
    """Run `work(number)` in threads at once, each with a connection of its own."""
    errors: list[BaseException] = []

    def body(number: int) -> None:
        try:
            with db.connection():
                work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=body, args=(n,)) for n in range(1, count + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


def test_eight_claimers_send_exactly_the_limit(role: int) -> None:
    """Refused ones are replaced, and never do more stand in the counter than the limit allows."""
    quotas.set_limits(role, {Window.DAY: 100})
    mailing(1, 9, 300)
    sent: list[int] = []

    def work(owner_id: int) -> None:
        dice = random.Random(owner_id)
        empty = 0
        while empty < 5:
            rows = outbox.claim(terms(role_id=role), dice.randint(3, 20), owner_id, 60).rows
            empty = 0 if rows else empty + 1
            ends = [dice.choice([DeliveryState.SENT, DeliveryState.SENT, DeliveryState.FAILED]) for _ in rows]
            settlements.settle([outcome(r, e, owner_id=owner_id) for r, e in zip(rows, ends, strict=True)])
            sent.extend(r.delivery_id for r, e in zip(rows, ends, strict=True) if e == DeliveryState.SENT)
            assert used(Scope.ROLE, role) <= 100

    together(8, work)
    while rows := outbox.claim(terms(role_id=role), 50, 1, 60).rows:  # what somebody gave back last
        settlements.settle([outcome(r, DeliveryState.SENT) for r in rows])
        sent.extend(r.delivery_id for r in rows)
    assert len(sent) == len(set(sent)) == 100 == used(Scope.ROLE, role)


def test_eight_claimers_of_eight_tenants_keep_the_cap_of_every_address(database: str) -> None:
    contact.set_cap(HOUSE, 3, 7)
    for tenant_id in range(1, 9):
        mailing(tenant_id, tenant_id, 30)
    got: Counter[str] = Counter()
    lock = threading.Lock()

    def work(tenant_id: int) -> None:
        while True:
            rows = outbox.claim(terms(tenant_id, tenant_id), 7, tenant_id, 60).rows
            if not rows and not outbox.is_open(tenant_id, tenant_id, (DeliveryState.QUEUED,)):
                return
            with lock:
                got.update(row.address for row in rows)

    together(8, work)
    assert dict(got) == {f"p{n}@x.example": 3 for n in range(1, 31)}
    assert capped() == {3: 30}
