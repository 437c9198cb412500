"""Two people at one article, text that survives everything, and pictures on their way in: the newsroom by hand."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests import pictures
from tests.journeys import inspection
from tests.journeys.mishaps import come_in, without_network

JOURNALIST, EDITOR = "jonas.weidner@lindenhof.example", "katrin.albers@lindenhof.example"
ADMINISTRATOR = "ingrid.matthiesen@lindenhof.example"
SAVED = re.compile(r"Gespeichert, ")


def is_sound(page: Page) -> None:
    """No serious finding of axe, wide and narrow, and nothing that sticks out."""
    foreign = inspection.foreign_words("de")
    for width in (1400, 320):
        page.set_viewport_size({"width": width, "height": 900})
        found, _links = inspection.examine(page, foreign)
        assert found + inspection.axe(page) == [], (page.url, width)
    page.set_viewport_size({"width": 1400, "height": 900})


def test_two_people_at_one_article_lose_nothing(
    enter: Callable[[str], Page], stranger: Callable[[], Page]
) -> None:
    journalist, editor = enter(JOURNALIST), come_in(stranger(), EDITOR)
    journalist.goto("/t/lindenhof/pool")
    journalist.get_by_role("button", name="Artikel schreiben").click()
    journalist.fill("#title", "Zwei an einem Text")
    expect(journalist.locator("#saved")).to_have_text(SAVED)
    url = journalist.url

    editor.goto(url)
    expect(editor.locator("#presence")).to_contain_text("Jonas Weidner bearbeitet das seit")
    expect(editor.locator("#title")).to_be_disabled()
    is_sound(editor)
    editor.locator("#presence button").click()
    expect(editor.locator("#title")).to_be_enabled()

    journalist.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as after looking elsewhere
    expect(journalist.locator("#presence")).to_contain_text("Katrin Albers bearbeitet das seit")
    expect(journalist.locator("#saved")).to_contain_text("Jemand anders hat übernommen")
    journalist.fill("#teaser", "Mein Satz")
    editor.fill("#title", "Zwei an einem langen Text")
    expect(editor.locator("#saved")).to_have_text(SAVED)
    journalist.get_by_role("button", name="Übernehmen und meinen Text speichern").click()
    expect(journalist.locator("#h-conflict")).to_be_visible()
    expect(journalist.locator(".rb-changes del").first).to_have_text(" langen")
    is_sound(journalist)
    journalist.get_by_role("button", name="Meinen Text speichern").click()
    expect(journalist.locator("#h-conflict")).to_have_count(0)
    expect(journalist.locator("#teaser")).to_have_value("Mein Satz")
    editor.close()  # or her page would take the article over again, once the journalist has left it

    journalist.goto(url.replace("/edit", "/versions"))
    expect(journalist.locator(".rb-versions > li")).to_have_count(3)
    is_sound(journalist)
    journalist.get_by_role("link", name="Fassung 2").click()
    journalist.get_by_role("button", name="Fassung 2 zurückholen").click()
    expect(journalist.locator("h1")).to_have_text("Zwei an einem langen Text")


def test_what_was_typed_survives_network_reload_and_the_way_back(
    enter: Callable[[str], Page], stranger: Callable[[], Page], tmp_path: Path, faults: list[str]
) -> None:
    editor = come_in(stranger(), EDITOR)
    (tmp_path / "fahrplan.txt").write_bytes(b"Abfahrt 7.04")
    editor.goto("/t/lindenhof/media")
    editor.set_input_files("#files", str(tmp_path / "fahrplan.txt"))
    expect(editor.locator("#media-results")).to_contain_text("fahrplan.txt")
    editor.close()
    page = enter(JOURNALIST)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/t/lindenhof/pool")
    page.get_by_role("button", name="Artikel schreiben").click()
    page.fill("#title", "Im Zug geschrieben")
    expect(page.locator("#saved")).to_have_text(SAVED)

    back = without_network(page, faults)
    page.fill("#teaser", "Zwischen zwei Tunneln")
    expect(page.locator("#saved")).to_contain_text("Nicht gespeichert")
    back()
    page.reload()
    expect(page.locator("#teaser")).to_have_value("Zwischen zwei Tunneln")
    page.fill("#category", "Bahn")
    expect(page.locator("#saved")).to_have_text(SAVED)

    with page.expect_response("**/media/documents?*find=fahr*"):
        page.fill("[data-documents]", "fahr")
    timetable = page.get_by_role("checkbox", name="fahrplan.txt")
    expect(timetable).to_be_visible()
    is_sound(page)
    page.locator("[data-picture-open]").click()
    expect(page.locator("#pick [data-choose]").first).to_be_visible()
    with page.expect_response("**/media/pick?*q=a*"):
        page.fill("#pick-q", "a")
    expect(page.locator("#pick [data-choose]").first).to_be_visible()
    is_sound(page)
    chosen = page.locator("#pick [data-choose]").first.get_attribute("data-choose") or ""
    back = without_network(page, faults)
    page.locator(f"#pick [data-choose='{chosen}']").click()
    timetable.check()
    expect(page.locator("#saved")).to_contain_text("Nicht gespeichert")
    back()
    for _time in ("put back by the browser", "given by the server"):
        page.reload()
        expect(timetable).to_be_checked()
        expect(page.locator("[data-picture-id]")).to_have_value(chosen)
        expect(page.locator("[data-picture-shown]")).to_be_visible()
        page.fill("#category", f"Bahn, {_time}")
        expect(page.locator("#saved")).to_have_text(SAVED)

    back = without_network(page, faults)
    page.fill("#teaser", "Hinter dem Tunnel")
    expect(page.locator("#saved")).to_contain_text("Nicht gespeichert")
    back()
    page.goto("/t/lindenhof/pool")
    page.go_back()
    expect(page.locator("#teaser")).to_have_value("Hinter dem Tunnel")
    page.reload()
    expect(page.locator("#teaser")).to_have_value("Hinter dem Tunnel")


def test_pictures_come_in_and_are_cropped(
    enter: Callable[[str], Page], tmp_path: Path, faults: list[str]
) -> None:
    page = enter(EDITOR)
    files = {
        "neu.png": pictures.plain(900, 500, "teal"),
        "bombe.png": pictures.bomb(),
        "text.txt": b"Der Plan",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    page.goto("/t/lindenhof/media")
    page.set_input_files("#files", [str(tmp_path / name) for name in files])
    expect(page.locator("[data-drop-list]")).to_contain_text("mehr als 40 Megapixel")
    expect(page.locator("#media-results")).to_contain_text("neu.png")
    expect(page.locator("#media-results")).to_contain_text("text.txt")
    page.set_input_files("#files", str(tmp_path / "neu.png"))
    expect(page.locator("[data-drop-list]")).to_contain_text("Schon in den Medien")

    back = without_network(page, faults)
    (tmp_path / "spaet.txt").write_bytes(b"kommt nach")
    page.set_input_files("#files", str(tmp_path / "spaet.txt"))
    expect(page.locator("[data-up-again]:visible")).to_have_count(1)
    back()  # the browser tells, and the upload goes on by itself
    expect(page.locator("#media-results")).to_contain_text("spaet.txt")

    (tmp_path / "lang.txt").write_bytes(
        b"Zeile um Zeile\n" * 400_000
    )  # goes in six pieces, of which the fourth is lost

    def lose(route: Route) -> None:
        if 'name="number"\r\n\r\n3' in (route.request.post_data_buffer or b"")[:2000].decode("latin-1"):
            route.abort()
        else:
            route.continue_()

    page.route("**/media/pieces", lose)
    page.set_input_files("#files", str(tmp_path / "lang.txt"))
    expect(page.locator("[data-up-again]:visible")).to_have_count(1)
    faults[:] = [fault for fault in faults if "ERR_FAILED" not in fault]
    page.unroute("**/media/pieces")
    with page.expect_response("**/media/pieces?**") as here:
        page.locator("[data-up-again]:visible").click()
    assert here.value.json() == {"held": 3}
    expect(page.locator("#media-results")).to_contain_text("lang.txt")

    page.get_by_role("link", name="neu.png").first.click()
    expect(page.locator("#panel")).to_contain_text("neu.png")
    is_sound(page)
    page.locator("#panel").get_by_role("link", name="Zuschneiden").click()
    page.get_by_role("button", name="1:1").click()
    handle = page.locator("[data-crop-handle=se]").bounding_box()
    assert handle
    page.mouse.move(handle["x"] + 5, handle["y"] + 5)
    page.mouse.down()
    page.mouse.move(handle["x"] - 60, handle["y"] - 60, steps=4)
    page.mouse.up()
    assert float(page.locator("#c-width").input_value().replace(",", ".")) < 50
    is_sound(page)
    page.get_by_role("button", name="Speichern").click()
    expect(page.locator("#panel")).to_contain_text("neu.png")


def test_the_calendar_and_the_care_of_media_are_sound_pages(enter: Callable[[str], Page]) -> None:
    page = enter(ADMINISTRATOR)
    page.goto("/t/lindenhof/media")
    page.locator(".rb-tree a").nth(1).click()
    folder = re.search(r"/f/(\d+)", page.url)
    assert folder
    for path in ("calendar", "media/limits", f"media/f/{folder[1]}/rights"):
        page.goto(f"/t/lindenhof/{path}")
        is_sound(page)
    page.goto("/t/lindenhof/calendar")
    page.locator(".rb-day-entry a").first.click()
    page.fill("#deadline", "2026-11-19T12:00")
    is_sound(page)
    page.goto("/t/lindenhof/pool")
    page.get_by_text("Diese Ansicht merken").click()
    page.select_option("select[name=category]", index=1)
    page.wait_for_url("**category=**")
    page.fill("#view-name", "Meine Rubrik")
    page.get_by_role("button", name="Merken", exact=True).click()
    expect(page.locator(".rb-tabs [aria-current]")).to_have_text("Meine Rubrik")
    page.locator(".rb-pick .rb-tick input").first.check()
    is_sound(page)
