"""The bell: what happened, read and unread."""

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain.notices import bell
from portal import hypermedia
from portal.access import signed_in

bp = Blueprint("notices", __name__)
PAGE_SIZE = 50


@bp.get("/notices")
@signed_in
def index() -> Response:
    view = "unread" if request.args.get("view") == "unread" else "all"
    before = request.args.get("before", type=int)
    notices = bell.latest(g.tenant.id, g.user.id, PAGE_SIZE + 1, view == "unread", before)
    return hypermedia.page(
        "notices/index.html", notices=notices[:PAGE_SIZE], view=view, is_first=not before,
        unread=bell.unread_count(g.tenant.id, g.user.id),
        older=notices[PAGE_SIZE - 1].id if len(notices) > PAGE_SIZE else None,
    )  # fmt: skip


@bp.post("/notices/read")
@signed_in
def read() -> Response:
    bell.read_all(g.tenant.id, g.user.id)
    return hypermedia.done(url_for("notices.index"), _("All marked as read."))


@bp.post("/notices/<int:notice_id>/open")
@signed_in
def follow(notice_id: int) -> Response:
    """Mark it read and go where it leads."""
    notice = bell.get(g.tenant.id, g.user.id, notice_id)
    bell.mark(notice, read=True)
    return hypermedia.done(
        url_for("dashboard.index") + notice.url if notice.url else url_for("notices.index")
    )


@bp.post("/notices/<int:notice_id>")
@signed_in
def mark(notice_id: int) -> Response:
    """Read, or unread again."""
    notice = bell.get(g.tenant.id, g.user.id, notice_id)
    bell.mark(notice, read=request.form.get("read") == "1")
    view = "unread" if request.form.get("view") == "unread" else None
    return hypermedia.done(url_for("notices.index", view=view))
