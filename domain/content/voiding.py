"""Something that waits for approval or has it was changed: the request is void, and everybody concerned hears of it."""

from domain.approvals import flow
from domain.approvals.models import Approval
from domain.errors import N_
from domain.notices import bell


def void(tenant_id: int, kind: str, object_id: int, reason: str, by_id: int | None = None) -> list[Approval]:
    """Void what was asked or granted for an object, with a message id as reason; tells who asked and who decided."""
    found = flow.void(tenant_id, kind, object_id, reason=reason, user_id=by_id)
    for approval in found:
        say(approval, by_id)
    return found


def say(approval: Approval, by_id: int | None = None) -> None:
    """One line for who asked and who has decided, except who did it."""
    people = {approval.asked_by_id, *(vote.user_id for vote in flow.votes(approval))} - {by_id}
    bell.tell(
        approval.tenant_id, [user_id for user_id in people if user_id > 0],
        N_("“%(title)s” was changed; its approval is void."), {"title": approval.title}, f"approvals/{approval.id}",
    )  # fmt: skip
