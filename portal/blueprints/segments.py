"""Segments: the query builder, saved questions, their people, freeze, export."""

from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain.accounts.permissions import Permission as P
from domain.audit import log
from domain.campaigns.models import Campaign, CampaignStatus
from domain.db import abreast, gathered
from domain.errors import Invalid
from domain.segments import catalogue, compile, computed, people, query, saved
from domain.segments.models import Segment
from domain.subscribers import organisations
from portal import context, downloads, facets, hypermedia, meanwhile, segment_form
from portal.access import requires
from portal.errors import say

bp = Blueprint("segments", __name__)
CAMPAIGNS_OFFERED = 50
ROWS_COUNTED = 20  # conditions with a figure of their own
COUNTED_ALONE = 10_000  # people counted of one condition
COUNTED = 1_000  # people counted at once; the page asks for the rest when it stands


@bp.get("/segments")
@requires(P.SUBSCRIBER_SEE)
def index() -> Response:
    text = request.args.get("q", "")[:120]
    page = saved.page(g.tenant.id, text, request.args.get("at", ""))
    return hypermedia.page(
        "segments/index.html", "segments/_results.html", page=page, text=text, starters=saved.STARTERS
    )


@bp.get("/segments/new")
@requires(P.SUBSCRIBER_SEE)
def new() -> Response:
    tree = segment_form.start(request.args.get("start", ""))
    return _builder(None, tree, issue_id=request.args.get("issue", type=int))


@bp.post("/segments/build")
@requires(P.SUBSCRIBER_SEE)
def build() -> Response:
    """The builder after a change or one of its buttons; writes nothing."""
    segment_id = request.form.get("segment", type=int)
    found = saved.get(g.tenant.id, segment_id) if segment_id else None
    known = catalogue.every(g.tenant.id, segment_id)
    tree = segment_form.read(request.form, known)
    if request.args.get("part") == "rows":
        return hypermedia.fragment(
            "segments/_row_counts.html", found=_row_counts(tree, known), most=COUNTED_ALONE
        )
    if request.args.get("part") == "numbers":
        made, asked, _unreadable = _asked(found, tree, known)
        return hypermedia.fragment(
            "segments/_numbers.html", numbers=people.numbers(g.tenant.id, made), counted=0,
            everybody=not asked["rules"],
        )  # fmt: skip
    return _builder(found, tree, issue_id=request.form.get("issue", type=int))


@bp.post("/segments")
@requires(P.SUBSCRIBER_EDIT, P.CAMPAIGN_PLAN)
def create() -> Response:
    return _save(None)


@bp.get("/segments/<int:segment_id>")
@requires(P.SUBSCRIBER_SEE)
def show(segment_id: int) -> Response:
    found = saved.get(g.tenant.id, segment_id)
    return _builder(found, found.query, issue_id=request.args.get("issue", type=int))


@bp.post("/segments/<int:segment_id>")
@requires(P.SUBSCRIBER_EDIT, P.CAMPAIGN_PLAN)
def save(segment_id: int) -> Response:
    return _save(saved.get(g.tenant.id, segment_id))


@bp.post("/segments/<int:segment_id>/freeze")
@requires(P.SUBSCRIBER_EDIT, P.CAMPAIGN_PLAN)
def freeze(segment_id: int) -> Response:
    found = saved.get(g.tenant.id, segment_id)
    count = saved.freeze(found, _moment(), g.user.id)
    return hypermedia.done(_url(found), _("Frozen with %(count)s people.", count=count))


@bp.post("/segments/<int:segment_id>/thaw")
@requires(P.SUBSCRIBER_EDIT, P.CAMPAIGN_PLAN)
def thaw(segment_id: int) -> Response:
    found = saved.get(g.tenant.id, segment_id)
    saved.thaw(found, g.user.id)
    return hypermedia.done(_url(found), _("The question counts again."))


@bp.post("/segments/<int:segment_id>/delete")
@requires(P.SUBSCRIBER_EDIT, P.CAMPAIGN_PLAN)
def delete(segment_id: int) -> Response:
    found = saved.get(g.tenant.id, segment_id)
    saved.delete(found, g.user.id)
    return hypermedia.done(url_for("segments.index"), _("“%(name)s” is deleted.", name=found.name))


@bp.post("/segments/<int:segment_id>/export")
@requires(P.SUBSCRIBER_EXPORT)
def export(segment_id: int) -> Response:
    """Everybody with the chosen columns. A POST, because the log notes who took the data along."""
    found = saved.get(g.tenant.id, segment_id)
    made = compile.of_segment(found, _moment())
    labels = saved.columns(g.tenant.id)
    columns = [column for column in found.columns or saved.USUAL_COLUMNS if column in labels]
    firsts = computed.of(found)
    head = [labels[c] if c.startswith("own:") else _(labels[c]) for c in columns]
    head += [first.name for first in firsts]
    rows = people.rows(g.tenant.id, made, columns, firsts)
    as_sheet = request.form.get("as") == "xlsx"
    log.record(
        g.tenant.id, "segment.export", user_id=g.user.id, kind="segment", object_id=found.id,
        details={"name": found.name, "columns": head, "as": "xlsx" if as_sheet else "csv"},
    )  # fmt: skip
    return downloads.table(
        head,
        rows,
        f"segment-{found.id}",
        "xlsx" if as_sheet else "csv",
        lambda: people.count(g.tenant.id, made),
    )


def _save(found: Segment | None) -> Response:
    known = catalogue.every(g.tenant.id, found.id if found else None)
    tree = segment_form.read(request.form, known)
    issue_id = request.form.get("issue", type=int)
    if found is not None and meanwhile.is_stale(_saved(found)):
        return _builder(found, tree, None, issue_id, 409, _differences(found, tree, known))
    try:
        segment = saved.save(
            g.tenant.id, request.form.get("name", ""), segment_form.without_blank(tree),
            request.form.getlist("column"), g.user.id, found, segment_form.firsts(request.form),
        )  # fmt: skip
    except Invalid as error:
        return _builder(found, tree, facets.wrong(error), issue_id, 422)
    if issue_id and request.form.get("act") == "use":
        return hypermedia.done(url_for("campaigns.plan", issue_id=issue_id, segment=segment.id), _("Saved."))
    return hypermedia.done(_url(segment), _("Saved."))


def _builder(
    found: Segment | None, tree: dict[str, Any], wrong: dict[str, str] | None = None, issue_id: int | None = None,
    status: int = 200, changed: list[meanwhile.Difference] | None = None,
) -> Response:  # fmt: skip
    known = catalogue.every(g.tenant.id, found.id if found else None)
    shown = segment_form.shown(tree)
    made, asked, unreadable = _asked(found, shown, known)
    _whole, problems = query.read(shown, known)
    act = request.form.get("act", "")
    before = int(act[7:]) if act.startswith("before:") and act[7:].isdecimal() else None

    def people_of() -> tuple[people.Page, dict[int, str]]:
        page = people.page(g.tenant.id, made, before)
        return page, organisations.names(g.tenant.id, {p.organisation_id for p in page.people})

    (page, customers), around = abreast(
        people_of,
        lambda: gathered(
            numbers=lambda: people.numbers(g.tenant.id, made, COUNTED + 1),
            columns=lambda: saved.columns(g.tenant.id),
            placeholders=lambda: saved.placeholders(g.tenant.id),
            campaigns=_campaigns,
        ),
    )
    chosen = (
        request.form.getlist("column") if request.form else (found.columns if found else saved.USUAL_COLUMNS)
    )
    return hypermedia.page(
        "segments/edit.html", "segments/_builder.html", status=status, segment=found,
        groups=shown["rules"], match=shown["match"],
        per_person=context.effective_settings()["tracking"] == "people",
        known=known, ops=catalogue.OPS, words=catalogue.WORDS, no_value=catalogue.NO_VALUE, days=catalogue.DAYS,
        field_groups=catalogue.GROUPS, problems={p.path: p.message for p in problems} if len(asked["rules"]) else {},
        wrong=wrong or {}, counted=COUNTED, page=page, organisations=customers, **around,
        before=before, issue_id=issue_id, unreadable=say(unreadable) if unreadable else "",
        chosen=chosen, firsts=_firsts(found), starters=saved.STARTERS,
        changed=changed, stamp=_stamp(found, status),
        everybody=not asked["rules"], name=request.form.get("name", found.name if found else ""),
    )  # fmt: skip


def _saved(found: Segment) -> dict[str, Any]:
    """Everything that the form shows, as it is saved."""
    firsts = [[column.name, list(column.of)] for column in computed.of(found)]
    return {"name": found.name, "query": found.query, "columns": found.columns, "firsts": firsts}


def _stamp(found: Segment | None, status: int) -> str:
    """Of what is saved now; a form that came back for a mistake keeps the stamp it was drawn with."""
    if found is None:
        return ""
    return request.form.get("stamp", "") if status == 422 else meanwhile.stamp(_saved(found))


def _differences(
    found: Segment, tree: dict[str, Any], known: dict[str, catalogue.Field]
) -> list[meanwhile.Difference]:
    """What somebody else has saved meanwhile, where the form says something else."""
    labels = {
        key: text if key.startswith("own:") else _(text) for key, text in saved.columns(g.tenant.id).items()
    }

    def words(keys: list[str]) -> list[str]:
        return [labels[key] for key in keys if key in labels and key != "person:address"]

    now = {
        "name": found.name, "query": segment_form.in_words(found.query, known), "columns": words(found.columns),
        "firsts": [f"{column.name}: {', '.join(words(list(column.of)))}" for column in computed.of(found)],
    }  # fmt: skip
    typed = {
        "name": request.form.get("name", ""), "query": segment_form.in_words(tree, known),
        "columns": words(request.form.getlist("column")),
        "firsts": [f"{name}: {', '.join(words(keys))}" for name, keys in segment_form.firsts(request.form)],
    }  # fmt: skip
    return meanwhile.differences(now, typed, {
        "name": _("Name"), "query": _("Question"), "columns": _("Columns"),
        "firsts": _("First non-empty of several fields"),
    })  # fmt: skip


def _firsts(found: Segment | None) -> list[tuple[str, list[str]]]:
    """The computed columns as typed or saved, and an empty one to fill in."""
    if request.form:
        shown = segment_form.firsts(request.form)
    else:
        shown = [(column.name, list(column.of)) for column in computed.of(found)]
    return [*shown, ("", [])][: computed.MOST]


def _asked(
    found: Segment | None, tree: dict[str, Any], known: dict[str, catalogue.Field]
) -> tuple[compile.Made, dict[str, Any], compile.Unreadable | None]:
    """The condition of what is asked, the tree without conditions that nobody has filled in, and which other segment
    it names that cannot be asked."""
    asked = segment_form.without_blank(tree)
    if found is not None and found.frozen_at is not None:
        return compile.of_segment(found, _moment()), asked, None
    try:
        return compile.condition(query.read(asked, known)[0], _moment()), asked, None
    except compile.Unreadable as unreadable:
        return ("FALSE", []), asked, unreadable


def _row_counts(tree: dict[str, Any], known: dict[str, catalogue.Field]) -> list[tuple[str, int]]:
    """(row of the builder, how many people it holds for alone) of the conditions that can be asked."""
    rows: list[str] = []
    made: list[compile.Made] = []
    for g_index, group in enumerate(tree["rules"]):
        for index, rule in enumerate(group["rules"]):
            asked, problems = query.read({"match": "all", "rules": [rule]}, known)
            if problems or len(rows) == ROWS_COUNTED:
                continue
            try:
                made.append(compile.condition(asked, _moment()))
            except compile.Unreadable:
                continue
            rows.append(f"g{g_index}-{index}")
    return list(zip(rows, people.counts(g.tenant.id, made, COUNTED_ALONE + 1), strict=True))


def _campaigns() -> list[Campaign]:
    """The newest mailings, to ask who got them."""
    chosen = Campaign.select(Campaign.id, Campaign.name, Campaign.started_at).where(
        Campaign.tenant_id == g.tenant.id, Campaign.status != CampaignStatus.DRAFT
    )
    return list(chosen.order_by(Campaign.id.desc()).limit(CAMPAIGNS_OFFERED))


def _moment() -> compile.Moment:
    return compile.Moment(g.tenant.id, context.time_zone())


def _url(segment: Segment) -> str:
    return url_for("segments.show", segment_id=segment.id)
