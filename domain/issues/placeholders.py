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

from domain.db import abreast
from domain.errors import N_, Invalid
from domain.segments import computed
from domain.segments.computed import Column
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
    Placeholder(
        "Formelle Anrede",
        "Sehr geehrte Damen und Herren",
        N_("Formal salutation: “Sehr geehrte Frau Dr. Brandt”"),
    ),
    Placeholder("Vertraute Anrede", "Hallo", N_("Familiar salutation: “Liebe Marlies”")),
    Placeholder("Vorname", "", N_("First name")),
    Placeholder("Nachname", "", N_("Last name")),
    Placeholder("Anrede", "", N_("Form of address: Frau, Herr")),
    Placeholder("Titel", "", N_("Academic title")),
    Placeholder("Organisation", "", N_("Organisation the person belongs to")),
    Placeholder("Ort", "", N_("Town")),
    Placeholder("Funktion", "", N_("Function")),
    Placeholder("Straße", "", N_("Street and number")),
    Placeholder("Postleitzahl", "", N_("Postcode")),
    Placeholder("Region", "", N_("State or region")),
    Placeholder("Land", "", N_("Country")),
    Placeholder("Sprache", "", N_("Language")),
    Placeholder("Kategorie", "", N_("Reader category")),
    Placeholder("Geburtstag", "", N_("Birthday: “24.12.”")),
    Placeholder("Kundenstatus", "", N_("Status of the customer")),
    Placeholder("E-Mail", "", N_("E-mail address")),
    Placeholder("Familiar salutation", "Hello", N_("English familiar salutation: “Dear Marlies”")),
    Placeholder("Salutation", "Hello", N_("English salutation: “Dear Ms Brandt”")),
    Placeholder("First name", "", N_("First name, English word")),
    Placeholder("Last name", "", N_("Last name, English word")),
)
# of the mail, the same for everybody: filled in when it is made
HOUSE: tuple[Placeholder, ...] = (
    Placeholder("Mandant", "", N_("Name of the tenant")),
    Placeholder("Newsletter", "", N_("Name of the newsletter type")),
    Placeholder("Ausgabe", "", N_("Number of the issue")),
    Placeholder("Datum", "", N_("Date of the issue")),
    Placeholder("Absender", "", N_("Name of the sender")),
    Placeholder("Absenderadresse", "", N_("Address of the sender")),
    Placeholder("Antwortadresse", "", N_("Address for replies")),
    Placeholder("Sender", "", N_("Name of the sender, English word")),
    Placeholder("Sender address", "", N_("Address of the sender, English word")),
    Placeholder("Date", "", N_("Date of the issue, English word")),
)
KNOWN = {p.name.casefold(): p.name for p in (*PALETTE, *HOUSE)}
_HOUSE = frozenset(p.name for p in HOUSE)
Reader = Callable[[Mapping[str, Any]], str]
_ENGLISH_TITLES = {"Frau": "Ms", "Herr": "Mr"}


def used(*texts: str) -> list[str]:
    """The names in the texts, in order of appearance, each once, with single spaces."""
    found = [" ".join(match["name"].split()) for text in texts for match in _SLOT.finditer(text)]
    return list(dict.fromkeys(found))


def stripped(text: str) -> str:
    """The text with what stands in the place of its placeholders for nobody in particular."""
    return _SLOT.sub(lambda found: found["fallback"] or "", text).strip()


def without_fallback(*texts: str) -> list[str]:
    """Names that leave a gap for people without a value; the address is always there."""
    found = [
        " ".join(match["name"].split())
        for text in texts
        for match in _SLOT.finditer(text)
        if not (match["fallback"] or "").strip()
    ]
    filled = {"E-Mail", *_HOUSE}
    return [name for name in dict.fromkeys(found) if name in KNOWN.values() and name not in filled]


def personal(names: Iterable[str]) -> list[str]:
    """Those of `names` whose value differs from person to person."""
    return [name for name in names if name not in _HOUSE]


def with_house(text: str, values: Mapping[str, str], written: Callable[[str, int], str]) -> str:
    """`text` with the placeholders of the mail itself filled in. `written` puts a value into the source, knowing where
    it will stand; without a value the fallback stands there."""

    def put(match: re.Match[str]) -> str:
        name = " ".join(match["name"].split())
        if name not in _HOUSE:
            return match[0]
        value = values.get(name, "")
        return written(value, match.start()) if value else match["fallback"] or ""

    return _SLOT.sub(put, text)


def palette(tenant_id: int) -> tuple[Placeholder, ...]:
    """The names that a text of this tenant may use: the usual ones and its own fields."""
    every, columns = abreast(lambda: fields.every(tenant_id), lambda: computed.every(tenant_id))
    own = [Placeholder(f.name, "", f.help or f.name) for f in every if f.name not in KNOWN.values()]
    taken = {*KNOWN.values(), *(f.name for f in own)}
    firsts = [Placeholder(name, "", N_("Column of a report")) for name in columns if name not in taken]
    return (*PALETTE, *own, *firsts, *HOUSE)


def first_readers(
    tenant_id: int, columns: Iterable[Column], names: Iterable[str]
) -> list[tuple[str, Reader]]:
    """Those of `names` that are computed columns, each with what gives its value: the first field that has one. A
    person has, besides the columns of Subscriber, `organisation`, `organisation_status`."""
    wanted = [column for column in columns if column.name in set(names)]
    keys = {f"own:{f.id}": f.key for f in fields.every(tenant_id)} if wanted else {}
    return [(column.name, _first([_field(key, keys) for key in column.of])) for column in wanted]


def _first(read: list[Reader]) -> Reader:
    return lambda person: next((value for one in read if (value := one(person))), "")


def _field(key: str, own: Mapping[str, str]) -> Reader:
    area, _, name = key.partition(":")
    if area == "own":
        return lambda person: _own_value(person, own.get(key, ""))
    if area == "org":
        return _column({"name": "organisation", "status": "organisation_status"}.get(name, ""))
    return _column(name)


def _own_value(person: Mapping[str, Any], key: str) -> str:
    raw = person.get("fields") or {}
    value = (json.loads(raw) if isinstance(raw, str) else raw).get(key)
    return "" if value in (None, "", []) else _written(value)


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


def _formal(person: Mapping[str, Any]) -> str:
    """As formal as the data allow: form of address and last name, else the full name, else the fallback."""
    salutation, (title, first, last) = _text(person, "salutation"), _name(person)
    opening = _FORMAL.get(salutation)
    if opening and last:
        return " ".join(filter(None, (opening, salutation, title, last)))
    name = " ".join(filter(None, (title, first, last)))
    return f"Guten Tag, {name}" if name else ""


def _familiar(person: Mapping[str, Any]) -> str:
    """By first name; without one formal by form of address, so that nobody is “Liebe Brandt”."""
    salutation, (_title, first, last) = _text(person, "salutation"), _name(person)
    if first:
        return f"{_FAMILIAR.get(salutation, 'Hallo')} {first}"
    return f"{_FAMILIAR[salutation]} {salutation} {last}" if salutation in _FAMILIAR and last else ""


def _english_familiar(person: Mapping[str, Any]) -> str:
    first = _text(person, "first_name")
    return f"Dear {first}" if first else _english(person)


def _birthday(person: Mapping[str, Any]) -> str:
    """Day and month: the year is nobody's business in a mail."""
    _year, _, rest = _text(person, "birthday").partition("-")
    month, _, day = rest.partition("-")
    return f"{int(day)}.{int(month)}." if day.isdecimal() and month.isdecimal() else ""


def _name(person: Mapping[str, Any]) -> tuple[str, str, str]:
    return _text(person, "title"), _text(person, "first_name"), _text(person, "last_name")


_FORMAL = {"Frau": "Sehr geehrte", "Herr": "Sehr geehrter"}
_FAMILIAR = {"Frau": "Liebe", "Herr": "Lieber"}
_VALUES: dict[str, Reader] = {
    "Briefanrede": _german,
    "Formelle Anrede": _formal,
    "Vertraute Anrede": _familiar,
    "Familiar salutation": _english_familiar,
    "Funktion": _column("function"),
    "Straße": _column("street"),
    "Postleitzahl": _column("postcode"),
    "Region": _column("region"),
    "Land": _column("country"),
    "Sprache": _column("language"),
    "Kategorie": _column("category"),
    "Geburtstag": _birthday,
    "Kundenstatus": _column("organisation_status"),
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
