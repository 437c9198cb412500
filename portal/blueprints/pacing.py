"""Limits and times of a tenant's mailings: what all send together, exceptions, contact cap, quiet hours."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from domain.accounts import policy
from domain.accounts.models import Membership, User
from domain.accounts.permissions import Permission as P
from domain.audit import log
from domain.db import database
from domain.errors import Invalid, NotFound
from domain.quotas import ceilings, contact, granting
from domain.quotas.models import HOUSE, ContactCap, Window
from domain.tenancy import settings as tenant_settings
from portal import hypermedia
from portal.access import requires
from portal.errors import into_form
from portal.forms.pacing import CapForm, PersonForm, TimesForm
from portal.forms.roles import LimitsForm, written

bp = Blueprint("pacing", __name__)


@bp.get("/admin/pace")
@requires(P.TENANT_EDIT)
def edit() -> Response:
    return _page()


@bp.post("/admin/pace/times")
@requires(P.TENANT_EDIT)
def save_times() -> Response:
    form = TimesForm()
    try:
        _checked(form)
        with database.atomic():
            changed = tenant_settings.change(g.tenant, form.wanted())
            if changed:
                log.record(
                    g.tenant.id, "tenant.settings", user_id=g.user.id, kind="tenant", object_id=g.tenant.id,
                    details=changed,
                )  # fmt: skip
    except Invalid as error:
        return _wrong(form, error, times=form)
    return _done()


@bp.post("/admin/pace/limits")
@requires(P.TENANT_EDIT)
def save_limits() -> Response:
    form = LimitsForm()
    try:
        _checked(form)
        with database.atomic():
            granting.refuse_tenant(g.tenant, form.wanted(), g.user)
            before = _plain(ceilings.tenant_limits(g.tenant.id))
            ceilings.set_tenant_limits(g.tenant.id, form.wanted())
            _log("limits.tenant", {"before": before, "after": _plain(form.wanted())})
    except Invalid as error:
        return _wrong(form, error, limits=form)
    return _done()


@bp.post("/admin/pace/cap")
@requires(P.TENANT_EDIT)
def save_cap() -> Response:
    form = CapForm()
    try:
        _checked(form)
        with database.atomic():
            before = contact.cap_of(g.tenant.id)
            contact.set_cap(g.tenant.id, form.most.data, form.days.data)
            _log("limits.cap", {"before": _cap(before), "after": _cap(contact.cap_of(g.tenant.id))})
    except Invalid as error:
        return _wrong(form, error, cap=form)
    return _done()


@bp.post("/admin/pace/people")
@requires(P.ROLE_EDIT)
def save_person() -> Response:
    """Limits that hold for one person instead of the role's."""
    form = PersonForm()
    form.user.choices = _people()
    try:
        _checked(form)
        if form.user.data not in [choice.value for choice in form.user.choices]:
            raise NotFound
        wanted: dict[Window, int | None] = dict.fromkeys(Window) if form.unlimited.data else _own(form)
        with database.atomic():
            held = ceilings.exceptions(g.tenant.id).get(form.user.data, {})
            granting.refuse_exception(g.tenant.id, User.get_by_id(form.user.data), wanted, g.user, g.rights)
            before = _plain(held)
            ceilings.set_exception(g.tenant.id, form.user.data, wanted)
            _log("limits.person", {"user": form.user.data, "before": before, "after": _plain(wanted)})
    except Invalid as error:
        return _wrong(form, error, person=form)
    return _done()


@bp.post("/admin/pace/people/<int:user_id>/end")
@requires(P.ROLE_EDIT)
def end_person(user_id: int) -> Response:
    """The limits of the role hold again."""
    before = ceilings.exceptions(g.tenant.id).get(user_id)
    if before is None:
        raise NotFound
    with database.atomic():
        granting.refuse_exception(g.tenant.id, User.get_by_id(user_id), {}, g.user, g.rights)
        ceilings.set_exception(g.tenant.id, user_id, {})
        _log("limits.person", {"user": user_id, "ended": True, "before": _plain(before), "after": {}})
    return _done()


def _cap(cap: ContactCap | None) -> dict[str, int] | None:
    """A contact cap for the log."""
    return {"most": cap.most, "days": cap.days} if cap else None


def _plain(limits: Mapping[Window, int | None]) -> dict[str, int | None]:
    return {window.value: number for window, number in limits.items()}


def _own(form: PersonForm) -> dict[Window, int | None]:
    found: dict[Window, int | None] = {w: n for w, n in form.wanted().items() if n is not None}
    if not found:
        raise Invalid(fields={"limit_day": _("Enter at least one number.")})
    return found


def _people() -> list[SelectChoice]:
    rows = Membership.select(Membership.user).where(Membership.tenant_id == g.tenant.id).distinct()
    named = policy.names([row.user_id for row in rows])
    return [SelectChoice(i, name) for i, name in sorted(named.items(), key=lambda pair: pair[1])]


def _checked(form: Any) -> None:
    if not form.validate():
        raise Invalid(fields={name: " ".join(map(str, texts)) for name, texts in form.errors.items() if name})


def _wrong(form: Any, error: Invalid, **forms: Any) -> Response:
    if not form.errors:
        into_form(form, written(error))
    return _page(422, wrong=form, **forms)


def _done() -> Response:
    return hypermedia.done(url_for("pacing.edit"), _("Saved."))


def _log(act: str, details: dict[str, Any]) -> None:
    log.record(g.tenant.id, act, user_id=g.user.id, kind="tenant", object_id=g.tenant.id, details=details)


def _page(status: int = 200, wrong: Any = None, **forms: Any) -> Response:
    person = forms.get("person") or PersonForm(formdata=None)
    person.user.choices = _people()
    exceptions = ceilings.exceptions(g.tenant.id)
    house = contact.cap_of(HOUSE)
    return hypermedia.page(
        "pacing/edit.html", status=status, wrong=wrong, person=person, endpoint=request.endpoint,
        times=forms.get("times") or TimesForm.of(g.tenant.settings or {}),
        limits=forms.get("limits") or LimitsForm(formdata=None).fill(ceilings.tenant_limits(g.tenant.id)),
        cap=forms.get("cap") or CapForm.of(contact.cap_of(g.tenant.id)), house_cap=house,
        values=tenant_settings.with_origin(g.tenant), inherited=tenant_settings.inherited(g.tenant),
        exceptions=exceptions, names=policy.names([i for i in exceptions if i]), windows=list(Window),
    )  # fmt: skip
