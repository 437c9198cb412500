"""Entries of the suppression list that nobody writes by hand: the address takes no mail, or its reader complained."""

from dataclasses import dataclass
from enum import StrEnum

from domain import clock
from domain.db import database
from domain.subscribers import suppression
from domain.subscribers.models import Deliverability, Subscriber, SuppressionEvent


class Rule(StrEnum):
    """Why the house itself puts an address on the list."""

    REFUSED = "refused"  # the mail server refused the mail for good, since the address takes none
    RETURNED = "returned"  # the mail was taken and came back with that news
    COMPLAINED = "complained"  # the reader reported the mail as spam


SOURCES = {Rule.REFUSED: "bounce", Rule.RETURNED: "bounce", Rule.COMPLAINED: "complaint"}


@dataclass(frozen=True)
class Cause:
    """The rule, and the mail that it looked at: `at` in epoch s, `said` in the words of the server."""

    rule: Rule
    campaign_id: int
    delivery_id: int
    at: int
    said: str


def stop(tenant_id: int, key: str, cause: Cause) -> bool:
    """Put an address on the list; False if it stands there, or was taken off after this mail: what somebody decided
    is not undone by an old mail. The person of a dead address is marked."""
    if _taken_off(tenant_id, key, cause.at):
        return False
    with database.atomic():
        new = suppression.add(
            tenant_id, key, cause.said, source=SOURCES[cause.rule],
            mail=suppression.Mail(cause.rule, cause.campaign_id, cause.delivery_id),
        )  # fmt: skip
        if new and SOURCES[cause.rule] == "bounce":
            Subscriber.update(deliverability=Deliverability.BOUNCED).where(
                Subscriber.tenant_id == tenant_id, Subscriber.address_key == key,
                Subscriber.deliverability == Deliverability.ACTIVE,
            ).execute()  # fmt: skip
    return new


def _taken_off(tenant_id: int, key: str, since: int) -> bool:
    return (
        SuppressionEvent.select()
        .where(
            SuppressionEvent.tenant_id == tenant_id, SuppressionEvent.act == "removed",
            SuppressionEvent.shown == key, SuppressionEvent.at >= clock.moment(since),
        )
        .exists()
    )  # fmt: skip
