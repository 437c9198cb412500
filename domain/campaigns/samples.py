"""People to try a mail with: usual ones, and the extremes in which a mail breaks first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.campaigns import audience
from domain.campaigns.models import Campaign
from domain.db import abreast
from domain.errors import N_
from domain.issues import placeholders
from domain.subscribers.models import Subscriber

SCANNED = 1_000  # of those who get the mail; a page must not wait for a walk over millions
USUAL = 2
_Person = Mapping[str, Any]


@dataclass(frozen=True)
class Sample:
    """Somebody to look as, and what is special about the person."""

    person: Subscriber
    reason: str
    params: dict[str, object] = field(default_factory=dict)


def of(campaign: Campaign, names: Sequence[str] = ()) -> list[Sample]:
    """Samples of those who would get the mail, each person once; `names`: the placeholders that the mail uses."""
    found, own = abreast(
        lambda: [p for p, reason in audience.chunk(campaign, 0, SCANNED) if reason is None],
        lambda: placeholders.own_texts(campaign.tenant_id, names),
    )
    chosen: dict[int, tuple[str, dict[str, object]]] = {}
    for usual in _usual(found):
        chosen.setdefault(usual["id"], (N_("usual"), {}))
    for extreme, reason, params in _extremes(found, names, own):
        chosen.setdefault(extreme["id"], (reason, params))
    query = Subscriber.select().where(
        Subscriber.tenant_id == campaign.tenant_id, Subscriber.id.in_(list(chosen) or [0])
    )
    rows = {row.id: row for row in query}
    return [Sample(rows[i], *chosen[i]) for i in chosen if i in rows]


def _usual(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [p for p in found if p["first_name"] and p["last_name"] and not p["title"]][:USUAL]


def _extremes(
    found: list[dict[str, Any]], names: Sequence[str], own: Callable[[Any], dict[str, str]]
) -> Iterable[tuple[_Person, str, dict[str, object]]]:
    for name in names:
        for person in found:
            if not placeholders.values_for({**person, "own": own(person["fields"])}, [name]):
                yield person, N_("nothing in [%(name)s]"), {"name": name}
                break
    if found:
        yield max(found, key=_name_length), N_("longest name"), {}
        yield max(found, key=lambda p: len(p["address"] or "")), N_("longest address"), {}
    for is_one, reason in _KINDS:
        for person in found:
            if is_one(person):
                yield person, reason, {}
                break


def _name_length(person: _Person) -> int:
    return len(f"{person['title']} {person['first_name']} {person['last_name']}")


_KINDS: tuple[tuple[Callable[[_Person], bool], str], ...] = (
    (lambda p: not p["first_name"] and not p["last_name"], N_("no name")),
    (lambda p: bool(p["title"]), N_("with a title")),
    (lambda p: bool(p["last_name"]) and not p["salutation"], N_("no form of address")),
    (lambda p: not str(p["first_name"] + p["last_name"]).isascii(), N_("unusual letters")),
    (lambda p: bool(p["organisation"]), N_("belongs to a customer")),
)
