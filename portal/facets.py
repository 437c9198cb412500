"""Own fields, tags and statuses between forms and domain, for people and organisations alike."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, g, request
from flask_babel import gettext

from domain.errors import Invalid
from domain.subscribers.facets import fields, tags, tracks
from domain.subscribers.facets.models import Holder, OwnField
from portal import context, errors, filters


def init_app(app: Flask) -> None:
    app.jinja_env.globals["zipped"] = lambda values: [(value, value) for value in values]
    app.jinja_env.globals["own_value"] = shown


def typed(holder: Holder) -> dict[str, Any]:
    """What the form says about own fields, `own-<id>` → raw; several ticks become a list."""
    found: dict[str, Any] = {}
    for field in fields.every(g.tenant.id, holder):
        name = f"own-{field.id}"
        if name in request.form:
            found[name] = request.form.getlist(name) if field.kind == "choices" else request.form[name]
    return found


def typed_form(field: OwnField, value: Any) -> Any:
    """A saved value as the form would send it back."""
    if field.kind == "yesno" and isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, list) else "" if value is None else str(value)


def typed_tags() -> dict[str, list[str]]:
    """The tags of the form, if it has any field for them."""
    return {"tags": tags.split(request.form["tags"])} if "tags" in request.form else {}


def shown(field: OwnField, value: Any) -> str:
    """A value of an own field as people read it."""
    if value is None or value == "":
        return "–"
    if field.kind == "yesno":
        return gettext("yes") if value else gettext("no")
    if field.kind == "choices" and isinstance(value, list):
        return ", ".join(map(str, value))
    if field.kind == "date":
        try:
            return str(filters.long_date(date.fromisoformat(str(value))))
        except ValueError:
            return str(value)
    if field.kind == "number" and isinstance(value, int | float):
        return str(filters.number(value))
    return str(value)


def put_statuses(holder: Holder, holder_id: int) -> None:
    """Take the values of all tracks that the form names."""
    for track, _values in tracks.every(g.tenant.id):
        name = f"track-{track.id}"
        if name in request.form:
            before = tracks.of(g.tenant.id, holder, holder_id).get(track.id)
            chosen = int(request.form[name]) if request.form[name].isdecimal() else None
            if chosen != (before.value_id if before else None):
                tracks.put(g.tenant.id, holder, holder_id, track, chosen, g.user.id)


def wrong(error: Invalid) -> dict[str, str]:
    """Field → sentence; "" holds what concerns the whole form."""
    found = errors.say_fields(error)
    return found or {"": errors.say(error)}


def at_day(day: str, at: time) -> datetime | None:
    """This time of a day typed as 2026-12-31, in the tenant's zone; None for nothing or nonsense."""
    try:
        return datetime.combine(date.fromisoformat(day.strip()), at, ZoneInfo(context.time_zone()))
    except ValueError:
        return None


def end_of(day: str) -> datetime | None:
    """The last second of a day typed as 2026-12-31, in the tenant's zone; None for nothing or nonsense."""
    return at_day(day, time(23, 59, 59))
