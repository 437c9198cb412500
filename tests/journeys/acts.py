"""Pages that appear only after somebody has done something: refused forms, steps of an import, opened menus."""

from collections.abc import Callable, Iterator

from playwright.sync_api import Page

from tests.journeys.walk import PEOPLE, sign_in

PEOPLE_FILE = (
    "email;first_name;last_name;city;subscribed\n"
    "nora.feld@musterhof.example;Nora;Feld;Hannover;2026-03-01\n"
    "keine-adresse;Paul;Ohne;Celle;2026-03-01\n"
    "ida.sommer@musterhof.example;Ida;Sommer;Bremen;2026-04-12\n"
)
LINDENHOF = "/t/lindenhof"


def _missing_right(page: Page) -> None:
    sign_in(page, PEOPLE["journalist"])
    page.goto(f"{LINDENHOF}/admin/roles")


def _refused_sign_in(page: Page) -> None:
    page.context.clear_cookies()
    page.goto("/signin")
    page.fill("input[type=email]", "niemand@lindenhof.example")
    page.fill("input[type=password]", "falsch und lang genug")
    page.click("button[type=submit]")
    page.wait_for_selector("[role=alert]")


def _forgot_sent(page: Page) -> None:
    page.context.clear_cookies()
    page.goto("/forgot")
    page.fill("input[type=email]", "niemand@lindenhof.example")
    _send(page, "form")


def _refused_sign_up(page: Page) -> None:
    page.goto(f"/n/lindenhof?lang={page.evaluate('navigator.language')[:2]}")
    page.fill("#email", "keine adresse")
    _send(page, "form.rb-stack")


def _refused_subscriber(page: Page) -> None:
    sign_in(page, PEOPLE["subscribers"])
    page.goto(f"{LINDENHOF}/subscribers/new")
    page.fill("#address", "keine adresse")
    _send(page, "main form.rb-stack")


def _import_columns(page: Page) -> None:
    page.goto(f"{LINDENHOF}/subscribers/imports")
    page.set_input_files(
        "#file", {"name": "leser.csv", "mimeType": "text/csv", "buffer": PEOPLE_FILE.encode()}
    )
    _send(page, "main form.rb-stack")


def _import_check(page: Page) -> None:
    page.check("input[name=consent][value=unknown]")
    _send(page, "main form.rb-stack")


def _import_result(page: Page) -> None:
    _send(page, "main form[action$='/run']")
    page.wait_for_selector("a[href$='rejected.csv']")


def _refused_person(page: Page) -> None:
    sign_in(page, PEOPLE["admin"])
    page.goto(f"{LINDENHOF}/admin/people/new")
    page.fill("#email", "keine adresse")
    _send(page, "main form")


def _switcher(page: Page) -> None:
    page.goto(f"{LINDENHOF}/")
    page.click("[popovertarget=tenants]")


def _account_menu(page: Page) -> None:
    page.goto(f"{LINDENHOF}/")
    page.click("[popovertarget=account]")


def _narrow_menu(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{LINDENHOF}/")
    page.click(".rb-top [popovertarget=nav]")


def _narrow_switcher(page: Page) -> None:
    _narrow_menu(page)
    page.click("[popovertarget=tenants]")


def _narrow_account_menu(page: Page) -> None:
    _narrow_menu(page)
    page.click("[popovertarget=account]")


def _open_block(page: Page) -> None:
    page.set_viewport_size({"width": 1400, "height": 900})
    sign_in(page, PEOPLE["editor"])
    page.goto(f"{LINDENHOF}/issues/7")
    page.locator(".rb-open").first.click()
    page.wait_for_selector(".rb-block.open .body")
    page.wait_for_selector(".jodit-container")


def _send(page: Page, form: str) -> None:
    """Send it as it is, past what the browser itself would refuse."""
    with page.expect_navigation():
        page.locator(form).first.evaluate("form => { form.noValidate = true; form.requestSubmit(); }")


ACTS: tuple[Callable[[Page], None], ...] = (
    _missing_right, _refused_sign_in, _forgot_sent, _refused_sign_up, _refused_subscriber, _import_columns,
    _import_check, _import_result, _refused_person, _switcher, _account_menu, _narrow_menu, _narrow_switcher,
    _narrow_account_menu, _open_block,
)  # fmt: skip


def after_acts(page: Page) -> Iterator[str]:
    """Do one after the other; the name of what `page` shows then."""
    for act in ACTS:
        act(page)
        yield "after-" + act.__name__.strip("_").replace("_", "-")
