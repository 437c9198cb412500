"""DOOR: activate a series. Each step gets a standing mailing, bound to the mail as it is now; whether that may leave is
decided by the tenant's approval of mailings, like for any other."""

from typing import NamedTuple

from dispatcher import clearance
from dispatcher.rendering import render
from domain.accounts.models import User
from domain.approvals import flow
from domain.approvals.models import ApprovalState
from domain.automailers import series
from domain.automailers.models import Automailer, AutomailerStep
from domain.campaigns import adding, lifecycle, planning
from domain.campaigns.models import Campaign, CampaignStatus, Course
from domain.db import database
from domain.errors import N_, DomainError, Invalid
from domain.issues import assembly
from domain.issues.models import Issue
from domain.subscribers import types
from domain.tenancy.models import Tenant

_OVER = (CampaignStatus.DRAFT, CampaignStatus.CANCELLED, CampaignStatus.FINISHED)


class _Ready(NamedTuple):
    """A step with the mailing that would carry it, its mail as it is now, and the fingerprint of both."""

    step: AutomailerStep
    campaign: Campaign
    issue: Issue
    mark: str
    rendered: render.Rendered


class StepRefused(Invalid):
    """The mail of the step `number` cannot go as it is; `cause` says why."""

    def __init__(self, number: int, cause: DomainError) -> None:
        super().__init__(cause.message, None, **cause.params)
        self.number, self.cause = number, cause


def activate(
    tenant: Tenant,
    automailer: Automailer,
    user: User,
    base_url: str,
    alone: bool = False,
    role_id: int | None = None,
) -> int:
    """Let the series run; returns how many of its mails still wait for an approval, and no step goes before its own.
    A step whose mail, sender and territory are as they were keeps its mailing. `alone`: the person may approve the own
    work, with the limits of `role_id`. Raises Invalid naming the step, Conflict if somebody changed the series."""
    found = series.steps(automailer)
    if not found:
        raise Invalid(N_("Add a step first: which mail, and when."))
    standing = series.carriers(automailer, found)
    ready = [
        _prepared(tenant, automailer, step, number, user, base_url) for number, step in enumerate(found, 1)
    ]
    with database.atomic():
        carriers = {
            made.step.id: _carrier(tenant, standing.get(made.step.campaign_id or 0), made, user)
            for made in ready
        }
        series.activate(automailer, carriers, user.id)
    waiting = [c for c in planning.many(tenant.id, list(carriers.values())).values()
               if c.status == CampaignStatus.IN_APPROVAL]  # fmt: skip
    if alone:
        for campaign in waiting:
            approval = flow.get(tenant.id, campaign.approval_id or 0)
            lifecycle.decide(
                campaign, approval, user, ApprovalState.APPROVED, campaign.fingerprint, "", role_id, True
            )
        return 0
    return len(waiting)


def _prepared(
    tenant: Tenant, automailer: Automailer, step: AutomailerStep, number: int, user: User, base_url: str
) -> _Ready:
    issue = assembly.get(tenant.id, step.issue_id)
    campaign = _proposed(tenant, automailer, issue, number, user)
    try:
        mark, rendered = clearance.prepared(tenant, issue, campaign, base_url)
    except DomainError as error:
        raise StepRefused(number, error) from error
    return _Ready(step, campaign, issue, mark, rendered)


def _proposed(tenant: Tenant, automailer: Automailer, issue: Issue, number: int, user: User) -> Campaign:
    """The mailing that would carry a step, not saved."""
    sender = render.sender_of(tenant, types.get(tenant.id, automailer.type_id))
    return Campaign(
        tenant_id=tenant.id, issue_id=issue.id, type_id=automailer.type_id, course=Course.SERIES,
        name=f"{automailer.name} · {number}"[:120], audience={"series": automailer.id, "consents": ["proved"]},
        territory_ids=list(automailer.territory_ids or []), sender_name=sender.name, sender_address=sender.address,
        reply_to=sender.reply_to, created_by_id=user.id, test_mode=False,
    )  # fmt: skip


def _carrier(tenant: Tenant, standing: Campaign | None, made: _Ready, user: User) -> int:
    """Id of the mailing of a step: the one that stands if it carries the same, else a new one. The old one ends by
    itself as far as nobody waits in it."""
    if standing is not None and standing.status not in _OVER and standing.fingerprint == made.mark:
        return int(standing.id)
    if standing is not None:
        adding.retire(standing, user.id)
    clearance.ask_step(tenant, made.issue, made.campaign, user, made.mark, made.rendered)
    return int(made.campaign.id)
