"""People who are here twice: suggestions, two people side by side, and merging them."""

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain.accounts.permissions import Permission as P
from domain.campaigns import alike, merging, unmerging
from domain.errors import Conflict
from domain.segments import saved
from domain.subscribers import directory, imports, lists, organisations
from domain.subscribers.models import Subscriber
from portal import hypermedia, record
from portal.access import requires

bp = Blueprint("duplicates", __name__)
FEW = 5


@bp.get("/subscribers/duplicates")
@requires(P.SUBSCRIBER_EDIT)
def index() -> Response:
    view = request.args.get("view", "name")
    view = view if view in alike.VIEWS else "name"
    after = request.args.get("after", "")[:320]
    return hypermedia.page(
        "duplicates/index.html", found=alike.suggest(g.tenant.id, view, after), view=view, after=after
    )


@bp.get("/subscribers/duplicates/imports/<int:job_id>")
@requires(P.SUBSCRIBER_EDIT)
def of_import(job_id: int) -> Response:
    """Who came by an import and may have been here already; as a fragment the first few, for the page of the import."""
    job = imports.get(g.tenant.id, job_id)
    after = request.args.get("after", 0, int)
    few = hypermedia.wants_fragment()
    found = alike.of_import(job, after, FEW if few else alike.SHOWN)
    return hypermedia.page(
        "duplicates/of_import.html", "duplicates/_few.html", found=found, job=job, after=after
    )


@bp.get("/subscribers/<int:subscriber_id>/duplicates/<int:other_id>")
@requires(P.SUBSCRIBER_EDIT)
def compare(subscriber_id: int, other_id: int) -> Response:
    keep, drop = _two(subscriber_id, other_id)
    labels = saved.columns(g.tenant.id)
    return hypermedia.page(
        "duplicates/compare.html", keep=keep, drop=drop, differing=merging.differing(keep, drop), fields=merging.PLAIN,
        labels={name: labels.get(f"person:{name}", "") for name in merging.PLAIN},
        firms=organisations.names(g.tenant.id, {keep.organisation_id, drop.organisation_id}),
        types={p.id: directory.subscriptions(p) for p in (keep, drop)}, lists={p.id: lists.of(p) for p in (keep, drop)},
    )  # fmt: skip


@bp.post("/subscribers/<int:subscriber_id>/duplicates/<int:other_id>")
@requires(P.SUBSCRIBER_EDIT)
def merge(subscriber_id: int, other_id: int) -> Response:
    keep, drop = _two(subscriber_id, other_id)
    theirs = [name for name in merging.PLAIN if request.form.get(f"take-{name}") == "other"]
    kept = merging.merge(keep, drop, theirs, g.user.id, request.form.get("take-address") == "other")
    return hypermedia.done(
        url_for("subscribers.show", subscriber_id=kept.id),
        _("Both are one person now. It can be undone on this page for 30 days."),
    )


@bp.post("/subscribers/<int:subscriber_id>/merges/<int:merge_id>/undo")
@requires(P.SUBSCRIBER_EDIT)
def undo(subscriber_id: int, merge_id: int) -> Response:
    """Make two people again of one."""
    person = directory.get(g.tenant.id, subscriber_id)
    try:
        other_id = unmerging.undo(person, merge_id, g.user.id)
    except Conflict as error:
        reason = _(str(error.params.get("reason", "")))
        return record.back(person, _("This merging cannot be undone. %(reason)s", reason=reason), "hold")
    return hypermedia.done(
        url_for("duplicates.compare", subscriber_id=person.id, other_id=other_id),
        _("They are two people again."),
    )


def _two(keep_id: int, drop_id: int) -> tuple[Subscriber, Subscriber]:
    return directory.get(g.tenant.id, keep_id), directory.get(g.tenant.id, drop_id)
