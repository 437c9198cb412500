"""The person desk: one address over all tenants of a duty. Without the duty every page here is missing."""

import json
import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, g, request, session, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from domain.accounts import duties
from domain.audit import origin
from domain.campaigns import persondesk
from domain.campaigns.persondesk import Case, Place
from domain.errors import Invalid, NotFound
from domain.tenancy.models import Tenant
from portal import dossier, facets, hypermedia, states
from portal.access import signed_in

bp = Blueprint("person_desk", __name__)
KEPT_S = 1800  # a case closes by itself, so that nobody finds it open on a shared screen
KEY = "desk"


@bp.get("/house/people")
@signed_in
def index() -> Response:
    """The question, or the case that is open."""
    reach = _reach()
    case = _case()
    if case is None:
        return _ask()
    return _page(case, persondesk.find(case, reach), reach)


@bp.post("/house/people")
@signed_in
def look() -> Response:
    """Open a case: the reason goes into the log of every tenant in which something is found."""
    reach = _reach()
    form = request.form
    try:
        case = persondesk.open_case(g.user.id, form.get("address", ""), form.get("reason", ""))
    except Invalid as error:
        return _ask(facets.wrong(error), 422)
    persondesk.look(case, reach)
    session[KEY] = [
        case.written, case.reason, origin.one_line(form.get("reference", "")), int(time.time()) + KEPT_S,
    ]  # fmt: skip
    return hypermedia.done(url_for("person_desk.index"))


@bp.post("/house/people/close")
@signed_in
def close() -> Response:
    _reach()
    session.pop(KEY, None)
    return hypermedia.done(url_for("person_desk.index"), _("The case is closed."))


@bp.post("/house/people/report")
@signed_in
def report() -> Response:
    """Everything that all these tenants know: a page to read and print, or a file."""
    case, reach = _open()
    with origin.acting(reference=_reference()):
        found = persondesk.report(case, reach)
    if request.form.get("as") == "json":
        response = Response(json.dumps(found, ensure_ascii=False, indent=2), mimetype="application/json")
        response.headers["Content-Disposition"] = 'attachment; filename="person.json"'
        return response
    tenants = {name: dossier.readable(known) for name, known in found["tenants"].items()}
    return hypermedia.page("person_desk/report.html", report={**found, "tenants": tenants}, case=case)


@bp.post("/house/people/act")
@signed_in
def act() -> Response:
    """Lock, unlock, put on the suppression list or take off it, in the ticked tenants."""
    case, reach = _open()
    places = persondesk.find(case, reach)
    chosen = _chosen(places)
    until = facets.end_of(request.form.get("until", ""))
    acts: dict[str, Callable[[], int]] = {
        "lock": lambda: persondesk.lock(case, chosen, until),
        "unlock": lambda: persondesk.unlock(case, chosen),
        "suppress": lambda: persondesk.suppress(case, _tenants(chosen, reach), until),
        "release": lambda: persondesk.release(case, chosen),
    }
    do = acts.get(request.form.get("act", ""))
    if do is None:
        raise NotFound
    if not chosen and "everywhere" not in request.form:
        return _page(case, places, reach, _("Tick the tenants first."), 422)
    with origin.acting(reference=_reference()):
        count = do()
    text = ngettext("Done in %(count)s tenant.", "Done in %(count)s tenants.", count, count=count)
    if not count:
        text = _("Nothing to do: it was so already in every ticked tenant.")
    return hypermedia.done(url_for("person_desk.index"), text, "done" if count else "hold")


@bp.post("/house/people/erase")
@signed_in
def erase() -> Response:
    """First the page that says what will be gone; with the typed address the person is erased."""
    case, reach = _open()
    places = persondesk.find(case, reach)
    chosen = [place for place in _chosen(places) if place.person]
    if not chosen:
        return _page(case, places, reach, _("Tick the tenants first in which the person is known."), 422)
    typed = request.form.get("typed")
    if typed is None or typed.strip().casefold() != case.written.casefold():
        wrong = "" if typed is None else _("Type the address exactly as it stands above.")
        return hypermedia.page(
            "person_desk/erase.html", status=422 if wrong else 200, case=case, chosen=chosen, wrong=wrong
        )
    with origin.acting(reference=_reference()):
        count = persondesk.erase(case, chosen)
    text = ngettext("Erased in %(count)s tenant.", "Erased in %(count)s tenants.", count, count=count)
    return hypermedia.done(url_for("person_desk.index"), text)


def _reach() -> set[int]:
    """The tenants of the person's duty; who has none learns nothing, not even that there is a desk."""
    found = duties.at_desk(g.user)
    if not found:
        raise NotFound
    return found


def _case() -> Case | None:
    """The case that is open in this browser, if its time is not over."""
    try:
        written, reason, _ticket, until = session.get(KEY) or []
        return persondesk.open_case(g.user.id, written, reason) if until > time.time() else None
    except (ValueError, TypeError, Invalid):
        return None


def _open() -> tuple[Case, set[int]]:
    reach, case = _reach(), _case()
    if case is None:
        raise NotFound
    return case, reach


def _reference() -> str:
    return str(session[KEY][2])


def _chosen(places: list[Place]) -> list[Place]:
    ticked = {int(value) for value in request.form.getlist("tenant") if value.isdecimal() and len(value) < 10}
    return [place for place in places if place.tenant.id in ticked]


def _tenants(chosen: list[Place], reach: set[int]) -> list[Tenant]:
    """The ticked ones, or with "everywhere" all of the duty, also those that do not know the address."""
    if "everywhere" in request.form:
        return list(Tenant.select().where(Tenant.id.in_(list(reach))))
    return [place.tenant for place in chosen]


def _ask(wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    return hypermedia.page("person_desk/ask.html", status=status, wrong=wrong or {})


def _page(case: Case, places: list[Place], reach: set[int], trouble: str = "", status: int = 200) -> Response:
    values: dict[str, Any] = {
        "case": case, "places": places, "reach": len(reach), "trouble": trouble, "reference": _reference(),
        "left_out": states.state_of,
    }  # fmt: skip
    return hypermedia.page("person_desk/case.html", status=status, **values)
