"""HTML that people write for mails themselves: a building block or the frame of a template. Wider than what an article
may hold (tables, styles, alignment), and still a list: scripts, forms, frames, foreign pictures and comments do not
come out at all.
"""

import re

from lxml import html as lxml_html
from lxml.etree import LxmlError
from lxml.html import HtmlElement

from domain.content import markup, nostyle, stylesheet

# ruff: noqa: SIM905 - lists of tags read better as words
TAGS = frozenset(
    "p br hr div span center a img strong b em i u s small sub sup h1 h2 h3 h4 h5 h6 ul ol li dl dt dd blockquote "
    "table caption thead tbody tfoot tr th td figure figcaption address pre code".split()
)
EVERYWHERE = frozenset("style class id align valign width height bgcolor dir lang title role".split())
ATTRIBUTES = {
    "a": frozenset(("href",)),
    "img": frozenset(("src", "alt", "border")),
    "table": frozenset(("border", "cellpadding", "cellspacing")),
    "td": frozenset(("colspan", "rowspan", "nowrap")),
    "th": frozenset(("colspan", "rowspan", "nowrap", "scope")),
    "ol": frozenset(("start", "type")),
}
_LINK = re.compile(r"(?:https?://|mailto:|tel:|#)[^\s<>\"']*\Z", re.I)
_PLACEHOLDER = re.compile(r"\[[^\[\]<>\"']{1,80}\]\Z|(?:\{|%7B)[a-z_]{2,20}(?:\}|%7D)\Z")
_MEDIA = re.compile(r"(?:https?://[^/\s\"'<>]+)?(/media/[A-Za-z0-9_-]{16,64}/[a-z0-9]{1,20})\Z")
_WORD = re.compile(r"[\w\-. #%:]{1,120}\Z")
_TEXT = re.compile(r"[^\x00-\x1f<>]{0,300}\Z")
_INVALID = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_CODE = re.compile(r"<!--.*?(?:-->|\Z)|<!\[[^>]*>|<\?[^>]*>|<!doctype[^>]*>", re.S | re.I)
MAX_CHARACTERS = 100_000


def clean(source: str) -> str:
    """The allowed part of `source`; cleaning twice changes nothing."""
    text = _INVALID.sub("", source[:MAX_CHARACTERS])
    plain = nostyle.COMMENT if nostyle.stands_in(text) else ""  # the one comment that stays
    text = nostyle.without(text)
    for _ in range(4):  # broken nesting reads differently once it is repaired
        before, text = text, _cleaned(text)
        if text == before:
            break
    return plain + text


def _cleaned(source: str) -> str:
    source = _CODE.sub("", source)
    if not source.strip():
        return ""
    try:
        root = lxml_html.fragment_fromstring(source, create_parent="div")
    except (LxmlError, ValueError, AssertionError):
        root = lxml_html.Element("div")
        root.text = markup.plain(markup.clean(source))
    _reduce(root)
    whole = lxml_html.tostring(root, encoding="unicode", method="html")
    return whole[whole.index(">") + 1 : whole.rindex("<")].strip()  # without the <div> around it


def _reduce(root: HtmlElement) -> None:
    for element in list(root.iterdescendants()):
        if element.getparent() is None:
            continue
        if not isinstance(element.tag, str) or element.tag.casefold() in markup.DROPPED:
            _drop(element)
        elif element.tag not in TAGS:
            element.drop_tag()
        elif element.tag == "img" and not _MEDIA.match(element.get("src", "").strip()):
            element.drop_tree()
        else:
            _keep(element)


def _drop(element: HtmlElement) -> None:
    if isinstance(element, HtmlElement):
        element.drop_tree()
        return
    parent, tail = element.getparent(), element.tail or ""  # a comment has no drop_tree
    before = element.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(element)


def _keep(element: HtmlElement) -> None:
    allowed = EVERYWHERE | ATTRIBUTES.get(element.tag, frozenset())
    found = {name: value.strip() for name, value in element.attrib.items() if name in allowed}
    element.attrib.clear()
    for name, value in found.items():
        kept = _value(name, value)
        if kept or name == "alt":
            element.set(name, kept)
    if element.tag == "table" and "role" not in element.attrib and not element.findall(".//th"):
        element.set("role", "presentation")  # made to hold things in place; read aloud it would be noise
    if element.tag == "img" and "alt" not in element.attrib:
        element.set("alt", "")


def _value(name: str, value: str) -> str:
    """What an attribute may hold; empty: it goes."""
    if name == "style":
        return stylesheet.declarations(value)
    if name == "href":
        return value if _LINK.match(value) or _PLACEHOLDER.match(value) else ""
    if name == "src":
        ours = _MEDIA.match(value)
        return ours[1] if ours else ""
    if name in ("alt", "title"):
        return value if _TEXT.match(value) else ""
    return value if _WORD.match(value) else ""
