"""The block model: which kinds there are, what each holds, and how what people type becomes that.

`data` is flat, its keys are the names of the form's fields, and a change names only the keys that change:

    intro, text   html
    toc           title
    article       layout (top, left, right, text), extent (auto, teaser, full), more (words of the link)
    picture       asset_id, alt, url, caption
    button        label, url, align (left, center, wide)
    divider       style (line, short, space)
    columns       split (even, left, right, three); for each cell 1 to 3: html_N, asset_id_N, alt_N, label_N, url_N
    quote         quote, by, role
    event         title, starts, ends ("2026-11-24T19:30" or "2026-11-24", in the tenant's zone), place, html, url,
                  label, calendar ("yes": with a link to an .ics file)
    social        title, link_NETWORK for each of NETWORKS
    html          source (cleaned; only people with the right write it)

Masthead and foot are no rows: they come from mail template and tenant. Texts of intro, text, columns, button and
event may hold placeholders; everything else is shown as it is written.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from domain.errors import N_, Invalid
from domain.issues import placeholders
from domain.issues.models import BlockKind

LAYOUTS = ("top", "left", "right", "text")
EXTENTS = ("auto", "teaser", "full")
ALIGNS = ("left", "center", "wide")
STYLES = ("line", "short", "space")
SPLITS = {"even": 2, "left": 2, "right": 2, "three": 3}  # → number of cells
NETWORKS = {
    "website": "Website", "mastodon": "Mastodon", "bluesky": "Bluesky", "instagram": "Instagram",
    "facebook": "Facebook", "linkedin": "LinkedIn", "youtube": "YouTube", "xing": "Xing", "x": "X",
    "whatsapp": "WhatsApp",
}  # fmt: skip
CELLS = (1, 2, 3)
ASSET_KEYS = ("asset_id", *(f"asset_id_{n}" for n in CELLS))
TEXT_KEYS = (
    "html",
    "label",
    *(f"{key}_{n}" for n in CELLS for key in ("html", "label")),
)  # with placeholders
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_URL = re.compile(r"(https?://|mailto:|tel:)[^\s<>\"]+\Z")
_WEB = re.compile(r"https?://[^\s<>\"]+\Z")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d)?\Z")
_Cleaner = Callable[[str, Any, list[str]], Any]


def _html(name: str, value: Any, own: list[str]) -> str:
    from domain.content import markup  # the sending process reads issues and never cleans HTML: no lxml there

    clean = markup.clean(str(value))
    placeholders.check(name, clean, own=own)
    return clean


def _source(_name: str, value: Any, _own: list[str]) -> str:
    from domain.content import mailhtml

    return mailhtml.clean(str(value))


def _personal(most: int) -> _Cleaner:
    """One line in which placeholders count."""

    def clean(name: str, value: Any, own: list[str]) -> str:
        text = str(value).strip()[:most]
        if _CONTROL.search(text):
            raise Invalid(fields={name: N_("Line breaks and control characters are not allowed here.")})
        placeholders.check(name, text, own=own)
        return text

    return clean


def _line(most: int) -> _Cleaner:
    return lambda _name, value, _own: " ".join(_CONTROL.sub(" ", str(value)).split())[:most]


def _lines(most: int) -> _Cleaner:
    """Several lines of plain text."""

    def clean(_name: str, value: Any, _own: list[str]) -> str:
        lines = (" ".join(_CONTROL.sub(" ", line).split()) for line in str(value).splitlines())
        return "\n".join(lines).strip()[:most]

    return clean


def _link(name: str, value: Any, _own: list[str]) -> str:
    url = str(value).strip()[:1000]
    if url and not _URL.match(url):
        raise Invalid(fields={name: N_("A link begins with https://, http:// or mailto:.")})
    return url


def _web(name: str, value: Any, _own: list[str]) -> str:
    url = str(value).strip()[:500]
    if url and not _WEB.match(url):
        raise Invalid(fields={name: N_("The address begins with https:// or http://.")})
    return url


def _one_of(*choices: str) -> _Cleaner:
    """One of `choices`; what is none of them is the first."""
    return lambda _name, value, _own: value if value in choices else choices[0]


def _asset(_name: str, value: Any, _own: list[str]) -> int | None:
    return int(value) if value else None


def _moment(name: str, value: Any, _own: list[str]) -> str:
    text = str(value).strip()[:16].replace(" ", "T")
    if not text:
        return ""
    try:
        if not _MOMENT.match(text):
            raise ValueError
        (datetime if "T" in text else date).fromisoformat(text)
    except ValueError:
        raise Invalid(
            fields={name: N_("Write day and time like 2026-11-24 19:30, or only the day.")}
        ) from None
    return text


_CELL: dict[str, _Cleaner] = {
    key: cleaner
    for n in CELLS
    for key, cleaner in (
        (f"html_{n}", _html), (f"asset_id_{n}", _asset), (f"alt_{n}", _line(300)), (f"label_{n}", _personal(120)),
        (f"url_{n}", _link),
    )
}  # fmt: skip
FIELDS: dict[BlockKind, dict[str, _Cleaner]] = {
    BlockKind.INTRO: {"html": _html},
    BlockKind.TEXT: {"html": _html},
    BlockKind.TOC: {"title": _line(120)},
    BlockKind.ARTICLE: {"layout": _one_of(*LAYOUTS), "extent": _one_of(*EXTENTS), "more": _line(80)},
    BlockKind.PICTURE: {"asset_id": _asset, "alt": _line(300), "url": _link, "caption": _line(300)},
    BlockKind.BUTTON: {"label": _personal(120), "url": _link, "align": _one_of(*ALIGNS)},
    BlockKind.DIVIDER: {"style": _one_of(*STYLES)},
    BlockKind.COLUMNS: {"split": _one_of(*SPLITS), **_CELL},
    BlockKind.QUOTE: {"quote": _lines(1000), "by": _line(120), "role": _line(160)},
    BlockKind.EVENT: {
        "title": _line(200), "starts": _moment, "ends": _moment, "place": _line(200), "html": _html, "url": _link,
        "label": _personal(120), "calendar": _one_of("yes", "no"),
    },
    BlockKind.SOCIAL: {"title": _line(120), **{f"link_{network}": _web for network in NETWORKS}},
    BlockKind.HTML: {"source": _source},
}  # fmt: skip
EMPTY: dict[BlockKind, dict[str, Any]] = {
    BlockKind.INTRO: {"html": ""},
    BlockKind.TEXT: {"html": ""},
    BlockKind.PICTURE: {"asset_id": None, "alt": ""},
    BlockKind.BUTTON: {"label": "", "url": ""},
    BlockKind.COLUMNS: {"split": "even"},
    BlockKind.EVENT: {"calendar": "yes"},
}
PLAIN = tuple(kind for kind in BlockKind if kind != BlockKind.ARTICLE)  # what can be added empty


def empty(kind: BlockKind) -> dict[str, Any]:
    """The data of a new block; raises Invalid for an article, which is chosen."""
    if kind == BlockKind.ARTICLE:
        raise Invalid(N_("Choose an article from the list."))
    return dict(EMPTY.get(kind, {}))


def cleaned(
    kind: str, data: Mapping[str, Any], given: Mapping[str, Any], own: Iterable[str]
) -> dict[str, Any]:
    """`data` with what is `given`, as far as the kind knows it; raises Invalid on the field that is wrong."""
    names = list(own)
    made = dict(data)
    for key, clean in FIELDS[BlockKind(kind)].items():
        if key in given:
            made[key] = clean(key, given[key], names)
    if kind == BlockKind.EVENT and made.get("ends") and made["ends"] < made.get("starts", ""):
        raise Invalid(fields={"ends": N_("The end lies before the beginning.")})
    return made


def cells(data: Mapping[str, Any]) -> range:
    """The numbers of the cells of a columns block."""
    return range(1, SPLITS.get(data.get("split", "even"), 2) + 1)


def assets(data: Mapping[str, Any]) -> set[int]:
    """Ids of the pictures that a block shows."""
    return {data[key] for key in ASSET_KEYS if data.get(key)}


def texts(data: Mapping[str, Any]) -> list[str]:
    """The texts of a block in which placeholders count."""
    return [str(data[key]) for key in TEXT_KEYS if data.get(key)]


def links(data: Mapping[str, Any]) -> list[str]:
    """The addresses that the fields of a block lead to, without those inside of texts."""
    keys = ("url", *(f"url_{n}" for n in CELLS), *(f"link_{network}" for network in NETWORKS))
    return [str(data[key]) for key in keys if data.get(key)]


def lacks(kind: str, data: Mapping[str, Any]) -> str:
    """What a block still needs before it may leave, in one sentence; empty: nothing. Articles and descriptions of
    pictures are looked at elsewhere."""
    if kind == BlockKind.BUTTON and not (data.get("url") and data.get("label")):
        return N_("A button lacks its words or its link.")
    if kind == BlockKind.COLUMNS and any(
        data.get(f"label_{n}") and not data.get(f"url_{n}") for n in cells(data)
    ):
        return N_("A button lacks its words or its link.")
    if kind == BlockKind.EVENT and not (data.get("title") and data.get("starts")):
        return N_("An event lacks its name or its day.")
    if kind == BlockKind.QUOTE and not data.get("quote"):
        return N_("A quote is empty.")
    if kind == BlockKind.SOCIAL and not any(data.get(f"link_{network}") for network in NETWORKS):
        return N_("The social links have no address yet.")
    return ""
