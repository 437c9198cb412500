"""What a role may do and how many mails it may send."""

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain.accounts import policy
from domain.accounts.models import Role
from domain.accounts.permissions import MODULES, SENTENCES
from domain.accounts.permissions import Permission as P
from domain.audit import log
from domain.db import database
from domain.errors import N_, Forbidden, Invalid
from domain.quotas import ledger as quotas
from domain.quotas.models import Window
from portal import hypermedia
from portal.access import requires

bp = Blueprint("roles", __name__)


@bp.get("/admin/roles")
@requires(P.ROLE_EDIT)
def index() -> Response:
    roles = [
        (role, len(policy.permissions_of(role.id)), quotas.limits_of(role.id))
        for role in policy.roles_for(g.tenant.id)
    ]
    return hypermedia.page("roles/index.html", roles=roles, windows=list(Window))


@bp.post("/admin/roles")
@requires(P.ROLE_EDIT)
def create() -> Response:
    name = " ".join(request.form.get("name", "").split())[:80]
    if not name:
        return hypermedia.done(url_for("roles.index"), _("A role needs a name."), "fail")
    with database.atomic():
        role = Role.create(tenant_id=g.tenant.id, name=name)
        log.record(g.tenant.id, "role.create", user_id=g.user.id, kind="role", object_id=role.id)
    return hypermedia.done(url_for("roles.edit", role_id=role.id))


@bp.get("/admin/roles/<int:role_id>")
@requires(P.ROLE_EDIT)
def edit(role_id: int) -> Response:
    role = policy.role_for(g.tenant.id, role_id)
    modules = [(key, title, [p for p in P if p.module == key]) for key, title in MODULES.items()]
    return hypermedia.page(
        "roles/edit.html", role=role, modules=modules, sentences=SENTENCES, granted=policy.permissions_of(role.id),
        limits=quotas.limits_of(role.id), windows=list(Window), mine=g.rights.permissions, editable=_editable(role),
    )  # fmt: skip


@bp.post("/admin/roles/<int:role_id>")
@requires(P.ROLE_EDIT)
def save(role_id: int) -> Response:
    role = policy.role_for(g.tenant.id, role_id)
    if not _editable(role):
        raise Forbidden(
            N_("This role holds in all tenants. Only administrators of the installation change it.")
        )
    known = {p.value for p in P}
    wanted = frozenset(P(word) for word in request.form.getlist("permission") if word in known)
    with database.atomic():
        before = quotas.limits_of(role.id)
        policy.set_permissions(role, wanted, g.user, g.rights, g.tenant.id)
        quotas.set_limits(role.id, _limits())
        after = quotas.limits_of(role.id)
        if before != after:
            log.record(
                g.tenant.id, "role.limits", user_id=g.user.id, kind="role", object_id=role.id,
                details={"before": before, "after": after},
            )  # fmt: skip
    return hypermedia.done(
        url_for("roles.edit", role_id=role.id),
        _("Saved. It holds from the next click of everybody with this role."),
    )


def _limits() -> dict[Window, int | None]:
    wanted: dict[Window, int | None] = {}
    for window in Window:
        text = (
            request.form.get(f"limit_{window}", "")
            .strip()
            .replace(".", "")
            .replace(",", "")
            .replace("\u202f", "")
        )
        if text and not (text.isascii() and text.isdigit() and int(text) < 2_000_000_000):
            raise Invalid(N_("A limit is a whole number of 0 or more, or an empty field for no limit."))
        wanted[window] = int(text) if text else None
    return wanted


def _editable(role: Role) -> bool:
    return role.tenant_id is not None or g.user.administers_house
