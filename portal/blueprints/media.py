"""Media: folders, uploads, choosing a picture; and the public addresses under which mails show them."""

import io
from typing import Any

from flask import Blueprint, Response, g, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from domain.accounts.permissions import Permission as P
from domain.content import tags
from domain.db import abreast, gathered
from domain.errors import Conflict, Invalid, NotFound, OverLimit
from domain.releases import ledger
from mediadb import approving, decoder, kinds, labels, library, limits, storage
from mediadb.models import Asset, AssetKind, Folder
from portal import context, hypermedia, media_desk, media_places, received
from portal.access import public, requires
from portal.errors import say, say_fields

bp = Blueprint("media", __name__)
public_bp = Blueprint("media_public", __name__)
YEAR_S, HOUR_S = 365 * 86_400, 3_600
MOST_TICKED = 100
FOR_THE_PORTAL = ("card", "thumb")  # sizes that lie as WebP and as AVIF
KINDS = ("", AssetKind.PICTURE, AssetKind.DOCUMENT)


@bp.get("/media")
@requires(P.MEDIA_SEE)
def index() -> Response:
    return _index(None)


@bp.get("/media/f/<int:folder_id>")
@requires(P.MEDIA_SEE)
def folder(folder_id: int) -> Response:
    return _index(_folder(folder_id).id)


@bp.get("/media/trash")
@requires(P.MEDIA_SEE)
def trashed() -> Response:
    return _index(None, trash=True)


@bp.get("/media/<int:asset_id>")
@requires(P.MEDIA_SEE)
def show(asset_id: int) -> Response:
    """One file with its facts beside its folder; for htmx only the panel."""
    return _show(_asset(asset_id))


@bp.get("/media/pick")
@requires(P.MEDIA_SEE)
def pick() -> Response:
    """Pictures to choose from, a fragment for article and issue."""
    text = request.args.get("q", "").strip()[:100]
    before, folder_id = request.args.get("before", type=int), request.args.get("folder", type=int)
    hidden, shared = media_desk.reach().hidden, received.folders()
    if folder_id is not None and folder_id < 0:  # a folder of another tenant, by the number of its release
        release = ledger.receive(g.tenant, -folder_id)
        if release.kind != "folder":
            raise NotFound
        page = library.find(release.tenant_id, release.object_id, "", before, pictures_only=True)
    else:
        page = library.find(
            g.tenant.id,
            folder_id,
            text,
            before,
            pictures_only=True,
            everywhere=folder_id is None,
            hidden=hidden,
        )
    return hypermedia.page(
        "media/pick.html", "media/_pick.html", page=page, text=text, folder_id=folder_id, today=context.today(),
        folders=[f for f in library.folders(g.tenant.id) if f.id not in hidden], shared=shared,
    )  # fmt: skip


@bp.get("/media/documents")
@requires(P.MEDIA_SEE)
def documents() -> Response:
    """Documents to tick for an article, a fragment: those ticked stay, then what a search finds."""
    ids = [int(i) for i in request.args.getlist("documents") if i.isdigit() and len(i) < 18][:MOST_TICKED]
    chosen = [a for a in library.many(g.tenant.id, ids).values() if a.kind == AssetKind.DOCUMENT]
    text, hidden = request.args.get("find", "").strip()[:100], media_desk.reach().hidden
    found = library.find(g.tenant.id, text=text, kind=AssetKind.DOCUMENT, everywhere=True, hidden=hidden)
    return hypermedia.fragment(
        "articles/_documents.html", documents=[a for a in chosen if a.folder_id not in hidden],
        offered=found.assets[:30], more=found.total > 30, text=text,
    )  # fmt: skip


@bp.post("/media/upload")
@requires(P.MEDIA_EDIT)
def upload() -> Response:
    """Take any number of files; each succeeds or fails for itself. By script one at a time, answered as JSON."""
    folder_id = request.form.get("folder", type=int)
    media_desk.reach().need_change(folder_id)
    most = limits.of(g.tenant.id).file_bytes
    made: list[library.Taken] = []
    refused: list[tuple[str, str]] = []
    for file in request.files.getlist("file"):
        if not file.filename:
            continue
        data = file.read(most + 1)
        try:
            if "picture" in request.form:
                kinds.check_picture(file.filename)
            made.append(library.take(g.tenant.id, g.user.id, file.filename, data, folder_id))
        except (Invalid, OverLimit, Conflict) as error:
            refused.append((library.clean_name(file.filename), say(error)))
    if request.headers.get("X-Requested-With") == "upload":
        return media_desk.uploaded(made, refused)
    for name, reason in refused:
        hypermedia.flash(f"{name}: {reason}", "fail")
    for taken in made:
        if taken.known:
            name = taken.asset.title or taken.asset.filename
            hypermedia.flash(
                _("“%(name)s” is in the media already and was not stored again.", name=name), "hold"
            )
    if not made and not refused:
        hypermedia.flash(_("Choose one or more files first."), "hold")
    new = sum(not taken.known for taken in made)
    text = ngettext("%(num)s file uploaded.", "%(num)s files uploaded.", new) if new else None
    return hypermedia.done(_folder_url(folder_id), text)


@bp.post("/media/<int:asset_id>")
@requires(P.MEDIA_EDIT)
def describe(asset_id: int) -> Response:
    asset = _asset(asset_id, changing=True)
    form = request.form
    until = form.get("licence_until", "").strip()
    day = media_desk.day(until)
    if until and day is None:
        return _show(asset, 422, licence_error=_("Enter a day, for example 2027-12-31."))
    library.describe(
        asset, form.get("title", ""), form.get("alt", ""), form.get("credit", ""),
        tags.split(form["tags"]) if "tags" in form else None, day,
    )  # fmt: skip
    approving.changed(asset, g.user)
    if "folder" in form:
        folder_id = form.get("folder", type=int)
        media_desk.reach().need_change(folder_id)
        library.move(asset, folder_id)
    return hypermedia.done(url_for("media.show", asset_id=asset.id), _("Saved."))


@bp.post("/media/<int:asset_id>/trash")
@requires(P.MEDIA_DELETE)
def trash(asset_id: int) -> Response:
    asset = _asset(asset_id, changing=True)
    library.trash(asset, g.user.id)
    undo = url_for("media.restore", asset_id=asset.id)
    text = _("“%(name)s” is in the trash.", name=asset.title or asset.filename)
    return hypermedia.done(_folder_url(asset.folder_id), text, undo=undo)


@bp.post("/media/<int:asset_id>/restore")
@requires(P.MEDIA_EDIT)
def restore(asset_id: int) -> Response:
    library.restore(_asset(asset_id, changing=True))
    return hypermedia.done(url_for("media.show", asset_id=asset_id), _("Restored."))


@bp.post("/media/folders")
@requires(P.MEDIA_EDIT)
def make_folder() -> Response:
    parent_id = request.form.get("parent", type=int)
    media_desk.reach().need_change(parent_id)
    try:
        made = library.make_folder(g.tenant.id, request.form.get("name", ""), parent_id)
    except Invalid as error:
        return _index(parent_id, status=422, folder_error=say_fields(error)["name"])
    return hypermedia.done(_folder_url(made.id), _("Folder created."))


@bp.post("/media/f/<int:folder_id>/rename")
@requires(P.MEDIA_EDIT)
def rename_folder(folder_id: int) -> Response:
    found = _folder(folder_id, changing=True)
    try:
        library.rename_folder(found, request.form.get("name", ""))
    except Invalid as error:
        return _index(folder_id, status=422, rename_error=say_fields(error)["name"])
    return hypermedia.done(_folder_url(found.id), _("Folder renamed."))


@bp.post("/media/f/<int:folder_id>/remove")
@requires(P.MEDIA_DELETE)
def remove_folder(folder_id: int) -> Response:
    found = _folder(folder_id, changing=True)
    library.remove_folder(found)
    return hypermedia.done(_folder_url(found.parent_id), _("Folder deleted."))


@public_bp.get("/media/<key>/<size>")
@public
def served(key: str, size: str) -> Response:
    """A file by its unguessable key: pictures as they are, documents only as download. The content behind an
    address never changes, so that everybody may keep it; a former address leads on and is asked again."""
    portals = size in FOR_THE_PORTAL
    found = library.served(key, size + decoder.AVIF) if portals and takes_avif() else None
    found = found or library.served(key, size)
    if found is None or not storage.exists(found.digest):
        raise NotFound
    here = storage.path_of(found.digest)
    response = send_file(
        here or io.BytesIO(storage.read(found.digest)), mimetype=found.mime,
        as_attachment=found.asset.kind != AssetKind.PICTURE and size == "file",
        download_name=found.asset.filename, max_age=HOUR_S if found.moved else YEAR_S, etag=found.digest,
    )  # fmt: skip
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.cache_control.immutable = not found.moved
    if portals:
        response.vary.add("Accept")
    return response


def takes_avif() -> bool:
    """Whether the browser says so by name: mail programs and old browsers get what everybody reads."""
    return "image/avif" in request.headers.get("Accept", "")


def _asset(asset_id: int, changing: bool = False) -> Asset:
    return media_desk.asset(asset_id, changing)


def _folder(folder_id: int, changing: bool = False) -> Folder:
    folder = next((f for f in media_desk.folders() if f.id == folder_id), None)
    if folder is None:
        raise NotFound
    found = media_desk.reach().need_folder(folder)
    if changing:
        media_desk.reach().need_change(found.id)
    return found


def _show(asset: Asset, status: int = 200, **wrong: str) -> Response:
    listing, found = abreast(
        lambda: _listing(asset.folder_id, trash=asset.trashed_at is not None),
        lambda: gathered(
            places=lambda: media_places.of(asset),
            sizes=lambda: library.renditions(asset),
            guarded=lambda: approving.guard(g.tenant.id, asset.folder_id) is not None,
            asked=lambda: approving.latest(asset) if asset.tenant_id == g.tenant.id else None,
            cleared=lambda: not approving.uncleared(g.tenant.id, [asset]),
        ),
    )
    return hypermedia.page(
        "media/index.html", "media/_panel.html", status=status, asset=asset, wrong=wrong, **listing, **found
    )


def _index(folder_id: int | None, trash: bool = False, status: int = 200, **trouble: str) -> Response:
    return hypermedia.page(
        "media/index.html", "media/_results.html", status=status, trouble=trouble,
        **_listing(folder_id, trash),
    )  # fmt: skip


def _listing(folder_id: int | None, trash: bool) -> dict[str, Any]:
    """A page of files and the tree around it."""
    text, kind = request.args.get("q", "").strip()[:100], request.args.get("kind", "")
    kind = kind if kind in KINDS else ""
    tag, lacking = request.args.get("tag", "")[:60], request.args.get("lacking", "")
    reach = media_desk.reach()
    today = context.today()
    filtered = trash or bool(text or kind or tag or lacking)

    def page_of() -> tuple[library.Page, set[int]]:
        page = library.find(
            g.tenant.id, folder_id, text, request.args.get("before", type=int), trashed=trash, kind=kind,
            everywhere=folder_id is None, hidden=reach.hidden, tag=tag, lacking=lacking, today=today,
            counting=filtered,
        )  # fmt: skip
        return page, library.previews(g.tenant.id, page.assets)

    (page, previews), folders, (everywhere, in_trash), in_force, offers, shared = abreast(
        page_of, media_desk.folders, lambda: library.counts(g.tenant.id), lambda: limits.of(g.tenant.id),
        lambda: _offers(trash), _shared,
    )  # fmt: skip
    folders = [f for f in folders if f.id not in reach.hidden]
    counts = {k: n for k, n in everywhere.items() if k not in reach.hidden}
    path = library.path_to(folders, folder_id)
    known = sum(counts.values()) if folder_id is None else counts.get(folder_id, 0)
    return {
        "page": page, "total": page.total if filtered else known, "text": text, "previews": previews,
        "kind": kind, "tag": tag, "lacking": lacking, "filters": media_desk.filters(), **offers,
        "trash": trash, "folders": folders, "path": path, **shared,
        "folder": path[-1] if path else None, "folder_id": folder_id, "counts": _with_subfolders(folders, counts),
        "all_count": sum(counts.values()), "trashed_count": in_trash,
        "in_force": in_force, "may_change": reach.may_change, "today": today,
        "here": url_for("media.trashed") if trash else _folder_url(folder_id), "below": _by_parent(folders),
    }  # fmt: skip


def _offers(trash: bool) -> dict[str, Any]:
    """Tags and kept views around the list, not asked for when htmx wants a part of the page."""
    if trash or hypermedia.wants_fragment():
        return {"tags": [], "saved": [], "view_urls": {}, "saved_id": None}
    found = labels.offered(g.tenant.id, g.user.id)
    return {
        "tags": found.tags, "saved": found.views, "saved_id": request.args.get("saved", type=int),
        "view_urls": {view.id: media_desk.view_url(view) for view in found.views},
    }  # fmt: skip


def _shared() -> dict[str, Any]:
    """Folders released to others and by others, not asked for when htmx wants a part of the page."""
    if hypermedia.wants_fragment():
        return {"opened": {}, "lent": {}}
    return {"opened": ledger.opened(g.tenant.id, "folder"), "lent": received.folders()}


def _by_parent(folders: list[Folder]) -> dict[int | None, list[Folder]]:
    """Id of a folder (None: the top) → the folders in it."""
    below: dict[int | None, list[Folder]] = {}
    for folder in folders:
        below.setdefault(folder.parent_id, []).append(folder)
    return below


def _with_subfolders(folders: list[Folder], counts: dict[int | None, int]) -> dict[int, int]:
    """Folder id → number of files in it and in the folders below."""
    above = {folder.id: folder.parent_id for folder in folders}
    totals: dict[int, int] = {}
    for folder in folders:
        at, passed = folder.id, set()
        while at in above and at not in passed:
            totals[at] = totals.get(at, 0) + counts.get(folder.id, 0)
            passed.add(at)
            at = above[at]
    return totals


def _folder_url(folder_id: int | None) -> str:
    return url_for("media.folder", folder_id=folder_id) if folder_id else url_for("media.index")
