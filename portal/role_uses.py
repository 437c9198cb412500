"""What still names a role, so that it cannot be deleted yet."""

from domain.accounts.models import Membership, Role
from domain.approvals.models import ApprovalFlow, ApprovalStep
from domain.db import unscoped
from domain.errors import N_
from domain.releases.models import Release
from mediadb.models import FolderRight


@unscoped("a central or lent role is held in many tenants; only whether it is leaves")
def reason(role: Role) -> str:
    """Why the role cannot go, as a message id; empty: nothing needs it."""
    if Membership.select().where(Membership.role == role).exists():
        return N_("People hold this role, or their access by it has ended. Take it from them first.")
    steps = ApprovalStep.select().where(ApprovalStep.role_id == role.id)
    flows = ApprovalFlow.select().where(
        (ApprovalFlow.up_role_id == role.id) | (ApprovalFlow.told_role_id == role.id)
    )
    if steps.exists() or flows.exists():
        return N_("A step of approval names this role. Choose another one there first.")
    if FolderRight.select().where(FolderRight.role_id == role.id).exists():
        return N_("A folder of media is open to this role only. Change that first.")
    lent = Release.select().where(
        Release.kind == "role", Release.object_id == role.id, Release.recalled_at.is_null()
    )
    return N_("The role is released to other tenants. Recall it first.") if lent.exists() else ""
