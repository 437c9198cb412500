"""A fresh link by which a person proves to own an address: valid for a day, at most three in a day."""

from datetime import timedelta

from domain import clock, tokens
from domain.errors import N_, NotFound
from domain.notices.models import OutboxMail
from domain.subscribers.models import Subscriber

KIND = "data"
MAX_AGE_S = 86_400
MOST_PER_DAY = 3


def may_mail(tenant_id: int, person: Subscriber) -> bool:
    """Whether one more link may be sent today: a stranger must not be able to flood somebody."""
    sent = OutboxMail.select().where(
        OutboxMail.tenant_id == tenant_id, OutboxMail.kind == KIND, OutboxMail.to_address == person.address,
        OutboxMail.created_at > clock.now() - timedelta(days=1),
    )  # fmt: skip
    return sent.count() < MOST_PER_DAY


def token(person: Subscriber) -> str:
    """What stands in the link."""
    return tokens.timed_token("data", [person.tenant_id, person.id])


def read(tenant_id: int, text: str) -> Subscriber:
    """Whom the link is about; raises NotFound with what to do."""
    try:
        in_tenant, person_id = tokens.read_timed_token("data", text, MAX_AGE_S)
    except (tokens.BadToken, ValueError, TypeError):
        in_tenant, person_id = 0, 0
    found = Subscriber.get_or_none(Subscriber.tenant_id == tenant_id, Subscriber.id == person_id)
    if in_tenant != tenant_id or found is None:
        raise NotFound(N_("This link is too old or incomplete. Ask for a new one."))
    return found
