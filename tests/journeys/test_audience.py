"""The audience from the file to the erasure: import with mistakes, a report inside a mailing, ticks, a locked customer,
and a reader who comes, changes something, leaves and is erased. In German, in the browser, over one demo house."""

import re
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.journeys.houses import House
from tests.journeys.inbox import Inbox, link_in, link_out_of
from tests.journeys.walk import PEOPLE, sign_in

TENANT = "/t/lindenhof"
SUBJECT = "Rückblick auf den Deichtag"
READER = "wiebke.fenske@deichtag.example"
REPORT = "Gäste des Deichtags"
FIRM = "Sielverband Ostufer"
ROWS = (
    ("hinnerk@deichtag.example", "Hinnerk", "Ahlers", "Deichhausen", FIRM),
    ("keine-adresse", "Karl", "Kaputt", "Deichhausen", ""),
    ("tomma@deichtag.example", "Tomma", "Behrends", "Deichhausen", FIRM),
    ("onno@deichtag.example", "Onno", "Claaßen", "Deichhausen", ""),
    ("onno@deichtag.example", "Onno", "Claaßen", "Deichhausen", ""),
    ("imke@deichtag.example", "Imke", "Dirks", "Deichhausen", ""),
)


@dataclass
class People:
    """Everybody in a browser of their own, so that nobody waits for another one's sign-in."""

    manager: Page
    editor: Page
    chief: Page
    reader: Page
    inbox: Inbox


@pytest.fixture
def people(house: House, stranger: Callable[[], Page]) -> People:
    manager, editor, chief, reader = (stranger() for _ in range(4))
    for page, who in ((manager, "subscribers"), (editor, "editor"), (chief, "chief")):
        sign_in(page, PEOPLE[who])
    return People(manager, editor, chief, reader, Inbox(house))


def test_the_audience_from_the_file_to_the_erasure(people: People) -> None:
    reader_opens_the_form(people.reader)  # the form takes no answer that comes faster than people type
    manager_imports_with_mistakes(people.manager)
    reader_signs_up(people.reader, people.inbox)
    editor_writes_a_letter(people.editor)
    editor_builds_a_report_inside_the_mailing(people.editor)
    editor_unticks_one(people.editor)
    manager_locks_a_customer(people.manager)
    its_contacts_fall_out(people.editor)
    it_is_approved_and_sent(people.editor, people.chief)
    reader_changes_and_leaves(people.reader, people.inbox)
    manager_prints_the_proof(people.manager)
    manager_erases(people.manager)


def file_with_mistakes() -> FilePayload:
    lines = ["E-Mail;Vorname;Nachname;Ort;Firma", *(";".join(row) for row in ROWS)]
    return {"name": "deichtag.csv", "mimeType": "text/csv", "buffer": "\r\n".join(lines).encode()}


def manager_imports_with_mistakes(page: Page) -> None:
    """Without the proof nothing begins; a line without an address and one that comes twice are told afterwards."""
    page.goto(f"{TENANT}/subscribers/imports")
    page.locator("input[type=file]").set_input_files([file_with_mistakes()])
    page.locator("main form[enctype] button.btn-primary").click()
    page.get_by_label("Stadtgespräch", exact=True).check()
    page.locator("input[name=consent][value=proved]").check()
    page.locator("[name=note], [name=proof]").first.fill("")
    page.locator("main form[action$=columns] button.btn-primary").click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    expect(page.get_by_label("Stadtgespräch", exact=True)).to_be_checked()
    page.locator("[name=note], [name=proof]").first.fill("Gästebuch vom Deichtag")
    page.locator("main form[action$=columns] button.btn-primary").click()
    page.locator("main form[action$=run] button.btn-primary").click()
    expect(page.locator("a[href$='rejected.csv']")).to_be_visible()
    refused = page.request.get(str(page.locator("a[href$='rejected.csv']").get_attribute("href"))).text()
    assert "keine-adresse" in refused and "onno@deichtag.example" in refused


def reader_opens_the_form(page: Page) -> None:
    page.goto("/n/lindenhof/stadtgespraech?lang=de")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.locator("#email").fill(READER)
    page.locator("#last").fill("Fenske")


def reader_signs_up(page: Page, inbox: Inbox) -> None:
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile("/sent"))
    page.goto(link_in(inbox.wait_for(READER, text="/confirm/"), "/confirm/"))
    page.locator("main form button").click()
    expect(page.get_by_role("status")).to_contain_text("Sie sind angemeldet.")


def editor_writes_a_letter(page: Page) -> None:
    page.goto(f"{TENANT}/issues")
    page.locator("select[name=type_id]").select_option(label="Stadtgespräch")
    page.get_by_role("button", name="Brief schreiben").click()
    page.locator("[name=subject]").fill(SUBJECT)
    page.locator(".jodit-wysiwyg").fill("Danke, dass Sie da waren. Die Bilder liegen im Siel.")
    page.locator("[name=preheader]").fill("Bilder und ein Dank")
    expect(page.locator("#saved")).to_contain_text(re.compile(r"Gespeichert, \d+:\d\d"))
    page.wait_for_load_state("networkidle")
    page.get_by_role("link", name="Empfänger und Zeit").click()
    expect(page.locator("#numbers")).to_be_visible()


def editor_builds_a_report_inside_the_mailing(page: Page) -> None:
    """Whoever was there, or is called Fenske; the count follows while it is built, and the plan takes it."""
    page.get_by_role("link", name="Neue Zielgruppe").click()
    page.locator("#f-name").fill(REPORT)
    page.locator("#g0-match").select_option("any")
    page.locator("#g0-0-value").fill("Deichhausen")
    page.locator("#g0-0-value").press("Tab")
    expect(page.locator("#numbers .rb-big")).to_have_text("4")
    page.locator("button[value='add:0']").click()
    expect(page.locator("#g0-1-field")).to_be_visible()
    page.locator("#g0-1-field").select_option("person:last_name")
    expect(page.locator("#g0-1-field")).to_have_value("person:last_name")
    page.locator("#g0-1-value").fill("Fenske")
    page.locator("#g0-1-value").press("Tab")
    expect(page.locator("#numbers .rb-big")).to_have_text("5")
    page.get_by_role("button", name="Für dieses Mailing verwenden").click()
    page.wait_for_url(re.compile(r"/plan"))
    expect(page.locator("#segment option:checked")).to_have_text(REPORT)
    expect(page.locator("input[name=whom][value=segment]")).to_be_checked()
    page.locator("input[name=proved]").check()
    expect(page.locator("#numbers .rb-big")).to_have_text("5")


def editor_unticks_one(page: Page) -> None:
    page.locator("#act-people").click()
    page.wait_for_url(re.compile(r"/selection"))
    tick = page.get_by_label("An Imke Dirks senden")
    expect(tick).to_be_checked()
    tick.uncheck()
    expect(page.locator("#selection-numbers")).to_contain_text("4 Personen bekommen")
    expect(page.locator("tr", has_text="Imke Dirks")).to_contain_text("Von Hand abgewählt")


def manager_locks_a_customer(page: Page) -> None:
    page.goto(f"{TENANT}/organisations?q=Sielverband")
    page.get_by_role("link", name=FIRM).click()
    expect(page.get_by_role("heading", name=FIRM)).to_be_visible()
    page.locator("form[action$='/lock'] button").click()
    expect(page.locator("form[action$='/lock'] .invalid-feedback")).to_be_visible()  # a lock says why
    page.locator("form[action$='/lock'] [name=reason]").fill("Wünscht bis auf Weiteres keine Mails")
    page.locator("form[action$='/lock'] button").click()
    expect(page.locator("#flash")).to_contain_text("Gesperrt")


def its_contacts_fall_out(page: Page) -> None:
    page.reload()
    expect(page.locator("#selection-numbers")).to_contain_text("2 Personen bekommen")
    for name in ("Hinnerk Ahlers", "Tomma Behrends"):
        row = page.locator("tr", has_text=name)
        expect(row).to_contain_text("Kunde gesperrt")
        expect(row.locator("input[name=send]")).to_be_disabled()
        expect(row.locator("input[name=send]")).not_to_be_checked()


def it_is_approved_and_sent(editor: Page, chief: Page) -> None:
    editor.get_by_role("link", name="Zurück zum Plan").click()
    editor.locator("input[name=live]").check()
    expect(editor.locator("#act-ask")).to_contain_text("2 Empfänger")
    editor.locator("#act-ask").click()
    editor.wait_for_url(re.compile(r"/campaigns/\d+"))
    expect(editor.locator("main")).to_contain_text("wartet auf Freigabe")
    chief.goto(editor.url)
    chief.locator("main a[href*='/approvals/']").first.click()
    chief.locator("button[name=decision][value=approve]").click()
    expect(chief.locator("#flash")).to_contain_text("Freigegeben")


def reader_changes_and_leaves(page: Page, inbox: Inbox) -> None:
    """The name on the preferences page, then the button of the mail program (RFC 8058), which needs no page."""
    link = link_out_of(inbox.wait_for(READER, SUBJECT))
    page.goto(link.replace("/unsubscribe", "/preferences"))
    expect(page.get_by_label("Stadtgespräch")).to_be_checked()
    page.locator("#first").fill("Wiebke")
    page.get_by_role("button", name="Änderungen speichern").click()
    expect(page.get_by_role("status")).to_contain_text("Gespeichert")
    request = urllib.request.Request(link, data=b"List-Unsubscribe=One-Click", method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200
    page.goto(link.replace("/unsubscribe", "/preferences"))
    expect(page.get_by_label("Stadtgespräch")).not_to_be_checked()
    expect(page.locator("#first")).to_have_value("Wiebke")


def manager_prints_the_proof(page: Page) -> None:
    page.goto(f"{TENANT}/subscribers?q=wiebke.fenske")
    page.get_by_role("link", name="Wiebke Fenske").click()
    expect(page.get_by_role("heading", name="Wiebke Fenske")).to_be_visible()
    expect(page.locator("section", has_text="Mailings").first).to_be_visible()
    expect(page.locator("main")).to_contain_text(SUBJECT)
    page.get_by_role("link", name="Nachweis zum Drucken").click()
    expect(page.get_by_role("heading", name=re.compile("Nachweis|Einwilligung")).first).to_be_visible()
    for step in ("Über das Formular angemeldet", "Über den Link bestätigt", "Abgemeldet"):
        expect(page.locator("main")).to_contain_text(step)
    page.emulate_media(media="print")
    expect(page.locator(".rb-nav")).to_be_hidden()
    page.emulate_media(media="screen")


def manager_erases(page: Page) -> None:
    page.go_back()
    expect(page.get_by_role("heading", name="Wiebke Fenske")).to_be_visible()
    page.get_by_role("link", name="Löschen …").click()
    page.locator("[name=reason]").fill("Auf Wunsch der Person")
    page.locator("form[action$='/erase'] button").click()
    expect(page.locator("#flash")).to_contain_text("Gelöscht")
    page.goto(f"{TENANT}/subscribers?q=wiebke.fenske")
    expect(page.get_by_role("link", name="Wiebke Fenske")).to_have_count(0)
