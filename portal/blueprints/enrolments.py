"""Who takes part in an automailer: search, add, suspend, resume, remove."""

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from domain.accounts.permissions import Permission as P
from domain.automailers import enrolments, listing, series
from domain.automailers.models import Automailer
from domain.db import abreast
from domain.errors import N_, Conflict, Forbidden, Invalid
from domain.segments import saved
from domain.subscribers import addresses, directory, lists, organisations
from portal import hypermedia
from portal.access import may, requires
from portal.errors import say

bp = Blueprint("enrolments", __name__)
ACTS = {"suspend": enrolments.suspend, "resume": enrolments.resume, "remove": enrolments.remove}


@bp.get("/automailers/<int:automailer_id>/enrolments")
@requires(P.AUTOMAILER_SEE)
def index(automailer_id: int) -> Response:
    """Names only for people who may see personal data."""
    return _index(series.get(g.tenant.id, automailer_id))


@bp.post("/automailers/<int:automailer_id>/enrolments")
@requires(P.AUTOMAILER_ENROL)
def add(automailer_id: int) -> Response:
    """Take in one contact by address, or everybody of a list or a segment."""
    found = series.get(g.tenant.id, automailer_id)
    source = request.form.get("source", "address")
    try:
        text = _added(found, source)
    except (Invalid, Conflict, addresses.BadAddress) as error:
        wrong = _(error.message) if isinstance(error, addresses.BadAddress) else say(error)
        return _index(found, {source: wrong}, 422)
    return hypermedia.done(_url(found), text)


@bp.post("/automailers/<int:automailer_id>/enrolments/<int:enrolment_id>")
@requires(P.AUTOMAILER_ENROL)
def step(automailer_id: int, enrolment_id: int) -> Response:
    """Suspend, resume or remove; goes back to where the button stood."""
    found = series.get(g.tenant.id, automailer_id)
    enrolment = enrolments.get(found, enrolment_id)
    act = ACTS.get(request.form.get("act", ""))
    if act is None:
        raise Invalid(N_("Choose one of the answers."))
    act(found, enrolment, g.user.id)
    if request.form.get("from") == "record" and may(P.SUBSCRIBER_SEE):
        return hypermedia.done(
            url_for("subscribers.show", subscriber_id=enrolment.subscriber_id, _anchor="automailers"),
            _("Saved."),
        )
    return hypermedia.done(
        url_for("enrolments.index", automailer_id=found.id, state=request.form.get("state") or None),
        _("Saved."),
    )


def _url(found: Automailer) -> str:
    return url_for("enrolments.index", automailer_id=found.id)


def _added(found: Automailer, source: str) -> str:
    if source == "list":
        count = enrolments.add_list(found, request.form.get("list", 0, int), g.user.id)
    elif source == "segment":
        segment = saved.get(g.tenant.id, request.form.get("segment", 0, int))
        count = enrolments.add_segment(found, segment.id, segment.name, g.user.id)
    else:
        if not may(P.SUBSCRIBER_SEE):
            raise Forbidden(N_("You may not see people by name."))
        person = directory.by_key(g.tenant.id, addresses.key_of(request.form.get("address", "")))
        if person is None:
            raise Invalid(N_("Nobody here has this address. Add the subscriber first."))
        enrolments.add(found, person, g.user.id)
        return _("The contact is in the series.")
    return ngettext("One contact was added.", "%(num)s contacts were added.", count)


def _index(found: Automailer, wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    state, text = request.args.get("state", ""), request.args.get("q", "")[:200]
    named = may(P.SUBSCRIBER_SEE)
    page, counts, steps, every, segments = abreast(
        lambda: listing.enrolments(found, state, text if named else "", request.args.get("before", type=int)),
        lambda: listing.counts(found), lambda: series.steps(found),
        lambda: lists.every(g.tenant.id) if may(P.AUTOMAILER_ENROL) else [],
        lambda: saved.every(g.tenant.id) if may(P.AUTOMAILER_ENROL) else [],
    )  # fmt: skip
    ids = {e.organisation_id for e in page.enrolments if e.organisation_id}
    return hypermedia.page(
        "automailers/enrolments.html", "automailers/_enrolments.html" if status == 200 else None, status=status,
        automailer=found, page=page, counts=counts, state_key=state, text=text, named=named,
        customers=organisations.names(g.tenant.id, ids) if named and ids else {},
        numbers={one.id: number for number, one in enumerate(steps, 1)}, live=found.state in series.LIVE,
        lists=[(one.id, one.name) for one in every], segments=[(one.id, one.name) for one in segments],
        wrong=wrong or {}, typed=request.form, most=listing.COUNTED,
    )  # fmt: skip
