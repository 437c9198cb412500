"""DOOR: the web version of a mail that was sent, as exactly this person got it."""

import email
import email.policy
import json
import re
from dataclasses import dataclass
from html import escape

from dispatcher.message.compiled import Compiled
from dispatcher.rendering import enclosing, links
from domain import tokens
from domain.campaigns.models import Campaign
from domain.db import unscoped
from domain.errors import NotFound
from domain.issues.models import IssueRevision
from domain.ledger.models import Delivery, DeliveryPayload
from domain.subscribers import directory, types
from domain.subscribers.models import NewsletterType, Subscriber
from domain.tenancy import tree
from domain.tenancy.models import Tenant


@dataclass(frozen=True)
class Sent:
    """What the token of a mail leads to; `person` is None after erasure."""

    tenant: Tenant
    delivery: Delivery
    campaign: Campaign
    kind: NewsletterType
    person: Subscriber | None
    token: str


def find(token: str) -> Sent:
    """The delivery of a token; raises NotFound for altered ones and for previews. The token is the right to see
    it, so no tenant is asked for."""
    try:
        delivery_id = tokens.read_mail_token("mail", token)
    except tokens.BadToken:
        raise NotFound from None
    with unscoped("the signed token is the right to see the mail"):
        delivery = Delivery.get_or_none(Delivery.id == delivery_id)
    if delivery is None:
        raise NotFound
    tenant_id = delivery.tenant_id
    campaign = Campaign.get_or_none(Campaign.tenant_id == tenant_id, Campaign.id == delivery.campaign_id)
    if campaign is None:
        raise NotFound
    try:
        person = directory.get(tenant_id, delivery.subscriber_id or 0)
    except NotFound:
        person = None
    return Sent(
        tree.get(tenant_id), delivery, campaign, types.get(tenant_id, campaign.type_id), person, token
    )


def open_page(campaign: Campaign, way_out: str) -> str:
    """The mail of a campaign as nobody in particular got it: fallbacks instead of names, and its personal links lead to
    `way_out`. Raises NotFound for one without a frozen mail."""
    revision = IssueRevision.get_or_none(
        IssueRevision.tenant_id == campaign.tenant_id, IssueRevision.id == campaign.revision_id
    )
    if revision is None:
        raise NotFound
    token = tokens.mail_token("mail", 0)  # leads to no delivery
    raw = Compiled.load(bytes(revision.compiled)).render((0, "archive@invalid.example", "", {}, token))
    body = email.message_from_bytes(raw, policy=email.policy.default).get_body(("html",))  # type: ignore[union-attr]
    html = enclosing.outside(str(body.get_content())) if body else ""
    html = links.uncounted(html, token, revision.links)
    return re.sub(rf'href="[^"]*/m/{re.escape(token)}[^"]*"', f'href="{escape(way_out, quote=True)}"', html)


def page(sent: Sent) -> str:
    """The HTML of the mail; raises NotFound when its data were erased."""
    payload = DeliveryPayload.get_or_none(
        DeliveryPayload.tenant_id == sent.tenant.id, DeliveryPayload.delivery_id == sent.delivery.id
    )
    revision = IssueRevision.get_or_none(
        IssueRevision.tenant_id == sent.tenant.id,
        IssueRevision.id == (sent.delivery.revision_id or sent.campaign.revision_id),
    )
    if payload is None or revision is None:
        raise NotFound
    compiled = Compiled.load(bytes(revision.compiled))
    raw = compiled.render((sent.delivery.id, payload.address, "", json.loads(payload.packed), sent.token))
    body = email.message_from_bytes(raw, policy=email.policy.default).get_body(("html",))  # type: ignore[union-attr]
    return enclosing.outside(body.get_content()) if body else ""
