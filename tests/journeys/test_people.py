"""What everybody does who has an account: come back in over an open page, with a new password, in another tenant or
another language."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.houses import House
from tests.journeys.inbox import Inbox, link_in

JOURNALIST, EDITOR = "jonas.weidner@lindenhof.example", "katrin.albers@lindenhof.example"
PASSWORD = "lindenhof-demo"
NEW_PASSWORD = "der Deich hält auch im Winter"
SAVED = re.compile(r"Gespeichert, \d+:\d\d")


def renew(page: Page, address: str) -> None:
    """Sign in again in the dialog that lies over the page."""
    dialog = page.get_by_role("dialog", name="Noch einmal anmelden")
    expect(dialog).to_be_visible()
    dialog.locator("input[type=email]").fill(address)
    dialog.locator("input[type=password]").fill(PASSWORD)
    dialog.get_by_role("button", name="Anmelden").click()
    expect(dialog).to_be_hidden()


@pytest.fixture
def article(enter: Callable[[str], Page]) -> Page:
    """A new article, open for writing, saved once."""
    page = enter(JOURNALIST)
    page.get_by_role("button", name="Artikel schreiben").click()
    page.wait_for_url(re.compile(r"/articles/\d+/edit"))
    page.locator("#title").fill("Hochwasser: die Deiche halten")
    expect(page.locator("#saved")).to_contain_text(SAVED)
    return page


def test_autosave_after_the_sign_in_expired_asks_over_the_page_and_loses_nothing(article: Page) -> None:
    article.context.clear_cookies()
    article.locator("#teaser").fill("Der Scheitel ist erreicht.")
    article.locator(".jodit-wysiwyg").fill("Die Wehr blieb über Nacht.")
    renew(article, JOURNALIST)
    expect(article.locator("#saved")).to_contain_text(SAVED)
    article.wait_for_load_state("networkidle")
    article.reload()
    expect(article.locator("#teaser")).to_have_value("Der Scheitel ist erreicht.")
    expect(article.locator(".jodit-wysiwyg")).to_contain_text("Die Wehr blieb über Nacht.")


def test_button_after_the_sign_in_expired_does_what_it_said(article: Page) -> None:
    article.locator("#teaser").fill("Der Scheitel ist erreicht.")
    article.locator(".jodit-wysiwyg").fill("Die Wehr blieb über Nacht.")
    article.wait_for_load_state("networkidle")
    expect(article.locator("#saved")).to_contain_text(SAVED)
    article.context.clear_cookies()
    article.locator("button[name=submit]").click()
    renew(article, JOURNALIST)
    article.wait_for_url(re.compile(r"/articles/\d+$"))
    expect(article.locator(".rb-head")).to_contain_text("Eingereicht")


def test_forgotten_password_is_set_anew_by_the_mail(house: House, stranger: Callable[[], Page]) -> None:
    address = "hannah.voss@lindenhof.example"
    page = stranger()
    page.goto("/signin")
    page.get_by_role("link", name="Passwort vergessen?").click()
    page.get_by_label("E-Mail-Adresse").fill(address)
    page.get_by_role("button", name="Link senden").click()
    expect(page.locator(".rb-note")).to_be_visible()
    link = link_in(Inbox(house).wait_for(address, text="/reset/"), "/reset/")
    page.goto(link)
    page.locator("#password").fill(NEW_PASSWORD)
    page.locator("form button.btn-primary").click()
    expect(page.get_by_role("heading", name="Anmelden")).to_be_visible()
    page.get_by_label("E-Mail-Adresse").fill(address)
    page.get_by_label("Passwort", exact=True).fill(NEW_PASSWORD)
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_role("heading", name="Übersicht")).to_be_visible()
    late = stranger()
    late.goto(link)
    expect(late.locator("#password")).to_have_count(0)


def test_own_tenants_are_switched_without_a_new_sign_in(enter: Callable[[str], Page]) -> None:
    page = enter(EDITOR)
    page.goto("/t/lindenhof/issues")
    page.get_by_title("Mandant wechseln").click()
    page.locator("#tenant-q").fill("süd")
    expect(page.locator("#tenant-list li:not([hidden])")).to_have_count(1)
    page.locator("#tenant-q").press("Enter")
    page.wait_for_url(re.compile(r"/t/suedpost/issues"))
    expect(page.locator(".rb-nav .rb-tenant")).to_contain_text("Süd")


def test_language_is_chosen_at_the_door_and_in_the_account(
    enter: Callable[[str], Page], stranger: Callable[[], Page]
) -> None:
    door = stranger()
    door.goto("/signin")
    door.get_by_role("button", name="English").click()
    expect(door.get_by_role("heading", name="Sign in")).to_be_visible()
    page = enter("meral.aydin@lindenhof.example")
    page.goto("/account")
    page.locator("#language").select_option("en")
    page.locator("form[action$='/account'] button.btn-primary").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto("/t/lindenhof/")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
