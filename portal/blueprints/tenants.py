"""Settings of the tenant, with where a value comes from; its verified sender domains."""

import re

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain import clock
from domain.accounts.permissions import Permission as P
from domain.audit import log
from domain.db import database
from domain.errors import N_, Invalid, NotFound
from domain.senders.models import SenderDomain
from domain.subscribers import addresses
from domain.tenancy import settings as tenant_settings
from portal import hypermedia
from portal.access import requires
from portal.errors import say_fields

bp = Blueprint("tenants", __name__)
TEXTS = (
    "sender_name",
    "sender_address",
    "reply_to",
    "imprint",
    "privacy_url",
    "colour",
    "language",
    "time_zone",
)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\x85\u2028\u2029]")
_DOMAIN = re.compile(r"(?=.{4,253}\Z)([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}\Z")


@bp.get("/admin/tenant")
@requires(P.TENANT_EDIT)
def edit() -> Response:
    return _page()


@bp.post("/admin/tenant")
@requires(P.TENANT_EDIT)
def save() -> Response:
    """An empty field inherits again."""
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    wanted: dict[str, object] = {}
    for key in TEXTS:
        text = request.form.get(key, "").replace("\r\n", "\n").strip()[:2000]
        if _CONTROL.search(text) or ("\n" in text and key != "imprint"):
            wrong[key] = N_("Line breaks and control characters are not allowed here.")
        if text and key in ("sender_address", "reply_to"):
            try:
                text = addresses.parse(text).written
            except addresses.BadAddress as error:
                wrong[key] = error.message
        if text and key == "privacy_url" and not text.startswith(("https://", "http://")):
            wrong[key] = N_("A link begins with https:// or http://.")
        wanted[key] = text or None
    if wanted.get("language") not in (None, "de", "en"):
        wrong["language"] = N_("Choose German or English.")
    wanted["approval_self"] = "approval_self" in request.form or None
    name = " ".join(request.form.get("name", "").split())[:120]
    if not name:
        wrong["name"] = N_("Enter the name.")
    try:
        if wrong:
            raise Invalid(fields=wrong)
        with database.atomic():
            changed = tenant_settings.change(g.tenant, wanted)
            if name != g.tenant.name:
                changed["name"] = (g.tenant.name, name)
                g.tenant.name = name
                g.tenant.save()
            if changed:
                log.record(
                    g.tenant.id,
                    "tenant.settings",
                    user_id=g.user.id,
                    kind="tenant",
                    object_id=g.tenant.id,
                    details=changed,
                )
    except Invalid as error:
        return _page(say_fields(error), 422)
    return hypermedia.done(url_for("tenants.edit"), _("Saved."))


@bp.post("/admin/tenant/domains")
@requires(P.TENANT_EDIT)
def vouch() -> Response:
    """Vouch for a sender domain, with a reason that stays in the log."""
    domain, reason = (
        request.form.get("domain", "").strip().casefold().rstrip("."),
        request.form.get("reason", "").strip()[:300],
    )
    wrong = {}
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        domain = ""
    if not _DOMAIN.match(domain):
        wrong["domain"] = _("Write the domain like example.org.")
    if not reason:
        wrong["reason"] = _(
            "Say why this domain may be used, for example “DNS checked on the phone with IT”."
        )
    if wrong:
        return _page(wrong, 422)
    with database.atomic():
        SenderDomain.insert(
            tenant_id=g.tenant.id, domain=domain, verified_at=clock.now(), verified_by_id=g.user.id, reason=reason,
            created_at=clock.now(),
        ).on_conflict_ignore().execute()  # fmt: skip
        log.record(
            g.tenant.id,
            "sender.vouch",
            user_id=g.user.id,
            kind="domain",
            details={"domain": domain, "reason": reason},
        )
    return hypermedia.done(url_for("tenants.edit"), _("%(domain)s may be used as sender.", domain=domain))


@bp.post("/admin/tenant/domains/<int:domain_id>/remove")
@requires(P.TENANT_EDIT)
def withdraw(domain_id: int) -> Response:
    found = SenderDomain.get_or_none(SenderDomain.tenant_id == g.tenant.id, SenderDomain.id == domain_id)
    if found is None:
        raise NotFound
    with database.atomic():
        found.delete_instance()
        log.record(
            g.tenant.id, "sender.withdraw", user_id=g.user.id, kind="domain", details={"domain": found.domain}
        )
    return hypermedia.done(
        url_for("tenants.edit"), _("%(domain)s may no longer be used as sender.", domain=found.domain)
    )


def _page(wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    values = tenant_settings.with_origin(g.tenant)
    domains = SenderDomain.select().where(SenderDomain.tenant_id == g.tenant.id).order_by(SenderDomain.domain)
    wished, used = tenant_settings.colours(values["colour"].value)
    return hypermedia.page(
        "tenants/edit.html", status=status, values=values, own=g.tenant.settings or {}, domains=list(domains),
        wrong=wrong or {}, typed=request.form if request.method == "POST" else None, wished=wished, used=used,
    )  # fmt: skip
