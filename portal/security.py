"""Headers of every answer. Pages take everything from this host and run no inline script or style."""

from flask import Flask, Response, current_app, g, request

PAGE_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'{relaxed}; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
PEOPLE_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self'; "
    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

# texts of our own frame: our style sheet beside them, still no script
READER_POLICY = PEOPLE_POLICY.replace("'unsafe-inline'", "'self'").replace(
    "sandbox", "sandbox allow-same-origin", 1
)


def init_app(app: Flask) -> None:
    app.after_request(_headers)


def peoples_html(html: str | bytes) -> Response:
    """People's HTML as a document of its own: opaque origin, no script, no cookie (design.md, section 5)."""
    response = Response(html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = PEOPLE_POLICY
    return response


def _headers(response: Response) -> Response:
    headers = response.headers
    # a page that holds the rich-text editor sets g.relaxed_styles; scripts are never relaxed
    relaxed = " 'unsafe-inline'" if g.get("relaxed_styles") else ""
    headers.setdefault("Content-Security-Policy", PAGE_POLICY.format(relaxed=relaxed))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    if current_app.config["SETTINGS"].is_https:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint != "static" and response.mimetype == "text/html":
        headers.setdefault("Cache-Control", "no-store" if g.get("user") else "no-cache")
    return response
