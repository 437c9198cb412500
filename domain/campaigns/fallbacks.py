"""For whom of a whole audience a placeholder has no value: counted in one statement, at any size."""

from collections.abc import Sequence
from typing import Any

from domain.campaigns import audience, reporting
from domain.campaigns.models import Campaign
from domain.db import is_postgres, rows
from domain.segments import computed, people
from domain.subscribers.facets import fields

_NAMELESS = "trim(s.title) = '' AND trim(s.first_name) = '' AND trim(s.last_name) = ''"
EMPTY: dict[str, str] = {  # placeholder → when it has no value
    "Briefanrede": _NAMELESS,
    "Salutation": _NAMELESS,
    "Vorname": "trim(s.first_name) = ''",
    "First name": "trim(s.first_name) = ''",
    "Nachname": "trim(s.last_name) = ''",
    "Last name": "trim(s.last_name) = ''",
    "Anrede": "trim(s.salutation) = ''",
    "Titel": "trim(s.title) = ''",
    "Formelle Anrede": _NAMELESS,
    "Vertraute Anrede": "trim(s.first_name) = '' AND (trim(s.last_name) = '' OR s.salutation NOT IN ('Frau', 'Herr'))",
    "Familiar salutation": _NAMELESS,
    "Funktion": "trim(s.function) = ''",
    "Straße": "trim(s.street) = ''",
    "Postleitzahl": "trim(s.postcode) = ''",
    "Region": "trim(s.region) = ''",
    "Land": "trim(s.country) = ''",
    "Sprache": "trim(s.language) = ''",
    "Kategorie": "trim(s.category) = ''",
    "Geburtstag": "trim(s.birthday) = ''",
    "Kundenstatus": "trim(coalesce(o.status, '')) = ''",
    "Ort": "trim(s.city) = ''",
    "Organisation": "trim(coalesce(o.name, '')) = ''",
}


def counts(campaign: Campaign, names: Sequence[str]) -> dict[str, int]:
    """Name → how many of those who would get the mail have no value for it; names without gaps are left out."""
    is_more = bool(set(names) - set(EMPTY))
    defined = fields.every(campaign.tenant_id) if is_more else []
    own = {name: f.key for f in defined for name in (f.key, f.name)}
    firsts = {column.name: column for column in computed.of(reporting.of(campaign))} if is_more else {}
    by_key = {f"own:{f.id}": f for f in defined}
    asked = [name for name in names if name in EMPTY or name in own or name in firsts]
    if not asked:
        return {}
    conditions, bound = [], []
    for name in asked:
        if name in firsts and name not in EMPTY and name not in own:
            text, given = people.first_of(firsts[name], by_key)
            conditions.append(f"{text} = ''")
            bound += given
            continue
        conditions.append(EMPTY.get(name) or _own())
        bound += [] if name in EMPTY else [own[name] if is_postgres() else f'$."{own[name]}"']
    sums = ", ".join(f"sum(CASE WHEN {condition} THEN 1 ELSE 0 END)" for condition in conditions)
    text, values = audience.statement(campaign, f"SELECT {sums}, {audience.REASON} AS reason")
    found = rows(text + f" GROUP BY {len(asked) + 1}", [*bound, *values], len(asked) + 1)
    got: Any = next((row for row in found if row[-1] is None), ())
    return {name: int(count) for name, count in zip(asked, got, strict=False) if count}


def _own() -> str:
    """When an own field has no value; its key or path is bound."""
    raw = "(s.fields::jsonb ->> ?::text)" if is_postgres() else "json_extract(s.fields, ?)"
    return f"COALESCE(CAST({raw} AS TEXT), '') IN ('', '[]')"
