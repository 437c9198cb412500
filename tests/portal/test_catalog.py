"""Many small translation files become one catalogue; gaps and contradictions are found."""

from pathlib import Path

import pytest
from babel.messages.mofile import read_mo

from portal import catalog

HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source tree of its own with an empty German catalogue folder."""
    monkeypatch.setattr(catalog, "ROOT", tmp_path)
    monkeypatch.setattr(catalog, "TRANSLATIONS", tmp_path / "portal" / "translations")
    for top in catalog.SEARCHED:
        (tmp_path / top).mkdir()
    (tmp_path / "portal" / "templates").mkdir()
    (tmp_path / "portal" / "translations" / "de" / "LC_MESSAGES").mkdir(parents=True)
    return tmp_path


def write_po(house: Path, area: str, body: str) -> None:
    path = house / "portal/translations/de/LC_MESSAGES" / f"{area}.po"
    path.write_text(HEAD + body, encoding="utf-8")


def test_areas_are_merged_into_one_compiled_catalogue(house: Path) -> None:
    write_po(house, "pool", 'msgid "Return"\nmsgstr "Zurückgeben"\n')
    write_po(
        house,
        "issues",
        'msgid "%(num)s issue"\nmsgid_plural "%(num)s issues"\nmsgstr[0] "eine"\nmsgstr[1] "viele"\n',
    )
    catalog.compile_all()
    with (house / "portal/translations/de/LC_MESSAGES/messages.mo").open("rb") as file:
        compiled = read_mo(file)
    assert compiled.get("Return").string == "Zurückgeben"
    assert list(compiled.get("%(num)s issue").string) == ["eine", "viele"]


def test_two_areas_must_not_translate_one_message_differently(house: Path) -> None:
    write_po(house, "pool", 'msgid "Return"\nmsgstr "Zurückgeben"\n')
    write_po(house, "types", 'msgid "Return"\nmsgstr "Zurück"\n')
    with pytest.raises(catalog.CatalogError, match=r"'Return' reads differently in pool\.po and types\.po"):
        catalog.compile_all()


def test_every_kind_of_message_without_translation_is_listed(house: Path) -> None:
    (house / "portal" / "views.py").write_text(
        'flash(_("Saved"))\nngettext("%(num)s row", "%(num)s rows", 2)\n'
    )
    (house / "portal" / "templates" / "x.html").write_text(
        "<p>{{ _('Hello') }}</p>\n<p>{{ _('Known') }}</p>\n"
    )
    (house / "domain" / "errors.py").write_text('raise Conflict(N_("Too late"))\n')
    write_po(house, "all", 'msgid "Known"\nmsgstr "Bekannt"\n\nmsgid "Saved"\nmsgstr ""\n')
    assert catalog.missing() == [
        ("domain/errors.py", 1, "Too late"),
        ("portal/templates/x.html", 1, "Hello"),
        ("portal/views.py", 1, "Saved"),
        ("portal/views.py", 2, ("%(num)s row", "%(num)s rows")),
    ]


def test_fuzzy_translation_counts_as_none(house: Path) -> None:
    (house / "portal" / "views.py").write_text('_("Saved")\n')
    write_po(house, "all", '#, fuzzy\nmsgid "Saved"\nmsgstr "Gerettet"\n')
    assert [message for _, _, message in catalog.missing()] == ["Saved"]


def test_translation_that_asks_for_an_unknown_value_is_refused(house: Path) -> None:
    write_po(house, "all", 'msgid "%(count)s rows"\nmsgstr "%(anzahl)s Zeilen"\n')
    with pytest.raises(catalog.CatalogError, match="anzahl"):
        catalog.compile_all()
