"""How many mails were sent, by month and newsletter type or role, and what is left."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, request
from flask_babel import gettext as _

from domain import clock
from domain.accounts import rolebook
from domain.accounts.permissions import Permission as P
from domain.db import database, sql
from domain.ledger.states import DeliveryState
from domain.quotas import ledger as quotas
from domain.subscribers import types
from portal import charts, hypermedia
from portal.access import may, requires
from portal.context import effective_settings

bp = Blueprint("volume", __name__)
MONTHS = 12
SPLITS = ("type", "role")


@bp.get("/volume")
@requires(P.VOLUME_SEE)
def index() -> Response:
    zone = effective_settings()["time_zone"]
    by = request.args.get("by", "type")
    by = by if by in SPLITS else "type"
    months = _starts(zone)
    sent = _sent(months, by)
    names = _names(by)
    series = sorted({key for key, _month in sent}, key=lambda key: -sum(_row(sent, key, len(months))))
    roles = rolebook.roles_for(g.tenant.id)
    shown = [role for role in roles if role.id in g.rights.role_ids or may(P.ROLE_EDIT)]
    standings = quotas.standings_by_role(g.tenant.id, [role.id for role in shown], zone)
    return hypermedia.page(
        "volume/index.html", "volume/_sent.html", by=by, months=months,
        series=[(key, names.get(key or 0) or _("Other"), _row(sent, key, len(months))) for key in series],
        chart=charts.stacked([_row(sent, key, len(months)) for key in series]),
        totals=[sum(_row(sent, key, len(months))[i] for key in series) for i in range(len(months))],
        limits=[(role, role.id in g.rights.role_ids, standings[role.id]) for role in shown if standings[role.id]],
    )  # fmt: skip


def _sent(months: list[datetime], by: str) -> dict[tuple[int | None, int], int]:
    """(type or role, index of the month) → mails that a mail server has taken."""
    starts = [int(month.timestamp()) for month in months]
    # months begin at midnight of the tenant: counted by their exact bounds, in one pass
    place = " + ".join("CASE WHEN d.settled_at >= ? THEN 1 ELSE 0 END" for _start in starts[1:])
    column = "c.type_id" if by == "type" else "c.role_id"
    rows = database.execute_sql(
        sql(
            f"""SELECT {column}, {place} AS month, count(*) FROM delivery d
            JOIN campaign c ON c.id = d.campaign_id AND c.tenant_id = d.tenant_id
            WHERE d.tenant_id = ? AND d.state = ? AND d.settled_at >= ? GROUP BY 1, 2"""  # noqa: S608
        ),
        [*starts[1:], g.tenant.id, int(DeliveryState.SENT), starts[0]],
    ).fetchall()
    return {(key, int(month)): count for key, month, count in rows}


def _row(sent: dict[tuple[int | None, int], int], key: int | None, length: int) -> list[int]:
    return [sent.get((key, index), 0) for index in range(length)]


def _names(by: str) -> dict[int | None, str]:
    if by == "type":
        return {kind.id: kind.name for kind in types.every(g.tenant.id)}
    return {role.id: _(role.name) if role.starter else role.name for role in rolebook.roles_for(g.tenant.id)}


def _starts(zone: str) -> list[datetime]:
    """The first moments of the last twelve months of the tenant, oldest first."""
    now = clock.now().astimezone(ZoneInfo(zone))
    numbers = range(now.year * 12 + now.month - MONTHS, now.year * 12 + now.month)
    return [datetime(n // 12, n % 12 + 1, 1, tzinfo=ZoneInfo(zone)) for n in numbers]
