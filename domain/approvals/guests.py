"""Approvers known only by an address: a signed link names them, a code sent to the address lets them in.

They see one request and nothing else. Whether a tenant allows them at all is asked by who calls.
"""

import hmac
import secrets
from datetime import timedelta

from domain import clock, tokens
from domain.approvals.models import Approval, ApprovalGuest, ApprovalState
from domain.errors import N_, Forbidden, Invalid, NotFound

CODE_MINUTES, MOST_TRIES = 15, 5
LINK_MAX_AGE_S = 60 * 86_400
PURPOSE = "approval-guest"


def invite(approval: Approval) -> None:
    """A row for every address of every step; the same address once."""
    wanted = dict.fromkeys(a for step in approval.steps or [] for a in step.get("addresses", ()))
    for address in wanted:
        ApprovalGuest.create(tenant_id=approval.tenant_id, approval_id=approval.id, address=address)


def of(approval: Approval) -> list[ApprovalGuest]:
    """Everybody invited to this request."""
    query = ApprovalGuest.select().where(
        ApprovalGuest.tenant_id == approval.tenant_id, ApprovalGuest.approval_id == approval.id
    )
    return list(query.order_by(ApprovalGuest.id))


def waiting(approval: Approval) -> list[ApprovalGuest]:
    """Those who may decide the step that waits."""
    steps = approval.steps or [{}]
    wanted = set(steps[min(approval.step, len(steps)) - 1].get("addresses", ()))
    return [guest for guest in of(approval) if guest.address in wanted] if wanted else []


def names(tenant_id: int, ids: list[int]) -> dict[int, str]:
    """Negative id → address, for showing who decided."""
    wanted = [-i for i in ids if i < 0]
    if not wanted:
        return {}
    query = ApprovalGuest.select(ApprovalGuest.id, ApprovalGuest.address).where(
        ApprovalGuest.tenant_id == tenant_id, ApprovalGuest.id.in_(wanted)
    )
    return {-guest_id: address for guest_id, address in query.tuples()}


def check(approval: Approval, guest_id: int) -> None:
    """Raise Forbidden unless this guest may decide the step that waits."""
    if guest_id not in {guest.id for guest in waiting(approval)}:
        raise Forbidden(N_("This step belongs to other people."))


def link_token(guest: ApprovalGuest) -> str:
    """Names one guest of one request."""
    return tokens.timed_token(PURPOSE, [guest.tenant_id, guest.id])


def by_link(token: str) -> tuple[ApprovalGuest, Approval]:
    """The guest and the request of a link; raises NotFound, also once the request is over: then nothing is shown."""
    try:
        tenant_id, guest_id = tokens.read_timed_token(PURPOSE, token, LINK_MAX_AGE_S)
    except (tokens.BadToken, ValueError, TypeError):
        raise NotFound from None
    return get(tenant_id, guest_id)


def get(tenant_id: int, guest_id: int) -> tuple[ApprovalGuest, Approval]:
    """A guest and the request he may decide at this moment; raises NotFound."""
    guest = ApprovalGuest.get_or_none(ApprovalGuest.tenant_id == tenant_id, ApprovalGuest.id == guest_id)
    if guest is None:
        raise NotFound
    approval = Approval.get_or_none(
        Approval.tenant_id == tenant_id,
        Approval.id == guest.approval_id,
        Approval.state == ApprovalState.OPEN,
    )
    if approval is None or guest.id not in {other.id for other in waiting(approval)}:
        raise NotFound
    return guest, approval


def new_code(guest: ApprovalGuest) -> str:
    """Six digits that hold for a quarter of an hour; an older code ends."""
    code = f"{secrets.randbelow(1_000_000):06d}"
    guest.code_hash, guest.tries = _hash(guest, code), 0
    guest.code_until = clock.now() + timedelta(minutes=CODE_MINUTES)
    guest.save()
    return code


def enter(guest: ApprovalGuest, code: str) -> None:
    """Use the code up; raises Invalid (code) for a wrong, old or often tried one."""
    said = "".join(c for c in code if c.isdigit())
    counted = ApprovalGuest.update(tries=ApprovalGuest.tries + 1).where(
        ApprovalGuest.tenant_id == guest.tenant_id, ApprovalGuest.id == guest.id,
        ApprovalGuest.tries < MOST_TRIES, ApprovalGuest.code_until > clock.now(), ApprovalGuest.code_hash != "",
    )  # fmt: skip
    if not counted.execute():
        raise Invalid(fields={"code": N_("This code is over. Have a new one sent.")})
    if not hmac.compare_digest(_hash(guest, said), guest.code_hash):
        raise Invalid(fields={"code": N_("This code is wrong. Look into the newest mail.")})
    guest.code_hash, guest.code_until, guest.came_at = "", None, clock.now()
    guest.save()


def _hash(guest: ApprovalGuest, code: str) -> str:
    return tokens.keyed_hash("approval-code", f"{guest.id}:{code}")
