"""The log of who did what."""

from flask import Blueprint, Response, g, request

from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.audit import log
from domain.audit.models import AuditEntry
from portal import hypermedia
from portal.access import requires

bp = Blueprint("audit", __name__)
PAGE_SIZE = 50


@bp.get("/admin/log")
@requires(P.AUDIT_SEE)
def index() -> Response:
    query = AuditEntry.select().where(AuditEntry.tenant_id == g.tenant.id)
    act, before = request.args.get("act", ""), request.args.get("before", type=int)
    known = AuditEntry.select(AuditEntry.act).where(AuditEntry.tenant_id == g.tenant.id).distinct()
    acts = sorted(row[0] for row in known.tuples())
    if act in acts:
        query = query.where(AuditEntry.act == act)
    if before:
        query = query.where(AuditEntry.number < before)
    rows = list(query.order_by(AuditEntry.number.desc()).limit(PAGE_SIZE + 1))
    more = len(rows) > PAGE_SIZE
    return hypermedia.page(
        "audit/index.html",
        entries=rows[:PAGE_SIZE],
        older=rows[PAGE_SIZE - 1].number if more else None,
        acts=acts,
        act=act,
        names=policy.names(e.user_id for e in rows),
        broken=log.verify(g.tenant.id) if "check" in request.args else 0,
    )
