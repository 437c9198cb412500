"""The question of a segment: a tree of groups (all, any, none) and conditions, read from JSON and checked.

{"match": "all", "rules": [{"match": "any", "rules": [{"field": "person:city", "op": "is", "value": ["Celle"]}]}]}
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.errors import N_
from domain.segments.catalogue import DAYS, NO_VALUE, OPS, Field
from domain.subscribers import words
from domain.subscribers.facets.fields import BadValue, plain_number

MATCHES = ("all", "any", "none")
DEEPEST = 6
MOST_RULES = 200
MOST_VALUES = 200
MOST_DAYS = 36_500


@dataclass(frozen=True)
class Rule:
    """One condition that can be asked. `values` are texts, numbers (number) or days (…_days) as the kind wants."""

    field: Field
    op: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Group:
    """Conditions and groups, of which all, any or none must hold. An empty one holds for everybody."""

    match: str
    rules: "tuple[Rule | Group, ...]"


@dataclass(frozen=True)
class Problem:
    """A condition that cannot be asked yet: where it stands and what it lacks."""

    path: tuple[int, ...]
    message: str


EVERYBODY = Group("all", ())


def read(raw: Any, catalogue: dict[str, Field]) -> tuple[Group, list[Problem]]:
    """The tree in `raw`, without what cannot be asked, and what is wrong with that."""
    problems: list[Problem] = []
    budget = [MOST_RULES]
    group = _group(raw if isinstance(raw, dict) else {}, catalogue, (), problems, budget)
    return group, problems


def rules(group: Group) -> Iterator[Rule]:
    """Every condition of a tree."""
    for rule in group.rules:
        if isinstance(rule, Group):
            yield from rules(rule)
        else:
            yield rule


def plain(raw: Any, depth: int = 0) -> dict[str, Any]:
    """A tree as it is kept: known keys, texts, no more than fits."""
    if not isinstance(raw, dict) or depth > DEEPEST:
        return {"match": "all", "rules": []}
    found: list[dict[str, Any]] = []
    for rule in list(raw.get("rules") or [])[:MOST_RULES]:
        if isinstance(rule, dict) and "rules" in rule:
            found.append(plain(rule, depth + 1))
        elif isinstance(rule, dict):
            value = rule.get("value", [])
            value = value if isinstance(value, list) else [value]
            found.append(
                {
                    "field": str(rule.get("field", ""))[:60], "op": str(rule.get("op", ""))[:20],
                    "value": [words.one_line(str(v), 300) for v in value[:MOST_VALUES]],
                }
            )  # fmt: skip
    match = raw.get("match")
    return {"match": match if match in MATCHES else "all", "rules": found}


def _group(
    raw: dict[str, Any], catalogue: dict[str, Field], path: tuple[int, ...], problems: list[Problem],
    budget: list[int],
) -> Group:  # fmt: skip
    found: list[Rule | Group] = []
    if len(path) > DEEPEST:
        problems.append(Problem(path, N_("Groups may not stand in each other that deep.")))
        return EVERYBODY
    for index, rule in enumerate(raw.get("rules") or []):
        here = (*path, index)
        budget[0] -= 1
        if budget[0] < 0:
            problems.append(Problem(here, N_("These are too many conditions.")))
            break
        if not isinstance(rule, dict):
            continue
        if "rules" in rule:
            found.append(_group(rule, catalogue, here, problems, budget))
            continue
        try:
            found.append(_rule(rule, catalogue))
        except BadValue as error:
            problems.append(Problem(here, error.message))
    match = raw.get("match")
    return Group(match if match in MATCHES else "all", tuple(found))


def _rule(raw: dict[str, Any], catalogue: dict[str, Field]) -> Rule:
    field = catalogue.get(str(raw.get("field", "")))
    if field is None:
        raise BadValue(N_("This field is gone. Choose another one."))
    op = str(raw.get("op", ""))
    if op not in OPS[field.kind]:
        raise BadValue(N_("Choose a comparison."))
    if op in NO_VALUE:
        return Rule(field, op, ())
    given = raw.get("value", [])
    values = [str(v).strip() for v in (given if isinstance(given, list) else [given]) if str(v).strip()]
    if not values:
        raise BadValue(N_("The value is missing."))
    return Rule(field, op, tuple(_values(field, op, values[:MOST_VALUES])))


def _values(field: Field, op: str, values: list[str]) -> list[Any]:
    if op in DAYS:
        if not values[0].isdecimal() or int(values[0]) > MOST_DAYS:
            raise BadValue(N_("Write a number of days."))
        return [int(values[0])]
    if field.options:
        known = {value for value, _label in field.options}
        chosen = [value for value in values if value in known]
        if not chosen:
            raise BadValue(N_("Choose at least one of the values."))
        return chosen
    if op in ("campaign", "not_campaign") or field.kind == "member":
        if not all(value.isdecimal() and len(value) < 18 for value in values):
            raise BadValue(N_("Choose at least one of the values."))
        return values
    if field.kind == "number":
        return [plain_number(values[0])]
    if op == "month":
        if not values[0].isdecimal() or not 1 <= int(values[0]) <= 12:
            raise BadValue(N_("Choose a month."))
        return [f"{int(values[0]):02}"]
    if op in ("on", "before", "after"):
        try:
            return [date.fromisoformat(values[0]).isoformat()]
        except ValueError:
            raise BadValue(N_("Choose a day.")) from None
    if op == "one_of":
        parts = [part.strip() for value in values for part in value.replace(";", ",").split(",")]
        return [part for part in parts if part][:MOST_VALUES]
    return values[:1]
