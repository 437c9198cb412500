"""Placeholders: one grammar in the domain and in the message compiler, values computed once per person."""

import pytest

from dispatcher.message import placeholders as compiler
from domain.issues import placeholders

PERSON = {
    "salutation": "Frau", "title": "Dr.", "first_name": "Sabine", "last_name": "Röhl", "address": "s@nord.example",
    "city": "Hannover", "organisation": "Verlag", "organisation_status": "A", "function": "Leitung",
    "street": "Deich 1", "postcode": "30159", "region": "Niedersachsen", "country": "DE", "language": "de",
    "category": "Abo", "birthday": "1980-12-04",
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "Hallo [Vorname|Sie]", "[Vorname]", r"\[Kommentar\] zur Wahl", "[E-Mail] und [First name|you]", "[ Vorname ]",
        "[Vor\u00a0name]", "[1|2]", "[a|b|c]", "[]", "[|x]", "[Ort\n]", "a[Ort]b[Titel|x]", "[_x]", "[Ärztin|?]",
    ],
)  # fmt: skip
def test_domain_and_compiler_find_the_same_names(text: str) -> None:
    assert set(placeholders.used(text)) == set(compiler.names(text))


def test_every_name_of_the_palette_has_a_value_for_a_complete_person() -> None:
    names = [p.name for p in placeholders.PALETTE]
    assert set(placeholders.values_for(PERSON, names)) == set(names)


@pytest.mark.parametrize(
    ("person", "greeting"),
    [
        (PERSON, "Guten Tag, Frau Dr. Röhl"),
        ({**PERSON, "salutation": ""}, "Guten Tag, Dr. Sabine Röhl"),
        ({**PERSON, "last_name": "", "title": ""}, "Guten Tag, Sabine"),
        ({"address": "x@nord.example"}, None),
    ],
)
def test_the_salutation_is_as_formal_as_the_data_allow(person: dict[str, str], greeting: str | None) -> None:
    assert placeholders.values_for(person, ["Briefanrede"]).get("Briefanrede") == greeting


@pytest.mark.parametrize(
    ("person", "formal", "familiar"),
    [
        (PERSON, "Sehr geehrte Frau Dr. Röhl", "Liebe Sabine"),
        ({**PERSON, "salutation": "Herr", "title": ""}, "Sehr geehrter Herr Röhl", "Lieber Sabine"),
        ({**PERSON, "salutation": ""}, "Guten Tag, Dr. Sabine Röhl", "Hallo Sabine"),
        ({**PERSON, "salutation": "Divers", "first_name": ""}, "Guten Tag, Dr. Röhl", None),
        ({**PERSON, "first_name": ""}, "Sehr geehrte Frau Dr. Röhl", "Liebe Frau Röhl"),
        ({"address": "x@nord.example"}, None, None),
    ],
)
def test_formal_and_familiar_salutations_say_no_more_than_is_known(person, formal, familiar) -> None:
    found = placeholders.values_for(person, ["Formelle Anrede", "Vertraute Anrede"])
    assert (found.get("Formelle Anrede"), found.get("Vertraute Anrede")) == (formal, familiar)


def test_a_birthday_is_told_without_its_year() -> None:
    assert placeholders.values_for(PERSON, ["Geburtstag"]) == {"Geburtstag": "4.12."}
