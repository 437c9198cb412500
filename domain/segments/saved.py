"""Saved segments: keep, freeze, and what a mailing that uses one is approved with."""

from collections.abc import Iterable
from typing import Any

from peewee import IntegrityError

from domain import bounds, clock
from domain.audit import log
from domain.db import database, sql
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.segments import catalogue, compile, computed, query
from domain.segments.comparisons import Moment
from domain.segments.models import Segment, SegmentMember
from domain.subscribers import keyset, words
from domain.subscribers.facets import fields

STARTERS: dict[str, tuple[str, dict[str, Any]]] = {
    "everybody": (N_("Everybody with an address"), {"field": "person:has_address", "op": "yes", "value": []}),
    "survey": (N_("Survey: customers' contacts"), {"field": "org:any", "op": "yes", "value": []}),
    "action": (N_("Action: nothing got for 30 days"), {"field": "event:got", "op": "not_last_days", "value": ["30"]}),
    "newsletter": (N_("Newsletter: clicked in the last 90 days"),
                   {"field": "event:clicked", "op": "last_days", "value": ["90"]}),
}  # fmt: skip
PLACEHOLDERS: dict[str, str] = {  # key of a column → its name in texts
    "person:address": "E-Mail", "person:salutation": "Anrede", "person:title": "Titel", "person:first_name": "Vorname",
    "person:last_name": "Nachname", "person:function": "Funktion", "person:street": "Straße",
    "person:postcode": "Postleitzahl", "person:city": "Ort", "person:region": "Region", "person:country": "Land",
    "person:language": "Sprache", "person:category": "Kategorie", "person:birthday": "Geburtstag",
    "org:name": "Organisation", "org:status": "Kundenstatus",
}  # fmt: skip
USUAL_COLUMNS = ("person:address", "person:first_name", "person:last_name")


def get(tenant_id: int, segment_id: int) -> Segment:
    """A segment of the tenant; raises NotFound."""
    found = Segment.get_or_none(Segment.tenant_id == tenant_id, Segment.id == segment_id)
    if found is None:
        raise NotFound
    return found


def every(tenant_id: int) -> list[Segment]:
    """All segments by name, for choices."""
    return list(Segment.select().where(Segment.tenant_id == tenant_id).order_by(Segment.name))


def page(tenant_id: int, text: str = "", cursor: str = "") -> keyset.Slice:
    """A page of segments by name."""
    found = Segment.select().where(Segment.tenant_id == tenant_id)
    if text.strip():
        found = found.where(Segment.name.contains(text.strip()))
    return keyset.cut(found, Segment.name, Segment.id, cursor)


def columns(tenant_id: int) -> dict[str, str]:
    """Key → label of what can stand in the table and the export. Own fields are named as people named them."""
    found = {f"person:{name}": label for name, label in catalogue.PERSON_TEXTS.items()}
    found |= {
        "person:birthday": N_("Birthday"),
        "org:name": N_("Customer: name"),
        "org:status": N_("Customer: status"),
    }
    return found | {f"own:{own.id}": own.name for own in fields.every(tenant_id)}


def placeholders(tenant_id: int) -> dict[str, str]:
    """Key of a column → the name of the placeholder that it is in a mailing to the report."""
    return PLACEHOLDERS | {f"own:{own.id}": own.name for own in fields.every(tenant_id)}


def save(
    tenant_id: int,
    name: str,
    question: Any,
    chosen: Iterable[str],
    user_id: int,
    found: Segment | None = None,
    firsts: Iterable[tuple[str, Iterable[str]]] = (),
) -> Segment:
    """Create or change a segment; raises Invalid for a missing or taken name, a condition that cannot be asked, or a
    circle of segments. The address is always among the columns. `firsts`: computed columns as (name, keys)."""
    name = words.one_line(name, 120)
    if not name:
        raise Invalid(fields={"name": N_("A segment needs a name.")})
    tree = query.plain(question)
    group, problems = query.read(tree, catalogue.every(tenant_id))
    if problems:
        raise Invalid(fields={"query": problems[0].message})
    if found is not None:
        if found.frozen_at is not None and tree != found.query:
            raise Conflict(
                N_("The people of this segment are frozen. Let it live again before you change it.")
            )
        if found.id in _reached(tenant_id, group, set()):
            raise Invalid(fields={"query": N_("This segment would ask for itself. Choose another one.")})
    known = columns(tenant_id)
    segment = found or Segment(tenant_id=tenant_id, created_by_id=user_id)
    segment.name, segment.query = name, tree
    segment.columns = list(dict.fromkeys(["person:address", *(key for key in chosen if key in known)]))
    segment.computed = computed.checked(firsts, known, placeholders(tenant_id).values())
    segment.updated_at = clock.now()
    try:
        with database.atomic():
            segment.save()
            log.record(
                tenant_id, "segment.save", user_id=user_id, kind="segment", object_id=segment.id,
                details={"name": name},
            )  # fmt: skip
    except IntegrityError:
        raise Invalid(fields={"name": N_("There is a segment with this name already.")}) from None
    return segment


def delete(segment: Segment, user_id: int) -> None:
    """Delete a segment; raises Conflict while another one asks for it."""
    bounds.refuse_others(segment.created_by_id)
    catalogued = catalogue.every(segment.tenant_id)
    for other in every(segment.tenant_id):
        if other.id != segment.id and segment.id in _named(query.read(other.query, catalogued)[0]):
            raise Conflict(N_("The segment “%(name)s” asks for this one. Change it first."), name=other.name)
    with database.atomic():
        _empty(segment)
        segment.delete_instance()
        log.record(
            segment.tenant_id, "segment.delete", user_id=user_id, kind="segment", object_id=segment.id,
            details={"name": segment.name},
        )  # fmt: skip


def freeze(segment: Segment, moment: Moment, user_id: int) -> int:
    """Keep the people of this moment, whatever they become; returns how many."""
    bounds.refuse_others(segment.created_by_id)
    if segment.frozen_at is not None:
        raise Conflict(N_("The people of this segment are frozen already."))
    text, values = compile.of_segment(segment, moment)
    with database.atomic():
        _empty(segment)
        count = database.execute_sql(
            sql(
                f"""INSERT INTO segment_member (tenant_id, segment_id, subscriber_id)
                SELECT s.tenant_id, {int(segment.id)}, s.id FROM subscriber s WHERE s.tenant_id = ? AND ({text})"""  # noqa: S608
            ),
            [segment.tenant_id, *values],
        ).rowcount
        segment.frozen_at = clock.now()
        segment.save()
        log.record(
            segment.tenant_id, "segment.freeze", user_id=user_id, kind="segment", object_id=segment.id,
            details={"people": count},
        )  # fmt: skip
    return int(count)


def thaw(segment: Segment, user_id: int) -> None:
    """Let the question count again."""
    bounds.refuse_others(segment.created_by_id)
    with database.atomic():
        _empty(segment)
        segment.frozen_at = None
        segment.save()
        log.record(segment.tenant_id, "segment.thaw", user_id=user_id, kind="segment", object_id=segment.id)


def meant(tenant_id: int, segment_id: int, seen: tuple[int, ...] = ()) -> list[Any]:
    """What a segment asks, with those it asks for: what an approval of a mailing covers."""
    segment = Segment.get_or_none(Segment.tenant_id == tenant_id, Segment.id == segment_id)
    if segment is None or segment_id in seen:
        return []
    at = segment.frozen_at
    inner = _named(query.read(segment.query, catalogue.every(tenant_id))[0])
    return [
        segment.id, segment.query, int(at.timestamp()) if at is not None else None,
        *([segment.computed] if segment.computed else []),
        [meant(tenant_id, other, (*seen, segment_id)) for other in sorted(inner)],
    ]  # fmt: skip


def _empty(segment: Segment) -> None:
    SegmentMember.delete().where(
        SegmentMember.tenant_id == segment.tenant_id, SegmentMember.segment_id == segment.id
    ).execute()


def _named(group: query.Group) -> set[int]:
    """Segments that a tree asks for by name."""
    return {int(value) for rule in query.rules(group) if rule.field.key == "segment" for value in rule.values}


def _reached(tenant_id: int, group: query.Group, seen: set[int]) -> set[int]:
    """Segments that a tree asks for, also through others."""
    for segment_id in _named(group) - seen:
        seen.add(segment_id)
        other = Segment.get_or_none(Segment.tenant_id == tenant_id, Segment.id == segment_id)
        if other is not None:
            _reached(tenant_id, query.read(other.query, catalogue.every(tenant_id))[0], seen)
    return seen
