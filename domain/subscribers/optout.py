"""Sign off: exactly from the type of the mail whose link was used, at once, without signing in.

Lists stay as they are: signing off from a type never takes anybody off a list.
"""

from collections.abc import Iterable

from domain import clock
from domain.db import database
from domain.subscribers import consent, directory, types, words
from domain.subscribers.consent import Trace
from domain.subscribers.models import Consent, NewsletterType, Subscriber, Subscription

RECEIVES = (Consent.CONFIRMED, Consent.PROVED, Consent.UNKNOWN)  # states in which mail may arrive
LANGUAGES = ("de", "en")


def unsubscribe(person: Subscriber, kind: NewsletterType, trace: Trace) -> bool:
    """Revoke one type; False if it was revoked before (then nothing is written)."""
    with database.atomic():
        state = consent.state(person.tenant_id, person.id, kind.id)
        if state == Consent.REVOKED:
            return False
        if state is None:  # was mailed once, and the subscription was removed since
            consent.step(person, kind, "import_unknown", trace)
        consent.step(person, kind, "revoke", trace)
        return True


def unsubscribe_all(person: Subscriber, trace: Trace) -> int:
    """Revoke every type the person has; returns how many changed."""
    rows = Subscription.select().where(
        Subscription.tenant_id == person.tenant_id,
        Subscription.subscriber_id == person.id,
        Subscription.consent != Consent.REVOKED,
    )
    with database.atomic():
        return sum(unsubscribe(person, types.get(person.tenant_id, row.type_id), trace) for row in list(rows))


def offered(person: Subscriber) -> list[tuple[NewsletterType, Subscription | None]]:
    """What the preferences page shows: every public type, and closed ones only to people who have them."""
    mine = {kind.id: row for kind, row in directory.subscriptions(person)}
    return [
        (kind, mine.get(kind.id))
        for kind in types.every(person.tenant_id)
        if kind.active and (kind.id in mine or (kind.public and not kind.closed))
    ]


def choose(person: Subscriber, offered: Iterable[NewsletterType], wanted: set[int], trace: Trace) -> None:
    """What the person ticked on the preferences page that a mail led to: `wanted` of the `offered` types.

    Only a tick that differs from what the page showed is a decision: saving a name confirms nothing.
    """
    with database.atomic():
        for kind in offered:
            receives = consent.state(person.tenant_id, person.id, kind.id) in RECEIVES
            if kind.id in wanted and not receives:
                consent.step(person, kind, "choose", trace)
                types.enlist(kind, person.id)
            elif kind.id not in wanted and receives:
                unsubscribe(person, kind, trace)


def rename(person: Subscriber, first_name: str, last_name: str, language: str) -> None:
    """Name and language as the person wrote them."""
    person.first_name = words.one_line(first_name, 80)
    person.last_name = words.one_line(last_name, 80)
    if language in LANGUAGES:
        person.language = language
    person.folded = words.folded(person.first_name, person.last_name, person.address)
    person.updated_at = clock.now()
    person.save()
