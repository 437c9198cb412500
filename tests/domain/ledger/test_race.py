"""F19: unsubscribe, erase, suppress and pause while eight claimers take rows; what was said first wins."""

import threading
import time

import pytest

from domain import db
from domain.campaigns.models import Campaign, CampaignStatus
from domain.ledger import outbox, settlements
from domain.ledger.outbox import Terms
from domain.ledger.states import DeliveryState
from domain.subscribers.models import Consent, Subscriber, Subscription, Suppression
from tests.domain.ledger.test_limits import REVISION, TYPE, mailing, together

COUNT = 400


@pytest.mark.postgres_only
def test_rows_that_are_claimed_while_their_owner_is_taken_over_are_found_later(database: str) -> None:
    """A process was held up so long that another one takes its place, and claims once more at that moment."""
    mailing(1, 9, 4)
    terms = Terms(1, 9, TYPE, REVISION, ("confirmed",), None, "Europe/Berlin", lambda: True)
    outbox.claim(terms, 2, 7, 60)
    over = threading.Event()

    def take_over() -> None:
        with db.connection():
            settlements.take_over(7, [], None)
        over.set()

    taker = threading.Thread(target=take_over)
    with db.database.atomic():
        outbox.claim(terms, 2, 7, 60)
        taker.start()
        while not over.is_set() and not is_waited_for():
            over.wait(0.01)
    taker.join()
    assert outbox.counts(1, 9)[DeliveryState.LEASED] == 2
    assert outbox.lease_holders() == [7]
    assert settlements.take_over(7, [], set()) == (2, 0) and outbox.lease_holders() == []


@pytest.mark.postgres_only
def test_campaigns_that_stand_for_each_other_write_to_nobody_twice_at_the_same_moment(database: str) -> None:
    mailing(1, 8, 4)
    mailing(1, 9, 4)
    first = Terms(1, 8, TYPE, REVISION, ("confirmed",), None, "Europe/Berlin", lambda: True, rivals=(9,))
    second = Terms(1, 9, TYPE, REVISION, ("confirmed",), None, "Europe/Berlin", lambda: True, rivals=(8,))
    over, found = threading.Event(), []

    def rival() -> None:
        with db.connection():
            found.append(outbox.claim(second, 4, 7, 60))
        over.set()

    other = threading.Thread(target=rival)
    with db.database.atomic():
        assert len(outbox.claim(first, 3, 6, 60).rows) == 3
        other.start()
        while not over.is_set() and not is_waited_for():
            over.wait(0.01)
    other.join()
    assert len(found[0].rows) == 1 and found[0].left_out == 3


@db.unscoped("asks for locks, not for rows")
def is_waited_for() -> bool:
    """Whether a connection waits for a lock of another one."""
    return bool(db.database.execute_sql("SELECT 1 FROM pg_locks WHERE NOT granted").fetchall())


def test_nobody_is_claimed_after_he_has_left(database: str) -> None:
    mailing(1, 9, COUNT)
    campaign = Campaign.create(
        tenant_id=1, issue_id=1, type_id=TYPE, name="T", status=CampaignStatus.SENDING, created_by_id=1
    )

    def running() -> bool:
        return (
            Campaign.get(Campaign.tenant_id == 1, Campaign.id == campaign.id).status == CampaignStatus.SENDING
        )

    terms = Terms(1, 9, TYPE, REVISION, ("confirmed",), None, "Europe/Berlin", running)
    left: dict[str, float] = {}  # address → when its wish was committed
    paused: list[tuple[float, float]] = []
    claimed: dict[str, float] = {}  # address → when its claim began
    spans: dict[str, tuple[float, float]] = {}
    done = threading.Event()

    def claim(owner_id: int) -> None:
        while not done.is_set():
            began = time.monotonic()
            rows = outbox.claim(terms, 5, owner_id, 60).rows
            for row in rows:
                assert row.address not in claimed
                claimed[row.address], spans[row.address] = began, (began, time.monotonic())
            if not rows and not outbox.is_open(1, 9, (DeliveryState.QUEUED,)):
                return

    def wishes(number: int) -> None:
        for n in range(number - 4, COUNT + 1, 20):  # 5 to 8 → every twentieth person each
            key = f"p{n}@x.example"
            person = Subscriber.get(Subscriber.tenant_id == 1, Subscriber.address_key == key)
            if number == 5:
                Subscription.update(consent=Consent.REVOKED).where(
                    Subscription.tenant_id == 1, Subscription.subscriber_id == person.id
                ).execute()
            elif number == 6:
                Subscriber.delete().where(Subscriber.tenant_id == 1, Subscriber.id == person.id).execute()
            elif number == 7:
                Suppression.create(tenant_id=1, address_key=key, address_hash=f"h{n}")
            else:
                set_status(CampaignStatus.PAUSED)
                begin = time.monotonic()
                time.sleep(0.002)
                end = time.monotonic()
                set_status(CampaignStatus.SENDING)
                paused.append((begin, end))
                continue
            left[key] = time.monotonic()

    def set_status(status: CampaignStatus) -> None:
        Campaign.update(status=status).where(Campaign.tenant_id == 1, Campaign.id == campaign.id).execute()

    together(8, lambda number: claim(number) if number <= 4 else wishes(number))
    with db.connection():
        set_status(CampaignStatus.SENDING)
        claim(1)
    done.set()
    too_late = [key for key, at in left.items() if key in claimed and claimed[key] > at]
    assert not too_late
    inside = [
        key for key, (began, ended) in spans.items() for begin, end in paused if begin < began < ended < end
    ]
    assert not inside  # a claim that began and ended within a pause
    states = dict.fromkeys(DeliveryState, 0) | outbox.counts(1, 9)
    assert states[DeliveryState.LEASED] == len(claimed)
    assert states[DeliveryState.LEASED] + states[DeliveryState.SUPPRESSED] == COUNT
    assert states[DeliveryState.SUPPRESSED] == len(left.keys() - claimed.keys())
