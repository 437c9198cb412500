"""Where a story of several people plays: one browser for the people of the house, others for strangers."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.houses import House
from tests.journeys.inbox import Inbox

PASSWORD = "ein langer Satz für die Probe"


@dataclass
class Stage:
    """Where the story plays: the browser of the people of the house, their mails, and browsers of strangers."""

    house: House
    context: BrowserContext
    page: Page
    inbox: Inbox
    stranger: Callable[[], Page]


def sign_in(stage: Stage, address: str) -> None:
    """As somebody else: whoever was signed in is so no more."""
    page = stage.page
    stage.context.clear_cookies()
    page.goto("/signin")
    page.get_by_label("E-Mail-Adresse").fill(address)
    page.get_by_label("Passwort", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_role("heading", name="Übersicht")).to_be_visible()
