"""What a branch is told of a rollout from above."""

from domain.accounts import policy
from domain.accounts.permissions import Permission
from domain.notices import bell
from domain.rollouts.models import Rollout, RolloutBranch
from domain.tenancy.models import Tenant


def tell_branch(row: RolloutBranch, rollout: Rollout, giver: Tenant, message: str, letter: str) -> None:
    """Everybody there who joins rollouts or declines them, by bell and mail."""
    people = policy.people_with(Permission.ROLLOUT_JOIN, row.branch_tenant_id)
    bell.tell(
        row.branch_tenant_id, [person.id for person in people], message,
        {
            "tenant": giver.name, "title": rollout.name, "note": rollout.note,
            "join_at": rollout.join_until and rollout.join_until.isoformat(),
            "send_at": rollout.send_at and rollout.send_at.isoformat(),
        },
        f"rollouts/from-above/{row.id}", letter=letter,
    )  # fmt: skip
