"""A mailing that went out a minute ago, as its tenant wants it counted: for tests of what is counted and shown."""

from dataclasses import dataclass

from dispatcher import clearance
from dispatcher.rendering import freezing
from domain import clock, tokens
from domain.campaigns import measured
from domain.campaigns.models import Campaign, CampaignStatus
from domain.issues import assembly
from domain.issues.models import BlockKind, IssueRevision
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState
from domain.subscribers.models import Subscriber
from domain.tenancy import settings
from domain.tenancy.models import Tenant
from tests import mailings
from tests.world import World

PEOPLE = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0"}
SHOP, NEWS = "https://laden.example/?a=1&b=2#c", "https://nachrichten.example/"


@dataclass
class Sent:
    """A mailing that went to some people a minute ago, as its tenant wants it counted."""

    campaign: Campaign
    revision: IssueRevision
    people: list[Subscriber]
    deliveries: list[Delivery]

    def token(self, place: int = 0) -> str:
        return tokens.mail_token("mail", self.deliveries[place].id)

    def link(self, url: str = SHOP, place: int = 0) -> str:
        return f"/m/{self.token(place)}/l/{self.number(url)}"

    def number(self, url: str = SHOP) -> int:
        return [found for found, _words in self.revision.links].index(url) + 1

    def report(self) -> measured.Measured:
        return measured.report(Tenant.get_by_id(self.campaign.tenant_id), self.campaign)


def sent(world: World, mode: str, count: int = 2) -> Sent:
    settings.change(world.north, {"tracking": mode})
    issue = mailings.issue(world)
    for label, url in (("Zum Laden", SHOP), ("Nachrichten", NEWS)):
        assembly.edit(issue, assembly.add(issue, BlockKind.BUTTON), {"label": label, "url": url})
    campaign = mailings.draft(world, issue)
    mark, rendered = clearance._now(world.north, issue, campaign, mailings.BASE_URL)
    revision = freezing.freeze(issue, rendered, mark, world.editor.id)
    campaign.revision_id, campaign.status = revision.id, CampaignStatus.FINISHED
    campaign.started_at = campaign.finished_at = clock.now()
    campaign.save()
    people = [mailings.subscriber(world, f"Anna{n}") for n in range(count)]
    rows = [
        Delivery.create(
            tenant_id=world.north.id, campaign_id=campaign.id, subscriber_id=person.id, revision_id=revision.id,
            address_key=person.address_key, state=DeliveryState.SENT, queued_at=clock.epoch() - 90,
            settled_at=clock.epoch() - 60,
        )
        for person in people
    ]  # fmt: skip
    return Sent(campaign, revision, people, rows)
