"""The course of a campaign: approved → scheduled → … → finished. Each change names the state it starts from, so
that of any number of clicks one counts."""

from collections.abc import Sequence

from domain import clock
from domain.accounts.models import User
from domain.approvals import flow
from domain.approvals.models import Approval, ApprovalState
from domain.audit import log
from domain.campaigns import planning
from domain.campaigns.models import BORROWING, Campaign, CampaignStatus
from domain.campaigns.planning import KIND
from domain.content import voiding
from domain.db import database
from domain.errors import N_, Conflict, Forbidden
from domain.issues import assembly
from domain.issues.models import IssueState
from domain.ledger import closing, halts, outbox
from domain.ledger.states import DeliveryState
from domain.notices import bell

S = CampaignStatus
NOT_IN_TIME = N_("Nobody decided in time.")
REVOKED = N_("%(name)s has revoked the approval of “%(title)s”.")
PAUSABLE = (S.SENDING, S.WAITING, S.PREPARING, S.SCHEDULED)
CANCELLABLE = (S.SCHEDULED, S.PREPARING, S.SENDING, S.WAITING, S.PAUSED, S.STOPPED)
RUNNING = (S.PREPARING, S.SENDING, S.WAITING)


def decide(
    campaign: Campaign, approval: Approval, user: User | flow.Voter, state: ApprovalState, fingerprint: str,
    remark: str, role_id: int | None, self_allowed: bool, role_ids: Sequence[int] | None = None,
    for_user_id: int | None = None,
) -> Approval:  # fmt: skip
    """Approve, return or reject. Approved in its last step, the campaign is scheduled: it goes out at its time or at
    once. `role_id` is the role of the person who asked: the limits shown while planning are those that count;
    `role_ids` are the roles of the person who decides. Returns the request as it is then, OPEN: a step is left."""
    with database.atomic():
        if fingerprint != campaign.fingerprint:
            raise Conflict(
                N_("This has changed since you opened it. Look at the new version before you decide.")
            )
        approval = flow.decide(
            approval, user.id, state, fingerprint, remark, self_allowed, role_ids, for_user_id
        )
        if approval.state == ApprovalState.OPEN:
            return approval
        if state == ApprovalState.APPROVED:
            _approved(campaign, approval, role_id)
            _mark(campaign, IssueState.APPROVED)
        else:
            _move(campaign, (S.IN_APPROVAL,), S.PAUSED if campaign.correcting else S.DRAFT)
            _mark(campaign, IssueState.RETURNED)
        message = {
            ApprovalState.APPROVED: N_("%(name)s has approved “%(title)s”."),
            ApprovalState.RETURNED: N_("%(name)s has returned “%(title)s”."),
            ApprovalState.REJECTED: N_("%(name)s has rejected “%(title)s”."),
        }[state]
        bell.tell(
            campaign.tenant_id, [approval.asked_by_id], message, {"name": user.name, "title": campaign.name},
            f"campaigns/{campaign.id}" if state == ApprovalState.APPROVED else f"issues/{campaign.issue_id}",
        )  # fmt: skip
    return approval


def skip(campaign: Campaign, role_id: int | None) -> bool:
    """Schedule a campaign that is too small to need an approval; False if it needs one."""
    approval = flow.get(campaign.tenant_id, planning.get(campaign.tenant_id, campaign.id).approval_id or 0)
    if approval.state != ApprovalState.SKIPPED:
        return False
    with database.atomic():
        _approved(campaign, approval, role_id)
        _mark(campaign, IssueState.APPROVED)
    return True


def revoke(campaign: Campaign, approval: Approval, user: User, remark: str) -> None:
    """Take the approval of a campaign that has not begun back; it becomes a draft again."""
    with database.atomic():
        flow.revoke(approval, user.id, remark)
        _move(
            campaign,
            (S.SCHEDULED,),
            S.PAUSED if campaign.correcting else S.DRAFT,
            approval_id=None,
            fingerprint="",
        )
        _mark(campaign, IssueState.RETURNED)
        bell.tell(
            campaign.tenant_id, [approval.asked_by_id], REVOKED,
            {"name": user.name, "title": campaign.name}, f"issues/{campaign.issue_id}",
        )  # fmt: skip


def expire(approval: Approval) -> None:
    """The deadline of a request is over: it is void, and what it was for is a draft again."""
    campaign = planning.get(approval.tenant_id, approval.object_id)
    with database.atomic():
        reason = NOT_IN_TIME
        if not flow.void(approval.tenant_id, approval.kind, approval.object_id, reason=reason):
            return
        _move(
            campaign,
            (S.IN_APPROVAL,),
            S.PAUSED if campaign.correcting else S.DRAFT,
            approval_id=None,
            fingerprint="",
        )
        _mark(campaign, IssueState.RETURNED)
        bell.tell(
            campaign.tenant_id, [approval.asked_by_id], N_("Nobody has decided on “%(title)s” in time. Ask again."),
            {"title": campaign.name}, f"issues/{campaign.issue_id}",
        )  # fmt: skip


def lapse(campaign: Campaign, approval: Approval, reason: str) -> None:
    """What was asked for or approved is no longer what would be sent: the request is void, the mailing a draft
    again, and everybody concerned hears of it."""
    with database.atomic():
        if not voiding.void(campaign.tenant_id, KIND, campaign.id, reason):
            return
        _move(campaign, (S.IN_APPROVAL, S.SCHEDULED), _again(campaign), approval_id=None, fingerprint="")
        _mark(campaign, IssueState.RETURNED)


def _again(campaign: Campaign) -> CampaignStatus:
    """What a campaign is once its request is gone: a draft, or still the paused mailing that is being corrected."""
    return S.PAUSED if campaign.correcting else S.DRAFT


def is_cleared(campaign: Campaign) -> bool:
    """Whether exactly what would be sent is approved: asked again before the first mail."""
    return flow.is_approved(campaign.tenant_id, KIND, campaign.id, campaign.fingerprint)


def pause(campaign: Campaign, user_id: int) -> None:
    """Stop handing over; what a connection is sending at this moment still leaves."""
    planning.check_territory(campaign)
    if not campaign.started_at:
        raise Conflict(N_("This mailing has not begun. Change its time instead."))
    with database.atomic():
        _move(campaign, PAUSABLE, S.PAUSED)
        halts.begin(campaign.tenant_id, campaign.id)
        _log(campaign, "campaign.pause", user_id)


def resume(campaign: Campaign, user_id: int) -> None:
    """Go on with everybody who has not got the mail."""
    planning.check_territory(campaign)
    if campaign.correcting and not may_resume(campaign):
        raise Conflict(
            N_("The mail is being corrected. Ask for approval of the new version, or keep the old one.")
        )
    with database.atomic():
        _move(campaign, (S.PAUSED, S.STOPPED), S.PREPARING, wait_reason="", wait_params={}, wait_until=None)
        _log(campaign, "campaign.resume", user_id)


def may_resume(campaign: Campaign) -> bool:
    """Whether a person can let the mailing go on: not while its mail is being corrected."""
    before = (campaign.previous or {}).get("fingerprint")
    corrected = not campaign.correcting or (campaign.fingerprint != before and is_cleared(campaign))
    return campaign.status in (S.PAUSED, S.STOPPED) and corrected


def cancel(campaign: Campaign, user_id: int) -> None:
    """End for good: nobody else gets this mail."""
    planning.check_territory(campaign)
    with database.atomic():
        begun = campaign.started_at is not None
        _move(campaign, CANCELLABLE, S.CANCELLED, finished_at=clock.now())
        _mark(campaign, IssueState.SENT if begun else IssueState.DRAFT)
        halts.begin(campaign.tenant_id, campaign.id)
        closing.close(campaign.tenant_id, campaign.id)  # the dispatcher closes what is left of a large one
        _log(campaign, "campaign.cancel", user_id)


def sent(campaign: Campaign) -> bool:
    """The last mail is out: nothing is queued or leased any more (some may be tried again later). True if this
    was not known yet."""
    changed = (
        Campaign.update(sent_at=clock.now())
        .where(
            Campaign.tenant_id == campaign.tenant_id, Campaign.id == campaign.id, Campaign.sent_at.is_null()
        )
        .execute()
    )
    if changed:
        _mark(campaign, IssueState.SENT)
        _tell_counts(
            campaign, N_("“%(title)s” is out: %(sent)s sent, %(later)s are tried again, %(failed)s refused.")
        )
    return bool(changed)


def finish(campaign: Campaign) -> None:
    """Close a campaign without an open row; the caller has asked the ledger in the same transaction."""
    first = campaign.sent_at is None
    now = clock.now()
    _move(campaign, (S.SENDING, S.WAITING), S.FINISHED, finished_at=now, sent_at=campaign.sent_at or now)
    campaign.finished_at = now
    _mark(campaign, IssueState.SENT)
    counts = outbox.counts(campaign.tenant_id, campaign.id)
    log.record(
        campaign.tenant_id, "campaign.finish", user_id=campaign.started_by_id, kind=KIND, object_id=campaign.id,
        details={"sent": counts.get(DeliveryState.SENT, 0), "failed": counts.get(DeliveryState.FAILED, 0)},
    )  # fmt: skip
    text = (
        N_("“%(title)s” is finished: %(sent)s sent, %(failed)s refused.")
        if first
        else N_("“%(title)s” is closed: %(sent)s sent, %(failed)s refused.")
    )
    _tell_counts(campaign, text)


def note_start(campaign: Campaign) -> None:
    """Write into the log that the mailing begins, in whose name and with what was approved."""
    log.record(
        campaign.tenant_id, "campaign.start", user_id=campaign.started_by_id, kind=KIND, object_id=campaign.id,
        details={"fingerprint": campaign.fingerprint, "approval": campaign.approval_id},
    )  # fmt: skip


def check_may_send(campaign: Campaign, allowed: bool) -> None:
    """Raise Forbidden for people without the right to send."""
    if not allowed:
        raise Forbidden(N_("Your role does not include sending mailings."))


def _approved(campaign: Campaign, approval: Approval, role_id: int | None) -> None:
    """A corrected mailing goes on with the rest, counted where it was counted before; others wait for their time."""
    if campaign.correcting:
        _move(campaign, (S.IN_APPROVAL,), S.PREPARING, wait_reason="", wait_params={}, wait_until=None)
        return
    now = clock.now()
    _move(
        campaign, (S.IN_APPROVAL,), S.SCHEDULED, started_by_id=approval.asked_by_id, role_id=role_id,
        due_at=max(campaign.send_at or now, now),
    )  # fmt: skip


def _mark(campaign: Campaign, state: IssueState) -> None:
    """Move the issue along, unless the campaign only borrows its mail."""
    if campaign.course not in BORROWING:
        assembly.mark(assembly.get(campaign.tenant_id, campaign.issue_id), state)


def _tell_counts(campaign: Campaign, message: str) -> None:
    counts = outbox.counts(campaign.tenant_id, campaign.id)
    params = {
        "title": campaign.name,
        "sent": counts.get(DeliveryState.SENT, 0),
        "later": counts.get(DeliveryState.DEFERRED, 0),
        "failed": counts.get(DeliveryState.FAILED, 0) + counts.get(DeliveryState.EXPIRED, 0),
    }
    people = {campaign.created_by_id, campaign.started_by_id or campaign.created_by_id}
    bell.tell(campaign.tenant_id, people, message, params, f"campaigns/{campaign.id}", mailed=True)


def _move(
    campaign: Campaign, expected: tuple[CampaignStatus, ...], status: CampaignStatus, **more: object
) -> None:
    changed = (
        Campaign.update(status=status, **more)
        .where(
            Campaign.tenant_id == campaign.tenant_id,
            Campaign.id == campaign.id,
            Campaign.status.in_(list(expected)),
        )
        .execute()
    )
    if not changed:
        raise Conflict(N_("The mailing is no longer in the state you saw. Reload the page."))
    campaign.status = status


def _log(campaign: Campaign, act: str, user_id: int) -> None:
    log.record(campaign.tenant_id, act, user_id=user_id, kind=KIND, object_id=campaign.id)
