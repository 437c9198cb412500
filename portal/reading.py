"""What the pages of readers share: their tenant and language, form tokens, limits, and the frame around them."""

from typing import Any

from flask import Response, current_app, g, make_response, redirect, render_template, request, url_for

from dispatcher import webview
from dispatcher.rendering import looks
from dispatcher.rendering.render import base_url_of
from domain import tokens
from domain.errors import N_, NotFound
from domain.subscribers.consent import Trace
from domain.tenancy import settings as tenant_settings
from domain.tenancy import tree
from domain.tenancy.models import Tenant, TenantStatus
from mediadb import urls
from portal import context, throttle
from portal.errors import say

FORM_MIN_AGE_S = 2  # nobody reads and fills a form faster; a program does
FORM_MAX_AGE_S = 86_400
PER_NETWORK = "10 per hour"
PER_ADDRESS = "5 per hour"


def open_tenant(slug: str) -> Tenant:
    tenant = tree.by_slug(slug)
    if tenant.status == TenantStatus.BLOCKED:
        raise NotFound
    enter(tenant, request.accept_languages.best_match(context.LANGUAGES) or "")
    return tenant


def enter(tenant: Tenant, usual: str) -> None:
    """Tenant and language of this page: what the reader chose on it, else what is known of the reader or the
    newsletter (`usual`), else the tenant's."""
    g.tenant = tenant
    choices = (request.args.get("lang"), usual, context.effective_settings()["language"], "de")
    g.language = next(language for language in choices if language in context.LANGUAGES)


def sent(token: str) -> webview.Sent:
    try:
        sent = webview.find(token)
    except NotFound:
        raise NotFound(
            N_("This link is incomplete or was altered. Open the mail again and click the link in it.")
        ) from None
    if sent.tenant.status == TenantStatus.BLOCKED or g.get("host_tenant", sent.tenant).id != sent.tenant.id:
        raise NotFound
    enter(sent.tenant, (sent.person.language if sent.person else "") or sent.kind.language)
    return sent


def is_fresh(token: str) -> bool:
    min_age_s = current_app.config.get("FORM_MIN_AGE_S", FORM_MIN_AGE_S)
    try:
        return tokens.read_timed_token("form", token, FORM_MAX_AGE_S, min_age_s) == g.tenant.id
    except tokens.BadToken:
        return False


def within_limits(key: str) -> bool:
    network = throttle.network(context.client_address())
    return throttle.hit(PER_NETWORK, "sign-up-net", network) and throttle.hit(
        PER_ADDRESS, "sign-up", str(g.tenant.id), tokens.keyed_hash("sign-up", key)
    )


def trace(form: str, mail_id: int | None = None) -> Trace:
    return Trace(
        form=form, ip=context.client_address(), agent=request.user_agent.string or "", mail_id=mail_id
    )


def moved_on(endpoint: str, **values: Any) -> Response:
    """After a form: to another page of readers, in the language they chose on this one."""
    return make_response(redirect(url_for(endpoint, lang=request.args.get("lang"), **values), 303))


def link_for_mails(endpoint: str, **values: Any) -> str:
    """The whole address of a page, as it stands in a mail of this tenant."""
    base = base_url_of(g.tenant, current_app.config["SETTINGS"].public_url)
    return str(base + url_for(endpoint, **values))


def message(status: int, title: str, text: str) -> Response:
    response = page("public/message.html", status, title=title, text=text)
    if status == 429:
        response.headers["Retry-After"] = "3600"
    return response


def page(template: str, status: int = 200, **values: Any) -> Response:
    settings = context.effective_settings()
    response = make_response(
        render_template(
            template, public_tenant=g.tenant, logo=logo(), imprint=settings["imprint"],
            privacy_url=settings["privacy_url"],
            other_language=other_language(), **values,
        ),
        status,
    )  # fmt: skip
    response.vary.add("Accept-Language")
    return response


def logo() -> str:
    """The address of the tenant's logo, on the same host; empty without one."""
    found = looks.logo_of(tenant_settings.with_origin(g.tenant))
    return urls.path(found, "mail600") if found else ""


def other_language() -> tuple[str, str] | None:
    """(URL, name) of this page in the other language; none for answers to a POST, which cannot be linked."""
    other = "en" if g.language == "de" else "de"
    if request.method == "POST":
        return None
    arguments = {**(request.view_args or {}), **request.args.to_dict(), "lang": other}
    return url_for(request.endpoint or "", **arguments), {"de": "Deutsch", "en": "English"}[other]


def stale_link(tenant: Tenant) -> Response:
    """410 with the way on: sign up again."""
    return page("public/stale.html", 410, url=url_for("public.sign_up", tenant=tenant.slug))


def lost(error: NotFound) -> Response:
    """A page without anybody's name: an altered link must not tell whose it was."""
    return make_response(render_template("public/lost.html", text=say(error)), 404)
