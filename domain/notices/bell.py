"""Tell people in the portal that something happened or waits for them."""

from collections.abc import Iterable

from peewee import ModelSelect, fn

from domain import clock
from domain.accounts.models import User
from domain.db import unscoped
from domain.errors import NotFound
from domain.notices.models import Notice


def tell(
    tenant_id: int,
    user_ids: Iterable[int],
    message: str,
    params: dict[str, object] | None = None,
    url: str = "",
    mailed: bool = False,
    letter: str = "",
) -> None:
    """One line for each of `user_ids`: `message` is a message id (N_), `url` a path of the portal. It goes out by mail
    as each of them has chosen, with `letter` as its template, which shows all of `params`; `mailed`: the caller writes
    to those who want it at once."""
    wanted = sorted(set(user_ids))
    if not wanted:
        return
    query = User.select(User.id, User.notice_mail).where(User.id.in_(wanted), User.active)
    chosen = dict(query.tuples())
    rows = [
        {
            "tenant_id": tenant_id, "user_id": user_id, "message": message, "params": params or {}, "url": url,
            "letter": letter,
            "mail": _mail(chosen.get(user_id, "off"), mailed),
        }
        for user_id in wanted
    ]  # fmt: skip
    Notice.insert_many(rows).execute()


def _mail(chosen: str, mailed: bool) -> str:
    return "daily" if chosen == "daily" else "now" if chosen == "now" and not mailed else ""


def unread(tenant_id: int, user_id: int) -> ModelSelect:
    """How many notices a person has not read, as a query of one number."""
    return Notice.select(fn.COUNT(Notice.id)).where(
        Notice.tenant_id == tenant_id, Notice.user_id == user_id, Notice.read_at.is_null()
    )


def unread_count(tenant_id: int, user_id: int) -> int:
    return unread(tenant_id, user_id).scalar()


def latest(
    tenant_id: int, user_id: int, limit: int = 100, only_unread: bool = False, before_id: int | None = None
) -> list[Notice]:
    """The newest notices of a person in the tenant, a page of them."""
    query = Notice.select().where(Notice.tenant_id == tenant_id, Notice.user_id == user_id)
    if only_unread:
        query = query.where(Notice.read_at.is_null())
    if before_id:
        query = query.where(Notice.id < before_id)
    return list(query.order_by(Notice.id.desc()).limit(limit))


def get(tenant_id: int, user_id: int, notice_id: int) -> Notice:
    """A notice of this person; raises NotFound."""
    found = Notice.get_or_none(
        Notice.tenant_id == tenant_id, Notice.user_id == user_id, Notice.id == notice_id
    )
    if found is None:
        raise NotFound
    return found


def mark(notice: Notice, read: bool) -> None:
    """Read, or unread again."""
    Notice.update(read_at=clock.now() if read else None).where(
        Notice.tenant_id == notice.tenant_id, Notice.id == notice.id
    ).execute()


@unscoped("a person's notices go out in one mail, from whatever tenant they are")
def to_mail(how: str, limit: int = 500) -> list[Notice]:
    """Notices that still go out by mail, oldest first; `how`: now or daily."""
    return list(Notice.select().where(Notice.mail == how).order_by(Notice.id).limit(limit))


@unscoped("a person's notices go out in one mail, from whatever tenant they are")
def mailed(ids: list[int]) -> set[int]:
    """Note that these go out; returns those that nobody else has taken meanwhile."""
    taken = Notice.update(mail="").where(Notice.id.in_(ids or [0]), Notice.mail != "").returning(Notice.id)
    return {row.id for row in taken.execute()}


def read_all(tenant_id: int, user_id: int) -> int:
    """Mark everything read; returns how many were new."""
    return (
        Notice.update(read_at=clock.now())
        .where(Notice.tenant_id == tenant_id, Notice.user_id == user_id, Notice.read_at.is_null())
        .execute()
    )
