"""The plan of a mailing: pace, what it says before sending, and two people at once; and the tenant's limits."""

from datetime import UTC, datetime, timedelta

import pytest

from domain import clock
from domain.campaigns import forecast
from domain.campaigns.models import Campaign
from domain.ledger.models import InstallationMark
from domain.quotas import ceilings, contact
from domain.quotas import ledger as quotas
from domain.quotas.ceilings import Budget, Portions
from domain.quotas.models import HOUSE, Window
from domain.tenancy.models import Tenant

PLAN = {
    "whom": "all", "proved": "y", "sender_name": "Verlag Nord", "sender_address": "news@nord.example", "when": "now",
    "priority": "0",
}  # fmt: skip
SETTINGS = {"quiet_hours": "", "time_zone": "Europe/Berlin"}


@pytest.fixture
def editor(client, sign_in, world):
    return sign_in(client, world.chief_editor)


@pytest.fixture
def administrator(client, sign_in, world):
    return sign_in(client, world.administrator)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_twenty_thousand_at_five_thousand_a_day_are_done_on_the_fourth(world):
    role = world.roles["editor"].id
    quotas.set_limits(role, {Window.DAY: 5_000})
    monday = at("2026-11-23 09:00")
    found = forecast.of(20_000, Budget(1, 0, role, None, "Europe/Berlin"), SETTINGS, monday)
    assert (found.begins, found.ends) == (monday, at("2026-11-25 23:00"))  # midnight of Thursday in Berlin


def test_portions_and_quiet_hours_are_played_through(world):
    begins = at("2026-11-23 20:30")  # 21:30 in Berlin
    budget = Budget(1, 0, None, None, "Europe/Berlin", Portions(200, 600, int(begins.timestamp())))
    settings = {**SETTINGS, "quiet_hours": "22:00-06:00"}
    assert forecast.of(600, budget, settings, begins).ends == begins + timedelta(minutes=20)
    assert forecast.of(601, budget, settings, begins).ends == at("2026-11-24 05:00")


def test_a_limit_per_mailing_is_said_to_stop_it(world):
    role = world.roles["editor"].id
    quotas.set_limits(role, {Window.CAMPAIGN: 100})
    found = forecast.of(101, Budget(1, 0, role, None, "Europe/Berlin"), SETTINGS, clock.now())
    assert found.ends is None and found.stops.ceiling == 100


def test_the_page_says_what_is_left_and_how_long_it_takes(editor, world, issue):
    quotas.set_limits(world.roles["chief_editor"].id, {Window.DAY: 2})
    ceilings.set_tenant_limits(world.north.id, {Window.MONTH: 900})
    page = editor.get(f"/t/north/issues/{issue.id}/plan").text
    assert "2 of 2 left" in page and "900 of 900 left" in page
    assert "4 mails: it begins" in page


def test_pace_is_saved_and_shown_again(editor, issue):
    pace = {
        "interval_count": "200",
        "interval_min": "10",
        "latest_start_h": "3",
        "priority": "1",
        "hold_uncertain": "y",
    }
    editor.post(f"/t/north/issues/{issue.id}/plan", data={**PLAN, **pace})
    saved = Campaign.get()
    assert (saved.interval_count, saved.interval_s, saved.latest_start_h) == (200, 600, 3)
    assert (saved.priority, saved.hold_uncertain) == (1, True)
    assert 'value="200"' in editor.get(f"/t/north/issues/{issue.id}/plan").text


@pytest.mark.parametrize(
    "wrong", [{"interval_count": "5"}, {"interval_count": "0", "interval_min": "1"}, {"latest_start_h": "0"}]
)
def test_half_a_pace_is_refused_and_stays_on_the_page(editor, issue, wrong):
    answer = editor.post(f"/t/north/issues/{issue.id}/plan", data={**PLAN, **wrong, "sender_name": "Kept"})
    assert answer.status_code == 422 and "Kept" in answer.text


def test_a_refused_plan_leads_to_each_mistake_and_takes_amounts_as_they_are_shown(editor, issue):
    url = f"/t/north/issues/{issue.id}/plan"
    answer = editor.post(
        url, data={**PLAN, "interval_count": "many", "interval_min": "1", "sender_name": "x" * 200}
    )
    assert answer.status_code == 422 and "Write a whole number in digits." in answer.text
    assert 'href="#interval_count"' in answer.text and 'href="#sender_name"' in answer.text
    editor.post(url, data={**PLAN, "interval_count": "1,500", "interval_min": "1"})
    assert Campaign.get().interval_count == 1500


def test_a_plan_that_is_saved_but_not_asked_for_does_not_say_that_nothing_was_saved(editor, issue):
    answer = editor.post(
        f"/t/north/issues/{issue.id}/plan", data={**PLAN, "sender_name": "Kept", "act": "ask", "live": ""}
    )
    assert answer.status_code == 422 and 'href="#live"' in answer.text
    assert "The plan is saved" in answer.text and "Nothing was saved" not in answer.text
    assert Campaign.get().sender_name == "Kept"


def test_the_second_of_two_people_is_told_and_loses_nothing(editor, issue):
    url = f"/t/north/issues/{issue.id}/plan"
    editor.post(url, data={**PLAN, "version": "1", "sender_name": "First"})
    answer = editor.post(url, data={**PLAN, "version": "1", "sender_name": "Second"})
    assert answer.status_code == 409
    assert "Somebody else has saved this plan" in answer.text and 'value="Second"' in answer.text
    assert Campaign.get().sender_name == "First"
    editor.post(url, data={**PLAN, "version": str(Campaign.get().version), "sender_name": "Second"})
    assert Campaign.get().sender_name == "Second"


def test_an_hour_that_the_clock_leaves_out_is_refused(editor, issue):
    answer = editor.post(
        f"/t/north/issues/{issue.id}/plan", data={**PLAN, "when": "at", "send_at": "2027-03-28T02:30"}
    )
    assert answer.status_code == 422 and "does not exist" in answer.text


def test_limits_and_times_of_a_tenant(administrator, world):
    administrator.post(
        "/t/north/admin/pace/times",
        data={"quiet": "own", "quiet_from": "22:00", "quiet_to": "06:00", "latest_start_h": "5"},
    )
    assert Tenant.get_by_id(world.north.id).settings["quiet_hours"] == "22:00-06:00"
    administrator.post("/t/north/admin/pace/limits", data={"limit_day": "1,000"})
    assert ceilings.tenant_limits(world.north.id) == {Window.DAY: 1000}
    administrator.post("/t/north/admin/pace/cap", data={"most": "2", "days": "7"})
    assert contact.cap_of(world.north.id).most == 2
    person = {"user": str(world.editor.id), "limit_day": "50"}
    administrator.post("/t/north/admin/pace/people", data=person)
    assert ceilings.exceptions(world.north.id) == {world.editor.id: {Window.DAY: 50}}
    page = administrator.get("/t/north/admin/pace").text
    assert 'value="22:00"' in page and "1,000" in page and "Per day: 50" in page
    administrator.post(f"/t/north/admin/pace/people/{world.editor.id}/end")
    assert ceilings.exceptions(world.north.id) == {}


def test_wrong_limits_and_strangers_are_refused(administrator, world):
    for path, data in (
        ("times", {"quiet": "own", "quiet_from": "22:00"}), ("cap", {"most": "2"}),
        ("limits", {"limit_day": "10", "limit_month": "5"}), ("people", {"user": str(world.editor.id)}),
    ):  # fmt: skip
        assert administrator.post(f"/t/north/admin/pace/{path}", data=data).status_code == 422, path
    stranger = {"user": str(world.south_editor.id), "limit_day": "5"}
    assert administrator.post("/t/north/admin/pace/people", data=stranger).status_code == 404
    assert administrator.post("/t/north/admin/pace/people/999/end").status_code == 404


def test_the_house_sets_its_cap_and_lets_a_machine_send(administrator, world):
    administrator.post("/house/sending/cap", data={"most": "3", "days": "7"})
    assert contact.cap_of(HOUSE).most == 3
    assert administrator.post("/house/sending/cap", data={"most": "3"}).status_code == 422
    waiting = InstallationMark.create(machine="m", host="copy.example", doubt="restored", doubted_at=1)
    assert "copy.example does not send" in administrator.get("/house/sending").text
    administrator.post(f"/house/sending/machines/{waiting.id}/confirm")
    assert InstallationMark.get().doubt == "confirmed"
    assert administrator.post(f"/house/sending/machines/{waiting.id}/confirm").status_code == 409
