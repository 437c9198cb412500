"""Whom a rule of the suppression list would hit, before it is written."""

from dataclasses import dataclass

from domain.subscribers import rules, suppression
from domain.subscribers.models import Subscriber
from domain.subscribers.rules import Asked

LISTED = 20  # keys named
LOOKED = 10_000  # people looked at for one answer; the page asks for the next ones by itself


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
