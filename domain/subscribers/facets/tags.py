"""Tags on people and organisations."""

from collections.abc import Iterable

from domain.db import database
from domain.errors import N_, Invalid
from domain.subscribers import words
from domain.subscribers.facets.models import Holder, Tag, Tagging

MOST = 30  # on one person


def every(tenant_id: int) -> list[Tag]:
    """All tags of the tenant by name."""
    return list(Tag.select().where(Tag.tenant_id == tenant_id).order_by(Tag.folded))


def of(tenant_id: int, holder: Holder, holder_id: int) -> list[Tag]:
    """The tags on one person or organisation, by name."""
    query = Tag.select().join(Tagging, on=((Tagging.tag_id == Tag.id) & (Tagging.tenant_id == Tag.tenant_id)))
    return list(
        query.where(
            Tag.tenant_id == tenant_id, Tagging.holder == holder, Tagging.holder_id == holder_id
        ).order_by(Tag.folded)
    )


def put(tenant_id: int, holder: Holder, holder_id: int, names: Iterable[str]) -> None:
    """Exactly these tags, made where they are missing; raises Invalid for too many. In the caller's transaction."""
    wanted = {words.folded(name): words.one_line(name, 60) for name in names if name.strip()}
    if len(wanted) > MOST:
        raise Invalid(fields={"tags": (N_("At most %(count)s tags."), {"count": MOST})})
    ids = {tag_id(tenant_id, name) for name in wanted.values()}
    with database.atomic():
        Tagging.delete().where(
            Tagging.tenant_id == tenant_id, Tagging.holder == holder, Tagging.holder_id == holder_id,
            Tagging.tag_id.not_in(sorted(ids) or [0]),
        ).execute()  # fmt: skip
        before = Tagging.select(Tagging.tag_id).where(
            Tagging.tenant_id == tenant_id, Tagging.holder == holder, Tagging.holder_id == holder_id
        )
        for missing in sorted(ids - {row[0] for row in before.tuples()}):
            Tagging.create(tenant_id=tenant_id, tag_id=missing, holder=holder, holder_id=holder_id)


def tag_id(tenant_id: int, name: str) -> int:
    """The id of a tag by its name, made when it is missing."""
    key = words.folded(name)[:60]
    found = Tag.get_or_none(Tag.tenant_id == tenant_id, Tag.folded == key)
    made = found or Tag.create(tenant_id=tenant_id, name=words.one_line(name, 60), folded=key)
    return int(made.id)


def split(text: str) -> list[str]:
    """The tags in a line of text, parted by commas or semicolons."""
    return [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]
