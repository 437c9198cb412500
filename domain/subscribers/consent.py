"""The one way in which a consent changes, and the history of every step.

Raised only by the person (a confirmed link) or by somebody of the house who says what proves it; lowered only by
the person or the house. What a stranger types into a form changes nothing that is there.
"""

from dataclasses import dataclass

from domain import clock
from domain.errors import N_, Conflict
from domain.subscribers import addresses
from domain.subscribers.models import Consent, ConsentEvent, NewsletterType, Subscriber, Subscription

C = Consent

# act → (states it may start from, state it leads to); None in the set: no subscription yet
TRANSITIONS: dict[str, tuple[frozenset[Consent | None], Consent]] = {
    "ask": (frozenset({None, C.PENDING, C.LAPSED, C.UNKNOWN, C.REVOKED}), C.PENDING),
    "invite": (frozenset({None, C.UNKNOWN, C.PENDING}), C.PENDING),  # an opt-in mail to somebody who is here
    "confirm": (frozenset(C), C.CONFIRMED),  # by the person, through the link of an opt-in mail
    "import_unknown": (frozenset({None}), C.UNKNOWN),
    "import_proved": (frozenset({None, C.UNKNOWN, C.PENDING, C.LAPSED}), C.PROVED),
    "import_revoked": (frozenset({None, C.UNKNOWN, C.PROVED, C.PENDING, C.LAPSED}), C.REVOKED),
    "revoke": (frozenset({C.UNKNOWN, C.PROVED, C.PENDING, C.CONFIRMED, C.LAPSED, C.REVOKED}), C.REVOKED),
    "choose": (frozenset({None, *C}), C.CONFIRMED),  # by the person, through the token of a mail
    "lapse": (frozenset({C.PENDING}), C.LAPSED),
}
KEEPS = {C.UNKNOWN, C.REVOKED}  # asking by form leaves these as they are until the link is opened


@dataclass(frozen=True)
class Trace:
    """Where a step came from."""

    form: str = ""
    ip: str = ""
    agent: str = ""
    mail_id: int | None = None
    by_id: int | None = None
    proof_id: int | None = None
    proof: str = ""  # what proves a consent given elsewhere; stands in the event instead of the type's text


NOWHERE = Trace()


def state(tenant_id: int, subscriber_id: int, type_id: int) -> Consent | None:
    """The person's state for a type, None if there never was one."""
    row = _row(tenant_id, subscriber_id, type_id)
    return Consent(row.consent) if row else None


def step(person: Subscriber, kind: NewsletterType, act: str, trace: Trace = NOWHERE) -> Consent:
    """Take one step in the caller's transaction; returns the state afterwards. Raises Conflict if the state does
    not allow it. Every step leaves an event, also one that changes nothing."""
    allowed, target = TRANSITIONS[act]
    row = _row(person.tenant_id, person.id, kind.id)
    before = Consent(row.consent) if row else None
    if before not in allowed:
        raise Conflict(N_("The subscription is in a state that does not allow this."))
    after = before if act == "ask" and before in KEEPS else target
    assert after is not None
    if row is None:
        Subscription.create(
            tenant_id=person.tenant_id, subscriber_id=person.id, type_id=kind.id, consent=after
        )
    elif after != before or act == "invite":  # a new mail begins a new week
        row.consent, row.changed_at = after, clock.now()
        row.save()
    record(person, kind, act, before, after, trace)
    return after


def confirm(person: Subscriber, kind: NewsletterType, trace: Trace) -> Consent:
    """The person has opened the link of the opt-in mail and pressed the button; doing it again changes nothing.
    Raises Conflict if there is no sign-up to confirm."""
    if state(person.tenant_id, person.id, kind.id) == C.CONFIRMED:
        return C.CONFIRMED
    if _row(person.tenant_id, person.id, kind.id) is None:
        raise Conflict(N_("There is no sign-up to confirm any more. Sign up again."))
    return step(person, kind, "confirm", trace)


def record(
    person: Subscriber, kind: NewsletterType, act: str, before: Consent | None, after: Consent, trace: Trace
) -> ConsentEvent:
    """Append one event to the history, with the text that was in force."""
    key = person.address_key or f"none:{person.id}"
    return ConsentEvent.create(
        tenant_id=person.tenant_id, subscriber_id=person.id, type_id=kind.id,
        address_hash=addresses.hash_of(key, person.tenant_id), act=act, before=before or "", after=after,
        consent_text=trace.proof or kind.consent_text, consent_version=0 if trace.proof else kind.consent_version,
        form=trace.form[:60], ip=trace.ip[:45], agent=trace.agent[:300], mail_id=trace.mail_id, by_id=trace.by_id,
        proof_id=trace.proof_id,
    )  # fmt: skip


def history(tenant_id: int, subscriber_id: int) -> list[ConsentEvent]:
    """Every event of a person, newest first."""
    query = ConsentEvent.select().where(
        ConsentEvent.tenant_id == tenant_id, ConsentEvent.subscriber_id == subscriber_id
    )
    return list(query.order_by(ConsentEvent.id.desc()))


def _row(tenant_id: int, subscriber_id: int, type_id: int) -> Subscription | None:
    return Subscription.get_or_none(
        Subscription.tenant_id == tenant_id,
        Subscription.subscriber_id == subscriber_id,
        Subscription.type_id == type_id,
    )
