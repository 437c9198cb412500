"""After a mailing: the same mail to those still missing, or another one to exactly those who have it.

Both are campaigns of their own with their own approval; the ledger says which revision each person got.
"""

import hashlib
import json
from datetime import datetime
from typing import Any

from domain import bounds
from domain.audit import log
from domain.campaigns import audience, kin, optin, planning
from domain.campaigns.models import Campaign, CampaignStatus, Course
from domain.db import database
from domain.errors import N_, Conflict, Invalid
from domain.issues import assembly, copies, revisions
from domain.issues.models import Issue, IssueRevision
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState

S = CampaignStatus
STANDING = (S.FINISHED, S.CANCELLED, S.STOPPED, S.PAUSED)


def may_follow(campaign: Campaign) -> bool:
    """Whether the mailing stands still or its last mail is out; nothing follows a step of a series."""
    if campaign.course == Course.SERIES or campaign.started_at is None:
        return False
    return campaign.status in STANDING or campaign.sent_at is not None


def missing_count(campaign: Campaign) -> int:
    """People who would get the mail now and have not got it."""
    return audience.numbers(_missing(campaign, 0))[0]


def got_count(campaign: Campaign, earlier_than: int | None = None) -> int:
    """People who have the mail; with `earlier_than` only those who got another revision than that."""
    query = Delivery.select().where(
        Delivery.tenant_id == campaign.tenant_id, Delivery.campaign_id == campaign.id,
        Delivery.state == DeliveryState.SENT,
    )  # fmt: skip
    if earlier_than is not None:
        query = query.where(Delivery.revision_id != earlier_than)
    return query.count()


def to_missing(campaign: Campaign, user_id: int) -> Campaign:
    """The draft that sends the same mail to those still missing; there is one at a time."""
    _check(campaign)
    root = kin.root_id(campaign)
    with database.atomic():
        found = Campaign.get_or_none(
            Campaign.tenant_id == campaign.tenant_id, Campaign.parent_id == root,
            Campaign.course == Course.MISSING, Campaign.status == S.DRAFT,
        )  # fmt: skip
        if found is not None:
            return found
        made = _missing(campaign, user_id)
        if not audience.numbers(made)[0]:
            raise Conflict(N_("Nobody is missing: everybody who may get this mail has it or was refused."))
        made.save()
        _log(made, "campaign.missing", user_id, root)
        return made


def to_correct(campaign: Campaign, user_id: int, name: str, subject: str, earlier: bool = False) -> Campaign:
    """A draft with a copy of the issue, to be edited, for exactly those who have the mail (`earlier`: those who got
    a version before the last correction)."""
    _check(campaign)
    if optin.is_one(campaign):  # they have been asked, and are not asked again so soon
        raise Conflict(
            N_("Nobody is asked for consent twice in a row. There is no correction of an opt-in mail.")
        )
    if not got_count(campaign, campaign.revision_id if earlier else None):
        raise Conflict(N_("Nobody has got this mail yet."))
    with database.atomic():
        issue = copies.copy(assembly.get(campaign.tenant_id, campaign.issue_id), user_id, name, subject)
        wanted: dict[str, Any] = {
            "got": campaign.id,
            "lists": [],
            "consents": audience.consents(campaign)[1:],
        }
        if earlier:
            wanted["earlier_than"] = campaign.revision_id
        made = _child(campaign, user_id, Course.CORRECTION, campaign.id, wanted)
        made.issue_id, made.name = issue.id, issue.name
        made.save()
        _log(made, "campaign.correction", user_id, campaign.id)
        return made


def ask(campaign: Campaign, user_id: int, note: str = "") -> None:
    """Ask for approval of sending the frozen mail to those still missing."""
    revision = planning.revision(campaign)
    if revision is None or campaign.course != Course.MISSING:
        raise Conflict(N_("The mailing is no longer in the state you saw. Reload the page."))
    if not audience.numbers(campaign)[0]:
        raise Invalid(N_("Nobody would get this mailing. Choose other recipients."))
    planning.check_sender(campaign.tenant_id, campaign.sender_address)
    with database.atomic():
        again = revisions.again(revision, _mark(revision, campaign), user_id)
        issue = assembly.get(campaign.tenant_id, campaign.issue_id)
        planning.ask(campaign, issue, again.id, again.fingerprint, user_id, note)


def discard(campaign: Campaign, user_id: int) -> None:
    """Throw away the draft of a mailing to those still missing."""
    with database.atomic():
        gone = (
            Campaign.delete()
            .where(
                Campaign.tenant_id == campaign.tenant_id, Campaign.id == campaign.id,
                Campaign.status == S.DRAFT, Campaign.course == Course.MISSING,
            )
            .execute()
        )  # fmt: skip
        if not gone:
            raise Conflict(N_("The mailing is no longer in the state you saw. Reload the page."))
        _log(campaign, "campaign.discard", user_id, campaign.parent_id)


def issue_of_correction(campaign: Campaign) -> Issue:
    """The copy in which a correction is written."""
    return assembly.get(campaign.tenant_id, campaign.issue_id)


def _missing(campaign: Campaign, user_id: int) -> Campaign:
    root = kin.root_id(campaign)
    wanted = {k: v for k, v in (campaign.audience or {}).items() if k != "missing_of"} | {"missing_of": root}
    return _child(campaign, user_id, Course.MISSING, root, wanted)


def _child(
    campaign: Campaign, user_id: int, course: Course, parent_id: int, wanted: dict[str, Any]
) -> Campaign:
    """Like its parent in everything that is not its own; not saved."""
    return Campaign(
        tenant_id=campaign.tenant_id, issue_id=campaign.issue_id, type_id=campaign.type_id,
        revision_id=campaign.revision_id if course == Course.MISSING else None, parent_id=parent_id, course=course,
        rollout_id=campaign.rollout_id, name=campaign.name, audience=wanted, relay_id=campaign.relay_id,
        sender_name=campaign.sender_name, sender_address=campaign.sender_address, reply_to=campaign.reply_to,
        priority=campaign.priority, hold_uncertain=campaign.hold_uncertain, tracking=campaign.tracking,
        interval_count=campaign.interval_count, interval_s=campaign.interval_s, created_by_id=user_id,
        test_mode=False,  # it follows a mailing that was meant for real
        territory_ids=_held(campaign),
    )  # fmt: skip


def _held(campaign: Campaign) -> list[int]:
    """A child reaches no further than its parent, nor than the person who makes it."""
    return list(campaign.territory_ids) if bounds.covers(campaign.territory_ids) else bounds.roots()


def _mark(revision: IssueRevision, campaign: Campaign) -> str:
    """What the approval covers: the frozen mail and to whom it goes once more."""
    said = [revision.fingerprint, campaign.id, *planning.definition(campaign)]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, default=_written).encode()).hexdigest()


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _check(campaign: Campaign) -> None:
    if not may_follow(campaign):
        raise Conflict(N_("This mailing is still running. Pause it first, or wait until it is out."))


def _log(campaign: Campaign, act: str, user_id: int, parent_id: int) -> None:
    log.record(
        campaign.tenant_id, act, user_id=user_id, kind=planning.KIND, object_id=campaign.id,
        details={"parent": parent_id},
    )  # fmt: skip
