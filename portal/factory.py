"""Put the portal together: one Flask application from the settings."""

import importlib
import importlib.util
from datetime import timedelta

import structlog
from flask import Flask
from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect

from dispatcher import queues
from dispatcher.housemail import letterhead
from domain import tokens
from mediadb import scanner, storage
from portal import (
    access,
    assets,
    context,
    errors,
    facets,
    filters,
    hosts,
    hypermedia,
    issue_rights,
    logs,
    navigation,
    received,
    security,
    states,
    throttle,
)
from portal.settings import Settings

csrf = CSRFProtect()
babel = Babel()

MAX_REQUEST_BYTES = 64 * 1024 * 1024  # several media at once; each file has its own, lower ceiling
IN_TENANT = (
    "dashboard", "articles", "article_picture", "presence", "versions", "pool", "pool_care", "calendar", "expected",
    "media", "media_care", "media_pieces",
    "issues", "blocks", "mailtemplates", "blocktemplates",
    "automailers", "enrolments",
    "campaigns", "measured", "followups", "pacing", "approvals", "approval_flows", "asking",
    "trials", "preflights", "previews", "letters", "attachments",
    "duplicates",
    "lists", "imports", "subscribers", "records", "organisations", "segments", "fields", "robinson", "types",
    "selection", "exclusions",
    "volume", "orders", "rollouts", "releases", "administering",
    "users", "roles", "tenants", "relays", "dispatch", "senders", "audit",
    "notices",
    "territory",
)  # fmt: skip
OUTSIDE = (
    "session",
    "account",
    "setup",
    "house",
    "house_relays",
    "house_dispatch",
    "house_pacing",
    "house_rollouts",
    "house_log",
    "person_desk",
    "approve",
    "inbox",
    "public",
    "measuring",
    "archive",
    "recommending",
    "agreeing",
    "confirming",
    "own_data",
)


def create_app(settings: Settings) -> Flask:
    """The application; the database is bound by the caller and connected for each request."""
    app = Flask("portal", root_path=str(importlib.resources.files("portal")))
    app.config.update(
        SECRET_KEY=settings.session_key,
        SETTINGS=settings,
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        SESSION_COOKIE_NAME="__Host-rb" if settings.is_https else "rb",
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(hours=1),
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: nobody loses an article to a clock
        WTF_CSRF_SSL_STRICT=settings.is_https,
        BABEL_DEFAULT_LOCALE="de",
        BABEL_TRANSLATION_DIRECTORIES="translations",
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    if not structlog.is_configured():
        logs.configure()
    tokens.configure(settings.secret_key)
    storage.configure(settings.media_url)
    scanner.configure(settings.clamd_url)
    queues.configure(settings.queue_url)
    letterhead.configure(settings.public_url)  # links in mails about approvals
    assets.init_app(app)
    hypermedia.init_app(app)
    context.init_app(app)
    hosts.init_app(app)
    access.init_app(app)
    issue_rights.init_app(app)
    csrf.init_app(app)
    babel.init_app(app, locale_selector=context.language, timezone_selector=context.time_zone)
    security.init_app(app)
    errors.init_app(app)
    filters.init_app(app)
    facets.init_app(app)
    navigation.init_app(app)
    states.init_app(app)
    received.init_app(app)
    throttle.init_app(app)
    _register(app)
    return app


def _register(app: Flask) -> None:
    """Blueprints by area; `bp` stands below its tenant (or outside), `public_bp` of a tenant area outside."""
    for name in (*IN_TENANT, *OUTSIDE):
        if importlib.util.find_spec(f"portal.blueprints.{name}") is None:
            continue
        module = importlib.import_module(f"portal.blueprints.{name}")
        app.register_blueprint(module.bp, url_prefix="/t/<tenant>" if name in IN_TENANT else None)
        if hasattr(module, "public_bp"):
            app.register_blueprint(module.public_bp)
        for view in getattr(module, "CSRF_EXEMPT", ()):
            csrf.exempt(view)
