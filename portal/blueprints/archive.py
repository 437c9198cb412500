"""The public archive of a newsletter type: a list, each mail in the sandbox, and a feed. No session, no script."""

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from dispatcher import archive
from domain.errors import NotFound
from domain.subscribers.models import NewsletterType
from domain.tenancy import tree
from domain.tenancy.models import Tenant, TenantStatus
from portal import context, sending
from portal.access import public
from portal.errors import say
from portal.security import peoples_html

bp = Blueprint("archive", __name__)
KEPT_S = 300  # seconds that others may keep list and feed


@bp.get("/n/<tenant>/<slug>/archive")
@public
def show(tenant: str, slug: str) -> Response:
    found, kind = _enter(tenant, slug)
    entries, older = archive.entries(kind, request.args.get("before", type=int))
    settings = context.effective_settings()
    page = render_template(
        "archive/show.html", public_tenant=found, kind=kind, entries=entries, older=older,
        imprint=settings["imprint"], privacy_url=settings["privacy_url"], other_language=None,
    )  # fmt: skip
    return make_response(page)


@bp.get("/n/<tenant>/<slug>/archive/<int:issue_id>")
@public
def mail(tenant: str, slug: str, issue_id: int) -> Response:
    """One mail, as nobody in particular got it."""
    found, kind = _enter(tenant, slug)
    back = sending.base_url() + url_for("public.sign_up", tenant=found.slug, slug=kind.slug)
    _entry, html = archive.page(found, kind, issue_id, back)
    return peoples_html(sending.own_pictures(html))


@bp.get("/n/<tenant>/<slug>/feed.xml")
@public
def feed(tenant: str, slug: str) -> Response:
    """Atom (RFC 4287): the newest mails with their links into the archive."""
    found, kind = _enter(tenant, slug)
    entries, _older = archive.entries(kind)
    text = render_template(
        "archive/feed.xml", public_tenant=found, kind=kind, entries=entries, base=sending.base_url()
    )
    response = Response(text, mimetype="application/atom+xml")
    response.headers["Cache-Control"] = f"public, max-age={KEPT_S}"
    return response


@bp.errorhandler(NotFound)
def _lost(error: NotFound) -> Response:
    return make_response(render_template("public/lost.html", text=say(error)), 404)


def _enter(slug: str, kind_slug: str) -> tuple[Tenant, NewsletterType]:
    """Tenant and type in whose language the page speaks; raises NotFound for a type without an archive."""
    found = tree.by_slug(slug)
    if found.status == TenantStatus.BLOCKED:
        raise NotFound
    kind = archive.kind(found.id, kind_slug)
    g.tenant = found
    g.language = kind.language if kind.language in context.LANGUAGES else "de"
    return found, kind
