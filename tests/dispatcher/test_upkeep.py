"""What the work process tidies up by itself."""

import pytest

from dispatcher.jobs import registry
from domain import clock
from domain.quotas import contact
from domain.quotas.models import ContactCounter, Reservation
from domain.quotas.reservations import KEEP_DAYS


@pytest.mark.usefixtures("database")
def test_reservations_and_contacts_that_no_limit_looks_at_are_forgotten() -> None:
    today = contact.day_of(clock.epoch())
    for day in (today - KEEP_DAYS - 1, today - KEEP_DAYS, today):
        Reservation.create(tenant_id=1, campaign_id=1, day=day)
        ContactCounter.create(tenant_id=1, address_hash="h", day=day, used=1)
    registry.upkeep()()
    kept = [today - KEEP_DAYS, today]
    assert [row.day for row in Reservation.select().order_by(Reservation.day)] == kept
    assert [row.day for row in ContactCounter.select().order_by(ContactCounter.day)] == kept
