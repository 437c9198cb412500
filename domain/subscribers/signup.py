"""Sign up by a public form: double opt-in, the same answer whatever is known, and no flood for a victim.

The form only asks. What is there stays as it is until the link of the mail is opened and its button pressed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain import clock, tokens
from domain.db import database, is_postgres, unscoped
from domain.errors import Invalid
from domain.notices.models import OutboxMail
from domain.subscribers import addresses, consent, directory, suppression, types
from domain.subscribers.consent import Trace
from domain.subscribers.models import Consent, ConsentEvent, NewsletterType, Subscriber, Subscription

LINK_MAX_AGE_S = 7 * 86_400  # unconfirmed sign-ups expire after a week
USED_MAX_AGE_S = 365 * 86_400  # so long a link that was used tells that it was
MAILS_PER_TYPE = 1  # in a day, for one address
MAILS_PER_DAY = 3  # for one address over all types of a tenant
EXPIRE_CHUNK = 500


Welcome = Callable[[Subscriber, NewsletterType], object]


def no_welcome(person: Subscriber, kind: NewsletterType) -> None:
    """Nothing is sent."""


@dataclass(frozen=True)
class Request:
    """What the form said, checked. `type_ids` that are unknown, closed or not public ask for nothing."""

    address: addresses.Address
    type_ids: Sequence[int]
    first_name: str = ""
    last_name: str = ""
    language: str = ""
    own: Mapping[str, Any] = field(
        default_factory=dict
    )  # `own-<id>` → raw, checked; only a new person takes them


@dataclass(frozen=True)
class OptIn:
    """An opt-in mail to write: for whom, for which types, with which token."""

    person: Subscriber
    types: Sequence[NewsletterType]
    token: str


def begin(
    tenant_id: int, request: Request, trace: Trace, write: Callable[[OptIn], OutboxMail]
) -> OutboxMail | None:
    """Note the wish and queue the mail that `write` makes, in one transaction; None if no mail may go
    (suppressed, subscribed already, too many today, no such type). The reader gets the same answer in every case.
    """
    open_types = {kind.id: kind for kind in types.public(tenant_id)}
    asked = [open_types[i] for i in dict.fromkeys(request.type_ids) if i in open_types]
    with database.atomic():
        if not asked:
            return None
        if suppression.is_suppressed(tenant_id, request.address.key):
            suppression.block(tenant_id, request.address.key, trace.form)
            return None
        person = _person(tenant_id, request)
        wanted = [kind for kind in asked if _may_ask(person, kind)]
        if not wanted or _mailed(person) >= MAILS_PER_DAY:
            return None
        for kind in wanted:
            consent.step(person, kind, "ask", trace)
        opt_in = OptIn(
            person,
            wanted,
            tokens.timed_token("confirm", [tenant_id, person.id, [kind.id for kind in wanted]]),
        )
        mail = write(opt_in)
        for kind in wanted:
            state = consent.state(tenant_id, person.id, kind.id) or Consent.PENDING
            consent.record(person, kind, "mailed", state, state, Trace(form=trace.form, mail_id=mail.id))
        return mail


def read(tenant_id: int, token: str, max_age_s: int | None = None) -> tuple[Subscriber, list[NewsletterType]]:
    """Whom and what a confirm link is about, up to the age of one that can still confirm, or `max_age_s`; raises
    tokens.BadToken."""
    in_tenant, person_id, type_ids = tokens.read_timed_token("confirm", token, max_age_s or LINK_MAX_AGE_S)
    if in_tenant != tenant_id:
        raise tokens.BadToken
    person = Subscriber.get_or_none(Subscriber.tenant_id == tenant_id, Subscriber.id == person_id)
    query = NewsletterType.select().where(
        NewsletterType.tenant_id == tenant_id, NewsletterType.id.in_(type_ids or [0]), NewsletterType.active
    )
    kinds = list(query.order_by(NewsletterType.name))
    if person is None or not kinds or int(person.created_at.timestamp()) > tokens.made_at(token):
        raise tokens.BadToken  # a younger person has the number of one who was erased
    return person, kinds


@dataclass(frozen=True)
class Link:
    """What a confirm link stands for now: types that wait for the button, and those confirmed with the moment."""

    person: Subscriber
    waiting: list[NewsletterType]
    confirmed: list[tuple[NewsletterType, datetime]]


def look(tenant_id: int, token: str) -> Link:
    """What a confirm link can still do and what it has done, which it tells also when it is old; writes nothing.
    Raises tokens.BadToken when it does neither."""
    person, kinds = read(tenant_id, token, USED_MAX_AGE_S)
    since = confirmed_since(person, kinds)
    there = {kind.id for kind, _at in since}
    is_old = clock.epoch() - tokens.made_at(token) > LINK_MAX_AGE_S
    waiting = [kind for kind in kinds if not is_old and kind.id not in there and _is_open(person, kind)]
    if not waiting and not since:
        raise tokens.BadToken
    return Link(person, waiting, since)


def confirmed_since(person: Subscriber, kinds: list[NewsletterType]) -> list[tuple[NewsletterType, datetime]]:
    """Those of `kinds` that the person has confirmed, with the moment."""
    rows = Subscription.select(Subscription.type_id, Subscription.changed_at).where(
        Subscription.tenant_id == person.tenant_id, Subscription.subscriber_id == person.id,
        Subscription.consent == Consent.CONFIRMED, Subscription.type_id.in_([kind.id for kind in kinds] or [0]),
    )  # fmt: skip
    at = {row.type_id: row.changed_at for row in rows}
    return [(kind, at[kind.id]) for kind in kinds if kind.id in at]


def was_used(person: Subscriber, kinds: list[NewsletterType]) -> bool:
    """Whether the person has ever confirmed one of `kinds`, which proves that the address is read."""
    query = ConsentEvent.select().where(
        ConsentEvent.tenant_id == person.tenant_id, ConsentEvent.subscriber_id == person.id,
        ConsentEvent.act == "confirm", ConsentEvent.type_id.in_([kind.id for kind in kinds] or [0]),
    )  # fmt: skip
    return bool(query.exists())


def _is_open(person: Subscriber, kind: NewsletterType) -> bool:
    """Whether the person asked for the type and has not signed off since: an older link must not undo that."""
    return last_act(person, kind.id) not in (None, "revoke", "import_revoked")


def admit(person: Subscriber, kind: NewsletterType, is_new: bool, welcome: Welcome) -> None:
    """Somebody has confirmed a type: whoever is new comes onto its lists, and `welcome` queues its mail, unless the
    address was put on the suppression list meanwhile."""
    if not is_new:
        return
    types.enlist(kind, person.id)
    stopped = suppression.is_suppressed(person.tenant_id, person.address_key or "")
    if kind.welcome_text.strip() and not stopped:
        welcome(person, kind)


def confirm(
    tenant_id: int,
    token: str,
    trace: Trace,
    welcome: Welcome = no_welcome,
) -> tuple[Subscriber, list[NewsletterType]]:
    """The button was pressed: the types of the link are confirmed, the person joins their lists, and `welcome` queues
    a mail for each that is new. Doing it again changes nothing. Returns the types that are confirmed now; raises
    tokens.BadToken, also when all of them were signed off after the link."""
    person, kinds = read(tenant_id, token)
    confirmed = []
    with database.atomic():
        for kind in kinds:
            if _is_open(person, kind):
                is_new = consent.state(tenant_id, person.id, kind.id) != Consent.CONFIRMED
                consent.confirm(person, kind, trace)
                admit(person, kind, is_new, welcome)
                confirmed.append(kind)
    if not confirmed:
        raise tokens.BadToken
    return person, confirmed


def expire() -> int:
    """Let unconfirmed sign-ups older than a week lapse, over all tenants; returns how many."""
    old = Subscription.select().where(
        Subscription.consent == Consent.PENDING,
        Subscription.changed_at < clock.now() - timedelta(seconds=LINK_MAX_AGE_S),
    )
    count = 0
    with unscoped("one sweep serves all tenants"):
        rows = list(old.limit(EXPIRE_CHUNK))
    for row in rows:
        person = directory.get(row.tenant_id, row.subscriber_id)
        kind = types.get(row.tenant_id, row.type_id)
        with database.atomic():
            if consent.state(row.tenant_id, person.id, kind.id) == Consent.PENDING:
                consent.step(person, kind, "lapse")
                count += 1
    return count


def _person(tenant_id: int, request: Request) -> Subscriber:
    """Who signs up; a row is locked, so that a burst of requests counts its mails one after the other."""
    query = Subscriber.select().where(
        Subscriber.tenant_id == tenant_id, Subscriber.address_key == request.address.key
    )
    if is_postgres():
        query = query.for_update()
    person = query.first()
    if person is not None:
        return person
    values = {
        "address": request.address.written,
        "first_name": request.first_name,
        "last_name": request.last_name,
        "language": request.language,
        **request.own,
    }
    try:
        return directory.create(tenant_id, values)
    except (
        Invalid
    ):  # the same address signed up in this moment, or somebody else has a value that is to be unique
        return query.first() or directory.create(
            tenant_id, {name: value for name, value in values.items() if not name.startswith("own-")}
        )


def _may_ask(person: Subscriber, kind: NewsletterType) -> bool:
    if consent.state(person.tenant_id, person.id, kind.id) in (Consent.CONFIRMED, Consent.PROVED):
        return False
    return _mailed(person, kind.id) < MAILS_PER_TYPE


def _mailed(person: Subscriber, type_id: int | None = None) -> int:
    """Opt-in mails of the last day to this address, for one type or all; an erased and new row counts as one."""
    query = ConsentEvent.select(ConsentEvent.mail_id).where(
        ConsentEvent.tenant_id == person.tenant_id,
        ConsentEvent.address_hash == addresses.hash_of(person.address_key, person.tenant_id),
        ConsentEvent.act == "mailed",
        ConsentEvent.at > clock.now() - timedelta(days=1),
    )
    if type_id is not None:
        query = query.where(ConsentEvent.type_id == type_id)
    return query.distinct().count()


def last_act(person: Subscriber, type_id: int) -> str | None:
    """The last step of the history that somebody took; a mail that went out and a lapse do not count."""
    row = (
        ConsentEvent.select(ConsentEvent.act)
        .where(
            ConsentEvent.tenant_id == person.tenant_id,
            ConsentEvent.subscriber_id == person.id,
            ConsentEvent.type_id == type_id,
            ConsentEvent.act.not_in(["mailed", "lapse"]),
        )
        .order_by(ConsentEvent.id.desc())
        .first()
    )
    return row.act if row else None
