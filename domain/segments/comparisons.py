"""How one condition compares one column or own field, in the SQL of either engine; values are always bound.

Every text made here is true or false, never NULL, so that its opposite is its negation.
"""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain import clock
from domain.db import is_postgres
from domain.segments.query import Rule

DAY_S = 86_400
Made = tuple[str, list[Any]]
_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


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


def of_text(column: str, given: list[Any], rule: Rule) -> Made:
    """A text column; `given` are the values that the column expression itself binds."""
    if rule.op == "empty":
        return f"{column} = ''", given
    if rule.op == "filled":
        return f"{column} <> ''", given
    low = f'lower({column} COLLATE "C")' if is_postgres() else f"lower({column})"
    wanted = [folded(value) for value in rule.values]
    if rule.op in ("is", "is_not", "one_of"):
        return negated_by(rule.op, f"{low} IN ({places(wanted)})", [*given, *wanted])
    if rule.op == "begins":
        return f"substr({low}, 1, {len(wanted[0])}) = ?", [*given, wanted[0]]
    inside = "strpos" if is_postgres() else "instr"
    return negated_by(rule.op, f"{inside}({low}, ?) > 0", [*given, wanted[0]])


def of_own_field(alias: str, rule: Rule, moment: Moment) -> Made:
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
    return of_day(column, [path], rule, moment) if kind == "date" else of_text(column, [path], rule)


def _choices(alias: str, path: str, rule: Rule) -> Made:
    if is_postgres():
        inside = f"{alias}.fields::jsonb -> ?::text"
        array = f"CASE WHEN jsonb_typeof({inside}) = 'array' THEN {inside} END"
        text = " OR ".join(f"COALESCE(jsonb_exists({array}, ?), FALSE)" for _ in rule.values)
        return negated_by(rule.op, text, [bound for value in rule.values for bound in (path, path, value)])
    text = f"EXISTS (SELECT 1 FROM json_each({alias}.fields, ?) j WHERE j.value IN ({places(rule.values)}))"
    return negated_by(rule.op, text, [path, *rule.values])


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


def of_day(column: str, given: list[Any], rule: Rule, moment: Moment) -> Made:
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


def of_moment(column: str, rule: Rule, moment: Moment) -> Made:
    if rule.op == "last_days":
        return f"{column} >= ?", [moment.now - rule.values[0] * DAY_S]
    if rule.op == "older_days":
        return f"{column} < ?", [moment.now - rule.values[0] * DAY_S]
    day = date.fromisoformat(rule.values[0])
    if rule.op == "before":
        return f"{column} < ?", [moment.midnight(day)]
    return f"{column} >= ?", [moment.midnight(day + timedelta(days=1))]


def of_birthday(rule: Rule, moment: Moment) -> Made:
    if rule.op == "empty":
        return "s.birthday = ''", []
    if rule.op == "filled":
        return "s.birthday <> ''", []
    if rule.op == "month":
        return "substr(s.birthday, 6, 2) = ?", [rule.values[0]]
    days = birthdays(moment.today(), rule.values[0])
    return f"substr(s.birthday, 6, 5) IN ({places(days)})", list(days)


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


def yes_or_no(op: str, text: str, values: list[Any]) -> Made:
    return (f"NOT ({text})" if op == "no" else text), values


def negated_by(op: str, text: str, values: list[Any]) -> Made:
    return (f"NOT ({text})" if op in ("is_not", "contains_not", "has_not") else text), values


def places(values: Any) -> str:
    return ", ".join("?" * len(values))
