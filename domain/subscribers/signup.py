"""Sign up by a public form: double opt-in, the same answer whatever is known, and no flood for a victim.

The form only asks. What is there stays as it is until the link of the mail is opened and its button pressed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from domain import clock, tokens
from domain.db import database
from domain.notices.models import OutboxMail
from domain.subscribers import addresses, consent, directory, suppression
from domain.subscribers.consent import Trace
from domain.subscribers.models import Consent, ConsentEvent, NewsletterType, Subscriber

LINK_MAX_AGE_S = 7 * 86_400  # unconfirmed sign-ups expire after a week
MAILS_PER_TYPE = 1  # in a day, for one address
MAILS_PER_DAY = 3  # for one address over all types of a tenant


@dataclass(frozen=True)
class Request:
    """What the form said, checked."""

    address: addresses.Address
    types: Sequence[NewsletterType]
    first_name: str = ""
    last_name: str = ""
    language: str = ""


@dataclass(frozen=True)
class OptIn:
    """An opt-in mail to write: for whom, for which types, with which token."""

    person: Subscriber
    types: Sequence[NewsletterType]
    token: str


def begin(tenant_id: int, request: Request, trace: Trace) -> OptIn | None:
    """Note the wish; returns the mail to send, or None if none may go (suppressed, subscribed, too many).

    The caller gives the reader the same answer in both cases. Raises nothing about the person.
    """
    with database.atomic():
        if suppression.is_suppressed(tenant_id, request.address.key):
            return None
        person = directory.by_key(tenant_id, request.address.key)
        if person is None:
            person = directory.create(
                tenant_id,
                {
                    "address": request.address.written,
                    "first_name": request.first_name,
                    "last_name": request.last_name,
                    "language": request.language,
                },
            )
        wanted = [
            kind
            for kind in request.types
            if consent.state(tenant_id, person.id, kind.id) not in (Consent.CONFIRMED, Consent.PROVED)
        ]
        wanted = [kind for kind in wanted if _asked(person, kind.id) < MAILS_PER_TYPE]
        if not wanted or _asked(person) >= MAILS_PER_DAY:
            return None
        for kind in wanted:
            consent.step(person, kind, "ask", trace)
        token = tokens.timed_token("confirm", [tenant_id, person.id, [kind.id for kind in wanted]])
        return OptIn(person, wanted, token)


def mailed(opt_in: OptIn, mail: OutboxMail) -> None:
    """Note in the history which mail carried the link."""
    for kind in opt_in.types:
        state = consent.state(kind.tenant_id, opt_in.person.id, kind.id) or Consent.PENDING
        consent.record(opt_in.person, kind, "mailed", state, state, Trace(mail_id=mail.id))


def read(tenant_id: int, token: str) -> tuple[Subscriber, list[NewsletterType]]:
    """Whom and what a confirm link is about; raises tokens.BadToken."""
    in_tenant, person_id, type_ids = tokens.read_timed_token("confirm", token, LINK_MAX_AGE_S)
    if in_tenant != tenant_id:
        raise tokens.BadToken
    person = Subscriber.get_or_none(Subscriber.tenant_id == tenant_id, Subscriber.id == person_id)
    kinds = list(
        NewsletterType.select().where(
            NewsletterType.tenant_id == tenant_id, NewsletterType.id.in_(type_ids or [0])
        )
    )
    if person is None or not kinds:
        raise tokens.BadToken
    return person, kinds


def confirm(tenant_id: int, token: str, trace: Trace) -> tuple[Subscriber, list[NewsletterType]]:
    """The button was pressed: the types of the link are confirmed. Doing it again changes nothing."""
    person, kinds = read(tenant_id, token)
    with database.atomic():
        for kind in kinds:
            last = _last(person, kind.id)
            # a link older than a later sign-off must not undo it
            if last is None or last.act != "revoke":
                consent.confirm(person, kind, trace)
    return person, kinds


def expire(tenant_id: int) -> int:
    """Let unconfirmed sign-ups older than a week lapse; returns how many."""
    from domain.subscribers.models import Subscription

    old = Subscription.select().where(
        Subscription.tenant_id == tenant_id,
        Subscription.consent == Consent.PENDING,
        Subscription.changed_at < clock.now() - timedelta(seconds=LINK_MAX_AGE_S),
    )
    count = 0
    for row in old:
        person = Subscriber.get_by_id(row.subscriber_id)
        with database.atomic():
            consent.step(person, NewsletterType.get_by_id(row.type_id), "lapse")
        count += 1
    return count


def _asked(person: Subscriber, type_id: int | None = None) -> int:
    """Opt-in mails of the last day to this address, for one type or all."""
    key = addresses.hash_of(person.address_key, person.tenant_id)
    query = ConsentEvent.select(ConsentEvent.mail_id).where(
        ConsentEvent.tenant_id == person.tenant_id,
        ConsentEvent.address_hash == key,
        ConsentEvent.act == "ask",
        ConsentEvent.at > clock.now() - timedelta(days=1),
    )
    if type_id is not None:
        return query.where(ConsentEvent.type_id == type_id).count()
    return query.select(ConsentEvent.at).distinct().count()


def _last(person: Subscriber, type_id: int) -> ConsentEvent | None:
    query = ConsentEvent.select().where(
        ConsentEvent.tenant_id == person.tenant_id,
        ConsentEvent.subscriber_id == person.id,
        ConsentEvent.type_id == type_id,
        ConsentEvent.act.in_(["revoke", "ask", "confirm", "choose"]),
    )
    return query.order_by(ConsentEvent.id.desc()).first()
