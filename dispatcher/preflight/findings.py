"""What a check says, and where it can be mended."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class Place(StrEnum):
    """Where a finding leads."""

    ISSUE = ""  # the issue; its block if the finding names one
    SUBJECT = "subject"
    PREHEADER = "preheader"
    ARTICLE = "article"  # `object_id`: the article
    POOL = "pool"  # the articles beside the issue, those with the `title` among the parameters
    TEMPLATE = "template"  # the mail template of the issue
    TENANT = "tenant"  # its imprint
    PLAN = "plan"  # recipients and sender
    SENDERS = "senders"  # sender domains
    ENCLOSED = "enclosed"  # files and pictures that travel in the mail
    EXPECTED = "expected"  # the articles that the issue waits for


@dataclass(frozen=True)
class Finding:
    """One line of the pre-flight: an error blocks approval, a hint does not. `block_id` leads to the place."""

    error: bool
    message: str
    params: dict[str, object] = field(default_factory=dict)
    block_id: int | None = None
    place: Place = Place.ISSUE
    object_id: int | None = None


Findings = Iterator[Finding]


def error(message: str, place: Place = Place.ISSUE, block_id: int | None = None, **params: object) -> Finding:
    return Finding(True, message, params, block_id, place)


def hint(message: str, place: Place = Place.ISSUE, block_id: int | None = None, **params: object) -> Finding:
    return Finding(False, message, params, block_id, place)
