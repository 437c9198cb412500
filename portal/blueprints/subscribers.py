"""Subscribers: find, create, read, change. What is done to one record is in portal.blueprints.records."""

from typing import Any

from flask import Blueprint, Response, g, request
from flask_babel import gettext as _

from domain.accounts.permissions import Permission as P
from domain.db import abreast, gathered
from domain.errors import Invalid
from domain.subscribers import directory, finding, lists, organisations, types
from domain.subscribers.facets import fields, tags
from domain.subscribers.facets.models import Holder
from domain.subscribers.models import Consent, Subscriber
from domain.tenancy import territory
from portal import facets, hypermedia, meanwhile, record, territories
from portal.access import requires
from portal.errors import into_form
from portal.forms.subscribers import SubscriberForm

bp = Blueprint("subscribers", __name__)


@bp.get("/subscribers")
@requires(P.SUBSCRIBER_SEE)
def index() -> Response:
    wanted = _query()
    page, nodes = finding.find(g.tenant.id, wanted), territory.every(g.tenant.id)
    filters = {
        k: v for k, v in request.args.items() if k in ("q", "type", "consent", "list", "territory") and v
    }
    return hypermedia.page(
        "subscribers/index.html", "subscribers/_results.html", page=page, query=wanted, filters=filters,
        types=types.every(g.tenant.id), lists=lists.every(g.tenant.id), states=list(Consent),
        places=nodes, bound_to=territories.bound_to(nodes),
        organisations=organisations.names(g.tenant.id, {p.organisation_id for p in page.people}),
    )  # fmt: skip


@bp.get("/subscribers/new")
@requires(P.SUBSCRIBER_EDIT)
def new() -> Response:
    return _form(
        _offering(SubscriberForm(formdata=None, organisation=request.args.get("organisation", "")[:200])),
        None,
    )


@bp.post("/subscribers")
@requires(P.SUBSCRIBER_EDIT)
def create() -> Response:
    form, wrong = _offering(SubscriberForm()), {}
    if form.validate():
        try:
            person = directory.create(g.tenant.id, _values(form))
            return record.back(person, _("Subscriber created."))
        except Invalid as error:
            wrong = facets.wrong(error)
            into_form(form, error)
    return _form(form, None, wrong, 422)


@bp.get("/subscribers/<int:subscriber_id>")
@requires(P.SUBSCRIBER_SEE)
def show(subscriber_id: int) -> Response:
    return record.page(directory.get(g.tenant.id, subscriber_id))


@bp.get("/subscribers/<int:subscriber_id>/edit")
@requires(P.SUBSCRIBER_EDIT)
def edit(subscriber_id: int) -> Response:
    person = directory.get(g.tenant.id, subscriber_id)
    form = SubscriberForm(formdata=None, **_saved(person))
    _offering(form)
    return _form(form, person)


@bp.post("/subscribers/<int:subscriber_id>")
@requires(P.SUBSCRIBER_EDIT)
def save(subscriber_id: int) -> Response:
    person = directory.get(g.tenant.id, subscriber_id)
    form, wrong = _offering(SubscriberForm()), {}
    saved = _saved(person)
    if form.validate():
        if meanwhile.is_stale(saved):
            labels = {f.name: str(f.label.text) for f in form if f.name in saved and f.name != "territory_id"}
            own = {f"own-{field.id}": field.name for field in fields.every(g.tenant.id)}
            typed = {f.name: f.data for f in form} | facets.typed(Holder.SUBSCRIBER)
            changed = meanwhile.differences(saved, typed, labels | own)
            return _form(form, person, {}, 409, changed)
        try:
            directory.change(person, _values(form), g.user.id)
            return record.back(person, _("Saved."))
        except Invalid as error:
            wrong = facets.wrong(error)
            into_form(form, error)
    return _form(form, person, wrong, 422)


def _offering(form: SubscriberForm) -> SubscriberForm:
    territories.offer(form.territory_id, _("no territory"))
    return form


def _saved(person: Subscriber) -> dict[str, Any]:
    """Everything that the form shows, as it is saved."""
    names, mine, defined = abreast(
        lambda: organisations.names(g.tenant.id, {person.organisation_id}),
        lambda: tags.of(g.tenant.id, Holder.SUBSCRIBER, person.id), lambda: fields.every(g.tenant.id),
    )  # fmt: skip
    own = person.fields or {}
    return {
        **{name: getattr(person, name) or "" for name in ("address", *directory.TEXT_FIELDS)},
        "territory_id": person.territory_id or 0,
        "organisation": names.get(person.organisation_id or 0, ""), "birthday": _day(person.birthday),
        "tags": ", ".join(tag.name for tag in mine),
        **{f"own-{field.id}": facets.typed_form(field, own.get(field.key)) for field in defined},
    }  # fmt: skip


def _form(
    form: SubscriberForm, person: Subscriber | None, wrong: dict[str, str] | None = None, status: int = 200,
    changed: list[meanwhile.Difference] | None = None,
) -> Response:  # fmt: skip
    return hypermedia.page(
        "subscribers/edit.html", status=status, form=form, person=person, wrong=wrong or {}, changed=changed,
        **gathered(
            stamp=lambda: _stamp(person, status), own=lambda: fields.every(g.tenant.id),
            typed=lambda: facets.typed(Holder.SUBSCRIBER), all_tags=lambda: tags.every(g.tenant.id),
        ),
    )  # fmt: skip


def _stamp(person: Subscriber | None, status: int) -> str:
    """Of what is saved now; a form that came back for a mistake keeps the stamp it was drawn with."""
    if person is None:
        return ""
    return request.form.get("stamp", "") if status == 422 else meanwhile.stamp(_saved(person))


def _values(form: SubscriberForm) -> dict[str, Any]:
    values: dict[str, Any] = {f.name: f.data or "" for f in form if f.name not in ("csrf_token", "tags")}
    if "territory_id" not in request.form:  # an older page, or no tree: the person stays where he is
        del values["territory_id"]
    return {**values, **facets.typed(Holder.SUBSCRIBER), **facets.typed_tags()}


def _day(birthday: str) -> str:
    """1970-12-31 → 31.12.1970, 0000-12-31 → 31.12."""
    year, _dash, rest = birthday.partition("-")
    return f"{rest[3:]}.{rest[:2]}.{'' if year == '0000' else year}" if rest else ""


def _query() -> finding.Query:
    args = request.args
    state = args.get("consent", "")
    return finding.Query(
        text=args.get("q", "")[:200],
        type_id=args.get("type", type=int),
        consent=state if state in set(Consent) else "",
        list_id=args.get("list", type=int),
        territory_id=args.get("territory", type=int),
        before_id=args.get("before", type=int),
        after_id=args.get("after", type=int),
    )
