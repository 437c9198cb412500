"""Own fields and status tracks of a tenant: administration."""

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain.accounts.permissions import Permission as P
from domain.errors import Invalid
from domain.subscribers.facets import fields, tracks
from domain.subscribers.facets.models import Holder, OwnField, StatusTrack
from portal import facets, hypermedia
from portal.access import requires

bp = Blueprint("fields", __name__)


@bp.get("/fields")
@requires(P.SUBSCRIBER_SEE)
def index() -> Response:
    return hypermedia.page(
        "fields/index.html", people=fields.every(g.tenant.id), kinds=fields.KINDS, tracks=tracks.every(g.tenant.id),
        organisations=fields.every(g.tenant.id, Holder.ORGANISATION),
    )  # fmt: skip


@bp.get("/fields/new")
@requires(P.SUBSCRIBER_EDIT)
def new() -> Response:
    return _edit(None)


@bp.post("/fields")
@requires(P.SUBSCRIBER_EDIT)
def create() -> Response:
    return _save(None)


@bp.get("/fields/<int:field_id>")
@requires(P.SUBSCRIBER_EDIT)
def edit(field_id: int) -> Response:
    return _edit(fields.get(g.tenant.id, field_id))


@bp.post("/fields/<int:field_id>")
@requires(P.SUBSCRIBER_EDIT)
def save(field_id: int) -> Response:
    return _save(fields.get(g.tenant.id, field_id))


@bp.post("/fields/<int:field_id>/move")
@requires(P.SUBSCRIBER_EDIT)
def move(field_id: int) -> Response:
    fields.move(fields.get(g.tenant.id, field_id), request.form.get("to") == "up")
    return hypermedia.done(url_for("fields.index"))


@bp.post("/fields/<int:field_id>/delete")
@requires(P.SUBSCRIBER_EDIT)
def delete(field_id: int) -> Response:
    field = fields.get(g.tenant.id, field_id)
    fields.delete(field, g.user.id)
    return hypermedia.done(url_for("fields.index"), _("“%(name)s” is deleted.", name=field.name))


@bp.get("/statuses/new")
@requires(P.SUBSCRIBER_EDIT)
def new_track() -> Response:
    return _edit_track(None)


@bp.post("/statuses")
@requires(P.SUBSCRIBER_EDIT)
def create_track() -> Response:
    return _save_track(None)


@bp.get("/statuses/<int:track_id>")
@requires(P.SUBSCRIBER_EDIT)
def edit_track(track_id: int) -> Response:
    return _edit_track(tracks.get(g.tenant.id, track_id))


@bp.post("/statuses/<int:track_id>")
@requires(P.SUBSCRIBER_EDIT)
def save_track(track_id: int) -> Response:
    return _save_track(tracks.get(g.tenant.id, track_id))


@bp.post("/statuses/<int:track_id>/delete")
@requires(P.SUBSCRIBER_EDIT)
def delete_track(track_id: int) -> Response:
    track = tracks.get(g.tenant.id, track_id)
    tracks.delete(track, g.user.id)
    return hypermedia.done(url_for("fields.index"), _("“%(name)s” is deleted.", name=track.name))


def _save(found: OwnField | None) -> Response:
    ticks = {name: name in request.form for name in ("required", "is_unique")}
    try:
        fields.save(g.tenant.id, {**request.form.to_dict(), **ticks}, g.user.id, found)
    except Invalid as error:
        return _edit(found, facets.wrong(error), 422)
    return hypermedia.done(url_for("fields.index"), _("Saved."))


def _edit(found: OwnField | None, wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    return hypermedia.page(
        "fields/edit.html", status=status, field=found, wrong=wrong or {}, kinds=fields.KINDS
    )


def _save_track(found: StatusTrack | None) -> Response:
    values = request.form.get("values", "").splitlines()
    try:
        tracks.save(g.tenant.id, request.form.get("name", ""), values, g.user.id, found)
    except Invalid as error:
        return _edit_track(found, facets.wrong(error), 422)
    return hypermedia.done(url_for("fields.index"), _("Saved."))


def _edit_track(
    found: StatusTrack | None, wrong: dict[str, str] | None = None, status: int = 200
) -> Response:
    values = next((v for track, v in tracks.every(g.tenant.id) if found and track.id == found.id), [])
    return hypermedia.page("fields/track.html", status=status, track=found, values=values, wrong=wrong or {})
