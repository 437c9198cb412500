"""What a segment can ask about: the fields of people with their kind, and the comparisons of each kind."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from domain import bounds
from domain.db import abreast
from domain.errors import N_
from domain.segments.models import Segment
from domain.subscribers import lists, types
from domain.subscribers.facets import fields, tags, tracks
from domain.subscribers.facets.models import Holder
from domain.subscribers.models import Consent, Deliverability
from domain.tenancy import territory

# kind → comparisons; those in NO_VALUE need no value
OPS: dict[str, tuple[str, ...]] = {
    "text": ("is", "is_not", "contains", "contains_not", "begins", "one_of", "empty", "filled"),
    "number": ("eq", "ne", "lt", "le", "gt", "ge", "empty", "filled"),
    "date": ("on", "before", "after", "last_days", "next_days", "empty", "filled"),
    "moment": ("last_days", "older_days", "before", "after"),
    "birthday": ("next_days", "month", "empty", "filled"),
    "choice": ("is", "is_not", "empty", "filled"),
    "choices": ("has", "has_not", "empty", "filled"),
    "yesno": ("yes", "no"),
    "member": ("is", "is_not"),
    "consent": ("is", "is_not"),
    "event": ("last_days", "not_last_days", "campaign", "not_campaign", "ever", "never"),
}
WORDS: dict[str, str] = {
    "is": N_("is"), "is_not": N_("is not"), "contains": N_("contains"), "contains_not": N_("does not contain"),
    "begins": N_("begins with"), "one_of": N_("is one of"), "empty": N_("is empty"), "filled": N_("is filled in"),
    "eq": N_("equals"), "ne": N_("does not equal"), "lt": N_("is less than"), "le": N_("is at most"),
    "gt": N_("is more than"), "ge": N_("is at least"), "on": N_("is on"), "before": N_("is before"),
    "after": N_("is after"), "last_days": N_("in the last … days"), "next_days": N_("in the next … days"),
    "older_days": N_("longer ago than … days"), "month": N_("is in the month"), "has": N_("has"),
    "has_not": N_("has not"), "yes": N_("yes"), "no": N_("no"), "not_last_days": N_("not in the last … days"),
    "campaign": N_("from the mailing"), "not_campaign": N_("not from the mailing"), "ever": N_("at least once"),
    "never": N_("never"),
}  # fmt: skip
NO_VALUE = frozenset({"empty", "filled", "yes", "no", "ever", "never"})
DAYS = frozenset({"last_days", "next_days", "older_days", "not_last_days"})
GROUPS: dict[str, str] = {
    "person": N_("Person"), "organisation": N_("Customer"), "own": N_("Own fields"),
    "membership": N_("Lists, tags, segments"), "consent": N_("Newsletter types"), "status": N_("Statuses"),
    "engagement": N_("Mailings"),
}  # fmt: skip
PERSON_TEXTS: dict[str, str] = {
    "address": N_("E-mail address"), "salutation": N_("Salutation"), "title": N_("Title"),
    "first_name": N_("First name"), "last_name": N_("Last name"), "function": N_("Function"),
    "street": N_("Street"), "postcode": N_("Postcode"), "city": N_("City"), "region": N_("State or region"),
    "country": N_("Country"), "language": N_("Language"), "category": N_("Reader category"),
}  # fmt: skip
ORGANISATION_TEXTS: dict[str, str] = {
    "name": N_("Customer: name"), "status": N_("Customer: status"), "category": N_("Customer: category"),
    "city": N_("Customer: city"), "country": N_("Customer: country"),
}  # fmt: skip
EVENTS: dict[str, str] = {
    "got": N_("Got a mailing"), "opened": N_("Opened a mailing"), "clicked": N_("Clicked in a mailing"),
    "bounced": N_("A mailing came back or was refused"),
}  # fmt: skip
CONSENTS: tuple[tuple[str, str], ...] = (
    (Consent.CONFIRMED, N_("Confirmed")), (Consent.PROVED, N_("Proved elsewhere")),
    (Consent.UNKNOWN, N_("Unknown")), (Consent.PENDING, N_("Unconfirmed")), (Consent.REVOKED, N_("Unsubscribed")),
    (Consent.LAPSED, N_("Lapsed")), ("none", N_("No subscription")),
)  # fmt: skip


@dataclass(frozen=True)
class Field:
    """Something to ask about. `options` are (value, label) where the answer is one of a list; `is_name`: the label
    is a name that people gave, not a message of ours."""

    key: str
    label: str
    kind: str
    group: str
    options: tuple[tuple[str, str], ...] = ()
    is_name: bool = False
    own_key: str = field(default="", compare=False)


def every(tenant_id: int, without_segment: int | None = None) -> dict[str, Field]:
    """Key → field, in the order in which people choose."""
    places, own, memberships, kinds, all_tracks = abreast(
        lambda: list(_territory(tenant_id)), lambda: list(_own(tenant_id)),
        lambda: list(_memberships(tenant_id, without_segment)), lambda: types.every(tenant_id),
        lambda: tracks.every(tenant_id),
    )  # fmt: skip
    found = [*_person(), *places, *_organisation(), *own, *memberships]
    for kind in kinds:
        found.append(Field(f"type:{kind.id}", kind.name, "consent", "consent", CONSENTS, True))
    for track, values in all_tracks:
        options = tuple((str(value.id), value.name) for value in values)
        found.append(Field(f"track:{track.id}", track.name, "member", "status", options, True))
        found.append(Field(f"orgtrack:{track.id}", track.name, "member", "organisation", options, True))
    found += [Field(f"event:{name}", label, "event", "engagement") for name, label in EVENTS.items()]
    return {f.key: f for f in found}


def _person() -> Iterator[Field]:
    for name, label in PERSON_TEXTS.items():
        yield Field(f"person:{name}", label, "text", "person")
    yield Field("person:birthday", N_("Birthday"), "birthday", "person")
    yield Field("person:created_at", N_("Here since"), "moment", "person")
    yield Field("person:has_address", N_("Has an address"), "yesno", "person")
    yield Field("person:locked", N_("Mailing lock"), "yesno", "person")
    yield Field("person:suppressed", N_("On the suppression list"), "yesno", "person")
    states = ((Deliverability.ACTIVE, N_("Reachable")), (Deliverability.STOPPED, N_("Stopped")),
              (Deliverability.BOUNCED, N_("Undeliverable")))  # fmt: skip
    yield Field("person:deliverability", N_("Deliverability"), "member", "person", states)


def _organisation() -> Iterator[Field]:
    yield Field("org:any", N_("Belongs to a customer"), "yesno", "organisation")
    for name, label in ORGANISATION_TEXTS.items():
        yield Field(f"org:{name}", label, "text", "organisation")
    yield Field("org:locked", N_("Customer: mailing lock"), "yesno", "organisation")


def _own(tenant_id: int) -> Iterator[Field]:
    of_people, of_customers = abreast(
        lambda: fields.every(tenant_id, Holder.SUBSCRIBER),
        lambda: fields.every(tenant_id, Holder.ORGANISATION),
    )
    for found, prefix, group in ((of_people, "own", "own"), (of_customers, "orgown", "organisation")):
        for own in found:
            options = (
                tuple((str(c), str(c)) for c in own.choices) if own.kind in ("choice", "choices") else ()
            )
            yield Field(f"{prefix}:{own.id}", own.name, own.kind, group, options, True, own.key)


def _territory(tenant_id: int) -> Iterator[Field]:
    with bounds.lifted("a segment of others may name any place; places are no people"):
        options = tuple((str(node.id), node.path) for node in territory.every(tenant_id))
    if options:
        yield Field("person:territory", N_("Territory"), "member", "person", options, False)


def _memberships(tenant_id: int, without_segment: int | None) -> Iterator[Field]:
    query = (
        Segment.select(Segment.id, Segment.name).where(Segment.tenant_id == tenant_id).order_by(Segment.name)
    )
    all_lists, all_tags, segments = abreast(
        lambda: lists.every(tenant_id), lambda: tags.every(tenant_id), lambda: list(query.tuples())
    )
    found = tuple((str(chosen.id), chosen.name) for chosen in all_lists)
    yield Field("list", N_("Distribution list"), "member", "membership", found)
    named = tuple((str(tag.id), tag.name) for tag in all_tags)
    if named:
        yield Field("tag", N_("Tag"), "member", "membership", named)
        yield Field("orgtag", N_("Customer: tag"), "member", "organisation", named)
    others = tuple((str(i), name) for i, name in segments if i != without_segment)
    if others:
        yield Field("segment", N_("Segment"), "member", "membership", others)
