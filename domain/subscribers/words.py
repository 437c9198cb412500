"""Texts of people as they are kept: one line without control characters, and the form that search compares."""

import re
import unicodedata

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_WORD = re.compile(r"[^\W_]+")


def folded(*texts: str | None) -> str:
    """Search form of names and address: no case, no accents, ß as ss, ae as a."""
    base = " ".join(t for t in texts if t).casefold()
    for written in ("ae", "oe", "ue"):
        base = base.replace(written, written[0])
    if not base.isascii():
        base = "".join(c for c in unicodedata.normalize("NFKD", base) if not unicodedata.combining(c))
    return " ".join(base.split())[:600]


def one_line(text: str, limit: int) -> str:
    """A value for one field: control characters become spaces, at most `limit` characters."""
    clean = text if text.isprintable() else _CONTROL.sub(" ", text)
    return " ".join(clean.split())[:limit]


def split(text: str, most: int = 6) -> list[str]:
    """The words of what somebody searches for, folded."""
    return _WORD.findall(folded(text))[:most]
