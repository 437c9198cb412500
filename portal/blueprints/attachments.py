"""Files that travel with an issue: uploaded on the spot or chosen from the media."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from dispatcher.rendering import enclosing, render
from domain.accounts.permissions import Permission as P
from domain.errors import Conflict, DomainError, Invalid
from domain.issues import assembly, attachments
from domain.issues.models import Issue
from mediadb import library
from portal import hypermedia, media_desk, sending
from portal.access import may, requires
from portal.errors import say
from portal.issue_rights import edits, edits_issue

bp = Blueprint("attachments", __name__)
SHOWN = 12  # files of the media that are offered


@bp.get("/issues/<int:issue_id>/attachments")
@requires(P.ISSUE_SEE)
def show(issue_id: int) -> Response:
    return _page(assembly.get(g.tenant.id, issue_id))


@bp.post("/issues/<int:issue_id>/attachments")
@edits_issue
def add(issue_id: int) -> Response:
    """A file of the media by its number, or uploaded ones, which are kept in the media, too."""
    issue = assembly.open_issue(g.tenant.id, issue_id)
    chosen = request.form.get("asset_id", 0, int)
    try:
        if chosen:
            _take(issue, media_desk.asset(chosen).id)
        elif may(P.MEDIA_EDIT):
            for file in request.files.getlist("file"):
                if file.filename:
                    data = file.read(attachments.MAX_BYTES + 1)
                    attachments.check_size(len(data))  # before it is stored
                    _take(issue, library.upload(g.tenant.id, g.user.id, file.filename, data).id)
    except (Invalid, Conflict) as error:
        return _page(issue, error, 422)
    return hypermedia.done(url_for("attachments.show", issue_id=issue.id))


@bp.post("/issues/<int:issue_id>/attachments/pictures")
@edits_issue
def carry(issue_id: int) -> Response:
    """Whether the pictures of the text travel in the mail, too."""
    issue = assembly.open_issue(g.tenant.id, issue_id)
    try:
        attachments.carry_pictures(issue, request.form.get("inside") == "y")
    except Conflict as error:
        return _page(issue, error, 422)
    return hypermedia.done(url_for("attachments.show", issue_id=issue.id), _("Saved."))


@bp.post("/issues/<int:issue_id>/attachments/<int:asset_id>/remove")
@edits_issue
def remove(issue_id: int, asset_id: int) -> Response:
    issue = assembly.open_issue(g.tenant.id, issue_id)
    attachments.remove(issue, asset_id)
    return hypermedia.done(url_for("attachments.show", issue_id=issue.id))


def _take(issue: Issue, asset_id: int) -> None:
    asset = library.get(g.tenant.id, asset_id)
    others = sum(found.size_bytes for found in enclosing.of(issue) if found.asset_id != asset.id)
    attachments.add(issue, asset.id, asset.size_bytes, others)


def _page(issue: Issue, error: DomainError | None = None, status: int = 200) -> Response:
    base_url = sending.base_url()
    rendered = render.render(g.tenant, issue, base_url)
    files, pictures = rendered.files, enclosing.pictures(rendered.source.html, base_url)
    text = request.args.get("q", "").strip()[:100]
    editable = issue.state in assembly.EDITABLE and edits(issue)
    offered: list[Any] = []
    if editable and may(P.MEDIA_SEE):
        page = library.find(
            g.tenant.id, text=text, everywhere=True, kind="" if text else "document",
            hidden=media_desk.reach().hidden,
        )  # fmt: skip
        taken = {found.asset_id for found in files}
        offered = [asset for asset in page.assets if asset.id not in taken][:SHOWN]
    return hypermedia.page(
        "attachments/show.html", status=status, issue=issue, files=files, offered=offered, q=text,
        editable=editable, total=sum(found.size_bytes for found in files), most=attachments.MAX_BYTES,
        pictures=len(pictures), pictures_bytes=sum(found.size_bytes for found in pictures),
        weight=replace(rendered, pictures=pictures if issue.pictures_inside else ()).weight_bytes,
        wrong=say(error) if error else "", uploading=may(P.MEDIA_EDIT), title=_("Attachments"),
    )  # fmt: skip
