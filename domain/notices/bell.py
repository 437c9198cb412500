"""Tell people in the portal that something happened or waits for them."""

from collections.abc import Iterable

from peewee import ModelSelect, fn

from domain import clock
from domain.notices.models import Notice


def tell(
    tenant_id: int,
    user_ids: Iterable[int],
    message: str,
    params: dict[str, object] | None = None,
    url: str = "",
) -> None:
    """One line for each of `user_ids`: `message` is a message id (N_), `url` a path of the portal."""
    rows = [
        {"tenant_id": tenant_id, "user_id": user_id, "message": message, "params": params or {}, "url": url}
        for user_id in sorted(set(user_ids))
    ]
    if rows:
        Notice.insert_many(rows).execute()


def unread(tenant_id: int, user_id: int) -> ModelSelect:
    """How many notices a person has not read, as a query of one number."""
    return Notice.select(fn.COUNT(Notice.id)).where(
        Notice.tenant_id == tenant_id, Notice.user_id == user_id, Notice.read_at.is_null()
    )


def unread_count(tenant_id: int, user_id: int) -> int:
    return unread(tenant_id, user_id).scalar()


def latest(tenant_id: int, user_id: int, limit: int = 100) -> list[Notice]:
    """The newest notices of a person in the tenant."""
    query = Notice.select().where(Notice.tenant_id == tenant_id, Notice.user_id == user_id)
    return list(query.order_by(Notice.id.desc()).limit(limit))


def read_all(tenant_id: int, user_id: int) -> int:
    """Mark everything read; returns how many were new."""
    return (
        Notice.update(read_at=clock.now())
        .where(Notice.tenant_id == tenant_id, Notice.user_id == user_id, Notice.read_at.is_null())
        .execute()
    )
