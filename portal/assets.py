"""Style sheets, scripts, fonts: addressed by what is in them, kept by browsers for a year, text sent compressed.

`url_for('static', filename=…)` adds `v`, a hash of the file: a new release has new addresses, so nothing that is kept
can be stale. `v=None` leaves it out, for files that another file names, such as the fonts in a style sheet.
"""

import gzip
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g, make_response, request, url_for
from werkzeug.utils import safe_join

TEXT = {".css", ".js", ".svg"}
KEPT_FOR_GOOD = "public, max-age=31536000, immutable"
SMALLEST_B = 1024  # below this compressing saves no packet


def init_app(app: Flask) -> None:
    app.url_defaults(_add_version)
    app.view_functions["static"] = serve
    app.jinja_env.globals["sprite"] = sprite


def sprite() -> str:
    """The address of the icons, made once for all icons of a page."""
    if "sprite" not in g:
        g.sprite = url_for("static", filename="vendor/icons.svg")
    return str(g.sprite)


def serve(filename: str) -> Response:
    """A file below static/; NotFound and conditional requests as Flask answers them."""
    folder = str(current_app.static_folder)
    path = Path(safe_join(folder, filename) or "")
    zipped = path.suffix in TEXT and "gzip" in request.headers.get("Accept-Encoding", "") and path.is_file()
    if zipped and path.stat().st_size >= SMALLEST_B:
        response = _zipped(path)
    else:
        response = make_response(current_app.send_static_file(filename))
    if path.suffix in TEXT:
        response.vary.add("Accept-Encoding")
    if response.status_code in (200, 304) and request.args.get("v") == version(folder, filename):
        response.headers["Cache-Control"] = KEPT_FOR_GOOD
    return response


def version(folder: str, filename: str) -> str:
    """Twelve hex digits of the file's content; empty for one that is missing."""
    path = Path(folder, filename)
    try:
        return _hash(path, path.stat().st_mtime_ns)
    except OSError:
        return ""


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and "filename" in values and "v" not in values:
        values["v"] = version(str(current_app.static_folder), values["filename"]) or None


def _zipped(path: Path) -> Response:
    changed = path.stat().st_mtime_ns
    response = make_response(_gzip(path, changed))
    response.mimetype = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}[path.suffix]
    response.headers["Content-Encoding"] = "gzip"
    response.set_etag(f"{_hash(path, changed)}-gzip")
    max_age = current_app.get_send_file_max_age(path.name)
    response.cache_control.public, response.cache_control.max_age = True, max_age
    response.make_conditional(request)
    return response


@lru_cache(maxsize=256)
def _hash(path: Path, changed_ns: int) -> str:
    return blake2b(path.read_bytes(), digest_size=6).hexdigest()


@lru_cache(maxsize=64)
def _gzip(path: Path, changed_ns: int) -> bytes:
    return gzip.compress(path.read_bytes(), 9, mtime=0)
