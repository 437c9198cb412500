"""The log of the installation: sign-ins, tenants founded and deleted, mail servers, visits of support."""

from flask import Blueprint, Response, g

from domain.audit import log
from portal import hypermedia, logbook, logfile
from portal.access import requires_house

bp = Blueprint("house_log", __name__)


@bp.get("/house/log")
@requires_house
def index() -> Response:
    return hypermedia.page(
        "audit/house.html", "audit/_entries.html", broken=logfile.checked(log.HOUSE), people=[],
        here="house_log.index", **logbook.page_values(log.HOUSE, logbook.wanted()),
    )  # fmt: skip


@bp.post("/house/log/export")
@requires_house
def export() -> Response:
    """What the filters show, as CSV or XLSX; noted in the log itself."""
    asked = logbook.wanted()
    response = logfile.table(log.HOUSE, asked, "log")
    log.record(
        log.HOUSE, "audit.export", user_id=g.user.id, kind="audit",
        details={"filters": {k: str(v) for k, v in asked.filters.items()}, "as": logfile.wish()},
    )  # fmt: skip
    return response
