"""Who followed which link of a mail, or opened it: found by the token of the mail, written as far as it may be.

How far is decided three times: when the mail is frozen, by what the tenant allows now, and by the person.
"""

import json
from dataclasses import dataclass

from domain import bounds, clock, tokens
from domain.audit import log
from domain.campaigns.models import Campaign
from domain.db import database, sql, unscoped
from domain.errors import NotFound
from domain.issues.models import IssueRevision
from domain.ledger import counting
from domain.ledger.counting import CLICKED, MACHINE, OPENED
from domain.ledger.states import DeliveryState
from domain.subscribers.models import NewsletterType, Subscriber
from domain.tenancy import measuring, tree
from domain.tenancy.measuring import Measuring
from domain.tenancy.models import Tenant

LOOK = "look"  # purpose of the token of a preview or test of a frozen mail: opens its links, counts nothing
SOON_S = 2  # nobody reads faster; whatever filters mail on its way does


@dataclass(frozen=True)
class Way:
    """What the token of a mail leads to. `mode` says how far it may be counted; `soon`: it has hardly left."""

    tenant: Tenant
    links: list[list[str]]
    mode: Measuring = Measuring.OFF
    delivery_id: int = 0
    campaign_id: int = 0
    revision_id: int = 0
    soon: bool = False

    def target(self, number: int) -> str:
        """Where a link leads; raises NotFound for a number that the mail has not."""
        if not 1 <= number <= len(self.links):
            raise NotFound
        return self.links[number - 1][0]


def mode_of(tenant: Tenant, kind: NewsletterType, campaign: Campaign | None) -> Measuring:
    """How far the mails of a campaign are counted: never further than the tenant goes."""
    return measuring.least(measuring.allowed(tenant), kind.tracking, campaign.tracking if campaign else "")


def find(token: str) -> Way:
    """What the token of a mail, or of a look at one, leads to; raises NotFound. The token is the right to follow
    the links, so no tenant is asked for."""
    try:
        delivery_id = tokens.read_mail_token("mail", token)
    except tokens.BadToken:
        return _look(token)
    with unscoped("the signed token is the right to follow a link of the mail"):
        row = database.execute_sql(
            sql(
                """SELECT d.tenant_id, d.campaign_id, d.state, d.settled_at, r.id, r.links, r.tracking,
                COALESCE(s.unmeasured, TRUE)
                FROM delivery d JOIN campaign c ON c.id = d.campaign_id AND c.tenant_id = d.tenant_id
                LEFT JOIN issue_revision r ON r.tenant_id = d.tenant_id
                    AND r.id = COALESCE(d.revision_id, c.revision_id)
                LEFT JOIN subscriber s ON s.id = d.subscriber_id AND s.tenant_id = d.tenant_id WHERE d.id = ?"""
            ),
            [delivery_id],
        ).fetchone()
    if row is None or row[4] is None:
        raise NotFound
    tenant_id, campaign_id, state, settled_at, revision_id, links, frozen, unmeasured = row
    tenant = tree.get(tenant_id)
    mode = Measuring.OFF if unmeasured else measuring.of(frozen)
    if mode != Measuring.OFF:
        mode = measuring.least(mode, measuring.allowed(tenant))
    soon = state != DeliveryState.SENT or settled_at is None or clock.epoch() - settled_at < SOON_S
    return Way(tenant, json.loads(links), mode, delivery_id, campaign_id, revision_id, soon)


def clicked(way: Way, number: int, by_machine: bool) -> None:
    """Count a click on a link that the mail has."""
    _count(way, CLICKED, number, by_machine)


def opened(way: Way, by_machine: bool) -> None:
    """Count an opening."""
    _count(way, OPENED, 0, by_machine)


def object_to(person: Subscriber, user_id: int | None) -> None:
    """The person does not want to be measured: from now on nothing is counted, and what was counted is nobody's."""
    with database.atomic():
        _set(person, True)
        with bounds.lifted("the person's own deeds, in whatever mailing"):
            counting.forget_person(person.tenant_id, person.id)
        log.record(
            person.tenant_id, "subscriber.unmeasure", user_id=user_id, kind="subscriber", object_id=person.id
        )


def allow(person: Subscriber, user_id: int | None) -> None:
    """The person has changed their mind."""
    with database.atomic():
        _set(person, False)
        log.record(
            person.tenant_id, "subscriber.measure", user_id=user_id, kind="subscriber", object_id=person.id
        )


def _set(person: Subscriber, unmeasured: bool) -> None:
    person.unmeasured = unmeasured
    Subscriber.update(unmeasured=unmeasured).where(
        Subscriber.tenant_id == person.tenant_id, Subscriber.id == person.id
    ).execute()


def _count(way: Way, kind: str, link: int, by_machine: bool) -> None:
    if way.mode == Measuring.OFF:
        return
    if by_machine or way.soon:
        counting.add(way.tenant.id, way.campaign_id, way.revision_id, MACHINE[kind], link)
    elif way.mode == Measuring.NUMBERS:
        counting.add(way.tenant.id, way.campaign_id, way.revision_id, kind, link)
    else:
        counting.note(way.tenant.id, way.delivery_id, way.campaign_id, kind, link)


def _look(token: str) -> Way:
    try:
        revision_id = tokens.read_mail_token(LOOK, token)
    except tokens.BadToken:
        raise NotFound from None
    with unscoped("the signed token is the right to follow a link of the mail"):
        found = (
            IssueRevision.select(IssueRevision.tenant_id, IssueRevision.links)
            .where(IssueRevision.id == revision_id)
            .first()
        )
    if found is None:
        raise NotFound
    return Way(tree.get(found.tenant_id), found.links)
