"""Stand-in names: one word by which each tenant's own list, segment, picture and folder is found.

Lists and segments are resolved here, pictures and folders in mediadb.aliases, which knows their tables.
"""

import re
from typing import Any

from domain.errors import N_, Invalid
from domain.segments.models import Segment
from domain.subscribers.models import DistributionList

PEOPLE: dict[str, type[Any]] = {"list": DistributionList, "segment": Segment}
_WORD = re.compile(r"[\w][\w .-]{0,59}\Z")


def checked(word: str) -> str:
    """`word` as a stand-in name: without case, single spaces; raises Invalid (field `word`). Empty: none."""
    text = " ".join(word.split()).casefold()
    if text and not _WORD.match(text):
        raise Invalid(
            fields={"word": N_("Use letters, digits, spaces, dots and hyphens, at most 60 characters.")}
        )
    return text


def by_word(tenant_id: int, kind: str, words: set[str]) -> dict[str, int]:
    """Word → id of the tenant's own list or segment."""
    return found(PEOPLE[kind], tenant_id, words)


def of_ids(tenant_id: int, kind: str, ids: set[int]) -> dict[int, tuple[str, str]]:
    """Id → (word, name) of lists or segments; the word is empty when it has none."""
    model = PEOPLE[kind]
    rows = model.select(model.id, model.alias, model.name).where(
        model.tenant_id == tenant_id, model.id.in_(ids or {0})
    )
    return {row_id: (word, name) for row_id, word, name in rows.tuples()}


def found(model: type[Any], tenant_id: int, words: set[str]) -> dict[str, int]:
    """Word → id in one table with a column `alias`."""
    rows = model.select(model.alias, model.id).where(
        model.tenant_id == tenant_id, model.alias.in_(words or {"-"})
    )
    return dict(rows.tuples())


def give(model: type[Any], tenant_id: int, object_id: int, word: str) -> None:
    """Name a stand-in; the word leaves the object that had it before: it stands for one thing of a kind."""
    model.update(alias="").where(
        model.tenant_id == tenant_id, model.alias == word, model.alias != ""
    ).execute()
    model.update(alias=word).where(model.tenant_id == tenant_id, model.id == object_id).execute()
