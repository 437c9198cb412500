"""Message catalogues: many small .po files per language become one messages.mo; and a check of completeness.

`python -m portal.catalog` compiles, `python -m portal.catalog check` lists messages without a translation.
Stands on Babel and the standard library only, because the build hook runs it by path.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as BabelMessage
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
TRANSLATIONS = ROOT / "portal" / "translations"
CHECKED_LANGUAGE = "de"  # English is the source language and needs no catalogue
SEARCHED = ("portal", "domain", "dispatcher", "mediadb")
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.txt", "jinja2")]
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "_l": None,
    "ngettext": (1, 2),
    "N_": None,
}

Message = str | tuple[str, ...]
_PLACES = re.compile(r"%\((\w+)\)")


class CatalogError(Exception):
    """A catalogue file cannot be used: two translations for one message, or a file that cannot be read."""


def compile_all() -> None:
    """Write messages.mo for every language that has .po files; leaves an up-to-date file alone."""
    for folder in sorted(TRANSLATIONS.glob("*/LC_MESSAGES")):
        sources = sorted(folder.glob("*.po"))
        target = folder / "messages.mo"
        newest = max((path.stat().st_mtime for path in sources), default=0.0)
        if sources and (not target.exists() or target.stat().st_mtime <= newest):
            catalog = merge(folder.parent.name, sources)
            with target.open("wb") as out:
                write_mo(out, catalog)


def merge(language: str, sources: list[Path]) -> Catalog:
    """One catalogue from many; CatalogError if one message reads differently in two of them."""
    merged = Catalog(locale=language, charset="utf-8")
    origin: dict[object, tuple[Path, object]] = {}
    for path in sources:
        with path.open("rb") as source:
            part = read_po(source, locale=language, charset="utf-8")
        for message in part:
            if not message.id or message.fuzzy or not _translated(message.string):
                continue
            _check_places(message, path)
            key = merged._key_for(message.id, message.context)
            earlier, text = origin.setdefault(key, (path, message.string))
            if text != message.string:
                raise CatalogError(f"{message.id!r} reads differently in {earlier.name} and {path.name}")
            merged[message.id] = message
    return merged


def missing(language: str = CHECKED_LANGUAGE) -> list[tuple[str, int, Message]]:
    """Messages used in code and templates that have no translation: (file, line, message), sorted."""
    translated = merge(language, sorted((TRANSLATIONS / language / "LC_MESSAGES").glob("*.po")))
    gaps = []
    for filename, line, message in used_messages():
        found = translated.get(message)
        if found is None or not _translated(found.string):
            gaps.append((filename, line, message))
    return sorted(gaps, key=lambda gap: gap[:2])


def used_messages() -> Iterator[tuple[str, int, Message]]:
    """Every message id under SEARCHED, once per place; plural messages as (singular, plural)."""
    for top in SEARCHED:
        found = extract_from_dir(
            str(ROOT / top),
            method_map=METHODS,
            options_map={"**": {"encoding": "utf-8"}},
            keywords=KEYWORDS,
            directory_filter=_wanted_directory,
        )
        for filename, line, message, _comments, _context in found:
            if message:
                yield f"{top}/{filename}", line, message if isinstance(message, str) else tuple(message)


def _check_places(message: BabelMessage, path: Path) -> None:
    """A translation may leave out a value of its message; asking for one it does not get would be an error page."""
    given = set(_PLACES.findall(str(message.id)))
    if unknown := set(_PLACES.findall(str(message.string))) - given:
        raise CatalogError(f"{path.name}: {message.id!r} does not give {', '.join(sorted(unknown))}")


def _wanted_directory(path: str) -> bool:
    return Path(path).name not in {"static", "translations", "__pycache__"}


def _translated(string: object) -> bool:
    if isinstance(string, (tuple, list)):
        return all(string)
    return bool(string)


def main(arguments: list[str]) -> int:
    """Exit code 0, or 1 with one line per gap."""
    if arguments not in ([], ["check"]):
        print("usage: python -m portal.catalog [check]", file=sys.stderr)
        return 2
    try:
        if not arguments:
            compile_all()
            return 0
        gaps = missing()
    except CatalogError as error:
        print(f"translations: {error}", file=sys.stderr)
        return 1
    for filename, line, message in gaps:
        text = message if isinstance(message, str) else " / ".join(message)
        print(f"{filename}:{line}: no {CHECKED_LANGUAGE} translation: {text}")
    print(f"translations: {len(gaps)} missing" if gaps else "translations: complete")
    return 1 if gaps else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
