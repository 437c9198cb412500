"""Who is writing where: a lock that lives as long as its holder is there, and that others may take over.

The lock is for people: it tells who is at it. What never fails is the version of the object, which every save names.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain import clock
from domain.accounts import policy
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
    return many(tenant_id, kind, [object_id]).get(object_id)


def other(tenant_id: int, kind: str, object_id: int, user: User) -> Editor | None:
    """As `of`, unless it is the person himself."""
    found = of(tenant_id, kind, object_id)
    return found if found and found.user_id != user.id else None


def many(tenant_id: int, kind: str, object_ids: Iterable[int]) -> dict[int, Editor]:
    """Object id → who is editing it now, of those of `object_ids` that somebody edits."""
    rows = list(
        EditLock.select().where(
            EditLock.tenant_id == tenant_id, EditLock.kind == kind,
            EditLock.object_id.in_(list(object_ids) or [0]), EditLock.seen_at > clock.now() - GRACE,
        )
    )  # fmt: skip
    names = policy.names(row.user_id for row in rows) if rows else {}
    return {row.object_id: Editor(row.user_id, names.get(row.user_id, "?"), row.since) for row in rows}


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
