"""Sending in the whole house: the contact cap over all tenants, and machines that must ask before they send."""

from typing import Any

from flask import Blueprint, Response, g, url_for
from flask_babel import gettext as _

from domain import clock
from domain.audit import log
from domain.db import database
from domain.errors import N_, Conflict, Invalid
from domain.ledger import marks
from domain.quotas import contact
from domain.quotas.models import HOUSE, ContactCap
from domain.tenancy.models import Tenant
from portal import hypermedia
from portal.access import requires_house
from portal.errors import into_form
from portal.forms.pacing import CapForm

bp = Blueprint("house_pacing", __name__)


@bp.get("/house/sending")
@requires_house
def index() -> Response:
    return _page(CapForm.of(contact.cap_of(HOUSE)))


@bp.post("/house/sending/cap")
@requires_house
def save_cap() -> Response:
    form = CapForm()
    try:
        if not form.validate():
            raise Invalid
        with database.atomic():
            before = _said(contact.cap_of(HOUSE))
            contact.set_cap(HOUSE, form.most.data, form.days.data)
            _log("house.cap", {"before": before, "after": _said(contact.cap_of(HOUSE))})
    except Invalid as error:
        if not form.errors:
            into_form(form, error)
        return _page(form, 422)
    return hypermedia.done(url_for("house_pacing.index"), _("Saved."))


@bp.post("/house/sending/machines/<int:mark_id>/confirm")
@requires_house
def confirm(mark_id: int) -> Response:
    """A person says that this machine is no forgotten copy."""
    with database.atomic():
        if not marks.confirm(mark_id, g.user.id):
            raise Conflict(N_("This machine does not wait for a decision any more. Reload the page."))
        _log("house.confirm", {"machine": mark_id})
    return hypermedia.done(url_for("house_pacing.index"), _("This machine sends again in a moment."))


def _said(cap: ContactCap | None) -> dict[str, int] | None:
    return {"most": cap.most, "days": cap.days} if cap else None


def _log(act: str, details: dict[str, Any]) -> None:
    """Into the log of every tenant: it concerns their mailings."""
    for tenant in Tenant.select(Tenant.id):
        log.record(tenant.id, act, user_id=g.user.id, kind="house", details=details)


def _page(form: CapForm, status: int = 200) -> Response:
    waiting = marks.doubtful()
    return hypermedia.page(
        "pacing/house.html", status=status, form=form, waiting=waiting,
        since={m.id: clock.moment(m.doubted_at) for m in waiting if m.doubted_at},
    )  # fmt: skip
