"""The main job, from an empty house to the unsubscribed reader, as the people do it: in German, in the browser."""

import email
import email.policy
import re
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from dispatcher import catcher
from tests.journeys.houses import House, running

PASSWORD = "ein langer Satz für die Probe"
TENANT = "verlag-probe"
READERS = 40
WAIT_S = 60


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running(tmp_path_factory.mktemp("main-job"), DEMO="0") as found:
        yield found


@pytest.fixture(scope="session")
def base_url(empty: House) -> str:
    return empty.url


class Inbox:
    """What the mail catcher of a house holds."""

    def __init__(self, house: House) -> None:
        self._path: Path = house.instance / "catcher.db"

    def wait_for(self, address: str, subject: str = "") -> EmailMessage:
        """The newest mail to `address` whose subject holds `subject`; fails when none comes."""
        for _ in range(WAIT_S * 10):
            for line in catcher.list_mails(self._path, address) if self._path.exists() else []:
                message = self.message(line.id)
                if subject in str(message["subject"]):
                    return message
            time.sleep(0.1)
        pytest.fail(f"no mail to {address} about {subject!r}")

    def message(self, mail_id: int) -> EmailMessage:
        found = catcher.get_mail(self._path, mail_id)
        assert found
        message = email.message_from_bytes(found[1], policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message

    def count(self, subject: str) -> int:
        """Mails to readers about `subject`; test mails do not count."""
        lines = catcher.list_mails(self._path, "", None, 100_000)
        return sum(subject in line.subject and "[Test]" not in line.subject for line in lines)


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body
    return body.get_content()


def link_in(message: EmailMessage, part: str) -> str:
    found = re.search(rf"https?://\S*{part}\S*", text_of(message))
    assert found, text_of(message)
    return found[0].rstrip(".>)")


def sign_in(page: Page, base_url: str, address: str) -> None:
    page.goto(f"{base_url}/signin")
    page.get_by_label("E-Mail-Adresse").fill(address)
    page.get_by_label("Passwort", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_role("heading", name="Übersicht")).to_be_visible()


def new_person(
    page: Page, inbox: Inbox, browser: Browser, name: str, address: str, role: str, base_url: str
) -> None:
    """The administrator invites, the person sets a password by the link of the mail."""
    page.goto(f"{base_url}/t/{TENANT}/admin/people/new")
    page.locator("#name").fill(name)
    page.locator("#email").fill(address)
    page.locator("label.form-check", has_text=role).first.locator("input").check()
    page.locator("main form[action$='/admin/people'] button.btn-primary").click()
    expect(page.locator("main")).to_contain_text(name)
    link = link_in(inbox.wait_for(address), "/welcome/")
    context = browser.new_context(locale="de-DE", base_url=base_url)
    other = context.new_page()
    other.goto(link)
    other.get_by_label("Neues Passwort").fill(PASSWORD)
    other.get_by_role("button", name="Passwort setzen").click()
    expect(other.get_by_role("heading", name="Anmelden")).to_be_visible()
    context.close()


def choose(page: Page, label: str, text: str) -> None:
    page.get_by_label(label, exact=True).select_option(label=text)


def csv_of_readers(path: Path) -> Path:
    """A file as CleverReach writes it: semicolons, German heads, one line that cannot be taken."""
    rows = ["E-Mail;Vorname;Nachname;Ort"]
    rows += [f"leser{n}@leserschaft.example;Jörg {n};Müller-Lüdenscheidt;Köln" for n in range(READERS)]
    rows.append("keine-adresse;Karl;Kaputt;Bonn")
    path.write_bytes("\r\n".join(rows).encode("cp1252"))
    return path


def test_from_an_empty_house_to_the_reader_who_leaves(
    empty: House, context: BrowserContext, browser: Browser, base_url: str, tmp_path: Path
) -> None:
    inbox = Inbox(empty)
    page = context.new_page()
    page.set_default_timeout(10_000)

    # the administrator sets up the house
    page.goto(base_url + "/")
    page.get_by_label("Einrichtungsschlüssel").fill(empty.setup_token)
    page.get_by_label("Name der Organisation").fill("Verlag Probe")
    page.get_by_label("Ihr Name").fill("Anna Albers")
    page.get_by_label("Ihre E-Mail-Adresse").fill("anna@probe.example")
    page.get_by_label("Passwort").fill(PASSWORD)
    page.locator("form button.btn-primary").click()
    expect(page.get_by_role("heading", name="Übersicht")).to_be_visible()

    page.goto(f"{base_url}/t/{TENANT}/admin/tenant")
    page.locator("#sender_address").fill("post@probe.example")
    page.locator("#imprint").fill("Verlag Probe GmbH\nDeichweg 1, 20457 Hamburg")
    page.locator("main form[action$='/admin/tenant'] button.btn-primary").click()
    expect(page.locator("#flash")).to_contain_text("Gespeichert")
    page.locator("#domain").fill("probe.example")
    page.locator("#reason").fill("Von der IT am Telefon bestätigt")
    page.get_by_role("button", name="Für die Domain bürgen").click()
    expect(page.locator("li", has_text="probe.example").first).to_be_visible()

    page.goto(f"{base_url}/t/{TENANT}/types/new")
    page.locator("#name").fill("Probeblatt")
    page.locator("#slug").fill("probeblatt")
    page.locator("#consent_text").fill("Ich möchte das Probeblatt per E-Mail erhalten.")
    page.locator("main form[method=post] button[type=submit].btn-primary").first.click()
    expect(page.get_by_role("heading", name="Probeblatt")).to_be_visible()

    new_person(page, inbox, browser, "Jonas Weidner", "jonas@probe.example", "Journalist", base_url)
    new_person(page, inbox, browser, "Katrin Kern", "katrin@probe.example", "Redaktion", base_url)
    new_person(page, inbox, browser, "Sabine Röhl", "sabine@probe.example", "Chefredaktion", base_url)

    # and imports readers whose consent is proved elsewhere
    page.goto(f"{base_url}/t/{TENANT}/subscribers/imports")
    page.locator("input[type=file]").set_input_files(csv_of_readers(tmp_path / "leser.csv"))
    page.locator("main form[enctype] button.btn-primary").click()
    page.wait_for_url(re.compile(r"/imports/\d+"))
    import_readers(page)

    # a reader signs up on the public page and confirms
    reader = browser.new_context(locale="de-DE", base_url=base_url).new_page()
    sign_up(reader, inbox, "marlies@leserin.example")

    # the journalist writes and submits
    sign_in(page, base_url, "jonas@probe.example")
    page.get_by_role("button", name="Artikel schreiben").click()
    page.wait_for_url(re.compile(r"/articles/\d+/edit"))
    page.locator("#title").fill("Leinebrücke: neun Monate Umweg")
    page.locator("#teaser").fill("Die Linien 4 und 12 fahren ab Montag über die Südstadt.")
    page.locator(".jodit-wysiwyg").fill("Für Räder bleibt eine Spur frei, auch im Winter.")
    expect(page.locator("#saved")).to_contain_text(re.compile(r"Gespeichert, \d+:\d\d"))
    page.locator("button[name=submit]").click()
    page.wait_for_url(re.compile(r"/articles/\d+$"))

    # the editor accepts, assembles, looks at the mail, tests, plans and asks
    sign_in(page, base_url, "katrin@probe.example")
    page.goto(f"{base_url}/t/{TENANT}/pool?view=submitted")
    page.get_by_role("link", name="Leinebrücke: neun Monate Umweg").click()
    page.locator("button[formaction$=accept]").click()
    expect(page.locator("#flash")).to_contain_text("Angenommen")
    page.goto(f"{base_url}/t/{TENANT}/issues")
    page.locator("form[action$='/issues'][method=post] button").click()
    page.wait_for_url(re.compile(r"/issues/\d+"))
    page.locator("#subject").fill("[Vorname|Guten Tag], die Brücke ist gesperrt")
    page.locator("#preheader").fill("So kommen Sie ab Montag ans Ziel.")
    page.locator("button[id^=put-]").first.click()
    expect(page.locator("[data-block]")).to_have_count(2)
    mail = page.frame_locator("#preview")
    expect(mail.get_by_role("heading", name="Leinebrücke")).to_be_visible()
    page.locator("form[action$='/test'] button").click()
    expect(page.locator("#flash")).to_contain_text("katrin@probe.example")
    test_mail = inbox.wait_for("katrin@probe.example", "[Test]")
    assert "Für Räder bleibt eine Spur frei" in text_of(test_mail)

    page.locator("a[href$='/plan']").first.click()
    page.locator("input[name=proved]").check()
    expect(page.locator("#numbers")).to_contain_text(str(READERS + 1))
    expect(page.locator("#act")).to_contain_text(str(READERS + 1))
    page.wait_for_load_state("networkidle")
    page.locator("button[name=act][value=ask]").click()
    page.wait_for_url(re.compile(r"/campaigns/\d+"))

    # a second person approves, and it goes out
    sign_in(page, base_url, "sabine@probe.example")
    page.goto(f"{base_url}/t/{TENANT}/approvals")
    page.locator("main a[href*='/approvals/']").first.click()
    page.locator("button[name=decision][value=approve]").click()
    expect(page.locator("#flash")).to_contain_text("Freigegeben")
    newest = inbox.wait_for("marlies@leserin.example", "die Brücke ist gesperrt")
    for _ in range(WAIT_S * 10):
        if inbox.count("Brücke ist gesperrt") >= READERS + 1:
            break
        time.sleep(0.1)
    assert inbox.count("Brücke ist gesperrt") == READERS + 1
    one = inbox.wait_for("leser7@leserschaft.example")
    assert str(one["subject"]) == "Jörg 7, die Brücke ist gesperrt"
    assert one["list-unsubscribe-post"] == "List-Unsubscribe=One-Click" and not one.defects
    page.goto(f"{base_url}/t/{TENANT}/campaigns")
    page.locator("main a[href*='/campaigns/']").first.click()
    expect(page.locator("main")).to_contain_text("Abgeschlossen")

    # the reader opens the mail in the browser and leaves this type
    web = str(newest["list-unsubscribe"]).split(">")[0].lstrip("<")
    reader.goto(web.removesuffix("/unsubscribe"))
    expect(reader.get_by_role("heading", name="Leinebrücke")).to_be_visible()
    reader.goto(web)
    reader.locator("main form[method=post] button").first.click()
    expect(reader.locator("main")).to_contain_text("abgemeldet")


def sign_up(reader: Page, inbox: Inbox, address: str) -> None:
    """Double opt-in: the form, the mail, the button."""
    reader.goto(f"/n/{TENANT}")
    reader.locator("input[type=email]").fill(address)
    box = reader.locator("input[type=checkbox]").first
    if not box.is_checked():
        box.check()
    reader.wait_for_timeout(2500)  # the form refuses answers faster than people type
    reader.locator("main form button[type=submit]").click()
    reader.goto(link_in(inbox.wait_for(address), "/confirm/"))
    reader.locator("main form button").click()
    expect(reader.locator("main")).to_contain_text("Probeblatt")


def import_readers(page: Page) -> None:
    """From the columns over the check to the result."""
    page.locator("#type_id").select_option(label="Probeblatt")
    page.locator("input[name=consent][value=proved]").check()
    page.locator("[name=note], [name=proof]").first.fill("Messebogen vom Mai, liegt im Archiv")
    page.locator("main form[action$=columns] button.btn-primary").click()
    page.locator("main form[action$=run] button.btn-primary").click()
    expect(page.locator("main")).to_contain_text(f"{READERS}")
    expect(page.locator("a[href$='rejected.csv']")).to_be_visible(timeout=60_000)
