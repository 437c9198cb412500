"""Search in a folded column: every word must occur, however its umlauts, ß and accents are written."""

from peewee import Field, ModelSelect, fn

from domain.content import markup
from domain.db import is_postgres

WORDS = 8  # of a query that count


def narrowed(query: ModelSelect, column: Field, text: str) -> ModelSelect:
    """`query` reduced to rows whose folded `column` holds every word of `text`."""
    inside = fn.STRPOS if is_postgres() else fn.INSTR
    for word in markup.fold(text).split()[:WORDS]:
        query = query.where(inside(column, word) > 0)
    return query
