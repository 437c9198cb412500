"""The circuit breaker of a relay, shared by all dispatchers through its row."""

from datetime import timedelta

import pytest

from domain import clock
from domain.audit.models import AuditEntry
from domain.senders import breaker
from domain.senders.models import Relay


@pytest.fixture
def relay(database: str) -> Relay:
    return Relay.create(name="Provider", host="smtp.example")


def again(relay: Relay) -> Relay:
    return Relay.get_by_id(relay.id)


def let_time_pass(relay: Relay) -> None:
    Relay.update(open_until=clock.now() - timedelta(seconds=1)).where(Relay.id == relay.id).execute()


def test_it_opens_after_three_failures_in_a_row_and_says_so_once(relay: Relay) -> None:
    assert breaker.failed(relay.id, "a") is None and breaker.failed(relay.id, "b") is None
    opened = breaker.failed(relay.id, "421 come back later")
    assert opened is not None and breaker.is_open(again(relay))
    assert again(relay).open_reason == "421 come back later"
    assert breaker.failed(relay.id, "still") is None
    assert [e.act for e in AuditEntry.select()] == ["relay.opened"]


def test_a_mail_that_is_taken_in_between_starts_the_count_anew(relay: Relay) -> None:
    for _ in range(2):
        breaker.failed(relay.id, "x")
    assert breaker.worked(relay.id) is None
    for _ in range(2):
        assert breaker.failed(relay.id, "x") is None
    assert not breaker.is_open(again(relay))


def test_only_one_dispatcher_may_try_and_only_when_the_pause_is_over(relay: Relay) -> None:
    for _ in range(3):
        breaker.failed(relay.id, "x")
    assert not breaker.may_probe(relay.id)
    let_time_pass(relay)
    assert [breaker.may_probe(relay.id) for _ in range(3)] == [True, False, False]


def test_pauses_grow_to_half_an_hour(relay: Relay) -> None:
    pauses = []
    for _ in range(10):
        breaker.failed(relay.id, "x")
        until = again(relay).open_until
        pauses.append(round((until - clock.now()).total_seconds() / 60) if until else 0)
    assert pauses == [0, 0, 1, 2, 4, 8, 16, 30, 30, 30]


def test_it_closes_with_the_first_mail_and_says_so_once(relay: Relay) -> None:
    for _ in range(3):
        breaker.failed(relay.id, "x")
    assert breaker.worked(relay.id) is not None and breaker.worked(relay.id) is None
    found = again(relay)
    assert not breaker.is_open(found) and (found.failures, found.open_reason, found.open_until) == (
        0,
        "",
        None,
    )


def test_a_person_closes_it_by_hand_and_the_log_knows_who(relay: Relay) -> None:
    for _ in range(3):
        breaker.failed(relay.id, "x")
    breaker.close(relay, 7)
    assert not breaker.is_open(again(relay))
    assert AuditEntry.get(AuditEntry.act == "relay.close").user_id == 7


def test_a_relay_that_is_gone_counts_nothing(database: str) -> None:
    assert breaker.failed(99, "x") is None and breaker.worked(99) is None and not breaker.may_probe(99)
