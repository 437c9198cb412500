"""What a request knows: connection, person, tenant of the URL, rights, language, zone."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Flask, Response, current_app, g, request, session
from werkzeug.local import LocalProxy

from domain import bounds, clock
from domain.accounts import duties, policy
from domain.audit import origin
from domain.db import connection, database, wait_at_most
from domain.errors import N_, Forbidden, NotFound
from domain.tenancy import settings as tenant_settings
from domain.tenancy import territory, tree
from domain.tenancy.models import TenantStatus

BUSY_S = 4.0  # as long as somebody waits for a page while others write
LANGUAGES = ("de", "en")
LANGUAGE_COOKIE = "rb-lang"


def init_app(app: Flask) -> None:
    app.before_request(_connect)
    app.after_request(_hold_streams)
    app.teardown_request(_disconnect)
    app.url_value_preprocessor(_take_tenant)
    app.url_defaults(_give_tenant)


def enter(slug: str) -> None:
    """Put the person into the tenant of the URL. A tenant without a role for him looks like a missing one."""
    tenant = tree.by_slug(slug)
    rights = policy.rights_of(g.user, tenant.id)
    if not rights.has_duty:
        g.administered = set()
    if not (rights.role_ids or rights.visit):
        raise NotFound
    if tenant.status in (TenantStatus.NO_SIGN_IN, TenantStatus.BLOCKED) and not rights.visit:
        raise Forbidden(
            N_("This tenant is suspended. Nothing of your work is lost; ask who administers the house.")
        )
    g.tenant, g.rights = tenant, rights
    if rights.visit:
        origin.acts_as("support")
    bounds.set_bound(territory.bound(tenant.id, rights.territory, g.user.id))
    if session.get("tenant") != tenant.slug:
        session["tenant"] = tenant.slug  # where the next visit begins


def administered() -> set[int]:
    """Ids of the tenants that the person of this request administers by a duty, asked once."""
    if "administered" not in g:
        g.administered = duties.administered(g.user)
    return g.administered


def effective_settings() -> dict[str, Any]:
    """The settings in force for the tenant of this request, read once."""
    if "tenant_settings" not in g:
        g.tenant_settings = tenant_settings.effective(g.tenant)
    return g.tenant_settings


def language() -> str:
    """The reader's language: forced by the page, own account, cookie, tenant, browser."""
    forced = g.get("language")
    if forced in LANGUAGES:
        return forced
    user = g.get("user")
    if user:
        return user.language
    for wished in (session.get("language"), request.cookies.get(LANGUAGE_COOKIE)):
        if wished in LANGUAGES:
            return wished
    if g.get("tenant"):
        return effective_settings()["language"]
    return request.accept_languages.best_match(LANGUAGES) or "de"


def time_zone() -> str:
    """The tenant's zone; the house default outside of tenants."""
    name = effective_settings()["time_zone"] if g.get("tenant") else "Europe/Berlin"
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError):
        return "Europe/Berlin"


def today() -> date:
    """Today in the tenant's zone."""
    return clock.now().astimezone(ZoneInfo(time_zone())).date()


def client_address() -> str:
    """The address the request came from."""
    return request.remote_addr or ""


current_rights = LocalProxy(lambda: g.get("rights", policy.NOTHING))


def _connect() -> None:
    g.user = None
    origin.begin(client_address(), _reference)
    bounds.set_bound(None)
    if request.endpoint != "static":
        g.opened = database.connect(reuse_if_open=True)
        if g.opened:
            wait_at_most(BUSY_S)


def _reference() -> str:
    """The ticket number that somebody of the house wrote into the form of this act."""
    return request.form.get("reference", "") if g.get("user") and request.method == "POST" else ""


def _disconnect(_error: BaseException | None) -> None:
    origin.end()
    bounds.set_bound(None)
    if g.pop("opened", False) and not database.is_closed():
        database.close()


def _hold_streams(response: Response) -> Response:
    """An answer that is streamed goes on when the frame of its request is gone: within the same territory, and over a
    connection of its own."""
    bound = bounds.current()
    if bound and response.is_streamed:
        response.response = bounds.held(bound, response.response)
    if response.is_streamed and not response.direct_passthrough:
        response.response = _connected(response.response)
    return response


def _connected(pieces: Iterable[Any]) -> Iterator[Any]:
    with connection():
        yield from pieces


def _take_tenant(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    if values and request.url_rule and request.url_rule.rule.startswith("/t/<tenant>"):
        g.tenant_slug = values.pop("tenant")


def _give_tenant(endpoint: str, values: dict[str, Any]) -> None:
    if "tenant" in values or not g.get("tenant"):
        return
    known = endpoint in current_app.view_functions
    if known and current_app.url_map.is_endpoint_expecting(endpoint, "tenant"):
        values["tenant"] = g.tenant.slug
