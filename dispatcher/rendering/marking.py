"""A mail with its changes marked: what is new, changed, moved or taken out since another version of it.

Both versions come out of our own template (newsletter/mail.html), one row per block. Only the shown copy is marked;
the bytes that leave are never touched.
"""

import difflib
import re
from dataclasses import dataclass

from lxml import html as lxml_html
from lxml.html import HtmlElement

LOOK = ";border-left:4px solid #693d9e;background-color:#f8f4fd;padding-top:10px"
LABEL = "margin:0 0 8px;font:bold 12px/16px Arial,Helvetica,sans-serif;color:#693d9e"
GONE = (
    "padding:10px 28px;border-left:4px solid #b0261e;background-color:#fce9e7;"
    "font:13px/20px Arial,Helvetica,sans-serif;color:#b0261e"
)
ALIKE = 0.4  # of the words two versions of a block share at least; below it is another block


@dataclass(frozen=True)
class Words:
    """What the marks say, in the reader's language; `moved` has a place for the number of the block before."""

    new: str
    changed: str
    moved: str
    gone: str


@dataclass
class _Row:
    element: HtmlElement
    text: str  # words, pictures, their descriptions and links
    title: str


def marked(before: str, after: str, words: Words) -> str:
    """`after` with its changes since `before` marked; both are whole HTML documents."""
    root = lxml_html.document_fromstring(after)
    old, new = _rows(lxml_html.document_fromstring(before)), _rows(root)
    pairs = _pairs(old, new)
    for number, row in enumerate(new):
        other = pairs.get(number)
        if other is None:
            _mark(row.element, words.new)
        elif old[other].text != row.text:
            _mark(row.element, words.changed)
        elif _is_moved(pairs, number):
            _mark(row.element, words.moved % {"number": other + 1})
    for number in sorted(set(range(len(old))) - set(pairs.values()), reverse=True):
        _insert_gone(new, pairs, number, old[number], words.gone)
    return lxml_html.tostring(root, encoding="unicode", method="html", doctype="<!doctype html>")


def _rows(root: HtmlElement) -> list[_Row]:
    """The blocks of a mail: the rows of its inner table."""
    tables = root.xpath("//table//table[@width and contains(@style, 'max-width')] | //table[@width='600']")
    found = tables[0].xpath("./tr | ./tbody/tr") if tables else []
    return [_Row(tr, _said(tr), _title(tr)) for tr in found]


def _said(tr: HtmlElement) -> str:
    parts = [tr.text_content()]
    parts += [f"{img.get('src', '')} {img.get('alt', '')}" for img in tr.iter("img")]
    parts += [a.get("href", "") for a in tr.iter("a") if "/m/" not in a.get("href", "")]
    return " ".join(" ".join(parts).split())


def _title(tr: HtmlElement) -> str:
    heads = tr.xpath(".//h1 | .//h2 | .//h3")
    text = " ".join((heads[0] if heads else tr).text_content().split())
    return text if len(text) <= 80 else text[:77].rstrip() + "…"


def _pairs(old: list[_Row], new: list[_Row]) -> dict[int, int]:
    """Number of a new row → number of the old one it came from: the same text first, then the most alike."""
    free = set(range(len(old)))
    found: dict[int, int] = {}
    for number, row in enumerate(new):
        same = next((i for i in sorted(free) if old[i].text == row.text), None)
        if same is not None:
            found[number] = same
            free.discard(same)
    for number, row in enumerate(new):
        if number in found or not free:
            continue
        best = max(free, key=lambda i: (_likeness(old[i], row), -abs(i - number)))
        if _likeness(old[best], row) >= ALIKE:
            found[number] = best
            free.discard(best)
    return found


def _likeness(left: _Row, right: _Row) -> float:
    if left.title and left.title == right.title:
        return 1.0
    words = re.compile(r"\w+")
    return difflib.SequenceMatcher(
        None, words.findall(left.text), words.findall(right.text), autojunk=False
    ).ratio()


def _is_moved(pairs: dict[int, int], number: int) -> bool:
    """Whether the row stands on another side of one that has not come or gone."""
    mine = pairs[number]
    order = [pairs[n] for n in sorted(pairs)]
    kept = set(_longest(order))
    return mine not in kept


def _longest(order: list[int]) -> list[int]:
    """The longest rising part of `order`: these rows stayed, the others moved past them."""
    best: list[list[int]] = []
    for value in order:
        before = max((run for run in best if run[-1] < value), key=len, default=[])
        best.append([*before, value])
    return max(best, key=len, default=[])


def _mark(tr: HtmlElement, label: str) -> None:
    cells = tr.xpath("./td")
    if not cells:
        return
    cell = cells[0]
    cell.set("style", cell.get("style", "") + LOOK)
    note = lxml_html.Element("p", style=LABEL)
    note.text, note.tail = label, cell.text
    cell.text = None
    cell.insert(0, note)


def _insert_gone(new: list[_Row], pairs: dict[int, int], number: int, row: _Row, label: str) -> None:
    """A line where a block was, behind the one that stood before it."""
    if not new:
        return
    behind = max((n for n, other in pairs.items() if other < number), default=0)
    line, cell = lxml_html.Element("tr"), lxml_html.Element("td", style=GONE)
    cell.text = f"{label}: {row.title}"
    line.append(cell)
    new[behind].element.addnext(line)
