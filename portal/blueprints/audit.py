"""The log of who did what in a tenant: filters, search, the check of its chain, and the table to take along."""

from flask import Blueprint, Response, g

from domain.accounts import people
from domain.accounts.permissions import Permission as P
from domain.audit import log
from portal import hypermedia, logbook, logfile
from portal.access import requires

bp = Blueprint("audit", __name__)
UNCHECKED = -1


@bp.get("/admin/log")
@requires(P.AUDIT_SEE)
def index() -> Response:
    return hypermedia.page(
        "audit/index.html", "audit/_entries.html", broken=logfile.checked(g.tenant.id),
        people=people.names(g.tenant.id), here="audit.index", **logbook.page_values(g.tenant.id, logbook.wanted()),
    )  # fmt: skip


@bp.post("/admin/log/export")
@requires(P.AUDIT_EXPORT)
def export() -> Response:
    """What the filters show, as CSV or XLSX. A POST, because the log notes who took it along."""
    asked = logbook.wanted()
    response = logfile.table(g.tenant.id, asked, f"log-{g.tenant.slug}")
    log.record(
        g.tenant.id, "audit.export", user_id=g.user.id, kind="audit",
        details={"filters": {k: str(v) for k, v in asked.filters.items()}, "as": logfile.wish()},
    )  # fmt: skip
    return response
