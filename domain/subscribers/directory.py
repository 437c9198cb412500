"""The people of a tenant: find, create, change, lock; keyset pages that stay quick with millions."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import IntegrityError, fn

from domain import clock
from domain.audit import log
from domain.db import database, is_postgres
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.subscribers import addresses, suppression
from domain.subscribers.models import (
    Deliverability,
    DistributionList,
    ListMember,
    NewsletterType,
    Organisation,
    Subscriber,
    Subscription,
)

PAGE_SIZE = 50
TEXT_FIELDS = {
    "salutation": 20, "title": 40, "first_name": 80, "last_name": 80, "function": 120, "city": 120, "country": 2,
    "language": 2,
}  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True)
class Query:
    """What the list shows; `before_id`/`after_id` are the ends of the page one comes from."""

    text: str = ""
    type_id: int | None = None
    consent: str = ""
    list_id: int | None = None
    before_id: int | None = None
    after_id: int | None = None


@dataclass(frozen=True)
class Page:
    """One page of people, newest first."""

    people: list[Subscriber]
    newer_id: int | None
    older_id: int | None
    total: int


def get(tenant_id: int, subscriber_id: int) -> Subscriber:
    """A person of the tenant; raises NotFound."""
    person = Subscriber.get_or_none(Subscriber.tenant_id == tenant_id, Subscriber.id == subscriber_id)
    if person is None:
        raise NotFound
    return person


def by_key(tenant_id: int, key: str) -> Subscriber | None:
    return Subscriber.get_or_none(Subscriber.tenant_id == tenant_id, Subscriber.address_key == key)


def create(tenant_id: int, values: Mapping[str, Any]) -> Subscriber:
    """A new person on the default list; raises Invalid (address wrong or taken)."""
    person = Subscriber(tenant_id=tenant_id)
    _fill(person, values)
    with database.atomic():
        try:
            with database.atomic():
                person.save(force_insert=True)
        except IntegrityError:
            raise _taken() from None
        ListMember.create(tenant_id=tenant_id, list_id=default_list(tenant_id).id, subscriber_id=person.id)
        if person.address_key:
            suppression.recognise(tenant_id, person.address_key)
    return person


def change(person: Subscriber, values: Mapping[str, Any], user_id: int) -> None:
    """Write the fields named in `values`; raises Invalid."""
    before = person.address_key
    _fill(person, values)
    if person.address_key != before and person.deliverability == Deliverability.BOUNCED:
        person.deliverability = Deliverability.ACTIVE  # what came back went to the old address
    changed = sorted(field.name for field in person.dirty_fields if field.name != "folded")
    person.updated_at = clock.now()
    try:
        with database.atomic():
            person.save()
            if person.address_key:
                suppression.recognise(person.tenant_id, person.address_key)
            log.record(
                person.tenant_id, "subscriber.change", user_id=user_id, kind="subscriber", object_id=person.id,
                details={"fields": changed},
            )  # fmt: skip
    except IntegrityError:
        raise _taken() from None


def lock(person: Subscriber, reason: str, until: datetime | None, user_id: int) -> None:
    """No mailings to this person, with the reason; raises Invalid without one."""
    if not reason.strip():
        raise Invalid(fields={"reason": N_("Write why this person gets no mailings.")})
    with database.atomic():
        person.locked_reason, person.locked_until = one_line(reason, 300), until
        person.save()
        log.record(
            person.tenant_id, "subscriber.lock", user_id=user_id, kind="subscriber", object_id=person.id,
            details={"reason": person.locked_reason},
        )  # fmt: skip


def unlock(person: Subscriber, user_id: int) -> None:
    with database.atomic():
        person.locked_reason = person.locked_until = None
        person.save()
        log.record(
            person.tenant_id, "subscriber.unlock", user_id=user_id, kind="subscriber", object_id=person.id
        )


def set_deliverability(person: Subscriber, state: Deliverability) -> None:
    person.deliverability = state
    person.save()


def default_list(tenant_id: int) -> DistributionList:
    """The list that everybody of the tenant is on at least; made when it is missing."""
    found = DistributionList.get_or_none(DistributionList.tenant_id == tenant_id, DistributionList.is_default)
    return found or DistributionList.create(tenant_id=tenant_id, name="Alle Abonnenten", is_default=True)


def lists(tenant_id: int) -> list[DistributionList]:
    query = DistributionList.select().where(DistributionList.tenant_id == tenant_id)
    return list(query.order_by(DistributionList.is_default.desc(), DistributionList.name))


def lists_of(person: Subscriber) -> list[DistributionList]:
    query = (
        DistributionList.select()
        .join(ListMember, on=(ListMember.list_id == DistributionList.id))
        .where(
            DistributionList.tenant_id == person.tenant_id,
            ListMember.tenant_id == person.tenant_id,
            ListMember.subscriber_id == person.id,
        )
    )
    return list(query.order_by(DistributionList.name))


def list_counts(tenant_id: int) -> dict[int, int]:
    """List id → number of people on it."""
    rows = ListMember.select(ListMember.list_id, fn.COUNT(ListMember.id)).where(
        ListMember.tenant_id == tenant_id
    )
    return dict(rows.group_by(ListMember.list_id).tuples())


def get_list(tenant_id: int, list_id: int) -> DistributionList:
    """A list of the tenant; raises NotFound."""
    found = DistributionList.get_or_none(
        DistributionList.tenant_id == tenant_id, DistributionList.id == list_id
    )
    if found is None:
        raise NotFound
    return found


def save_list(
    tenant_id: int, name: str, user_id: int, found: DistributionList | None = None
) -> DistributionList:
    """Create or rename a list; raises Invalid (no name, or one that is taken)."""
    name = one_line(name, 120)
    if not name:
        raise Invalid(fields={"name": N_("A list needs a name.")})
    chosen = found or DistributionList(tenant_id=tenant_id)
    chosen.name = name
    try:
        with database.atomic():
            chosen.save()
            log.record(tenant_id, "list.save", user_id=user_id, kind="list", object_id=chosen.id)
    except IntegrityError:
        raise Invalid(fields={"name": N_("There is a list with this name already.")}) from None
    return chosen


def set_lists(person: Subscriber, list_ids: set[int], user_id: int) -> None:
    """Put a person on exactly these lists; raises Invalid for none: everybody is on at least one."""
    wanted = {chosen.id for chosen in lists(person.tenant_id)} & list_ids
    if not wanted:
        raise Invalid(fields={"lists": N_("Everybody is on at least one list. Tick one.")})
    before = {chosen.id for chosen in lists_of(person)}
    with database.atomic():
        for list_id in sorted(wanted - before):
            ListMember.create(tenant_id=person.tenant_id, list_id=list_id, subscriber_id=person.id)
        ListMember.delete().where(
            ListMember.tenant_id == person.tenant_id,
            ListMember.subscriber_id == person.id,
            ListMember.list_id.not_in(sorted(wanted)),
        ).execute()
        if wanted != before:
            log.record(
                person.tenant_id, "subscriber.lists", user_id=user_id, kind="subscriber", object_id=person.id,
                details={"before": sorted(before), "after": sorted(wanted)},
            )  # fmt: skip


def subscriptions(person: Subscriber) -> list[tuple[NewsletterType, Subscription]]:
    """What the person has a state for, by name of the type."""
    rows = Subscription.select().where(
        Subscription.tenant_id == person.tenant_id, Subscription.subscriber_id == person.id
    )
    by_type = {row.type_id: row for row in rows}
    kinds = NewsletterType.select().where(
        NewsletterType.tenant_id == person.tenant_id, NewsletterType.id.in_(list(by_type) or [0])
    )
    return [(kind, by_type[kind.id]) for kind in kinds.order_by(NewsletterType.name)]


def organisation_names(tenant_id: int, ids: set[int | None]) -> dict[int, str]:
    wanted = [i for i in ids if i]
    if not wanted:
        return {}
    query = Organisation.select(Organisation.id, Organisation.name)
    return dict(query.where(Organisation.tenant_id == tenant_id, Organisation.id.in_(wanted)).tuples())


def count(tenant_id: int) -> int:
    return Subscriber.select().where(Subscriber.tenant_id == tenant_id).count()


def find(tenant_id: int, query: Query) -> Page:
    """A page of people by name or address, type, consent and list."""
    chosen = Subscriber.select().where(Subscriber.tenant_id == tenant_id)
    inside = fn.STRPOS if is_postgres() else fn.INSTR
    for word in folded(query.text).split()[:5]:
        chosen = chosen.where(inside(Subscriber.folded, word) > 0)
    if query.type_id or query.consent:
        states = Subscription.select(Subscription.subscriber_id).where(Subscription.tenant_id == tenant_id)
        if query.type_id:
            states = states.where(Subscription.type_id == query.type_id)
        if query.consent:
            states = states.where(Subscription.consent == query.consent)
        chosen = chosen.where(Subscriber.id.in_(states))
    if query.list_id:
        members = ListMember.select(ListMember.subscriber_id).where(
            ListMember.tenant_id == tenant_id, ListMember.list_id == query.list_id
        )
        chosen = chosen.where(Subscriber.id.in_(members))
    total = chosen.count()
    if query.after_id:
        rows = list(chosen.where(Subscriber.id > query.after_id).order_by(Subscriber.id).limit(PAGE_SIZE + 1))
        more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE][::-1]
        return Page(rows, rows[0].id if more else None, rows[-1].id if rows else None, total)
    if query.before_id:
        chosen = chosen.where(Subscriber.id < query.before_id)
    rows = list(chosen.order_by(Subscriber.id.desc()).limit(PAGE_SIZE + 1))
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return Page(rows, rows[0].id if query.before_id and rows else None, rows[-1].id if more else None, total)


def folded(*texts: str | None) -> str:
    """Search form of names and address: no case, no accents, ß as ss, ae as a."""
    base = " ".join(t for t in texts if t).casefold()
    for written in ("ae", "oe", "ue"):
        base = base.replace(written, written[0])
    plain = "".join(c for c in unicodedata.normalize("NFKD", base) if not unicodedata.combining(c))
    return " ".join(plain.split())[:600]


def one_line(text: str, limit: int) -> str:
    """A value for one field: control characters become spaces, at most `limit` characters."""
    return " ".join(_CONTROL.sub(" ", text).split())[:limit]


def _fill(person: Subscriber, values: Mapping[str, Any]) -> None:
    if "address" in values:
        text = (values["address"] or "").strip()
        try:
            parsed = addresses.parse(text) if text else None
        except addresses.BadAddress as error:
            raise Invalid(fields={"address": error.message}) from None
        person.address = parsed.written if parsed else None
        person.address_key = parsed.key if parsed else None
    for name, limit in TEXT_FIELDS.items():
        if name in values:
            setattr(person, name, one_line(str(values[name] or ""), limit))
    if "organisation" in values:
        person.organisation_id = _organisation(
            person.tenant_id, one_line(str(values["organisation"] or ""), 200)
        )
    person.folded = folded(person.first_name, person.last_name, person.address)


def _organisation(tenant_id: int, name: str) -> int | None:
    if not name:
        return None
    found = Organisation.get_or_none(Organisation.tenant_id == tenant_id, Organisation.name == name)
    return (found or Organisation.create(tenant_id=tenant_id, name=name)).id


def _taken() -> Conflict | Invalid:
    return Invalid(
        fields={"address": N_("Somebody with this address is already here. Search for the address.")}
    )
