"""Organisations, the customers people belong to: find, create, change, lock, delete."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import Field, ModelSelect, fn

from domain import bounds, clock
from domain.audit import log
from domain.db import database, is_postgres
from domain.errors import N_, Invalid, NotFound
from domain.subscribers import ends, keyset, words
from domain.subscribers.facets import fields, tags
from domain.subscribers.facets.models import Holder, Note, OwnValue, Standing, Tagging
from domain.subscribers.models import Organisation, Subscriber

LENGTHS = {"name": 200, "status": 20, "category": 60, "city": 120, "country": 2}
STATUSES = ("A", "B", "C", "target")  # offered; any short word may be written
ORDERS: dict[str, tuple[Field, bool]] = {
    "name": (Organisation.folded, False),
    "-name": (Organisation.folded, True),
    "new": (Organisation.id, True),
    "old": (Organisation.id, False),
}


@dataclass(frozen=True)
class Query:
    """What the list shows, in which order, and the cursor of the page."""

    text: str = ""
    status: str = ""
    country: str = ""
    tag_id: int | None = None
    is_locked: bool = False
    order: str = "name"
    cursor: str = ""


def get(tenant_id: int, organisation_id: int) -> Organisation:
    """An organisation of the tenant; raises NotFound."""
    found = Organisation.get_or_none(Organisation.tenant_id == tenant_id, Organisation.id == organisation_id)
    if found is None:
        raise NotFound
    return found


def find(tenant_id: int, query: Query) -> keyset.Slice:
    """A page of organisations."""
    chosen = Organisation.select().where(Organisation.tenant_id == tenant_id)
    inside = fn.STRPOS if is_postgres() else fn.INSTR
    for word in words.folded(query.text).split()[:5]:
        chosen = chosen.where(inside(Organisation.folded, word) > 0)
    if query.status:
        chosen = chosen.where(Organisation.status == query.status)
    if query.country:
        chosen = chosen.where(Organisation.country == query.country)
    if query.is_locked:
        chosen = chosen.where(locked())
    if query.tag_id:
        tagged = Tagging.select(Tagging.holder_id).where(
            Tagging.tenant_id == tenant_id, Tagging.tag_id == query.tag_id, Tagging.holder == Holder.ORGANISATION
        )  # fmt: skip
        chosen = chosen.where(Organisation.id.in_(tagged))
    column, descending = ORDERS.get(query.order, ORDERS["name"])
    return keyset.cut(chosen, column, Organisation.id, query.cursor, descending)


def locked():  # type: ignore[no-untyped-def]
    """The condition that a lock is in force now."""
    return Organisation.locked_reason.is_null(False) & (
        Organisation.locked_until.is_null() | (Organisation.locked_until > clock.now())
    )


def is_locked(organisation: Organisation) -> bool:
    return organisation.locked_reason is not None and (
        organisation.locked_until is None or organisation.locked_until > clock.now()
    )


def statuses(tenant_id: int) -> list[str]:
    """The statuses in use and those that are offered."""
    query = Organisation.select(Organisation.status).where(
        Organisation.tenant_id == tenant_id, Organisation.status != ""
    )
    used = {row[0] for row in query.distinct().tuples()}
    return [*STATUSES, *sorted(used - set(STATUSES))]


def save(
    tenant_id: int, values: Mapping[str, Any], user_id: int, found: Organisation | None = None
) -> Organisation:
    """Create or change an organisation: name, status, category, city, country, tags (names), `own-<id>` values;
    raises Invalid."""
    organisation = found or Organisation(tenant_id=tenant_id)
    for name, limit in LENGTHS.items():
        if name in values:
            setattr(organisation, name, words.one_line(str(values[name] or ""), limit))
    organisation.country = (organisation.country or "").upper()
    if not organisation.name:
        raise Invalid(fields={"name": N_("Enter the name.")})
    organisation.fields = fields.taken(tenant_id, Holder.ORGANISATION, values, organisation.fields)
    organisation.folded = words.folded(organisation.name)[:400]
    organisation.updated_at = clock.now()
    changed = sorted(
        field.name for field in organisation.dirty_fields if field.name not in ("folded", "updated_at")
    )
    with database.atomic():
        organisation.save()
        fields.reserve(tenant_id, Holder.ORGANISATION, organisation.id, organisation.fields)
        if "tags" in values:
            tags.put(tenant_id, Holder.ORGANISATION, organisation.id, values["tags"])
        log.record(
            tenant_id, "organisation.change" if found else "organisation.create", user_id=user_id,
            kind="organisation", object_id=organisation.id, details={"name": organisation.name, "fields": changed},
        )  # fmt: skip
    return organisation


def lock(organisation: Organisation, reason: str, until: datetime | None, user_id: int) -> None:
    """No mailings to any of its contacts; raises Invalid without a reason."""
    _refuse_beyond(organisation)
    if not reason.strip():
        raise Invalid(fields={"reason": N_("Write why this customer gets no mailings.")})
    ends.refuse_past(until)
    with database.atomic():
        organisation.locked_reason, organisation.locked_until = words.one_line(reason, 300), until
        organisation.locked_at, organisation.locked_by_id = clock.now(), user_id
        organisation.save()
        log.record(
            organisation.tenant_id, "organisation.lock", user_id=user_id, kind="organisation",
            object_id=organisation.id, details={"reason": organisation.locked_reason},
        )  # fmt: skip


def unlock(organisation: Organisation, user_id: int) -> None:
    _refuse_beyond(organisation)
    with database.atomic():
        organisation.locked_reason = organisation.locked_until = None
        organisation.locked_at = organisation.locked_by_id = None
        organisation.save()
        log.record(
            organisation.tenant_id, "organisation.unlock", user_id=user_id, kind="organisation",
            object_id=organisation.id,
        )  # fmt: skip


def delete(organisation: Organisation, user_id: int) -> None:
    """Delete an organisation; its contacts stay, without it."""
    _refuse_beyond(organisation)
    tenant_id = organisation.tenant_id
    with database.atomic():
        Subscriber.update(organisation_id=None).where(
            Subscriber.tenant_id == tenant_id, Subscriber.organisation_id == organisation.id
        ).execute()
        for model in (Tagging, Standing, Note):
            model.delete().where(
                model.tenant_id == tenant_id, model.holder == Holder.ORGANISATION, model.holder_id == organisation.id
            ).execute()  # fmt: skip
        own = [field.id for field in fields.every(tenant_id, Holder.ORGANISATION)]
        OwnValue.delete().where(
            OwnValue.tenant_id == tenant_id, OwnValue.field_id.in_(own or [0]), OwnValue.holder_id == organisation.id
        ).execute()  # fmt: skip
        organisation.delete_instance()
        log.record(
            tenant_id, "organisation.delete", user_id=user_id, kind="organisation", object_id=organisation.id,
            details={"name": organisation.name},
        )  # fmt: skip


def contacts(organisation: Organisation, cursor: str = "") -> keyset.Slice:
    """A page of its people, oldest first."""
    return keyset.cut(_contacts(organisation), Subscriber.id, Subscriber.id, cursor)


def contact_counts(tenant_id: int, ids: list[int]) -> dict[int, int]:
    """Organisation id → how many contacts it has, for one page of the list."""
    query = Subscriber.select(Subscriber.organisation_id, fn.COUNT(Subscriber.id)).where(
        Subscriber.tenant_id == tenant_id, Subscriber.organisation_id.in_(ids or [0])
    )
    return dict(query.group_by(Subscriber.organisation_id).tuples())


def named(tenant_id: int, name: str) -> int | None:
    """The id of the organisation of this name, made when it is missing; None for no name."""
    name = words.one_line(name, 200)
    if not name:
        return None
    found = Organisation.get_or_none(Organisation.tenant_id == tenant_id, Organisation.name == name)
    made = found or Organisation.create(tenant_id=tenant_id, name=name, folded=words.folded(name)[:400])
    return int(made.id)


def names(tenant_id: int, ids: set[int | None]) -> dict[int, str]:
    """Id → name of those among `ids` that are of the tenant."""
    wanted = [i for i in ids if i]
    if not wanted:
        return {}
    query = Organisation.select(Organisation.id, Organisation.name)
    return dict(query.where(Organisation.tenant_id == tenant_id, Organisation.id.in_(wanted)).tuples())


def _contacts(organisation: Organisation) -> ModelSelect:
    return Subscriber.select().where(
        Subscriber.tenant_id == organisation.tenant_id, Subscriber.organisation_id == organisation.id
    )


def _refuse_beyond(organisation: Organisation) -> None:
    """Somebody bound to a territory locks and deletes only organisations all whose contacts belong to it."""
    seen = _contacts(organisation).count()
    with bounds.lifted("whether there are contacts elsewhere"):
        everybody = _contacts(organisation).count()
    if seen != everybody:
        bounds.refuse_beyond()
