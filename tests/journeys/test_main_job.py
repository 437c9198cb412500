"""The main job, from an empty house to the reader who leaves, as the people do it: in German, in the browser."""

import re
import urllib.request
from collections.abc import Callable, Iterator
from email.message import EmailMessage

import pytest
from playwright.sync_api import BrowserContext, FilePayload, Page, expect

from tests import pictures
from tests.journeys.houses import House, running, standing_still
from tests.journeys.inbox import WAIT_S, Inbox, link_in, link_out_of, text_of
from tests.journeys.stage import PASSWORD, Stage, sign_in

TENANT = "/t/verlag-probe"
READERS = 40
TITLE, SUBJECT = "Leinebrücke: neun Monate Umweg", "die Brücke ist gesperrt"
JOURNALIST, EDITOR, CHIEF = "jonas@probe.example", "katrin@probe.example", "sabine@probe.example"
READER = "marlies@leserin.example"


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running(tmp_path_factory.mktemp("main-job"), DEMO="0") as found:
        yield found


@pytest.fixture(scope="session")
def base_url(empty: House) -> str:
    return empty.url


@pytest.fixture
def stage(empty: House, context: BrowserContext, stranger: Callable[[], Page]) -> Stage:
    page = context.new_page()
    page.set_default_timeout(30_000)
    return Stage(empty, context, page, Inbox(empty), stranger)


def test_from_an_empty_house_to_the_reader_who_leaves(stage: Stage) -> None:
    administrator_sets_the_house_up(stage)
    administrator_makes_types(stage)
    for name, address, role in (
        ("Jonas Weidner", JOURNALIST, "Journalist"),
        ("Katrin Kern", EDITOR, "Redaktion"),
        ("Sabine Röhl", CHIEF, "Chefredaktion"),
    ):
        administrator_invites(stage, name, address, role)
    administrator_imports_readers(stage)
    reader = stage.stranger()
    reader_signs_up(stage, reader)

    sign_in(stage, JOURNALIST)
    journalist_writes_and_submits(stage)
    sign_in(stage, EDITOR)
    editor_returns_it(stage)
    sign_in(stage, JOURNALIST)
    journalist_reworks_it(stage)
    sign_in(stage, EDITOR)
    editor_accepts_it(stage)
    editor_assembles(stage)
    editor_asks_for_approval(stage)
    sign_in(stage, CHIEF)
    chief_approves_and_watches(stage)
    every_recipient_is_in_the_table(stage)
    issue_is_closed(stage)

    mail = stage.inbox.wait_for(READER, SUBJECT)
    mails_are_right(stage)
    reader_reads_in_the_browser(reader, mail)
    reader_changes_preferences(reader, mail)
    reader_leaves_this_type_only(reader, mail)
    one_click_leaves_at_once(stage)
    next_issue_leaves_both_out(stage)


def administrator_sets_the_house_up(stage: Stage) -> None:
    page = stage.page
    page.goto("/")
    page.get_by_label("Einrichtungsschlüssel").fill(stage.house.setup_token)
    page.get_by_label("Name der Organisation").fill("Verlag Probe")
    page.get_by_label("Ihr Name").fill("Anna Albers")
    page.get_by_label("Ihre E-Mail-Adresse").fill("anna@probe.example")
    page.get_by_label("Passwort").fill(PASSWORD)
    page.locator("form button.btn-primary").click()
    expect(page.get_by_role("heading", name="Übersicht")).to_be_visible()

    page.goto(f"{TENANT}/admin/tenant")
    page.locator("#sender_address").fill("post@probe.example")
    page.locator("#imprint").fill("Verlag Probe GmbH\nDeichweg 1, 20457 Hamburg")
    page.locator("main form[action$='/admin/tenant'] button.btn-primary").click()
    expect(page.locator("#flash")).to_contain_text("Gespeichert")
    page.goto(f"{TENANT}/admin/senders")
    page.locator("#domain").fill("probe.example")
    page.locator("#f-add button").click()
    page.locator("#reason").fill("Von der IT am Telefon bestätigt")
    page.get_by_role("button", name="Für die Domain bürgen").click()
    expect(page.locator("#flash")).to_contain_text("probe.example")


def administrator_makes_types(stage: Stage) -> None:
    page = stage.page
    for name in ("Probeblatt", "Beiblatt"):
        page.goto(f"{TENANT}/types/new")
        page.locator("#name").fill(name)
        page.locator("#slug").fill(name.lower())
        page.locator("#consent_text").fill(f"Ich möchte das {name} per E-Mail erhalten.")
        page.locator("main form[method=post] button[type=submit].btn-primary").first.click()
        expect(page.get_by_role("heading", name=name)).to_be_visible()


def administrator_invites(stage: Stage, name: str, address: str, role: str) -> None:
    """The person sets a password by the link of the mail."""
    page, other = stage.page, stage.stranger()
    page.goto(f"{TENANT}/admin/people/new")
    page.locator("#name").fill(name)
    page.locator("#email").fill(address)
    page.locator("label.form-check", has_text=role).first.locator("input").check()
    page.locator("main form[action$='/admin/people'] button.btn-primary").click()
    expect(page.locator("main")).to_contain_text(name)
    other.goto(link_in(stage.inbox.wait_for(address, text="/welcome/"), "/welcome/"))
    other.get_by_label("Neues Passwort").fill(PASSWORD)
    other.get_by_role("button", name="Passwort setzen").click()
    expect(other.get_by_role("heading", name="Anmelden")).to_be_visible()
    other.context.close()


def csv_file() -> FilePayload:
    """As CleverReach writes it: semicolons, German heads, Windows-1252, one line without an address."""
    rows = ["E-Mail;Vorname;Nachname;Ort"]
    rows += [f"leser{n}@leserschaft.example;Jörg {n};Müller-Lüdenscheidt;Köln" for n in range(READERS)]
    rows.append("keine-adresse;Karl;Kaputt;Bonn")
    return {"name": "leser.csv", "mimeType": "text/csv", "buffer": "\r\n".join(rows).encode("cp1252")}


def administrator_imports_readers(stage: Stage) -> None:
    """From the file over the columns and the check to the result, with one line that cannot be taken."""
    page = stage.page
    page.goto(f"{TENANT}/subscribers/imports")
    page.locator("input[type=file]").set_input_files([csv_file()])
    page.locator("main form[enctype] button.btn-primary").click()
    page.wait_for_url(re.compile(r"/imports/\d+"))
    page.get_by_label("Probeblatt", exact=True).check()
    page.locator("input[name=consent][value=proved]").check()
    page.locator("[name=note], [name=proof]").first.fill("Messebogen vom Mai, liegt im Archiv")
    page.locator("main form[action$=columns] button.btn-primary").click()
    page.locator("main form[action$=run] button.btn-primary").click()
    expect(page.locator("a[href$='rejected.csv']")).to_be_visible(timeout=60_000)
    expect(page.locator("main")).to_contain_text(f"{READERS}")


def reader_signs_up(stage: Stage, reader: Page) -> None:
    """Double opt-in for both types: the form, the mail, the button."""
    reader.goto("/n/verlag-probe")
    reader.locator("input[type=email]").fill(READER)
    for box in reader.locator("input[type=checkbox]").all():
        box.check()
    reader.wait_for_timeout(2500)  # the form refuses answers faster than people type
    reader.locator("main form button[type=submit]").click()
    reader.goto(link_in(stage.inbox.wait_for(READER, text="/confirm/"), "/confirm/"))
    reader.locator("main form button").click()
    expect(reader.locator("main")).to_contain_text("Probeblatt")


def journalist_writes_and_submits(stage: Stage) -> None:
    """Autosave after a pause, a picture from the phone, category and validity."""
    page = stage.page
    page.get_by_role("button", name="Artikel schreiben").click()
    page.wait_for_url(re.compile(r"/articles/\d+/edit"))
    page.locator("#title").fill(TITLE)
    page.locator("#teaser").fill("Die Linien 4 und 12 fahren ab Montag über die Südstadt.")
    page.locator(".jodit-wysiwyg").fill("Für Räder bleibt eine Spur frei, auch im Winter.")
    page.locator("#category").fill("Verkehr")
    page.locator("#valid_until").fill("2099-12-31")
    photo = {"name": "bruecke.jpg", "mimeType": "image/jpeg", "buffer": pictures.from_a_phone(1600, 1200)}
    page.locator("[data-picture-file]").set_input_files([photo])
    expect(page.locator("[data-picture-shown]")).to_be_visible()
    page.locator("#asset_alt").fill("Die gesperrte Brücke von Süden")
    expect(page.locator("#saved")).to_contain_text(re.compile(r"Gespeichert, \d+:\d\d"))
    page.locator("button[name=submit]").click()
    page.wait_for_url(re.compile(r"/articles/\d+$"))
    expect(page.locator(".rb-head")).to_contain_text("Eingereicht")


def editor_returns_it(stage: Stage) -> None:
    open_submitted(stage.page)
    stage.page.locator("#note").fill("Bitte nennen Sie die Umleitung.")
    stage.page.get_by_role("button", name="Zurückgeben").click()
    expect(stage.page.locator("#h-decide")).to_have_count(0)


def journalist_reworks_it(stage: Stage) -> None:
    page = stage.page
    page.goto(f"{TENANT}/pool")
    page.get_by_role("link", name=TITLE).first.click()
    expect(page.locator("#remarks")).to_contain_text("Bitte nennen Sie die Umleitung.")
    page.get_by_role("link", name="Bearbeiten").click()
    page.locator("#teaser").fill("Die Linien 4 und 12 fahren ab Montag über die Südstadt und den Ring.")
    page.locator("button[name=submit]").click()
    page.wait_for_url(re.compile(r"/articles/\d+$"))


def editor_accepts_it(stage: Stage) -> None:
    open_submitted(stage.page)
    stage.page.locator("button[formaction$=accept]").click()
    expect(stage.page.locator("#flash")).to_contain_text("Angenommen")


def open_submitted(page: Page) -> None:
    page.goto(f"{TENANT}/pool?view=submitted")
    page.get_by_role("link", name=TITLE).first.click()
    expect(page.locator("#h-decide")).to_be_visible()


def editor_assembles(stage: Stage) -> None:
    """The article in the issue, the real mail beside it, a test to the own address."""
    page = stage.page
    page.goto(f"{TENANT}/issues")
    page.locator("select[name=type_id]").select_option(label="Probeblatt")
    page.get_by_role("button", name="Ausgabe anlegen").click()
    page.wait_for_url(re.compile(r"/issues/\d+"))
    page.locator("#subject").fill(f"[Vorname|Guten Tag], {SUBJECT}")
    page.locator("#preheader").fill("So kommen Sie ab Montag ans Ziel.")
    page.locator("button[id^=put-]").first.click()
    expect(page.locator("[data-block]")).to_have_count(2)
    mail = page.frame_locator("#preview")
    expect(mail.get_by_role("heading", name="Leinebrücke")).to_be_visible()
    expect(mail.get_by_alt_text("Die gesperrte Brücke von Süden")).to_be_visible()
    page.locator("summary:has-text('Test senden')").click()
    page.locator("form[action$='/test'] button").click()
    expect(page.locator("#flash")).to_contain_text(EDITOR)
    assert "Für Räder bleibt eine Spur frei" in text_of(stage.inbox.wait_for(EDITOR, "[Test]"))


def editor_asks_for_approval(stage: Stage) -> None:
    page = stage.page
    page.locator("a[href$='/plan']").first.click()
    page.locator("input[name=proved]").check()
    page.locator("input[name=live]").check()
    expect(page.locator("#act-ask")).to_contain_text(str(READERS + 1))
    page.locator("#act-ask").click()
    page.wait_for_url(re.compile(r"/campaigns/\d+"))
    expect(page.get_by_text("Das Mailing wartet auf Freigabe.")).to_be_visible()


def chief_approves_and_watches(stage: Stage) -> None:
    """The mail server stands still for a while: the page shows the mailing on its way, then its end by itself."""
    page = stage.page
    page.goto(f"{TENANT}/approvals")
    page.locator("main a[href*='/approvals/']").first.click()
    expect(page.frame_locator("iframe").get_by_role("heading", name="Leinebrücke")).to_be_visible()
    with standing_still(stage.house, "catcher"):
        page.locator("button[name=decision][value=approve]").click()
        expect(page.locator("#flash")).to_contain_text("Freigegeben")
        page.get_by_role("main").get_by_role("link", name="Mailing ansehen").click()
        expect(page.locator(".h1.m-0")).to_contain_text(f"0 von {READERS + 1}")
        expect(page.locator("svg.rb-bar")).to_be_visible()
        expect(page.locator("#act-player-pause")).to_be_visible()
    expect(page.locator(".rb-state.pill")).to_have_text("Abgeschlossen", timeout=WAIT_S * 1000)
    expect(page.locator(".h1.m-0")).to_contain_text(f"{READERS + 1} von {READERS + 1}")
    expect(page.locator("#act-player-pause")).to_have_count(0)


def every_recipient_is_in_the_table(stage: Stage) -> None:
    """Without loading the page again: the table came with the end of the mailing."""
    page = stage.page
    expect(page.locator("#recipients tbody tr", has_text=READER)).to_contain_text("Versendet")
    page.locator("#rec-q").fill("leser7@")
    expect(page.locator("#recipients tbody tr")).to_have_count(1)
    expect(page.locator("#recipients tbody tr")).to_contain_text("Jörg 7 Müller-Lüdenscheidt")


def issue_is_closed(stage: Stage) -> None:
    stage.page.get_by_role("link", name="Mail ansehen").first.click()
    expect(stage.page.locator("#subject")).to_have_count(0)


def mails_are_right(stage: Stage) -> None:
    mails = stage.inbox.about("Brücke ist gesperrt")
    assert len(mails) == READERS + 1
    assert not [mail for mail in mails if mail.defects]
    one = stage.inbox.wait_for("leser7@leserschaft.example")
    assert str(one["subject"]) == f"Jörg 7, {SUBJECT}"
    assert one["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    for part in ("message-id", "list-unsubscribe", "to"):
        assert len({str(mail[part]) for mail in mails}) == READERS + 1, part


def reader_reads_in_the_browser(reader: Page, mail: EmailMessage) -> None:
    reader.goto(link_out_of(mail).removesuffix("/unsubscribe"))
    expect(reader.get_by_role("heading", name="Leinebrücke")).to_be_visible()


def reader_changes_preferences(reader: Page, mail: EmailMessage) -> None:
    reader.goto(link_out_of(mail).replace("/unsubscribe", "/preferences"))
    expect(reader.get_by_label("Probeblatt")).to_be_checked()
    reader.locator("#first").fill("Marlies")
    reader.get_by_role("button", name="Änderungen speichern").click()
    expect(reader.get_by_role("status")).to_contain_text("Gespeichert")
    expect(reader.locator("#first")).to_have_value("Marlies")


def reader_leaves_this_type_only(reader: Page, mail: EmailMessage) -> None:
    """Opening the link changes nothing; the button does."""
    link = link_out_of(mail)
    reader.goto(link)
    reader.goto(link.replace("/unsubscribe", "/preferences"))
    expect(reader.get_by_label("Probeblatt")).to_be_checked()
    reader.goto(link)
    reader.locator("main form[method=post] button").first.click()
    expect(reader.locator("main")).to_contain_text("abgemeldet")
    reader.goto(link.replace("/unsubscribe", "/preferences"))
    expect(reader.get_by_label("Probeblatt")).not_to_be_checked()
    expect(reader.get_by_label("Beiblatt")).to_be_checked()


def one_click_leaves_at_once(stage: Stage) -> None:
    """What a mail program sends for its own button (RFC 8058): no cookie, no form before it."""
    mail = stage.inbox.wait_for("leser7@leserschaft.example", SUBJECT)
    request = urllib.request.Request(link_out_of(mail), data=b"List-Unsubscribe=One-Click", method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


def next_issue_leaves_both_out(stage: Stage) -> None:
    sign_in(stage, EDITOR)
    page = stage.page
    page.goto(f"{TENANT}/issues")
    page.locator("select[name=type_id]").select_option(label="Probeblatt")
    page.get_by_role("button", name="Ausgabe anlegen").click()
    page.locator("a[href$='/plan']").first.click()
    page.locator("input[name=proved]").check()
    expect(page.locator("#numbers .rb-big")).to_have_text(str(READERS - 1))
    expect(page.locator("#numbers dt", has_text="Abgemeldet").locator("+ dd")).to_have_text("2")
