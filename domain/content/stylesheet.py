"""People's CSS reduced to what mails may hold: known properties, no addresses, no expressions, no imports.

The one module of the domain that knows tinycss2. What the lists below do not name is left out; nothing is repaired.
"""

import re

import tinycss2

# ruff: noqa: SIM905 - lists of properties read better as words
PROPERTIES = frozenset(
    "background background-color border border-top border-right border-bottom border-left border-color border-style "
    "border-width border-collapse border-spacing border-radius border-top-color border-right-color "
    "border-bottom-color border-left-color border-top-width border-right-width border-bottom-width border-left-width "
    "border-top-style border-right-style border-bottom-style border-left-style border-top-left-radius "
    "border-top-right-radius border-bottom-left-radius border-bottom-right-radius caption-side clear color direction "
    "display float font font-family font-size font-style font-variant font-weight height hyphens letter-spacing "
    "line-height list-style list-style-type margin margin-top margin-right margin-bottom margin-left max-height "
    "max-width min-height min-width opacity overflow padding padding-top padding-right padding-bottom padding-left "
    "table-layout text-align text-decoration text-decoration-color text-indent text-transform vertical-align "
    "visibility white-space width word-break word-spacing word-wrap overflow-wrap box-sizing color-scheme "
    "mso-hide mso-line-height-rule mso-padding-alt".split()
)
_FUNCTIONS = frozenset(("rgb", "rgba", "hsl", "hsla", "calc", "min", "max", "clamp"))
_SELECTOR = re.compile(r"[\w.#*>+~,:()\[\]=\"' \-]{1,300}\Z")
_PSEUDO = re.compile(r"::?(?!hover\b|link\b|visited\b|active\b|focus\b|first-child\b|last-child\b)")
_MEDIA = re.compile(r"[\w\s():,.\-]{1,120}\Z")
_BAD_VALUE = re.compile(r"[<>{}\\@]|/\*")
MAX_CHARACTERS = 60_000


def declarations(text: str) -> str:
    """The allowed declarations of a style attribute."""
    return ";".join(f"{name}:{value}" for name, value in _declared(text[:5_000]))


def clean(css: str) -> str:
    """The allowed rules of a style sheet, one to a line; cleaning twice changes nothing."""
    return "\n".join(_rules(tinycss2.parse_stylesheet(css[:MAX_CHARACTERS], True, True)))


def halves(css: str) -> tuple[str, str]:
    """(rules that can stand in style attributes, rules that need a style block), cleaned once more."""
    inline: list[str] = []
    block: list[str] = []
    for text in _rules(tinycss2.parse_stylesheet(css[:MAX_CHARACTERS], True, True)):
        (block if text.startswith("@") or ":" in text.partition("{")[0] else inline).append(text)
    return "\n".join(inline), "\n".join(block)


def _rules(found: list[tinycss2.ast.Node], depth: int = 0) -> list[str]:
    out = []
    for rule in found:
        if rule.type == "qualified-rule":
            selector = _written(rule.prelude)
            declared = _declared(rule.content)
            if declared and _SELECTOR.match(selector) and not _PSEUDO.search(selector):
                out.append(f"{selector} {{ {'; '.join(f'{name}: {value}' for name, value in declared)} }}")
        elif rule.type == "at-rule" and rule.lower_at_keyword == "media" and rule.content and not depth:
            query = _written(rule.prelude)
            inside = _rules(tinycss2.parse_rule_list(rule.content, True, True), depth + 1)
            if inside and _MEDIA.match(query):
                out.append(f"@media {query} {{ {' '.join(inside)} }}")
    return out


def _declared(content: object) -> list[tuple[str, str]]:
    found = []
    for one in tinycss2.parse_declaration_list(content, True, True):
        if one.type != "declaration" or one.lower_name not in PROPERTIES or not _harmless(one.value):
            continue
        value = _written(one.value)
        if value and len(value) <= 300 and not _BAD_VALUE.search(value):
            found.append((one.lower_name, f"{value} !important" if one.important else value))
    return found


def _harmless(tokens: list[tinycss2.ast.Node]) -> bool:
    """No url(), no expression(), no var(): only arithmetic and colours."""
    for token in tokens:
        if token.type in ("url", "error", "{} block", "[] block", "at-keyword"):
            return False
        if token.type == "function" and (
            token.lower_name not in _FUNCTIONS or not _harmless(token.arguments)
        ):
            return False
        if token.type == "() block" and not _harmless(token.content):
            return False
    return True


def _written(tokens: list[tinycss2.ast.Node]) -> str:
    """The tokens as text on one line; empty if something in them could not be read."""
    if any(token.type == "error" for token in tokens):
        return ""
    try:
        return " ".join(tinycss2.serialize(tokens).split())
    except TypeError:  # an error inside cannot be written
        return ""
