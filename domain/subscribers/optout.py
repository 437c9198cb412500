"""Sign off: exactly from the type of the mail whose link was used, at once, without signing in."""

from collections.abc import Iterable

from domain import clock
from domain.db import database
from domain.subscribers import consent
from domain.subscribers.consent import Trace
from domain.subscribers.models import Consent, NewsletterType, Subscriber, Subscription


def unsubscribe(person: Subscriber, kind: NewsletterType, trace: Trace) -> bool:
    """Revoke one type; False if it was revoked before (then nothing is written). Lists stay as they are."""
    with database.atomic():
        if consent.state(person.tenant_id, person.id, kind.id) == Consent.REVOKED:
            return False
        if consent.state(person.tenant_id, person.id, kind.id) is None:
            Subscription.create(
                tenant_id=person.tenant_id, subscriber_id=person.id, type_id=kind.id, consent=Consent.UNKNOWN
            )
        consent.step(person, kind, "revoke", trace)
        return True


def unsubscribe_all(person: Subscriber, trace: Trace) -> int:
    """Revoke every type the person has; returns how many changed."""
    rows = Subscription.select().where(
        Subscription.tenant_id == person.tenant_id,
        Subscription.subscriber_id == person.id,
        Subscription.consent != Consent.REVOKED,
    )
    kinds = [NewsletterType.get_by_id(row.type_id) for row in rows]
    with database.atomic():
        return sum(unsubscribe(person, kind, trace) for kind in kinds)


def choose(person: Subscriber, offered: Iterable[NewsletterType], wanted: set[int], trace: Trace) -> None:
    """What the person ticked on the preferences page that a mail led to: `wanted` of the `offered` types."""
    with database.atomic():
        for kind in offered:
            state = consent.state(person.tenant_id, person.id, kind.id)
            if kind.id in wanted and state not in (Consent.CONFIRMED, Consent.PROVED):
                consent.step(person, kind, "choose", trace)
            elif kind.id not in wanted and state not in (None, Consent.REVOKED):
                unsubscribe(person, kind, trace)


def rename(person: Subscriber, first_name: str, last_name: str, language: str) -> None:
    """Name and language as the person wrote them."""
    from domain.subscribers import directory

    person.first_name, person.last_name = (
        directory.one_line(first_name, 80),
        directory.one_line(last_name, 80),
    )
    if language in ("de", "en"):
        person.language = language
    person.folded = directory.folded(person.first_name, person.last_name, person.address)
    person.updated_at = clock.now()
    person.save()
