"""What word processors and office suites leave in a clipboard: lists without list elements, emphasis as style."""

import re

from lxml import html as lxml_html
from lxml.html import HtmlElement

_BULLET = re.compile(r"^[\s\u00a0]*(?:[·•o§\u2022\uf0b7-]|\(?[0-9a-z]{1,3}[.)])[\s\u00a0]+")


def lists(root: HtmlElement) -> None:
    """Word writes list items as paragraphs of class MsoListParagraph with the bullet as text."""
    for paragraph in list(root.iter("p")):
        style, classes = paragraph.get("style", ""), paragraph.get("class", "")
        if "mso-list" not in style and not classes.startswith("MsoListParagraph"):
            continue
        text = paragraph.text_content()
        ordered = bool(re.match(r"^[\s\u00a0]*\(?[0-9]{1,3}[.)]", text))
        for marker in list(paragraph.iter("span")):
            if "mso-list" in marker.get("style", "").casefold():
                marker.drop_tree()
        _cut_bullet(paragraph)
        paragraph.tag = "li"
        before = paragraph.getprevious()
        kind = "ol" if ordered else "ul"
        if (
            before is not None
            and before.tag == kind
            and before.get("data-word")
            and not (before.tail or "").strip()
        ):
            paragraph.tail, tail = None, paragraph.tail
            before.append(paragraph)
            before.tail = tail
        else:
            holder = lxml_html.Element(kind)
            holder.set("data-word", "1")
            parent = paragraph.getparent()
            parent.replace(paragraph, holder)
            holder.tail, paragraph.tail = paragraph.tail, None
            holder.append(paragraph)


def _cut_bullet(paragraph: HtmlElement) -> None:
    for element in paragraph.iter():
        if element.text and element.text.strip("\u00a0 \t\r\n"):
            element.text = _BULLET.sub("", element.text, count=1).lstrip("\u00a0 \t\r\n")
            return


def emphasis(root: HtmlElement) -> None:
    """What spans say by style becomes strong and em; bold that a style takes back is no emphasis."""
    for element in list(root.iter("span", "b", "strong", "i", "em", "font")):
        style = element.get("style", "").casefold().replace(" ", "")
        if (element.tag in ("b", "strong") and re.search(r"(?:^|;)font-weight:(?:normal|400)", style)) or (
            element.tag in ("i", "em") and "font-style:normal" in style
        ):
            element.tag = "span"
        elif element.tag in ("span", "font") and element.text_content().strip():
            bold = re.search(r"(?:^|;)font-weight:(?:bold|[6-9]00)", style)
            italic = "font-style:italic" in style
            if bold:
                element.tag = "strong"
                if italic:
                    _wrap_inside(element, "em")
            elif italic:
                element.tag = "em"


def _wrap_inside(element: HtmlElement, tag: str) -> None:
    inner = lxml_html.Element(tag)
    inner.text, element.text = element.text, None
    for child in list(element):
        inner.append(child)
    element.append(inner)
