"""What a segment asks, answered in plain Python over plain rows: the other opinion for the property test."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DAY_S = 86_400


@dataclass
class Person:
    """One random person with everything a question may be about."""

    row: dict[str, Any]
    own: dict[str, Any] = field(default_factory=dict)
    organisation: dict[str, Any] | None = None
    lists: set[int] = field(default_factory=set)
    tags: set[int] = field(default_factory=set)
    consents: dict[int, str] = field(default_factory=dict)
    values: set[int] = field(default_factory=set)
    got: list[tuple[int, int]] = field(default_factory=list)  # (campaign, at)
    happened: dict[str, list[tuple[int, int]]] = field(
        default_factory=dict
    )  # opened, clicked, bounced, as `got`
    suppressed: bool = False


@dataclass
class World:
    now: int
    zone: ZoneInfo
    own_fields: dict[str, tuple[str, str]]  # catalogue key → (own key, kind)
    segments: dict[int, dict[str, Any]]
    frozen: dict[int, set[int]]  # segment → the people of its moment
    below: dict[int, set[int]]  # node of the territory → itself and those below

    def today(self) -> date:
        return datetime.fromtimestamp(self.now, self.zone).date()


def low(text: str) -> str:
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def holds(tree: dict[str, Any], person: Person, world: World) -> bool:
    if "rules" not in tree:
        return condition(tree, person, world)
    answers = [holds(rule, person, world) for rule in tree["rules"]]
    if not answers:
        return True
    return {"all": all(answers), "any": any(answers), "none": not any(answers)}[tree["match"]]


def condition(rule: dict[str, Any], person: Person, world: World) -> bool:
    area, _, name = rule["field"].partition(":")
    op, value = rule["op"], rule["value"]
    if area in ("list", "tag", "track", "orgtag", "orgtrack"):
        firm = person.organisation or {"tags": set(), "values": set()}
        mine = {"list": person.lists, "tag": person.tags, "track": person.values, "orgtag": firm["tags"],
                "orgtrack": firm["values"]}[area]  # fmt: skip
        return bool(mine & set(map(int, value))) == (op == "is")
    if area == "segment":
        return any(inside(i, person, world) for i in map(int, value)) == (op == "is")
    if area == "type":
        return (person.consents.get(int(name), "none") in value) == (op == "is")
    if area == "event":
        return event(op, value, person.got if name == "got" else person.happened.get(name, []), world)
    if area == "own":
        return own(rule, person.own, world)
    if area == "orgown":
        return own_of_organisation(rule, person, world)
    if area == "org":
        return organisation(name, op, value, person, world)
    return master(name, op, value, person, world)


def inside(segment: int, person: Person, world: World) -> bool:
    if segment in world.frozen:
        return person.row["id"] in world.frozen[segment]
    return holds(world.segments[segment], person, world)


def event(op: str, value: list[str], happened: list[tuple[int, int]], world: World) -> bool:
    if op in ("ever", "never"):
        return bool(happened) == (op == "ever")
    if op.endswith("days"):
        recent = any(at >= world.now - int(value[0]) * DAY_S for _, at in happened)
        return recent == (op == "last_days")
    named = any(campaign in map(int, value) for campaign, _ in happened)
    return named == (op == "campaign")


def master(name: str, op: str, value: list[str], person: Person, world: World) -> bool:
    row = person.row
    if name == "birthday":
        return birthday(op, value, row["birthday"], world)
    if name == "created_at":
        return moment(op, value, row["created_at"], world)
    if name == "has_address":
        return (row["address"] is not None) == (op == "yes")
    if name == "locked":
        return locked(row, world) == (op == "yes")
    if name == "suppressed":
        return person.suppressed == (op == "yes")
    if name == "territory":
        nodes = set().union(*(world.below[int(node)] for node in value))
        return (row["territory_id"] in nodes) == (op == "is")
    if name == "deliverability":
        return (row["deliverability"] in value) == (op == "is")
    return text(row.get(name) or "", op, value)


def locked(row: dict[str, Any], world: World) -> bool:
    return row["locked_reason"] is not None and (
        row["locked_until"] is None or row["locked_until"] > world.now
    )


def organisation(name: str, op: str, value: list[str], person: Person, world: World) -> bool:
    found = person.organisation
    if name == "any":
        return (found is not None) == (op == "yes")
    if name == "locked":
        return (found is not None and locked(found, world)) == (op == "yes")
    if found is None:
        return op in ("is_not", "contains_not", "empty")
    return text(found[name], op, value)


def own_of_organisation(rule: dict[str, Any], person: Person, world: World) -> bool:
    """People without a customer have nothing in it; only what says that it lacks something holds for them."""
    if person.organisation is None:
        return rule["op"] in ("is_not", "contains_not", "empty", "ne", "has_not")
    return own(rule, person.organisation["fields"], world)


def own(rule: dict[str, Any], given_fields: dict[str, Any], world: World) -> bool:
    key, kind = world.own_fields[rule["field"]]
    op, value = rule["op"], rule["value"]
    given = given_fields.get(key)
    if op in ("empty", "filled"):
        return (given not in (None, "", [])) == (op == "filled")
    if kind == "choices":
        return bool(set(given or []) & set(value)) == (op == "has")
    if kind == "yesno":
        return given is (op == "yes")
    if kind == "number":
        return number(op, float(value[0]), given)
    if kind == "date":
        return day(op, value, given or "", world)
    return text(given or "", op, value)


def number(op: str, wanted: float, given: float | None) -> bool:
    if given is None:
        return op == "ne"
    return {
        "eq": given == wanted, "ne": given != wanted, "lt": given < wanted, "le": given <= wanted,
        "gt": given > wanted, "ge": given >= wanted,
    }[op]  # fmt: skip


def day(op: str, value: list[str], given: str, world: World) -> bool:
    if not given:
        return False
    at, today = date.fromisoformat(given), world.today()
    if op == "last_days":
        return today - timedelta(days=int(value[0])) <= at <= today
    if op == "next_days":
        return today <= at <= today + timedelta(days=int(value[0]))
    wanted = date.fromisoformat(value[0])
    return {"on": at == wanted, "before": at < wanted, "after": at > wanted}[op]


def moment(op: str, value: list[str], given: int, world: World) -> bool:
    if op in ("last_days", "older_days"):
        return (given >= world.now - int(value[0]) * DAY_S) == (op == "last_days")
    at = datetime.fromtimestamp(given, world.zone).date()
    wanted = date.fromisoformat(value[0])
    return at < wanted if op == "before" else at > wanted


def birthday(op: str, value: list[str], given: str, world: World) -> bool:
    if op in ("empty", "filled"):
        return bool(given) == (op == "filled")
    if not given:
        return False
    if op == "month":
        return int(given[5:7]) == int(value[0])
    today = world.today()
    for n in range(min(int(value[0]), 366) + 1):
        then = today + timedelta(days=n)
        born = given[5:]
        try:
            date(then.year, int(born[:2]), int(born[3:]))
        except ValueError:
            born = "03-01"
        if f"{then:%m-%d}" == born:
            return True
    return False


def text(given: str, op: str, value: list[str]) -> bool:
    if op in ("empty", "filled"):
        return bool(given) == (op == "filled")
    given = low(given)
    wanted = [low(v) for v in value]
    if op == "one_of":
        return given in [
            part.strip() for v in wanted for part in v.replace(";", ",").split(",") if part.strip()
        ]
    return {
        "is": given in wanted, "is_not": given not in wanted, "contains": wanted[0] in given,
        "contains_not": wanted[0] not in given, "begins": given.startswith(wanted[0]),
    }[op]  # fmt: skip
