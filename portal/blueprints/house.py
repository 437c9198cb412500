"""The installation: its tenants, who administers which part of the tree, and the visits of support."""

from flask import Blueprint, Response, current_app, g, request, url_for
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from dispatcher.jobs import tenants as tenants_job
from domain.accounts import duties, people, policy, rolebook
from domain.accounts.models import Duty, DutyKind, Membership
from domain.audit import log
from domain.db import database
from domain.errors import Invalid, NotFound
from domain.folding import holding
from domain.subscribers import lists
from domain.tenancy import directory, founding, lifecycle, tree
from domain.tenancy.directory import Directory
from domain.tenancy.models import Tenant, TenantStatus
from portal import context, downloads, hypermedia
from portal.access import requires_house, requires_tree, signed_in
from portal.errors import into_form
from portal.forms.house import DutyForm, HostForm, TenantForm, VisitForm

bp = Blueprint("house", __name__)
PAGE_SIZE = 20


@bp.get("/house/tenants")
@requires_tree
def tenants() -> Response:
    """A page of the tree, or of the tenants with these words in their names."""
    text = request.args.get("q", "")[:100]
    found = Directory(_seen()).page(text, request.args.get("from", 0, type=int))
    return hypermedia.page(
        "house/tenants.html", "house/_tenants.html", found=found, text=text, states=list(TenantStatus),
        managed=_managed(), people=policy.people_by_tenant([tenant.id for tenant, _depth in found.rows]),
    )  # fmt: skip


@bp.get("/house/tenants/new")
@requires_tree
def new() -> Response:
    form = TenantForm(formdata=None)
    form.parent.data = request.args.get("parent", "")
    return _new(form, text=request.args.get("q", "")[:100])


@bp.post("/house/tenants")
@requires_tree
def create() -> Response:
    """A new tenant with its default list; the founder administers it."""
    form = TenantForm()
    if "search" in request.form:  # somebody looks for the place without script
        return _new(form, text=request.form.get("q", "")[:100])
    if not form.validate():
        return _new(form, 422)
    parent = form.parent.data or ""
    try:
        with database.atomic():
            parent_id = _place(parent)
            tenant = founding.found(form.name.data or "", form.slug.data or "", parent_id, g.user.id)
            blueprint = form.blueprint.data or ""
            if blueprint.isdigit():
                copied = next((t for t in directory.blueprints(_seen()) if t.id == int(blueprint)), None)
                if copied is None:
                    raise NotFound
                tenants_job.copy_blueprint(copied, tenant)
            lists.default(tenant.id)
            role = rolebook.ensure_starters()["administrator"]
            Membership.create(tenant_id=tenant.id, user=g.user, role=role)
    except Invalid as error:
        into_form(form, error)
        return _new(form, 422)
    return hypermedia.done(
        url_for("house.tenants"), _("“%(name)s” is there. You administer it.", name=tenant.name)
    )


@bp.get("/house/tenants/<int:tenant_id>")
@requires_tree
def show(tenant_id: int) -> Response:
    text = request.args.get("q", "")[:100]
    return _show(_mine(tenant_id), HostForm(formdata=None), _duty_form(DutyForm(formdata=None)), text=text)


@bp.post("/house/tenants/<int:tenant_id>/status")
@requires_tree
def status(tenant_id: int) -> Response:
    tenant = _mine(tenant_id)
    lifecycle.set_status(tenant, request.form.get("status", ""), g.user.id)
    back = url_for("house.show", tenant_id=tenant.id) if "here" in request.form else url_for("house.tenants")
    return hypermedia.done(back, _("The state of %(name)s is saved.", name=tenant.name))


@bp.post("/house/tenants/<int:tenant_id>/kind")
@requires_tree
def kind(tenant_id: int) -> Response:
    tenant = _mine(tenant_id)
    lifecycle.set_kind(tenant, "is_test" in request.form, "is_blueprint" in request.form, g.user.id)
    return hypermedia.done(url_for("house.show", tenant_id=tenant.id), _("Saved."))


@bp.post("/house/tenants/<int:tenant_id>/parent")
@requires_tree
def move(tenant_id: int) -> Response:
    """To another place in the tree; what it does not set itself comes from there from now on."""
    tenant = _mine(tenant_id)
    if "search" in request.form:  # somebody looks for the place without script
        text = request.form.get("q", "")[:100]
        return _show(tenant, HostForm(formdata=None), _duty_form(DutyForm(formdata=None)), text=text)
    lifecycle.move(tenant, _place(request.form.get("parent", "")), g.user.id)
    text = _("%(name)s stands there now. What it does not set itself comes from above.", name=tenant.name)
    return hypermedia.done(url_for("house.show", tenant_id=tenant.id), text)


@bp.post("/house/tenants/<int:tenant_id>/export")
@requires_house
def export(tenant_id: int) -> Response:
    """Everything of the tenant as one ZIP, for whoever deletes it; noted in both logs."""
    tenant = tree.get(tenant_id)
    made = downloads.everything(tenant)
    for where in (tenant.id, log.HOUSE):
        log.record(where, "tenant.export", user_id=g.user.id, kind="tenant", object_id=tenant.id)
    return made


@bp.post("/house/tenants/<int:tenant_id>/host")
@requires_house
def host(tenant_id: int) -> Response:
    tenant, form = tree.get(tenant_id), HostForm()
    try:
        lifecycle.set_host(tenant, form.host.data or "", current_app.config["PUBLIC_HOST"], g.user.id)
    except Invalid as error:
        into_form(form, error)
        return _show(tenant, form, _duty_form(DutyForm(formdata=None)), 422)
    return hypermedia.done(url_for("house.show", tenant_id=tenant.id), _("Saved."))


@bp.post("/house/tenants/<int:tenant_id>/duties")
@requires_tree
def give_duty(tenant_id: int) -> Response:
    tenant, form = _mine(tenant_id), _duty_form(DutyForm())
    valid = form.validate()
    user = people.at_address(form.email.data or "")
    if user is None or not valid:
        if user is None and not form.email.errors:
            form.email.errors = [_("Nobody signs in with this address. Invite the person to a tenant first.")]
        return _show(tenant, HostForm(formdata=None), form, 422)
    duties.give(tenant, user, DutyKind(form.kind.data), g.user)
    text = _("%(name)s has this duty from the next click on.", name=user.name)
    return hypermedia.done(url_for("house.show", tenant_id=tenant.id), text)


@bp.post("/house/tenants/<int:tenant_id>/duties/<int:duty_id>/end")
@requires_tree
def take_duty(tenant_id: int, duty_id: int) -> Response:
    tenant = _mine(tenant_id)
    if not g.user.administers_house and duty_id not in {d.id for d in _held(tenant)}:
        raise NotFound
    duties.take(tenant, duty_id, g.user)
    return hypermedia.done(url_for("house.show", tenant_id=tenant.id), _("The duty has ended."))


@bp.post("/house/tenants/<int:tenant_id>/delete")
@requires_house
def delete(tenant_id: int) -> Response:
    """Blocked at once, gone after the waiting time; the short name is typed to confirm."""
    tenant = tree.get(tenant_id)
    lifecycle.plan_deletion(tenant, request.form.get("typed", ""), g.user.id)
    text = _("%(name)s is blocked and will be deleted. Until then you can take it back.", name=tenant.name)
    return hypermedia.done(url_for("house.show", tenant_id=tenant.id), text)


@bp.post("/house/tenants/<int:tenant_id>/keep")
@requires_house
def keep(tenant_id: int) -> Response:
    tenant = tree.get(tenant_id)
    lifecycle.keep(tenant, g.user.id)
    text = _("%(name)s stays. It is still blocked; set its state to open it.", name=tenant.name)
    return hypermedia.done(url_for("house.show", tenant_id=tenant.id), text)


@bp.get("/support")
@signed_in
def support() -> Response:
    """Tenants that the person may enter as support; more than a list can show are found by typing."""
    return _support(VisitForm(formdata=None))


@bp.post("/support")
@signed_in
def enter() -> Response:
    form = VisitForm()
    tenant = tree.get(form.tenant.data if form.tenant.data and form.tenant.data < 1 << 31 else 0)
    try:
        duties.enter(g.user, tenant, form.reason.data or "", context.client_address())
    except Invalid as error:
        into_form(form, error)
        return _support(form, tenant.id, 422)
    return hypermedia.done(url_for("dashboard.index", tenant=tenant.slug))


@bp.post("/support/leave")
@signed_in
def leave() -> Response:
    duties.leave_all(g.user)
    return hypermedia.done(url_for("session.start"), _("The visit has ended."))


def _show(
    tenant: Tenant, host_form: HostForm, duty_form: DutyForm, status: int = 200, text: str = ""
) -> Response:
    if host_form.host.data is None:
        host_form.host.data = tenant.host or ""
    every = Directory(_seen())
    return hypermedia.page(
        "house/show.html", "house/_places.html", status=status, tenant=tenant, states=list(TenantStatus),
        host_form=host_form, duty_form=duty_form, held=_held(tenant), above=every.above(tenant.id),
        below=every.below(tenant.id), places=every.places(text, tenant.parent_id, tenant.id), text=text,
        chosen=str(tenant.parent_id or ""), partial=hypermedia.wants_fragment(),
    )  # fmt: skip


def _support(form: VisitForm, chosen: int | None = None, status: int = 200) -> Response:
    text = request.args.get("q", "")[:100]
    every, holds = duties.supported(g.user), holding(text)
    if not every:
        raise NotFound
    found = [t for t in every if holds(t.name)]
    shown = [t for t in found if t.id == chosen] + [t for t in found if t.id != chosen]
    return hypermedia.page(
        "house/support.html", "house/_supported.html", status=status, form=form, chosen=chosen, text=text,
        tenants=shown[:PAGE_SIZE], more=len(found) > PAGE_SIZE, many=len(every) > PAGE_SIZE,
    )  # fmt: skip


def _seen() -> set[int] | None:
    """Ids of the tenants that lists show to the person; None: all of them."""
    return None if g.user.administers_house else context.administered()


def _managed() -> set[int] | None:
    """Ids of the tenants that the person manages; None: all of them."""
    return None if g.user.administers_house else duties.managed(g.user)


def _mine(tenant_id: int) -> Tenant:
    """A tenant that the person manages; raises NotFound."""
    managed = _managed()
    if managed is not None and tenant_id not in managed:
        raise NotFound
    return tree.get(tenant_id)


def _place(parent: str) -> int | None:
    """Where a tenant is put; only the house makes head offices. Raises NotFound."""
    if g.user.administers_house and not parent:
        return None
    found = tree.get(int(parent) if parent.isdecimal() and len(parent) < 10 else 0)
    if not g.user.administers_house and found.id not in context.administered():
        raise NotFound
    return found.id


def _duty_form(form: DutyForm) -> DutyForm:
    """Who administers a part of the tree lets others administer parts of it; the other duties are the house's."""
    if not g.user.administers_house:
        form.kind.choices = [c for c in form.kind.choices if c.value == DutyKind.ADMINISTER.value]
    return form


def _held(tenant: Tenant) -> list[Duty]:
    """Duties over the tenant that the person may end."""
    found = duties.holders(tenant.id)
    return [d for d in found if g.user.administers_house or d.kind == DutyKind.ADMINISTER]


def _new(form: TenantForm, code: int = 200, text: str = "") -> Response:
    chosen = form.parent.data or ""
    places = Directory(_seen()).places(text, int(chosen) if chosen.isdecimal() and len(chosen) < 10 else None)
    form.blueprint.choices = [
        SelectChoice("", _("Nothing: empty")),
        *(SelectChoice(str(t.id), t.name) for t in directory.blueprints(_seen())),
    ]
    return hypermedia.page(
        "house/new.html", "house/_places.html", status=code, form=form, places=places, chosen=chosen, text=text,
        partial=hypermedia.wants_fragment(),
    )  # fmt: skip
