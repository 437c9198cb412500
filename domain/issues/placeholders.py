"""Placeholders of people's texts, `[Vorname|Leserin]`: names that are looked up, never evaluated.

The catalogue is closed: what it does not know is refused at save with its name. Values are computed once per
recipient at the snapshot and travel as plain strings.
"""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.errors import N_, Invalid
from domain.subscribers.facets import fields

# the same shape as the message compiler's; a test holds both against each other
_SLOT = re.compile(r"(?<!\\)\[(?P<name>[^\W_][\w .\-]{0,59})(?:\|(?P<fallback>[^\[\]\r\n]{0,200}))?\]")


@dataclass(frozen=True)
class Placeholder:
    """One name of the palette; `fallback` is what the palette inserts for people without a value."""

    name: str
    fallback: str
    sentence: str


PALETTE: tuple[Placeholder, ...] = (
    Placeholder("Briefanrede", "Guten Tag", N_("Salutation of a letter: “Guten Tag, Frau Brandt”")),
    Placeholder("Vorname", "", N_("First name")),
    Placeholder("Nachname", "", N_("Last name")),
    Placeholder("Anrede", "", N_("Form of address: Frau, Herr")),
    Placeholder("Titel", "", N_("Academic title")),
    Placeholder("Organisation", "", N_("Organisation the person belongs to")),
    Placeholder("Ort", "", N_("Town")),
    Placeholder("E-Mail", "", N_("E-mail address")),
    Placeholder("Salutation", "Hello", N_("English salutation: “Dear Ms Brandt”")),
    Placeholder("First name", "", N_("First name, English word")),
    Placeholder("Last name", "", N_("Last name, English word")),
)
KNOWN = {p.name.casefold(): p.name for p in PALETTE}
Reader = Callable[[Mapping[str, Any]], str]
_ENGLISH_TITLES = {"Frau": "Ms", "Herr": "Mr"}


def used(*texts: str) -> list[str]:
    """The names in the texts, in order of appearance, each once, with single spaces."""
    found = [" ".join(match["name"].split()) for text in texts for match in _SLOT.finditer(text)]
    return list(dict.fromkeys(found))


def without_fallback(*texts: str) -> list[str]:
    """Names that leave a gap for people without a value; the address is always there."""
    found = [
        " ".join(match["name"].split())
        for text in texts
        for match in _SLOT.finditer(text)
        if not (match["fallback"] or "").strip()
    ]
    return [name for name in dict.fromkeys(found) if name in KNOWN.values() and name != "E-Mail"]


def palette(tenant_id: int) -> tuple[Placeholder, ...]:
    """The names that a text of this tenant may use: the usual ones and its own fields."""
    own = [
        Placeholder(f.name, "", f.help or f.name)
        for f in fields.every(tenant_id)
        if f.name not in KNOWN.values()
    ]
    return (*PALETTE, *own)


def own_texts(tenant_id: int, names: Iterable[str]) -> Callable[[Any], dict[str, str]]:
    """A function from somebody's own values (key → value, or the JSON text of them) to name → text, for those of
    `names` that are own fields. A field that was renamed meanwhile is found by its key."""
    wanted = set(names) - set(KNOWN.values())
    defined = fields.every(tenant_id) if wanted else []
    by_name = {name: f.key for f in defined for name in (f.key, f.name) if name in wanted}

    def texts(values: Any) -> dict[str, str]:
        if not by_name:
            return {}
        given = json.loads(values) if isinstance(values, str) else values or {}
        return {
            name: _written(given[key])
            for name, key in by_name.items()
            if given.get(key) not in (None, "", [])
        }

    return texts


def check(field: str, *texts: str, own: Iterable[str] = ()) -> None:
    """Raise Invalid (on `field`) for the first name that neither the catalogue nor `own` knows, with the nearest
    one."""
    known = {**KNOWN, **{name.casefold(): name for name in own}}
    for name in used(*texts):
        if name not in known.values():
            near = known.get(name.casefold()) or next(
                iter(difflib.get_close_matches(name, known.values(), 1, 0.5)), "Vorname"
            )
            raise Invalid(
                fields={
                    field: (
                        N_("We do not know the placeholder [%(name)s]. Did you mean [%(near)s]?"),
                        {"name": name, "near": near},
                    )
                }
            )


def values_for(person: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """Name → value for one recipient. `person` has the columns of Subscriber, `organisation` (its name) and `own`
    (texts of own fields by name)."""
    found = person.get("own") or {}
    known = {name: read(person) for name, read in readers(names)}
    return {name: value for name in names if (value := known.get(name, found.get(name)))}


def readers(names: Iterable[str]) -> list[tuple[str, Reader]]:
    """Those of `names` that are in the palette, each with what gives its value for a recipient ("": none)."""
    return [(name, _VALUES[name]) for name in names if name in _VALUES]


def _letter(opening: str, salutation: str, title: str, first: str, last: str) -> str:
    """Formal with form of address and last name, else by full name, else empty: then the fallback greets."""
    comma = "," if opening == "Guten Tag" else ""
    if salutation and last:
        return f"{opening}{comma} " + " ".join(filter(None, (salutation, title, last)))
    name = " ".join(filter(None, (title, first, last)))
    return f"{opening}{comma} {name}" if name else ""


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "ja" if value else "nein"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return " ".join(str(value).split())


def _text(person: Mapping[str, Any], column: str) -> str:
    value = person.get(column)
    return " ".join(str(value).split()) if value else ""


def _column(column: str) -> Reader:
    return lambda person: _text(person, column)


def _german(person: Mapping[str, Any]) -> str:
    return _letter("Guten Tag", _text(person, "salutation"), *_name(person))


def _english(person: Mapping[str, Any]) -> str:
    return _letter("Dear", _ENGLISH_TITLES.get(_text(person, "salutation"), ""), *_name(person))


def _name(person: Mapping[str, Any]) -> tuple[str, str, str]:
    return _text(person, "title"), _text(person, "first_name"), _text(person, "last_name")


_VALUES: dict[str, Reader] = {
    "Briefanrede": _german,
    "Vorname": _column("first_name"),
    "Nachname": _column("last_name"),
    "Anrede": _column("salutation"),
    "Titel": _column("title"),
    "Organisation": _column("organisation"),
    "Ort": _column("city"),
    "E-Mail": _column("address"),
    "Salutation": _english,
    "First name": _column("first_name"),
    "Last name": _column("last_name"),
}
