"""Mails of ten starter issues: valid HTML, nothing that Gmail, Outlook or Apple Mail do not know without a fallback,
readable in the dark, and a text part that is read by itself. Judged by html-validate and the table of caniemail.com."""

import itertools
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import html as lxml_html
from playwright.sync_api import sync_playwright

from dispatcher import preview
from dispatcher.preflight import looks, run
from dispatcher.rendering.colours import WHITE, Colour, colour, ratio
from domain.content import mailhtml, nostyle
from domain.issues import assembly, letters, mailtemplates
from domain.issues.models import BlockKind, Issue, MailTemplate
from domain.issues.starters import STARTERS
from mediadb import library, storage
from mediadb.models import Asset
from tests import mailings, node, pictures
from tests import world as worlds
from tests.dispatcher.test_blocks import FILLED

ROOT = Path(__file__).parents[2]
OWN = (
    '<div class="own">{head}<table role="presentation" width="100%"><tr><td style="padding:8px">{content}</td></tr>'
    "</table>{foot}</div>"
)
# what some program does not know, and what its readers get instead
FALLBACKS = {
    "border-radius": "square corners",
    "color-scheme meta tag": "the mail stays as light as it is",
    "<style> element": "styles stand in the elements; the table is fluid without the block",
    "@media": "the table is fluid without the block; programs darken by themselves",
    "display:none": "the preview text is one pixel high in a box without height",
    "max-height property": "Outlook hides the preview text by mso-hide",
    "overflow": "Outlook hides the preview text by mso-hide",
    "Local anchors": "the titles stand there without a jump; the articles follow below",
    "role attribute": "screen readers only; the program reads tables aloud",
    "<body> element": "the ground stands on the outermost table, too",
}


# every text, picture and button that shows, in the order of the mail: what it is, how it is painted, where it stands
SHOWN = """() => {
  const seen = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode, text = (node.data || "").replace(/[\\s\\u200b-\\u200f\\u034f\\u00ad]+/g, " ").trim();
    if (!text && node.nodeName !== "IMG") continue;
    const range = document.createRange();
    range.selectNode(node);
    const box = range.getBoundingClientRect(), look = getComputedStyle(text ? node.parentElement : node);
    if (box.width < 1 || box.height < 1 || look.visibility !== "visible" || parseFloat(look.fontSize) < 2) continue;
    const paint = [look.color, look.fontFamily, look.fontWeight, look.textDecorationLine].join(" ");
    seen.push({ what: text || node.src, paint, picture: !text,
      left: box.left, right: box.right, top: box.top, size: parseFloat(look.fontSize) });
  }
  return [seen, document.documentElement.scrollWidth];
}"""
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture
def world(database: str, tmp_path: Path) -> worlds.World:
    storage.configure(f"file://{tmp_path / 'media'}")
    return worlds.build()


def full(world: worlds.World, template: MailTemplate | None = None) -> Issue:
    """An issue with every kind of block, and with pictures above and beside articles."""
    issue = mailings.issue(world)
    asset = Asset.get_or_none(Asset.tenant_id == world.north.id) or library.upload(
        world.north.id, world.editor.id, "brücke.png", pictures.plain(1400, 800)
    )
    assembly.edit(issue, assembly.add(issue, BlockKind.PICTURE), {"asset_id": asset.id, "alt": "Die Brücke"})
    for layout in ("top", "left", "right"):
        article = mailings.article(world, f"Bild {layout}", asset_id=asset.id, asset_alt="Die Brücke")
        assembly.edit(issue, assembly.add_article(issue, article.id), {"layout": layout})
    for kind, data in FILLED.items():
        if kind != BlockKind.INTRO:
            assembly.edit(issue, assembly.add(issue, kind), dict(data))
    if template:
        Issue.update(template_id=template.id).where(
            Issue.tenant_id == world.north.id, Issue.id == issue.id
        ).execute()
    return assembly.get(world.north.id, issue.id)


def ten(world: worlds.World) -> Iterator[tuple[str, Issue]]:
    """Every starter, our own look, a frame that people wrote, and a letter."""
    for name in STARTERS:
        template = mailtemplates.create(world.north.id, f"Wie {name}", name, world.editor.id)
        yield name, full(world, template)
    yield "none", full(world)
    own = mailtemplates.create(world.north.id, "Eigen", "clear", world.editor.id)
    yield "own", full(world, mailtemplates.save_source(own, OWN, ".own p { margin: 0 }", own.version, 1))
    letter = letters.create(world.north.id, world.types["city"].id, world.editor.id, "Brief")
    html = (
        "<p>[Salutation|Hello],</p><h2>Wahl</h2><ul><li>Eins</li></ul><blockquote><p>Zitat</p></blockquote>"
    )
    letters.write(letter, "Einladung", "", html, {"asset_id": None, "alt": ""})
    yield "plain mailing", letter


def judged(mails: dict[str, str], folder: Path) -> dict[str, dict[str, Any]]:
    """Name → what both tools say of the mail."""
    path = folder / "mails.json"
    path.write_text(json.dumps([{"name": name, "html": html} for name, html in mails.items()]))
    said = node.answer(ROOT / "tests" / "mail_clients.mjs", path)
    return {found["name"]: found for found in said}


def texts(element: Any, ink: Colour, ground: Colour, night: dict[str, str]) -> Iterator[tuple[str, float]]:
    """(text, contrast) of everything that shows in the dark, by the rules in `night` (class → declarations)."""
    if (
        not isinstance(element.tag, str)
        or element.tag == "style"
        or "display:none" in element.get("style", "")
    ):
        return
    own = dict(part.split(":", 1) for part in element.get("style", "").split(";") if ":" in part)
    for name in (element.get("class") or "").split():
        own |= dict(p.removesuffix("!important").split(":", 1) for p in night.get(name, "").split(";") if p)
    ground = colour(own.get("background-color")) or ground
    ink = colour(own.get("color")) or ink
    for text in [element.text, *(child.tail for child in element)]:
        if text and text.strip(" \n\u00a0\u00b7\u200b"):
            yield text.strip()[:40], ratio(ink, ground)
    for child in element:
        yield from texts(child, ink, ground, night)


def test_mails_of_ten_starter_issues_stand_in_every_program(world: worlds.World, tmp_path: Path) -> None:
    mails, plain = {}, {}
    for name, issue in ten(world):
        mail = preview.message(world.north, issue, mailings.BASE_URL)
        mails[name], plain[name] = preview.part(mail, "html"), preview.part(mail, "plain")
    assert len(mails) == 10
    for name, said in judged(mails, tmp_path).items():
        assert said["invalid"] == [], name
        assert {t: c for t, c in said["unknown"].items() if t not in FALLBACKS} == {}, name
    for name, text in plain.items():
        assert not re.search(r"<(?:p|td|a|br|span)\b|&(?:amp|nbsp|lt);|\{\{|\[\w", text), name
        assert "Unsubscribe: http" in text and "Deichweg 1" in text, name
        assert "Dear Ms Brandt" in text or "Hallo Marlies" in text, name


def is_above(one: dict[str, Any], before: dict[str, Any]) -> bool:
    """Whether `one` is read sooner than what stands `before` it: higher, and not beside it."""
    return one["top"] < before["top"] - 20 and one["left"] < before["right"]


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is missing (apt-get install chromium)")
def test_mails_of_ten_starter_issues_look_alike_wide_and_narrow(world: worlds.World) -> None:
    mails = {
        name: preview.part(preview.message(world.north, issue, mailings.BASE_URL), "html")
        for name, issue in ten(world)
    }
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        drawn = pictures.plain(1200, 800)
        page.route("**/*", lambda route: route.fulfill(body=drawn, content_type="image/png"))
        for name, html in mails.items():
            found = {}
            for width in (1000, 360):
                page.set_viewport_size({"width": width, "height": 800})
                page.set_content(html, wait_until="load")
                found[width], overflow = page.evaluate(SHOWN)
                assert overflow <= width, f"{name} is wider than {width}"
                cut = [one["what"] for one in found[width] if one["left"] < 0 or one["right"] > width]
                assert cut == [], (name, width)
            wide, narrow = found[1000], found[360]
            assert sum(one["picture"] for one in narrow) >= 4 or name == "plain mailing"
            assert [one["what"] for one in wide] == [one["what"] for one in narrow], name
            assert [one["paint"] for one in wide] == [one["paint"] for one in narrow], name
            assert all(one["size"] >= 12 for one in narrow), name
            assert [b["what"] for a, b in itertools.pairwise(narrow) if is_above(b, a)] == [], name
        browser.close()


def test_every_text_of_ten_starter_issues_can_be_read_in_the_dark(world: worlds.World) -> None:
    for name, issue in ten(world):
        page = preview.part(preview.message(world.north, issue, mailings.BASE_URL), "html")
        found = re.search(r"@media \(prefers-color-scheme:dark\)\{(.*?\})\}", page)
        assert found, name
        night = dict(re.findall(r"\.(n\d+)\{([^}]*)\}", found[1]))
        body = lxml_html.document_fromstring(page).find("body")
        canvas: Colour = (30, 30, 30)
        faint = [t for t in texts(body, WHITE, canvas, night) if t[1] < 4.4]
        assert faint == [], name


def test_what_the_pre_flight_warns_of_is_in_the_table_of_mail_programs(tmp_path: Path) -> None:
    values = {
        "display": "flex",
        "position": "absolute",
        "gap": "4px",
        "filter": "blur(2px)",
        "column-count": "2",
    }
    asked = {
        name: f'<html><body><div style="{name}:{values.get(name, "inherit")}">x</div></body></html>'
        for name in sorted(looks.UNKNOWN_STYLE)
    }
    said = judged(asked, tmp_path)
    known = [name for name, found in said.items() if not (found["unknown"] or found["partly"])]
    assert known == []


def test_the_comment_stops_the_automatic_style_and_own_styles_stay(world: worlds.World) -> None:
    template = mailtemplates.create(world.north.id, "Eigen", "clear", world.editor.id)
    source = f"<!--NoStyle-->{OWN}"
    mailtemplates.save_source(template, source, ".own { color: #123456 }", template.version, 1)
    kept = mailtemplates.get(world.north.id, template.id)
    assert kept.html.startswith(nostyle.COMMENT) and mailhtml.clean(kept.html) == kept.html
    page = preview.part(preview.message(world.north, full(world, kept), mailings.BASE_URL), "html")
    assert "prefers-color-scheme" not in page and "max-width:480px" not in page and "nostyle" not in page
    assert "color:#123456" in page.replace(" ", "")
    block = assembly.add(issue := full(world), BlockKind.HTML)
    assembly.edit(issue, block, {"source": "<!-- nostyle --><p>Eigenes</p>"})
    page = preview.part(preview.message(world.north, issue, mailings.BASE_URL), "html")
    assert "prefers-color-scheme" not in page and "Eigenes" in page


@pytest.mark.parametrize("written", ["<!-- nostyle --><p>Text</p>", "<p>Text</p><p>&lt;!--nostyle--&gt;</p>"])
def test_the_comment_counts_in_a_text_too_and_no_reader_sees_it(world: worlds.World, written: str) -> None:
    issue = full(world)
    block = assembly.add(issue, BlockKind.TEXT)
    assembly.edit(issue, block, {"html": written})
    kept = assembly.block(issue, block.id).data["html"]
    assert "nostyle" in kept and "<!--" not in kept  # seen, so that it can be taken out again
    mail = preview.message(world.north, issue, mailings.BASE_URL)
    page = preview.part(mail, "html")
    assert "prefers-color-scheme" not in page and "nostyle" not in page + preview.part(mail, "plain")
    found, _size, _passed = run.look(world.north, issue, mailings.BASE_URL)
    assert block.id in [f.block_id for f in found if f.params.get("comment") == nostyle.COMMENT]
