"""CSS into style attributes: mail programs ignore or strip style sheets. Once per revision, never per mail."""

from functools import lru_cache

import tinycss2
from cssselect import HTMLTranslator, SelectorError
from lxml import etree
from lxml.html import HtmlElement


@lru_cache(maxsize=32)
def _rules(css: str) -> tuple[tuple[etree.XPath, tuple[tuple[str, str], ...]], ...]:
    """The rules of a style sheet of ours, in order: later ones win."""
    found = []
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        if rule.type != "qualified-rule":
            continue
        declared = tuple(
            (d.lower_name, tinycss2.serialize(d.value).strip())
            for d in tinycss2.parse_declaration_list(rule.content, skip_comments=True, skip_whitespace=True)
            if d.type == "declaration"
        )
        for selector in tinycss2.serialize(rule.prelude).split(","):
            try:
                found.append((etree.XPath(HTMLTranslator().css_to_xpath(selector.strip())), declared))
            except (SelectorError, etree.XPathError):
                continue  # people's style sheets may name what no inliner understands
    return tuple(found)


def inline(root: HtmlElement, css: str, over: bool = False) -> None:
    """Write the declarations of `css` into the style attributes below `root`; what stands there wins, unless the new
    ones go `over` it."""
    for matches, declared in _rules(css):
        for element in matches(root):
            own = dict(_declarations(element.get("style", "")))
            both = {**own, **dict(declared)} if over else {**dict(declared), **own}
            element.set("style", ";".join(f"{k}:{v}" for k, v in both.items()))


def _declarations(style: str) -> list[tuple[str, str]]:
    return [
        (d.lower_name, tinycss2.serialize(d.value).strip())
        for d in tinycss2.parse_declaration_list(style, skip_comments=True, skip_whitespace=True)
        if d.type == "declaration"
    ]
