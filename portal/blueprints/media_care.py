"""Looking after media: crop and replace a file, several at once, rights of folders, ceilings, deleting for good."""

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from domain.accounts import rolebook
from domain.accounts.permissions import Permission as P
from domain.content import tags, views
from domain.errors import DomainError, Invalid, NotFound
from mediadb import labels, library, limits, treatment
from mediadb import reach as reaching
from mediadb.models import Asset
from portal import context, hypermedia, media_desk
from portal.access import may, requires
from portal.errors import say, say_fields

bp = Blueprint("media_care", __name__)
EDGES = ("left", "top", "width", "height")


@bp.get("/media/<int:asset_id>/crop")
@requires(P.MEDIA_EDIT)
def crop(asset_id: int) -> Response:
    return _crop(media_desk.asset(asset_id, changing=True))


@bp.post("/media/<int:asset_id>/crop")
@requires(P.MEDIA_EDIT)
def cut(asset_id: int) -> Response:
    """Numbers in percent of the picture; the page draws them, the keyboard writes them."""
    asset = media_desk.asset(asset_id, changing=True)
    numbers = {name: _per_mille(name) for name in (*EDGES, "x", "y")}
    try:
        if "whole" in request.form:
            treatment.cut(asset, g.user.id, None, None)
        elif any(value is None for value in numbers.values()):
            raise Invalid(fields={"crop": _("Enter numbers from 0 to 100.")})
        else:
            left, top, width, height, x, y = (value or 0 for value in numbers.values())
            treatment.cut(asset, g.user.id, (left, top, width, height), (x, y))
    except Invalid as error:
        return _crop(asset, 422, say_fields(error).get("crop") or say(error))
    return hypermedia.done(
        url_for("media.show", asset_id=asset.id), _("Saved. Everything that shows the picture follows.")
    )


@bp.get("/media/<int:asset_id>/replace")
@requires(P.MEDIA_EDIT)
def replacing(asset_id: int) -> Response:
    return _replace(media_desk.asset(asset_id, changing=True))


@bp.post("/media/<int:asset_id>/replace")
@requires(P.MEDIA_EDIT)
def replace(asset_id: int) -> Response:
    asset = media_desk.asset(asset_id, changing=True)
    file = request.files.get("file")
    if file is None or not file.filename:
        return _replace(asset, 422, _("Choose a file first."))
    data = file.read(limits.of(g.tenant.id).file_bytes + 1)
    try:
        treatment.replace(asset, g.user.id, file.filename, data)
    except DomainError as error:
        return _replace(asset, 422, say(error))
    return hypermedia.done(
        url_for("media.show", asset_id=asset.id), _("Replaced. Everything that shows the file follows.")
    )


@bp.post("/media/<int:asset_id>/purge")
@requires(P.MEDIA_DELETE)
def purge(asset_id: int) -> Response:
    asset = media_desk.asset(asset_id, changing=True)
    treatment.purge(asset, g.user.id)
    return hypermedia.done(url_for("media.trashed"), _("Deleted for good."))


@bp.post("/media/several")
@requires(P.MEDIA_EDIT)
def several() -> Response:
    """One act on the ticked files; what it cannot be done to is named with its reason, the others go on."""
    ids = [int(i) for i in request.form.getlist("asset") if i.isdigit() and len(i) < 18][:500]
    found = [media_desk.reach().need(a) for a in library.many(g.tenant.id, ids).values()]
    act = request.form.get("act", "")
    back = request.form.get("back", "")
    url = back if back.startswith(f"/t/{g.tenant.slug}/media") else url_for("media.index")
    if not ids or act not in ("move", "tag", "trash", "restore"):
        hypermedia.flash(_("Tick the files first."), "hold")
        return hypermedia.done(url)
    if not found:
        raise NotFound
    folder_id = request.form.get("folder", type=int)
    if act == "move":
        media_desk.reach().need_change(folder_id)
        if folder_id is not None:
            library.folder(g.tenant.id, folder_id)
    done = sum(_done(asset, act, folder_id) for asset in found)
    if done:
        hypermedia.flash(
            ngettext("%(num)s file changed.", "%(num)s files changed.", done)
            if act != "trash"
            else ngettext("%(num)s file is in the trash.", "%(num)s files are in the trash.", done)
        )
    return hypermedia.done(url)


def _done(asset: Asset, act: str, folder_id: int | None) -> bool:
    try:
        media_desk.reach().need_change(asset.folder_id)
        if act == "move":
            library.move(asset, folder_id)
        elif act == "tag":
            words = [*asset.tags, *tags.split(request.form.get("tag", ""))]
            library.describe(asset, asset.title, asset.alt, asset.credit, words, asset.licence_until)
        elif act == "restore":
            library.restore(asset)
        elif may(P.MEDIA_DELETE):
            library.trash(asset, g.user.id)
        else:
            return False
    except DomainError as error:
        hypermedia.flash(f"{asset.title or asset.filename}: {say(error)}", "hold")
        return False
    return True


@bp.post("/media/views")
@requires(P.MEDIA_SEE)
def keep() -> Response:
    """Keep folder and filters of the page under a name."""
    form = request.form
    wanted = {name: form.get(name, "")[:100] for name in (*media_desk.FILTERS, "folder")}
    if wanted["folder"]:
        media_desk.reach().need_folder(library.folder(g.tenant.id, form.get("folder", 0, int)))
    try:
        made = views.keep(g.tenant.id, labels.AREA, g.user.id, form.get("name", ""), wanted, "shared" in form)
    except Invalid as error:
        hypermedia.flash(say_fields(error).get("name") or say(error), "hold")
        return hypermedia.done(url_for("media.index"))
    return hypermedia.done(media_desk.view_url(made), _("View “%(name)s” kept.", name=made.name))


@bp.post("/media/views/<int:view_id>/remove")
@requires(P.MEDIA_SEE)
def forget(view_id: int) -> Response:
    gone = views.remove(g.tenant.id, view_id, g.user.id)
    return hypermedia.done(url_for("media.index"), _("View “%(name)s” deleted.", name=gone.name))


@bp.get("/media/f/<int:folder_id>/rights")
@requires(P.TENANT_EDIT)
def rights(folder_id: int) -> Response:
    folder = library.folder(g.tenant.id, folder_id)
    return hypermedia.page(
        "media/rights.html", folder=folder, roles=rolebook.roles_for(g.tenant.id),
        given=reaching.of_folders(g.tenant.id).get(folder.id, {}),
    )  # fmt: skip


@bp.post("/media/f/<int:folder_id>/rights")
@requires(P.TENANT_EDIT)
def set_rights(folder_id: int) -> Response:
    folder = library.folder(g.tenant.id, folder_id)
    roles = rolebook.roles_for(g.tenant.id)
    wanted = {
        role.id: request.form.get(f"role-{role.id}") == "edit"
        for role in roles
        if request.form.get(f"role-{role.id}") in ("use", "edit")
    }
    reaching.set_rights(folder, wanted, g.user.id, [role.id for role in roles])
    return hypermedia.done(url_for("media.folder", folder_id=folder.id), _("Rights of the folder saved."))


@bp.get("/media/limits")
@requires(P.TENANT_EDIT)
def ceilings() -> Response:
    return _limits()


@bp.post("/media/limits")
@requires(P.TENANT_EDIT)
def set_ceilings() -> Response:
    typed = {name: request.form.get(name, "").strip() for name in limits.FIELDS}
    wrong = {n: _("Enter a whole number.") for n, text in typed.items() if text and not _is_number(text)}
    if wrong:
        return _limits(422, wrong, typed)
    try:
        values = {name: int(text) if text else None for name, text in typed.items()}
        limits.set_limits(g.tenant.id, g.user.id, values, "zip_allowed" in request.form)
    except Invalid as error:
        return _limits(422, say_fields(error), typed)
    return hypermedia.done(url_for("media_care.ceilings"), _("Saved."))


def _crop(asset: Asset, status: int = 200, trouble: str = "") -> Response:
    if asset.kind != "picture" or asset.trashed_at:
        raise NotFound
    crop = asset.crop or [0, 0, 1000, 1000]
    focus = asset.focus or [500, 500]
    comma = "," if context.language() == "de" else "."
    values = {
        name: f"{number / 10:g}".replace(".", comma)
        for name, number in zip((*EDGES, "x", "y"), [*crop, *focus], strict=True)
    }
    typed = {name: request.form[name] for name in values if name in request.form}
    return hypermedia.page(
        "media/crop.html", status=status, asset=asset, values={**values, **typed}, trouble=trouble,
    )  # fmt: skip


def _replace(asset: Asset, status: int = 200, trouble: str = "") -> Response:
    return hypermedia.page(
        "media/replace.html", status=status, asset=asset, trouble=trouble, uses=len(library.uses(asset)),
        in_force=limits.of(g.tenant.id),
    )  # fmt: skip


def _limits(
    status: int = 200, wrong: dict[str, str] | None = None, typed: dict[str, str] | None = None
) -> Response:
    in_force = limits.of(g.tenant.id)
    return hypermedia.page(
        "media/limits.html", status=status, in_force=in_force, wrong=wrong or {}, house_mb=limits.HOUSE_FILE_MB,
        typed=typed or {n: getattr(in_force, n) or "" for n in limits.FIELDS}, used=limits.used(g.tenant.id),
        zip_allowed="zip_allowed" in request.form if typed else in_force.zip_allowed,
    )  # fmt: skip


def _per_mille(name: str) -> int | None:
    """A number in percent, as people of both languages type it, in per mille."""
    try:
        value = float(request.form.get(name, "").replace(",", "."))
    except ValueError:
        return None
    return round(value * 10) if 0 <= value <= 100 else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 9
