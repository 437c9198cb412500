"""A contact's course: each step once, in order, none skipped, and never at a moment that has passed."""

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.automailers import machine
from domain.automailers.machine import Place, Series, State, Step, Wait, Window

ZONES = ("Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "UTC", "Africa/Cairo")
YEAR = 366 * 86_400
START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
moments = st.integers(START, START + 2 * YEAR)
waits = st.builds(Wait, st.integers(0, 60), st.integers(0, 40))


@st.composite
def windows(draw: st.DrawFn) -> Window:
    first = draw(st.integers(0, 1380))
    last = draw(st.integers(first + 15, 1440))
    return Window(draw(st.sampled_from(ZONES)), draw(st.integers(1, 127)), first, last)


@st.composite
def courses(draw: st.DrawFn) -> Series:
    count = draw(st.integers(1, 6))
    return Series(tuple(Step(i, draw(waits)) for i in range(1, count + 1)), draw(windows()))


@given(windows(), moments)
def test_a_window_opens_inside_itself_and_never_earlier(window: Window, at: int) -> None:
    try:
        opened = window.opens(at)
    except ValueError:  # a quarter of an hour in one night of the year that has none of it, twice in a row
        return
    assert opened >= at and window.holds(opened) and window.opens(opened) == opened
    if window.holds(at):
        assert opened == at
    for earlier in range(at, opened, 900):
        assert not window.holds(earlier)


@given(moments, waits, st.sampled_from(ZONES))
def test_a_waiting_time_never_leads_back(at: int, wait: Wait, zone: str) -> None:
    then = machine.after(at, wait, zone)
    assert then >= at
    assert abs(then - at - wait.days * 86_400 - wait.hours * 3_600) <= 2 * 3_600, (
        "the change of the clock, no more"
    )


def test_days_keep_the_time_of_the_day_over_the_change_of_the_clock() -> None:
    before = int(datetime(2026, 3, 28, 8, 0, tzinfo=UTC).timestamp())  # 9:00 in Berlin, the day before
    then = machine.after(before, Wait(1), "Europe/Berlin")
    assert datetime.fromtimestamp(then, UTC).hour == 7, "9:00 in Berlin, too"
    assert machine.after(before, Wait(0, 24), "Europe/Berlin") - before == 86_400, "hours are hours"


def test_a_window_in_the_hour_that_is_missing_opens_a_day_later() -> None:
    night = Window("Europe/Berlin", first=130, last=170)  # 2:10 to 2:50
    opened = night.opens(int(datetime(2026, 3, 29, 0, 30, tzinfo=UTC).timestamp()))
    assert datetime.fromtimestamp(opened, UTC) == datetime(2026, 3, 30, 0, 10, tzinfo=UTC)


acts = st.lists(
    st.tuples(
        st.sampled_from(["send", "send", "send", "suspend", "resume", "remove", "pause"]), st.integers(0, 70)
    ),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(courses(), moments, acts)
def test_every_step_goes_once_in_order_and_none_is_skipped_whatever_happens(
    series: Series, now: int, happens: list[tuple[str, int]]
) -> None:
    try:
        place = series.begin(now)
    except ValueError:
        return
    sent: list[tuple[int, int]] = []
    for act, days in happens:
        now += days * 86_400 + 977
        if act == "send":
            now = max(now, place.next_at or now)
            now = series.window.opens(now)
            if series.is_due(place, now):
                sent.append((place.step_id or 0, now))
                place = series.sent(place, now)
                assert place.next_at is None or place.next_at >= now
        elif act == "pause":  # the series stands still for `days`, more than a month now and then
            stood, now = now, now + days * 86_400
            if place.state == State.RUNNING:
                moved = machine.shifted(place.next_at, stood, now)
                place = Place(place.state, place.sent, place.step_id, moved, place.suspended_at)
                assert place.next_at is None or place.next_at >= now
        elif act == "resume":
            before = place
            place = series.resume(place, now)
            if place != before and place.state == State.RUNNING:
                assert place.next_at is not None and place.next_at >= now
        else:
            place = series.suspend(place, now) if act == "suspend" else series.remove(place, now)
    steps = [step for step, _ in sent]
    assert steps == [step.id for step in series.steps][: len(steps)], "in order, none twice, none skipped"
    assert [at for _, at in sent] == sorted(at for _, at in sent)
    assert (place.state == State.FINISHED) == (len(sent) == len(series.steps))
    for (_, at), (step, then) in itertools.pairwise(sent):
        wait = next(s.wait for s in series.steps if s.id == step)
        assert then >= machine.after(at, wait, series.window.zone)


def test_a_suspended_contact_waits_for_what_was_left() -> None:
    series = Series((Step(1, Wait(10)),), Window("UTC"))
    place = series.suspend(series.begin(START), START + 4 * 86_400)
    assert not series.is_due(place, START + 90 * 86_400)
    back = series.resume(place, START + 90 * 86_400)
    assert back.next_at == START + 96 * 86_400
    with pytest.raises(ValueError, match="no step is due"):
        series.sent(back, START + 95 * 86_400)


def test_a_step_put_between_others_goes_next_and_a_finished_course_stays_finished() -> None:
    series = Series((Step(1, Wait()), Step(2, Wait(1))), Window("UTC"))
    place = series.sent(series.begin(START), START)
    more = Series((Step(1, Wait()), Step(3, Wait(1)), Step(2, Wait(1))), Window("UTC"))
    following = machine.following(more.steps, place.sent)
    assert following is not None and following.id == 3
    done = series.sent(place, START + 86_400)
    assert done.state == State.FINISHED and more.resume(done, START + 86_400) == done
