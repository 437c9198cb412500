"""Remind branches that have not answered."""

from datetime import timedelta

from domain import clock
from domain.db import database, unscoped
from domain.errors import N_
from domain.rollouts import telling
from domain.rollouts.course import branches
from domain.rollouts.models import BranchState, Rollout, RolloutBranch, RolloutState
from domain.tenancy import tree
from domain.tenancy.models import Tenant

B, R = BranchState, RolloutState
REMINDED = timedelta(days=1)  # before the time to answer is over


@unscoped("one sweep serves all tenants")
def remind() -> int:
    """Tell branches that have not answered that the time to do so is nearly over, once each; returns how many."""
    now = clock.now()
    soon = Rollout.select().where(
        Rollout.state == R.OPEN, Rollout.join_until > now, Rollout.join_until <= now + REMINDED
    )
    told = 0
    for rollout in list(soon):
        given = (rollout.join_until - rollout.opened_at) / 2 if rollout.opened_at else REMINDED
        if rollout.join_until - now > min(REMINDED, given):  # a short time is not reminded of at once
            continue
        giver = tree.get(rollout.tenant_id)
        for row in branches(rollout):
            if row.state in (B.INVITED, B.MISSING) and not row.reminded:
                told += _remind(row, rollout, giver)
    return told


def _remind(row: RolloutBranch, rollout: Rollout, giver: Tenant) -> bool:
    mine = (RolloutBranch.tenant_id == row.tenant_id, RolloutBranch.id == row.id)
    with database.atomic():
        if not RolloutBranch.update(reminded=True).where(*mine, ~RolloutBranch.reminded).execute():
            return False
        message = N_("The time to answer “%(title)s” of %(tenant)s is nearly over.")
        telling.tell_branch(row, rollout, giver, message, "rollout_deadline")
    return True
