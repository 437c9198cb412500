"""Customers: the organisations that people belong to."""

from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.automailers import listing as series
from domain.campaigns import received
from domain.db import abreast, gathered
from domain.errors import Invalid
from domain.subscribers import organisations
from domain.subscribers.facets import fields, notes, tags, tracks
from domain.subscribers.facets.models import Holder
from domain.subscribers.models import Organisation
from portal import facets, hypermedia, meanwhile
from portal.access import may, requires

bp = Blueprint("organisations", __name__)
DOCUMENTS = ("mailing", "note")
CONTACTS_SHOWN = 20  # of each mailing; a click shows all
FILTERS = ("q", "status", "country", "tag", "locked", "order")


@bp.get("/organisations")
@requires(P.SUBSCRIBER_SEE)
def index() -> Response:
    asked = request.args
    query = organisations.Query(
        text=asked.get("q", "")[:200], status=asked.get("status", ""), country=asked.get("country", "")[:2].upper(),
        tag_id=asked.get("tag", type=int), is_locked="locked" in asked, order=asked.get("order", "name"),
        cursor=asked.get("at", ""),
    )  # fmt: skip
    page = organisations.find(g.tenant.id, query)
    return hypermedia.page(
        "organisations/index.html", "organisations/_results.html", page=page, query=query,
        filters={k: v for k, v in asked.items() if k in FILTERS and v},
        counts=organisations.contact_counts(g.tenant.id, [row.id for row in page.rows]),
        statuses=organisations.statuses(g.tenant.id), tags=tags.every(g.tenant.id), is_locked=organisations.is_locked,
    )  # fmt: skip


@bp.get("/organisations/new")
@requires(P.SUBSCRIBER_EDIT)
def new() -> Response:
    return _form(None)


@bp.post("/organisations")
@requires(P.SUBSCRIBER_EDIT)
def create() -> Response:
    return _save(None)


@bp.get("/organisations/<int:organisation_id>")
@requires(P.SUBSCRIBER_SEE)
def show(organisation_id: int) -> Response:
    return _record(organisations.get(g.tenant.id, organisation_id))


@bp.get("/organisations/<int:organisation_id>/edit")
@requires(P.SUBSCRIBER_EDIT)
def edit(organisation_id: int) -> Response:
    return _form(organisations.get(g.tenant.id, organisation_id))


@bp.post("/organisations/<int:organisation_id>")
@requires(P.SUBSCRIBER_EDIT)
def save(organisation_id: int) -> Response:
    return _save(organisations.get(g.tenant.id, organisation_id))


@bp.post("/organisations/<int:organisation_id>/lock")
@requires(P.SUBSCRIBER_EDIT)
def lock(organisation_id: int) -> Response:
    organisation = organisations.get(g.tenant.id, organisation_id)
    until = facets.end_of(request.form.get("until", ""))
    try:
        organisations.lock(organisation, request.form.get("reason", ""), until, g.user.id)
    except Invalid as error:
        return _record(organisation, facets.wrong(error), 422)
    return _back(organisation, _("Locked. Its contacts get no mailings."))


@bp.post("/organisations/<int:organisation_id>/unlock")
@requires(P.SUBSCRIBER_EDIT)
def unlock(organisation_id: int) -> Response:
    organisation = organisations.get(g.tenant.id, organisation_id)
    organisations.unlock(organisation, g.user.id)
    return _back(organisation, _("The lock is lifted."))


@bp.post("/organisations/<int:organisation_id>/statuses")
@requires(P.SUBSCRIBER_EDIT)
def statuses(organisation_id: int) -> Response:
    organisation = organisations.get(g.tenant.id, organisation_id)
    facets.put_statuses(Holder.ORGANISATION, organisation.id)
    return _back(organisation, _("Saved."))


@bp.post("/organisations/<int:organisation_id>/notes")
@requires(P.SUBSCRIBER_EDIT)
def note(organisation_id: int) -> Response:
    organisation = organisations.get(g.tenant.id, organisation_id)
    notes.add(g.tenant.id, Holder.ORGANISATION, organisation.id, request.form.get("text", ""), g.user.id)
    return _back(organisation, _("Saved."))


@bp.post("/organisations/<int:organisation_id>/notes/<int:note_id>/delete")
@requires(P.SUBSCRIBER_EDIT)
def drop_note(organisation_id: int, note_id: int) -> Response:
    organisation = organisations.get(g.tenant.id, organisation_id)
    notes.remove(g.tenant.id, Holder.ORGANISATION, organisation.id, note_id, g.user.id)
    return _back(organisation, _("The note is deleted."))


@bp.get("/organisations/<int:organisation_id>/delete")
@requires(P.SUBSCRIBER_EDIT)
def confirm_delete(organisation_id: int) -> Response:
    organisation = organisations.get(g.tenant.id, organisation_id)
    count = organisations.contact_counts(g.tenant.id, [organisation.id]).get(organisation.id, 0)
    return hypermedia.page("organisations/delete.html", organisation=organisation, count=count)


@bp.post("/organisations/<int:organisation_id>/delete")
@requires(P.SUBSCRIBER_EDIT)
def delete(organisation_id: int) -> Response:
    organisation = organisations.get(g.tenant.id, organisation_id)
    organisations.delete(organisation, g.user.id)
    return hypermedia.done(
        url_for("organisations.index"), _("“%(name)s” is deleted.", name=organisation.name)
    )


def _save(found: Organisation | None) -> Response:
    own = facets.typed(Holder.ORGANISATION)
    values = {**request.form.to_dict(), **own, **facets.typed_tags()}
    if found is not None and meanwhile.is_stale(now := _saved(found)):
        return _form(
            found, None, 409, meanwhile.differences(now, {**request.form.to_dict(), **own}, _labels())
        )
    try:
        saved = organisations.save(g.tenant.id, values, g.user.id, found)
    except Invalid as error:
        return _form(found, facets.wrong(error), 422)
    return _back(saved, _("Saved."))


def _saved(found: Organisation) -> dict[str, Any]:
    """Everything that the form shows, as it is saved."""
    kept = found.fields or {}
    own = fields.every(g.tenant.id, Holder.ORGANISATION)
    return {
        **{name: getattr(found, name) for name in organisations.LENGTHS},
        "tags": ", ".join(tag.name for tag in tags.of(g.tenant.id, Holder.ORGANISATION, found.id)),
        **{f"own-{field.id}": facets.typed_form(field, kept.get(field.key)) for field in own},
    }


def _labels() -> dict[str, str]:
    own = fields.every(g.tenant.id, Holder.ORGANISATION)
    return {
        "name": _("Name"), "status": _("Status"), "category": _("Customer category"), "city": _("City"),
        "country": _("Country"), "tags": _("Tags"), **{f"own-{field.id}": field.name for field in own},
    }  # fmt: skip


def _stamp(found: Organisation | None, status: int) -> str:
    """Of what is saved now; a form that came back for a mistake keeps the stamp it was drawn with."""
    if found is None:
        return ""
    return request.form.get("stamp", "") if status == 422 else meanwhile.stamp(_saved(found))


def _form(
    found: Organisation | None, wrong: dict[str, str] | None = None, status: int = 200,
    changed: list[meanwhile.Difference] | None = None,
) -> Response:  # fmt: skip
    mine = tags.of(g.tenant.id, Holder.ORGANISATION, found.id) if found else []
    return hypermedia.page(
        "organisations/edit.html", status=status, organisation=found, wrong=wrong or {},
        own=fields.every(g.tenant.id, Holder.ORGANISATION), typed=facets.typed(Holder.ORGANISATION),
        tags=", ".join(tag.name for tag in mine), all_tags=tags.every(g.tenant.id),
        statuses=organisations.statuses(g.tenant.id), changed=changed, stamp=_stamp(found, status),
    )  # fmt: skip


def _record(organisation: Organisation, wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    key = (g.tenant.id, Holder.ORGANISATION, organisation.id)
    kind = request.args.get("kind", "")
    kind = kind if kind in DOCUMENTS else ""
    most = received.CONTACTS_READ if "all" in request.args else CONTACTS_SHOWN
    remarks, mailings, around = abreast(
        lambda: notes.of(*key),
        lambda: received.by_organisation(g.tenant.id, organisation.id, most=most) if kind != "note" else [],
        lambda: gathered(
            contacts=lambda: organisations.contacts(organisation, request.args.get("at", "")),
            own=lambda: fields.every(g.tenant.id, Holder.ORGANISATION),
            tags=lambda: tags.of(*key),
            tracks=lambda: tracks.every(g.tenant.id),
            standings=lambda: tracks.of(*key),
            series=lambda: (
                series.of_organisation(g.tenant.id, organisation.id) if may(P.AUTOMAILER_SEE) else []
            ),
        ),
    )
    documents = [("mailing", doc.at, doc) for doc in mailings]
    documents += [("note", note.at, note) for note in remarks if kind != "mailing"]
    people = {organisation.locked_by_id, *(remark.by_id for remark in remarks)}
    return hypermedia.page(
        "organisations/show.html", status=status, organisation=organisation, wrong=wrong or {}, notes=remarks,
        kind=kind, documents=sorted(documents, key=lambda one: one[1], reverse=True), **around,
        locked=organisations.is_locked(organisation),
        names=policy.names([person for person in people if person]),
    )  # fmt: skip


def _back(organisation: Organisation, message: str) -> Response:
    return hypermedia.done(url_for("organisations.show", organisation_id=organisation.id), message)
