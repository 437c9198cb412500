"""The installation: its tenants."""

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from domain.accounts import policy
from domain.accounts.models import Membership
from domain.audit import log
from domain.db import database
from domain.errors import N_, Invalid
from domain.subscribers import lists
from domain.tenancy import founding, tree
from domain.tenancy.models import Tenant, TenantStatus
from portal import hypermedia
from portal.access import requires_house
from portal.errors import into_form
from portal.forms.house import TenantForm

bp = Blueprint("house", __name__)


@bp.get("/house/tenants")
@requires_house
def tenants() -> Response:
    rows = _tree()
    return hypermedia.page(
        "house/tenants.html", rows=rows, people=policy.people_by_tenant(),
        mine={t.id for t in policy.tenants_of(g.user)}, states=list(TenantStatus),
    )  # fmt: skip


@bp.get("/house/tenants/new")
@requires_house
def new() -> Response:
    form = TenantForm(formdata=None)
    form.parent.data = request.args.get("parent", "")
    return _new(form)


@bp.post("/house/tenants")
@requires_house
def create() -> Response:
    """A new tenant with its default list; the founder administers it."""
    form = TenantForm()
    if not form.validate():
        return _new(form, 422)
    parent = form.parent.data or ""
    try:
        with database.atomic():
            parent_id = tree.get(int(parent)).id if parent.isdigit() else None
            tenant = founding.found(form.name.data or "", form.slug.data or "", parent_id, g.user.id)
            lists.default(tenant.id)
            role = policy.ensure_starters()["administrator"]
            Membership.create(tenant_id=tenant.id, user=g.user, role=role)
    except Invalid as error:
        into_form(form, error)
        return _new(form, 422)
    return hypermedia.done(
        url_for("house.tenants"), _("“%(name)s” is there. You administer it.", name=tenant.name)
    )


@bp.post("/house/tenants/<int:tenant_id>/status")
@requires_house
def status(tenant_id: int) -> Response:
    tenant = tree.get(tenant_id)
    wanted = request.form.get("status", "")
    if wanted not in set(TenantStatus):
        raise Invalid(N_("Choose one of the states."))
    if wanted != tenant.status:
        with database.atomic():
            before, tenant.status = tenant.status, wanted
            tenant.save()
            log.record(
                tenant.id, "tenant.status", user_id=g.user.id, kind="tenant", object_id=tenant.id,
                details={"before": before, "after": wanted},
            )  # fmt: skip
    return hypermedia.done(url_for("house.tenants"), _("The state of %(name)s is saved.", name=tenant.name))


def _new(form: TenantForm, code: int = 200) -> Response:
    form.parent.choices = [
        SelectChoice("", _("Nobody: a head office")),
        *(SelectChoice(str(t.id), "\u2003" * depth + t.name) for t, depth in _tree()),
    ]
    return hypermedia.page("house/new.html", status=code, form=form)


def _tree() -> list[tuple[Tenant, int]]:
    """Every tenant below its parent, with its depth; one whose parent is gone stands at the top."""
    rows = list(Tenant.select().order_by(Tenant.name))
    known = {t.id for t in rows}
    below: dict[int | None, list[Tenant]] = {}
    for tenant in rows:
        below.setdefault(tenant.parent_id if tenant.parent_id in known else None, []).append(tenant)
    found: list[tuple[Tenant, int]] = []
    stack = [(t, 0) for t in reversed(below.get(None, []))]
    while stack:
        tenant, depth = stack.pop()
        found.append((tenant, depth))
        stack += [(child, depth + 1) for child in reversed(below.get(tenant.id, []))]
    return found
