"""Plan the sending of an issue: audience, sender, time. A change voids the approval."""

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain import bounds
from domain.approvals import flow
from domain.approvals.models import Approval, ApprovalState
from domain.audit import log
from domain.campaigns import choosing, optin, order
from domain.campaigns.audience import CHOICES, numbers
from domain.campaigns.models import BORROWING, Campaign, CampaignStatus, Course
from domain.content import voiding
from domain.db import database
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.issues import assembly
from domain.issues.models import Issue, IssueKind, IssueRevision, IssueState
from domain.segments import saved
from domain.senders import domains, relays
from domain.subscribers import addresses
from domain.subscribers.models import DistributionList
from domain.tenancy.measuring import Measuring

KIND = "campaign"  # of approvals
SEGMENT_CHANGED = N_("The segment of this mailing was changed meanwhile. Ask for approval again.")
OUT_OF_BAND = N_(
    "The audience has changed by more than a quarter since its approval. Ask for approval again."
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def get(tenant_id: int, campaign_id: int) -> Campaign:
    """A campaign of the tenant; raises NotFound."""
    found = Campaign.get_or_none(Campaign.tenant_id == tenant_id, Campaign.id == campaign_id)
    if found is None:
        raise NotFound
    return found


def of_issue(issue: Issue) -> Campaign | None:
    """The campaign of an issue that was not cancelled, newest first."""
    query = Campaign.select().where(
        Campaign.tenant_id == issue.tenant_id,
        Campaign.issue_id == issue.id,
        Campaign.course.not_in(list(BORROWING)),
        Campaign.status != CampaignStatus.CANCELLED,
    )
    return query.order_by(Campaign.id.desc()).first()


def draft_for(issue: Issue, user_id: int, sender_name: str, sender_address: str, reply_to: str) -> Campaign:
    """The campaign in which an issue is planned; made with the sender of its type when there is none yet."""
    with database.atomic():
        found = of_issue(issue)
        if found is None:
            found = proposed(issue, user_id, sender_name, sender_address, reply_to)
            found.save()
        return found


def proposed(issue: Issue, user_id: int, sender_name: str, sender_address: str, reply_to: str) -> Campaign:
    """What `draft_for` would make, not saved."""
    return Campaign(
        tenant_id=issue.tenant_id, issue_id=issue.id, type_id=issue.type_id, name=issue.name,
        audience=_proposed_audience(issue), sender_name=sender_name,
        sender_address=sender_address, reply_to=reply_to, send_at=issue.planned_at, created_by_id=user_id,
    )  # fmt: skip


def _proposed_audience(issue: Issue) -> dict[str, Any]:
    if issue.kind == IssueKind.OPT_IN:
        return {"lists": [], "consents": [], "opt_in": optin.DAYS}
    return {"lists": [], "consents": ["proved"]}


class PlanChanged(Conflict):
    """Somebody else has saved the plan since it was opened."""


def plan(campaign: Campaign, values: dict[str, Any], version: int | None = None) -> None:
    """Set what is named in `values` (sender_name, sender_address, reply_to, send_at, consents, lists,
    segment, exclude, opt_in, relay_id, tracking, priority, interval_count, interval_s, latest_start_h, hold_uncertain,
    test_mode). Raises Conflict once approval was asked, PlanChanged if it is no longer `version`, Invalid with the
    fields that are wrong."""
    if version is not None and version != campaign.version:
        raise PlanChanged(N_("Somebody else has changed the plan meanwhile. Reload the page to see it."))
    check_territory(campaign)
    if campaign.status != CampaignStatus.DRAFT:
        raise Conflict(N_("This mailing is in approval or on its way and can no longer be changed."))
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    name = str(values.get("sender_name", campaign.sender_name)).strip()[:120]
    if not name or _CONTROL.search(name):
        wrong["sender_name"] = N_("Enter the name that readers see as sender, in one line.")
    for field in ("sender_address", "reply_to"):
        text = str(values.get(field, getattr(campaign, field)) or "").strip()
        if not text and field == "reply_to":
            continue
        try:
            values[field] = addresses.parse(text).written
        except addresses.BadAddress as error:
            wrong[field] = error.message
    if "sender_address" in values and "sender_address" not in wrong:
        domain = values["sender_address"].rpartition("@")[2].casefold()
        if not may_send_as(campaign.tenant_id, domain):
            wrong["sender_address"] = (domains.UNVERIFIED, {"domain": domain})
    wrong |= order.wrong(values) | _wrong_relay(campaign, values)
    if values.get("tracking") and values["tracking"] not in list(Measuring):
        wrong["tracking"] = N_("Choose one of the answers.")
    if wrong:
        raise Invalid(fields=wrong)
    campaign.sender_name = name
    for field in (
        "sender_address",
        "reply_to",
        "send_at",
        "test_mode",
        "relay_id",
        "tracking",
        *order.FIELDS,
    ):
        if field in values:
            setattr(campaign, field, values[field])
    chosen = dict(campaign.audience or {})
    if campaign.course == Course.CORRECTION:  # exactly those who have the mail, whatever is ticked
        values = {k: v for k, v in values.items() if k not in ("consents", "lists", "segment", "exclude")}
    if optin.is_one(campaign):
        chosen["opt_in"] = optin.checked_days(values.get("opt_in", optin.days(campaign)))
    elif "consents" in values:
        chosen["consents"] = [c for c in values["consents"] if c in CHOICES]
    if "lists" in values:
        chosen["lists"] = _own_lists(campaign.tenant_id, values["lists"])
    for key in ("segment", "exclude"):
        if key in values:
            chosen[key] = saved.get(campaign.tenant_id, values[key]).id if values[key] else None
    campaign.audience = chosen
    with database.atomic():
        mine = Campaign.update(version=Campaign.version + 1).where(
            Campaign.tenant_id == campaign.tenant_id, Campaign.id == campaign.id,
            Campaign.version == campaign.version,
        )  # fmt: skip
        if not mine.execute():
            raise PlanChanged(N_("Somebody else has changed the plan meanwhile. Reload the page to see it."))
        campaign.version += 1
        campaign.save()


def _wrong_relay(
    campaign: Campaign, values: dict[str, Any]
) -> dict[str, str | tuple[str, dict[str, object]]]:
    """What is wrong with the mail server that is named, if one is: it must be there, and serve the sender."""
    if values.get("relay_id") is None:
        return {}
    relay = relays.usable(campaign.tenant_id, values["relay_id"])
    if relay is None:
        return {"relay": N_("This mail server is not in use any more. Choose another one.")}
    domain = str(values.get("sender_address", campaign.sender_address)).rpartition("@")[2]
    if not relays.serves(relay, domain):
        return {"relay": (N_("This mail server does not send for %(domain)s."), {"domain": domain})}
    return {}


def may_send_as(tenant_id: int, domain: str) -> bool:
    """Whether the tenant's sender domain is verified (by DNS or vouched for)."""
    return domains.may_send_as(tenant_id, domain)


def check_sender(tenant_id: int, address: str) -> None:
    """Raise Invalid unless the tenant may send from `address`: asked again at every step towards sending."""
    domain = address.rpartition("@")[2]
    if not domains.may_send_as(tenant_id, domain):
        raise Invalid(domains.UNVERIFIED, domain=domain or address)


def check_real(campaign: Campaign) -> None:
    """Raise Invalid while test mode is on: only test addresses get mails then."""
    if campaign.test_mode:
        raise Invalid(
            fields={
                "live": N_(
                    "Test mode is on, so nobody but test addresses gets this mail. Switch it off first."
                )
            }
        )


def check_territory(campaign: Campaign) -> None:
    """Raise Forbidden if the person at work is bound and the mailing goes to people beyond the territory."""
    bounds.refuse_beyond(campaign.territory_ids or [])


def open_from(tenant_id: int, name: str) -> list[Campaign]:
    """Campaigns under way or approved that send as the domain `name`."""
    ended = (CampaignStatus.DRAFT, CampaignStatus.CANCELLED, CampaignStatus.FINISHED)
    query = Campaign.select().where(Campaign.tenant_id == tenant_id, Campaign.status.not_in(ended))
    return [c for c in query.order_by(Campaign.id) if domains.domain_of(c.sender_address) == name]


def definition(campaign: Campaign) -> list[Any]:
    """What the fingerprint covers beyond the mail: audience, sender, time."""
    at = campaign.send_at
    held = [{"territory": campaign.territory_ids}] if campaign.territory_ids else []
    return [
        *_audience(campaign), *held, campaign.sender_name, campaign.sender_address, campaign.reply_to,
        int(at.timestamp()) if isinstance(at, datetime) else None,
        *([{"tracking": campaign.tracking}] if campaign.tracking else []),
    ]  # fmt: skip


def terms(campaign: Campaign) -> str:
    """Hex over what an approval covers beside the mail, to be compared before the mailing begins."""
    said = json.dumps(definition(campaign), ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()


def drift(campaign: Campaign, approval: Approval, counted: bool = True) -> str:
    """Why what was asked for or approved no longer is what would be sent, as a message id; empty: it is. `counted`:
    also look how many people the audience has now, which takes a moment."""
    if approval.terms and approval.terms != terms(campaign):
        return SEGMENT_CHANGED
    if not counted or not approval.size or campaign.snapshot_at is not None:
        return ""
    count = numbers(campaign)[0]
    low, high = flow.band(approval.size)
    return "" if low <= count <= high and flow.suffices(approval, count) else OUT_OF_BAND


def _audience(campaign: Campaign) -> list[Any]:
    """The audience, and what its segments ask: a change of a segment after the approval makes it void."""
    wanted = campaign.audience or {}
    asked = [
        saved.meant(campaign.tenant_id, wanted[key]) for key in ("segment", "exclude") if wanted.get(key)
    ]
    return [wanted, *([asked] if asked else []), *choosing.mark(campaign)]


def ask(
    campaign: Campaign, issue: Issue, revision_id: int, fingerprint: str, user_id: int, note: str = ""
) -> None:
    """Ask for approval of exactly this revision and plan; of parallel calls one counts. Issue and plan close."""
    check_real(campaign)
    check_territory(campaign)
    with database.atomic():
        if definition(get(campaign.tenant_id, campaign.id)) != definition(campaign):
            raise Conflict(N_("Somebody else has changed the plan meanwhile. Reload the page to see it."))
        changed = (
            Campaign.update(
                status=CampaignStatus.IN_APPROVAL, revision_id=revision_id, fingerprint=fingerprint
            )
            .where(
                Campaign.tenant_id == campaign.tenant_id,
                Campaign.id == campaign.id,
                Campaign.status == CampaignStatus.DRAFT,
            )
            .execute()
        )
        if not changed:
            raise Conflict(N_("Approval has already been asked for."))
        size = numbers(campaign)[0]
        approval = flow.ask(
            campaign.tenant_id,
            KIND,
            campaign.id,
            fingerprint,
            user_id,
            note,
            size,
            campaign.name,
            terms(campaign),
        )
        Campaign.update(approval_id=approval.id).where(
            Campaign.tenant_id == campaign.tenant_id, Campaign.id == campaign.id
        ).execute()
        if campaign.course not in BORROWING:  # its mail is frozen already
            assembly.close(issue)


def reopen(campaign: Campaign, issue: Issue, user_id: int) -> None:
    """Take the request back or make an approved mailing that has not begun a draft again; approvals are void."""
    check_territory(campaign)
    with database.atomic():
        again = CampaignStatus.PAUSED if campaign.correcting else CampaignStatus.DRAFT
        changed = (
            Campaign.update(status=again, approval_id=None, fingerprint="")
            .where(
                Campaign.tenant_id == campaign.tenant_id,
                Campaign.id == campaign.id,
                Campaign.status.in_([CampaignStatus.IN_APPROVAL, CampaignStatus.SCHEDULED]),
            )
            .execute()
        )
        if not changed:
            raise Conflict(N_("This mailing has already begun. Pause or cancel it instead."))
        taken = flow.void(campaign.tenant_id, KIND, campaign.id, ApprovalState.WITHDRAWN, user_id=user_id)
        for approval in taken:
            voiding.say(approval, user_id)
        if campaign.course not in BORROWING:
            assembly.mark(issue, IssueState.DRAFT)
        log.record(campaign.tenant_id, "campaign.reopen", user_id=user_id, kind=KIND, object_id=campaign.id)


def _own_lists(tenant_id: int, ids: list[int]) -> list[int]:
    query = DistributionList.select(DistributionList.id).where(
        DistributionList.tenant_id == tenant_id, DistributionList.id.in_([int(i) for i in ids] or [0])
    )
    return sorted(row[0] for row in query.tuples())


def of_issues(tenant_id: int, issue_ids: list[int]) -> dict[int, Campaign]:
    """Issue id → its newest campaign that was not cancelled, for lists."""
    query = Campaign.select().where(
        Campaign.tenant_id == tenant_id,
        Campaign.issue_id.in_(issue_ids or [0]),
        Campaign.course.not_in(list(BORROWING)),
        Campaign.status != CampaignStatus.CANCELLED,
    )
    return {campaign.issue_id: campaign for campaign in query.order_by(Campaign.id)}


def revision(campaign: Campaign) -> IssueRevision | None:
    """The frozen mail of a campaign."""
    return IssueRevision.get_or_none(
        IssueRevision.tenant_id == campaign.tenant_id, IssueRevision.id == campaign.revision_id
    )


def many(tenant_id: int, ids: Sequence[int]) -> dict[int, Campaign]:
    """Id → campaign, for lists."""
    query = Campaign.select().where(Campaign.tenant_id == tenant_id, Campaign.id.in_(list(ids) or [0]))
    return {campaign.id: campaign for campaign in query}
