"""Every page of the house: sound as a document, usable with a keyboard and a screen reader, at every width.

What the walk finds by links needs no entry here: a new page is looked at as soon as something leads to it.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from playwright.sync_api import BrowserContext, Page

from portal.context import LANGUAGE_COOKIE
from tests.journeys import acts, inspection, walk
from tests.journeys.houses import House

WIDE, SMALLEST = 1400, 320  # the smallest is also a wide one at 400 % zoom
HEIGHT = 900


class Examiner:
    """Writes down what is wrong with the pages that it is shown, in one language."""

    def __init__(self, language: str = "de", also_dark: bool = True) -> None:
        self.also_dark = also_dark
        self.foreign = inspection.foreign_words(language)
        self.seen, self.faults = list[str](), list[str]()

    def thoroughly(self, page: Page, name: str) -> list[str]:
        """Wide and light with all of axe, then narrow and, if wanted, dark; the links of the page."""
        page.set_viewport_size({"width": WIDE, "height": HEIGHT})
        found, links = inspection.examine(page, self.foreign)
        self._note(name, WIDE, found + inspection.axe(page))
        if self.also_dark:
            page.emulate_media(color_scheme="dark")
        self.narrow(page, name)
        rules = inspection.IN_THE_DARK if self.also_dark else inspection.ON_NARROW
        self._note(name, SMALLEST, inspection.axe(page, rules))
        if self.also_dark:
            page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": WIDE, "height": HEIGHT})
        return links

    def narrow(self, page: Page, name: str) -> list[str]:
        """As on the smallest phone; bench/shots.py looks at the usual one."""
        page.set_viewport_size({"width": SMALLEST, "height": HEIGHT})
        found, links = inspection.examine(page, self.foreign)
        self._note(name, SMALLEST, found)
        return links

    def opened(self, page: Page, name: str) -> None:
        """As it stands: what was opened would close if the page were made narrower."""
        found, _links = inspection.examine(page, self.foreign)
        self._note(name, 0, found + inspection.axe(page))

    def passes(self) -> None:
        """One line per fault."""
        assert not self.faults, "\n" + "\n".join(self.faults)

    def _note(self, name: str, width: int, found: list[str]) -> None:
        self.seen.append(name)
        self.faults += [f"{name} at {width}: {fault}" for fault in found]


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page whose movements are over at once, so that nothing is measured half-way."""
    opened = context.new_page()
    opened.emulate_media(reduced_motion="reduce")
    return opened


@pytest.fixture
def examiner() -> Examiner:
    return Examiner()


def test_pages_that_links_lead_to(house: House, page: Page) -> None:
    examiner = Examiner(
        also_dark=False
    )  # contrast takes longest; the dark scheme has the same parts on the others
    walk.everything_linked(page, examiner.thoroughly)
    assert len(set(examiner.seen)) > 35, "the walk has lost its way"
    examiner.passes()


def test_pages_in_every_state(house: House, page: Page, examiner: Examiner) -> None:
    walk.sign_in(page, walk.PEOPLE["chief"])
    for stop in walk.by_state(house.instance):
        assert walk.opened(page, stop.path, stop.status)
        examiner.thoroughly(page, stop.name)
    examiner.passes()


@pytest.mark.parametrize("language", ["de", "en"])
def test_pages_for_readers_and_before_the_door(house: House, page: Page, language: str) -> None:
    examiner = Examiner(language)
    page.context.add_cookies([{"name": LANGUAGE_COOKIE, "value": language, "url": house.url}])
    for stop in walk.public(house.instance, language):
        assert walk.opened(page, stop.path, stop.status)
        if language == "de":
            examiner.thoroughly(page, stop.name)
        else:
            examiner.narrow(page, stop.name)
    examiner.passes()


def test_pages_after_a_refusal_and_opened_menus(house: House, page: Page, examiner: Examiner) -> None:
    for name in acts.after_acts(page):
        examine: Callable[[Page, str], object] = (
            examiner.opened if "menu" in name or "switcher" in name else examiner.thoroughly
        )
        examine(page, name)
    examiner.passes()


def test_sent_mail_fits_a_phone_and_has_a_title(house: House, page: Page) -> None:
    page.set_viewport_size({"width": SMALLEST, "height": HEIGHT})
    page.goto(walk.web_version(house.instance))
    found, _links = inspection.examine(page)
    assert [fault for fault in found if "wide in" in fault or "title" in fault or "h1" in fault] == []


def test_pages_in_english_fit_a_phone(house: House, page: Page) -> None:
    """Last, because everybody speaks English afterwards."""
    with closing(sqlite3.connect(house.instance / "portal.db")) as db, db:
        db.execute("UPDATE user SET language = 'en'")
    examiner = Examiner("en")
    walk.everything_linked(page, examiner.narrow)
    examiner.passes()
