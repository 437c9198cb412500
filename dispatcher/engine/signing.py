"""What a campaign's mails are made with: its compiled message, signed where its sender domain has active keys."""

from __future__ import annotations

from dispatcher import senders
from dispatcher.engine import starting
from dispatcher.message.compiled import Compiled
from dispatcher.message.dkim import Signed
from domain import clock
from domain.campaigns.models import Campaign
from domain.senders import keys
from domain.senders.domains import domain_of


def message(campaign: Campaign, revision_id: int | None = None) -> Compiled | Signed:
    """The message of a campaign, or that of an earlier revision of it. Raises ValueError if there is none, Invalid
    if its sender is not verified.

    The signatures bear the moment at which the campaign began, so that every attempt has the same bytes.
    """
    compiled = starting.compiled(campaign, revision_id)
    signer = senders.signer_for(campaign.tenant_id, compiled.sender)
    if signer is None:
        return compiled
    return Signed(compiled, signer, int((campaign.started_at or clock.now()).timestamp()))


def key_ids(campaign: Campaign) -> tuple[int, ...]:
    """The keys that sign the campaign's mails now; a change means that its message must be made anew."""
    return tuple(key.id for key in keys.active_of(campaign.tenant_id, domain_of(campaign.sender_address)))
