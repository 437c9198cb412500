"""Entries of the log in sentences: who did what to what, in whose place, and what changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g
from flask_babel import gettext
from peewee import SQL, Model, ModelSelect

from domain.accounts import policy
from domain.accounts.models import Role, User
from domain.accounts.permissions import SENTENCES, Permission
from domain.audit.log import HOUSE
from domain.audit.models import AuditEntry
from domain.db import together
from domain.errors import N_
from domain.senders.models import Relay
from domain.tenancy.models import Tenant
from portal import states
from portal.acts import ACTS, AREAS, THINGS
from portal.filters import long_date

_SETTINGS: dict[str, str] = {
    "name": N_("Name"), "sender_name": N_("Sender name"), "sender_address": N_("Sender address"),
    "reply_to": N_("Replies to"), "imprint": N_("Imprint"), "privacy_url": N_("Privacy page"), "colour": N_("Colour"),
    "language": N_("Language"), "time_zone": N_("Time zone"), "approval_self": N_("Own work"),
    "complete_recipients": N_("People without an address"), "footer": N_("Recommended footer"),
    "logo_id": N_("Logo"), "retention_months": N_("Addresses in finished mailings"),
    "quiet_hours": N_("Quiet hours"), "latest_start_h": N_("Hours after which a late start is asked about"),
}  # fmt: skip
_WINDOWS = {
    "campaign": N_("Per mailing"), "hour": N_("Per hour"), "day": N_("Per day"), "month": N_("Per month"),
}  # fmt: skip
_WORDS = {
    **_SETTINGS, **_WINDOWS, "free_below": N_("No approval below"), "deadline_h": N_("Void after hours"),
    "escalate_h": N_("Reminder after hours"), "steps": N_("Steps"), "until": N_("Until"), "reason": N_("Reason"),
    "state": N_("State"), "to": N_("To"), "address": N_("Address"), "stand_in": N_("Stand-in"),
    "from": N_("Origin"), "first_day": N_("First day"), "mode": N_("Mode"),
    "with_subtree": N_("With the tenants below"), "territory": N_("Territory"), "most": N_("Mails at most"),
    "days": N_("Within days"), "rule": N_("Rule"), "blocks": N_("Blocks"),
}  # fmt: skip
_CODES = {  # values that stand in an entry as words of the code
    "use": N_("to use"), "administer": N_("to use and administer"), "everybody": N_("everybody in the house"),
    **{str(state): word for state, (word, _tone, _icon) in states.TABLE["approval"].items()},
}  # fmt: skip
_SHORT = 80
STAND_IN, ADDRESS = "for ", "address "  # how an entry says in whose place somebody acted


@dataclass(frozen=True)
class Told:
    """An entry for the page: who, in whose place, what in words, and lines about what changed."""

    entry: AuditEntry
    who: str
    as_whom: str
    text: str
    lines: list[str]


def tell(entries: list[AuditEntry]) -> list[Told]:
    """The entries in the reader's language; the names of all of them are looked up together."""
    people = policy.names([i for e in entries for i in (e.user_id, _stood_in_for(e))])
    named = _names(entries)
    roles, tenants = _role_names(entries), _tenants(entries)
    return [
        Told(
            e,
            _who(e, people),
            _as_whom(e, people),
            gettext(ACTS[e.act], what=_what(e, named)) if e.act in ACTS else f"{e.act}: {_what(e, named)}",
            [*_whose(e, tenants), *_lines(e, roles), *_bounds(e, named)],
        )
        for e in entries
    ]


def _who(entry: AuditEntry, people: dict[int, str]) -> str:
    """A person by name; somebody known only by an address by that; else the house itself."""
    if entry.user_id:
        return people.get(entry.user_id, gettext("somebody who is gone"))
    return entry.as_whom.removeprefix(ADDRESS) if entry.as_whom.startswith(ADDRESS) else "Rundbrief"


def _stood_in_for(entry: AuditEntry) -> int | None:
    """The person for whom somebody stood in."""
    number = entry.as_whom.removeprefix(STAND_IN)
    return int(number) if entry.as_whom.startswith(STAND_IN) and number.isdecimal() else None


def _as_whom(entry: AuditEntry, people: dict[int, str]) -> str:
    """In whose place somebody acted, in words; empty: as himself."""
    if entry.as_whom == "support":
        return gettext("as support")
    if absent := _stood_in_for(entry):
        return gettext("standing in for %(name)s", name=people.get(absent, gettext("somebody who is gone")))
    return gettext("by signed link and code") if entry.as_whom.startswith(ADDRESS) else ""


def _what(entry: AuditEntry, named: dict[tuple[str, int], str]) -> str:
    with_name, without, _table, _column = THINGS.get(entry.kind, ("%(name)s", "%(id)s", None, ""))
    name = (
        named.get((entry.kind, entry.object_id))
        or entry.details.get("file")
        or entry.details.get("domain")
        or (entry.details.get("name") if entry.kind == "relay" else None)
    )
    return gettext(with_name, name=name) if name else gettext(without, id=entry.object_id or "")


def _names(entries: list[AuditEntry]) -> dict[tuple[str, int], str]:
    """(kind, id) → name, asked in one statement; a starter role has its translated name."""
    queries, kinds = [], list(THINGS)
    for kind, (_with, _without, table, column) in THINGS.items():
        ids = {e.object_id for e in entries if e.kind == kind and e.object_id}
        if kind == "territory":
            ids |= {
                side["territory"]
                for e in entries
                for side in e.details.get("bounds", [])
                if side["territory"]
            }
        if not ids or table is None:
            continue
        place = SQL(str(kinds.index(kind)))
        query = table.select(place.alias("nth"), table.id, getattr(table, column)).where(table.id.in_(ids))
        if table not in (User, Role):
            query = query.where(_owned(table))
        queries.append(query)
    return {
        (kinds[place], object_id): gettext(name) if kinds[place] == "role" else name
        for place, object_id, name in together(queries)
    }


def _tenants(entries: list[AuditEntry]) -> dict[int, str]:
    """Id → name of the tenants that the log of the house tells of; the log of a tenant tells of itself."""
    ids = {e.object_id for e in entries if e.kind == "tenant" and e.tenant_id == HOUSE}
    return dict(Tenant.select(Tenant.id, Tenant.name).where(Tenant.id.in_(ids)).tuples()) if ids else {}


def _whose(entry: AuditEntry, tenants: dict[int, str]) -> list[str]:
    """Which tenant an act of the house was about; one that is gone by the name it had then."""
    if entry.kind != "tenant" or entry.tenant_id != HOUSE:
        return []
    name = tenants.get(entry.object_id or 0) or entry.details.get("name")
    return [gettext("Tenant: %(name)s", name=name)] if name else []


def _owned(table: type[Model]) -> Any:
    """Things of the tenant whose log it is; mail servers of the installation serve every tenant."""
    own = table.tenant_id == (g.tenant.id if "tenant" in g else 0)
    return own | table.tenant_id.is_null() if table is Relay else own


def named(tenant_id: int, text: str) -> dict[str, ModelSelect]:
    """Kind → the ids of the tenant's things whose name holds `text`, as queries inside of the search of the log."""
    found: dict[str, ModelSelect] = {}
    for kind, (_with, _without, table, column) in THINGS.items():
        if table is not None and table is not Role:
            query = table.select(table.id).where(getattr(table, column).contains(text))
            found[kind] = query if table is User else query.where(table.tenant_id == tenant_id)
    if tenant_id == HOUSE:
        found["tenant"] = Tenant.select(Tenant.id).where(Tenant.name.contains(text))
    return found


def _role_names(entries: list[AuditEntry]) -> dict[int, str]:
    ids = {
        role_id
        for e in entries
        if e.act == "user.roles"
        for side in ("before", "after")
        for role_id in e.details[side]
    }
    if not ids:
        return {}
    return {r.id: gettext(r.name) if r.starter else r.name for r in Role.select().where(Role.id.in_(ids))}


def _lines(entry: AuditEntry, roles: dict[int, str]) -> list[str]:
    details = entry.details
    if entry.act == "role.permissions":
        return _difference(
            details, lambda word: gettext(SENTENCES[Permission(word)]) if word in set(Permission) else word
        )
    if entry.act == "user.roles":
        return _difference(details, lambda role_id: roles.get(role_id, str(role_id)))
    if entry.act == "role.limits":
        windows = [w for w in _WINDOWS if details["before"].get(w) != details["after"].get(w)]
        return [
            _change(gettext(_WINDOWS[w]), details["before"].get(w), details["after"].get(w)) for w in windows
        ]
    if entry.act == "tenant.settings":
        return [_change(gettext(_SETTINGS.get(key, key)), *pair) for key, pair in details.items()]
    lines = _sides(details["before"], details["after"]) if {"before", "after"} <= details.keys() else []
    told = [details.get(key) for key in ("reason", "remark", "role", "selector") if details.get(key)]
    return lines + [gettext("“%(text)s”", text=_short(text)) for text in told]


def _bounds(entry: AuditEntry, named: dict[tuple[str, int], str]) -> list[str]:
    """The end and the territory of an access, where they changed."""
    if entry.act != "user.roles" or "bounds" not in entry.details:
        return []
    before, after = (
        {
            "until": side["until"],
            "territory": named.get(("territory", side["territory"])) or side["territory"],
        }
        for side in entry.details["bounds"]
    )
    return _sides(before, after)


def _sides(before: Any, after: Any) -> list[str]:
    """What differs between two states of anything: by key, by item, or as a whole."""
    if isinstance(before, list) and isinstance(after, list):
        return _difference({"before": before, "after": after}, _short)
    if not isinstance(before, dict | None) or not isinstance(after, dict | None):
        return [_change("", before, after)] if before != after else []
    old, new = before or {}, after or {}
    if not old:  # it has just come into being: nothing changed, it is so
        told = [(key, _short(_spoken(key, value))) for key, value in new.items() if value not in (None, "")]
        return [f"{gettext(_WORDS.get(key, key))}: {value}" for key, value in told]
    return [
        _change(gettext(_WORDS.get(key, key)), _spoken(key, old.get(key)), _spoken(key, new.get(key)))
        for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)
    ]  # fmt: skip


def _spoken(key: str, value: Any) -> Any:
    """A value of the code in words; a day without its hour."""
    if key in ("mode", "state", "to") and value in _CODES:
        return gettext(_CODES[value])
    return long_date(datetime.fromisoformat(value)) if key == "until" and value else value


def _difference(details: dict[str, Any], name: Any) -> list[str]:
    before, after = details["before"], details["after"]
    return [
        *(gettext("added: %(what)s", what=name(item)) for item in after if item not in before),
        *(gettext("taken away: %(what)s", what=name(item)) for item in before if item not in after),
    ]


def _change(label: str, before: object, after: object) -> str:
    text = f"{_short(before)} → {_short(after)}"
    return f"{label}: {text}" if label else text


def _short(value: object) -> str:
    if value is None or value == "":
        return "–"
    text = gettext({True: N_("yes"), False: N_("no")}[value]) if isinstance(value, bool) else str(value)
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def areas() -> Iterable[tuple[str, str]]:
    """(key, word) of the filter, by word."""
    return sorted(((key, gettext(word)) for key, word in AREAS.items()), key=lambda pair: pair[1].casefold())
