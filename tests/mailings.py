"""An issue that is ready to go and the people it goes to, for tests of issues, campaigns and their pages."""

from domain import clock
from domain.campaigns import planning
from domain.campaigns.models import Campaign
from domain.content.models import Article, ArticleState
from domain.issues import assembly
from domain.issues.models import Issue
from domain.senders.models import SenderDomain
from domain.subscribers.models import (
    Consent,
    Deliverability,
    DistributionList,
    ListMember,
    Organisation,
    Subscriber,
    Subscription,
    Suppression,
)
from tests.world import World

BASE_URL = "https://rundbrief.example"


def subscriber(
    world: World, name: str, consent: Consent | None = Consent.CONFIRMED, **values: object
) -> Subscriber:
    """Somebody of north on the default list, by default confirmed for the city newsletter."""
    address = values.pop("address", f"{name.lower()}@leser.example")
    person = Subscriber.create(
        tenant_id=world.north.id, first_name=name, last_name=f"{name}sen", salutation="Frau", address=address,
        address_key=address and str(address).casefold(), folded=f"{name} {address}".casefold(), **values,
    )  # fmt: skip
    default = DistributionList.get(DistributionList.tenant_id == world.north.id, DistributionList.is_default)
    ListMember.create(tenant_id=world.north.id, list_id=default.id, subscriber_id=person.id)
    if consent:
        Subscription.create(
            tenant_id=world.north.id, type_id=world.types["city"].id, subscriber_id=person.id, consent=consent
        )
    return person


def everybody(world: World) -> None:
    """Three who get it, one proved, one unknown, and one for each reason to be left out."""
    for name in ("Anna", "Bert", "Cleo"):
        subscriber(world, name)
    subscriber(world, "Paul", Consent.PROVED)
    subscriber(world, "Uta", Consent.UNKNOWN)
    subscriber(world, "Rita", Consent.REVOKED)
    subscriber(world, "Pia", Consent.PENDING)
    subscriber(world, "Ohne", address=None)
    subscriber(world, "Lothar", locked_reason="wishes no mail")
    subscriber(world, "Stop", deliverability=Deliverability.STOPPED)
    subscriber(world, "Bounce", deliverability=Deliverability.BOUNCED)
    firm = Organisation.create(tenant_id=world.north.id, name="Firma", locked_reason="quarrel")
    subscriber(world, "Firmin", organisation_id=firm.id)
    robin = subscriber(world, "Robin")
    Suppression.create(tenant_id=world.north.id, address_key=robin.address_key, address_hash="x")


def article(world: World, title: str = "Leinebrücke: neun Monate Umweg", **values: object) -> Article:
    return Article.create(
        **{
            "tenant_id": world.north.id, "title": title, "teaser": "Die Linien 4 und 12 fahren anders.",
            "body": "<p>Ab Montag.</p>", "category": "Verkehr", "author_id": world.journalist.id,
            "state": ArticleState.ACCEPTED, **values,
        }
    )  # fmt: skip


def issue(world: World) -> Issue:
    """An issue of the city newsletter with one article, complete enough for approval."""
    made = assembly.create(world.north.id, world.types["city"].id, world.editor.id)
    assembly.add_article(made, article(world).id)
    assembly.set_head(made, subject="Neues für [Vorname|Sie]", preheader="Ab Montag Umweg")
    return made


def verified(world: World) -> None:
    SenderDomain.create(
        tenant_id=world.north.id, domain="nord.example", verified_at=clock.now(), reason="for tests"
    )


def draft(world: World, made: Issue) -> Campaign:
    """The planned campaign of an issue, meant for real, its sender domain verified."""
    if not planning.may_send_as(world.north.id, "nord.example"):
        verified(world)
    campaign = planning.draft_for(made, world.editor.id, "Verlag Nord", "news@nord.example", "")
    campaign.test_mode = False
    campaign.save()
    return campaign
