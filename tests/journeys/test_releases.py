"""Head office and branches: things released and recalled, an issue built from them, two people approve; and a role
that is changed while somebody works with it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys import inspection
from tests.journeys.mishaps import come_in

ADMIN, EDITOR = "ingrid.matthiesen@lindenhof.example", "katrin.albers@lindenhof.example"
CHIEF, JOURNALIST = "lars.petersen@suedpost.example", "anke.ruhnau@suedpost.example"
HEAD, BRANCH = "/t/lindenhof", "/t/suedpost"
SECOND = "Lindenhof Nordkurier"


@pytest.fixture
def people(stranger: Callable[[], Page]) -> Callable[[str], Page]:
    """people(address): somebody of the demo house in a browser of the own."""

    def entered(address: str) -> Page:
        return come_in(stranger(), address)

    return entered


def press(page: Page, button: Locator) -> None:
    """Send a form and be on the page that answers."""
    with page.expect_navigation():
        button.click()


def found_branch(page: Page) -> None:
    """A second branch below the head office."""
    page.goto("/house/tenants/new")
    page.fill("input[name=name]", SECOND)
    page.locator("select[name=parent]").select_option(label="Verlag Lindenhof")
    press(page, page.get_by_role("button", name="Mandant anlegen"))


def release(page: Page, kind: str, title: str = "") -> None:
    """To both branches."""
    page.goto(f"{HEAD}/releases/new?kind={kind}")
    if title:
        page.locator("select[name=object]").select_option(label=title)
    for branch in ("Lindenhof Südpost", SECOND):
        page.get_by_label(branch, exact=True).check()
    press(page, page.locator("main form button[type=submit]"))
    expect(page.locator("#flash")).to_contain_text("Freigegeben")


def approve(page: Page, name: str) -> None:
    """What waits for this person in the branch."""
    page.goto(f"{BRANCH}/approvals")
    press(page, page.get_by_role("link", name=name).first)
    press(page, page.get_by_role("button", name="Freigeben", exact=True))


def steps(page: Page, *roles: str) -> None:
    """The steps of approval in the branch; none: everybody who may approve."""
    page.goto(f"{BRANCH}/admin/approvals")
    for number, select in enumerate(page.locator("select[name=role]").all()):
        wanted = roles[number] if number < len(roles) else None
        select.select_option(label=wanted) if wanted else select.select_option(index=0)
        page.locator("input[name=needed]").nth(number).fill("1" if wanted else "")
    press(page, page.get_by_role("button", name="Speichern"))


def test_two_branches_use_what_the_head_office_releases_until_it_is_recalled(
    people: Callable[[str], Page],
) -> None:
    admin, editor, chief = people(ADMIN), people(EDITOR), people(CHIEF)
    found_branch(admin)
    admin.goto(f"{HEAD}/releases/new?kind=article")
    article = admin.locator("select[name=object] option").first.inner_text()
    admin.goto(f"{HEAD}/releases/new?kind=folder")
    folder = admin.locator("select[name=object] option").first.inner_text()
    release(admin, "article", article)
    release(admin, "folder", folder)
    release(admin, "robinson")
    steps(admin, "Chefredaktion", "Verwaltung")

    for place, title in (("pool", article), ("media", folder)):
        editor.goto(f"{BRANCH}/{place}")
        expect(editor.get_by_role("link", name=title).first).to_be_visible()
        expect(editor.locator("main")).to_contain_text("von Verlag Lindenhof")
    editor.goto(f"{BRANCH}/issues")
    press(editor, editor.locator("main form button.btn-primary"))
    name = editor.locator("h1").inner_text()
    editor.fill("#subject", "Hochwasser im Süden")
    expect(editor.locator("#saved")).to_contain_text("Gespeichert")
    source = editor.locator("#sources li, #sources .rb-src").filter(has_text=article).first
    expect(source).to_contain_text("Verlag Lindenhof")
    source.locator("button").click()
    expect(editor.locator("[data-block]").filter(has_text=article)).to_be_visible()
    editor.locator("#add-block").click()
    editor.get_by_role("button", name="Bild", exact=True).click()
    editor.locator("[data-picture-open]").click()
    editor.locator("#pick-folder").select_option(label=f"{folder} – von Verlag Lindenhof")
    with editor.expect_response(lambda answer: "/blocks/" in answer.url and answer.request.method == "POST"):
        editor.locator("[data-choose]").first.click()
    editor.locator("input[name=alt]").fill("Ein Bild der Zentrale")
    editor.wait_for_load_state("networkidle")
    editor.get_by_role("link", name="Mailing planen").click()
    editor.get_by_label("Zu diesem Zeitpunkt").check()
    editor.fill("#send_at", "2031-05-01T09:00")
    editor.locator("input[name=live]").check()
    press(editor, editor.locator("#act-ask"))
    expect(editor.locator("#flash")).to_contain_text("angefordert")

    for person, state in ((chief, "In Freigabe"), (admin, "Geplant")):
        approve(person, name)
        person.goto(f"{BRANCH}/campaigns?view=ahead")
        expect(person.locator("tr").filter(has_text=name)).to_contain_text(state)

    admin.goto(f"{HEAD}/releases")
    row = admin.locator("li").filter(has_text=article).filter(has_text="Lindenhof Südpost")
    editor.goto(f"{BRANCH}/pool?view=others")
    with editor.expect_response("**/pool?*q=*"):
        editor.locator("[data-search]").fill(article)
    expect(editor.locator("#pool-results h2")).to_have_count(1)
    assert inspection.axe(editor) == [], "articles of other tenants, after a filter"
    editor.goto(f"{BRANCH}/pool")
    received = editor.get_by_role("link", name=article).first.get_attribute("href")
    press(admin, row.get_by_role("button", name="Zurückziehen"))
    answer = editor.goto(received or "")
    assert answer is not None and answer.status == 404, "at the next click"
    steps(admin)


def test_a_changed_role_holds_at_the_next_click_of_the_other_person(people: Callable[[str], Page]) -> None:
    admin, journalist = people(ADMIN), people(JOURNALIST)
    admin.goto(f"{BRANCH}/admin/roles")
    admin.fill("input[name=name]", "Zahlen lesen")
    press(admin, admin.get_by_role("button", name="Rolle anlegen"))
    expect(admin.locator("h1")).to_contain_text("Zahlen lesen")
    role = admin.url
    admin.goto(f"{BRANCH}/admin/people")
    admin.get_by_role("link", name="Anke Ruhnau").click()
    admin.get_by_label(re.compile("Zahlen lesen")).check()
    press(admin, admin.get_by_role("button", name="Rollen speichern"))
    link = journalist.locator("nav").get_by_role("link", name="Versandmenge")
    journalist.goto(f"{BRANCH}/")
    expect(link).to_have_count(0)
    for ticked in (True, False):
        admin.goto(role)
        admin.locator("input[name=permission][value='volume.see']").set_checked(ticked)
        if not ticked:
            admin.locator("input[name=module][value=volume]").set_checked(False)
        press(admin, admin.get_by_role("button", name="Rolle speichern"))
        expect(admin.locator("#flash")).to_be_visible()
        answer = journalist.goto(f"{BRANCH}/volume")
        assert answer is not None and answer.status == (200 if ticked else 404)
        expect(link).to_have_count(int(ticked))
