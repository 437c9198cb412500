"""The bell."""

from flask import Blueprint, Response, g, url_for
from flask_babel import gettext as _

from domain.notices import bell
from portal import hypermedia
from portal.access import signed_in

bp = Blueprint("notices", __name__)


@bp.get("/notices")
@signed_in
def index() -> Response:
    notices = bell.latest(g.tenant.id, g.user.id)
    return hypermedia.page(
        "notices/index.html", notices=notices, unread=any(n.read_at is None for n in notices)
    )


@bp.post("/notices/read")
@signed_in
def read() -> Response:
    bell.read_all(g.tenant.id, g.user.id)
    return hypermedia.done(url_for("notices.index"), _("All marked as read."))
