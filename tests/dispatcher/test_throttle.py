"""Gates in the pump: a mail leaves with a slot, in its time, or not at all."""

from collections import Counter, deque
from itertools import pairwise

import pytest

from dispatcher.engine.throttle import DomainGates, DomainLimit, Gate, around
from domain.ledger.rows import Row


class Lent:
    """Lends like the database does, at once or when told."""

    def __init__(self, per_second, mails=10):
        self.asked = 0
        self.per_second, self.mails = per_second, mails
        self.gates = []

    def __call__(self, gate):
        self.asked += 1
        self.gates.append(gate)

    def answer(self, now, mails=None, delay_s=0.0):
        for gate in self.gates:
            gate.lent(self.mails if mails is None else mails, delay_s, 1.05 / self.per_second, now)
        self.gates.clear()


def gate_of(lent, **values):
    return Gate("relay:1", lent.per_second, None, lent, **values)


def test_without_a_slot_nothing_leaves_and_slots_are_asked_for_once():
    lent = Lent(10)
    gate = gate_of(lent)
    assert [gate.ready(0.0, 5) for _ in range(4)] == [0, 0, 0, 0]
    assert not gate.take(0.0) and lent.asked == 1


def test_slots_open_one_after_the_other():
    lent = Lent(10, mails=5)
    gate = gate_of(lent)
    gate.ready(0.0, 5)
    lent.answer(0.0)
    left = []
    now = 0.0
    while now < 1.0:
        if gate.take(now):
            left.append(round(now, 3))
        now += 0.001
    assert len(left) == 5
    assert all(b - a >= 0.104 for a, b in pairwise(left))


def test_slots_that_were_missed_are_lost():
    lent = Lent(10)
    gate = gate_of(lent)
    gate.ready(0.0, 100)
    lent.answer(0.0)
    assert gate.ready(0.8, 100) <= 1  # not eight at once
    assert gate.unused >= 6


@pytest.mark.parametrize("step", [0.001, 0.013, 0.049, 0.2])
def test_no_second_anywhere_sees_more_than_the_rate(step):
    lent = Lent(20, mails=20)
    gate = gate_of(lent)
    left, now = [], 0.0
    line = 0.0
    while now < 10.0:
        while gate.ready(now, 50) and gate.take(now):
            left.append(now)
        if lent.gates:  # as the database: the next free slots, at most a second ahead
            start = max(line, now)
            count = max(0, int((now + 1.0 - start) / (1.05 / 20)))
            if count:
                line = start + count * 1.05 / 20
            lent.answer(now, count, start - now if count else 0.05)
        now += step
    for first in left:
        assert sum(1 for moment in left if first <= moment < first + 1.0) <= 20
    if step < 0.05:
        assert len(left) >= 150


def test_a_shut_gate_is_not_asked_again_before_its_time():
    lent = Lent(10)
    gate = gate_of(lent)
    gate.ready(0.0, 1)
    lent.answer(0.0, mails=0, delay_s=5.0)
    assert gate.ready(1.0, 1) == 0 and lent.asked == 1
    gate.ready(5.1, 1)
    assert lent.asked == 2


def test_a_ceiling_counts_what_is_under_way():
    gate = Gate("domain:1", None, None, lambda _: None, ceiling=2)
    assert gate.take(0.0) and gate.take(0.0) and not gate.take(0.0)
    assert gate.ready(0.0, 9) == 0
    gate.under_way -= 1
    assert gate.ready(0.0, 9) == 1 and gate.take(0.0)


def test_a_portion_that_comes_late_lets_no_mail_through_twice():
    lent = Lent(10)
    gate = gate_of(lent)
    gate.lent(5, 0.4, 0.105, 0.0)  # its answer was on its way for long
    gate.lent(5, 0.1, 0.105, 0.0)
    now = [0.0]
    source, waiting = around(gate, lambda _: "mail", lambda: 100, lambda: now[0])
    left = []
    while now[0] < 2.0:
        for _ in range(min(waiting(), 5)):
            if source(None) is not None:
                left.append(now[0])
        now[0] += 0.005
    assert len(left) == 10
    assert all(b - a >= 0.099 for a, b in pairwise(left))


def test_a_slot_that_found_no_mail_is_not_kept_for_later():
    lent = Lent(10)
    gate = gate_of(lent)
    gate.lent(1, 0.0, 0.105, 0.0)
    source, _ = around(gate, lambda _: None, lambda: 1, lambda: 0.0)
    assert source(None) is None and gate.unused == 1 and not gate.take(0.0)


class OneRun:
    """As much of a campaign in this process as gates touch."""

    def __init__(self):
        self.rows, self.parked = deque(), 0


def row(number, address):
    return Row(number, 1, address, {}, 0, 0)


def gates_of(*limits):
    lent = Lent(10, mails=3)
    off = []
    gates = DomainGates(limits, lent, lambda run, row, delay_s: off.append((row.delivery_id, delay_s)))
    return gates, lent, off


def test_a_busy_domain_holds_back_its_own_rows_only():
    gates, lent, _ = gates_of(DomainLimit(1, "slow.example", 10.0, None))
    run = OneRun()
    assert gates.admit(run, row(1, "a@quick.example"), 100.0, 0.0)
    assert not gates.admit(run, row(2, "b@slow.example"), 100.0, 0.0)
    assert gates.admit(run, row(3, "c@Quick.Example"), 100.0, 0.0)
    assert run.parked == 1
    lent.answer(0.0)
    gates.release(0.01)
    assert run.parked == 0 and [r.delivery_id for r, _ in run.rows] == [2]
    assert gates.admit(run, *run.rows.popleft(), 0.01)


@pytest.mark.parametrize(
    ("address", "limited"),
    [
        ("a@x.example", True), ("a@X.EXAMPLE", True), ("a@sub.x.example", False), ("a@mail.y.example", True),
        ("a@deep.mail.y.example", True), ("a@y.example", False), ("a@bücher.example", True), ("a@other.example", False),
    ],
)  # fmt: skip
def test_patterns_name_a_domain_or_all_below_one(address, limited):
    gates, _, _ = gates_of(
        DomainLimit(1, "x.example", 1.0, None), DomainLimit(2, "*.y.example", 1.0, None),
        DomainLimit(3, "xn--bcher-kva.example", 1.0, None),
    )  # fmt: skip
    assert gates.admit(OneRun(), row(1, address), 100.0, 0.0) is not limited


def test_rows_behind_many_others_go_back_to_the_queue():
    gates, _, off = gates_of(DomainLimit(1, "slow.example", 1.0, None))
    run = OneRun()
    for number in range(30):
        gates.admit(run, row(number, "a@slow.example"), 100.0, 0.0)
    assert run.parked == 20 and len(off) == 10 and off[0][1] == 20.0


def test_parked_rows_are_taken_back_with_their_run():
    gates, _, _ = gates_of(DomainLimit(1, "slow.example", 1.0, None))
    first, second = OneRun(), OneRun()
    for number, run in enumerate((first, second, first)):
        gates.admit(run, row(number, "a@slow.example"), 100.0, 0.0)
    assert [r.delivery_id for r in gates.take_back(first)] == [0, 2]
    assert (first.parked, second.parked) == (0, 1)


def test_changed_limits_still_count_what_is_under_way():
    before, _, _ = gates_of(DomainLimit(1, "slow.example", None, 2))
    after, _, _ = gates_of(DomainLimit(1, "slow.example", None, 2))
    for gates in (before, after):
        for _, gate in gates.gates():
            gate.ceiling = 2
    run = OneRun()
    assert before.admit(run, row(1, "a@slow.example"), 100.0, 0.0)
    after.inherit(before)
    admitted = Counter(after.admit(run, row(n, "a@slow.example"), 100.0, 0.0) for n in (2, 3))
    assert admitted == {True: 1, False: 1}
    after.done(1)
    after.release(0.0)
    assert run.rows
