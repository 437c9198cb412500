"""Quiet hours in the tenant's zone, also in the nights in which the clock is changed."""

from datetime import UTC, datetime, time

import pytest

from domain.errors import Invalid
from domain.tenancy import quiet, settings
from domain.tenancy.models import Tenant

BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    """A moment written in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "ends"),
    [
        ("2026-07-01 19:59", None),  # 21:59 in Berlin
        ("2026-07-01 20:00", "2026-07-02 04:00"),
        ("2026-07-02 03:59", "2026-07-02 04:00"),
        ("2026-07-02 04:00", None),
        ("2026-01-05 05:30", None),  # 6:30 in winter
        ("2026-01-05 04:30", "2026-01-05 05:00"),
        ("2026-03-28 23:30", "2026-03-29 04:00"),  # the night in which an hour is missing
        ("2026-10-24 22:30", "2026-10-25 05:00"),  # the night in which an hour comes twice
    ],
)
def test_a_span_over_midnight(moment: str, ends: str | None) -> None:
    assert quiet.until("22:00-06:00", BERLIN, at(moment)) == (at(ends) if ends else None)


@pytest.mark.parametrize(
    ("moment", "is_quiet"),
    [
        ("2026-10-24 23:00", True),  # 1:00
        ("2026-10-25 00:15", True),  # 2:15 for the first time
        ("2026-10-25 00:45", True),  # 2:45 for the first time: 2:15 is still to come once more
        ("2026-10-25 01:15", True),  # 2:15 for the second time
        ("2026-10-25 01:30", False),
    ],
)
def test_an_end_in_the_doubled_hour_is_its_second_time(moment: str, is_quiet: bool) -> None:
    assert (quiet.until("22:00-02:30", BERLIN, at(moment)) is not None) == is_quiet


def test_an_end_in_the_missing_hour_does_not_end_too_early() -> None:
    assert quiet.until("22:00-02:30", BERLIN, at("2026-03-29 00:59")) == at("2026-03-29 01:30")


def test_a_span_within_a_day_and_none_at_all() -> None:
    assert quiet.until("12:00-13:00", BERLIN, at("2026-07-01 10:30")) == at("2026-07-01 11:00")
    assert quiet.until("12:00-13:00", BERLIN, at("2026-07-01 20:00")) is None
    for setting in ("", quiet.NONE, "nonsense"):
        assert quiet.until(setting, BERLIN, at("2026-07-01 10:30")) is None


def test_half_a_span_is_refused() -> None:
    assert quiet.written(None, None) == ""
    assert quiet.written(time(22), time(6)) == "22:00-06:00"
    for first, last in ((time(22), None), (None, time(6)), (time(5), time(5))):
        with pytest.raises(Invalid):
            quiet.written(first, last)


def test_a_branch_inherits_quiet_hours_and_may_switch_them_off(database: str) -> None:
    head = Tenant.create(slug="head", name="Head", settings={"quiet_hours": "22:00-06:00"})
    branch = Tenant.create(slug="branch", name="Branch", parent_id=head.id)
    assert settings.effective(branch)["quiet_hours"] == "22:00-06:00"
    settings.change(branch, {"quiet_hours": quiet.NONE})
    assert quiet.span(settings.effective(branch)["quiet_hours"]) is None
