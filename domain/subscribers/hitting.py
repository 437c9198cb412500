"""Whether a rule of the suppression list hits an address: of text alone, so that a claim can ask it, too."""

import hashlib
import re
from functools import lru_cache


def hits(kind: str, value: str, key: str) -> bool:
    """Whether a rule (domain, pattern, md5, sha1, sha256) hits an address key."""
    if kind == "pattern":
        return regex(value).fullmatch(key) is not None
    return value in forms(kind, key)


def forms(kind: str, key: str) -> list[str]:
    """The values under which a rule of this kind would hit the address."""
    domain = key.rpartition("@")[2]
    if kind == "domain":
        labels = domain.split(".")
        return [".".join(labels[i:]) for i in range(len(labels) - 1)]
    digest = getattr(hashlib, kind)
    # the ECG list holds addresses and, with a leading @, whole domains
    return [digest(text.encode()).hexdigest() for text in (key, f"@{domain}")]


@lru_cache(maxsize=4_096)
def regex(pattern: str) -> re.Pattern[str]:
    """A pattern with * and ? as a regular expression for whole keys."""
    return re.compile(
        "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern), re.DOTALL
    )
