"""Large files on their way in, piece by piece: after an error an upload goes on where it stood, also after a reload."""

import re
from datetime import timedelta

from peewee import fn

from domain import clock
from domain.db import database, unscoped
from domain.errors import N_, Invalid, NotFound, OverLimit
from mediadb import limits
from mediadb.models import UploadPiece

MOST_PIECE = 4 * limits.MB
KEPT = timedelta(days=1)
GIVEN_UP = timedelta(minutes=10)
UNFINISHED = 4  # files of the largest size that one person may have on the way
_KEY = re.compile(r"[\w-]{1,60}\Z", re.A)


def held(tenant_id: int, user_id: int, key: str) -> int:
    """How many pieces of a file are here, counted from its beginning without a gap."""
    query = UploadPiece.select(UploadPiece.number).where(_mine(tenant_id, user_id, key))
    numbers = [row[0] for row in query.order_by(UploadPiece.number).tuples()]
    return next((at for at, number in enumerate(numbers) if number != at), len(numbers))


def keep(tenant_id: int, user_id: int, key: str, number: int, data: bytes) -> int:
    """Keep one piece and say how many are here; one that is here already, or comes before its turn, changes nothing.
    Raises NotFound for what is no key, Invalid for a file that grows too large, OverLimit for too many at once."""
    if not _KEY.match(key) or not 0 < len(data) <= MOST_PIECE:
        raise NotFound
    with database.atomic():
        there = held(tenant_id, user_id, key)
        if number != there:
            return there
        most = limits.of(tenant_id)
        too_large = _bytes(_mine(tenant_id, user_id, key)) + len(data) > most.file_bytes
        if too_large:
            forget(tenant_id, user_id, key)
        else:
            _store(tenant_id, user_id, key, number, data, UNFINISHED * most.file_bytes)
    if too_large:
        raise Invalid(
            N_("This file is larger than %(most)s MB. Make it smaller and upload it again."),
            most=most.file_mb,
        )
    return there + 1


def _store(tenant_id: int, user_id: int, key: str, number: int, data: bytes, most: int) -> None:
    left = _room(tenant_id, user_id, key, len(data), most)
    if len(data) > left:
        raise OverLimit(
            N_("Too many files of yours are on their way at once. Wait until some of them are here."),
            remaining=max(0, left),
        )
    UploadPiece.create(
        tenant_id=tenant_id, user_id=user_id, upload_key=key, number=number, size_bytes=len(data), data=data
    )  # fmt: skip


def whole(tenant_id: int, user_id: int, key: str, size: int) -> bytes:
    """The file of all pieces; raises NotFound where they do not make `size` bytes."""
    query = UploadPiece.select(UploadPiece.data).where(_mine(tenant_id, user_id, key))
    found = [bytes(row[0]) for row in query.order_by(UploadPiece.number).tuples()]
    made = b"".join(found)
    if not made or len(made) != size or held(tenant_id, user_id, key) != len(found):
        raise NotFound
    return made


def forget(tenant_id: int, user_id: int, key: str) -> None:
    UploadPiece.delete().where(_mine(tenant_id, user_id, key)).execute()


@unscoped("one sweep clears up for all tenants")
def clear() -> int:
    """Forget pieces of files that never arrived; returns how many."""
    return UploadPiece.delete().where(UploadPiece.created_at < clock.now() - KEPT).execute()


def _room(tenant_id: int, user_id: int, key: str, size: int, most: int) -> int:
    """How many bytes a person may still have on the way; what was given up makes room."""
    mine = (UploadPiece.tenant_id == tenant_id) & (UploadPiece.user_id == user_id)
    left = most - _bytes(mine)
    if size <= left:
        return left
    given_up = (UploadPiece.upload_key != key) & (UploadPiece.created_at < clock.now() - GIVEN_UP)
    UploadPiece.delete().where(mine, given_up).execute()
    return most - _bytes(mine)


def _mine(tenant_id: int, user_id: int, key: str):  # type: ignore[no-untyped-def]
    return (
        (UploadPiece.tenant_id == tenant_id)
        & (UploadPiece.user_id == user_id)
        & (UploadPiece.upload_key == key)
    )


def _bytes(wanted) -> int:  # type: ignore[no-untyped-def]
    query = UploadPiece.select(fn.COALESCE(fn.SUM(UploadPiece.size_bytes), 0)).where(wanted)
    return int(query.scalar())
