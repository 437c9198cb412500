"""What every page of the media asks first: which folders the person reaches, and a file that lies in them."""

from datetime import date

from flask import Response, g, jsonify, request, url_for
from flask_babel import gettext as _

from domain.content.models import SavedView
from mediadb import library, urls
from mediadb import reach as reaching
from mediadb.models import Asset, Folder


def reach() -> reaching.Reach:
    """Which folders the person does not reach, asked once per request."""
    if "media_reach" not in g:
        g.media_reach = reaching.of(g.tenant.id, g.rights)
    return g.media_reach


def folders() -> list[Folder]:
    """Every folder of the tenant, asked once per request."""
    if "media_folders" not in g:
        g.media_folders = library.folders(g.tenant.id)
    return g.media_folders


def newest_pictures() -> list[Asset]:
    """What can be chosen without script, where no dialog opens; nothing from folders that are closed to the person."""
    if "newest_pictures" not in g:
        g.newest_pictures = library.find(
            g.tenant.id, pictures_only=True, everywhere=True, hidden=reach().hidden
        ).assets
    return list(g.newest_pictures)


def asset(asset_id: int, changing: bool = False) -> Asset:
    """A file that the person may see, or change; raises NotFound, Forbidden."""
    found = reach().need(library.get(g.tenant.id, asset_id))
    if changing:
        reach().need_change(found.folder_id)
    return found


FILTERS = ("q", "kind", "tag", "lacking")


def filters() -> dict[str, str]:
    """The filters of the address without the page."""
    return {name: request.args[name] for name in FILTERS if request.args.get(name)}


def view_url(view: SavedView) -> str:
    """Where a kept view of the media leads: its folder with its filters."""
    kept = {name: value for name, value in view.query.items() if name in FILTERS}
    folder_id = str(view.query.get("folder", ""))
    if folder_id.isdigit():
        return url_for("media.folder", folder_id=int(folder_id), saved=view.id, **kept)
    return url_for("media.index", saved=view.id, **kept)


def day(text: str) -> date | None:
    """A day typed as 2027-12-31; None for all else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def uploaded(made: list[library.Taken], refused: list[tuple[str, str]]) -> Response:
    """The answer to one file sent by script: what it became, or why not."""
    if refused or not made:
        response = jsonify(text=refused[0][1] if refused else _("Choose one or more files first."))
        response.status_code = 422
        return response
    asset = made[0].asset
    return jsonify(
        id=asset.id, name=asset.title or asset.filename, alt=asset.alt, thumb=urls.path(asset, "card"),
        url=url_for("media.show", asset_id=asset.id), kind=asset.kind, known=made[0].known,
        text=_("Already in the media, not stored again") if made[0].known else _("Uploaded"),
    )  # fmt: skip
