"""Who is writing where: a lock that lives as long as its holder is there, and that others may take over.

The lock is for people: it tells who is at it. What never fails is the version of the object, which every save names.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from peewee import JOIN

from domain import clock
from domain.accounts.models import User
from domain.content.models import EditLock
from domain.db import database
from domain.errors import N_, Conflict

GRACE = timedelta(seconds=90)  # three missed signs of life: a closed lid, a lost network
TAKEN = N_("%(name)s is editing this now. Take over to save your text, or wait.")


@dataclass(frozen=True)
class Editor:
    """Who writes in an object, and since when."""

    user_id: int
    name: str
    since: datetime


def of(tenant_id: int, kind: str, object_id: int) -> Editor | None:
    """Who is editing the object now."""
    found = (
        EditLock.select(EditLock.user_id, User.name, EditLock.since)
        .join(User, JOIN.LEFT_OUTER, on=(User.id == EditLock.user_id))
        .where(
            EditLock.tenant_id == tenant_id, EditLock.kind == kind, EditLock.object_id == object_id,
            EditLock.seen_at > clock.now() - GRACE,
        )
        .tuples()
        .first()
    )  # fmt: skip
    return Editor(found[0], found[1] or "?", found[2]) if found else None


def other(tenant_id: int, kind: str, object_id: int, user: User) -> Editor | None:
    """As `of`, unless it is the person himself."""
    found = of(tenant_id, kind, object_id)
    return found if found and found.user_id != user.id else None


def hold(tenant_id: int, kind: str, object_id: int, user: User, take: bool = False) -> Editor | None:
    """Begin or go on editing; with `take` from whoever holds it. Returns the other one who holds it: then nothing
    was changed. The caller has found the object in the tenant."""
    now = clock.now()
    mine = (EditLock.tenant_id == tenant_id) & (EditLock.kind == kind) & (EditLock.object_id == object_id)
    with database.atomic():
        found = EditLock.get_or_none(mine)
        if found is None:
            EditLock.insert(
                tenant_id=tenant_id, kind=kind, object_id=object_id, user_id=user.id, since=now, seen_at=now
            ).on_conflict_ignore().execute()
            found = EditLock.get(mine)
        is_free = found.seen_at <= now - GRACE
        if found.user_id != user.id and not (take or is_free):
            return other(tenant_id, kind, object_id, user)
        begun = found.since if found.user_id == user.id and not is_free else now
        EditLock.update(user_id=user.id, since=begun, seen_at=now).where(mine).execute()
    return None


def release(tenant_id: int, kind: str, object_id: int, user: User) -> None:
    """The person has left the page; a lock of somebody else stays."""
    EditLock.delete().where(
        EditLock.tenant_id == tenant_id, EditLock.kind == kind, EditLock.object_id == object_id,
        EditLock.user_id == user.id,
    ).execute()  # fmt: skip


def check(tenant_id: int, kind: str, object_id: int, user: User) -> None:
    """Raise Conflict while somebody else is editing the object."""
    found = other(tenant_id, kind, object_id, user)
    if found:
        raise Conflict(TAKEN, name=found.name)
