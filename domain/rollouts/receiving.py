"""What a branch does with a rollout from above: it joins, lacks something, or declines; the head office is told."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from peewee import ModelSelect, fn

from domain import clock
from domain.accounts.models import User
from domain.audit import log
from domain.campaigns.models import Campaign
from domain.db import database, unscoped
from domain.errors import N_, Conflict, NotFound
from domain.issues.models import Issue
from domain.notices import bell
from domain.rollouts.models import BranchState, Rollout, RolloutBranch, RolloutState
from domain.tenancy import tree
from domain.tenancy.models import Tenant

B, R = BranchState, RolloutState


@dataclass(frozen=True)
class Received:
    """A rollout as a branch sees it."""

    branch: RolloutBranch
    rollout: Rollout
    giver: Tenant

    @property
    def may_join(self) -> bool:
        """Whether the branch can still decide."""
        over = self.rollout.join_until is not None and self.rollout.join_until <= clock.now()
        return self.rollout.state == R.OPEN and (
            self.branch.state == B.MISSING or (self.branch.state in (B.INVITED, B.DECLINED) and not over)
        )


def received(tenant: Tenant) -> list[Received]:
    """Rollouts from above that reach the tenant, newest first."""
    return _received(tenant)


def receive(tenant: Tenant, branch_id: int) -> Received:
    """One rollout from above, by the number of the tenant's part in it; raises NotFound."""
    found = _received(tenant, branch_id)
    if not found:
        raise NotFound
    return found[0]


@unscoped("what tenants above roll out to this one")
def _received(tenant: Tenant, branch_id: int | None = None) -> list[Received]:
    query = (
        RolloutBranch.select(RolloutBranch, Rollout)
        .join(
            Rollout,
            on=(Rollout.tenant_id == RolloutBranch.tenant_id) & (Rollout.id == RolloutBranch.rollout_id),
            attr="whole",
        )
        .where(RolloutBranch.branch_tenant_id == tenant.id, Rollout.state != R.DRAFT)
    )
    if branch_id is not None:
        query = query.where(RolloutBranch.id == branch_id)
    rows = list(query.order_by(RolloutBranch.id.desc()).limit(100))
    givers = {t.id: t for t in Tenant.select().where(Tenant.id.in_({row.tenant_id for row in rows} or [0]))}
    return [Received(row, row.whole, givers[row.tenant_id]) for row in rows if row.tenant_id in givers]


def waiting(tenant: Tenant) -> ModelSelect:
    """How many rollouts wait for the tenant's decision, as a query of one number."""
    in_time = Rollout.join_until.is_null() | (Rollout.join_until > clock.now())
    same = (Rollout.tenant_id == RolloutBranch.tenant_id) & (Rollout.id == RolloutBranch.rollout_id)
    query = RolloutBranch.select(fn.COUNT(RolloutBranch.id)).join(Rollout, on=same)
    undecided = (RolloutBranch.state == B.MISSING) | ((RolloutBranch.state == B.INVITED) & in_time)
    return query.where(RolloutBranch.branch_tenant_id == tenant.id, Rollout.state == R.OPEN, undecided)


def joined(row: RolloutBranch, issue: Issue, campaign: Campaign, user: User | None) -> None:
    """The branch has its own issue now."""
    _settle(
        row, B.JOINED, user, expected=(B.INVITED, B.MISSING, B.DECLINED), issue_id=issue.id,
        campaign_id=campaign.id, missing=[],
    )  # fmt: skip


def lacks(row: RolloutBranch, missing: list[list[str]]) -> None:
    """What the stand-in names of the rollout ask for is not there yet."""
    RolloutBranch.update(state=B.MISSING, missing=missing).where(
        RolloutBranch.tenant_id == row.tenant_id, RolloutBranch.id == row.id
    ).execute()
    row.state, row.missing = B.MISSING, missing


def decline(one: Received, user: User, remark: str) -> None:
    """The branch does not take part; raises Conflict for one that is obliged or has decided."""
    if one.branch.obliged:
        raise Conflict(N_("This rollout obliges your tenant. Talk to the head office."))
    if not one.may_join or one.branch.state == B.DECLINED:
        raise Conflict(N_("This rollout is no longer open for a decision."))
    with database.atomic():
        _settle(one.branch, B.DECLINED, user, expected=(B.INVITED, B.MISSING), remark=remark.strip()[:2_000])
        _tell_giver(one, user, N_("%(tenant)s does not take part in “%(title)s”."))


def check_open(one: Received) -> None:
    """Raise Conflict when the branch can no longer join."""
    if not one.may_join:
        raise Conflict(N_("This rollout is no longer open for a decision."))


def _settle(
    row: RolloutBranch, state: BranchState, user: User | None, expected: Iterable[BranchState], **more: Any
) -> None:
    changed = (
        RolloutBranch.update(
            state=state, decided_by_id=user.id if user else None, decided_at=clock.now(), **more
        )
        .where(
            RolloutBranch.tenant_id == row.tenant_id,
            RolloutBranch.id == row.id,
            RolloutBranch.state.in_(list(expected)),
        )
        .execute()
    )
    if not changed:
        raise Conflict(N_("Somebody else has decided this meanwhile. Reload the page to see it."))
    for key, value in {**more, "state": state}.items():
        setattr(row, key, value)
    log.record(
        row.branch_tenant_id, f"rollout.{state}", user_id=user.id if user else None, kind="rollout",
        object_id=row.rollout_id, details={"remark": row.remark, "from": row.tenant_id},
    )  # fmt: skip


def tell_joined(one: Received, user: User) -> None:
    """Let the head office know."""
    _tell_giver(one, user, N_("%(tenant)s takes part in “%(title)s”."))


def _tell_giver(one: Received, user: User, message: str) -> None:
    where = tree.get(one.branch.branch_tenant_id)
    bell.tell(
        one.giver.id, [one.rollout.created_by_id], message,
        {"tenant": where.name, "title": one.rollout.name, "name": user.name, "remark": one.branch.remark},
        f"rollouts/{one.rollout.id}", letter="rollout_answer",
    )  # fmt: skip
