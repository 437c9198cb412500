"""Journeys: headless Chromium against the real process tree. Every page is watched for errors and foreign requests."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.houses import House, lay_demo_house, port_of_demo_house, running
from tests.journeys.inspection import watch
from tests.journeys.walk import sign_in

WAIT_MS = 30_000  # a slow machine that does other things, too
expect.set_options(timeout=WAIT_MS)
QUIET = [
    "--no-sandbox",  # Chromium refuses its sandbox to root
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-pings",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.journey)
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The demo house, running; shared by all journeys of the run, so leave what others need. One of those that run side
    by side can have the address that the mails of the demo name: the one that looks at every page."""
    instance = tmp_path_factory.mktemp("demo-house")
    lay_demo_house(instance)
    looks_at_mails = any(item.path.name == "test_pages.py" for item in request.session.items)
    with running(instance, port_of_demo_house() if looks_at_mails else 0, DEMO="1") as found:
        yield found


@pytest.fixture(scope="session")
def base_url(house: House) -> str:
    """Pages of a journey are relative to the demo house unless it opens another one."""
    return house.url


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium: a browser that Playwright would download is never used."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is missing (apt-get install chromium)")
    return {**browser_type_launch_args, "executable_path": path, "args": QUIET}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A reader in Germany on a laptop; a journey that needs a phone sets the viewport itself."""
    return {
        **browser_context_args,
        "viewport": {"width": 1400, "height": 900},
        "locale": "de-DE",
        "timezone_id": "Europe/Berlin",
    }


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """Script errors and requests to other hosts, of all pages of this journey; none may be left."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def context(context: BrowserContext, faults: list[str]) -> BrowserContext:
    """A browser whose every page is watched: a script error or a request to another host fails the journey."""
    context.on("page", lambda page: watch(page, faults))
    return context


@pytest.fixture
def stranger(new_context: Callable[..., BrowserContext], faults: list[str]) -> Callable[[], Page]:
    """stranger(): a page in a browser of its own that nobody is signed in to, watched like the others."""

    def arrived() -> Page:
        made = new_context()
        made.on("page", lambda page: watch(page, faults))
        page = made.new_page()
        page.set_default_timeout(WAIT_MS)
        return page

    return arrived


@pytest.fixture
def enter(context: BrowserContext) -> Callable[[str], Page]:
    """enter(address): a page with this person of the demo house signed in, nobody else any more."""

    def entered(address: str) -> Page:
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        sign_in(page, address)
        expect(page.locator(".rb-foot")).to_be_visible()
        return page

    return entered
