"""Filters of a list kept under a name: of one person, or of everybody in the tenant once shared."""

from collections.abc import Mapping

from domain.content.models import SavedView
from domain.db import database
from domain.errors import N_, Conflict, Invalid, NotFound

MOST = 30  # of one person and list
LONGEST = 80


def keep(
    tenant_id: int, area: str, user_id: int, name: str, query: Mapping[str, str], shared: bool = False
) -> SavedView:
    """Keep filters under a name; the own view of that name is overwritten. Raises Invalid, Conflict."""
    name = " ".join(name.split())[:LONGEST]
    if not name:
        raise Invalid(fields={"name": N_("Give the view a name.")})
    kept = {key: value for key, value in query.items() if value}
    if not kept:
        raise Invalid(fields={"name": N_("Set a filter first; then there is something to keep.")})
    mine = (SavedView.tenant_id == tenant_id) & (SavedView.area == area) & (SavedView.user_id == user_id)
    with database.atomic():
        found = SavedView.get_or_none(mine, SavedView.name == name)
        if found is None and SavedView.select().where(mine).count() >= MOST:
            raise Conflict(N_("You have 30 saved views here. Delete one that you no longer need."))
        if found is None:
            return SavedView.create(
                tenant_id=tenant_id, area=area, user_id=user_id, name=name, query=kept, shared=shared
            )
        found.query, found.shared = kept, shared
        found.save()
        return found


def remove(tenant_id: int, view_id: int, user_id: int) -> SavedView:
    """Delete an own view; those of others look like missing ones."""
    found = SavedView.get_or_none(
        SavedView.tenant_id == tenant_id, SavedView.id == view_id, SavedView.user_id == user_id
    )
    if found is None:
        raise NotFound
    found.delete_instance()
    return found
