"""The editor's way: from an empty issue to mails in the catcher, by mouse and by keyboard."""

import email
import email.policy
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

from playwright.sync_api import Locator, Page, expect

from tests.journeys import inspection
from tests.journeys.houses import House
from tests.journeys.mishaps import come_in, without_network

EDITOR, CHIEF = "katrin.albers@lindenhof.example", "sabine.roehl@lindenhof.example"
SAVED = re.compile(r"Gespeichert")


def titles(page: Page) -> list[str]:
    return page.locator("[data-block] .rb-open").all_inner_texts()


def drag_to_the_end(page: Page, block: Locator) -> None:
    """By its grip, as a hand does it: slowly, and until it is there."""
    expect(page.locator("#blocks[data-bound]")).to_be_visible()
    wanted = block.get_attribute("id")
    page.evaluate(
        "document.getElementById('blocks').dataset.before = 'yes'"
    )  # until the answer draws them anew
    block.locator("[data-grip]").hover()
    page.mouse.down()
    for nudge in range(200):
        blocks = page.locator("#blocks [data-block]")
        box = blocks.last.bounding_box()
        assert box
        page.mouse.move(box["x"] + 6, box["y"] + box["height"] * 0.8 + nudge % 3, steps=4)
        if blocks.last.get_attribute("id") == wanted:
            break
    page.mouse.up()
    expect(page.locator("#blocks[data-before]")).to_have_count(0)
    expect(page.locator("#blocks[data-bound]")).to_be_visible()


def caught(house: House, subject: str) -> list[bytes]:
    with closing(sqlite3.connect(house.instance / "catcher.db")) as mails:
        rows = mails.execute("SELECT raw FROM mail WHERE subject LIKE ?", (f"{subject}%",)).fetchall()
    return [bytes(row[0]) for row in rows]


def test_from_an_empty_issue_to_the_sent_mailing(house: House, enter: Callable[[str], Page]) -> None:
    page = enter(EDITOR)
    page.goto("/t/lindenhof/issues")
    page.locator("select[name=type_id]").select_option(label="Wirtschaftsbrief")
    page.get_by_role("button", name="Ausgabe anlegen").click()
    expect(page.locator("#why")).to_contain_text("Der Betreff fehlt.")
    issue_url = page.url

    page.fill("#subject", "Reise für [Vornahme]")
    expect(page.locator("#head-said")).to_contain_text("Meinten Sie [Vorname]?")
    page.fill("#subject", "Reise für [Vorname|Sie]")
    expect(page.locator("#saved")).to_have_text(SAVED)
    expect(page.locator("#head-said")).to_be_empty()
    page.fill("#preheader", "Der Weg einer Ausgabe")
    expect(page.locator("[data-show=preheader]")).to_have_text("Der Weg einer Ausgabe")

    for count in (2, 3, 4):
        page.locator("#sources button[id^=put-]").first.click()
        expect(page.locator("[data-block]")).to_have_count(count)
    first = titles(page)
    page.locator("[data-block] .rb-open").last.focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("[data-block] .rb-open").nth(2)).to_have_text(first[3])
    page.wait_for_load_state("networkidle")
    page.reload()
    assert titles(page) == [first[0], first[1], first[3], first[2]]
    expect(page.locator("#preheader")).to_have_value("Der Weg einer Ausgabe")

    drag_to_the_end(page, page.locator("[data-block]").nth(1))
    expect(page.locator("[data-block] .rb-open").last).to_have_text(first[1])

    page.locator("[id^=more-]").nth(1).click()
    page.locator(".rb-more[open]").get_by_role("button", name="Herausnehmen").click()
    expect(page.locator("[data-block]")).to_have_count(3)
    page.locator("#flash").get_by_role("button", name="Rückgängig").click()
    expect(page.locator("[data-block]")).to_have_count(4)

    frame = page.frame_locator("#preview")
    expect(frame.get_by_role("heading", name=first[1])).to_be_visible()
    page.locator("#part-wide").click()
    expect(page.locator("#view")).to_have_attribute("data-part", "wide")
    expect(frame.get_by_text("Guten Tag, Frau Brandt")).to_be_visible()

    page.get_by_role("link", name="Mailing planen").click()
    button = page.locator("#act button").first
    expect(button).to_contain_text(re.compile(r"\d"))  # it is counted behind the page
    before = button.inner_text()
    page.locator("[name=unknown]").check()
    expect(button).not_to_have_text(before)
    wanted = int(re.sub(r"\D", "", button.inner_text()))
    page.locator("[name=when][value=now]").check()
    page.locator("[name=live]").check()
    expect(page.locator(".htmx-request")).to_have_count(0)  # leaving would break it off
    button.click()
    expect(page.get_by_text("Das Mailing wartet auf Freigabe.")).to_be_visible()
    page.goto(issue_url)
    expect(page.get_by_text("Diese Ausgabe wartet auf Freigabe")).to_be_visible()
    expect(page.locator("#subject")).to_have_count(0)

    chief = enter(CHIEF)
    chief.goto("/t/lindenhof/approvals")
    chief.locator("section[aria-labelledby=h-open] tbody a").last.click()
    expect(chief.frame_locator("iframe").get_by_role("heading", name=first[1])).to_be_visible()
    chief.get_by_role("button", name="Freigeben").click()
    chief.get_by_role("main").get_by_role("link", name="Mailing ansehen").click()
    expect(chief.locator(".rb-state.pill")).to_have_text("Abgeschlossen", timeout=60_000)
    expect(chief.locator(".h1.m-0")).to_contain_text(f"{wanted:,}".replace(",", "."))

    mails = caught(house, "Reise für")
    assert len(mails) == wanted
    parsed = [email.message_from_bytes(raw, policy=email.policy.default) for raw in mails[:50]]
    assert all(not mail.defects for mail in parsed)
    assert len({mail["message-id"] for mail in parsed}) == len(parsed)


# whether the cursor stands there, else which way it is to go; null: nothing is found
ON_THE_WAY = """selector => {
  const here = document.activeElement, there = document.querySelector(selector);
  if (!there || here.matches(selector)) return there && "here";
  return here.compareDocumentPosition(there) & Node.DOCUMENT_POSITION_PRECEDING ? "Shift+Tab" : "Tab";
}"""


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the cursor stands on what `selector` finds, back where it lies behind: so the cursor never
    enters the preview at the end of the page, for a key that reaches a frame that has just gone is never answered."""
    expect(page.locator(selector).first).to_be_visible()
    expect(page.locator(".htmx-request")).to_have_count(0)
    for _ in range(160):
        way = page.evaluate(ON_THE_WAY, selector)
        if way == "here":
            return
        page.keyboard.press(way or "Tab")
    raise AssertionError(f"Tab never reaches {selector}")


def test_by_keyboard_alone_from_an_empty_issue_to_the_approved_one(
    house: House, enter: Callable[[str], Page]
) -> None:
    page = enter(EDITOR)
    page.goto("/t/lindenhof/issues")
    tab_to(page, "select[name=type_id]")
    page.keyboard.press("W")
    tab_to(page, ".rb-acts button.btn-primary")
    page.keyboard.press("Enter")
    expect(page.locator("#why")).to_contain_text("Der Betreff fehlt.")
    issue_url = page.url

    tab_to(page, "#sources button[id^=put-]")
    page.keyboard.press("Enter")
    expect(page.locator("[data-block]")).to_have_count(2)
    tab_to(page, "#subject")
    page.keyboard.type("Nur mit Tasten")
    tab_to(page, "#preheader")
    page.keyboard.type("Ohne Maus")
    expect(page.locator("#saved")).to_have_text(SAVED)
    tab_to(page, "#add-block")
    page.keyboard.press("Enter")
    tab_to(page, ".rb-more.add button[value=quote]")
    page.keyboard.press("Enter")
    expect(page.locator("[data-block]")).to_have_count(3)
    expect(page.locator("textarea[name=quote]")).to_be_focused()
    assert inspection.axe(page) == [], "after a swap"
    page.keyboard.type("Wer tippt, der findet.")
    tab_to(page, "[data-close-block]")
    page.keyboard.press("Enter")
    expect(page.locator("[data-block].open")).to_have_count(0)
    before = titles(page)
    assert before[2] == "Wer tippt, der findet."

    expect(page.locator("[data-block] .rb-open").last).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("[data-block] .rb-open").nth(1)).to_have_text(before[2])
    page.keyboard.press("Control+z")
    expect(page.locator("[data-block] .rb-open").nth(2)).to_have_text(before[2])
    page.wait_for_load_state("networkidle")
    page.reload()
    assert titles(page) == before
    tab_to(page, "#redo")
    page.keyboard.press("Enter")
    expect(page.locator("[data-block] .rb-open").nth(1)).to_have_text(before[2])
    page.wait_for_load_state("networkidle")

    page.keyboard.press("Control+s")
    tab_to(page, ".rb-edhead a.btn-primary")
    page.keyboard.press("Enter")
    expect(page.locator("#act button").first).to_be_visible()
    tab_to(page, "[name=live]")
    page.keyboard.press("Space")
    tab_to(page, "#act button")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Das Mailing wartet auf Freigabe.")).to_be_visible()

    chief = enter(CHIEF)
    chief.goto("/t/lindenhof/approvals")
    last = chief.locator("section[aria-labelledby=h-open] tbody a").last.get_attribute("href")
    tab_to(chief, f"a[href='{last}']")
    chief.keyboard.press("Enter")
    expect(chief.get_by_role("button", name="Freigeben")).to_be_visible()
    tab_to(chief, "button[name=decision][value=approve]")
    chief.keyboard.press("Enter")
    expect(chief.get_by_role("button", name="Freigeben")).to_have_count(0)
    chief.goto(issue_url)
    expect(chief.locator(".rb-state.pill").first).to_have_text("Freigegeben")


def test_two_editors_in_one_issue_and_a_lost_network_lose_nothing(
    enter: Callable[[str], Page], stranger: Callable[[], Page], faults: list[str]
) -> None:
    katrin, sabine = enter(EDITOR), come_in(stranger(), CHIEF)
    katrin.on("dialog", lambda dialog: dialog.accept())
    katrin.goto("/t/lindenhof/issues")
    katrin.get_by_role("button", name="Ausgabe anlegen").click()
    expect(katrin.locator("#why")).to_contain_text("Der Betreff fehlt.")
    sabine.goto(katrin.url)
    katrin.fill("#subject", "Katrins Betreff")
    expect(katrin.locator("#saved")).to_have_text(SAVED)
    expect(katrin.locator("#presence")).to_contain_text("Sabine Röhl")

    sabine.fill("#subject", "Sabines Betreff")
    expect(sabine.locator("#head-said")).to_contain_text("Katrin Albers hat diesen Text geändert")
    expect(sabine.locator("#head-said")).to_contain_text("Katrins Betreff")
    expect(sabine.locator("#subject")).to_have_value("Sabines Betreff")
    assert inspection.axe(sabine) == [], "two texts"
    sabine.locator("#head-said").get_by_role("button", name="Meine speichern").click()
    expect(sabine.locator("#head-said")).to_be_empty()
    expect(sabine.locator("#saved")).to_have_text(SAVED)
    sabine.close()

    katrin.reload()
    expect(katrin.locator("#subject")).to_have_value("Sabines Betreff")
    back = without_network(katrin, faults)
    katrin.fill("#preheader", "Im Tunnel geschrieben")
    expect(katrin.locator("#saved")).to_contain_text("Nicht gespeichert")
    back()
    katrin.reload()
    expect(katrin.locator("#preheader")).to_have_value("Im Tunnel geschrieben")
    expect(katrin.locator("#saved")).to_have_text(SAVED)

    back = without_network(katrin, faults)
    katrin.fill("#preheader", "Hinter dem Tunnel")
    expect(katrin.locator("#saved")).to_contain_text("Nicht gespeichert")
    back()  # the browser tells, and the page saves by itself
    expect(katrin.locator("#saved")).to_have_text(SAVED)
    katrin.goto("/t/lindenhof/issues")
    katrin.go_back()
    expect(katrin.locator("#preheader")).to_have_value("Hinter dem Tunnel")

    katrin.goto("/t/lindenhof/issues")
    katrin.get_by_role("button", name="Brief schreiben").click()
    expect(katrin.locator(".jodit-container")).to_be_visible()
    back = without_network(katrin, faults)
    katrin.get_by_label("Betreff").fill("Ein Brief ohne Netz")
    expect(katrin.locator("#saved")).to_contain_text("Nicht gespeichert")
    back()
    katrin.reload()
    expect(katrin.get_by_label("Betreff")).to_have_value("Ein Brief ohne Netz")
    assert inspection.axe(katrin) == [], "a letter"


LIST_GOES = """document.body.addEventListener("htmx:beforeSend",
  () => document.querySelectorAll("#sources form").forEach((form) => form.remove()), { once: true })"""


def test_a_picture_chosen_in_a_block_stands_in_the_mail(enter: Callable[[str], Page]) -> None:
    page = enter(EDITOR)
    page.goto("/t/lindenhof/issues")
    page.get_by_role("button", name="Ausgabe anlegen").click()
    expect(page.locator("#why")).to_contain_text("Der Betreff fehlt.")
    page.locator("#add-block").click()
    page.locator(".rb-more.add button[value=picture]").click()
    page.get_by_role("button", name="Bild auswählen").click()
    expect(page.locator("[data-choose]").first).to_be_visible()
    assert inspection.axe(page) == [], "the dialog"
    page.locator("[data-choose]").first.click()
    expect(page.frame_locator("#preview").locator("img")).to_have_count(1)
    page.locator("[name=alt]").fill("")
    expect(page.locator("[data-block].open header").get_by_label("Hier fehlt etwas")).to_be_visible()
    page.locator("[data-close-block]").click()
    expect(page.locator("[data-block].open")).to_have_count(0)
    count = page.locator("[data-block]").count()
    page.evaluate(LIST_GOES)  # as it does when another answer draws it anew meanwhile
    page.locator("#sources button[id^=put-]").first.click()
    expect(page.locator("[data-block]")).to_have_count(count + 1)
    page.reload()
    expect(page.frame_locator("#preview").locator("img").first).to_be_visible()
