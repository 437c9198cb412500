"""The recipient table of a mailing that has not begun: everybody meant, with a tick, a state and the reason.

Every order walks an index: people without an address or a customer stand at the end, by number. Nothing is counted
beyond a bound.
"""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from domain.campaigns import audience, choosing
from domain.campaigns.models import Campaign
from domain.db import database, is_postgres, sql
from domain.ledger.states import LeftOut
from domain.subscribers import finding, words

PAGE_SIZE = 50
COUNTED = 2_000
EXPORT_CHUNK = 2_000
ORDERS = {
    "new": "s.id",
    "name": "s.last_name",
    "address": "s.address_key",
    "customer": "o.folded",
}
LACKING = {
    "address": "s.address_key IS NULL",
    "customer": "s.organisation_id IS NULL",
}  # these stand at the end
SENDS, OUT = "yes", "no"
_COLUMNS = "s.id, s.title, s.first_name, s.last_name, s.address, s.organisation_id, o.name AS customer"


@dataclass(frozen=True)
class Query:
    """What the table shows. `state`: "yes" (gets it), "no" (does not) or the number of a reason; `cursor` as `Page`
    gives it."""

    text: str = ""
    state: str = ""
    order: str = "new"
    cursor: str = ""


@dataclass(frozen=True)
class Row:
    """One person of the audience. `reason` None: gets the mail."""

    id: int
    name: str
    address: str
    organisation_id: int | None
    customer: str
    reason: LeftOut | None

    @property
    def can_choose(self) -> bool:
        """Whether the tick decides: it does not for people who would be left out anyway."""
        return self.reason in (None, LeftOut.UNTICKED, LeftOut.NO_ADDRESS)

    @property
    def is_ticked(self) -> bool:
        """Meant to get the mail: also somebody whose address is still missing."""
        return self.reason in (None, LeftOut.NO_ADDRESS)


@dataclass(frozen=True)
class Page:
    """One page, and the cursor of the next. `total` is exact up to COUNTED."""

    rows: list[Row]
    following: str
    total: int

    @property
    def more(self) -> bool:
        return self.total > COUNTED


def page(campaign: Campaign, query: Query) -> Page:
    """A page of everybody meant by a campaign, with state and reason as of now."""
    order = query.order if query.order in ORDERS else "new"
    at_end = order in LACKING and query.cursor.endswith(".")
    rows = [] if at_end else _rows(campaign, query, order)
    if order in LACKING and len(rows) <= PAGE_SIZE:
        rows += _lacking(
            campaign, query, order, query.cursor[:-1] if at_end else "0", PAGE_SIZE + 1 - len(rows)
        )
    last = rows[PAGE_SIZE - 1] if len(rows) > PAGE_SIZE else None
    return Page(
        [_row(row) for row in rows[:PAGE_SIZE]],
        f"{last[0]}.{'' if last[-1] is None else last[-1]}" if last else "",
        _total(campaign, query),
    )


def _rows(campaign: Campaign, query: Query, order: str) -> list[tuple[Any, ...]]:
    """A page and one row more, in an order; without people who lack what it goes by."""
    key = ORDERS[order]
    text, values = _statement(
        campaign, query, f"SELECT {_COLUMNS}, {audience.REASON} AS reason, {key} AS place",
        "o" if order == "customer" and not query.text else "s",
    )  # fmt: skip
    if order in LACKING:
        text += f" AND {key} IS NOT NULL AND {key[0]}.tenant_id = {int(campaign.tenant_id)}"
    behind, bound = _behind(order, key, query.cursor)
    sign = "DESC" if order == "new" else "ASC"
    return database.execute_sql(
        sql(f"SELECT * FROM ({text}{behind}) found {_where(query)} ORDER BY place {sign}, id {sign} LIMIT ?"),
        [*values, *bound, *_bound(query), PAGE_SIZE + 1],
    ).fetchall()  # fmt: skip


def _lacking(campaign: Campaign, query: Query, order: str, after: str, limit: int) -> list[tuple[Any, ...]]:
    """People who lack what the order goes by, by number."""
    select = f"SELECT {_COLUMNS}, {audience.REASON} AS reason, NULL AS place"
    text, values = _statement(campaign, query, select, "s")
    anchor = int(after) if after.isdecimal() and len(after) <= 18 else 0
    return database.execute_sql(
        sql(f"SELECT * FROM ({text} AND {LACKING[order]} AND s.id > ?) found {_where(query)} ORDER BY id LIMIT ?"),
        [*values, anchor, *_bound(query), limit],
    ).fetchall()  # fmt: skip


def found(campaign: Campaign, query: Query, leading: str = "") -> tuple[str, list[Any]]:
    """A statement over the ids of everybody on the table, for all of them at once."""
    text, values = _statement(campaign, query, f"SELECT s.id, {audience.REASON} AS reason", leading)
    return f"SELECT id FROM ({text}) found {_where(query)}", [*values, *_bound(query)]


def every(campaign: Campaign, query: Query) -> Iterator[Row]:
    """All rows of the table by number, in chunks, for a file."""
    text, values = _statement(campaign, query, f"SELECT {_COLUMNS}, {audience.REASON} AS reason, 0 AS place")
    statement = sql(
        f"SELECT * FROM ({text} AND s.id > ?) found {_where(query)} ORDER BY id LIMIT {EXPORT_CHUNK}"
    )
    last = 0
    while True:
        rows = database.execute_sql(statement, [*values, last, *_bound(query)]).fetchall()
        yield from map(_row, rows)
        if len(rows) < EXPORT_CHUNK:
            return
        last = rows[-1][0]


def untick(campaign: Campaign, query: Query, user_id: int) -> int:
    """Take everybody on the table out; returns how many."""
    return choosing.untick_all(campaign, found(campaign, query), user_id)


def tick(campaign: Campaign, query: Query) -> int:
    """Take everybody on the table back; returns how many."""
    return choosing.tick_all(campaign, found(campaign, query))


def lacking(campaign: Campaign, most: int) -> list[Row]:
    """The first selected people without an address."""
    rows = every(campaign, Query(state=str(int(LeftOut.NO_ADDRESS))))
    return [row for row, _ in zip(rows, range(most), strict=False)]


def is_long(campaign: Campaign) -> bool:
    """Whether more people are meant than are counted at once."""
    return _total(campaign, Query()) > COUNTED


def _total(campaign: Campaign, query: Query) -> int:
    text, values = found(campaign, query, "s")
    row = database.execute_sql(
        sql(f"SELECT count(*) FROM ({text} ORDER BY id DESC LIMIT ?) counted"), [*values, COUNTED + 1]
    ).fetchone()
    return int(row[0])


def _statement(campaign: Campaign, query: Query, select: str, leading: str = "") -> tuple[str, list[Any]]:
    text, values = audience.statement(
        campaign, select, leading=leading, paged=bool(leading) and not query.state
    )
    searched, bound = _search(campaign.tenant_id, query.text)
    return text + searched, [*values, *bound]


def _search(tenant_id: int, text: str) -> tuple[str, list[Any]]:
    """Another AND: words of name or address by their index, or of the customer's name."""
    if not text.strip():
        return "", []
    wanted = words.split(text)
    if not wanted:
        return " AND FALSE", []
    firm = " AND ".join(f"{'strpos' if is_postgres() else 'instr'}(k.folded, ?) > 0" for _ in wanted)
    # one list of ids: with OR between two conditions no index leads
    fixed = "JOIN" if is_postgres() else "CROSS JOIN"  # the few customers lead
    customers = f"""SELECT f.id FROM organisation k {fixed} subscriber f ON f.tenant_id = k.tenant_id
        AND f.organisation_id = k.id WHERE k.tenant_id = ? AND {firm}"""
    if is_postgres():
        document = finding.DOCUMENT.replace("s.", "n.")
        person = (
            f"SELECT n.id FROM subscriber n WHERE n.tenant_id = ? AND {document} @@ to_tsquery('simple', ?)"
        )
        bound = [tenant_id, finding.match(wanted)]
    else:
        person = "SELECT rowid FROM subscriber_search WHERE subscriber_search MATCH ?"
        bound = [f"tenant{tenant_id} AND {finding.match(wanted)}"]
    return f" AND s.id IN ({person} UNION {customers})", [*bound, tenant_id, *wanted]


def _where(query: Query) -> str:
    if query.state == SENDS:
        return "WHERE reason IS NULL"
    if query.state == OUT:
        return "WHERE reason IS NOT NULL"
    return "WHERE reason = ?" if _bound(query) else ""


def _bound(query: Query) -> list[int]:
    return [int(query.state)] if query.state.isdecimal() and len(query.state) < 3 else []


def _behind(order: str, key: str, cursor: str) -> tuple[str, list[Any]]:
    anchor, _, value = cursor.partition(".")
    if not anchor.isdecimal() or len(anchor) > 18:
        return "", []
    if order == "new":
        return " AND s.id < ?", [int(anchor)]
    return f" AND ({key} > ? OR ({key} = ? AND s.id > ?))", [value, value, int(anchor)]


def _row(row: tuple[Any, ...]) -> Row:
    person_id, title, first, last, address, organisation_id, customer, reason, _place = row
    return Row(
        person_id, " ".join(filter(None, (title, first, last))), address or "", organisation_id, customer or "",
        LeftOut(reason) if reason else None,
    )  # fmt: skip
