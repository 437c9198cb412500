"""People who may be here twice, suggested by name and by address: in the whole base, beside one person, beside those
who came by an import. Nothing is decided here; every look is bounded."""

# ruff: noqa: S608 - statements are put together from constants of this module and whole numbers

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from peewee import chunked

from domain.db import abreast, database, sql
from domain.subscribers import words
from domain.subscribers.models import ImportJob, Subscriber

SCANNED = 5_000  # people looked at for one page
OF_IMPORT = 500  # the same of an import, where each is compared by name and by address
SHOWN = 100  # people on one page
OF_GROUP = 20  # of them of one name
BETWEEN = "\x1f"  # stands in no name
VIEWS = ("name", "address", "new")


@dataclass(frozen=True)
class Found:
    """Groups of people who may be one, where the next page begins ("": everybody was looked at), and the first people
    of groups of which not everybody is shown."""

    groups: list[list[Subscriber]]
    following: str
    more: frozenset[int] = frozenset()


def suggest(tenant_id: int, view: str = "name", after: str = "") -> Found:
    """Groups among the next SCANNED people in the order of the view: by name, by address, or those who came last
    (by import or sign-up), each beside the one before them who has the same name."""
    if view == "new":
        return _beside_newest(tenant_id)
    by_address = view == "address"
    rows = _next_by_address(tenant_id, after) if by_address else _next_by_name(tenant_id, after)
    groups: dict[str, list[int]] = {}  # form → places in `rows`
    for place, row in enumerate(rows):
        if formed := address_form(row[1]) if by_address else name_form(row[2], row[1]):
            groups.setdefault(formed, []).append(place)
    found: list[list[int]] = []
    shown, end = 0, len(rows) if len(rows) == SCANNED else 0
    for places in groups.values():
        if len(places) > 1 and shown >= SHOWN:
            end = places[0]
            break
        if len(places) > 1:
            found.append([rows[place][0] for place in places])
            shown += len(places[:OF_GROUP])
    following = "" if not end else rows[end - 1][1] if by_address else BETWEEN.join(rows[end - 1][1:])
    more = frozenset(ids[0] for ids in found if len(ids) > OF_GROUP)
    return Found(_people(tenant_id, [ids[:OF_GROUP] for ids in found]), following, more)


def _next_by_address(tenant_id: int, after: str) -> list[tuple[Any, ...]]:
    query = Subscriber.select(Subscriber.id, Subscriber.address_key).where(
        Subscriber.tenant_id == tenant_id, Subscriber.address_key > after
    )
    return list(query.order_by(Subscriber.address_key).limit(SCANNED).tuples())


def _next_by_name(tenant_id: int, after: str) -> list[tuple[Any, ...]]:
    """Behind everybody of the name `after`: last name, BETWEEN, first name."""
    last, _, first = after.partition(BETWEEN)
    text = f"""SELECT id, last_name, first_name FROM subscriber WHERE tenant_id = ?
        AND (last_name, first_name) > (?, ?) ORDER BY last_name, first_name, id LIMIT {SCANNED}"""
    return list(database.execute_sql(sql(text), [tenant_id, last, first]).fetchall())


def of(person: Subscriber, most: int = SHOWN) -> list[Subscriber]:
    """Who may be the same as this person, by name or by address, up to `most`."""
    mine = (Subscriber.tenant_id == person.tenant_id) & (Subscriber.id != person.id)

    def by_name() -> dict[int, Subscriber]:
        wanted = name_form(person.first_name, person.last_name)
        if not wanted:
            return {}
        query = Subscriber.select().where(
            mine, Subscriber.last_name == person.last_name, Subscriber.folded.startswith(wanted)
        )
        return {p.id: p for p in query.limit(most) if name_form(p.first_name, p.last_name) == wanted}

    def by_address() -> dict[int, Subscriber]:
        if not person.address_key:
            return {}
        form, ids = address_form(person.address_key), _of_variants(person.tenant_id, person.address_key, most)
        query = Subscriber.select().where(mine, Subscriber.id.in_(ids))
        return {p.id: p for p in query if address_form(p.address_key) == form}

    named, addressed = abreast(by_name, by_address)
    found = named | addressed
    return [found[i] for i in sorted(found)][:most]


def _of_variants(tenant_id: int, key: str, most: int) -> list[int]:
    """Up to `most` and one people for each form that the index of addresses finds: with OR no index leads."""
    keys, ranges = address_variants(key)
    own, key_of = Subscriber.tenant_id == tenant_id, Subscriber.address_key
    wanted = [key_of.in_(keys), *((key_of >= begin) & (key_of < end) for begin, end in ranges)]
    queries = [
        Subscriber.select(Subscriber.id).where(own, one).order_by(key_of).limit(most + 1) for one in wanted
    ]
    return [row[0] for rows in abreast(*(partial(list, query.tuples()) for query in queries)) for row in rows]


def of_import(job: ImportJob, after: int = 0, most: int = SHOWN) -> Found:
    """The next OF_IMPORT people who came by an import, each beside whom it resembles."""
    query = Subscriber.select(Subscriber.id, Subscriber.address_key).where(
        Subscriber.tenant_id == job.tenant_id, Subscriber.id > max(after, (job.first_id or 1) - 1),
        Subscriber.id <= (job.last_id or 0), Subscriber.import_id == job.id,
    )  # fmt: skip
    rows = list(query.order_by(Subscriber.id).limit(OF_IMPORT).tuples())
    if not rows:
        return Found([], "")
    pairs = {(row[0], row[1]) for row in _same_name(job, rows[0][0], rows[-1][0], most)}
    pairs |= _same_address(job.tenant_id, [(i, key) for i, key in rows if key])
    groups: dict[int, list[int]] = {}
    for newer, older in sorted(pairs):
        if newer not in groups.get(older, []):  # two of the same import stand together once
            groups.setdefault(newer, [newer]).append(older)
    following = str(rows[-1][0]) if len(rows) == OF_IMPORT else ""
    return Found(_people(job.tenant_id, list(groups.values())[:most]), following)


def name_form(first: str, last: str) -> str:
    """By what names are compared; empty for people without both names."""
    return words.folded(f"{first} {last}") if first.strip() and last.strip() else ""


def address_form(key: str | None) -> str:
    """By what addresses are compared: without dots and without what stands behind a plus, a suggestion only."""
    local, _, domain = (key or "").rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{domain}" if local else ""


def address_variants(key: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Addresses of the same form that an index finds: with no dot, with one, as written without the part behind a
    plus; and ranges in which those with such a part lie."""
    local, _, domain = key.rpartition("@")
    own = local.partition("+")[0]
    bare = own.replace(".", "")
    locals_ = {own, bare, *(f"{bare[:i]}.{bare[i:]}" for i in range(1, len(bare)))}
    return sorted(f"{one}@{domain}" for one in locals_), [
        (f"{one}+", f"{one},") for one in sorted({own, bare})
    ]


def _same_name(job: ImportJob, first_id: int, last_id: int, most: int) -> list[tuple[int, int]]:
    return list(
        database.execute_sql(
            sql(
                f"""SELECT a.id, b.id FROM subscriber a JOIN subscriber b ON b.tenant_id = a.tenant_id
                AND b.last_name = a.last_name AND b.first_name = a.first_name AND b.id <> a.id
                WHERE a.tenant_id = ? AND a.id >= ? AND a.id <= ? AND a.import_id = ?
                AND a.last_name <> '' AND a.first_name <> '' ORDER BY a.id, b.id LIMIT {int(most)}"""
            ),
            [job.tenant_id, first_id, last_id, job.id],
        ).fetchall()
    )


def _same_address(tenant_id: int, people: Iterable[tuple[int, str]]) -> set[tuple[int, int]]:
    pairs: set[tuple[int, int]] = set()
    for some in chunked(people, 50):
        by_form: dict[str, list[int]] = defaultdict(list)
        keys: set[str] = set()
        for person_id, key in some:
            by_form[address_form(key)].append(person_id)
            keys |= set(address_variants(key)[0])
        query = Subscriber.select(Subscriber.id, Subscriber.address_key).where(
            Subscriber.tenant_id == tenant_id, Subscriber.address_key.in_(sorted(keys))
        )
        for other, key in query.tuples():
            pairs |= {(mine, other) for mine in by_form.get(address_form(key), []) if mine != other}
    return pairs


def _beside_newest(tenant_id: int) -> Found:
    """The newest people, each beside the last one before them who has the same name."""
    rows = database.execute_sql(
        sql(
            f"""SELECT id, older FROM (SELECT a.id, (SELECT MAX(b.id) FROM subscriber b WHERE b.tenant_id = a.tenant_id
                AND b.last_name = a.last_name AND b.first_name = a.first_name AND b.id < a.id) AS older
            FROM (SELECT s.id, s.tenant_id, s.first_name, s.last_name FROM subscriber s
                WHERE s.tenant_id = ? ORDER BY s.id DESC LIMIT {SCANNED}) a
            WHERE a.last_name <> '' AND a.first_name <> '') twins
            WHERE older IS NOT NULL ORDER BY id DESC LIMIT {SHOWN // 2}"""
        ),
        [tenant_id],
    ).fetchall()
    return Found(_people(tenant_id, [[newer, older] for newer, older in rows]), "")


def _people(tenant_id: int, groups: list[list[int]]) -> list[list[Subscriber]]:
    wanted = [i for ids in groups for i in ids]
    query = Subscriber.select().where(Subscriber.tenant_id == tenant_id, Subscriber.id.in_(wanted or [0]))
    by_id = {person.id: person for person in query}
    found = [[by_id[i] for i in ids if i in by_id] for ids in groups]
    return [people for people in found if len(people) > 1]
