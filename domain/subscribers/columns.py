"""What a column of a foreign file means: guessed from its name, German or English, and from its cells."""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from domain.errors import N_

SKIP, OWN = "", "own"  # leave the column out; keep it as an own field under the name of the column
FIELDS: dict[str, str] = {
    "address": N_("E-mail address"),
    "first_name": N_("First name"),
    "last_name": N_("Last name"),
    "name": N_("Whole name"),
    "salutation": N_("Salutation"),
    "title": N_("Title"),
    "organisation": N_("Customer"),
    "function": N_("Function"),
    "street": N_("Street and number"),
    "postcode": N_("Postcode"),
    "city": N_("City"),
    "region": N_("State or region"),
    "country": N_("Country"),
    "language": N_("Language"),
    "birthday": N_("Birthday"),
    "category": N_("Reader category"),
    "territory": N_("Territory"),
    "tags": N_("Tags"),
    "status": N_("Status (who is signed off or blocked)"),
    "off_at": N_("Time of the sign-off"),
    "proof": N_("Proof of the consent"),
    "attributes": N_("Attributes (JSON)"),
    OWN: N_("Own field"),
}
TEXTS = (
    "salutation", "title", "first_name", "last_name", "function", "street", "postcode", "city", "region", "country",
    "language", "category",
)  # fmt: skip
REPEATABLE = (OWN, "proof", "off_at", "attributes", "tags")
OWN_PREFIX = "own:"  # before the id of an own field of the tenant

_KNOWN: dict[str, str] = {
    "address": "email emailaddress mail emailadresse mailadresse emailadr empfaenger adresseemail eemail emailprivat",
    "first_name": "firstname vorname givenname forename fname prename",
    "last_name": "lastname nachname surname familyname familienname name2 lname zuname",
    "name": "name fullname vollername displayname kontakt ansprechpartner subscribername",
    "salutation": "salutation anrede gender geschlecht prefix",
    "title": "title titel academictitle akademischertitel",
    "organisation": "organisation organization company firma unternehmen companyname kunde institution verein",
    "function": "function funktion position jobtitle job beruf",
    "street": "street strasse str strasseundhausnummer strassehausnummer anschrift address1 adresse1",
    "postcode": "postcode postalcode zip zipcode plz postleitzahl",
    "city": "city ort stadt town wohnort",
    "region": "region bundesland province",
    "birthday": "birthday birthdate dateofbirth geburtstag geburtsdatum",
    "category": "category kategorie",
    "territory": "territory gebiet landesverband bezirksverband kreisverband ortsverband gliederung gliederungspfad",
    "tags": "tags schlagworte schlagwoerter",
    "country": "country land cc countrycode laendercode laenderkennzeichen",
    "language": "language sprache lang locale mailsprache",
    "status": "status state subscriptionstatus abostatus emailstatus",
    "off_at": "deaktiviert deactivated unsubtime unsubscribedat abgemeldet abgemeldetam austragung",
    "proof": "optintime optinip confirmtime confirmip aktiviert activated registriert registered bestaetigtam "
    "anmeldedatum optindatum",
    "attributes": "attributes attribs attribute",
}
GUESSES = {name: key for key, names in _KNOWN.items() for name in names.split()}
OFF_WORDS = frozenset(
    [
        "unsubscribed", "abgemeldet", "inactive", "inaktiv", "deaktiviert", "deactivated", "optout", "optedout",
        "ausgetragen", "off", "0", "false", "nein", "no",
    ]
)  # fmt: skip
BLOCKED_WORDS = frozenset(
    [
        "blocklisted", "blacklisted", "blocked", "cleaned", "bounced", "bounce", "disabled", "gesperrt", "blockiert",
        "unzustellbar", "complained",
    ]
)  # fmt: skip
_COUNTRIES = {
    "deutschland": "DE", "germany": "DE", "oesterreich": "AT", "austria": "AT", "schweiz": "CH", "switzerland": "CH",
    "frankreich": "FR", "france": "FR", "italien": "IT", "italy": "IT", "niederlande": "NL", "netherlands": "NL",
    "belgien": "BE", "belgium": "BE", "luxemburg": "LU", "luxembourg": "LU", "polen": "PL", "poland": "PL",
    "daenemark": "DK", "denmark": "DK", "spanien": "ES", "spain": "ES", "tschechien": "CZ", "grossbritannien": "GB",
    "unitedkingdom": "GB", "usa": "US", "unitedstates": "US", "liechtenstein": "LI",
}  # fmt: skip
_LANGUAGES = {"deutsch": "de", "german": "de", "englisch": "en", "english": "en"}
_SALUTATIONS = {
    "herr": "Herr", "mr": "Herr", "m": "Herr", "male": "Herr", "maennlich": "Herr", "mann": "Herr",
    "frau": "Frau", "ms": "Frau", "mrs": "Frau", "f": "Frau", "w": "Frau", "female": "Frau", "weiblich": "Frau",
}  # fmt: skip
_NO_DATE = re.compile(r"[0\s.:/-]*|01\.01\.1970.*|1970-01-01.*")


@dataclass
class Values:
    """What one row says about a person."""

    address: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    organisation: str = ""
    own: dict[str, Any] = field(default_factory=dict)
    birthday: str = ""
    territory: str = ""
    tags: list[str] = field(default_factory=list)
    proof: str = ""
    is_off: bool = False
    is_blocked: bool = False


@lru_cache(maxsize=4_096)
def folded(text: str) -> str:
    """`E-Mail-Adresse` → `emailadresse`: how names of columns and words in cells are compared."""
    for umlaut, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        text = text.casefold().replace(umlaut, plain)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", text)


def guess(header: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[int, str]:
    """Column → field, each field at most once unless it may repeat; unknown columns are left out."""
    mapping: dict[int, str] = {}
    taken: set[str] = set()
    for index, name in enumerate(header):
        meant = GUESSES.get(folded(name), SKIP)
        if meant in taken and meant not in REPEATABLE:
            meant = SKIP
        mapping[index] = meant
        taken.add(meant)
    if "address" not in taken:
        width = max((len(row) for row in rows), default=0)
        shares = [(sum("@" in row[i] for row in rows if i < len(row)), -i) for i in range(width)]
        most, minus_index = max(shares, default=(0, 0))
        if most:
            mapping[-minus_index] = "address"
    return mapping


def read(cells: Sequence[str], header: Sequence[str], mapping: dict[int, str]) -> Values:
    """The values of one row by `mapping`."""
    values = Values()
    for index, meant in mapping.items():
        cell = cells[index].strip() if index < len(cells) else ""
        if not meant or not cell:
            continue
        name = header[index] if index < len(header) else ""
        _take(values, meant, cell, name)
    return values


def _take(values: Values, meant: str, cell: str, name: str) -> None:
    if meant == "address":
        values.address = cell
    elif meant == "organisation":
        values.organisation = cell
    elif meant == "name":
        first, last = split_name(cell)
        values.texts.setdefault("first_name", first)
        values.texts.setdefault("last_name", last)
    elif meant == "country":
        values.texts["country"] = _COUNTRIES.get(folded(cell), cell.upper() if len(cell) == 2 else "")
    elif meant == "language":
        values.texts["language"] = _LANGUAGES.get(
            folded(cell), cell[:2].lower() if cell[:2].isalpha() else ""
        )
    elif meant == "salutation":
        values.texts["salutation"] = _SALUTATIONS.get(folded(cell), cell)
    elif meant in TEXTS:
        values.texts[meant] = cell
    elif meant == "status":
        values.is_off |= folded(cell) in OFF_WORDS
        values.is_blocked |= folded(cell) in BLOCKED_WORDS
    elif meant == "off_at":
        values.is_off |= not _NO_DATE.fullmatch(cell)
    elif meant == "proof":
        if not _NO_DATE.fullmatch(cell):
            values.proof = f"{values.proof}; {name}: {cell}".lstrip("; ")
    elif meant in ("birthday", "territory"):
        setattr(values, meant, cell)
    elif meant == "tags":
        values.tags += [part.strip(" \"'") for part in re.split(r"[,;|]", cell) if part.strip(" \"'")]
    elif meant.startswith(OWN_PREFIX):
        values.own[meant] = cell
    elif meant == "attributes":
        values.own |= _attributes(cell)
    elif meant == OWN:
        values.own[name or OWN] = cell


def split_name(name: str) -> tuple[str, str]:
    """("Anna Maria", "von Beek"): the last word, with the small words before it, is the last name."""
    if "," in name:
        last, _, first = name.partition(",")
        return first.strip(), last.strip()
    words = name.split()
    if len(words) < 2:
        return "", name.strip()
    cut = len(words) - 1
    while cut > 1 and words[cut - 1].islower():
        cut -= 1
    return " ".join(words[:cut]), " ".join(words[cut:])


def _attributes(cell: str) -> dict[str, Any]:
    try:
        found = json.loads(cell)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        str(key)[:80]: value if isinstance(value, int | float | bool) else str(value)[:500]
        for key, value in found.items()
        if isinstance(value, str | int | float | bool)
    }
