"""The list of people: search, filters, keyset pages. Nothing here counts all rows or scans them.

Every filter has an index that yields people newest first. The narrowest filter leads, the others are asked per
person, so that a page costs the same with ten thousand people and with millions.
"""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

from dataclasses import dataclass
from typing import Any

from domain.db import database, is_postgres, sql
from domain.subscribers import words
from domain.subscribers.models import NewsletterType, Subscriber
from domain.tenancy import territory

PAGE_SIZE = 50
FEW = 1_000  # the same where each costs more than a look into an index: lists, words, territories, any type
COUNTED = 10_000  # up to here a number is exact, above it is "more than"
DOCUMENT = "to_tsvector('simple', regexp_replace(s.folded, '[^[:alnum:]]+', ' ', 'g'))"


@dataclass(frozen=True)
class Query:
    """What the list shows; `before_id`/`after_id` are the ends of the page one comes from. `text`: words that names
    or addresses begin with."""

    text: str = ""
    type_id: int | None = None
    consent: str = ""
    list_id: int | None = None
    territory_id: int | None = None  # a node: people there and below
    before_id: int | None = None
    after_id: int | None = None


@dataclass(frozen=True)
class Page:
    """One page of people, newest first. `total` is exact up to `most`; above that `more` is set."""

    people: list[Subscriber]
    newer_id: int | None
    older_id: int | None
    total: int
    most: int = COUNTED

    @property
    def more(self) -> bool:
        return self.total > self.most


def find(tenant_id: int, query: Query, size: int = PAGE_SIZE) -> Page:
    """A page of people by words of name or address, type, consent and list."""
    total, most = _total(tenant_id, query)
    if query.after_id:
        ids = _ids(tenant_id, query, ">", query.after_id, size + 1)
        more, ids = len(ids) > size, ids[:size][::-1]
        return Page(_people(tenant_id, ids), ids[0] if more else None, ids[-1] if ids else None, total, most)
    ids = _ids(tenant_id, query, "<" if query.before_id else "", query.before_id, size + 1)
    more, ids = len(ids) > size, ids[:size]
    newer = ids[0] if query.before_id and ids else None
    return Page(_people(tenant_id, ids), newer, ids[-1] if more else None, total, most)


def narrowed(tenant_id: int, text: str, limit: int) -> list[int]:
    """Ids of up to `limit` people whose name or address holds words that begin so, newest first."""
    return _ids(tenant_id, Query(text=text), "", None, limit)


def match(found: list[str]) -> str:
    """The words as the bound engine's index wants them, each as the beginning of a word."""
    return (
        " & ".join(f"{word}:*" for word in found) if is_postgres() else " AND ".join(f"{w}*" for w in found)
    )


def _people(tenant_id: int, ids: list[int]) -> list[Subscriber]:
    rows = Subscriber.select().where(Subscriber.tenant_id == tenant_id, Subscriber.id.in_(ids or [0]))
    by_id = {row.id: row for row in rows}
    return [by_id[i] for i in ids if i in by_id]


def _ids(tenant_id: int, query: Query, side: str, anchor: int | None, limit: int) -> list[int]:
    found = words.split(query.text)
    if query.text.strip() and not found:
        return []
    if query.consent and not (found or query.list_id or query.type_id or query.territory_id):
        return _of_any_type(tenant_id, query.consent, side, anchor, limit)
    text, values = _statement(tenant_id, query, found, side, anchor)
    return [row[0] for row in database.execute_sql(sql(text), [*values, limit]).fetchall()]


def _total(tenant_id: int, query: Query) -> tuple[int, int]:
    """(how many people the filters hold for, how far that was counted)."""
    found = words.split(query.text)
    if query.text.strip() and not found:
        return 0, COUNTED
    if query.consent and not (found or query.list_id or query.type_id or query.territory_id):
        return len(_of_any_type(tenant_id, query.consent, "", None, FEW + 1)), FEW
    most = FEW if query.list_id or found or query.territory_id else COUNTED
    text, values = _statement(tenant_id, query, found, "", None)
    row = database.execute_sql(sql(f"SELECT count(*) FROM ({text}) counted"), [*values, most + 1]).fetchone()
    return int(row[0]), most


def _statement(
    tenant_id: int, query: Query, found: list[str], side: str, anchor: int | None
) -> tuple[str, list[Any]]:
    """(text with a place for the limit at its end, values before it)."""
    source, order, where, values = _leading(tenant_id, query, found)
    if query.list_id and not source.startswith("list_member"):
        where.append(
            "EXISTS (SELECT 1 FROM list_member x WHERE x.tenant_id = ? AND x.list_id = ? AND x.subscriber_id = s.id)"
        )
        values += [tenant_id, query.list_id]
    if (query.type_id or query.consent) and not source.startswith("subscription"):
        kind = "x.type_id = ?" if query.type_id else "TRUE"
        state = "x.consent = ?" if query.consent else "TRUE"
        where.append(
            "EXISTS (SELECT 1 FROM subscription x WHERE x.tenant_id = ? AND x.subscriber_id = s.id"
            f" AND {kind} AND {state})"
        )
        values += [tenant_id, *filter(None, (query.type_id, query.consent))]
    if query.territory_id:
        nodes = territory.below(tenant_id, [query.territory_id])
        where.append(f"s.territory_id IN ({', '.join(map(str, nodes)) or 'NULL'})")
    if side:
        where.append(f"{order} {side} ?")
        values.append(anchor)
    text = f"""SELECT s.id FROM {source} WHERE {" AND ".join(where)}
        ORDER BY {order} {"ASC" if side == ">" else "DESC"} LIMIT ?"""
    return text, values


def _leading(tenant_id: int, query: Query, found: list[str]) -> tuple[str, str, list[str], list[Any]]:
    """(tables, column of the order, conditions, values) of the filter that leads."""
    if found and is_postgres():
        return "subscriber s", "s.id", ["s.tenant_id = ?", f"{DOCUMENT} @@ to_tsquery('simple', ?)"], [
            tenant_id, match(found),
        ]  # fmt: skip
    if found:
        # CROSS JOIN: the index of words leads; it yields ids in order
        source = "subscriber_search CROSS JOIN subscriber s ON s.id = subscriber_search.rowid"
        where = ["subscriber_search MATCH ?", "s.tenant_id = ?"]
        wanted: list[Any] = [f"tenant{tenant_id} AND {match(found)}", tenant_id]
        return source, "subscriber_search.rowid", where, wanted
    if query.list_id:
        return "list_member m JOIN subscriber s ON s.id = m.subscriber_id", "m.subscriber_id", [
            "m.tenant_id = ?", "m.list_id = ?", "s.tenant_id = ?",
        ], [tenant_id, query.list_id, tenant_id]  # fmt: skip
    if query.type_id:
        where = ["c.tenant_id = ?", "c.type_id = ?", "s.tenant_id = ?"]
        values: list[Any] = [tenant_id, query.type_id, tenant_id]
        if query.consent:
            where.append("c.consent = ?")
            values.append(query.consent)
        return "subscription c JOIN subscriber s ON s.id = c.subscriber_id", "c.subscriber_id", where, values
    return "subscriber s", "s.id", ["s.tenant_id = ?"], [tenant_id]


def _of_any_type(tenant_id: int, consent: str, side: str, anchor: int | None, limit: int) -> list[int]:
    """People with this consent for any type: the newest of each type, merged."""
    found: set[int] = set()
    ascending = side == ">"
    for (type_id,) in (
        NewsletterType.select(NewsletterType.id).where(NewsletterType.tenant_id == tenant_id).tuples()
    ):
        wanted = Query(type_id=type_id, consent=consent)
        found.update(_ids(tenant_id, wanted, side, anchor, limit))
    return sorted(found, reverse=not ascending)[:limit]
