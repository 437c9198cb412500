"""Notes about people and organisations, newest first."""

from domain.audit import log
from domain.db import database
from domain.errors import N_, Invalid, NotFound
from domain.subscribers.facets.models import Holder, Note

LONGEST = 4_000
SHOWN = 100


def of(tenant_id: int, holder: Holder, holder_id: int) -> list[Note]:
    query = Note.select().where(
        Note.tenant_id == tenant_id, Note.holder == holder, Note.holder_id == holder_id
    )
    return list(query.order_by(Note.id.desc()).limit(SHOWN))


def add(tenant_id: int, holder: Holder, holder_id: int, text: str, user_id: int | None) -> Note:
    """Write a note; raises Invalid for an empty one. The caller has found the holder through its tenant."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise Invalid(fields={"text": N_("Write the note first.")})
    with database.atomic():
        note = Note.create(
            tenant_id=tenant_id, holder=holder, holder_id=holder_id, text=text[:LONGEST], by_id=user_id
        )
        log.record(tenant_id, "note.add", user_id=user_id, kind=holder, object_id=holder_id)
    return note


def remove(tenant_id: int, holder: Holder, holder_id: int, note_id: int, user_id: int) -> None:
    """Take a note away; raises NotFound."""
    with database.atomic():
        removed = (
            Note.delete()
            .where(
                Note.tenant_id == tenant_id,
                Note.holder == holder,
                Note.holder_id == holder_id,
                Note.id == note_id,
            )
            .execute()
        )
        if not removed:
            raise NotFound
        log.record(tenant_id, "note.remove", user_id=user_id, kind=holder, object_id=holder_id)
