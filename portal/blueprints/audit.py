"""The log of who did what."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, request

from domain.accounts import people
from domain.accounts.permissions import Permission as P
from domain.audit import log
from domain.audit.models import AuditEntry
from portal import acts, context, hypermedia
from portal.access import requires

bp = Blueprint("audit", __name__)
PAGE_SIZE = 50
UNCHECKED = -1


@bp.get("/admin/log")
@requires(P.AUDIT_SEE)
def index() -> Response:
    area, who = request.args.get("area", ""), request.args.get("who", type=int)
    since, until = _day("since"), _day("until")
    query = AuditEntry.select().where(AuditEntry.tenant_id == g.tenant.id)
    if area in acts.AREAS:
        query = query.where(AuditEntry.act.startswith(area + "."))
    if who:
        query = query.where(AuditEntry.user_id == who)
    if since:
        query = query.where(AuditEntry.at >= _midnight(since))
    if until:
        query = query.where(AuditEntry.at < _midnight(until + timedelta(days=1)))
    before = request.args.get("before", type=int)
    if before:
        query = query.where(AuditEntry.number < before)
    rows = list(query.order_by(AuditEntry.number.desc()).limit(PAGE_SIZE + 1))
    kept = {"area": area or None, "who": who, "since": since, "until": until}
    return hypermedia.page(
        "audit/index.html", "audit/_entries.html", told=acts.tell(rows[:PAGE_SIZE]), areas=acts.areas(),
        area=area, who=who, since=since, until=until, people=people.names(g.tenant.id), kept=kept,
        older=rows[PAGE_SIZE - 1].number if len(rows) > PAGE_SIZE else None, is_first=not before,
        filtered=any(kept.values()), broken=log.verify(g.tenant.id) if "check" in request.args else UNCHECKED,
    )  # fmt: skip


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(context.time_zone()))
