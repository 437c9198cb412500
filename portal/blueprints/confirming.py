"""Preferences of somebody who has confirmed a sign-up and got no mail of a newsletter yet: by the link of that mail."""

from flask import Blueprint, Response, request, url_for

from domain import tokens
from domain.errors import NotFound
from domain.subscribers import signup
from domain.subscribers.models import Subscriber
from portal import confirmed, reading
from portal.access import public
from portal.forms.public import PreferencesForm

bp = Blueprint("confirming", __name__)
CSRF_EXEMPT = (bp,)


@bp.get("/n/<tenant>/confirm/<token>/preferences")
@public
def preferences(tenant: str, token: str) -> Response:
    """What the person gets and may change; reading it changes nothing."""
    person = _person(tenant, token)
    return _page(tenant, token, person, confirmed.form_of(person))


@bp.post("/n/<tenant>/confirm/<token>/preferences")
@public
def preferences_now(tenant: str, token: str) -> Response:
    person, form = _person(tenant, token), PreferencesForm()
    if not form.validate():
        return _page(tenant, token, person, form, 422)
    confirmed.choose(person, form, reading.trace("preferences"))
    return reading.moved_on("confirming.preferences", tenant=tenant, token=token, saved=1)


def _person(tenant: str, token: str) -> Subscriber:
    """Whose link it is, once it was used; raises NotFound. After a sign-off, too: the page is where one looks."""
    found = reading.open_tenant(tenant)
    try:
        person, kinds = signup.read(found.id, token, signup.USED_MAX_AGE_S)
    except tokens.BadToken:
        raise NotFound from None
    if not signup.was_used(person, kinds):
        raise NotFound
    reading.enter(found, person.language)
    return person


def _page(tenant: str, token: str, person: Subscriber, form: PreferencesForm, status: int = 200) -> Response:
    action = url_for("confirming.preferences_now", tenant=tenant, token=token, lang=request.args.get("lang"))
    return confirmed.preferences(person, form, action, status)


@bp.errorhandler(NotFound)
def _lost(error: NotFound) -> Response:
    return reading.lost(error)
