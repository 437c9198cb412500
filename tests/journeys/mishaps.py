"""What people of several journeys do: come in by another browser, lose their network."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.walk import sign_in

OFFLINE = (
    "ERR_INTERNET_DISCONNECTED",
    "htmx:sendError",
    "htmx:afterRequest",
)


def come_in(page: Page, email: str) -> Page:
    sign_in(page, email)
    expect(page.locator(".rb-foot")).to_be_visible()
    return page


def without_network(page: Page, faults: list[str]) -> Callable[[], None]:
    """Take the network away; the answer gives it back and forgets what the browser wrote about it."""
    page.context.set_offline(True)

    def back() -> None:
        page.context.set_offline(False)
        faults[:] = [fault for fault in faults if not any(sign in fault for sign in OFFLINE)]

    return back
