"""The installation: its tenants."""

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain.accounts import policy
from domain.accounts.models import Membership
from domain.audit import log
from domain.db import database
from domain.errors import Invalid
from domain.subscribers import directory
from domain.tenancy import founding, tree
from domain.tenancy.models import Tenant, TenantStatus
from portal import hypermedia
from portal.access import requires_house
from portal.errors import say_fields

bp = Blueprint("house", __name__)


@bp.get("/house/tenants")
@requires_house
def tenants() -> Response:
    return _page()


@bp.post("/house/tenants")
@requires_house
def create() -> Response:
    """A new tenant with its default list; the founder administers it."""
    parent_id = request.form.get("parent", type=int)
    try:
        with database.atomic():
            tenant = founding.found(
                request.form.get("name", ""),
                request.form.get("slug", ""),
                tree.get(parent_id).id if parent_id else None,
                g.user.id,
            )
            directory.default_list(tenant.id)
            Membership.create(
                tenant_id=tenant.id, user=g.user, role=policy.ensure_starters()["administrator"]
            )
    except Invalid as error:
        return _page(say_fields(error), 422)
    return hypermedia.done(
        url_for("house.tenants"), _("“%(name)s” is there. You administer it.", name=tenant.name)
    )


@bp.post("/house/tenants/<int:tenant_id>/status")
@requires_house
def status(tenant_id: int) -> Response:
    tenant = tree.get(tenant_id)
    wanted = request.form.get("status", "")
    if wanted in set(TenantStatus):
        with database.atomic():
            before, tenant.status = tenant.status, wanted
            tenant.save()
            log.record(
                tenant.id,
                "tenant.status",
                user_id=g.user.id,
                kind="tenant",
                object_id=tenant.id,
                details={"before": before, "after": wanted},
            )
    return hypermedia.done(url_for("house.tenants"), _("Saved."))


def _page(wrong: dict[str, str] | None = None, code: int = 200) -> Response:
    rows = list(Tenant.select().order_by(Tenant.name))
    mine = {t.id for t in policy.tenants_of(g.user)}
    return hypermedia.page(
        "house/tenants.html",
        status=code,
        rows=_nested(rows),
        mine=mine,
        wrong=wrong or {},
        typed=request.form,
        states=list(TenantStatus),
    )


def _nested(rows: list[Tenant], parent_id: int | None = None, depth: int = 0) -> list[tuple[Tenant, int]]:
    known = {t.id for t in rows}
    found = []
    for tenant in rows:
        if tenant.parent_id == parent_id or (
            depth == 0 and tenant.parent_id not in known and tenant.parent_id is not None
        ):
            found += [(tenant, depth), *_nested(rows, tenant.id, depth + 1)] if depth < 8 else []
    return found
