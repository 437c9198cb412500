"""Colours for programs that show mails dark: worked out from the inlined ones, as classes of the automatic style block.

Apple Mail and Outlook on telephones follow the block; Gmail leaves it out and darkens by itself. A light ground becomes
a dark one of the same hue, what stands on it is lightened until it can be read; dark grounds, such as buttons, stay.
"""

import colorsys
from dataclasses import dataclass

import tinycss2
from lxml.html import HtmlElement

from dispatcher.rendering.colours import WHITE, Colour, colour, luminance, ratio

READABLE = 4.5  # WCAG 2.2, 1.4.3
LIGHT = 0.4  # luminance from which on a ground is darkened
_BORDERS = ("border", "border-top", "border-bottom", "border-left", "border-right")


@dataclass(frozen=True)
class _Ground:
    shown: Colour
    night: Colour


def style(root: HtmlElement) -> str:
    """The rules for the dark; gives the elements below `root` the classes they name. "" if there are none."""
    body = root.find("body")
    rules: dict[str, str] = {}
    if body is not None:
        _walk(body, _Ground(WHITE, darkened(WHITE)), rules)
    if not rules:
        return ""
    return "@media (prefers-color-scheme:dark){" + "".join(f".{n}{{{r}}}" for r, n in rules.items()) + "}"


def _walk(element: HtmlElement, ground: _Ground, rules: dict[str, str]) -> None:
    if not isinstance(element.tag, str):
        return
    own = _declared(element.get("style", ""))
    wanted: list[str] = []
    behind = colour(own.get("background-color") or own.get("background"))
    if behind is not None:
        night = darkened(behind) if luminance(behind) > LIGHT else behind
        ground = _Ground(behind, night)
        if night != behind:
            wanted.append(f"background-color:{_hex(night)}!important")
    ink = colour(own.get("color"))
    if ink is not None and ground.night != ground.shown:
        wanted.append(f"color:{_hex(lightened(ink, ground.night))}!important")
    if ground.night != ground.shown and any(_is_light_line(own.get(name, "")) for name in _BORDERS):
        wanted.append("border-color:#45494f!important")
    if wanted:
        name = rules.setdefault(";".join(wanted), f"n{len(rules) + 1}")
        element.set("class", " ".join(filter(None, [element.get("class", ""), name])))
    for child in element:
        _walk(child, ground, rules)


def darkened(ground: Colour) -> Colour:
    """The dark counterpart of a light ground."""
    hue, light, strong = colorsys.rgb_to_hls(*(c / 255 for c in ground))
    return _rgb(hue, 0.09 + (1 - light) * 0.35, min(strong, 0.08))


def lightened(ink: Colour, ground: Colour) -> Colour:
    """A colour of the same hue that can be read on a dark ground."""
    hue, light, strong = colorsys.rgb_to_hls(*(c / 255 for c in ink))
    if light < 0.5:
        light = 1 - light
    found = _rgb(hue, min(light, 0.93), strong)
    while ratio(found, ground) < READABLE and light < 1:
        light = min(1.0, light + 0.03)
        found = _rgb(hue, light, strong)
    return found


def _is_light_line(value: str) -> bool:
    found = next((c for word in value.split() if (c := colour(word))), None)
    return found is not None and luminance(found) > LIGHT


def _rgb(hue: float, light: float, strong: float) -> Colour:
    red, green, blue = colorsys.hls_to_rgb(hue, light, strong)
    return round(red * 255), round(green * 255), round(blue * 255)


def _hex(found: Colour) -> str:
    return "#" + "".join(f"{c:02x}" for c in found)


def _declared(text: str) -> dict[str, str]:
    return {
        d.lower_name: tinycss2.serialize(d.value).strip().casefold()
        for d in tinycss2.parse_declaration_list(text, skip_comments=True, skip_whitespace=True)
        if d.type == "declaration"
    }
