"""The query builder between form and tree: groups of conditions, of which all, one or none must hold.

Names in the form: `match` (of the groups), `g<group>-match`, `g<group>-<condition>-field`, `-op`, `-value`. What a
button does stands in `act`: add:<group>, group, drop:<group>:<condition>, dropgroup:<group>, start:<name>, before:<id>.
"""

import re
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from domain.segments import saved
from domain.segments.catalogue import NO_VALUE, OPS, WORDS, Field
from domain.segments.query import MATCHES

_NAME = re.compile(r"g(\d{1,3})-(\d{1,3})-(field|op|value)")
_GROUP = re.compile(r"g(\d{1,3})-match")
_FIRST = re.compile(r"first-(\d{1,2})-name")
FIRST = "person:city"
Tree = dict[str, Any]


def read(form: MultiDict[str, str], catalogue: dict[str, Field]) -> Tree:
    """The tree that the form shows, after its button was pressed."""
    groups: dict[int, dict[int, dict[str, Any]]] = {}
    matches: dict[int, str] = {}
    for name in form:
        if found := _GROUP.fullmatch(name):
            matches[int(found[1])] = form[name]
            groups.setdefault(int(found[1]), {})
        elif found := _NAME.fullmatch(name):
            rule = groups.setdefault(int(found[1]), {}).setdefault(int(found[2]), {})
            rule[found[3]] = form.getlist(name) if found[3] == "value" else form[name]
    rules = [
        {
            "match": matches.get(g, "all"),
            "rules": [_fitting(groups[g][r], catalogue) for r in sorted(groups[g])],
        }
        for g in sorted(groups)
    ]
    match = form.get("match", "all")
    tree = {"match": match if match in MATCHES else "all", "rules": rules or [empty()]}
    return pressed(tree, form.get("act", ""))


def firsts(form: MultiDict[str, str]) -> list[tuple[str, list[str]]]:
    """The computed columns as typed: (name, keys), also those that are not complete yet."""
    numbers = sorted(int(hit[1]) for name in form if (hit := _FIRST.fullmatch(name)))
    found = [
        (form.get(f"first-{n}-name", ""), [key for key in form.getlist(f"first-{n}-of") if key])
        for n in numbers
    ]
    return [(name, keys) for name, keys in found if name.strip() or keys]


def pressed(tree: Tree, act: str) -> Tree:
    """The tree after one of the builder's buttons."""
    word, _, rest = act.partition(":")
    numbers = [int(n) for n in rest.split(":") if n.isdecimal()]
    groups = tree["rules"]
    if word == "group":
        groups.append(empty("any"))
    elif word == "start" and rest in saved.STARTERS:
        return start(rest)
    elif numbers and numbers[0] < len(groups):
        group = groups[numbers[0]]
        if word == "add":
            group["rules"].append({"field": FIRST, "op": "is", "value": []})
        elif word == "dropgroup":
            groups.pop(numbers[0])
        elif word == "drop" and len(numbers) == 2 and numbers[1] < len(group["rules"]):
            group["rules"].pop(numbers[1])
    if not groups:
        groups.append(empty())
    return tree


def empty(match: str = "all") -> Tree:
    return {"match": match, "rules": [{"field": FIRST, "op": "is", "value": []}]}


def start(name: str) -> Tree:
    """One of the sets to begin with."""
    rule = dict(saved.STARTERS[name][1]) if name in saved.STARTERS else None
    group = {"match": "all", "rules": [rule]} if rule else empty()
    return {"match": "all", "rules": [group]}


def shown(tree: Tree) -> Tree:
    """A tree as the builder shows it: groups only; single conditions on top stand in a group of their own."""
    groups = [rule for rule in tree.get("rules", []) if "rules" in rule]
    single = [rule for rule in tree.get("rules", []) if "rules" not in rule]
    match = tree.get("match", "all")
    if single and not groups:
        return {"match": "all", "rules": [{"match": match, "rules": single}]}
    if single:
        groups.insert(0, {"match": "all" if match == "all" else "any", "rules": single})
    return {"match": match, "rules": groups or [empty()]}


def in_words(tree: Tree, catalogue: dict[str, Field]) -> str:
    """The question on one line, for people who compare two versions of it."""
    joints = {"all": _("and"), "any": _("or")}
    groups = []
    for group in shown(tree)["rules"]:
        said = f" {joints['all' if group['match'] == 'all' else 'any']} ".join(
            _condition(rule, catalogue) for rule in group["rules"]
        )  # fmt: skip
        groups.append(_("none of: %(conditions)s", conditions=said) if group["match"] == "none" else said)
    match = tree.get("match", "all")
    text = f" {joints['all' if match == 'all' else 'any']} ".join(f"({group})" for group in groups if group)
    return _("none of: %(conditions)s", conditions=text) if match == "none" and text else text


def _condition(rule: dict[str, Any], catalogue: dict[str, Field]) -> str:
    field = catalogue.get(rule["field"])
    if field is None:
        return _("gone")
    labels = dict(field.options)
    values = [labels.get(value, value) for value in rule["value"]] if rule["op"] not in NO_VALUE else []
    label = field.label if field.is_name else _(field.label)
    return " ".join([label, _(WORDS.get(rule["op"], rule["op"])), ", ".join(values)]).strip()


def without_blank(tree: Tree) -> Tree:
    """The tree without conditions that nobody has begun to fill in, so that a fresh page asks for everybody."""
    kept = [
        {
            **group,
            "rules": [
                r for r in group["rules"] if (r["field"], r["op"], "".join(r["value"])) != (FIRST, "is", "")
            ],
        }
        for group in tree["rules"]
    ]
    return {**tree, "rules": [group for group in kept if group["rules"]]}


def _fitting(rule: dict[str, Any], catalogue: dict[str, Field]) -> dict[str, Any]:
    """A condition whose comparison fits the field, also when another field was just chosen."""
    field = catalogue.get(rule.get("field", ""))
    ops = OPS[field.kind] if field else ()
    op = rule.get("op", "")
    return {
        "field": rule.get("field", FIRST),
        "op": op if op in ops else (ops[0] if ops else op),
        "value": [value for value in rule.get("value", []) if value],
    }
