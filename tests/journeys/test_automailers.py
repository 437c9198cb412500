"""A series in the browser: made, filled, ordered, activated, somebody taken in, ended."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys import inspection

CHIEF = "sabine.roehl@lindenhof.example"


def test_a_series_is_made_and_activated_and_a_contact_taken_in(enter: Callable[[str], Page]) -> None:
    page = enter(CHIEF)
    page.get_by_role("link", name="Automailer", exact=True).click()
    page.get_by_label("Name").fill("Kurs in zwei Teilen")
    page.get_by_label("Newslettertyp").select_option(label="Stadtgespräch")
    page.get_by_role("button", name="Automailer anlegen").click()
    expect(page.get_by_role("heading", name="Kurs in zwei Teilen")).to_be_visible()
    for mail, days in (
        ("So entsteht das Stadtgespräch · Brief", "0"),
        ("Worüber sollen wir schreiben? · Brief", "2"),
    ):
        if days != "0":
            page.get_by_text("Schritt hinzufügen").first.click()
        page.get_by_label("Mail", exact=True).select_option(label=mail)
        page.get_by_label("Tage").fill(days)
        page.get_by_role("button", name="Schritt hinzufügen").click()
        expect(page.locator("main ol.rb-list")).to_contain_text(mail.partition(" · ")[0])
    page.get_by_role("button", name="Schritt 2 nach oben").click()
    expect(page.locator("main ol.rb-list li").first).to_contain_text("Worüber sollen wir schreiben?")
    assert inspection.axe(page) == []
    page.get_by_role("button", name="Aktivieren").click()
    expect(page.locator("#flash")).to_contain_text("2 Mails warten noch auf ihre Freigabe")
    page.get_by_role("link", name="Alle Kontakte").click()
    page.get_by_label("E-Mail-Adresse").fill("joergk@leinenet.example")
    page.get_by_role("button", name="Kontakt aufnehmen").click()
    expect(page.get_by_role("link", name="Jörg Koch")).to_be_visible()
    page.get_by_role("link", name="Jörg Koch").click()
    expect(page.locator("#automailers")).to_contain_text("Kurs in zwei Teilen")
    page.get_by_role("link", name="Kurs in zwei Teilen").click()
    page.get_by_role("link", name=re.compile("Beenden")).click()
    page.get_by_role("button", name="Automailer beenden").click()
    expect(page.locator("#flash")).to_contain_text("Beendet")
    expect(page.locator("main h1 + .rb-state")).to_contain_text("Beendet")
