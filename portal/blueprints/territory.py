"""The tree of territories: make, rename, move and delete nodes; who belongs to them is on the record pages."""

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain.accounts.permissions import Permission as P
from domain.errors import Conflict, Invalid
from domain.folding import holding
from domain.subscribers import finding, places
from domain.tenancy import territory
from portal import hypermedia
from portal.access import requires
from portal.errors import say

bp = Blueprint("territory", __name__)


@bp.get("/admin/territory")
@requires(P.TENANT_EDIT, P.SUBSCRIBER_SEE)
def index() -> Response:
    return _index()


@bp.post("/admin/territory")
@requires(P.TENANT_EDIT)
def create() -> Response:
    try:
        made = territory.create(g.tenant.id, request.form.get("name", ""), _parent(), g.user.id)
    except Invalid as error:
        return _index(_(str(error.fields["name"])), 422)
    return hypermedia.done(url_for("territory.index"), _("“%(name)s” is in the tree.", name=made.name))


@bp.get("/admin/territory/<int:node_id>")
@requires(P.TENANT_EDIT, P.SUBSCRIBER_SEE)
def show(node_id: int) -> Response:
    return _show(territory.place(g.tenant.id, node_id))


@bp.post("/admin/territory/<int:node_id>")
@requires(P.TENANT_EDIT)
def save(node_id: int) -> Response:
    """Another name, another place in the tree."""
    found = territory.place(g.tenant.id, node_id)
    try:
        territory.rename(g.tenant.id, node_id, request.form.get("name", ""), g.user.id)
        if "parent" in request.form:
            territory.move(g.tenant.id, node_id, _parent(), g.user.id)
    except Invalid as error:
        return _show(found, {"name": _(str(error.fields["name"]))}, 422)
    except Conflict as error:
        return _show(found, {"parent": say(error)}, 422)
    return hypermedia.done(url_for("territory.show", node_id=node_id), _("Saved."))


@bp.post("/admin/territory/<int:node_id>/delete")
@requires(P.TENANT_EDIT)
def delete(node_id: int) -> Response:
    found = territory.place(g.tenant.id, node_id)
    try:
        places.delete(g.tenant.id, node_id, g.user.id)
    except Conflict as error:
        return _show(found, {"delete": say(error)}, 409)
    return hypermedia.done(url_for("territory.index"), _("“%(name)s” is deleted.", name=found.name))


def _index(wrong: str = "", status: int = 200) -> Response:
    text = request.args.get("q", "")[:100]
    every = territory.every(g.tenant.id)
    holds = holding(text)
    shown = [node for node in every if holds(node.path)]
    return hypermedia.page(
        "territory/index.html", "territory/_tree.html" if status == 200 else None, status=status, nodes=shown,
        every=every, text=text, wrong=wrong,
    )  # fmt: skip


def _show(found: territory.Place, wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    every = territory.every(g.tenant.id)
    below = set(territory.below(g.tenant.id, [found.id]))
    return hypermedia.page(
        "territory/show.html", status=status, node=found, wrong=wrong or {}, own=g.rights.territory,
        parents=[node for node in every if node.id not in below],
        children=[node for node in every if node.parent_id == found.id],
        above=[node for node in every if node.id in _above(every, found)],
        count=places.count(g.tenant.id, found.id, finding.COUNTED), most=finding.COUNTED,
    )  # fmt: skip


def _above(every: list[territory.Place], found: territory.Place) -> set[int]:
    by_id, ids, at = {node.id: node for node in every}, set(), found.parent_id
    while at in by_id:
        ids.add(at)
        at = by_id[at].parent_id
    return ids


def _parent() -> int | None:
    """The node above that the form names; nothing: the top of the tree."""
    text = request.form.get("parent", "").strip()
    if not text:
        return None
    return territory.get(g.tenant.id, int(text) if text.isdecimal() and len(text) < 10 else 0).id
