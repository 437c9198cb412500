"""Volume limits: reserved together, given back, counted in the tenant's own days."""

import threading
from datetime import UTC, datetime

import pytest

from domain import clock, db
from domain.db import database as bound
from domain.errors import Invalid
from domain.quotas import ledger
from domain.quotas.models import Window
from tests.world import World

ZONE = "Europe/Berlin"


def test_a_role_without_limits_gets_what_it_wants(world: World) -> None:
    assert (
        ledger.reserve(world.north.id, world.roles["editor"].id, 1, 5_000, ZONE, clock.now()).count == 5_000
    )


def test_the_smallest_limit_decides_and_is_named(world: World) -> None:
    role = world.roles["editor"].id
    ledger.set_limits(role, {Window.DAY: 100, Window.CAMPAIGN: 60})
    first = ledger.reserve(world.north.id, role, 1, 80, ZONE, clock.now())
    assert (first.count, first.limited_by.window) == (60, Window.CAMPAIGN)
    second = ledger.reserve(world.north.id, role, 2, 80, ZONE, clock.now())
    assert (second.count, second.limited_by.window) == (40, Window.DAY)
    assert ledger.reserve(world.north.id, role, 3, 1, ZONE, clock.now()).count == 0


def test_limits_of_one_tenant_leave_the_other_alone(world: World) -> None:
    role = world.roles["editor"].id
    ledger.set_limits(role, {Window.DAY: 10})
    ledger.reserve(world.north.id, role, 1, 10, ZONE, clock.now())
    assert ledger.reserve(world.south.id, role, 2, 10, ZONE, clock.now()).count == 10


def test_what_was_not_sent_is_given_back_to_its_own_day(world: World) -> None:
    role = world.roles["editor"].id
    ledger.set_limits(role, {Window.DAY: 10})
    monday = datetime(2026, 3, 2, 12, tzinfo=UTC)
    ledger.reserve(world.north.id, role, 1, 10, ZONE, monday)
    ledger.release(world.north.id, role, 1, 4, ZONE, monday)
    assert ledger.standings(world.north.id, role, ZONE, at=monday)[0].remaining == 4


def test_a_day_begins_at_midnight_of_the_tenant(world: World) -> None:
    role = world.roles["editor"].id
    ledger.set_limits(role, {Window.DAY: 1})
    before, after = datetime(2026, 7, 1, 21, 59, tzinfo=UTC), datetime(2026, 7, 1, 22, 1, tzinfo=UTC)
    assert ledger.reserve(world.north.id, role, 1, 1, ZONE, before).count == 1
    assert ledger.reserve(world.north.id, role, 1, 1, ZONE, after).count == 1
    assert ledger.reserve(world.north.id, role, 1, 1, ZONE, after).count == 0


def test_eight_workers_together_never_exceed_a_limit(world: World) -> None:
    role = world.roles["editor"].id
    ledger.set_limits(role, {Window.DAY: 1_000})
    granted: list[int] = []

    def work() -> None:
        with db.connection():
            for _ in range(10):
                with bound.atomic():
                    granted.append(ledger.reserve(world.north.id, role, 1, 63, ZONE, clock.now()).count)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(granted) == 1_000


def test_a_negative_limit_is_refused(world: World) -> None:
    with pytest.raises(Invalid):
        ledger.set_limits(world.roles["editor"].id, {Window.DAY: -1})


def test_the_most_generous_role_counts_for_a_person_with_several(world: World) -> None:
    small, large = world.roles["editor"].id, world.roles["sender"].id
    ledger.set_limits(small, {Window.DAY: 10})
    ledger.set_limits(large, {Window.DAY: 500})
    assert ledger.most_generous([small, large]) == large
    assert ledger.most_generous([]) is None


def test_a_role_that_cannot_send_lifts_no_limit(world: World) -> None:
    editor, journalist = world.roles["editor"].id, world.roles["journalist"].id
    ledger.set_limits(editor, {Window.DAY: 10})
    assert ledger.most_generous([journalist, editor]) == editor
