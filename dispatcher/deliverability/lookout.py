"""What is known of a sender domain without DNS: the way its mails take, the newest of them, complaints."""

from __future__ import annotations

import email.parser
import ipaddress
import re

from dispatcher.deliverability.domainfacts import Record, Route, Sample
from dispatcher.deliverability.resolver import Address, Resolver, Unanswered
from dispatcher.message.compiled import Compiled
from domain import clock
from domain.campaigns.models import Campaign
from domain.issues.models import IssueRevision
from domain.ledger import refusals
from domain.ledger.models import Delivery, DeliveryEvent
from domain.ledger.states import DeliveryState
from domain.senders import domains
from domain.senders.models import SenderDomain
from domain.subscribers.models import Consent, Subscription

_STRENGTH = ("off", "opportunistic", "required", "tls")
COMPLAINT_DAYS = 30
HONOUR_S = 2 * 86_400  # within which whoever signs off must have peace
_NEWEST = 50  # campaigns looked through for one in the domain's name


def route(ways: list[tuple[str, str]], outgoing: tuple[str, ...], resolver: Resolver) -> Route:
    """The way through mail servers, given as (host, security), best first: any of them may be taken. Their public
    addresses are `outgoing`, or their own if those can be public; the weakest security counts."""
    host, security = min(ways, key=lambda way: _STRENGTH.index(way[1]))
    if outgoing:
        return Route(host, security, tuple(map(ipaddress.ip_address, outgoing)))
    found: list[Address] = []
    for name in dict.fromkeys(name for name, _ in ways if name != "localhost"):
        try:
            found += resolver.addresses(name)
        except Unanswered:
            continue
    return Route(host, security, tuple(dict.fromkeys(a for a in found if not _is_ours_only(a))))


def _is_ours_only(address: Address) -> bool:
    """Never seen by a receiver: loopback and private networks."""
    private = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or any(address in ipaddress.ip_network(network) for network in private)
    )


def sample(domain: SenderDomain) -> Sample | None:
    """The newest frozen mail in the domain's name; None if there is none."""
    for campaign in _campaigns(domain):
        revision = IssueRevision.get_or_none(
            IssueRevision.tenant_id == domain.tenant_id, IssueRevision.id == campaign.revision_id
        )
        if revision is None:
            continue
        try:
            message = b"".join(Compiled.load(revision.compiled).segments)
        except ValueError:
            continue
        parsed = email.parser.BytesHeaderParser().parsebytes(message.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        headers = {name.lower(): re.sub(r"\s+", " ", str(value)) for name, value in parsed.items()}
        longest = max(map(len, message.split(b"\r\n")))
        return Sample(headers, revision.html, tuple(name.lower() for name, _ in parsed.items()), longest)
    return None


def record(domain: SenderDomain) -> Record:
    """Mails of the last 30 days in the domain's name, and what came of them."""
    campaigns = _campaigns(domain)
    ids = [campaign.id for campaign in campaigns] or [0]
    since = clock.epoch() - COMPLAINT_DAYS * 86_400
    recent = [c for c in campaigns if c.started_at and c.started_at.timestamp() >= since]
    sent = Delivery.select().where(
        Delivery.tenant_id == domain.tenant_id, Delivery.campaign_id.in_(ids),
        Delivery.state == DeliveryState.SENT, Delivery.settled_at >= since,
    )  # fmt: skip
    came_back = DeliveryEvent.select(DeliveryEvent.delivery_id).where(
        DeliveryEvent.tenant_id == domain.tenant_id, DeliveryEvent.campaign_id.in_(ids),
        DeliveryEvent.at >= since,
    )  # fmt: skip
    return Record(
        sent.count(),
        came_back.where(DeliveryEvent.kind == "complained").count(),
        _dead(domain.tenant_id, recent) + came_back.where(DeliveryEvent.kind == "bounced").count(),
        sum(_late(campaign, since) for campaign in recent),
    )


def _dead(tenant_id: int, campaigns: list[Campaign]) -> int:
    """Mails that a server refused for good because of their address."""
    return sum(
        count
        for campaign in campaigns
        for kind, count in refusals.counts(tenant_id, campaign.id, DeliveryState.FAILED).items()
        if refusals.is_hard(kind)
    )


def _late(campaign: Campaign, since: int) -> int:
    """Mails to people who had signed off from the newsletter more than two days before it left."""
    gone = (
        (Subscription.tenant_id == Delivery.tenant_id)
        & (Subscription.subscriber_id == Delivery.subscriber_id)
        & (Subscription.type_id == campaign.type_id)
        & (Subscription.consent == Consent.REVOKED)
        & (Subscription.changed_at + HONOUR_S < Delivery.settled_at)
    )
    query = Delivery.select().join(Subscription, on=gone).where(
        Delivery.tenant_id == campaign.tenant_id, Delivery.campaign_id == campaign.id,
        Delivery.state == DeliveryState.SENT, Delivery.settled_at >= since,
    )  # fmt: skip
    return query.count()


def _campaigns(domain: SenderDomain) -> list[Campaign]:
    query = Campaign.select().where(
        Campaign.tenant_id == domain.tenant_id, Campaign.revision_id.is_null(False)
    )
    newest = query.order_by(Campaign.id.desc()).limit(_NEWEST)
    return [
        c for c in newest if domains.domain_of(c.sender_address) == domains.domain_of(f"x@{domain.domain}")
    ]
