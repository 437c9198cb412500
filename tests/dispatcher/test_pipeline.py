"""A campaign in the pump: what a mail's attempts mean for its next one."""

import pytest

from dispatcher.engine.journal import Journal
from dispatcher.engine.pipeline import Run
from dispatcher.engine.pump import Pump
from dispatcher.message.compose import compile_message
from dispatcher.transport.backoff import Backoff
from dispatcher.transport.replies import DEFERRED, RETURNED, Outcome
from domain.ledger.rows import Row
from tests.dispatcher.mailing import DATE, SOURCE


@pytest.fixture
def run():
    message = compile_message(SOURCE, date=DATE, boundary_seed=b"test")
    return Run(
        tenant_id=1, campaign_id=2, revision_id=3, owner_id=4, compiled=message, sign=lambda _: "t" * 20,
        backoff=Backoff(jitter=0),
    )  # fmt: skip


def refuse(run, attempt, returned):
    """Seconds until the mail is tried again that is refused in this attempt."""
    run.rows.append((Row(7, attempt, "p7@x.example", {}, 0, returned), 100.0))
    run.next_mail(0.0, lambda *_: pytest.fail("refused"))
    return run.settlement(7, attempt, 0, Outcome(DEFERRED, 450), 1000).next_at - 1000


def test_delays_grow_with_every_refusal(run):
    assert [refuse(run, attempt, 0) for attempt in (1, 2, 3)] == [300, 600, 1200]


def test_attempts_that_came_to_nothing_make_no_delay_longer(run):
    assert refuse(run, 1, 0) == refuse(run, 9, 8) == 300
    assert refuse(run, 2, 0) == 600, "what was known of an earlier attempt is forgotten"


def test_rows_that_nobody_was_asked_about_go_back_without_a_date(run):
    (back,) = run.put_off([Row(7, 1, "p7@x.example", {}, 0, 0)])
    assert (back.state, back.next_at, back.revision_id, back.text) == (RETURNED, 0, None, "")


def test_rows_on_their_way_to_the_pump_are_not_claimed_once_more(run, tmp_path):
    """The recorder looks before the pump has taken them in: it would claim a batch too many."""
    pump = Pump(Journal(tmp_path / "j", 1), recorder=None)
    run.batch = 3
    assert run.low
    pump.feed(run, [Row(n, 1, f"p{n}@x.example", {}, 0, 0) for n in range(3)], 100.0)
    assert not run.rows and not run.low
    pump.drain_posted()
    assert len(run.rows) == 3 and not run.low
    run.next_mail(0.0, lambda *_: pytest.fail("refused"))
    assert run.low
