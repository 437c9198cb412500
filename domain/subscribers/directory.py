"""The people of a tenant: create, change, lock. How they are found is in subscribers.finding."""

import re
from collections.abc import Mapping
from copy import deepcopy
from datetime import date, datetime
from typing import Any

from peewee import IntegrityError

from domain import clock
from domain.audit import log
from domain.db import database
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.subscribers import addresses, ends, lists, organisations, suppression
from domain.subscribers.facets import fields, tags
from domain.subscribers.facets.models import Holder
from domain.subscribers.models import Deliverability, ListMember, NewsletterType, Subscriber, Subscription
from domain.subscribers.words import folded, one_line
from domain.tenancy import territory

TEXT_FIELDS = {
    "salutation": 20, "title": 40, "first_name": 80, "last_name": 80, "function": 120, "street": 120, "postcode": 20,
    "city": 120, "region": 80, "country": 2, "language": 2, "category": 60,
}  # fmt: skip
_BIRTHDAY = re.compile(r"(?:(\d{1,2})\.(\d{1,2})\.(\d{4})?|(\d{4})-(\d{2})-(\d{2}))")


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
    if not (person.address or person.first_name or person.last_name or person.organisation_id):
        raise Invalid(fields={"address": N_("Enter an address, a name or a customer.")})
    with database.atomic():
        try:
            with database.atomic():
                person.save(force_insert=True)
        except IntegrityError:
            raise _taken() from None
        ListMember.create(tenant_id=tenant_id, list_id=lists.default(tenant_id).id, subscriber_id=person.id)
        _keep_facets(person, values)
        if person.address_key:
            suppression.recognise(tenant_id, person.address_key)
    return person


def change(person: Subscriber, values: Mapping[str, Any], user_id: int) -> None:
    """Write the fields named in `values`; raises Invalid."""
    before, was = person.address_key, deepcopy(person.__data__)
    _fill(person, values)
    if person.address_key != before and person.deliverability == Deliverability.BOUNCED:
        person.deliverability = Deliverability.ACTIVE  # what came back went to the old address
    changed = sorted(
        name for name, value in person.__data__.items()
        if value != was.get(name) and name not in ("folded", "address_key")
    )  # fmt: skip
    person.updated_at = clock.now()
    try:
        with database.atomic():
            person.save()
            _keep_facets(person, values)
            if person.address_key:
                suppression.recognise(person.tenant_id, person.address_key)
            log.record(
                person.tenant_id, "subscriber.change", user_id=user_id, kind="subscriber", object_id=person.id,
                details={"fields": changed},
            )  # fmt: skip
    except IntegrityError:
        raise _taken() from None


def lock(person: Subscriber, reason: str, until: datetime | None, user_id: int) -> None:
    """No mailings to this person, with the reason; raises Invalid without one, and for an end that is over."""
    if not reason.strip():
        raise Invalid(fields={"reason": N_("Write why this person gets no mailings.")})
    ends.refuse_past(until)
    with database.atomic():
        person.locked_reason, person.locked_until = one_line(reason, 300), until
        person.locked_at, person.locked_by_id = clock.now(), user_id
        person.save()
        log.record(
            person.tenant_id, "subscriber.lock", user_id=user_id, kind="subscriber", object_id=person.id,
            details={"reason": person.locked_reason},
        )  # fmt: skip


def unlock(person: Subscriber, user_id: int) -> None:
    with database.atomic():
        person.locked_reason = person.locked_until = person.locked_at = person.locked_by_id = None
        person.save()
        log.record(
            person.tenant_id, "subscriber.unlock", user_id=user_id, kind="subscriber", object_id=person.id
        )


def set_deliverability(person: Subscriber, state: Deliverability, user_id: int) -> None:
    """Stop the address by hand, or let it be tried again."""
    with database.atomic():
        person.deliverability = state
        person.save()
        log.record(
            person.tenant_id, "subscriber.stop" if state == Deliverability.STOPPED else "subscriber.retry",
            user_id=user_id, kind="subscriber", object_id=person.id,
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
    if "birthday" in values:
        person.birthday = birthday(str(values["birthday"] or ""))
    if "organisation" in values:
        person.organisation_id = organisations.named(person.tenant_id, str(values["organisation"] or ""))
    if any(name.startswith("own-") for name in values):
        person.fields = fields.taken(person.tenant_id, Holder.SUBSCRIBER, values, person.fields)
    if "territory_id" in values:
        person.territory_id = (
            territory.get(person.tenant_id, node).id if (node := values["territory_id"]) else None
        )
    person.country = (person.country or "").upper()
    person.folded = folded(person.first_name, person.last_name, person.address)


def birthday(text: str) -> str:
    """An ISO date from 31.12.1970, 31.12. or 1970-12-31; the year is 0000 where it is not said. Raises Invalid."""
    text = text.strip()
    if not text:
        return ""
    found = _BIRTHDAY.fullmatch(text)
    if found:
        day, month, year = (
            (found[1], found[2], found[3] or "0000") if found[1] else (found[6], found[5], found[4])
        )
        try:
            date(int(year) or 2000, int(month), int(day))
            return f"{year}-{int(month):02}-{int(day):02}"
        except ValueError:
            pass
    raise Invalid(fields={"birthday": N_("Write the birthday as 31.12.1970, or 31.12. without the year.")})


def _keep_facets(person: Subscriber, values: Mapping[str, Any]) -> None:
    """Tags and the values of unique own fields, in the transaction of the person."""
    if any(name.startswith("own-") for name in values):
        fields.reserve(person.tenant_id, Holder.SUBSCRIBER, person.id, person.fields)
    if "tags" in values:
        tags.put(person.tenant_id, Holder.SUBSCRIBER, person.id, values["tags"])


def _taken() -> Conflict | Invalid:
    return Invalid(
        fields={"address": N_("Somebody with this address is already here. Search for the address.")}
    )
