"""The words of the portal for mails about what happened there: its compiled catalogues, read without the portal."""

import gettext
from functools import cache
from pathlib import Path

from domain.errors import N_

_folder: Path | None = None
ONE, SEVERAL = N_("1 notice"), N_("%(count)s notices")


def configure(folder: Path) -> None:
    """Where `<language>/LC_MESSAGES/messages.mo` lie."""
    global _folder
    _folder = folder
    _catalogue.cache_clear()


def say(language: str, message: str, params: dict[str, object] | None = None) -> str:
    """A message id with its values in `language`; English where there is no translation."""
    text = _catalogue(language).gettext(message)
    try:
        return text % params if params else text
    except (KeyError, ValueError, TypeError):  # an old notice whose sentence has other places now
        return text


def count(language: str, number: int) -> str:
    """How many notices, in words."""
    return say(language, ONE) if number == 1 else say(language, SEVERAL, {"count": number})


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    path = _folder / language / "LC_MESSAGES" / "messages.mo" if _folder else None
    if path is None or not path.exists():
        return gettext.NullTranslations()
    with path.open("rb") as file:
        return gettext.GNUTranslations(file)
