"""The course of a rollout: prepared, opened to the branches, joined or declined by each, called off.

The head office decides who takes part and what stays locked; a branch has its own issue and mailing, which go the
usual way: own sender, recipients, approval and limits. Only numbers come back.
"""

import re
from typing import Any

from domain import clock
from domain.accounts.models import User
from domain.audit import log
from domain.campaigns import planning
from domain.campaigns.models import Campaign, CampaignStatus
from domain.db import database, unscoped
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.issues import assembly
from domain.issues.models import Issue, IssueState
from domain.rollouts import telling
from domain.rollouts.models import BranchState, Rollout, RolloutBranch, RolloutState
from domain.tenancy import tree
from domain.tenancy.models import Tenant

B, R = BranchState, RolloutState
PAGE_SIZE = 30
NOT_SENT = (CampaignStatus.DRAFT, CampaignStatus.IN_APPROVAL, CampaignStatus.SCHEDULED)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")


def below(tenant: Tenant) -> list[Tenant]:
    """Whom the tenant can roll out to: all below it, by name."""
    ids = tree.subtree([tenant.id]) - {tenant.id}
    return list(Tenant.select().where(Tenant.id.in_(ids or [0])).order_by(Tenant.name))


def has_branches(tenant: Tenant) -> bool:
    """Whether there is anybody to roll out to."""
    return Tenant.select().where(Tenant.parent_id == tenant.id).exists()


def begin(tenant_id: int, issue: Issue, user: User) -> Rollout:
    """A rollout of an issue, still to be prepared; raises Conflict while there is one, or for a branch's copy."""
    if issue.rollout_id:
        raise Conflict(N_("This issue belongs to a rollout already."))
    with database.atomic():
        made = Rollout.create(
            tenant_id=tenant_id,
            issue_id=issue.id,
            name=issue.name,
            created_by_id=user.id,
            send_at=issue.planned_at,
        )
        Issue.update(rollout_id=made.id).where(Issue.tenant_id == tenant_id, Issue.id == issue.id).execute()
        log.record(tenant_id, "rollout.begin", user_id=user.id, kind="rollout", object_id=made.id)
    return made


def get(tenant_id: int, rollout_id: int) -> Rollout:
    """A rollout of the tenant; raises NotFound."""
    found = Rollout.get_or_none(Rollout.tenant_id == tenant_id, Rollout.id == rollout_id)
    if found is None:
        raise NotFound
    return found


def page(tenant_id: int, before_id: int | None = None) -> list[Rollout]:
    """A page of the tenant's rollouts, newest first."""
    query = Rollout.select().where(Rollout.tenant_id == tenant_id)
    if before_id:
        query = query.where(Rollout.id < before_id)
    return list(query.order_by(Rollout.id.desc()).limit(PAGE_SIZE))


@unscoped("administrators of the installation see who rolls out what")
def everywhere(before_id: int | None = None) -> list[Rollout]:
    """A page of the rollouts of all tenants, newest first."""
    query = Rollout.select().order_by(Rollout.id.desc()).limit(PAGE_SIZE)
    return list(query.where(Rollout.id < before_id) if before_id else query)


def prepare(
    rollout: Rollout, tenant: Tenant, obliged: dict[int, bool], slots: dict[str, dict[str, str]], user: User,
    **values: Any,
) -> None:  # fmt: skip
    """Who takes part (tenant id → whether obliged), which blocks are open, and name, note, subject_open, send_at,
    join_until. Raises Conflict once it is open, NotFound for a tenant that is not below, Invalid."""
    if rollout.state != R.DRAFT:
        raise Conflict(N_("The branches have this rollout already. Call it off, or hand a new version out."))
    if not set(obliged) <= {t.id for t in below(tenant)}:
        raise NotFound
    wrong = {
        key: N_("This time has passed. Choose a later one.")
        for key in ("send_at", "join_until")
        if values.get(key) and values[key] <= clock.now()
    }
    name = " ".join(_CONTROL.sub(" ", str(values.get("name", ""))).split())[:120]
    if not name:
        wrong["name"] = N_("A rollout needs a name.")
    if wrong:
        raise Invalid(fields=wrong)
    known = {str(block.id) for block in assembly.blocks(assembly.get(tenant.id, rollout.issue_id))}
    with database.atomic():
        rollout.name, rollout.note = name, _CONTROL.sub("", str(values.get("note", ""))).strip()[:4_000]
        rollout.subject_open = bool(values.get("subject_open"))
        rollout.send_at, rollout.join_until = values.get("send_at"), values.get("join_until")
        rollout.slots = {key: value for key, value in slots.items() if key in known}
        rollout.save()
        RolloutBranch.delete().where(
            RolloutBranch.tenant_id == tenant.id, RolloutBranch.rollout_id == rollout.id
        ).execute()
        for tenant_id, must in sorted(obliged.items()):
            RolloutBranch.create(
                tenant_id=tenant.id, rollout_id=rollout.id, branch_tenant_id=tenant_id, obliged=must
            )
        log.record(
            tenant.id, "rollout.prepare", user_id=user.id, kind="rollout", object_id=rollout.id,
            details={"obliged": sorted(i for i, must in obliged.items() if must),
                     "invited": sorted(i for i, must in obliged.items() if not must)},
        )  # fmt: skip


def branches(rollout: Rollout) -> list[RolloutBranch]:
    """Everybody who takes part."""
    query = RolloutBranch.select().where(
        RolloutBranch.tenant_id == rollout.tenant_id, RolloutBranch.rollout_id == rollout.id
    )
    return list(query.order_by(RolloutBranch.id))


def branch(rollout: Rollout, branch_tenant_id: int) -> RolloutBranch:
    """One that takes part; raises NotFound."""
    found = next((b for b in branches(rollout) if b.branch_tenant_id == branch_tenant_id), None)
    if found is None:
        raise NotFound
    return found


def open_up(rollout: Rollout, giver: Tenant, user: User) -> list[RolloutBranch]:
    """Let the branches have it, and tell them; returns all of them. Of two clicks one counts: raises Conflict."""
    found = branches(rollout)
    if not found:
        raise Invalid(N_("Choose at least one tenant that takes part."))
    with database.atomic():
        changed = (
            Rollout.update(state=R.OPEN, opened_at=clock.now())
            .where(Rollout.tenant_id == rollout.tenant_id, Rollout.id == rollout.id, Rollout.state == R.DRAFT)
            .execute()
        )
        if not changed:
            raise Conflict(
                N_("The branches have this rollout already. Call it off, or hand a new version out.")
            )
        rollout.state = R.OPEN
        log.record(giver.id, "rollout.open", user_id=user.id, kind="rollout", object_id=rollout.id)
        for row in found:
            telling.tell_branch(
                row, rollout, giver,
                N_("%(tenant)s sends “%(title)s” out in your name, too. Look at your issue.") if row.obliged
                else N_("%(tenant)s invites you to send “%(title)s” in your name."),
                "rollout_obliged" if row.obliged else "rollout_invited",
            )  # fmt: skip
            log.record(
                row.branch_tenant_id, "rollout.received", user_id=user.id, kind="rollout", object_id=rollout.id,
                details={"name": rollout.name, "from": giver.id, "obliged": row.obliged},
            )  # fmt: skip
    return found


def call_off(rollout: Rollout, user: User) -> int:
    """Nobody joins any more, and what the branches have not begun to send is withdrawn; returns how many. What is on
    its way or sent stays."""
    with database.atomic():
        changed = (
            Rollout.update(state=R.CALLED_OFF, closed_at=clock.now())
            .where(
                Rollout.tenant_id == rollout.tenant_id,
                Rollout.id == rollout.id,
                Rollout.state != R.CALLED_OFF,
            )
            .execute()
        )
        if not changed:
            raise Conflict(N_("This rollout is not open any more."))
        rollout.state = R.CALLED_OFF
        Issue.update(rollout_id=None).where(
            Issue.tenant_id == rollout.tenant_id, Issue.id == rollout.issue_id
        ).execute()  # it may be rolled out anew
        log.record(
            rollout.tenant_id, "rollout.call_off", user_id=user.id, kind="rollout", object_id=rollout.id
        )
        giver = tree.get(rollout.tenant_id)
        return sum(_withdraw(row, rollout, giver, user) for row in branches(rollout))


def note_renewed(rollout: Rollout, user: User, count: int) -> None:
    """Say in the log that a new version went to the branches."""
    log.record(
        rollout.tenant_id, "rollout.renew", user_id=user.id, kind="rollout", object_id=rollout.id,
        details={"issues": count},
    )  # fmt: skip


def _withdraw(row: RolloutBranch, rollout: Rollout, giver: Tenant, user: User) -> bool:
    """Take the branch's mailing back if it has not begun."""
    if row.state != B.JOINED or row.campaign_id is None or row.issue_id is None:
        return False
    tenant_id = row.branch_tenant_id
    campaign = planning.get(tenant_id, row.campaign_id)
    issue = assembly.get(tenant_id, row.issue_id)
    if campaign.status not in NOT_SENT:
        return False
    if campaign.status != CampaignStatus.DRAFT:
        planning.reopen(campaign, issue, user.id)
    Campaign.update(status=CampaignStatus.CANCELLED, finished_at=clock.now()).where(
        Campaign.tenant_id == tenant_id, Campaign.id == campaign.id, Campaign.status == CampaignStatus.DRAFT
    ).execute()
    assembly.mark(issue, IssueState.ARCHIVED)
    log.record(
        tenant_id, "rollout.withdrawn", user_id=user.id, kind="rollout", object_id=rollout.id,
        details={"name": rollout.name, "from": giver.id},
    )  # fmt: skip
    telling.tell_branch(
        row, rollout, giver, N_("%(tenant)s has called “%(title)s” off. Your mailing does not go out."),
        "rollout_over",
    )  # fmt: skip
    return True
