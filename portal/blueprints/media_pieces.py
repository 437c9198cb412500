"""Large files by script, piece by piece; without script a file comes whole (media.upload)."""

from flask import Blueprint, Response, g, jsonify, request
from flask_babel import gettext as _

from domain.accounts.permissions import Permission as P
from domain.errors import Conflict, Invalid, NotFound, OverLimit
from mediadb import library, pieces
from portal import media_desk
from portal.access import requires
from portal.errors import say

bp = Blueprint("media_pieces", __name__)


@bp.get("/media/pieces")
@requires(P.MEDIA_EDIT)
def held() -> Response:
    """How much of a file is here already."""
    return jsonify(held=pieces.held(g.tenant.id, g.user.id, request.args.get("upload", "")))


@bp.post("/media/pieces")
@requires(P.MEDIA_EDIT)
def keep() -> Response:
    file, key = request.files.get("file"), request.form.get("upload", "")
    if file is None:
        return media_desk.uploaded([], [("", _("Choose one or more files first."))])
    data = file.read(pieces.MOST_PIECE + 1)
    try:
        there = pieces.keep(g.tenant.id, g.user.id, key, request.form.get("number", 0, type=int), data)
    except (Invalid, OverLimit) as error:
        return media_desk.uploaded([], [("", say(error))])
    return jsonify(held=there)


@bp.post("/media/pieces/whole")
@requires(P.MEDIA_EDIT)
def whole() -> Response:
    """Make a file of the pieces; answered as the upload of a whole one."""
    key, folder_id = request.form.get("upload", ""), request.form.get("folder", type=int)
    media_desk.reach().need_change(folder_id)
    name = library.clean_name(request.form.get("name", ""))
    try:
        data = pieces.whole(g.tenant.id, g.user.id, key, request.form.get("size", 0, type=int))
        taken = library.take(g.tenant.id, g.user.id, name, data, folder_id)
    except NotFound:  # nobody has asked for the next piece in a day, or something came in between
        pieces.forget(g.tenant.id, g.user.id, key)
        return media_desk.uploaded([], [(name, _("The upload did not get through. Try again."))])
    except Conflict as error:  # the scanner is away: the pieces stay
        return media_desk.uploaded([], [(name, say(error))])
    except (Invalid, OverLimit) as error:
        pieces.forget(g.tenant.id, g.user.id, key)
        return media_desk.uploaded([], [(name, say(error))])
    pieces.forget(g.tenant.id, g.user.id, key)
    return media_desk.uploaded([taken], [])
