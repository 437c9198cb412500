"""Distribution lists: pages, members, moving people from the last one."""

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain.accounts.permissions import Permission as P
from domain.errors import N_, Conflict, Invalid
from domain.subscribers import addresses, directory, finding, lists
from domain.subscribers.models import DistributionList
from portal import hypermedia
from portal.access import requires
from portal.errors import into_form
from portal.forms.subscribers import ListForm

bp = Blueprint("lists", __name__)


@bp.get("/subscribers/lists")
@requires(P.SUBSCRIBER_SEE)
def index() -> Response:
    return _index(ListForm(formdata=None))


@bp.post("/subscribers/lists")
@requires(P.SUBSCRIBER_EDIT)
def create() -> Response:
    form = ListForm()
    if form.validate():
        try:
            lists.save(g.tenant.id, form.name.data or "", g.user.id)
            return hypermedia.done(url_for("lists.index"), _("Saved."))
        except Invalid as error:
            into_form(form, error)
    return _index(form, 422)


@bp.get("/subscribers/lists/<int:list_id>")
@requires(P.SUBSCRIBER_SEE)
def show(list_id: int) -> Response:
    return _show(lists.get(g.tenant.id, list_id))


@bp.get("/subscribers/lists/<int:list_id>/size")
@requires(P.SUBSCRIBER_SEE)
def size(list_id: int) -> Response:
    """How many people exactly are on it: asked by a page that says "more than"."""
    count = lists.size(lists.get(g.tenant.id, list_id))
    return hypermedia.fragment("components/_size.html", count=count, people=True)


@bp.post("/subscribers/lists/<int:list_id>")
@requires(P.SUBSCRIBER_EDIT)
def rename(list_id: int) -> Response:
    found = lists.get(g.tenant.id, list_id)
    form = ListForm()
    if form.validate():
        try:
            lists.save(g.tenant.id, form.name.data or "", g.user.id, found)
            return hypermedia.done(url_for("lists.show", list_id=found.id), _("Saved."))
        except Invalid as error:
            into_form(form, error)
    return _show(found, form, status=422)


@bp.post("/subscribers/lists/<int:list_id>/members")
@requires(P.SUBSCRIBER_EDIT)
def add(list_id: int) -> Response:
    """Put somebody on the list by address."""
    found = lists.get(g.tenant.id, list_id)
    typed = request.form.get("address", "")
    try:
        person = directory.by_key(g.tenant.id, addresses.key_of(typed))
    except addresses.BadAddress as error:
        return _show(found, wrong=_(error.message), status=422)
    if person is None:
        return _show(found, wrong=_("Nobody here has this address. Add the subscriber first."), status=422)
    lists.add(found, person, g.user.id)
    return hypermedia.done(url_for("lists.show", list_id=found.id), _("On the list."))


@bp.get("/subscribers/lists/<int:list_id>/members/<int:subscriber_id>/remove")
@requires(P.SUBSCRIBER_EDIT)
def ask_remove(list_id: int, subscriber_id: int) -> Response:
    """Where to, if it is the person's last list."""
    found = lists.get(g.tenant.id, list_id)
    person = directory.get(g.tenant.id, subscriber_id)
    return hypermedia.page(
        "lists/remove.html", chosen=found, person=person, last=lists.is_last(found, person),
        others=[other for other in lists.every(g.tenant.id) if other.id != found.id],
    )  # fmt: skip


@bp.post("/subscribers/lists/<int:list_id>/members/<int:subscriber_id>/remove")
@requires(P.SUBSCRIBER_EDIT)
def remove(list_id: int, subscriber_id: int) -> Response:
    found = lists.get(g.tenant.id, list_id)
    person = directory.get(g.tenant.id, subscriber_id)
    to = request.form.get("to", type=int)
    try:
        lists.remove(found, person, g.user.id, lists.get(g.tenant.id, to) if to else None)
    except Conflict:
        return hypermedia.done(url_for("lists.ask_remove", list_id=found.id, subscriber_id=person.id))
    return hypermedia.done(url_for("lists.show", list_id=found.id), _("Off the list."))


@bp.get("/subscribers/lists/<int:list_id>/delete")
@requires(P.SUBSCRIBER_EDIT)
def confirm_delete(list_id: int) -> Response:
    found = lists.get(g.tenant.id, list_id)
    others = [other for other in lists.every(g.tenant.id) if other.id != found.id]
    count = lists.size(found, finding.COUNTED)
    return hypermedia.page(
        "lists/delete.html", chosen=found, others=others, count=count, most=finding.COUNTED
    )


@bp.post("/subscribers/lists/<int:list_id>/delete")
@requires(P.SUBSCRIBER_EDIT)
def delete(list_id: int) -> Response:
    found = lists.get(g.tenant.id, list_id)
    to = request.form.get("to", type=int)
    if not to:
        raise Conflict(N_("Choose the list that the people move to."))
    lists.delete(found, lists.get(g.tenant.id, to), g.user.id)
    return hypermedia.done(url_for("lists.index"), _("The list is deleted. Nobody was lost."))


def _index(form: ListForm, status: int = 200) -> Response:
    return hypermedia.page(
        "lists/index.html", status=status, form=form, lists=lists.every(g.tenant.id), most=finding.FEW,
        counts=lists.counts(g.tenant.id, finding.FEW),
    )  # fmt: skip


def _show(
    found: DistributionList, form: ListForm | None = None, wrong: str = "", status: int = 200
) -> Response:
    query = finding.Query(
        text=request.args.get("q", "")[:200], list_id=found.id, before_id=request.args.get("before", type=int),
        after_id=request.args.get("after", type=int),
    )  # fmt: skip
    return hypermedia.page(
        "lists/show.html", "lists/_members.html" if status == 200 else None, status=status, chosen=found,
        form=form or ListForm(formdata=None, obj=found), page=finding.find(g.tenant.id, query), query=query,
        wrong=wrong, most=finding.FEW,
    )  # fmt: skip
