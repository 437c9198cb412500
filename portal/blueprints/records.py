"""Acts on one subscriber's record: lock, lists, types, consents, statuses, notes, suppression, proof."""

import json
from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.audit import log
from domain.campaigns import erasure, measuring
from domain.db import database
from domain.errors import Conflict, Invalid, NotFound
from domain.subscribers import consent, directory, lists, optout, proofs, suppression, types, words
from domain.subscribers.consent import Trace
from domain.subscribers.facets import notes
from domain.subscribers.facets.models import Holder
from domain.subscribers.models import Consent, Deliverability
from mediadb import proofs as papers
from portal import downloads, facets, hypermedia, received
from portal.access import requires
from portal.errors import into_form, say
from portal.forms.subscribers import LockForm
from portal.record import back, consent_form
from portal.record import page as record_page

bp = Blueprint("records", __name__)


@bp.post("/subscribers/<int:subscriber_id>/lock")
@requires(P.SUBSCRIBER_EDIT)
def lock(subscriber_id: int) -> Response:
    person = directory.get(g.tenant.id, subscriber_id)
    form = LockForm()
    if form.validate():
        try:
            end = facets.end_of(form.until.data.isoformat()) if form.until.data else None
            directory.lock(person, form.reason.data or "", end, g.user.id)
            return back(person, _("Locked. This person gets no mailings."))
        except Invalid as error:
            into_form(form, error)
    return record_page(person, lock_form=form, status=422)


@bp.post("/subscribers/<int:subscriber_id>/unlock")
@requires(P.SUBSCRIBER_EDIT)
def unlock(subscriber_id: int) -> Response:
    person = directory.get(g.tenant.id, subscriber_id)
    directory.unlock(person, g.user.id)
    return back(person, _("The lock is lifted."))


@bp.post("/subscribers/<int:subscriber_id>/deliverability")
@requires(P.SUBSCRIBER_EDIT)
def deliverability(subscriber_id: int) -> Response:
    """Stop the address by hand, or let it be tried again."""
    person = directory.get(g.tenant.id, subscriber_id)
    stop = request.form.get("state") == Deliverability.STOPPED
    directory.set_deliverability(person, Deliverability.STOPPED if stop else Deliverability.ACTIVE, g.user.id)
    return back(person, _("Saved."))


@bp.post("/subscribers/<int:subscriber_id>/lists")
@requires(P.SUBSCRIBER_EDIT)
def lists_of(subscriber_id: int) -> Response:
    person = directory.get(g.tenant.id, subscriber_id)
    ticked, shown = _ids("list"), _ids("was")
    now = {chosen.id for chosen in lists.of(person)}
    # what somebody else did to the lists meanwhile stays: only what this form changed is changed
    wanted = (now - (shown - ticked)) | (ticked - shown) if "was" in request.form else ticked
    try:
        lists.put(person, wanted, g.user.id)
    except Invalid as error:
        every = lists.every(g.tenant.id)
        return hypermedia.page(
            "subscribers/last_list.html", status=422, person=person, lists=every, wrong=facets.wrong(error),
            leaves=[chosen for chosen in every if chosen.id in now],
        )  # fmt: skip
    return back(person, _("Lists saved."))


def _ids(name: str) -> set[int]:
    return {int(value) for value in request.form.getlist(name) if value.isdecimal() and len(value) < 18}


@bp.post("/subscribers/<int:subscriber_id>/types")
@requires(P.SUBSCRIBER_EDIT)
def subscribe(subscriber_id: int) -> Response:
    """A consent that the house knows of. Confirmed it becomes only by the person."""
    person = directory.get(g.tenant.id, subscriber_id)
    form = consent_form(request.form)
    if not form.validate():
        return record_page(person, consents=form, status=422)
    proof = words.one_line(form.proof.data or "", 300)
    upload = request.files.get("proof_file")
    is_attached = upload is not None and bool(upload.filename)
    if form.consent.data == Consent.PROVED and not (proof or is_attached):
        form.proof.errors = [_("Write where the proof of these consents is kept, or attach it.")]
        return record_page(person, consents=form, status=422)
    kind = types.get(g.tenant.id, form.type_id.data)
    try:
        with database.atomic():
            paper = (
                papers.keep(g.tenant.id, g.user.id, upload.filename or "", upload.read())
                if upload and is_attached
                else None
            )
            trace = Trace(form="record", by_id=g.user.id, proof=proof, proof_id=paper.id if paper else None)
            consent.step(person, kind, f"import_{form.consent.data}", trace)
    except (Conflict, Invalid) as error:
        form.form_errors = [say(error)]
        return record_page(person, consents=form, status=422)
    return back(person, _("Saved."))


@bp.get("/subscribers/<int:subscriber_id>/proofs/<int:proof_id>")
@requires(P.SUBSCRIBER_SEE)
def paper(subscriber_id: int, proof_id: int) -> Response:
    """A document that proves a consent of this person, as it came; never shown inside of the portal."""
    person = directory.get(g.tenant.id, subscriber_id)
    found = proofs.of(person, proof_id)
    try:
        content = papers.read(found)
    except FileNotFoundError:
        raise NotFound from None
    return downloads.file(content, found.name, found.mime)


@bp.post("/subscribers/<int:subscriber_id>/types/<int:type_id>/revoke")
@requires(P.SUBSCRIBER_EDIT)
def revoke(subscriber_id: int, type_id: int) -> Response:
    person = directory.get(g.tenant.id, subscriber_id)
    kind = types.get(g.tenant.id, type_id)
    optout.unsubscribe(person, kind, Trace(form="record", by_id=g.user.id))
    return back(person, _("Signed off from “%(name)s”.", name=kind.name))


@bp.post("/subscribers/<int:subscriber_id>/suppress")
@requires(P.SUBSCRIBER_EDIT)
def suppress(subscriber_id: int) -> Response:
    received.check_robinson_right()
    person = directory.get(g.tenant.id, subscriber_id)
    reason = words.one_line(request.form.get("reason", ""), 300)
    if not person.address or not reason:
        return back(person, _("Write why nobody may mail this address."), "hold")
    suppression.add(g.tenant.id, person.address, reason, g.user.id)
    return back(person, _("The address is on the suppression list."))


@bp.post("/subscribers/<int:subscriber_id>/statuses")
@requires(P.SUBSCRIBER_EDIT)
def statuses(subscriber_id: int) -> Response:
    person = directory.get(g.tenant.id, subscriber_id)
    facets.put_statuses(Holder.SUBSCRIBER, person.id)
    return back(person, _("Saved."))


@bp.post("/subscribers/<int:subscriber_id>/notes")
@requires(P.SUBSCRIBER_EDIT)
def note(subscriber_id: int) -> Response:
    person = directory.get(g.tenant.id, subscriber_id)
    notes.add(g.tenant.id, Holder.SUBSCRIBER, person.id, request.form.get("text", ""), g.user.id)
    return back(person, _("Saved."))


@bp.post("/subscribers/<int:subscriber_id>/notes/<int:note_id>/delete")
@requires(P.SUBSCRIBER_EDIT)
def drop_note(subscriber_id: int, note_id: int) -> Response:
    person = directory.get(g.tenant.id, subscriber_id)
    notes.remove(g.tenant.id, Holder.SUBSCRIBER, person.id, note_id, g.user.id)
    return back(person, _("The note is deleted."))


@bp.get("/subscribers/<int:subscriber_id>/proof")
@requires(P.SUBSCRIBER_SEE)
def proof(subscriber_id: int) -> Response:
    """Every consent of a person with all its steps, made for paper."""
    person = directory.get(g.tenant.id, subscriber_id)
    events = consent.history(g.tenant.id, person.id)
    kinds = {kind.id: kind for kind in types.every(g.tenant.id)}
    by_type: dict[int, list[Any]] = {}
    for event in reversed(events):
        by_type.setdefault(event.type_id, []).append(event)
    return hypermedia.page(
        "subscribers/proof.html", person=person, by_type=by_type, kinds=kinds,
        papers=proofs.of_events(g.tenant.id, events),
        states={row.type_id: row for _kind, row in directory.subscriptions(person)},
        names=policy.names([event.by_id for event in events]),
    )  # fmt: skip


@bp.post("/subscribers/<int:subscriber_id>/data")
@requires(P.SUBSCRIBER_EXPORT)
def data(subscriber_id: int) -> Response:
    """Everything we have about a person, as a file. A POST, because the log notes who took it along."""
    person = directory.get(g.tenant.id, subscriber_id)
    log.record(g.tenant.id, "subscriber.export", user_id=g.user.id, kind="subscriber", object_id=person.id)
    text = json.dumps(erasure.everything(person), ensure_ascii=False, indent=2)
    response = Response(text, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="person-{person.id}.json"'
    return response


@bp.post("/subscribers/<int:subscriber_id>/measuring")
@requires(P.SUBSCRIBER_EDIT)
def measure(subscriber_id: int) -> Response:
    """Note that the person does not want openings and clicks counted, or wants it again."""
    person = directory.get(g.tenant.id, subscriber_id)
    if request.form.get("act") == "allow":
        measuring.allow(person, g.user.id)
        return back(person, _("Opens and clicks may be counted again."))
    measuring.object_to(person, g.user.id)
    return back(person, _("From now on nothing is counted, and what was counted names nobody any more."))


@bp.get("/subscribers/<int:subscriber_id>/erase")
@requires(P.SUBSCRIBER_EDIT)
def confirm_erase(subscriber_id: int) -> Response:
    return hypermedia.page(
        "subscribers/erase.html", person=directory.get(g.tenant.id, subscriber_id), wrong={}
    )


@bp.post("/subscribers/<int:subscriber_id>/erase")
@requires(P.SUBSCRIBER_EDIT)
def erase(subscriber_id: int) -> Response:
    """Erase a person; only the keyed hash of the address stays."""
    person = directory.get(g.tenant.id, subscriber_id)
    reason = words.one_line(request.form.get("reason", ""), 300)
    if not reason:
        wrong = {"reason": _("Write why. The reason stays in the history.")}
        return hypermedia.page("subscribers/erase.html", status=422, person=person, wrong=wrong)
    erasure.erase(person, reason, g.user.id)
    return hypermedia.done(
        url_for("subscribers.index"), _("Erased. Only the fingerprint of the address is left.")
    )
