"""Colours as three numbers, and how well one can be read on another (WCAG)."""

import re

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
_NAMED = {"white": (255, 255, 255), "black": (0, 0, 0), "red": (255, 0, 0), "yellow": (255, 255, 0),
          "gray": (128, 128, 128), "grey": (128, 128, 128), "silver": (192, 192, 192)}  # fmt: skip


def colour(text: str | None) -> Colour | None:
    """A colour as three numbers; None for none, for transparent ones and for what is no plain colour."""
    text = (text or "").strip().casefold()
    if found := re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6})", text):
        digits = found[1] if len(found[1]) == 6 else "".join(c * 2 for c in found[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if found := re.fullmatch(r"rgb\((\d{1,3}), ?(\d{1,3}), ?(\d{1,3})\)", text):
        return int(found[1]), int(found[2]), int(found[3])
    return _NAMED.get(text)


def ratio(one: Colour, other: Colour) -> float:
    """WCAG contrast of two colours, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(found: Colour) -> float:
    parts = [c / 255 for c in found]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
