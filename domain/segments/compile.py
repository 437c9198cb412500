"""From the question of a segment to one condition in SQL, with all values bound: the same answer on both engines.

Texts are compared without regard to the case of ASCII letters: that is what both engines do alike. Every condition
is true or false, never NULL, so that "none" is the exact opposite of "any".
"""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

from collections.abc import Callable
from typing import Any

from domain.errors import N_, Conflict
from domain.ledger.states import DeliveryState
from domain.segments import catalogue, comparisons, query
from domain.segments.comparisons import DAY_S, Made, Moment, negated_by, places, yes_or_no
from domain.segments.models import Segment
from domain.segments.query import Group, Rule
from domain.tenancy import territory

UNREADABLE = N_(
    "The segment “%(name)s” asks for something that is gone. Open it and mend what is marked there."
)


class Unreadable(Conflict):
    """A saved segment has a condition that cannot be asked: without it the others would find far more people."""


def condition(group: Group, moment: Moment) -> Made:
    """(text, values): a condition over the alias `s` of subscriber. The caller names the tenant."""
    parts: list[str] = []
    values: list[Any] = []
    for rule in group.rules:
        text, bound = condition(rule, moment) if isinstance(rule, Group) else _rule(rule, moment)
        parts.append(f"({text})")
        values += bound
    if not parts:
        return "TRUE", []
    if group.match == "none":
        return f"NOT ({' OR '.join(parts)})", values
    return (" AND " if group.match == "all" else " OR ").join(parts), values


def of_segment(segment: Segment, moment: Moment) -> Made:
    """The condition of a saved segment; a frozen one holds for the people of its moment. Raises Unreadable, also when
    a segment that it asks for cannot be asked."""
    if segment.frozen_at is not None:
        return (
            "s.id IN (SELECT subscriber_id FROM segment_member WHERE tenant_id = ? AND segment_id = ?)",
            [segment.tenant_id, segment.id],
        )
    if segment.id in moment.inside:
        return "FALSE", []
    group, problems = query.read(segment.query, catalogue.every(segment.tenant_id))
    if problems:
        raise Unreadable(UNREADABLE, name=segment.name)
    moment.inside.append(segment.id)
    try:
        return condition(group, moment)
    finally:
        moment.inside.pop()


def _rule(rule: Rule, moment: Moment) -> Made:
    area, _, name = rule.field.key.partition(":")
    return _AREAS[area](rule, name, moment)


def _person(rule: Rule, name: str, moment: Moment) -> Made:
    if name == "birthday":
        return comparisons.of_birthday(rule, moment)
    if name == "created_at":
        return comparisons.of_moment("s.created_at", rule, moment)
    if name == "deliverability":
        return negated_by(rule.op, f"s.deliverability IN ({places(rule.values)})", list(rule.values))
    if name == "territory":
        nodes = territory.below(moment.tenant_id, map(int, rule.values)) or (0,)
        inside = f"s.territory_id IS NOT NULL AND s.territory_id IN ({places(nodes)})"
        return negated_by(rule.op, inside, list(nodes))
    if name == "has_address":
        return yes_or_no(rule.op, "s.address_key IS NOT NULL", [])
    if name == "locked":
        return yes_or_no(rule.op, _locked("s"), [moment.now])
    if name == "suppressed":
        inside = """EXISTS (SELECT 1 FROM suppression x WHERE x.tenant_id = ? AND x.address_key = s.address_key
            AND (x.until IS NULL OR x.until > ?))"""
        return yes_or_no(rule.op, inside, [moment.tenant_id, moment.now])
    assert name in catalogue.PERSON_TEXTS
    return comparisons.of_text("COALESCE(s.address, '')" if name == "address" else f"s.{name}", [], rule)


def _organisation(rule: Rule, name: str, moment: Moment) -> Made:
    if name == "any":
        return yes_or_no(rule.op, "s.organisation_id IS NOT NULL", [])
    if name == "locked":
        return _inside_organisation(yes_or_no("yes", _locked("o"), [moment.now]), rule.op == "no", moment)
    assert name in catalogue.ORGANISATION_TEXTS
    if rule.op in ("is_not", "contains_not", "empty"):  # also holds for people without a customer
        opposite = {"is_not": "is", "contains_not": "contains", "empty": "filled"}[rule.op]
        return _inside_organisation(
            comparisons.of_text(f"o.{name}", [], Rule(rule.field, opposite, rule.values)), True, moment
        )
    return _inside_organisation(comparisons.of_text(f"o.{name}", [], rule), False, moment)


def _own(rule: Rule, _name: str, moment: Moment) -> Made:
    return comparisons.of_own_field("s", rule, moment)


def _own_of_organisation(rule: Rule, _name: str, moment: Moment) -> Made:
    negative = {
        "is_not": "is", "contains_not": "contains", "empty": "filled", "ne": "eq", "has_not": "has", "no": "yes",
    }  # fmt: skip
    if rule.op in negative and not (rule.op == "no" and rule.field.kind == "yesno"):
        turned = Rule(rule.field, negative[rule.op], rule.values)
        return _inside_organisation(comparisons.of_own_field("o", turned, moment), True, moment)
    return _inside_organisation(comparisons.of_own_field("o", rule, moment), False, moment)


def _list(rule: Rule, _name: str, moment: Moment) -> Made:
    inside = f"tenant_id = ? AND list_id IN ({places(rule.values)})"
    text = f"s.id IN (SELECT subscriber_id FROM list_member WHERE {inside})"
    return negated_by(rule.op, text, [moment.tenant_id, *map(int, rule.values)])


def _tag(holder: str, column: str) -> Callable[[Rule, str, Moment], Made]:
    def made(rule: Rule, _name: str, moment: Moment) -> Made:
        text = f"""{column} IS NOT NULL AND {column} IN (SELECT holder_id FROM tagging WHERE tenant_id = ?
            AND tag_id IN ({places(rule.values)}) AND holder = '{holder}')"""
        return negated_by(rule.op, text, [moment.tenant_id, *map(int, rule.values)])

    return made


def _track(holder: str, column: str) -> Callable[[Rule, str, Moment], Made]:
    def made(rule: Rule, _name: str, moment: Moment) -> Made:
        text = f"""{column} IS NOT NULL AND {column} IN (SELECT holder_id FROM standing WHERE tenant_id = ?
            AND value_id IN ({places(rule.values)}) AND holder = '{holder}')"""
        return negated_by(rule.op, text, [moment.tenant_id, *map(int, rule.values)])

    return made


def _type(rule: Rule, name: str, moment: Moment) -> Made:
    states = [value for value in rule.values if value != "none"]
    parts, values = [], []
    if states:
        parts.append(
            f"""s.id IN (SELECT subscriber_id FROM subscription WHERE tenant_id = ? AND type_id = ?
            AND consent IN ({places(states)}))"""
        )
        values += [moment.tenant_id, int(name), *states]
    if "none" in rule.values:
        parts.append(
            """NOT EXISTS (SELECT 1 FROM subscription c WHERE c.tenant_id = ? AND c.type_id = ?
            AND c.subscriber_id = s.id)"""
        )
        values += [moment.tenant_id, int(name)]
    return negated_by(rule.op, " OR ".join(parts), values)


def _event(rule: Rule, name: str, moment: Moment) -> Made:
    if name != "bounced":
        return _happened(rule, name, moment)
    at_once, later = (_happened(rule, kind, moment) for kind in ("refused", "bounced"))
    joint = "AND" if rule.op.startswith("n") else "OR"
    return f"({at_once[0]}) {joint} ({later[0]})", [*at_once[1], *later[1]]


def _happened(rule: Rule, name: str, moment: Moment) -> Made:
    where = ["d.tenant_id = ?", "d.subscriber_id IS NOT NULL"]
    values: list[Any] = [moment.tenant_id]
    source, at = "delivery d", "d.settled_at"
    if name == "got":
        where.append(f"d.state = {int(DeliveryState.SENT)}")
    elif name == "refused":  # a bounce at the door; without a code no server was asked
        where.append(f"d.state = {int(DeliveryState.FAILED)} AND d.reply_code >= 500")
    else:
        source, at = (
            "delivery d JOIN delivery_event e ON e.tenant_id = d.tenant_id AND e.delivery_id = d.id",
            "e.at",
        )
        where.append("e.kind = ?")
        values.append(name)
    if rule.op in ("last_days", "not_last_days"):
        where.append(f"{at} >= ?")
        values.append(moment.now - rule.values[0] * DAY_S)
    elif rule.op in ("campaign", "not_campaign"):
        where.append(f"d.campaign_id IN ({places(rule.values)})")
        values += map(int, rule.values)
    text = f"s.id IN (SELECT d.subscriber_id FROM {source} WHERE {' AND '.join(where)})"
    return (f"NOT ({text})" if rule.op.startswith("n") else text), values


def _segment(rule: Rule, _name: str, moment: Moment) -> Made:
    chosen = Segment.select().where(
        Segment.tenant_id == moment.tenant_id, Segment.id.in_([int(value) for value in rule.values])
    )
    parts, values = [], []
    for segment in chosen.order_by(Segment.id):
        text, bound = of_segment(segment, moment)
        parts.append(f"({text})")
        values += bound
    return negated_by(rule.op, " OR ".join(parts) or "FALSE", values)


_AREAS: dict[str, Callable[[Rule, str, Moment], Made]] = {
    "person": _person, "org": _organisation, "own": _own, "orgown": _own_of_organisation, "list": _list,
    "tag": _tag("subscriber", "s.id"), "orgtag": _tag("organisation", "s.organisation_id"),
    "track": _track("subscriber", "s.id"), "orgtrack": _track("organisation", "s.organisation_id"),
    "type": _type, "event": _event, "segment": _segment,
}  # fmt: skip


def _inside_organisation(made: Made, negate: bool, moment: Moment) -> Made:
    text, values = made
    whole = f"""s.organisation_id IS NOT NULL AND s.organisation_id IN (SELECT o.id FROM organisation o
        WHERE o.tenant_id = ? AND ({text}))"""
    return (f"NOT ({whole})" if negate else whole), [moment.tenant_id, *values]


def _locked(alias: str) -> str:
    return f"{alias}.locked_reason IS NOT NULL AND ({alias}.locked_until IS NULL OR {alias}.locked_until > ?)"
