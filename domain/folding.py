"""Text as it is searched: without case and accents, and the question whether words stand in it."""

import re
import unicodedata
from collections.abc import Callable

_SPACES = re.compile(r"[ \t\r\n\f]+")


def fold(text: str) -> str:
    """Search form: no case, no accents, ß as ss; ä, ö, ü and ae, oe, ue meet ("Grüße" = "gruesse" = "grusse")."""
    base = text.casefold()
    for written in ("ae", "oe", "ue"):
        base = base.replace(written, written[0])
    decomposed = unicodedata.normalize("NFKD", base)
    return _SPACES.sub(" ", "".join(c for c in decomposed if not unicodedata.combining(c))).strip()


def holding(text: str) -> Callable[..., bool]:
    """What says of names whether together they hold every word of `text`; without words all of them do."""
    words = fold(text).split()

    def holds(*names: str) -> bool:
        folded = fold(" ".join(names)) if words else ""
        return all(word in folded for word in words)

    return holds
