"""From the question of a segment to one condition in SQL, with all values bound: the same answer on both engines.

Texts are compared without regard to the case of ASCII letters: that is what both engines do alike. Every condition
is true or false, never NULL, so that "none" is the exact opposite of "any".
"""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain import clock
from domain.db import is_postgres
from domain.errors import N_, Conflict
from domain.ledger.states import DeliveryState
from domain.segments import catalogue, query
from domain.segments.models import Segment
from domain.segments.query import Group, Rule
from domain.tenancy import territory

DAY_S = 86_400
Made = tuple[str, list[Any]]
UNREADABLE = N_(
    "The segment “%(name)s” asks for something that is gone. Open it and mend what is marked there."
)
_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Unreadable(Conflict):
    """A saved segment has a condition that cannot be asked: without it the others would find far more people."""


@dataclass
class Moment:
    """For whom and when a question is asked: days begin in the tenant's zone."""

    tenant_id: int
    zone: str = "Europe/Berlin"
    now: int = 0  # epoch s
    inside: list[int] = field(default_factory=list)  # segments being compiled, so that a circle ends

    def __post_init__(self) -> None:
        self.now = self.now or clock.epoch()

    def today(self) -> date:
        return datetime.fromtimestamp(self.now, ZoneInfo(self.zone)).date()

    def midnight(self, day: date) -> int:
        return int(datetime.combine(day, time(), ZoneInfo(self.zone)).timestamp())


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
        return _birthday(rule, moment)
    if name == "created_at":
        return _moment_of("s.created_at", rule, moment)
    if name == "deliverability":
        return _negated(rule.op, f"s.deliverability IN ({_places(rule.values)})", list(rule.values))
    if name == "territory":
        nodes = territory.below(moment.tenant_id, map(int, rule.values)) or (0,)
        inside = f"s.territory_id IS NOT NULL AND s.territory_id IN ({_places(nodes)})"
        return _negated(rule.op, inside, list(nodes))
    if name == "has_address":
        return _yes(rule.op, "s.address_key IS NOT NULL", [])
    if name == "locked":
        return _yes(rule.op, _locked("s"), [moment.now])
    if name == "suppressed":
        inside = """EXISTS (SELECT 1 FROM suppression x WHERE x.tenant_id = ? AND x.address_key = s.address_key
            AND (x.until IS NULL OR x.until > ?))"""
        return _yes(rule.op, inside, [moment.tenant_id, moment.now])
    assert name in catalogue.PERSON_TEXTS
    return _text("COALESCE(s.address, '')" if name == "address" else f"s.{name}", [], rule)


def _organisation(rule: Rule, name: str, moment: Moment) -> Made:
    if name == "any":
        return _yes(rule.op, "s.organisation_id IS NOT NULL", [])
    if name == "locked":
        return _inside_organisation(_yes("yes", _locked("o"), [moment.now]), rule.op == "no", moment)
    assert name in catalogue.ORGANISATION_TEXTS
    if rule.op in ("is_not", "contains_not", "empty"):  # also holds for people without a customer
        opposite = {"is_not": "is", "contains_not": "contains", "empty": "filled"}[rule.op]
        return _inside_organisation(
            _text(f"o.{name}", [], Rule(rule.field, opposite, rule.values)), True, moment
        )
    return _inside_organisation(_text(f"o.{name}", [], rule), False, moment)


def _own(rule: Rule, _name: str, moment: Moment) -> Made:
    return _own_of("s", rule, moment)


def _own_of_organisation(rule: Rule, _name: str, moment: Moment) -> Made:
    negative = {
        "is_not": "is", "contains_not": "contains", "empty": "filled", "ne": "eq", "has_not": "has", "no": "yes",
    }  # fmt: skip
    if rule.op in negative and not (rule.op == "no" and rule.field.kind == "yesno"):
        turned = Rule(rule.field, negative[rule.op], rule.values)
        return _inside_organisation(_own_of("o", turned, moment), True, moment)
    return _inside_organisation(_own_of("o", rule, moment), False, moment)


def _list(rule: Rule, _name: str, moment: Moment) -> Made:
    inside = f"tenant_id = ? AND list_id IN ({_places(rule.values)})"
    text = f"s.id IN (SELECT subscriber_id FROM list_member WHERE {inside})"
    return _negated(rule.op, text, [moment.tenant_id, *map(int, rule.values)])


def _tag(holder: str, column: str) -> Callable[[Rule, str, Moment], Made]:
    def made(rule: Rule, _name: str, moment: Moment) -> Made:
        text = f"""{column} IS NOT NULL AND {column} IN (SELECT holder_id FROM tagging WHERE tenant_id = ?
            AND tag_id IN ({_places(rule.values)}) AND holder = '{holder}')"""
        return _negated(rule.op, text, [moment.tenant_id, *map(int, rule.values)])

    return made


def _track(holder: str, column: str) -> Callable[[Rule, str, Moment], Made]:
    def made(rule: Rule, _name: str, moment: Moment) -> Made:
        text = f"""{column} IS NOT NULL AND {column} IN (SELECT holder_id FROM standing WHERE tenant_id = ?
            AND value_id IN ({_places(rule.values)}) AND holder = '{holder}')"""
        return _negated(rule.op, text, [moment.tenant_id, *map(int, rule.values)])

    return made


def _type(rule: Rule, name: str, moment: Moment) -> Made:
    states = [value for value in rule.values if value != "none"]
    parts, values = [], []
    if states:
        parts.append(
            f"""s.id IN (SELECT subscriber_id FROM subscription WHERE tenant_id = ? AND type_id = ?
            AND consent IN ({_places(states)}))"""
        )
        values += [moment.tenant_id, int(name), *states]
    if "none" in rule.values:
        parts.append(
            """NOT EXISTS (SELECT 1 FROM subscription c WHERE c.tenant_id = ? AND c.type_id = ?
            AND c.subscriber_id = s.id)"""
        )
        values += [moment.tenant_id, int(name)]
    return _negated(rule.op, " OR ".join(parts), values)


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
        where.append(f"d.campaign_id IN ({_places(rule.values)})")
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
    return _negated(rule.op, " OR ".join(parts) or "FALSE", values)


_AREAS: dict[str, Callable[[Rule, str, Moment], Made]] = {
    "person": _person, "org": _organisation, "own": _own, "orgown": _own_of_organisation, "list": _list,
    "tag": _tag("subscriber", "s.id"), "orgtag": _tag("organisation", "s.organisation_id"),
    "track": _track("subscriber", "s.id"), "orgtrack": _track("organisation", "s.organisation_id"),
    "type": _type, "event": _event, "segment": _segment,
}  # fmt: skip


def _text(column: str, given: list[Any], rule: Rule) -> Made:
    """A text column; `given` are the values that the column expression itself binds."""
    if rule.op == "empty":
        return f"{column} = ''", given
    if rule.op == "filled":
        return f"{column} <> ''", given
    low = f'lower({column} COLLATE "C")' if is_postgres() else f"lower({column})"
    wanted = [folded(value) for value in rule.values]
    if rule.op in ("is", "is_not", "one_of"):
        return _negated(rule.op, f"{low} IN ({_places(wanted)})", [*given, *wanted])
    if rule.op == "begins":
        return f"substr({low}, 1, {len(wanted[0])}) = ?", [*given, wanted[0]]
    inside = "strpos" if is_postgres() else "instr"
    return _negated(rule.op, f"{inside}({low}, ?) > 0", [*given, wanted[0]])


def _own_of(alias: str, rule: Rule, moment: Moment) -> Made:
    key = rule.field.own_key
    path = key if is_postgres() else f'$."{key}"'
    kind = rule.field.kind
    raw = f"({alias}.fields::jsonb ->> ?::text)" if is_postgres() else f"json_extract({alias}.fields, ?)"
    if kind == "choices" and rule.op in ("has", "has_not"):
        return _choices(alias, path, rule)
    if kind == "choices":
        some = f"COALESCE(CAST({raw} AS TEXT), '') NOT IN ('', '[]')"
        return (some if rule.op == "filled" else f"NOT ({some})"), [path]
    if kind == "number":
        return _number(alias, path, rule)
    if kind == "yesno":
        word = (
            ("true" if rule.op == "yes" else "false") if is_postgres() else ("1" if rule.op == "yes" else "0")
        )
        return f"COALESCE(CAST({raw} AS TEXT), '') = '{word}'", [path]
    column = f"COALESCE(CAST({raw} AS TEXT), '')"
    return _day(column, [path], rule, moment) if kind == "date" else _text(column, [path], rule)


def _choices(alias: str, path: str, rule: Rule) -> Made:
    if is_postgres():
        inside = f"{alias}.fields::jsonb -> ?::text"
        array = f"CASE WHEN jsonb_typeof({inside}) = 'array' THEN {inside} END"
        text = " OR ".join(f"COALESCE(jsonb_exists({array}, ?), FALSE)" for _ in rule.values)
        return _negated(rule.op, text, [bound for value in rule.values for bound in (path, path, value)])
    text = f"EXISTS (SELECT 1 FROM json_each({alias}.fields, ?) j WHERE j.value IN ({_places(rule.values)}))"
    return _negated(rule.op, text, [path, *rule.values])


def _number(alias: str, path: str, rule: Rule) -> Made:
    if is_postgres():
        value = f"""CASE WHEN jsonb_typeof({alias}.fields::jsonb -> ?::text) = 'number'
            THEN ({alias}.fields::jsonb ->> ?::text)::double precision END"""
    else:
        value = f"""CASE WHEN json_type({alias}.fields, ?) IN ('integer', 'real')
            THEN json_extract({alias}.fields, ?) END"""
    bound: list[Any] = [path, path]
    if rule.op in ("empty", "filled"):
        return f"({value}) IS {'NOT ' if rule.op == 'filled' else ''}NULL", bound
    sign = {"eq": "=", "ne": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}[rule.op]
    text = f"COALESCE(({value}) {sign} {'?::double precision' if is_postgres() else '?'}, FALSE)"
    return (f"NOT {text}" if rule.op == "ne" else text), [*bound, rule.values[0]]


def _day(column: str, given: list[Any], rule: Rule, moment: Moment) -> Made:
    """A date kept as ISO text; compared as text, byte by byte."""
    if rule.op == "empty":
        return f"{column} = ''", given
    if rule.op == "filled":
        return f"{column} <> ''", given
    exact = f'{column} COLLATE "C"' if is_postgres() else column
    today = moment.today()
    if rule.op in ("last_days", "next_days"):
        other = today + timedelta(days=rule.values[0] if rule.op == "next_days" else -rule.values[0])
        return f"{exact} BETWEEN ? AND ?", [*given, *sorted((today.isoformat(), other.isoformat()))]
    if rule.op == "on":
        return f"{exact} = ?", [*given, rule.values[0]]
    if rule.op == "before":
        return f"({exact} < ? AND {column} <> '')", [*given, rule.values[0], *given]
    return f"{exact} > ?", [*given, rule.values[0]]


def _moment_of(column: str, rule: Rule, moment: Moment) -> Made:
    if rule.op == "last_days":
        return f"{column} >= ?", [moment.now - rule.values[0] * DAY_S]
    if rule.op == "older_days":
        return f"{column} < ?", [moment.now - rule.values[0] * DAY_S]
    day = date.fromisoformat(rule.values[0])
    if rule.op == "before":
        return f"{column} < ?", [moment.midnight(day)]
    return f"{column} >= ?", [moment.midnight(day + timedelta(days=1))]


def _birthday(rule: Rule, moment: Moment) -> Made:
    if rule.op == "empty":
        return "s.birthday = ''", []
    if rule.op == "filled":
        return "s.birthday <> ''", []
    if rule.op == "month":
        return "substr(s.birthday, 6, 2) = ?", [rule.values[0]]
    days = birthdays(moment.today(), rule.values[0])
    return f"substr(s.birthday, 6, 5) IN ({_places(days)})", list(days)


def birthdays(today: date, days: int) -> list[str]:
    """MM-DD from today to `days` days from now; who was born on 29 February is greeted on 1 March in other years."""
    found = []
    for n in range(min(days, 366) + 1):
        day = today + timedelta(days=n)
        found.append(f"{day:%m-%d}")
        leap = day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)
        if (day.month, day.day) == (3, 1) and not leap:
            found.append("02-29")
    return list(dict.fromkeys(found))


def folded(text: str) -> str:
    """ASCII letters in small, as lower() does on both engines."""
    return "".join(c.lower() if c in _UPPER else c for c in text)


def _inside_organisation(made: Made, negate: bool, moment: Moment) -> Made:
    text, values = made
    whole = f"""s.organisation_id IS NOT NULL AND s.organisation_id IN (SELECT o.id FROM organisation o
        WHERE o.tenant_id = ? AND ({text}))"""
    return (f"NOT ({whole})" if negate else whole), [moment.tenant_id, *values]


def _locked(alias: str) -> str:
    return f"{alias}.locked_reason IS NOT NULL AND ({alias}.locked_until IS NULL OR {alias}.locked_until > ?)"


def _yes(op: str, text: str, values: list[Any]) -> Made:
    return (f"NOT ({text})" if op == "no" else text), values


def _negated(op: str, text: str, values: list[Any]) -> Made:
    return (f"NOT ({text})" if op in ("is_not", "contains_not", "has_not") else text), values


def _places(values: Any) -> str:
    return ", ".join("?" * len(values))
