"""The record page of a subscriber, for the views that show it and those that come back to it."""

from typing import Any

from flask import Response, g, url_for
from wtforms.fields.choices import SelectChoice

from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.audit.models import AuditEntry
from domain.automailers import listing as series
from domain.campaigns import alike, listing, received, unmerging
from domain.db import abreast, gathered
from domain.errors import N_
from domain.subscribers import consent, directory, lists, organisations, proofs, suppression, types
from domain.subscribers.facets import fields, notes, tags, tracks
from domain.subscribers.facets.models import Holder
from domain.subscribers.models import Organisation, Subscriber
from domain.tenancy import measuring, territory
from domain.tenancy.measuring import Measuring
from mediadb import proofs as kept
from portal import hypermedia
from portal.access import may
from portal.forms.subscribers import ConsentForm, LockForm
from portal.suppressed import RULES

CHANGES = 20
FIELD_WORDS: dict[str, str] = {  # what the log names as changed
    "address": N_("E-mail address"), "salutation": N_("Salutation"), "title": N_("Title"),
    "first_name": N_("First name"), "last_name": N_("Last name"), "organisation_id": N_("Customer"),
    "function": N_("Function"), "street": N_("Street and number"), "postcode": N_("Postcode"), "city": N_("City"),
    "region": N_("State or region"), "country": N_("Country"), "language": N_("Language"),
    "birthday": N_("Birthday"), "category": N_("Reader category"), "territory_id": N_("Territory"),
    "fields": N_("Own fields"), "deliverability": N_("Deliverability"),
}  # fmt: skip
TWINS = 3  # others who may be the same person


def page(
    person: Subscriber,
    lock_form: LockForm | None = None,
    consents: ConsentForm | None = None,
    status: int = 200,
) -> Response:
    """Everything the house knows about a person."""
    told, around = abreast(lambda: _told(person), lambda: _around(person))
    return hypermedia.page(
        "subscribers/show.html", status=status, person=person, proof_types=kept.TYPES, proof_mb=kept.MOST_MB,
        auto_rules=RULES, field_words=FIELD_WORDS, is_org_locked=organisations.is_locked,
        counted=measuring.allowed(g.tenant) == Measuring.PEOPLE, **told, **around,
        lock_form=lock_form or LockForm(formdata=None), consent_form=consents or consent_form(),
    )  # fmt: skip


def _told(person: Subscriber) -> dict[str, Any]:
    """What happened to the person, and the names of who did it."""
    tenant_id = g.tenant.id
    history, remarks, changes, merge, stopped = abreast(
        lambda: consent.history(tenant_id, person.id),
        lambda: notes.of(tenant_id, Holder.SUBSCRIBER, person.id),
        lambda: _changes(person),
        lambda: unmerging.of(person),
        lambda: suppression.entry(tenant_id, person.address_key) if person.address_key else None,
    )
    people = [e.by_id for e in history] + [n.by_id for n in remarks] + [c.user_id for c in changes]
    found = gathered(
        papers=lambda: proofs.of_events(tenant_id, history),
        mailings=lambda: listing.names(tenant_id, [stopped.campaign_id]) if stopped else {},
        merge_stays=lambda: unmerging.contradiction(merge) if merge else None,
        names=lambda: policy.names([*people, person.locked_by_id, merge.by_id if merge else None]),
    )
    return {
        "history": history, "notes": remarks, "changes": changes, "merge": merge, "suppressed": stopped, **found
    }  # fmt: skip


def _around(person: Subscriber) -> dict[str, Any]:
    """What the person belongs to, and what could be chosen."""
    tenant_id = g.tenant.id
    key = (tenant_id, Holder.SUBSCRIBER, person.id)
    return gathered(
        twins=lambda: alike.of(person, TWINS) if may(P.SUBSCRIBER_EDIT) else [],
        subscriptions=lambda: directory.subscriptions(person),
        kinds=lambda: {kind.id: kind for kind in types.every(tenant_id)},
        lists=lambda: lists.every(tenant_id),
        on_lists=lambda: {chosen.id for chosen in lists.of(person)},
        organisation=lambda: _organisation(person),
        tags=lambda: tags.of(*key),
        tracks=lambda: tracks.every(tenant_id),
        standings=lambda: tracks.of(*key),
        own=lambda: fields.every(tenant_id),
        series=lambda: series.of_person(tenant_id, person.id) if may(P.AUTOMAILER_SEE) else [],
        received=lambda: received.by_person(tenant_id, person.id),
        place=lambda: territory.paths(tenant_id).get(person.territory_id or 0),
    )


def back(person: Subscriber, message: str, tone: str = "done") -> Response:
    return hypermedia.done(url_for("subscribers.show", subscriber_id=person.id), message, tone)


def consent_form(formdata: Any = None) -> ConsentForm:
    form = ConsentForm(formdata=formdata)
    form.type_id.choices = [SelectChoice(k.id, k.name) for k in types.every(g.tenant.id) if k.active]
    return form


def _organisation(person: Subscriber) -> Organisation | None:
    if not person.organisation_id:
        return None
    return Organisation.get_or_none(
        Organisation.tenant_id == person.tenant_id, Organisation.id == person.organisation_id
    )


def _changes(person: Subscriber) -> list[AuditEntry]:
    """The newest entries of the log about this person."""
    query = AuditEntry.select().where(
        AuditEntry.tenant_id == person.tenant_id,
        AuditEntry.kind == "subscriber",
        AuditEntry.object_id == person.id,
    )
    return list(query.order_by(AuditEntry.number.desc()).limit(CHANGES))
