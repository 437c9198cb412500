"""Correct a mailing that has begun: stop it, edit the issue, approve the new version, go on with the rest.

Whoever waits or was certainly deferred gets the new version; a mail that may have arrived keeps the one it had.
"""

from domain.approvals import flow
from domain.audit import log
from domain.campaigns import lifecycle, planning
from domain.campaigns.models import BORROWING, Campaign, CampaignStatus
from domain.db import database
from domain.errors import N_, Conflict
from domain.issues import assembly
from domain.issues.models import Issue, IssueState

S = CampaignStatus
_GONE = N_("The mailing is no longer in the state you saw. Reload the page.")
_AGAIN = N_("The mail was opened for another correction.")


def may_begin(campaign: Campaign) -> bool:
    """Whether a mailing stands still with people who have not got it, its mail closed. One that
    borrows its mail cannot: to those still missing, or a step of a series."""
    return (
        campaign.started_at is not None
        and campaign.status in (S.PAUSED, S.STOPPED)
        and (not campaign.correcting or is_approved(campaign))
        and campaign.course not in BORROWING
    )


def is_approved(campaign: Campaign) -> bool:
    """Whether a mailing stands still although its corrected mail is approved: what it needs has gone since."""
    return bool(campaign.correcting) and lifecycle.may_resume(campaign)


def begin(campaign: Campaign, user_id: int) -> Issue:
    """Open the issue of a paused mailing for a correction; returns it."""
    planning.check_territory(campaign)
    if not may_begin(campaign):
        raise Conflict(N_("Pause the mailing first; then its mail can be corrected."))
    again = (
        campaign.correcting
    )  # an approved correction that could not go on: those who wait still have the mail before
    before = campaign.previous if again else {
        "revision_id": campaign.revision_id, "fingerprint": campaign.fingerprint,
        "approval_id": campaign.approval_id,
    }  # fmt: skip
    with database.atomic():
        if again:
            flow.void(campaign.tenant_id, planning.KIND, campaign.id, reason=_AGAIN, user_id=user_id)
        _change(
            campaign, (S.PAUSED, S.STOPPED), status=S.PAUSED, correcting=True, previous=before,
            fingerprint="" if again else campaign.fingerprint,
        )  # fmt: skip
        issue = assembly.get(campaign.tenant_id, campaign.issue_id)
        assembly.mark(issue, IssueState.DRAFT)
        _log(campaign, "campaign.correct", user_id)
    return issue


def ask(
    campaign: Campaign, issue: Issue, revision_id: int, fingerprint: str, user_id: int, note: str = ""
) -> None:
    """Ask for approval of the corrected mail. The mailing stands still until it is decided."""
    with database.atomic():
        _change(campaign, (S.PAUSED,), status=S.IN_APPROVAL, revision_id=revision_id, fingerprint=fingerprint)
        approval = flow.ask(
            campaign.tenant_id, planning.KIND, campaign.id, fingerprint, user_id, note, title=campaign.name
        )
        _change(campaign, (S.IN_APPROVAL,), approval_id=approval.id)
        assembly.close(issue)


def drop(campaign: Campaign, user_id: int) -> None:
    """Keep the mail as it was approved before. The mailing stays paused; letting it go on is an act of its own."""
    before = campaign.previous or {}
    if not campaign.correcting or not before:
        raise Conflict(_GONE)
    with database.atomic():
        _change(
            campaign, (S.PAUSED, S.STOPPED), status=S.PAUSED, correcting=False,
            revision_id=before["revision_id"], fingerprint=before["fingerprint"],
            approval_id=before["approval_id"],
        )  # fmt: skip
        if before["approval_id"]:
            flow.reinstate(campaign.tenant_id, before["approval_id"], before["fingerprint"])
        assembly.mark(assembly.get(campaign.tenant_id, campaign.issue_id), IssueState.APPROVED)
        _log(campaign, "campaign.keep", user_id)


def _change(campaign: Campaign, expected: tuple[CampaignStatus, ...], **values: object) -> None:
    changed = (
        Campaign.update(**values)
        .where(
            Campaign.tenant_id == campaign.tenant_id, Campaign.id == campaign.id,
            Campaign.status.in_(list(expected)),
        )
        .execute()
    )  # fmt: skip
    if not changed:
        raise Conflict(_GONE)
    for name, value in values.items():
        setattr(campaign, name, value)


def _log(campaign: Campaign, act: str, user_id: int) -> None:
    log.record(campaign.tenant_id, act, user_id=user_id, kind=planning.KIND, object_id=campaign.id)
