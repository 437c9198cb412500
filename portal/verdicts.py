"""A decision as its form says it: checked, and what happens after it. For people who are signed in and for guests."""

from flask import request
from flask_babel import gettext as _

from dispatcher import tasks
from dispatcher.housemail import approving
from domain.approvals.models import Approval, ApprovalState
from domain.approvals.setup import CAMPAIGN
from domain.campaigns import planning
from domain.errors import N_, Invalid, NotFound
from portal import sending, subjects, timing

DECISIONS = {
    "approve": ApprovalState.APPROVED,
    "return": ApprovalState.RETURNED,
    "reject": ApprovalState.REJECTED,
}


def asked() -> tuple[ApprovalState, str]:
    """The decision and the remark of the form; raises NotFound for any other button."""
    state = DECISIONS.get(request.form.get("decision", ""))
    if state is None:
        raise NotFound
    return state, request.form.get("remark", "").strip()


def check(approval: Approval, state: ApprovalState, remark: str) -> None:
    """Raise Invalid for a return or a rejection without a reason, and for a large mailing without its number."""
    if state != ApprovalState.APPROVED:
        if not remark:
            raise Invalid(N_("Say in a sentence why; the person who asked reads it in the issue."))
        return
    count = subjects.recipients(approval)
    if count > sending.TYPED_FROM and request.form.get("typed", "").strip() != str(count):
        raise Invalid(N_("Type the number of recipients to confirm that you mean to send to all of them."))


def after(approval: Approval, state: ApprovalState) -> str:
    """Tell who decides next, or wake what was waiting; returns the sentence for the person who decided."""
    if approval.state == ApprovalState.OPEN:
        for mail_id in approving.tell(approval):
            tasks.send_system_mail(mail_id)
        return _("Your approval counts. The next step waits for somebody else.")
    if approval.kind == CAMPAIGN:
        tasks.wake_deliver(approval.object_id)
    return {
        ApprovalState.APPROVED: _when(approval) if approval.kind == CAMPAIGN else _("Approved."),
        ApprovalState.RETURNED: _("Returned with your remark."),
        ApprovalState.REJECTED: _("Rejected with your remark."),
    }[state]


def _when(approval: Approval) -> str:
    return timing.approved(planning.get(approval.tenant_id, approval.object_id))


def revocable(approval: Approval, subject: subjects.Subject) -> bool:
    """Whether an approval can still be taken back: not once the mailing has begun."""
    return approval.state == ApprovalState.APPROVED and not subject.facts.get("begun")
