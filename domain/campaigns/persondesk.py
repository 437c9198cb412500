"""The person desk: one address in many tenants at once. Where is it, what is known, block it, free it, erase it.

Whoever calls has asked `accounts.duties.at_desk` which tenants the person at the desk may touch; each function takes
exactly these. Every tenant that is touched gets an entry in its log with the reason, and so does the installation.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain import clock
from domain.audit import log
from domain.campaigns import erasure
from domain.db import database
from domain.errors import N_, Invalid
from domain.subscribers import addresses, directory, suppression
from domain.subscribers.models import Subscriber, Suppression
from domain.tenancy.models import Tenant

LEAST_REASON = 5


@dataclass(frozen=True)
class Case:
    """Why somebody at the desk looks: the address as it is written, its key, and the reason for the logs."""

    user_id: int
    written: str
    key: str
    reason: str


@dataclass(frozen=True)
class Place:
    """One tenant in which something is known of the address: a person, an entry of the suppression list, or both."""

    tenant: Tenant
    person: Subscriber | None
    entry: Suppression | None

    @property
    def is_locked(self) -> bool:
        until = self.person.locked_until if self.person else None
        return bool(self.person and self.person.locked_reason and (until is None or until > clock.now()))


def open_case(user_id: int, address: str, reason: str) -> Case:
    """Raises Invalid (address, reason) for what cannot be an address, or without a reason."""
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    reason = " ".join(reason.split())[:300]
    if len(reason) < LEAST_REASON:
        wrong["reason"] = N_("Say in a few words why. Every tenant in which something is found reads it.")
    try:
        parsed = addresses.parse(address)
    except addresses.BadAddress as error:
        raise Invalid(fields={**wrong, "address": error.message}) from None
    if wrong:
        raise Invalid(fields=wrong)
    return Case(user_id, parsed.written, parsed.key, reason)


def find(case: Case, tenant_ids: Collection[int]) -> list[Place]:
    """Every tenant of `tenant_ids` that knows the address, by name; three queries for any number of tenants."""
    people = Subscriber.select().where(
        Subscriber.tenant_id.in_(list(tenant_ids) or [0]), Subscriber.address_key == case.key
    )
    by_tenant = {person.tenant_id: person for person in people}
    digests = [addresses.hash_of(case.key, tenant_id) for tenant_id in tenant_ids]
    rows = Suppression.select().where(
        Suppression.tenant_id.in_(list(tenant_ids) or [0]),
        Suppression.address_hash.in_(digests or [""]),
        Suppression.until.is_null() | (Suppression.until > clock.now()),
    )
    stopped = {row.tenant_id: row for row in rows}
    known = Tenant.select().where(Tenant.id.in_([*by_tenant, *stopped] or [0])).order_by(Tenant.name)
    return [Place(tenant, by_tenant.get(tenant.id), stopped.get(tenant.id)) for tenant in known]


def look(case: Case, tenant_ids: Collection[int]) -> list[Place]:
    """`find`, noted in the log of every tenant in which something was found, and of the installation."""
    with database.atomic():
        places = find(case, tenant_ids)
        _note(case, "desk.look", places)
    return places


def report(case: Case, tenant_ids: Collection[int]) -> dict[str, Any]:
    """The data access report over all tenants, ready for JSON; noted like `look`."""
    with database.atomic():
        places = find(case, tenant_ids)
        _note(case, "desk.report", places)
        return {
            "address": case.written, "at": clock.now().isoformat(timespec="seconds"),
            "tenants": {place.tenant.name: _known(place) for place in places},
        }  # fmt: skip


def lock(case: Case, places: Iterable[Place], until: datetime | None) -> int:
    """Set a mailing lock wherever the person is known and not locked yet; returns in how many tenants."""

    def act(place: Place) -> bool:
        if place.person is None or place.is_locked:
            return False
        directory.lock(place.person, case.reason, until, case.user_id)
        return True

    return _each(case, "desk.lock", places, act)


def unlock(case: Case, places: Iterable[Place]) -> int:
    """Lift the mailing lock; returns in how many tenants."""

    def act(place: Place) -> bool:
        if place.person is None or not place.is_locked:
            return False
        directory.unlock(place.person, case.user_id)
        return True

    return _each(case, "desk.unlock", places, act)


def suppress(case: Case, tenants: Iterable[Tenant], until: datetime | None) -> int:
    """Put the address on the suppression list of `tenants`, also where nobody knows it; returns in how many."""

    def act(place: Place) -> bool:
        return suppression.add(place.tenant.id, case.written, case.reason, case.user_id, "desk", until)

    return _each(case, "desk.suppress", (Place(tenant, None, None) for tenant in tenants), act)


def release(case: Case, places: Iterable[Place]) -> int:
    """Take the address off the suppression lists; what a rule stops stays, the rule decides. Returns in how many."""

    def act(place: Place) -> bool:
        if place.entry is None or place.entry.source == "rule":
            return False
        suppression.remove(place.tenant.id, place.entry.id, case.reason, case.user_id)
        return True

    return _each(case, "desk.release", places, act)


def erase(case: Case, places: Iterable[Place]) -> int:
    """Erase the person for good; the keyed hash stays on the suppression list. Returns in how many tenants."""

    def act(place: Place) -> bool:
        if place.person is None:
            return False
        erasure.erase(place.person, case.reason, case.user_id)
        return True

    return _each(case, "desk.erase", places, act)


def _each(case: Case, act: str, places: Iterable[Place], do: Callable[[Place], bool]) -> int:
    """All or nothing, in the order of the tenants' numbers, so that two desks never wait for each other in a ring."""
    with database.atomic():
        touched = [place for place in sorted(places, key=lambda p: p.tenant.id) if do(place)]
        _note(case, act, touched)
    return len(touched)


def _note(case: Case, act: str, places: Iterable[Place]) -> None:
    touched = sorted(places, key=lambda place: place.tenant.id)
    masked = addresses.masked(case.written)
    log.record(
        log.HOUSE, act, user_id=case.user_id, kind="person",
        details={"reason": case.reason, "address": masked, "tenants": [p.tenant.slug for p in touched]},
    )  # fmt: skip
    for place in touched:
        person_id = place.person.id if place.person else None
        log.record(
            place.tenant.id, act, user_id=case.user_id, kind="subscriber", object_id=person_id,
            details={"reason": case.reason},
        )  # fmt: skip


def _known(place: Place) -> dict[str, Any]:
    if place.person is not None:
        return erasure.everything(place.person)
    entry = place.entry
    since = entry.created_at.isoformat(timespec="seconds") if entry else ""
    return {"suppressed": {"reason": entry.reason if entry else "", "since": since}}
