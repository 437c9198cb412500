"""The look of a tenant's mails: colours, fonts, widths, head and foot, as a mail template keeps it.

Every value has a place in the form and a default; what a template leaves out is the default, so that a new value here
never changes what an old template says.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from domain.errors import N_, Invalid
from domain.issues.blocks import NETWORKS
from domain.tenancy.settings import contrast_on_white

FONTS = {  # what mail programs have on board; the last ones are what everybody has
    "georgia": ("Georgia", "Georgia,'Times New Roman',serif"),
    "palatino": ("Palatino", "'Palatino Linotype',Palatino,'Book Antiqua',Georgia,serif"),
    "times": ("Times", "'Times New Roman',Times,serif"),
    "arial": ("Arial", "Arial,Helvetica,sans-serif"),
    "helvetica": ("Helvetica", "'Helvetica Neue',Helvetica,Arial,sans-serif"),
    "verdana": ("Verdana", "Verdana,Geneva,sans-serif"),
    "tahoma": ("Tahoma", "Tahoma,Verdana,Segoe,sans-serif"),
    "trebuchet": ("Trebuchet", "'Trebuchet MS',Tahoma,sans-serif"),
    "system": ("System", "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Arial,sans-serif"),
}
CHOICES: dict[str, dict[str, str]] = {
    "heading_font": {key: name for key, (name, _stack) in FONTS.items()},
    "text_font": {key: name for key, (name, _stack) in FONTS.items()},
    "lead_font": {"heading": N_("like headings"), "text": N_("like the text")},
    "head": {
        "line": N_("Line of colour above"), "band": N_("Band of colour"), "centre": N_("Centred"),
        "plain": N_("Plain"),
    },
    "spacing": {"close": N_("Tight"), "normal": N_("Normal"), "wide": N_("Airy")},
    "between": {"none": N_("Nothing"), "line": N_("A thin line"), "card": N_("Each article is a card")},
    "button": {"filled": N_("Filled"), "outline": N_("Outlined"), "round": N_("Filled, round")},
    "category": {"colour": N_("In colour"), "label": N_("As a label"), "hidden": N_("Not shown")},
    "foot_align": {"left": N_("Left"), "center": N_("Centred")},
}  # fmt: skip
COLOURS = ("page", "sheet", "ink", "soft", "line", "accent", "head_ground", "foot_ground")
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content")
UTM_PLACES = frozenset(
    {
        "titel",
        "title",
        "betreff",
        "subject",
        "ausgabe",
        "issue",
        "datum",
        "date",
        "newsletter",
        "mandant",
        "tenant",
    }
)
NUMBERS = {"width": (480, 720), "text_size": (14, 18), "corners": (0, 20), "logo_width": (60, 400)}
_COLOUR = re.compile(r"#[0-9a-f]{6}\Z")
_SPACES = {"close": (20, 16), "normal": (28, 24), "wide": (36, 34)}  # px: at the sides, below each block


@dataclass(frozen=True)
class Design:
    """All values of a look; an empty accent is the tenant's colour."""

    page: str = "#f3f1ec"
    sheet: str = "#fefefe"
    ink: str = "#1f2328"
    soft: str = "#3a3f45"
    line: str = "#e1ded7"
    accent: str = ""
    head_ground: str = ""
    foot_ground: str = "#f7f6f3"
    heading_font: str = "georgia"
    text_font: str = "arial"
    lead_font: str = "heading"
    text_size: int = 15
    width: int = 600
    spacing: str = "normal"
    corners: int = 4
    head: str = "line"
    between: str = "none"
    button: str = "filled"
    category: str = "colour"
    foot_align: str = "left"
    logo_id: int | None = None
    logo_alt: str = ""
    logo_width: int = 180
    tagline: str = ""
    show_name: bool = True
    show_date: bool = True
    foot_text: str = ""
    links: tuple[tuple[str, str], ...] = ()  # (network, address)
    utm_source: str = ""  # added to links; UTM_PLACES stand for what differs from issue to issue
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_content: str = ""
    utm: str = ""  # further parameters, without the question mark

    @property
    def headings(self) -> str:
        return FONTS[self.heading_font][1]

    @property
    def texts(self) -> str:
        return FONTS[self.text_font][1]

    @property
    def leads(self) -> str:
        return self.headings if self.lead_font == "heading" else self.texts

    @property
    def side(self) -> int:
        return _SPACES[self.spacing][0]

    @property
    def below(self) -> int:
        return _SPACES[self.spacing][1]

    @property
    def inner(self) -> int:
        """Width of what stands between the sides, px."""
        return self.width - 2 * self.side

    def muted(self) -> str:
        """Second text: halfway between text and its ground, never paler than can be read."""
        return readable(mixed(self.soft, self.sheet, 0.2), self.sheet)

    def values(self) -> dict[str, Any]:
        """As a template keeps it: only what differs from the default."""
        default = Design()
        found = asdict(self)
        return {key: value for key, value in found.items() if value != getattr(default, key)}


def of(values: Mapping[str, Any] | None) -> Design:
    """The design that a template keeps; unknown and unfit values are the default's."""
    known = {field.name for field in fields(Design)}
    given = {key: value for key, value in (values or {}).items() if key in known}
    for key, choices in CHOICES.items():
        if given.get(key, next(iter(choices))) not in choices:
            del given[key]
    given["links"] = tuple((str(a), str(b)) for a, b in given.get("links", ()))
    return Design(**given)


def cleaned(given: Mapping[str, Any]) -> Design:
    """The design of a form; raises Invalid with every field that is wrong. `logo_id` was found by the caller."""
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    made: dict[str, Any] = {}
    for key in COLOURS:
        colour = str(given.get(key, "")).strip().casefold()
        if colour and not _COLOUR.match(colour):
            wrong[key] = N_("Write the colour as # and six digits, for example #23508e.")
        elif colour or key in ("accent", "head_ground"):
            made[key] = colour
    for key, choices in CHOICES.items():
        if given.get(key) in choices:
            made[key] = given[key]
    for key, (least, most) in NUMBERS.items():
        number = str(given.get(key, "")).strip()
        if number and not (number.isascii() and number.isdigit() and least <= int(number) <= most):
            wrong[key] = (N_("A whole number from %(least)d to %(most)d."), {"least": least, "most": most})
        elif number:
            made[key] = int(number)
    texts = (("logo_alt", 200), ("tagline", 160), ("utm", 200), *((key, 100) for key in UTM))
    for key, length in texts:
        made[key] = " ".join(str(given.get(key, "")).split())[:length]
    _check_parameters(made, wrong)
    made["logo_id"] = given.get("logo_id") or None
    made["show_name"], made["show_date"] = bool(given.get("show_name")), bool(given.get("show_date"))
    made["foot_text"] = _foot(given.get("foot_text", ""))
    made["links"] = _links(given, wrong)
    if not wrong:
        _check_contrast(Design(**made), wrong)
    if wrong:
        raise Invalid(fields=wrong)
    return Design(**made)


def _check_parameters(made: Mapping[str, Any], wrong: dict[str, Any]) -> None:
    if made["utm"] and not re.fullmatch(r"[a-zA-Z0-9_.~%&=+\-]{1,200}", made["utm"]):
        wrong["utm"] = N_("Write it like pk_source=newsletter&pk_kwd=link.")
    for key in UTM:
        for name in re.findall(r"\[([^\[\]]*)\]", made[key]):
            if name.casefold() not in UTM_PLACES:
                wrong[key] = (N_("We do not know [%(name)s] here. The hint below the fields names those that we know."),
                              {"name": name[:40]})  # fmt: skip
        if key not in wrong and re.search(r"[\[\]{}<>\"]", re.sub(r"\[[^\[\]]*\]", "", made[key])):
            wrong[key] = N_("Brackets stand only around a placeholder here, and no quotation marks.")


def _foot(text: Any) -> str:
    from domain.content import (
        markup,
    )  # the sending process reads designs and never cleans HTML: no lxml there

    return markup.clean(str(text))[:4_000]


def _links(given: Mapping[str, Any], wrong: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    found = []
    for network in NETWORKS:
        url = str(given.get(f"link_{network}", "")).strip()[:500]
        if url and not re.fullmatch(r"https?://[^\s<>\"]+", url):
            wrong[f"link_{network}"] = N_("The address begins with https:// or http://.")
        elif url:
            found.append((network, url))
    return tuple(found)


def _check_contrast(made: Design, wrong: dict[str, Any]) -> None:
    for key, ground in (("ink", made.sheet), ("soft", made.sheet), ("soft", made.foot_ground)):
        if contrast(getattr(made, key), ground) < 4.5 and key not in wrong:
            wrong[key] = N_("This colour can hardly be read on its ground. Choose a darker or a lighter one.")


def contrast(one: str, other: str) -> float:
    """WCAG contrast of two colours, 1 to 21."""
    first, second = contrast_on_white(one), contrast_on_white(other)
    return max(first, second) / min(first, second)


def mixed(one: str, other: str, share: float) -> str:
    """`one` with a `share` of `other`, 0 to 1."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a * (1 - share) + b * share):02x}" for a, b in pairs)


def readable(colour: str, ground: str) -> str:
    """`colour` moved towards black or white until it has 4.5:1 on `ground`."""
    towards = "#000000" if contrast("#000000", ground) > contrast("#ffffff", ground) else "#ffffff"
    for step in range(21):
        moved = mixed(colour, towards, step / 20)
        if contrast(moved, ground) >= 4.5:
            return moved
    return towards


def letters_on(ground: str) -> str:
    """Nearly white or nearly black, whatever reads better on `ground`: mail programs invert pure ones."""
    return max(("#fefefe", "#1f2328"), key=lambda colour: contrast(colour, ground))


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
