"""Orders: ask an office for a mailing, follow it, and what the office does with it."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from dispatcher.rendering import render
from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.errors import Invalid, NotFound
from domain.orders import desk, listing, results, wishes
from domain.orders.models import MailingOrder, OrderState
from domain.subscribers import types
from domain.tenancy import territory
from portal import hypermedia
from portal.access import may, requires
from portal.errors import say_fields

bp = Blueprint("orders", __name__)
FIELDS = ("title", "text", "audience", "territory", "territory_id", "wanted_on", "reason", "reference")


@bp.get("/orders")
@requires(P.ORDER_ASK, P.ORDER_SEE, P.ORDER_DECIDE)
def index() -> Response:
    """The own orders, or for the office everybody's."""
    own = None if _sees_all() else g.user.id
    view = request.args.get("view", "open" if may(P.ORDER_DECIDE) else "all")
    text = request.args.get("q", "")[:120]
    orders, older = listing.page(g.tenant.id, view, own, text, request.args.get("before", type=int))
    people = {i for order in orders for i in (order.asked_by_id, order.office_by_id)}
    return hypermedia.page(
        "orders/index.html", "orders/_results.html", orders=orders, older=older, view=view, text=text,
        counts=listing.counts(g.tenant.id, own), names=policy.names(people), results=results.results(orders),
        sees_all=_sees_all(),
    )  # fmt: skip


@bp.get("/orders/new")
@requires(P.ORDER_ASK)
def new() -> Response:
    return _edit(None, {})


@bp.post("/orders")
@requires(P.ORDER_ASK)
def create() -> Response:
    try:
        made = desk.ask(g.tenant.id, _wish(), g.user)
    except Invalid as error:
        return _edit(None, request.form, say_fields(error), 422)
    return hypermedia.done(_url(made), _("Your order is with the office. You read here how it goes on."))


@bp.get("/orders/<int:order_id>")
@requires(P.ORDER_ASK, P.ORDER_SEE, P.ORDER_DECIDE)
def show(order_id: int) -> Response:
    return _show(_get(order_id))


@bp.get("/orders/<int:order_id>/edit")
@requires(P.ORDER_ASK)
def edit(order_id: int) -> Response:
    order = _get(order_id)
    if order.asked_by_id != g.user.id or order.state not in (OrderState.ASKED, OrderState.RETURNED):
        return hypermedia.done(_url(order))
    typed = {name: getattr(order, name) or "" for name in FIELDS}
    return _edit(order, typed)


@bp.post("/orders/<int:order_id>")
@requires(P.ORDER_ASK)
def change(order_id: int) -> Response:
    """The asker answers and asks again."""
    order = _get(order_id)
    try:
        desk.change(order, _wish(), g.user, request.form.get("remark", ""), _version())
    except Invalid as error:
        return _edit(order, request.form, say_fields(error), 422)
    return hypermedia.done(_url(order), _("The office sees your new version."))


@bp.post("/orders/<int:order_id>/withdraw")
@requires(P.ORDER_ASK)
def withdraw(order_id: int) -> Response:
    order = _get(order_id)
    desk.withdraw(order, g.user, request.form.get("remark", ""), _version())
    return hypermedia.done(_url(order), _("The order is withdrawn."))


@bp.post("/orders/<int:order_id>/decide")
@requires(P.ORDER_DECIDE)
def decide(order_id: int) -> Response:
    """Accept, return or release; the remark goes to the person who asked."""
    order, remark, version = _get(order_id), request.form.get("remark", ""), _version()
    acts: dict[str, Callable[[], str]] = {
        "accept": lambda: _accepted(order, remark, version),
        "return": lambda: _returned(order, remark, version),
        "release": lambda: _released(order, remark, version),
    }
    act = acts.get(request.form.get("decision", ""))
    if act is None:
        raise NotFound
    try:
        text = act()
    except Invalid as error:
        return _show(order, say_fields(error), 422)
    return hypermedia.done(_url(order), text)


def _accepted(order: MailingOrder, remark: str, version: int | None) -> str:
    desk.accept(order, g.user, remark, version)
    return _("Accepted. The person who asked has been told.")


def _returned(order: MailingOrder, remark: str, version: int | None) -> str:
    desk.send_back(order, g.user, remark, version)
    return _("Returned. The person who asked has been told what is missing.")


def _released(order: MailingOrder, remark: str, version: int | None) -> str:
    kind = types.get(g.tenant.id, request.form.get("type_id", 0, int))
    sender = render.sender_of(g.tenant, kind)
    desk.release(order, kind.id, g.user, (sender.name, sender.address, sender.reply_to), remark, version)
    return _("Released. The issue and the draft of its mailing are ready for you.")


def _edit(
    order: MailingOrder | None,
    typed: Mapping[str, Any],
    wrong: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    return hypermedia.page(
        "orders/edit.html", status=status, order=order, typed=typed, wrong=wrong or {},
        nodes=territory.every(g.tenant.id),
    )  # fmt: skip


def _show(order: MailingOrder, wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    steps = listing.steps(order)
    people = {order.asked_by_id, order.office_by_id, *(step.by_id for step in steps)}
    return hypermedia.page(
        "orders/show.html", status=status, order=order, steps=steps, names=policy.names(people), wrong=wrong or {},
        result=results.results([order]).get(order.id), types=[t for t in types.every(g.tenant.id) if t.active],
        own=order.asked_by_id == g.user.id, typed=request.form,
        place=territory.paths(g.tenant.id).get(order.territory_id) if order.territory_id else None,
    )  # fmt: skip


def _get(order_id: int) -> MailingOrder:
    return listing.get(g.tenant.id, order_id, g.user, _sees_all())


def _sees_all() -> bool:
    return may(P.ORDER_SEE) or may(P.ORDER_DECIDE)


def _wish() -> wishes.Wish:
    form = request.form
    node_id = form.get("territory_id", 0, int)
    try:
        day = date.fromisoformat(form.get("wanted_on", ""))
    except ValueError:
        day = None
    return wishes.Wish(
        form.get("title", ""), form.get("text", ""), form.get("audience", ""), form.get("reason", ""),
        form.get("territory", ""), day, form.get("reference", ""),
        territory.get(g.tenant.id, node_id).id if node_id else None,
    )  # fmt: skip


def _version() -> int | None:
    return request.form.get("version", type=int)


def _url(order: MailingOrder) -> str:
    return url_for("orders.show", order_id=order.id)
