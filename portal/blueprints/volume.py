"""How many mails were sent, by month and newsletter type, and what is left."""

from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g

from domain import clock
from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.db import database, sql
from domain.ledger.states import DeliveryState
from domain.quotas import ledger as quotas
from domain.subscribers import types
from portal import hypermedia
from portal.access import requires
from portal.context import effective_settings

bp = Blueprint("volume", __name__)
MONTHS = 12


@bp.get("/volume")
@requires(P.VOLUME_SEE)
def index() -> Response:
    zone = effective_settings()["time_zone"]
    kinds = {k.id: k.name for k in types.every(g.tenant.id)}
    months = _months(zone)
    roles = {role.id: role for role in policy.roles_for(g.tenant.id)}
    standings = [
        (roles[role_id], quotas.standings(g.tenant.id, role_id, zone))
        for role_id in g.rights.role_ids
        if role_id in roles
    ]
    highest = max((sum(counts.values()) for _, counts in months), default=0)
    return hypermedia.page(
        "volume/index.html", months=months, kinds=kinds, standings=standings, highest=highest
    )


def _months(zone: str) -> list[tuple[datetime, dict[int, int]]]:
    """(first of the month, type → mails sent), oldest first, the last twelve months of the tenant."""
    first = _month(clock.now().astimezone(ZoneInfo(zone)), -(MONTHS - 1))
    rows = database.execute_sql(
        sql(
            """SELECT c.type_id, d.settled_at / 86400, count(*) FROM delivery d
            JOIN campaign c ON c.id = d.campaign_id AND c.tenant_id = d.tenant_id
            WHERE d.tenant_id = ? AND d.state = ? AND d.settled_at >= ? GROUP BY 1, 2 ORDER BY 2"""
        ),
        [g.tenant.id, int(DeliveryState.SENT), int(first.timestamp())],
    ).fetchall()
    found: dict[datetime, dict[int, int]] = {_month(first, i): {} for i in range(MONTHS)}
    by_day = groupby(
        rows,
        key=lambda row: _month(clock.moment(int(row[1]) * 86_400 + 43_200).astimezone(ZoneInfo(zone)), 0),
    )
    for month, group in by_day:
        for type_id, _day, count in group:
            counts = found.setdefault(month, {})
            counts[type_id] = counts.get(type_id, 0) + count
    return sorted(found.items())


def _month(at: datetime, offset: int) -> datetime:
    number = at.year * 12 + at.month - 1 + offset
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=at.tzinfo)
