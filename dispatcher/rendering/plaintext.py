"""The text part of a mail: readable by itself, links in full."""

import re
from typing import Any

from lxml import html as lxml_html

from domain.content import nostyle

_BLOCKS = ("p", "h1", "h2", "h3", "h4", "ul", "ol", "blockquote", "table", "figure", "div")


def of(values: dict[str, Any], parts: list[dict[str, Any]]) -> str:
    """The text of the whole mail; parts for some people only stand between the compiler's marks."""
    words, links = values["words"], values["urls"]
    top = "\n".join(filter(None, [values["masthead"], values["dateline"]]))
    lines = [top, f"{words['in_browser']}: {links['web']}"]
    lines += [part["plain"] if not part["segment"] else _only(part) for part in parts if part["plain"]]
    foot = [
        words["reason"],
        f"{words['unsubscribe']}: {links['unsubscribe']}",
        f"{words['preferences']}: {links['preferences']}",
    ]
    own = text_of(str(values["foot"]["html"]))
    more = "\n".join(f"{label}: {url}" for label, url in values["foot"]["links"])
    tail = ["-- \n" + "\n".join(foot), "\n".join(values["imprint"])]
    whole = "\n\n".join(filter(None, [*lines, own, more, *tail])) + "\n"
    return whole.replace("{{end}}\n\n", "{{end}}")  # the empty line goes with what is left out


def letter(values: dict[str, Any], parts: list[dict[str, Any]]) -> str:
    """The text of a letter: nothing above it, below it who writes and how to sign off."""
    words, links = values["words"], values["urls"]
    lines = [part["plain"] for part in parts if part["plain"]]
    asked = values.get("opt_in")
    if asked:
        lines += [*filter(None, [asked["text"]]), f"{asked['label']}: {asked['url']}", asked["how"]]
    foot = [
        words["reason"], f"{words['unsubscribe']}: {links['unsubscribe']}",
        f"{words['preferences']}: {links['preferences']}", f"{words['in_browser']}: {links['web']}",
    ]  # fmt: skip
    return "\n\n".join([*lines, "-- \n" + "\n".join(foot), "\n".join(values["imprint"])]) + "\n"


def _only(part: dict[str, Any]) -> str:
    """A part that only people of a segment get, between the marks of the compiler."""
    return f"{{{{if:{part['segment']}}}}}{part['plain']}\n\n{{{{end}}}}"


def text_of(html: str) -> str:
    """Text of clean HTML with the addresses of its links behind their words."""
    html = nostyle.without(html)
    if not html.strip():
        return ""
    root = lxml_html.fragment_fromstring(html, create_parent="div")
    for link in root.iter("a"):
        href = link.get("href", "")
        if href and href != link.text_content().strip():
            link.tail = f" <{href}>" + (link.tail or "")
    for item in root.iter("li"):
        item.text = "- " + (item.text or "")
    for element in root.iter():
        if element.tag in _BLOCKS and element is not root:
            element.tail = "\n\n" + (element.tail or "")
        elif element.tag in ("li", "br", "tr"):
            element.tail = "\n" + (element.tail or "")
        elif element.tag in ("td", "th"):
            element.tail = " " + (element.tail or "")
    text = re.sub(r"[ \t\u00a0]+", " ", "".join(root.itertext()))
    return re.sub(r"\n{3,}", "\n\n", re.sub(r" ?\n ?", "\n", text)).strip()
