"""Subscribers: find, read, change, lock; lists; consents set by the house."""

from datetime import datetime, time

from flask import Blueprint, Response, g, request, url_for
from flask_babel import get_timezone
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.campaigns import received
from domain.db import database
from domain.errors import Conflict, Invalid
from domain.subscribers import consent, directory, optout, suppression, types
from domain.subscribers.consent import Trace
from domain.subscribers.models import Consent, Deliverability, Subscriber
from portal import hypermedia
from portal.access import requires
from portal.errors import into_form, say
from portal.forms.subscribers import ConsentForm, ListForm, LockForm, SubscriberForm

bp = Blueprint("subscribers", __name__)


@bp.get("/subscribers")
@requires(P.SUBSCRIBER_SEE)
def index() -> Response:
    wanted = _query()
    page = directory.find(g.tenant.id, wanted)
    filters = {k: v for k, v in request.args.items() if k in ("q", "type", "consent", "list") and v}
    return hypermedia.page(
        "subscribers/index.html", "subscribers/_results.html", page=page, query=wanted, filters=filters,
        types=types.every(g.tenant.id), lists=directory.lists(g.tenant.id), states=list(Consent),
        organisations=directory.organisation_names(g.tenant.id, {p.organisation_id for p in page.people}),
    )  # fmt: skip


@bp.get("/subscribers/new")
@requires(P.SUBSCRIBER_EDIT)
def new() -> Response:
    return hypermedia.page("subscribers/edit.html", form=SubscriberForm(formdata=None), person=None)


@bp.post("/subscribers")
@requires(P.SUBSCRIBER_EDIT)
def create() -> Response:
    form = SubscriberForm()
    if form.validate():
        try:
            person = directory.create(g.tenant.id, _values(form))
            return hypermedia.done(
                url_for("subscribers.show", subscriber_id=person.id), _("Subscriber created.")
            )
        except Invalid as error:
            into_form(form, error)
    return hypermedia.invalid("subscribers/edit.html", form=form, person=None)


@bp.get("/subscribers/<int:subscriber_id>")
@requires(P.SUBSCRIBER_SEE)
def show(subscriber_id: int) -> Response:
    return _record(directory.get(g.tenant.id, subscriber_id))


@bp.get("/subscribers/<int:subscriber_id>/edit")
@requires(P.SUBSCRIBER_EDIT)
def edit(subscriber_id: int) -> Response:
    person = directory.get(g.tenant.id, subscriber_id)
    names = directory.organisation_names(g.tenant.id, {person.organisation_id})
    form = SubscriberForm(formdata=None, obj=person, organisation=names.get(person.organisation_id, ""))
    return hypermedia.page("subscribers/edit.html", form=form, person=person)


@bp.post("/subscribers/<int:subscriber_id>")
@requires(P.SUBSCRIBER_EDIT)
def save(subscriber_id: int) -> Response:
    person = directory.get(g.tenant.id, subscriber_id)
    form = SubscriberForm()
    if form.validate():
        try:
            directory.change(person, _values(form), g.user.id)
            return _back(person, _("Saved."))
        except Invalid as error:
            into_form(form, error)
    return hypermedia.invalid("subscribers/edit.html", form=form, person=person)


@bp.post("/subscribers/<int:subscriber_id>/lock")
@requires(P.SUBSCRIBER_EDIT)
def lock(subscriber_id: int) -> Response:
    person = directory.get(g.tenant.id, subscriber_id)
    form = LockForm()
    if form.validate():
        until = form.until.data
        end = datetime.combine(until, time(23, 59, 59), get_timezone()) if until else None
        try:
            directory.lock(person, form.reason.data or "", end, g.user.id)
            return _back(person, _("Locked. This person gets no mailings."))
        except Invalid as error:
            into_form(form, error)
    return _record(person, lock_form=form, status=422)


@bp.post("/subscribers/<int:subscriber_id>/unlock")
@requires(P.SUBSCRIBER_EDIT)
def unlock(subscriber_id: int) -> Response:
    person = directory.get(g.tenant.id, subscriber_id)
    directory.unlock(person, g.user.id)
    return _back(person, _("The lock is lifted."))


@bp.post("/subscribers/<int:subscriber_id>/deliverability")
@requires(P.SUBSCRIBER_EDIT)
def deliverability(subscriber_id: int) -> Response:
    """Stop the address by hand, or let it be tried again."""
    person = directory.get(g.tenant.id, subscriber_id)
    stop = request.form.get("state") == Deliverability.STOPPED
    directory.set_deliverability(person, Deliverability.STOPPED if stop else Deliverability.ACTIVE)
    return _back(person, _("Saved."))


@bp.post("/subscribers/<int:subscriber_id>/lists")
@requires(P.SUBSCRIBER_EDIT)
def lists_of(subscriber_id: int) -> Response:
    person = directory.get(g.tenant.id, subscriber_id)
    ticked = {int(value) for value in request.form.getlist("list") if value.isdecimal()}
    try:
        directory.set_lists(person, ticked, g.user.id)
    except Invalid as error:
        return _back(person, " ".join(_(str(text)) for text in error.fields.values()), "hold")
    return _back(person, _("Lists saved."))


@bp.post("/subscribers/<int:subscriber_id>/types")
@requires(P.SUBSCRIBER_EDIT)
def subscribe(subscriber_id: int) -> Response:
    """A consent that the house knows of. Confirmed it becomes only by the person."""
    person = directory.get(g.tenant.id, subscriber_id)
    form = _consent_form()
    if not form.validate():
        return _record(person, consent_form=form, status=422)
    proof = directory.one_line(form.proof.data or "", 300)
    if form.consent.data == Consent.PROVED and not proof:
        form.proof.errors = [_("Write where the proof of these consents is kept.")]
        return _record(person, consent_form=form, status=422)
    kind = types.get(g.tenant.id, form.type_id.data)
    try:
        with database.atomic():
            trace = Trace(form="record", by_id=g.user.id, proof=proof)
            consent.step(person, kind, f"import_{form.consent.data}", trace)
    except Conflict as error:
        form.form_errors = [say(error)]
        return _record(person, consent_form=form, status=422)
    return _back(person, _("Saved."))


@bp.post("/subscribers/<int:subscriber_id>/types/<int:type_id>/revoke")
@requires(P.SUBSCRIBER_EDIT)
def revoke(subscriber_id: int, type_id: int) -> Response:
    person = directory.get(g.tenant.id, subscriber_id)
    kind = types.get(g.tenant.id, type_id)
    optout.unsubscribe(person, kind, Trace(form="record", by_id=g.user.id))
    return _back(person, _("Signed off from “%(name)s”.", name=kind.name))


@bp.post("/subscribers/<int:subscriber_id>/suppress")
@requires(P.SUBSCRIBER_EDIT)
def suppress(subscriber_id: int) -> Response:
    person = directory.get(g.tenant.id, subscriber_id)
    reason = directory.one_line(request.form.get("reason", ""), 300)
    if not person.address or not reason:
        return _back(person, _("Write why nobody may mail this address."), "hold")
    suppression.add(g.tenant.id, person.address, reason, g.user.id)
    return _back(person, _("The address is on the suppression list."))


@bp.get("/subscribers/lists")
@requires(P.SUBSCRIBER_SEE)
def lists() -> Response:
    return _lists(ListForm(formdata=None))


@bp.post("/subscribers/lists")
@requires(P.SUBSCRIBER_EDIT)
def create_list() -> Response:
    return _save_list(None)


@bp.post("/subscribers/lists/<int:list_id>")
@requires(P.SUBSCRIBER_EDIT)
def rename_list(list_id: int) -> Response:
    return _save_list(list_id)


def _save_list(list_id: int | None) -> Response:
    found = directory.get_list(g.tenant.id, list_id) if list_id is not None else None
    form = ListForm()
    if form.validate():
        try:
            directory.save_list(g.tenant.id, form.name.data or "", g.user.id, found)
            return hypermedia.done(url_for("subscribers.lists"), _("Saved."))
        except Invalid as error:
            into_form(form, error)
    return _lists(form, 422, list_id)


def _lists(form: ListForm, status: int = 200, list_id: int | None = None) -> Response:
    return hypermedia.page(
        "subscribers/lists.html", status=status, form=form, lists=directory.lists(g.tenant.id),
        counts=directory.list_counts(g.tenant.id), wrong_id=list_id,
    )  # fmt: skip


def _record(
    person: Subscriber,
    lock_form: LockForm | None = None,
    consent_form: ConsentForm | None = None,
    status: int = 200,
) -> Response:
    history = consent.history(g.tenant.id, person.id)
    mine = directory.subscriptions(person)
    kinds = types.every(g.tenant.id)
    return hypermedia.page(
        "subscribers/show.html", status=status, person=person, subscriptions=mine, history=history,
        kinds={kind.id: kind for kind in kinds}, lists=directory.lists(g.tenant.id),
        on_lists={chosen.id for chosen in directory.lists_of(person)},
        organisations=directory.organisation_names(g.tenant.id, {person.organisation_id}),
        suppressed=suppression.entry(g.tenant.id, person.address_key) if person.address_key else None,
        received=received.by_person(g.tenant.id, person.id), names=policy.names([e.by_id for e in history]),
        lock_form=lock_form or LockForm(formdata=None), consent_form=consent_form or _consent_form(fresh=True),
    )  # fmt: skip


def _consent_form(fresh: bool = False) -> ConsentForm:
    form = ConsentForm(formdata=None) if fresh else ConsentForm()
    form.type_id.choices = [
        SelectChoice(kind.id, kind.name) for kind in types.every(g.tenant.id) if kind.active
    ]
    return form


def _back(person: Subscriber, message: str, tone: str = "done") -> Response:
    return hypermedia.done(url_for("subscribers.show", subscriber_id=person.id), message, tone)


def _values(form: SubscriberForm) -> dict[str, str]:
    return {field.name: field.data or "" for field in form if field.name != "csrf_token"}


def _query() -> directory.Query:
    args = request.args
    state = args.get("consent", "")
    return directory.Query(
        text=args.get("q", "")[:200],
        type_id=args.get("type", type=int),
        consent=state if state in set(Consent) else "",
        list_id=args.get("list", type=int),
        before_id=args.get("before", type=int),
        after_id=args.get("after", type=int),
    )
