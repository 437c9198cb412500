"""One person's data: everything we have as a file, and its erasure. Stands above the ledger, since both reach into it.

What stays after an erasure is the keyed hash of the address in the suppression list and in the history of consents,
and the rows of the ledger without person and address, so that the figures of old mailings stay true.
"""

from typing import Any

from domain import bounds
from domain.audit import log
from domain.campaigns import choosing, enrolled, exclusions, unmerging
from domain.campaigns.received import Received, by_person
from domain.db import database, is_postgres, sql
from domain.ledger import counting
from domain.ledger.models import Delivery, DeliveryEvent, DeliveryPayload
from domain.ledger.states import DeliveryState, LeftOut
from domain.notices.models import OutboxMail
from domain.segments.models import SegmentMember
from domain.subscribers import consent, directory, lists, organisations, suppression, types
from domain.subscribers.facets import fields, notes, tags, tracks
from domain.subscribers.facets.models import Holder, Note, OwnValue, Standing, Tagging
from domain.subscribers.models import (
    ConsentEvent,
    ImportTrace,
    ListMember,
    Subscriber,
    Subscription,
    SuppressionEvent,
)

MOST_MAILINGS = 10_000


def everything(person: Subscriber) -> dict[str, Any]:
    """What the tenant knows about a person, in words and plain values, ready for JSON."""
    tenant_id = person.tenant_id
    key = (tenant_id, Holder.SUBSCRIBER, person.id)
    kinds = {kind.id: kind.name for kind in types.every(tenant_id)}
    named = {own.key: own.name for own in fields.every(tenant_id)}
    values = {
        value.id: f"{track.name}: {value.name}" for track, found in tracks.every(tenant_id) for value in found
    }
    entry = suppression.entry(tenant_id, person.address_key) if person.address_key else None
    master = (
        "address", "salutation", "title", "first_name", "last_name", "function", "language", "street", "postcode",
        "city", "region", "country", "birthday", "category", "deliverability", "locked_reason",
        "unmeasured",
    )  # fmt: skip
    return {
        "person": {name: getattr(person, name) for name in master if getattr(person, name)},
        "organisation": organisations.names(tenant_id, {person.organisation_id}).get(
            person.organisation_id or 0
        ),
        "own_fields": {named[k]: value for k, value in (person.fields or {}).items() if k in named},
        "lists": [chosen.name for chosen in lists.of(person)],
        "tags": [tag.name for tag in tags.of(*key)],
        "statuses": [values[standing.value_id] for standing in tracks.of(*key).values()],
        "notes": [{"text": note.text, "at": _at(note.at)} for note in notes.of(*key)],
        "newsletters": {kind.name: row.consent for kind, row in directory.subscriptions(person)},
        "consents": [_consent(event, kinds) for event in reversed(consent.history(tenant_id, person.id))],
        "series": enrolled.told(tenant_id, person.id),
        "mailings": [_mailing(row) for row in by_person(tenant_id, person.id, MOST_MAILINGS)],
        "suppressed": {"reason": entry.reason, "since": _at(entry.created_at)} if entry else None,
        "merged_records": unmerging.copies(person),
        "here_since": _at(person.created_at),
    }


def erase(person: Subscriber, reason: str, user_id: int | None) -> None:
    """Erase a person in one transaction: only the keyed hash of the address stays, on the suppression list."""
    tenant_id, person_id = person.tenant_id, person.id
    with bounds.lifted("what names the person goes everywhere, also in files of others"), database.atomic():
        if person.address_key:
            suppression.add_erased(tenant_id, person.address_key, reason, user_id)
        _erase_from_ledger(tenant_id, person_id)
        ConsentEvent.update(subscriber_id=None, ip="", agent="", consent_text="", proof_id=None).where(
            ConsentEvent.tenant_id == tenant_id, ConsentEvent.subscriber_id == person_id
        ).execute()
        if person.address:
            _erase_mentions(tenant_id, {person.address, str(person.address_key)})
            exclusions.forget(tenant_id, str(person.address_key))
        ImportTrace.delete().where(
            ImportTrace.tenant_id == tenant_id, ImportTrace.subscriber_id == person_id
        ).execute()
        forget(tenant_id, [person_id])
        log.record(
            tenant_id, "subscriber.erase", user_id=user_id, kind="subscriber", object_id=person_id,
            details={"reason": reason},
        )  # fmt: skip


def forget(tenant_id: int, ids: list[int]) -> None:
    """Delete people with all that hangs on them but events and ledger. In the caller's transaction."""
    for model in (ListMember, Subscription, SegmentMember):
        model.delete().where(model.tenant_id == tenant_id, model.subscriber_id.in_(ids)).execute()
    enrolled.forget(tenant_id, ids)
    choosing.forget(tenant_id, ids)
    unmerging.forget(tenant_id, ids)
    for model in (Tagging, Standing, Note):
        model.delete().where(
            model.tenant_id == tenant_id, model.holder == Holder.SUBSCRIBER, model.holder_id.in_(ids)
        ).execute()
    own = [found.id for found in fields.every(tenant_id)]
    OwnValue.delete().where(
        OwnValue.tenant_id == tenant_id, OwnValue.field_id.in_(own or [0]), OwnValue.holder_id.in_(ids)
    ).execute()
    ConsentEvent.update(subscriber_id=None).where(
        ConsentEvent.tenant_id == tenant_id, ConsentEvent.subscriber_id.in_(ids)
    ).execute()
    Subscriber.delete().where(Subscriber.tenant_id == tenant_id, Subscriber.id.in_(ids)).execute()


def _erase_from_ledger(tenant_id: int, person_id: int) -> None:
    """Deliveries lose person and address; what waits is left out, since its person is gone."""
    ids = [row.id for row in Delivery.select(Delivery.id).where(*_mine(tenant_id, person_id))]
    DeliveryPayload.delete().where(
        DeliveryPayload.tenant_id == tenant_id, DeliveryPayload.delivery_id.in_(ids or [0])
    ).execute()
    DeliveryEvent.update(detail="").where(
        DeliveryEvent.tenant_id == tenant_id, DeliveryEvent.delivery_id.in_(ids or [0])
    ).execute()
    counting.forget_person(tenant_id, person_id)
    waiting = (DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.UNCERTAIN, DeliveryState.HELD)
    Delivery.update(state=DeliveryState.SUPPRESSED, reason=LeftOut.NO_ADDRESS).where(
        *_mine(tenant_id, person_id), Delivery.state.in_(waiting)
    ).execute()
    database.execute_sql(
        sql(
            """UPDATE delivery SET address_key = 'erased:' || id, subscriber_id = NULL, reply_text = NULL
            WHERE tenant_id = ? AND subscriber_id = ?"""
        ),
        [tenant_id, person_id],
    )


def _erase_mentions(tenant_id: int, written: set[str]) -> None:
    """The address where it stands as a text: system mails, refused rows of imports, history of the suppression list."""
    for text in written:
        OutboxMail.delete().where(OutboxMail.tenant_id == tenant_id, OutboxMail.to_address == text).execute()
        inside = "strpos" if is_postgres() else "instr"
        database.execute_sql(
            sql(f"DELETE FROM import_reject WHERE tenant_id = ? AND {inside}(cells, ?) > 0"),  # noqa: S608
            [tenant_id, text],
        )
        mine = (SuppressionEvent.tenant_id == tenant_id, SuppressionEvent.shown == text)
        # the words of a server may hold the address, and the mail would lead to the person
        SuppressionEvent.update(reason="", delivery_id=None).where(
            *mine, SuppressionEvent.auto != ""
        ).execute()
        SuppressionEvent.update(shown="").where(*mine).execute()


def _mine(tenant_id: int, person_id: int) -> tuple[Any, ...]:
    return Delivery.tenant_id == tenant_id, Delivery.subscriber_id == person_id


def _mailing(row: Received) -> dict[str, Any]:
    found = {"mailing": row.name, "state": (row.reason or row.state).name.lower(), "at": _at(row.at)}
    counted = {"opened": row.opened, "clicked": row.clicked, "links": list(row.links)}
    return {**found, **{name: value for name, value in counted.items() if value}}


def _consent(event: ConsentEvent, kinds: dict[int, str]) -> dict[str, Any]:
    found = {
        "newsletter": kinds.get(event.type_id, event.type_id), "step": event.act, "before": event.before,
        "after": event.after, "text": event.consent_text, "version": event.consent_version, "form": event.form,
        "ip": event.ip, "agent": event.agent, "at": _at(event.at),
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def _at(moment: Any) -> str:
    return str(moment.isoformat(timespec="seconds")) if moment else ""
