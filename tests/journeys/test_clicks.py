"""A click is never lost, whatever the page redraws while the button is pressed or the sign-in is asked for."""

import re
from collections.abc import Callable
from itertools import count

import pytest
from playwright.sync_api import Page, Route, expect

EDITOR = "katrin.albers@lindenhof.example"
NUMBERS, ALIVE = re.compile(r"/plan/numbers"), re.compile(r"/session/alive")
SAVED = re.compile(r"/issues/\d+/head$")
_numbers = count(1)


class Gate:
    """Holds every request to a pattern back until it is opened."""

    def __init__(self, page: Page, pattern: re.Pattern[str]) -> None:
        self._page, self._pattern, self._is_open = page, pattern, False
        self._held: list[Route] = []
        page.route(pattern, self._take)

    def wait(self) -> None:
        """Until a request stands before the gate."""
        while not self._held:
            self._page.wait_for_timeout(20)

    def open(self) -> None:
        """Let all through, those that come later, too, and wait until the page has the answer to the first."""
        self._is_open = True
        with self._page.expect_response(self._pattern):
            while self._held:
                self._held.pop(0).continue_()

    def _take(self, route: Route) -> None:
        if self._is_open:
            route.continue_()
        else:
            self._held.append(route)


def settle(page: Page) -> None:
    """Until the page has dealt with what it got: two frames and the timers before them."""
    page.evaluate(
        "new Promise(r => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(r)), 100))"
    )


@pytest.fixture
def plan(enter: Callable[[str], Page]) -> Page:
    """The plan of a new issue with one article."""
    page = enter(EDITOR)
    page.goto("/t/lindenhof/issues")
    page.locator("select[name=type_id]").select_option(label="Wirtschaftsbrief")
    page.get_by_role("button", name="Ausgabe anlegen").click()
    page.fill("#subject", f"Klick {next(_numbers)}")
    page.locator("#sources button[id^=put-]").first.click()
    expect(page.locator("[data-block]")).to_have_count(2)
    page.get_by_role("link", name="Mailing planen").click()
    expect(page.locator("button[name=act][value=ask]")).to_be_visible()
    with page.expect_response(NUMBERS):
        page.locator("[name=live]").check()
    settle(page)
    return page


def press(page: Page, selector: str) -> None:
    """Move to the middle of a button and press without letting go."""
    button = page.locator(selector)
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()


def waits_for_approval(page: Page) -> None:
    expect(page.get_by_text("Das Mailing wartet auf Freigabe.")).to_be_visible()


def test_numbers_that_arrive_under_the_pressed_button_do_not_take_the_click_away(plan: Page) -> None:
    gate = Gate(plan, NUMBERS)
    plan.locator("[name=unknown]").check()
    gate.wait()
    press(plan, "button[value=ask]")
    gate.open()
    settle(plan)
    plan.mouse.up()
    waits_for_approval(plan)


def test_numbers_that_arrive_while_the_sign_in_is_asked_for_do_not_change_what_was_clicked(
    plan: Page,
) -> None:
    numbers, alive = Gate(plan, NUMBERS), Gate(plan, ALIVE)
    plan.locator("[name=unknown]").check()
    numbers.wait()
    plan.locator("button[value=ask]").click()
    alive.wait()
    numbers.open()
    settle(plan)
    alive.open()
    waits_for_approval(plan)


def test_pressed_button_that_is_let_go_elsewhere_shows_the_numbers_that_came(plan: Page) -> None:
    before = plan.locator("button[value=ask]").inner_text()
    gate = Gate(plan, NUMBERS)
    plan.locator("[name=unknown]").check()
    gate.wait()
    press(plan, "button[value=ask]")
    gate.open()
    settle(plan)
    plan.mouse.move(5, 5)
    plan.mouse.up()
    expect(plan.locator("button[value=ask]")).not_to_have_text(before)


def test_page_that_is_left_while_numbers_are_under_way_has_no_fault(plan: Page, faults: list[str]) -> None:
    gate = Gate(plan, NUMBERS)
    plan.locator("[name=unknown]").check()
    gate.wait()
    plan.goto("/t/lindenhof/issues")
    settle(plan)
    assert faults == []


def test_form_that_was_drawn_anew_is_sent_as_it_was_clicked(plan: Page) -> None:
    """Any redrawing, not only ours: the whole form is taken out and another one put in its place."""
    alive = Gate(plan, ALIVE)
    plan.locator("button[value=ask]").click()
    alive.wait()
    plan.evaluate("() => { const f = document.querySelector('.rb-plan'); f.replaceWith(f.cloneNode(true)); }")
    alive.open()
    waits_for_approval(plan)


def test_condition_that_is_added_while_people_are_counted_stands(enter: Callable[[str], Page]) -> None:
    page = enter(EDITOR)
    page.goto("/t/lindenhof/segments/new")
    gate = Gate(page, re.compile(r"/segments/build$"))
    page.locator("#g0-match").select_option("any")
    gate.wait()
    press(page, "button[value='add:0']")
    gate.open()
    settle(page)
    page.mouse.up()
    expect(page.locator("#g0-1-field")).to_be_visible()
    expect(page.locator("#g0-match")).to_have_value("any")


def test_page_that_was_asked_for_before_the_last_save_arrived_shows_what_was_saved(
    enter: Callable[[str], Page],
) -> None:
    page = enter(EDITOR)
    page.goto("/t/lindenhof/issues")
    page.get_by_role("button", name="Ausgabe anlegen").click()
    expect(page.locator("#head")).to_be_visible()
    saves = Gate(page, SAVED)
    page.fill("#preheader", "Kurz vor dem Neuladen")
    saves.wait()

    def late(route: Route) -> None:
        before = route.fetch()
        saves.open()
        route.fulfill(response=before)

    page.route(page.url, late, times=1)
    page.reload()
    expect(page.locator("#preheader")).to_have_value("Kurz vor dem Neuladen")


def test_second_click_while_the_first_is_on_its_way_asks_once(plan: Page) -> None:
    posts: list[str] = []
    plan.on("request", lambda request: request.method == "POST" and posts.append(request.url))
    alive = Gate(plan, ALIVE)
    plan.locator("button[value=ask]").dblclick()
    alive.wait()
    settle(plan)
    alive.open()
    waits_for_approval(plan)
    assert len(posts) == 1


def test_what_was_typed_a_moment_ago_is_saved_before_a_link_leaves(plan: Page) -> None:
    plan.get_by_role("link", name="Zurück zur Ausgabe").click()
    plan.fill("#subject", "Eben getippt")
    plan.get_by_role("link", name="Mailing planen").click()
    expect(plan.get_by_text("Eben getippt")).to_be_visible()


def test_what_was_typed_before_the_scripts_were_there_is_saved_too(plan: Page) -> None:
    scripts = Gate(plan, re.compile(r"/js/unsaved\.js"))
    plan.get_by_role("link", name="Zurück zur Ausgabe").click()
    scripts.wait()
    plan.fill("#subject", "Vor dem Skript")
    with plan.expect_response(SAVED):
        scripts.open()
    plan.reload()
    expect(plan.locator("#subject")).to_have_value("Vor dem Skript")


def test_click_before_the_scripts_were_there_loses_nothing_that_was_typed(plan: Page) -> None:
    scripts = Gate(plan, re.compile(r"/js/unsaved\.js"))
    plan.get_by_role("link", name="Zurück zur Ausgabe").click()
    scripts.wait()
    plan.fill("#subject", "Schneller als das Skript")
    plan.locator("#sources button[id^=put-]").first.click()
    with plan.expect_response(SAVED):
        scripts.open()
    expect(plan.locator("[data-block]")).to_have_count(3)
    plan.reload()
    expect(plan.locator("#subject")).to_have_value("Schneller als das Skript")


def test_what_is_refused_keeps_the_person_on_the_page(plan: Page) -> None:
    plan.get_by_role("link", name="Zurück zur Ausgabe").click()
    plan.fill("#subject", "Für [Vornahme]")
    plan.get_by_role("link", name="Mailing planen").click()
    expect(plan.locator("#head-said")).to_contain_text("Meinten Sie [Vorname]?")
    expect(plan.locator("#subject")).to_have_value("Für [Vornahme]")
