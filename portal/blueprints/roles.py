"""What a role may do and how many mails it may send."""

from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain.accounts import holding, rolebook, rolemaking
from domain.accounts.models import Role, User
from domain.accounts.permissions import MODULES, SENTENCES
from domain.accounts.permissions import Permission as P
from domain.audit import log
from domain.db import database
from domain.errors import N_, Conflict, Forbidden, Invalid
from domain.quotas import granting
from domain.quotas import ledger as quotas
from domain.quotas.models import Window
from portal import hypermedia, role_uses
from portal.access import may, requires
from portal.errors import into_form
from portal.forms.roles import LimitsForm, NameForm, written

bp = Blueprint("roles", __name__)
HOLDERS = 12  # as many as stand beside the limits

ACTIONS: dict[str, str] = {  # columns of the matrix, in the order of a mail's way
    "see": N_("See"),
    "create": N_("Create"),
    "edit": N_("Edit"),
    "edit_all": N_("Edit others’"),
    "review": N_("Review"),
    "test": N_("Test"),
    "html": N_("HTML"),
    "ask": N_("Submit"),
    "decide": N_("Decide"),
    "send": N_("Send"),
    "import": N_("Import"),
    "export": N_("Export"),
    "delete": N_("Delete"),
    "administer": N_("Administer"),
}
SAME_COLUMN = {
    "write": "edit", "submit": "ask", "plan": "edit", "join": "decide", "setup": "administer",
    "suppress_others": "administer", "activate": "send", "enrol": "administer",
}  # fmt: skip


@bp.get("/admin/roles")
@requires(P.ROLE_SEE, P.ROLE_EDIT)
def index() -> Response:
    return _index(NameForm(formdata=None))


@bp.post("/admin/roles")
@requires(P.ROLE_EDIT)
def create() -> Response:
    form = NameForm()
    if not form.validate():
        return _index(form, 422)
    try:
        with database.atomic():
            everywhere = bool(form.everywhere.data and g.user.administers_house)
            role = rolemaking.create_role(g.tenant.id, form.name.data or "", g.user, everywhere)
            quotas.set_limits(role.id, dict(_mine()))
    except Invalid as error:
        into_form(form, error)
        return _index(form, 422)
    return hypermedia.done(
        url_for("roles.edit", role_id=role.id), _("The role is there. Decide now what it may do.")
    )


@bp.post("/admin/roles/<int:role_id>/copy")
@requires(P.ROLE_EDIT)
def copy(role_id: int) -> Response:
    """A role of the tenant with the same rights and limits, to be changed from there."""
    role = rolebook.role_for(g.tenant.id, role_id)
    taken = {r.name for r in rolebook.roles_for(g.tenant.id)}
    name = shown_name(role)
    while name in taken or name == shown_name(role):
        name = _("Copy of %(name)s", name=name)[:80]
    with database.atomic():
        made = rolemaking.create_role(g.tenant.id, name, g.user)
        forbidden = rolebook.forbidden_by_role([role.id])[role.id]
        rolemaking.set_permissions(
            made, rolebook.permissions_of(role.id), g.user, g.rights, g.tenant.id, forbidden
        )
        quotas.set_limits(made.id, granting.within(quotas.limits_of(role.id), _mine()))
    return hypermedia.done(url_for("roles.edit", role_id=made.id), _("The copy belongs to this tenant only."))


@bp.get("/admin/roles/<int:role_id>")
@requires(P.ROLE_SEE, P.ROLE_EDIT)
def edit(role_id: int) -> Response:
    role = rolebook.role_for(g.tenant.id, role_id)
    form = LimitsForm(formdata=None).fill(quotas.limits_of(role.id))
    return _edit(role, form, rolebook.permissions_of(role.id))


@bp.post("/admin/roles/<int:role_id>")
@requires(P.ROLE_EDIT)
def save(role_id: int) -> Response:
    """The rights of switched-on areas, and the limits. An area that is switched on without a right gets its first."""
    role = rolebook.role_for(g.tenant.id, role_id)
    if not _editable(role):
        raise Forbidden(
            N_("This role holds in all tenants. Only administrators of the installation change it.")
        )
    wanted, form = _wanted(), LimitsForm()
    if not form.validate():
        return _edit(role, form, wanted, 422)
    try:
        with database.atomic():
            before, sent = quotas.limits_of(role.id), rolebook.sending_roles([role.id])
            rolemaking.set_permissions(role, wanted, g.user, g.rights, g.tenant.id, _forbidden())
            if sent or rolebook.sending_roles([role.id]):
                granting.refuse_limits(form.wanted(), _mine(), before if sent else None)
            quotas.set_limits(role.id, form.wanted())
            after = quotas.limits_of(role.id)
            if before != after:
                log.record(
                    g.tenant.id, "role.limits", user_id=g.user.id, kind="role", object_id=role.id,
                    details={"before": before, "after": after},
                )  # fmt: skip
    except Invalid as error:
        into_form(form, written(error))
        return _edit(role, form, wanted, 422)
    return hypermedia.done(
        url_for("roles.edit", role_id=role.id),
        _("Saved. It holds from the next click of everybody with this role."),
    )


@bp.post("/admin/roles/<int:role_id>/name")
@requires(P.ROLE_EDIT)
def rename(role_id: int) -> Response:
    role = rolebook.role_for(g.tenant.id, role_id)
    if not _editable(role):
        raise Forbidden(
            N_("This role holds in all tenants. Only administrators of the installation change it.")
        )
    rolemaking.rename(role, request.form.get("name", ""), g.user, g.tenant.id)
    return hypermedia.done(url_for("roles.edit", role_id=role.id), _("The role has its new name."))


@bp.post("/admin/roles/<int:role_id>/delete")
@requires(P.ROLE_EDIT)
def delete(role_id: int) -> Response:
    role = rolebook.role_for(g.tenant.id, role_id)
    if not _editable(role) or role.starter:
        raise Forbidden(N_("Starter roles stay. Roles of all tenants are deleted by the installation."))
    if why := role_uses.reason(role):
        raise Conflict(why)
    with database.atomic():
        quotas.set_limits(role.id, dict.fromkeys(Window))
        rolemaking.delete_role(role, g.user, g.tenant.id)
    return hypermedia.done(
        url_for("roles.index"), _("The role “%(name)s” is deleted.", name=shown_name(role))
    )


def shown_name(role: Role) -> str:
    """Starters are translated, other roles are called as people named them."""
    return _(role.name) if role.starter else role.name


def _index(form: NameForm, status: int = 200) -> Response:
    roles = rolebook.roles_for(g.tenant.id)
    ids = [role.id for role in roles]
    return hypermedia.page(
        "roles/index.html", status=status, form=form, roles=roles, windows=list(Window), total=len(P),
        rights=rolebook.permissions_by_role(ids), limits=quotas.limits_by_role(ids),
        holders=rolebook.holders_by_role(g.tenant.id),
    )  # fmt: skip


def _edit(role: Role, form: LimitsForm, granted: frozenset[P], status: int = 200) -> Response:
    people, tenants = rolebook.reach_of(role.id)
    return hypermedia.page(
        "roles/edit.html", status=status, role=role, name=shown_name(role), form=form, modules=_matrix(),
        actions=list(ACTIONS.values()), sentences=SENTENCES, granted=granted, mine=g.rights.permissions,
        editable=_editable(role), people=people, tenants=tenants, windows=list(Window),
        forbidden=rolebook.forbidden_by_role([role.id])[role.id], here=_holders(role),
    )  # fmt: skip


def _holders(role: Role) -> list[User]:
    """Some of the people who hold the role in this tenant, for whoever may see people."""
    if not (may(P.USER_SEE) or may(P.USER_EDIT)):
        return []
    ids = holding.holders(g.tenant.id, role.id)
    return list(User.select().where(User.id.in_(ids or {0}), User.active).order_by(User.name).limit(HOLDERS))


def _matrix() -> list[dict[str, Any]]:
    """A row per area: key, title, its rights, and per column the right that stands there or None."""
    rows = []
    for key, title in MODULES.items():
        rights = {
            SAME_COLUMN.get(action, action): p
            for p in P
            for action in [p.value.split(".")[1]]
            if p.module == key
        }
        rows.append(
            {
                "key": key,
                "title": title,
                "rights": list(rights.values()),
                "cells": [rights.get(a) for a in ACTIONS],
            }
        )
    return rows


def _wanted() -> frozenset[P]:
    known = {p.value for p in P}
    on = set(request.form.getlist("module"))
    ticked = {P(word) for word in request.form.getlist("permission") if word in known}
    first = {
        next(p for p in P if p.module == key)
        for key in on & set(MODULES)
        if not any(p.module == key for p in ticked)
    }
    return frozenset({p for p in ticked if p.module in on} | first)


def _forbidden() -> frozenset[P]:
    """What the role forbids whatever other roles allow; None of it when the form does not speak of it."""
    known = {p.value for p in P}
    return frozenset(P(word) for word in request.form.getlist("forbidden") if word in known)


def _mine() -> dict[Window, int]:
    """What the person of this request may send at most."""
    return granting.own(g.tenant.id, g.user, g.rights)


def _editable(role: Role) -> bool:
    return may(P.ROLE_EDIT) and (role.tenant_id is not None or g.user.administers_house)
