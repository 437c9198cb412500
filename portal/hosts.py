"""A tenant's own host name: it serves the tenant's public pages, links, pictures and archive, and nothing else."""

from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from domain.tenancy import tree

PUBLIC = (
    "public",
    "measuring",
    "archive",
    "recommending",
    "agreeing",
    "own_data",
    "shared_previews",
    "media_public",
    "static",
)


def init_app(app: Flask) -> None:
    app.config["PUBLIC_HOST"] = urlsplit(app.config["SETTINGS"].public_url).hostname or ""
    app.before_request(_keep_to_the_tenant)


def _keep_to_the_tenant() -> Response | AnyResponse | None:
    """On a tenant's own host: its front page, its public routes; everything else leads to PUBLIC_URL."""
    host = urlsplit(f"//{request.host}").hostname or ""
    if host == current_app.config["PUBLIC_HOST"] or request.endpoint == "static" or "." not in host:
        return None
    tenant = tree.by_host(host)
    if tenant is None:
        return None
    g.host_tenant = tenant
    if request.path == "/":
        return redirect(url_for("public.sign_up", tenant=tenant.slug))
    area = (request.endpoint or "").partition(".")[0]
    if area in PUBLIC:
        named = (request.view_args or {}).get("tenant", tenant.slug)
        if named != tenant.slug:
            abort(404)
        return None
    if request.method in ("GET", "HEAD"):
        return redirect(current_app.config["SETTINGS"].public_url.rstrip("/") + request.full_path.rstrip("?"))
    abort(404)
