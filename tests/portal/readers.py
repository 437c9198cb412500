"""A reader of the north tenant who got a mail, and the token in it."""

import re
from dataclasses import dataclass

from domain import clock, tokens
from domain.campaigns.models import Campaign
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState
from domain.notices.models import OutboxMail
from domain.subscribers import directory, optout
from domain.subscribers.consent import NOWHERE
from domain.subscribers.models import NewsletterType, Subscriber
from tests.world import World


@dataclass(frozen=True)
class Reader:
    person: Subscriber
    delivery: Delivery
    token: str


def who_got_mail(world: World, *kinds: str, address: str = "anna@leser.example") -> Reader:
    """Confirmed for `kinds`; the mail was one of the first of them."""
    person = directory.create(
        world.north.id, {"address": address, "first_name": "Anna", "last_name": "Beispiel"}
    )
    chosen: list[NewsletterType] = [world.types[kind] for kind in kinds]
    optout.choose(person, chosen, {kind.id for kind in chosen}, NOWHERE)
    campaign = Campaign.create(
        tenant_id=world.north.id, issue_id=1, type_id=chosen[0].id, name="Nr. 1",
        created_by_id=world.editor.id,
    )  # fmt: skip
    delivery = Delivery.create(
        tenant_id=world.north.id, campaign_id=campaign.id, subscriber_id=person.id, address_key=address,
        state=DeliveryState.SENT, queued_at=clock.epoch(), settled_at=clock.epoch(),
    )  # fmt: skip
    return Reader(person, delivery, tokens.mail_token("mail", delivery.id))


def form_token(page: str) -> str:
    """The signed token of a sign-up page."""
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return found[1]


def confirm_path(mail: OutboxMail) -> str:
    """The link of an opt-in mail, without its host."""
    found = re.search(r"https?://[^/\s]+(/n/\S+/confirm/\S+)", mail.plain)
    assert found
    return found[1]
