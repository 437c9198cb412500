"""`[Name|fallback]`, `{{token}}` and the marks around what only some people get, in a text: found, never evaluated.

The marks are `{{if:7}}…{{end}}` in the text part and `<!--if:7-->…<!--end-->` in HTML, 7 being a segment. Texts of
people cannot hold them: comments are cleaned away and double braces broken. Standard library only.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

NAME = r"[^\W_](?:[\w .\-]|&#?\w{1,10};){0,59}"
_MARK = r"(?P<token>\{\{token\}\})"
_TEXT_PART = r"(?P<part>\{\{(?:if:\d{1,18}|end)\}\})"
_HTML_PART = r"(?P<part><!--(?:if:\d{1,18}|end)-->)"
_SLOT = rf"\[(?P<name>{NAME})(?:\|(?P<fallback>[^\[\]\r\n]{{0,200}}))?\]"
_ESCAPE = r"(?P<escape>\\[\[\]])"
# brackets of style sheets and of conditional comments are no placeholders
_HTML_CODE = r"(?P<code><style\b.*?</style\s*>|<!(?:--)?\[[^\]]*\])"
_IN_TEXT = re.compile(rf"{_MARK}|{_TEXT_PART}|{_ESCAPE}|{_SLOT}")
_IN_HTML = re.compile(rf"{_HTML_PART}|{_HTML_CODE}|{_MARK}|{_ESCAPE}|{_SLOT}", re.S | re.I)
_SEGMENT = re.compile(r"\d+")
_OPEN_LINK = re.compile(r"""\b(?:href|src|action|background|poster)\s*=\s*(?:"[^"]*|'[^']*)\Z""", re.I)

TOKEN, PLAIN, HTML, URL, IF, END = "token", "plain", "html", "url", "if", "end"


@dataclass(frozen=True)
class Slot:
    """A place that is filled per recipient; `fallback` is source text of the part it stands in. IF and END hold what
    only people with a value for `name` get."""

    kind: str
    name: str = ""
    fallback: str = ""


def parse(text: str, *, html_source: bool = False) -> list[str | Slot]:
    """The text as literal pieces and slots, in order; escapes are resolved, empty pieces left out."""
    pieces: list[str | Slot] = []
    literal, start = "", 0
    for found in (_IN_HTML if html_source else _IN_TEXT).finditer(text):
        literal += text[start : found.start()]
        start = found.end()
        if html_source and found["code"]:
            literal += found["code"]
        elif found["escape"]:
            literal += found["escape"][1]
        else:
            slot = _slot(found, html_source)
            if literal:
                pieces.append(literal)
            pieces.append(slot)
            literal = ""
    literal += text[start:]
    if literal:
        pieces.append(literal)
    return pieces


def _slot(found: re.Match[str], html_source: bool) -> Slot:
    if found["token"]:
        return Slot(TOKEN)
    if found["part"]:
        segment = _SEGMENT.search(found["part"])
        return Slot(IF, f"?{segment[0]}") if segment else Slot(END)
    name, fallback = found["name"], found["fallback"] or ""
    if not html_source:
        return Slot(PLAIN, normalised(name), fallback.strip())
    kind = URL if _in_link(found.string, found.start()) else HTML
    return Slot(kind, normalised(html.unescape(name)), fallback.strip())


def _in_link(source: str, position: int) -> bool:
    """True if `position` lies inside the value of an attribute that holds an address."""
    opened = source.rfind("<", 0, position)
    if opened <= source.rfind(">", 0, position):
        return False
    return _OPEN_LINK.search(source, opened, position) is not None


def normalised(name: str) -> str:
    """The name as it is looked up: single spaces (editors put no-break spaces), none at the ends."""
    return " ".join(name.split())


def names(text: str, *, html_source: bool = False) -> frozenset[str]:
    """The placeholder names that a text uses."""
    found = parse(text, html_source=html_source)
    return frozenset(s.name for s in found if isinstance(s, Slot) and s.name and s.kind != IF)
