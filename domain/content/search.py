"""Search in a folded column: every word must occur, also inside of a longer one, however its umlauts, ß and accents
are written. An index of groups of three characters finds candidates (migration 0075), the text itself decides."""

import re

from peewee import SQL, Expression, Field, ModelSelect, fn

from domain.db import is_postgres
from domain.folding import fold

WORDS = 8  # of a query that count
GROUP = 3  # characters; shorter words are looked for in the texts alone
_PRIVATE, _SIZE = 0xE000, 6_400
_FOUND = {
    "article": "(SELECT rowid FROM article_search WHERE article_search MATCH ?)",
    "asset": "(SELECT rowid FROM asset_search WHERE asset_search MATCH ?)",
}


def narrowed(query: ModelSelect, column: Field, text: str, tenant_id: int) -> ModelSelect:
    """`query` over rows of one tenant, reduced to those whose folded `column` holds every word of `text`."""
    return holding(likely(query, column, text, tenant_id), column, text)


def likely(query: ModelSelect, column: Field, text: str, tenant_id: int) -> ModelSelect:
    """`query` without the rows that cannot hold the words, as far as an index tells without reading their texts."""
    words = _words(text)
    groups = dict.fromkeys(word[i : i + GROUP] for word in words for i in range(len(word) - GROUP + 1))
    if groups and not is_postgres():
        found = SQL(_FOUND[column.model._meta.table_name], [_match(list(groups), tenant_id)])
        query = query.where(column.model.id.in_(found))
    return query


def holding(query: ModelSelect, column: Field, text: str) -> ModelSelect:
    """`query` reduced to the rows whose `column` holds every word, by looking at it; PostgreSQL asks its index."""
    for word in _words(text):
        query = query.where(_inside(column, word) if is_postgres() else fn.INSTR(column, word) > 0)
    return query


def _inside(column: Field, word: str) -> Expression:
    """LIKE, which the index knows; both sides are folded, and ILIKE takes twice as long to find that out."""
    text = re.sub(r"([\\%_])", r"\\\1", word)
    return column.like(f"%{text}%")


def _words(text: str) -> list[str]:
    return fold(text).split()[:WORDS]


def _match(groups: list[str], tenant_id: int) -> str:
    """What finds the rows of the tenant in whose text all these groups of characters occur somewhere."""
    return " AND ".join('"' + group.replace('"', '""') + '"' for group in [_mark(tenant_id), *groups])


def _mark(tenant_id: int) -> str:
    """The tenant's number as a word of three characters that no text holds."""
    parts = (tenant_id // _SIZE // _SIZE, tenant_id // _SIZE, tenant_id)
    return "".join(chr(_PRIVATE + part % _SIZE) for part in parts)
