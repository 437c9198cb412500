"""Whole files into the suppression list: addresses, domains, patterns, hashes; text or the bytes of the ECG list."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from peewee import chunked

from domain import bounds, clock
from domain.audit import log
from domain.db import database, sql
from domain.errors import N_, Invalid
from domain.subscribers import addresses, rules, suppression, words
from domain.subscribers.models import Subscriber, SuppressionRule
from domain.subscribers.rules import Asked

CHUNK = 2_000
MAX_BYTES = 60 * 1024 * 1024
DIGEST = 20  # bytes of a SHA-1 in the ECG list
LISTED = 20  # keys named
LOOKED = 10_000  # people looked at for one answer; the page asks for the next ones by itself


@dataclass(frozen=True)
class Taken:
    """What an import wrote, found there already, and could not read (with the first such line)."""

    added: int
    known: int
    unread: int
    first_unread: str
    people: int  # of the tenant, hit by what was added


@dataclass(frozen=True)
class Preview:
    """Whom a rule would hit among the people looked at: how many (`more`: at least that many) and the first ones.
    `following`: the rest are the people before this number; None: everybody was looked at."""

    count: int
    more: bool
    keys: list[str]
    following: int | None = None


def preview(
    tenant_id: int, asked: Asked, most: int = suppression.PREVIEWED, shown: int = LISTED,
    before: int | None = None, looked: int = LOOKED,
) -> Preview:  # fmt: skip
    """Whom an address, a domain, a pattern or a hash hits among the next `looked` people before the number `before`,
    newest first; writes nothing."""
    if asked.kind == "address":
        query = Subscriber.select(Subscriber.address_key).where(
            Subscriber.tenant_id == tenant_id, Subscriber.address_key == asked.value
        )
        found = [row[0] for row in query.tuples()]
        return Preview(len(found), False, found)
    found, following = rules.hits_before(tenant_id, asked.kind, asked.value, before, looked)
    if len(found) > most:
        return Preview(most, True, found[:shown])
    return Preview(len(found), False, found[:shown], following)


def take(tenant_id: int, path: Path, reason: str, until: datetime | None, user_id: int) -> Taken:
    """Read a file of entries in chunks; raises Invalid for one that is too large. What stands there stays."""
    bounds.refuse_beyond()
    if path.stat().st_size > MAX_BYTES:
        raise Invalid(
            N_("The file is larger than %(size)s MB. Divide it into several files."), size=MAX_BYTES >> 20
        )
    reason = words.one_line(reason, 300)
    added = known = unread = people = 0
    first_unread = ""
    for some in chunked(_read(path), CHUNK):
        asked = [one for one in some if isinstance(one, Asked)]
        odd = [one for one in some if isinstance(one, str)]
        unread += len(odd)
        first_unread = first_unread or (odd[0] if odd else "")
        with database.atomic():
            fresh = _addresses(
                tenant_id, [a.value for a in asked if a.kind == "address"], reason, until, user_id
            )
            written = _rules(tenant_id, [a for a in asked if a.kind != "address"], reason, until, user_id)
            for rule in written:
                if rule.kind in ("domain", "pattern"):
                    people += rules.apply(rule)
            hashed = {rule.id for rule in written if rule.kind in rules.HASHES.values()}
            people += rules.apply_hashes(tenant_id, hashed) if hashed else 0
        added += fresh + len(written)
        known += len(asked) - fresh - len(written)
    log.record(
        tenant_id, "suppression.import", user_id=user_id, kind="suppression",
        details={"added": added, "known": known, "unread": unread, "reason": reason},
    )  # fmt: skip
    return Taken(added, known, unread, first_unread, people)


def _read(path: Path) -> Iterator[Asked | str]:
    """What each line says; a line that says nothing we know comes back as text."""
    with path.open("rb") as source:
        start = source.read(4_096)
    if (
        b"\n" not in start
        and path.stat().st_size % DIGEST == 0
        and any(byte < 9 or byte > 126 for byte in start)
    ):
        with path.open("rb") as source:
            while digest := source.read(DIGEST):
                yield Asked("sha1", digest.hex())
        return
    with path.open(encoding="utf-8-sig", errors="replace") as text:
        for number, line in enumerate(text):
            cell = line.replace(",", ";").replace("\t", ";").split(";")[0].strip()
            if not cell:
                continue
            try:
                yield rules.read(cell)
            except Invalid:
                if number or "@" in cell:  # the first line may be a heading
                    yield cell[:80]


def _addresses(tenant_id: int, keys: list[str], reason: str, until: datetime | None, user_id: int) -> int:
    if not keys:
        return 0
    now, end = clock.epoch(), int(until.timestamp()) if until else None
    cursor = database.cursor()
    before = _count(tenant_id)
    cursor.executemany(
        sql(
            """INSERT INTO suppression (tenant_id, address_key, address_hash, reason, source, by_id, until, created_at)
            VALUES (?, ?, ?, ?, 'import', ?, ?, ?) ON CONFLICT (tenant_id, address_hash) DO UPDATE SET
            source = excluded.source, reason = excluded.reason, by_id = excluded.by_id, rule_id = NULL, until = CASE
                WHEN suppression.until IS NULL OR excluded.until IS NULL THEN NULL
                WHEN suppression.until > excluded.until THEN suppression.until ELSE excluded.until END
            WHERE suppression.source = 'rule' OR suppression.until IS NOT NULL"""
        ),
        [
            (tenant_id, key, addresses.hash_of(key, tenant_id), reason, user_id, end, now)
            for key in dict.fromkeys(keys)
        ],
    )
    return _count(tenant_id) - before


def _count(tenant_id: int) -> int:
    row = database.execute_sql(
        sql("SELECT count(*) FROM suppression WHERE tenant_id = ?"), [tenant_id]
    ).fetchone()
    return int(row[0])


def _rules(
    tenant_id: int, asked: list[Asked], reason: str, until: datetime | None, user_id: int
) -> list[SuppressionRule]:
    if not asked:
        return []
    values = [a.value for a in asked]
    mine = (SuppressionRule.tenant_id == tenant_id, SuppressionRule.value.in_(values))
    before = {(rule.kind, rule.value) for rule in SuppressionRule.select().where(*mine)}
    fresh = [a for a in dict.fromkeys(asked) if (a.kind, a.value) not in before]
    rows = [
        {
            "tenant_id": tenant_id, "kind": a.kind, "value": a.value, "reason": reason, "source": "import",
            "by_id": user_id, "until": until, "created_at": clock.now(),
        }
        for a in fresh
    ]  # fmt: skip
    for some in chunked(rows, 500):
        SuppressionRule.insert_many(list(some)).execute()
    wanted = {(a.kind, a.value) for a in fresh}
    return [rule for rule in SuppressionRule.select().where(*mine) if (rule.kind, rule.value) in wanted]
