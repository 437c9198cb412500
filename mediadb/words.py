"""Names and texts of media: one line, no control characters, folded for the search."""

import re

from domain.folding import fold

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029/\\]+")


def clean_name(filename: str) -> str:
    """The name of a file without path and control characters."""
    return _CONTROL.sub(" ", filename.replace("\\", "/").rpartition("/")[2]).strip()[-200:] or "file"


def line(text: str, limit: int) -> str:
    """`text` as one line of at most `limit` characters."""
    return " ".join(_CONTROL.sub(" ", text or "").split())[:limit]


def folded(*texts: str) -> str:
    """What the search looks at."""
    return fold(" ".join(texts))
