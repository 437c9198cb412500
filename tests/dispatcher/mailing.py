"""A campaign that is ready to send, with as many recipients as a test wants."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from peewee import chunked

from dispatcher.message.compose import MessageSource, compile_message
from domain import clock
from domain.campaigns.models import Campaign, CampaignStatus
from domain.db import database
from domain.issues.models import Issue, IssueRevision
from domain.ledger.models import Delivery, DeliveryPayload
from domain.senders.models import SenderDomain
from domain.subscribers.models import Consent, Subscriber, Subscription
from domain.tenancy.models import Tenant

DATE = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SOURCE = MessageSource(
    sender_name="Verlag Nord",
    sender_address="news@nord.example",
    subject="Neues für [Vorname|Sie]",
    html="<p>Hallo [Vorname|Leserin],</p>"
    + "<p>Grüße aus Köln</p>\n" * 50
    + '<a href="https://n.example/m/{{token}}">hier</a>',
    plain="Hallo [Vorname|Leserin]\nhttps://n.example/m/{{token}}\n",
    list_id="city.nord.example",
    base_url="https://n.example",
    message_domain="nord.example",
)


@dataclass(frozen=True)
class EngineSettings:
    """What a deliver process must know, with mail to a given port."""

    instance: Path
    database_url: str
    smtp_url: str
    public_url: str = "http://127.0.0.1:8000"
    secret_key: bytes = b"only for tests, 32 bytes or more."

    @property
    def queue_url(self) -> str:
        return f"sqlite:///{self.instance}/queue.db"


def tenant(slug: str = "north", **values: object) -> Tenant:
    """A tenant that may send as nord.example."""
    made = Tenant.create(slug=slug, name=slug.title(), **values)
    SenderDomain.create(tenant_id=made.id, domain="nord.example", verified_at=clock.now(), reason="for tests")
    return made


def mailing(owner: Tenant, count: int, first: int = 1, **values: object) -> Campaign:
    """A campaign in state SENDING whose `count` recipients p<first>@… are queued in the ledger."""
    now = clock.epoch()
    compiled = compile_message(SOURCE, date=DATE, boundary_seed=b"test")
    with database.atomic():
        issue = Issue.create(tenant_id=owner.id, type_id=1, name="Test", created_by_id=1)
        revision = IssueRevision.create(
            tenant_id=owner.id,
            issue_id=issue.id,
            number=IssueRevision.select().count() + 1,
            fingerprint="f",
            subject=SOURCE.subject,
            preheader="",
            html=SOURCE.html,
            plain=SOURCE.plain,
            compiled=compiled.dump(),
            placeholders=sorted(compiled.names),
            size_bytes=compiled.size_bytes,
        )
        campaign = Campaign.create(
            tenant_id=owner.id,
            issue_id=issue.id,
            type_id=1,
            revision_id=revision.id,
            name="Test",
            status=values.pop("status", CampaignStatus.SENDING),
            created_by_id=1,
            started_at=clock.now(),
            sender_address=SOURCE.sender_address,
            **values,
        )
        for people in chunked(range(first, first + count), 400):
            _add_many(campaign, {f"p{number}@x.example": f"Änne {number}" for number in people}, now)
    return campaign


def _add_many(campaign: Campaign, names: dict[str, str], now: int) -> None:
    """What `add` does, for thousands."""
    ours = {"tenant_id": campaign.tenant_id}
    of_mailing = {**ours, "campaign_id": campaign.id}
    Subscriber.insert_many(
        [{**ours, "address": to, "address_key": to, "first_name": name} for to, name in names.items()]
    ).execute()
    here = (Subscriber.tenant_id == campaign.tenant_id) & (Subscriber.address_key << list(names))
    ids = dict(Subscriber.select(Subscriber.address_key, Subscriber.id).where(here).tuples())
    Subscription.insert_many(
        [
            {**ours, "subscriber_id": ids[to], "type_id": campaign.type_id, "consent": Consent.CONFIRMED}
            for to in names
        ]
    ).execute()
    Delivery.insert_many(
        [{**of_mailing, "subscriber_id": ids[to], "address_key": to, "queued_at": now} for to in names]
    ).execute()
    here = (Delivery.tenant_id == campaign.tenant_id) & (Delivery.campaign_id == campaign.id)
    rows = Delivery.select(Delivery.id, Delivery.address_key).where(here, Delivery.address_key << list(names))
    DeliveryPayload.insert_many(
        [
            {**of_mailing, "delivery_id": row_id, "address": to, "packed": _packed(names[to])}
            for row_id, to in rows.tuples()
        ]
    ).execute()


def _packed(name: str) -> str:
    return json.dumps({"Vorname": name, "@name": name})


def add(campaign: Campaign, address: str, name: str, now: int = 0) -> int:
    """One more recipient; returns the delivery's id."""
    now = now or clock.epoch()
    person = Subscriber.create(
        tenant_id=campaign.tenant_id, address=address, address_key=address, first_name=name
    )
    Subscription.create(
        tenant_id=campaign.tenant_id,
        subscriber_id=person.id,
        type_id=campaign.type_id,
        consent=Consent.CONFIRMED,
    )
    row = Delivery.create(
        tenant_id=campaign.tenant_id,
        campaign_id=campaign.id,
        subscriber_id=person.id,
        address_key=address,
        queued_at=now,
    )
    DeliveryPayload.create(
        delivery_id=row.id,
        tenant_id=campaign.tenant_id,
        campaign_id=campaign.id,
        address=address,
        packed=_packed(name),
    )
    return row.id
