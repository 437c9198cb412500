"""Approvers known only by an address: a signed link, a code sent to that address, one request and nothing else."""

import time
from typing import Any

from flask import Blueprint, Response, abort, g, request, session, url_for

from dispatcher import deciding, tasks
from dispatcher.deciding import Seat
from dispatcher.housemail import approving, lettering
from domain.accounts import policy
from domain.approvals import flow, guests
from domain.approvals.flow import Voter
from domain.approvals.models import Approval, ApprovalGuest
from domain.approvals.setup import CAMPAIGN
from domain.audit import origin
from domain.errors import Conflict, Forbidden, Invalid, NotFound
from domain.tenancy import settings as tenant_settings
from domain.tenancy import tree
from domain.tenancy.models import Tenant, TenantStatus
from portal import context, counting, hypermedia, sending, subjects, throttle, verdicts
from portal.access import public
from portal.errors import say, say_fields

bp = Blueprint("approve", __name__)
INSIDE_S = 1800
KEY = "approver"


@bp.get("/approve/<token>")
@public
def show(token: str) -> Response:
    """The request, once the code was entered; before that only who asks, and the button for a code. By htmx only who
    gets a mailing, counted exactly, and the buttons that wait for it."""
    tenant, guest, approval = _find(token)
    if not _is_inside(guest):
        return _door(tenant, guest)
    return _page(tenant, token, guest, approval)


@bp.post("/approve/<token>/code")
@public
def code(token: str) -> Response:
    """Send a code to the address of the link."""
    tenant, guest, approval = _find(token)
    if not (
        throttle.hit("5 per hour", "approval-code", str(guest.id))
        and throttle.hit("30 per hour", "approval-code-net", throttle.network(context.client_address()))
    ):
        abort(429)
    mail = lettering.queue(
        "code",
        _language(tenant),
        tenant,
        guest.address,
        "",
        title=approval.title,
        code=guests.new_code(guest),
    )
    tasks.send_system_mail(mail.id)
    return _door(tenant, guest, sent=True)


@bp.post("/approve/<token>/enter")
@public
def enter(token: str) -> Response:
    """Use the code: for half an hour this browser sees the request."""
    tenant, guest, _approval = _find(token)
    if not throttle.hit("30 per hour", "approval-enter", throttle.network(context.client_address())):
        abort(429)
    try:
        guests.enter(guest, request.form.get("code", ""))
    except Invalid as error:
        return _door(tenant, guest, sent=True, wrong=say_fields(error).get("code", ""), status=422)
    session[KEY] = [guest.id, int(time.time()) + INSIDE_S]
    return hypermedia.done(url_for("approve.show", token=token))


@bp.get("/approve/<token>/mail")
@public
def mail(token: str) -> Response:
    """The mail or article itself, sandboxed."""
    tenant, _guest, approval = _inside(token)
    return subjects.frame(tenant, approval)


@bp.post("/approve/<token>")
@public
def decide(token: str) -> Response:
    """Approve, return or reject exactly what was shown."""
    tenant, guest, approval = _inside(token)
    state, remark = verdicts.asked()
    try:
        verdicts.check(approval, state, remark)
        with origin.acting(f"address {guest.address}"[:80]):
            approval = deciding.decide(
                approval,
                Voter(-guest.id, guest.address),
                state,
                request.form.get("fingerprint", ""),
                remark,
                Seat(),
            )
    except (Invalid, Conflict, Forbidden) as error:
        status = 422 if isinstance(error, Invalid) else 403 if isinstance(error, Forbidden) else 409
        return _page(tenant, token, guest, approval, say(error), remark, status)
    session.pop(KEY, None)
    return hypermedia.page("approve/done.html", tenant=tenant, said=verdicts.after(approval, state))


def _find(token: str) -> tuple[Tenant, ApprovalGuest, Approval]:
    """Raises NotFound for a wrong link, a request that is over, a tenant that does not allow guests or is closed."""
    guest, approval = guests.by_link(token)
    tenant = tree.get(guest.tenant_id)
    closed = tenant.status in (TenantStatus.NO_SIGN_IN, TenantStatus.BLOCKED)
    if closed or not approving.by_address(tenant.id):
        raise NotFound
    g.language = _language(tenant)
    return tenant, guest, approval


def _inside(token: str) -> tuple[Tenant, ApprovalGuest, Approval]:
    tenant, guest, approval = _find(token)
    if not _is_inside(guest):
        raise NotFound
    return tenant, guest, approval


def _is_inside(guest: ApprovalGuest) -> bool:
    try:
        guest_id, until = session.get(KEY) or (0, 0)
        return guest_id == guest.id and until > time.time()
    except (TypeError, ValueError):
        return False


def _language(tenant: Tenant) -> str:
    return str(tenant_settings.effective(tenant)["language"])


def _door(
    tenant: Tenant, guest: ApprovalGuest, sent: bool = False, wrong: str = "", status: int = 200
) -> Response:
    token = request.view_args["token"] if request.view_args else ""
    return hypermedia.page(
        "approve/door.html", status=status, tenant=tenant, token=token, sent=sent, wrong=wrong,
        address=guest.address, minutes=guests.CODE_MINUTES,
    )  # fmt: skip


def _page(
    tenant: Tenant, token: str, guest: ApprovalGuest, approval: Approval, wrong: str = "", remark: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    later = approval.kind == CAMPAIGN and counting.comes_later(tenant.id)
    subject, votes = subjects.of(tenant, approval, later), flow.votes(approval)
    part = request.args.get("part", "")
    ids = [approval.asked_by_id, *(vote.user_id for vote in votes)]
    values: dict[str, Any] = {
        "tenant": tenant, "token": token, "guest": guest, "approval": approval, "subject": subject, "votes": votes,
        "names": policy.names(ids) | guests.names(tenant.id, ids), "wrong": wrong, "remark": remark,
        "part": part if part in subject.parts else next(iter(subject.parts), ""), "typed_from": sending.TYPED_FROM,
        "band": flow.band(approval.size) if approval.size else None,
        "voted": any(vote.user_id == -guest.id for vote in votes), **subject.facts,
    }  # fmt: skip
    return hypermedia.page("approve/show.html", "approvals/_counted.html", status=status, **values)
