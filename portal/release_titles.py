"""What releases open, in words."""

from typing import Any

from flask_babel import gettext as _
from peewee import SQL, Model, ModelSelect

from dispatcher.jobs import copies
from domain.accounts.models import User
from domain.db import together
from domain.releases.models import Release


def name_of(model: type[Model]) -> Any:
    """The column that says what a row is called."""
    return model.title if hasattr(model, "title") else model.name


def titles(releases: list[Release]) -> dict[int, str]:
    """Release id → what it opens, asked in one statement; what is gone is left out."""
    wanted: dict[str, list[Release]] = {}
    for release in releases:
        wanted.setdefault(release.kind, []).append(release)
    kinds = [kind for kind in wanted if kind == "user" or kind in copies.OBJECTS]
    rows = together([_named(kind, SQL(str(place)), wanted[kind]) for place, kind in enumerate(kinds)])
    named = {
        (kinds[place], owner, object_id): name or _("Untitled") for place, owner, object_id, name in rows
    }
    found = {r.id: _("the whole list") for r in wanted.get("robinson", [])}
    for release in releases:
        owner = 0 if release.kind == "user" else release.tenant_id
        key = (release.kind, owner, release.object_id)
        if key in named:
            found[release.id] = named[key]
    return found


def _named(kind: str, place: SQL, some: list[Release]) -> ModelSelect:
    """(place, owner, id, name) of the objects of one kind; people belong to nobody."""
    ids = {r.object_id for r in some}
    if kind == "user":
        return User.select(place.alias("nth"), SQL("0").alias("owner"), User.id, User.name).where(
            User.id.in_(ids)
        )
    model = copies.OBJECTS[kind]
    return model.select(place.alias("nth"), model.tenant_id.alias("owner"), model.id, name_of(model)).where(
        model.tenant_id.in_({r.tenant_id for r in some}), model.id.in_(ids)
    )
