"""DOOR: freeze an issue with its plan and ask for approval of exactly that."""

from dataclasses import replace
from datetime import datetime

from dispatcher.housemail import approving
from dispatcher.preflight import run
from dispatcher.preflight.findings import Finding
from dispatcher.preflight.people import FOREIGN
from dispatcher.rendering import freezing, render
from domain.accounts import policy
from domain.accounts.models import User
from domain.approvals import flow, setup
from domain.approvals.models import Approval
from domain.approvals.setup import ISSUE
from domain.campaigns import (
    audience,
    conditions,
    correcting,
    lifecycle,
    measuring,
    planning,
    reporting,
)
from domain.campaigns.models import Campaign
from domain.db import database
from domain.errors import N_, Conflict, Invalid
from domain.issues import assembly
from domain.issues.models import Issue
from domain.quotas import ledger as quotas
from domain.subscribers import types
from domain.tenancy import settings as tenant_settings
from domain.tenancy.models import Tenant


def preflight(
    tenant: Tenant, issue: Issue, base_url: str, campaign: Campaign | None = None, counted: bool = True
) -> tuple[list[Finding], int]:
    """(findings, errors first; bytes of the HTML part). With a `campaign` also who would get it; what must be
    `counted` over the whole audience takes a moment where that is large."""
    found, size, _passed = run.look(
        tenant, issue, base_url, campaign, run.PLAN if counted else run.WITHOUT_PEOPLE
    )
    return found, size


def ask(tenant: Tenant, issue: Issue, campaign: Campaign, user: User, base_url: str, note: str = "") -> None:
    """Freeze what is there now and ask for its approval. Raises Conflict or Invalid with the first error found."""
    errors = [f for f in preflight(tenant, issue, base_url)[0] if f.error]
    if errors:
        raise Invalid(errors[0].message, None, **errors[0].params)
    if issue.state not in assembly.EDITABLE:
        raise Conflict(N_("Approval has already been asked for."))
    planning.check_real(campaign)
    if needs_own(tenant, issue, base_url):
        raise Invalid(N_("The issue itself needs its approval first. Ask for it on the page of the issue."))
    planning.check_sender(tenant.id, campaign.sender_address)
    _must_be_complete(tenant, campaign)
    conditions.must_be_readable(tenant.id, (), campaign.audience or {})
    if not audience.numbers(campaign)[0]:
        raise Invalid(N_("Nobody would get this mailing. Choose other recipients."))
    mark, rendered = _now(tenant, issue, campaign, base_url)
    for name in reporting.foreign(campaign, rendered.names):
        raise Invalid(FOREIGN, name=name)
    revision = freezing.freeze(issue, rendered, mark, user.id)
    planning.ask(campaign, issue, revision.id, mark, user.id, note)
    _tell_or_skip(tenant, campaign, user)


def prepared(tenant: Tenant, issue: Issue, campaign: Campaign, base_url: str) -> tuple[str, render.Rendered]:
    """(fingerprint, mail) of a step of a series after its pre-flight. Raises Invalid with the first error found."""
    errors = [f for f in preflight(tenant, issue, base_url)[0] if f.error]
    if errors:
        raise Invalid(errors[0].message, None, **errors[0].params)
    if needs_own(tenant, issue, base_url):
        raise Invalid(N_("The issue itself needs its approval first. Ask for it on the page of the issue."))
    planning.check_sender(tenant.id, campaign.sender_address)
    mark, rendered = _now(tenant, issue, campaign, base_url)
    for name in reporting.foreign(campaign, rendered.names):
        raise Invalid(FOREIGN, name=name)
    return mark, rendered


def ask_step(
    tenant: Tenant, issue: Issue, campaign: Campaign, user: User, mark: str, rendered: render.Rendered
) -> None:
    """Freeze a step of a series as it was `prepared`, and ask for approval of exactly that."""
    campaign.save()
    revision = freezing.freeze(issue, rendered, mark, user.id)
    planning.ask(campaign, issue, revision.id, mark, user.id)
    _tell_or_skip(tenant, campaign, user)


def _must_be_complete(tenant: Tenant, campaign: Campaign) -> None:
    """Raise Invalid while selected people lack an address, where the tenant demands completeness."""
    if not tenant_settings.effective(tenant)["complete_recipients"]:
        return
    count = audience.lacking_address(campaign)
    if count:
        raise Invalid(
            N_("%(count)s of the selected people have no address. Enter it, or untick them."), count=count
        )


def issue_mark(tenant: Tenant, issue: Issue, base_url: str) -> tuple[str, render.Rendered]:
    """Fingerprint of an issue by itself, without audience and time, and the mail it was taken of."""
    rendered = render.render(tenant, issue, base_url, at=issue.planned_at or issue.created_at)
    return render.fingerprint(rendered, ISSUE), rendered


def needs_own(tenant: Tenant, issue: Issue, base_url: str) -> bool:
    """Whether the tenant approves issues by themselves and this one is not approved as it stands."""
    if not setup.exists(tenant.id, ISSUE):
        return False
    return not flow.is_approved(tenant.id, ISSUE, issue.id, issue_mark(tenant, issue, base_url)[0])


def ask_issue(tenant: Tenant, issue: Issue, user: User, base_url: str, note: str = "") -> Approval:
    """Freeze the issue and ask for approval of it alone. It stays open: a change makes the request void."""
    errors = [f for f in preflight(tenant, issue, base_url)[0] if f.error]
    if errors:
        raise Invalid(errors[0].message, None, **errors[0].params)
    if issue.state not in assembly.EDITABLE:
        raise Conflict(N_("Approval has already been asked for."))
    mark, rendered = issue_mark(tenant, issue, base_url)
    if flow.is_approved(tenant.id, ISSUE, issue.id, mark):
        raise Conflict(N_("This version is approved already."))
    with database.atomic():
        freezing.freeze(issue, rendered, mark, user.id)
        return flow.ask(tenant.id, ISSUE, issue.id, mark, user.id, note, title=issue.name)


def ask_again(
    tenant: Tenant, issue: Issue, campaign: Campaign, user: User, base_url: str, note: str = ""
) -> None:
    """Freeze the corrected issue of a paused mailing and ask for its approval. Raises as `ask` does."""
    errors = [f for f in preflight(tenant, issue, base_url)[0] if f.error]
    if errors:
        raise Invalid(errors[0].message, None, **errors[0].params)
    planning.check_sender(tenant.id, campaign.sender_address)
    mark, rendered = _now(tenant, issue, campaign, base_url)
    if mark == (campaign.previous or {}).get("fingerprint"):
        raise Conflict(N_("Nothing has changed. Correct the issue first, or keep the old version."))
    revision = freezing.freeze(issue, rendered, mark, user.id)
    correcting.ask(campaign, issue, revision.id, mark, user.id, note)
    _tell_or_skip(tenant, campaign, user)


def _tell_or_skip(tenant: Tenant, campaign: Campaign, user: User) -> None:
    """Whoever may decide is told; what is too small to need it is scheduled with the limits of the person who asks."""
    campaign = planning.get(tenant.id, campaign.id)
    role_id = quotas.most_generous(policy.rights_of(user, tenant.id).role_ids)
    if not lifecycle.skip(campaign, role_id):
        approving.tell(flow.get(tenant.id, campaign.approval_id or 0))


def _now(tenant: Tenant, issue: Issue, campaign: Campaign, base_url: str) -> tuple[str, render.Rendered]:
    sender = render.Sender(campaign.sender_name, campaign.sender_address, campaign.reply_to)
    at = campaign.send_at if isinstance(campaign.send_at, datetime) else None
    kind = types.get(tenant.id, issue.type_id)
    rendered = replace(
        render.render(tenant, issue, base_url, sender, at), tracking=measuring.mode_of(tenant, kind, campaign)
    )
    return render.fingerprint(rendered, *planning.definition(campaign)), rendered
