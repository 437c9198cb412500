"""Media: folders, uploads, choosing a picture; and the public addresses under which mails show them."""

from flask import Blueprint, Response, g, jsonify, request, send_file, url_for
from flask_babel import gettext as _, ngettext

from domain.accounts.permissions import Permission as P
from domain.errors import Invalid, NotFound
from mediadb import library, storage, urls
from mediadb.models import Asset, AssetKind
from portal import hypermedia
from portal.access import public, requires
from portal.errors import say

bp = Blueprint("media", __name__)
public_bp = Blueprint("media_public", __name__)
YEAR_S = 365 * 86_400


@bp.get("/media")
@requires(P.MEDIA_SEE)
def index() -> Response:
    return _index(None)


@bp.get("/media/f/<int:folder_id>")
@requires(P.MEDIA_SEE)
def folder(folder_id: int) -> Response:
    return _index(library.folder(g.tenant.id, folder_id).id)


@bp.get("/media/trash")
@requires(P.MEDIA_SEE)
def trashed() -> Response:
    return _index(None, trash=True)


@bp.get("/media/<int:asset_id>")
@requires(P.MEDIA_SEE)
def show(asset_id: int) -> Response:
    asset = library.get(g.tenant.id, asset_id)
    return hypermedia.page("media/show.html", asset=asset, uses=library.uses(asset), **_around(asset.folder_id))


@bp.get("/media/pick")
@requires(P.MEDIA_SEE)
def pick() -> Response:
    """Pictures to choose from, a fragment for article and issue."""
    text, before = request.args.get("q", ""), request.args.get("before", type=int)
    page = library.find(g.tenant.id, None, text, before, pictures_only=True, everywhere=True)
    return hypermedia.page("media/pick.html", "media/_pick.html", page=page, text=text)


@bp.post("/media/upload")
@requires(P.MEDIA_EDIT)
def upload() -> Response:
    """Take any number of files; each succeeds or fails for itself. By script one at a time, answered as JSON."""
    folder_id = request.form.get("folder", type=int)
    made, refused = [], []
    for file in request.files.getlist("file"):
        if not file.filename:
            continue
        try:
            made.append(library.upload(g.tenant.id, g.user.id, file.filename, file.read(library.MAX_BYTES + 1), folder_id))
        except Invalid as error:
            refused.append((library.clean_name(file.filename), say(error)))
    if request.headers.get("X-Requested-With") == "upload":
        return _as_json(made, refused)
    for name, reason in refused:
        hypermedia.flash(f"{name}: {reason}", "fail")
    if not made and not refused:
        hypermedia.flash(_("Choose one or more files first."), "hold")
    text = ngettext("%(num)s file uploaded.", "%(num)s files uploaded.", len(made)) if made else None
    return hypermedia.done(_folder_url(folder_id), text)


@bp.post("/media/<int:asset_id>")
@requires(P.MEDIA_EDIT)
def describe(asset_id: int) -> Response:
    asset = library.get(g.tenant.id, asset_id)
    form = request.form
    library.describe(asset, form.get("title", ""), form.get("alt", ""), form.get("credit", ""))
    library.move(asset, form.get("folder", type=int))
    return hypermedia.done(url_for("media.show", asset_id=asset.id), _("Saved."))


@bp.post("/media/<int:asset_id>/trash")
@requires(P.MEDIA_EDIT)
def trash(asset_id: int) -> Response:
    asset = library.get(g.tenant.id, asset_id)
    library.trash(asset, g.user.id)
    undo = url_for("media.restore", asset_id=asset.id)
    return hypermedia.done(_folder_url(asset.folder_id), _("“%(name)s” is in the trash.", name=asset.filename), undo=undo)


@bp.post("/media/<int:asset_id>/restore")
@requires(P.MEDIA_EDIT)
def restore(asset_id: int) -> Response:
    library.restore(library.get(g.tenant.id, asset_id))
    return hypermedia.done(url_for("media.show", asset_id=asset_id), _("Restored."))


@bp.post("/media/folders")
@requires(P.MEDIA_EDIT)
def make_folder() -> Response:
    parent_id = request.form.get("parent", type=int)
    try:
        made = library.make_folder(g.tenant.id, request.form.get("name", ""), parent_id)
    except Invalid as error:
        return hypermedia.done(_folder_url(parent_id), " ".join(_(str(t)) for t in error.fields.values()), "fail")
    return hypermedia.done(_folder_url(made.id))


@bp.post("/media/f/<int:folder_id>/remove")
@requires(P.MEDIA_EDIT)
def remove_folder(folder_id: int) -> Response:
    found = library.folder(g.tenant.id, folder_id)
    library.remove_folder(found)
    return hypermedia.done(_folder_url(found.parent_id), _("Folder deleted."))


@public_bp.get("/media/<key>/<size>")
@public
def served(key: str, size: str) -> Response:
    """A file by its unguessable key: pictures as they are, documents only as download."""
    found = library.served(key, size)
    if found is None:
        raise NotFound
    asset, digest, mime = found
    is_picture = asset.kind == AssetKind.PICTURE
    response = send_file(
        storage.path_of(digest), mimetype=mime, as_attachment=not is_picture, download_name=asset.filename,
        max_age=YEAR_S, etag=digest,
    )  # fmt: skip
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.cache_control.immutable = True
    return response


def _index(folder_id: int | None, trash: bool = False) -> Response:
    text = request.args.get("q", "").strip()[:100]
    page = library.find(g.tenant.id, folder_id, text, request.args.get("before", type=int), trashed=trash)
    return hypermedia.page("media/index.html", "media/_results.html", page=page, text=text, trash=trash, **_around(folder_id))


def _around(folder_id: int | None) -> dict[str, object]:
    folders = library.folders(g.tenant.id)
    here = next((f for f in folders if f.id == folder_id), None)
    return {"folders": folders, "folder": here, "folder_id": folder_id, "counts": library.counts(g.tenant.id)}


def _folder_url(folder_id: int | None) -> str:
    return url_for("media.folder", folder_id=folder_id) if folder_id else url_for("media.index")


def _as_json(made: list[Asset], refused: list[tuple[str, str]]) -> Response:
    if refused:
        response = jsonify(text=refused[0][1])
        response.status_code = 422
        return response
    if not made:
        response = jsonify(text=_("Choose one or more files first."))
        response.status_code = 422
        return response
    asset = made[0]
    return jsonify(
        id=asset.id, name=asset.filename, alt=asset.alt, thumb=urls.path(asset, "card"),
        url=url_for("media.show", asset_id=asset.id),
    )  # fmt: skip


