"""A segment of one tenant in the words of another: what it names by number there has another number here."""

from typing import Any

from domain.errors import N_, Conflict
from domain.segments import catalogue, computed, query, saved
from domain.segments.catalogue import Field
from domain.segments.models import Segment

_NUMBERED = ("type:", "track:", "orgtrack:", "own:", "orgown:")
_BY_OPTION = ("list", "tag", "orgtag", "segment")


def segment(found: Segment, tenant_id: int, name: str) -> Segment:
    """The definition as a segment of another tenant: fields, lists, newsletter types, tags and segments are found by
    their names. Raises Conflict naming what is not there."""
    theirs, ours = catalogue.every(found.tenant_id), catalogue.every(tenant_id)
    columns = [key for key in found.columns if not key.startswith("own:")]
    return Segment.create(
        tenant_id=tenant_id, name=name, query=_tree(query.plain(found.query), theirs, ours), columns=columns
    )


def redefine(original: Segment, by: Segment, user_id: int) -> None:
    """Give a segment of another tenant the question of one of ours, in its words; name and columns stay. Raises
    Conflict naming what is not there, or while its people are frozen."""
    ours, theirs = catalogue.every(by.tenant_id), catalogue.every(original.tenant_id, original.id)
    tree = _tree(query.plain(by.query), ours, theirs)
    firsts = [(column.name, column.of) for column in computed.of(original)]
    saved.save(original.tenant_id, original.name, tree, original.columns, user_id, original, firsts)


def _tree(raw: dict[str, Any], theirs: dict[str, Field], ours: dict[str, Field]) -> dict[str, Any]:
    rules = [
        _tree(rule, theirs, ours) if "rules" in rule else _rule(rule, theirs, ours) for rule in raw["rules"]
    ]
    return {"match": raw["match"], "rules": rules}


def _rule(rule: dict[str, Any], theirs: dict[str, Field], ours: dict[str, Field]) -> dict[str, Any]:
    field = theirs.get(rule["field"])
    if field is None:
        return rule
    key = _alike(field, ours) if field.key.startswith(_NUMBERED) else field.key
    if rule["op"] in ("campaign", "not_campaign"):
        _refuse(field.label)
    if not (key.startswith(("track:", "orgtrack:")) or key in _BY_OPTION):
        return {**rule, "field": key}
    named = dict(field.options)
    there = {label: value for value, label in (ours[key].options if key in ours else ())}
    labels = [named.get(value, value) for value in rule["value"]]
    for label in labels:
        if label not in there:
            _refuse(label)
    return {**rule, "field": key, "value": [there[label] for label in labels]}


def _alike(field: Field, ours: dict[str, Field]) -> str:
    """The key of our field of the same sort, kind and name."""
    sort = field.key.partition(":")[0]
    for key, other in ours.items():
        if key.partition(":")[0] == sort and (other.label, other.kind) == (field.label, field.kind):
            return key
    return _refuse(field.label)


def _refuse(label: str) -> str:
    raise Conflict(
        N_("This segment asks about “%(name)s”, which does not exist here. Create it first."), name=label
    )
