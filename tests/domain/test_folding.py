"""Text as it is searched."""

import pytest

from domain.folding import fold, holding


@pytest.mark.parametrize(
    ("written", "searched"),
    [
        ("Grüße", "gruesse"),
        ("Gruesse", "Grüße"),
        ("Straße", "STRASSE"),
        ("Müller", "muller"),
        ("Élan", "elan"),
    ],
)
def test_search_form_meets_every_spelling(written: str, searched: str) -> None:
    assert fold(searched) in fold(f"viele {written} aus Hamburg")


def test_names_hold_every_word_wherever_it_stands() -> None:
    holds = holding("  Grün SÜD ")
    assert holds("Grüner Süden") and holds("Süd", "gruen") and not holds("Süd")
    assert holding(" ")("anything")
