"""Rates lent to several dispatchers: never more slots than the rate, whoever asks and however often."""

import threading
import time

import pytest

from domain import db
from domain.senders import rates
from domain.senders.models import Lending


def test_slots_of_all_borrowers_stand_on_one_line_without_overlap(database: str) -> None:
    def slots(portion: rates.Portion, at: float) -> list[float]:
        return [at + portion.delay_s + n * portion.interval_s for n in range(portion.mails)]

    found: list[float] = []
    lock = threading.Lock()

    def borrow() -> None:
        with db.connection():
            for _ in range(6):
                before = time.time()
                portion = rates.borrow("relay:1", 50.0, None, 7)
                with lock:
                    found.extend(slots(portion, before))

    threads = [threading.Thread(target=borrow) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) >= 20
    # `before` is a little earlier than the moment that the database counted from
    line = Lending.get_by_id("relay:1").next_slot_us / 1e6
    assert line - min(found) >= len(found) * rates.STRETCH / 50.0 * 0.98


def test_nobody_borrows_more_than_a_second_ahead(database: str) -> None:
    portion = rates.borrow("relay:1", 10.0, None, 1000)
    assert portion.mails == 10 and portion.delay_s <= 0.0
    later = rates.borrow("relay:1", 10.0, None, 1000)
    assert later.mails <= 1 and later.delay_s > 0.4


def test_a_slow_rate_gives_one_slot_and_says_when_the_next_comes(database: str) -> None:
    assert rates.borrow("relay:1", 0.1, None, 5).mails == 1
    nothing = rates.borrow("relay:1", 0.1, None, 5)
    assert nothing.mails == 0 and 9 < nothing.delay_s < 10.5


def test_a_clock_that_was_set_back_does_not_stop_the_rate(database: str) -> None:
    rates.borrow("relay:1", 10.0, None, 5)
    Lending.update(next_slot_us=(time.time_ns() // 1000) + 7_200_000_000).execute()
    portion = rates.borrow("relay:1", 10.0, None, 5)
    assert portion.mails == 5 and portion.delay_s < 0.2


def test_an_hourly_rate_is_used_up_by_all_together_and_comes_back_by_the_minute(database: str) -> None:
    got = [rates.borrow("relay:1", None, 100, 40).mails for _ in range(100)]
    assert sum(got) == 100 and got[-1] == 0
    left, wait_s = rates.hour_left("relay:1", 100)
    assert left == 0 and 3600 <= wait_s <= 3720
    old = {str(int(minute) - rates._HOUR_MINUTES): n for minute, n in Lending.get().used.items()}
    Lending.update(used=old).execute()
    assert rates.borrow("relay:1", None, 100, 40).mails > 0


def test_what_was_lent_and_not_used_comes_back_to_the_hour(database: str) -> None:
    assert rates.borrow("relay:1", 500.0, 20, 20).mails == 20
    assert rates.borrow("relay:1", 500.0, 20, 20).mails == 0
    assert rates.borrow("relay:1", 500.0, 20, 20, unused=5).mails == 5
    assert sum(Lending.get().used.values()) == 20


def test_connections_are_shared_evenly_and_never_more_than_the_ceiling(database: str) -> None:
    alive = {1, 2, 3}
    assert rates.hold("c", 1, 8, 0, alive) == 8
    assert rates.hold("c", 2, 8, 0, alive) == 0  # the first one still has eight open
    assert rates.hold("c", 1, 8, 8, alive) == 4  # and is to give four up
    assert rates.hold("c", 2, 8, 0, alive) == 0
    assert rates.hold("c", 1, 8, 4, alive) == 4
    assert rates.hold("c", 2, 8, 0, alive) == 4
    held = Lending.get().held
    assert sum(held.values()) == 8


def test_connections_of_the_dead_are_free(database: str) -> None:
    rates.hold("c", 1, 8, 8, {1, 2})
    assert rates.hold("c", 2, 8, 0, {2}) == 8


@pytest.mark.parametrize("ceiling", [1, 3])
def test_fewer_connections_than_dispatchers_go_to_the_first(database: str, ceiling: int) -> None:
    alive = {1, 2, 3, 4}
    for _ in range(3):
        granted = [rates.hold("c", owner, ceiling, 0, alive) for owner in sorted(alive)]
    assert sum(granted) == ceiling and max(granted) == 1
