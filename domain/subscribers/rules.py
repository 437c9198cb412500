"""Rules of the suppression list: domains, patterns and foreign hashes, resolved to address rows when they are written.

Snapshot and claim only join addresses (subscribers.suppression); nothing is matched per mail. Whoever comes later,
by form, import or hand, is compared with the rules at the door.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from peewee import chunked

from domain import clock
from domain.db import database, sql
from domain.errors import N_, Invalid
from domain.subscribers import addresses
from domain.subscribers.hitting import forms, hits, regex
from domain.subscribers.models import Subscriber, Suppression, SuppressionRule

HASHES = {32: "md5", 40: "sha1", 64: "sha256"}
CHUNK = 2_000
MOST_PATTERNS = 2_000
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_HEX = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True)
class Asked:
    """What somebody typed: an address, or a rule of `kind` with its normal form."""

    kind: str  # address, domain, pattern, md5, sha1, sha256
    value: str


def read(text: str) -> Asked:
    """Tell address, domain (`@example.org` or `example.org`), pattern (`info@*`) and hash apart; raises Invalid."""
    plain = text.strip().strip("<>\"'").strip().casefold()
    if _HEX.fullmatch(plain) and len(plain) in HASHES:
        return Asked(HASHES[len(plain)], plain)
    if "*" in plain or "?" in plain:
        if len(plain) > 320 or any(c.isspace() for c in plain) or not plain.strip("*?@."):
            raise Invalid(fields={"value": N_("A pattern names at least one letter, for example info@*.")})
        return Asked("pattern", plain)
    if plain.startswith("@") or "@" not in plain:
        domain = _ascii(plain.removeprefix("@").strip("."))
        if not _DOMAIN.fullmatch(domain):
            raise Invalid(fields={"value": N_("Write an address, a domain, a pattern with * or a hash.")})
        return Asked("domain", domain)
    try:
        return Asked("address", addresses.key_of(plain))
    except addresses.BadAddress as error:
        raise Invalid(fields={"value": error.message}) from None


def matching(tenant_id: int, keys: Iterable[str]) -> dict[str, SuppressionRule]:
    """Address key → a rule in force that hits it."""
    wanted = list(dict.fromkeys(keys))
    if not wanted:
        return {}
    kinds = _kinds(tenant_id)
    found: dict[str, SuppressionRule] = {}
    if "pattern" in kinds:
        for rule in _in_force(tenant_id).where(SuppressionRule.kind == "pattern").limit(MOST_PATTERNS):
            is_hit = regex(rule.value).fullmatch
            found.update({key: rule for key in wanted if is_hit(key)})
    for kind in kinds & {"domain", *HASHES.values()}:
        by_form = {form: key for key in wanted for form in forms(kind, key)}
        for some in chunked(by_form, CHUNK):
            for rule in _in_force(tenant_id).where(
                SuppressionRule.kind == kind, SuppressionRule.value.in_(list(some))
            ):
                found.update({key: rule for key in wanted if rule.value in forms(kind, key)}
                             if kind == "domain" else {by_form[rule.value]: rule})  # fmt: skip
    return found


def any_of(tenant_id: int) -> bool:
    """Whether the tenant has rules at all."""
    return SuppressionRule.select().where(SuppressionRule.tenant_id == tenant_id).exists()


def resolve(tenant_id: int, keys: Iterable[str]) -> set[str]:
    """Write address rows for those of `keys` that a rule hits; returns them. In the caller's transaction."""
    hits = matching(tenant_id, keys)
    write(tenant_id, [(key, rule) for key, rule in hits.items()])
    return set(hits)


def apply(rule: SuppressionRule, extra: Iterable[str] = ()) -> int:
    """Write address rows for all people that a new rule hits, and for `extra` keys (addresses of mails that wait);
    returns how many."""
    count = 0
    for some in chunked(hit_keys(rule.tenant_id, rule.kind, rule.value), CHUNK):
        count += write(rule.tenant_id, [(key, rule) for key in some])
    more = [key for key in extra if hits(rule.kind, rule.value, key)]
    return count + write(rule.tenant_id, [(key, rule) for key in more])


def hit_keys(tenant_id: int, kind: str, value: str) -> Iterator[str]:
    """Keys of the people of the tenant that a rule hits or would hit."""
    query = Subscriber.select(Subscriber.address_key).where(
        Subscriber.tenant_id == tenant_id, Subscriber.address_key.is_null(False)
    )
    if kind == "domain":
        at, below = f"%@{_like(value)}", f"%.{_like(value)}"
        query = query.where(_alike(at) | _alike(below))
    elif kind == "pattern":
        query = query.where(_alike(_like(value).replace("*", "%").replace("?", "_")))
    for (key,) in list(query.tuples()) if kind in ("domain", "pattern") else query.tuples().iterator():
        if hits(kind, value, key):
            yield key


def hits_before(
    tenant_id: int, kind: str, value: str, before: int | None, looked: int
) -> tuple[list[str], int | None]:
    """(keys that a rule would hit among the next `looked` people before the number `before`, newest first, the number
    before which the others stand or None)."""
    query = Subscriber.select(Subscriber.id, Subscriber.address_key).where(Subscriber.tenant_id == tenant_id)
    if before is not None:
        query = query.where(Subscriber.id < before)
    rows = list(query.order_by(Subscriber.id.desc()).limit(looked).tuples())
    is_hit = regex(value).fullmatch if kind == "pattern" else partial(hits, kind, value)
    if kind == "domain":  # most are told apart by how they end
        rows_of = [key for _, key in rows if key and key.endswith(value)]
    else:
        rows_of = [key for _, key in rows if key]
    return [key for key in rows_of if is_hit(key)], rows[-1][0] if len(rows) == looked else None


def apply_hashes(tenant_id: int, rule_ids: set[int]) -> int:
    """Resolve many new hash rules in one pass over the people; returns how many are hit."""
    count = 0
    query = Subscriber.select(Subscriber.address_key).where(
        Subscriber.tenant_id == tenant_id, Subscriber.address_key.is_null(False)
    )
    for some in chunked((row[0] for row in list(query.tuples())), CHUNK):
        found = matching(tenant_id, some)
        count += write(tenant_id, [(key, rule) for key, rule in found.items() if rule.id in rule_ids])
    return count


def write(tenant_id: int, pairs: Sequence[tuple[str, Any]]) -> int:
    """One row per address; an own entry stays and lasts as long as the longer of both."""
    now = clock.epoch()
    rows = [
        (tenant_id, key, addresses.hash_of(key, tenant_id), rule.reason, rule.id, _epoch(rule.until), now)
        for key, rule in pairs
    ]
    if not rows:
        return 0
    cursor = database.cursor()
    cursor.executemany(
        sql(
            """INSERT INTO suppression
                (tenant_id, address_key, address_hash, reason, source, rule_id, until, created_at)
            VALUES (?, ?, ?, ?, 'rule', ?, ?, ?)
            ON CONFLICT (tenant_id, address_hash) DO UPDATE SET
                address_key = excluded.address_key,
                rule_id = excluded.rule_id,
                own_until = CASE WHEN suppression.source = 'rule' THEN NULL
                    WHEN suppression.rule_id IS NULL THEN suppression.until ELSE suppression.own_until END,
                until = CASE WHEN excluded.until IS NULL OR excluded.until > suppression.until
                    THEN excluded.until ELSE suppression.until END
            WHERE suppression.until IS NOT NULL"""
        ),
        rows,
    )
    return len(rows)


def withdraw(rule: SuppressionRule) -> list[str]:
    """Take back what a rule wrote; own entries get their own end again. Returns the keys set free, which other rules
    may hit: the caller resolves them."""
    mine = (Suppression.tenant_id == rule.tenant_id, Suppression.rule_id == rule.id)
    keys = [row[0] for row in Suppression.select(Suppression.address_key).where(*mine).tuples() if row[0]]
    Suppression.delete().where(*mine, Suppression.source == "rule").execute()
    Suppression.update(rule_id=None, until=Suppression.own_until, own_until=None).where(*mine).execute()
    return keys


def _in_force(tenant_id: int) -> Any:
    return SuppressionRule.select().where(
        SuppressionRule.tenant_id == tenant_id,
        SuppressionRule.until.is_null() | (SuppressionRule.until > clock.now()),
    )


def _kinds(tenant_id: int) -> set[str]:
    """The kinds of rules that the tenant has; one seek in the index for each."""
    found = set()
    for kind in ("domain", "pattern", *HASHES.values()):
        one = SuppressionRule.select(SuppressionRule.id).where(
            SuppressionRule.tenant_id == tenant_id, SuppressionRule.kind == kind
        )
        if one.exists():
            found.add(kind)
    return found


def _like(value: str) -> str:
    return value.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")


def _alike(pattern: str) -> Any:
    from peewee import SQL, NodeList

    return NodeList((Subscriber.address_key, SQL("LIKE"), pattern, SQL("ESCAPE '\\'")))


def _ascii(domain: str) -> str:
    try:
        return addresses.key_of(f"a@{domain}").rpartition("@")[2]
    except addresses.BadAddress:
        return domain


def _epoch(value: Any) -> int | None:
    return int(value.timestamp()) if hasattr(value, "timestamp") else value
