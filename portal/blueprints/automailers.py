"""Automailers: series of mails to one contact after another. Their steps, start and window, and their state."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from dispatcher import series as door
from dispatcher import tasks
from domain import bounds
from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.automailers import listing, series
from domain.automailers.models import Automailer, AutomailerState, AutomailerStep
from domain.campaigns import adding
from domain.campaigns.models import Campaign, CampaignStatus
from domain.db import abreast, gathered
from domain.errors import Conflict, Invalid
from domain.issues.models import PLAIN, Issue
from domain.quotas import ledger as quotas
from domain.subscribers import types
from domain.subscribers.facets import tracks
from portal import context, hypermedia, sending
from portal.access import may, requires
from portal.errors import say, say_fields
from portal.filters import weekday_short
from portal.forms import automailers as forms

bp = Blueprint("automailers", __name__)
S = CampaignStatus


@dataclass(frozen=True)
class Row:
    """A step as its page shows it; `state` is a word of portal.states."""

    step: AutomailerStep
    number: int
    issue: Issue | None
    is_plain: bool
    value: str
    campaign: Campaign | None
    state: str
    figures: listing.Figures


@bp.get("/automailers")
@requires(P.AUTOMAILER_SEE)
def index() -> Response:
    return _index()


@bp.post("/automailers")
@requires(P.AUTOMAILER_WRITE)
def create() -> Response:
    try:
        made = series.create(
            g.tenant.id, request.form.get("name", ""), request.form.get("type_id", 0, int), g.user.id
        )
    except Invalid as error:
        return _index(say_fields(error), 422)
    return hypermedia.done(_url(made), _("Made. Now add the mails, one step after another."))


@bp.get("/automailers/<int:automailer_id>")
@requires(P.AUTOMAILER_SEE)
def show(automailer_id: int) -> Response:
    return _show(_get(automailer_id))


@bp.get("/automailers/<int:automailer_id>/edit")
@requires(P.AUTOMAILER_WRITE)
def edit(automailer_id: int) -> Response:
    found = _get(automailer_id)
    return _edit(found, forms.shown(found))


@bp.post("/automailers/<int:automailer_id>")
@requires(P.AUTOMAILER_WRITE)
def change(automailer_id: int) -> Response:
    found = _get(automailer_id)
    values = forms.settings(request.form)
    try:
        series.change(found, values, request.form.get("version", 0, int), g.user.id)
    except Invalid as error:
        return _edit(found, values, say_fields(error), 422)
    except Conflict as error:
        return _edit(found, values, {"": say(error)}, 409)
    return hypermedia.done(_url(found), _("Saved."))


@bp.post("/automailers/<int:automailer_id>/steps")
@requires(P.AUTOMAILER_WRITE)
def add_step(automailer_id: int) -> Response:
    found, typed = _get(automailer_id), forms.step(request.form)
    try:
        series.add_step(found, typed, g.user.id)
    except Invalid as error:
        return _show(found, typed, say_fields(error) or {"": say(error)}, 422)
    return hypermedia.done(_url(found), _("The step is added."))


@bp.get("/automailers/<int:automailer_id>/steps/<int:step_id>")
@requires(P.AUTOMAILER_WRITE)
def edit_step(automailer_id: int, step_id: int) -> Response:
    found = _get(automailer_id)
    step = series.step(found, step_id)
    return _step(found, step, forms.step_shown(step, False))


@bp.post("/automailers/<int:automailer_id>/steps/<int:step_id>")
@requires(P.AUTOMAILER_WRITE)
def change_step(automailer_id: int, step_id: int) -> Response:
    """Save a step; with `act` move it up or down, or take it out."""
    found = _get(automailer_id)
    step, act = series.step(found, step_id), request.form.get("act", "")
    if act in ("up", "down"):
        series.move_step(found, step, -1 if act == "up" else 1, g.user.id)
        return hypermedia.done(_url(found), _("Saved."))
    if act == "remove":
        series.remove_step(found, step, g.user.id)
        return hypermedia.done(
            _url(found), _("The step is out. What it sent stays on the records of the contacts.")
        )
    typed = forms.step(request.form)
    try:
        series.change_step(found, step, typed, g.user.id)
    except Invalid as error:
        return _step(found, step, typed, say_fields(error), 422)
    return hypermedia.done(_url(found), _("Saved."))


@bp.post("/automailers/<int:automailer_id>/activate")
@requires(P.AUTOMAILER_ACTIVATE)
def activate(automailer_id: int) -> Response:
    found = _get(automailer_id)
    alone = bool(context.effective_settings()["approval_self"]) and may(P.APPROVAL_DECIDE)
    role_id = quotas.most_generous(g.rights.role_ids)
    try:
        waiting = door.activate(g.tenant, found, g.user, sending.base_url(), alone, role_id)
    except door.StepRefused as error:
        text = _("Step %(number)s: %(reason)s", number=error.number, reason=say(error.cause))
        return _show(found, refused=text, status=422)
    except Invalid as error:
        return _show(found, refused=say(error), status=422)
    tasks.wake_deliver(0)
    if not waiting:
        return hypermedia.done(_url(found), _("The automailer is active."))
    text = ngettext(
        "The automailer is active. One mail still waits for its approval; until then its step waits.",
        "The automailer is active. %(num)s mails still wait for their approval; until then their steps wait.",
        waiting,
    )
    return hypermedia.done(_url(found), text, "hold")


@bp.post("/automailers/<int:automailer_id>/pause")
@requires(P.AUTOMAILER_ACTIVATE)
def pause(automailer_id: int) -> Response:
    found = _get(automailer_id)
    for campaign_id in series.pause(found, g.user.id):
        tasks.wake_deliver(campaign_id)
    return hypermedia.done(_url(found), _("Paused. Nobody’s waiting time runs until it is activated again."))


@bp.get("/automailers/<int:automailer_id>/end")
@requires(P.AUTOMAILER_ACTIVATE)
def confirm_end(automailer_id: int) -> Response:
    found = _get(automailer_id)
    return hypermedia.page("automailers/end.html", automailer=found, counts=listing.counts(found))


@bp.post("/automailers/<int:automailer_id>/end")
@requires(P.AUTOMAILER_ACTIVATE)
def end(automailer_id: int) -> Response:
    found = _get(automailer_id)
    for campaign_id in series.end(found, g.user.id):
        tasks.wake_deliver(campaign_id)
    return hypermedia.done(_url(found), _("Ended. Nobody gets another mail of it."))


@bp.get("/automailers/<int:automailer_id>/delete")
@requires(P.AUTOMAILER_WRITE)
def confirm_delete(automailer_id: int) -> Response:
    """What goes with a draft and what stays, before it is done."""
    found = _get(automailer_id)
    if found.state != AutomailerState.DRAFT:
        raise Conflict(series.KEPT)
    return hypermedia.page("automailers/delete.html", automailer=found, steps=len(series.steps(found)))


@bp.post("/automailers/<int:automailer_id>/delete")
@requires(P.AUTOMAILER_WRITE)
def delete(automailer_id: int) -> Response:
    series.delete(_get(automailer_id), g.user.id)
    return hypermedia.done(url_for("automailers.index"), _("The automailer is deleted."))


def _get(automailer_id: int) -> Automailer:
    return series.get(g.tenant.id, automailer_id)


def _url(found: Automailer) -> str:
    return url_for("automailers.show", automailer_id=found.id)


def _index(wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    found, older = listing.find(g.tenant.id, request.args.get("before", type=int))
    ids = [one.id for one in found]
    steps, running, kinds = abreast(
        lambda: listing.step_counts(g.tenant.id, ids), lambda: listing.running(g.tenant.id, ids),
        lambda: types.every(g.tenant.id),
    )  # fmt: skip
    return hypermedia.page(
        "automailers/index.html", status=status, automailers=found, older=older, steps=steps, running=running,
        kinds={kind.id: kind.name for kind in kinds}, choices=[(k.id, k.name) for k in kinds if k.active],
        most=listing.COUNTED, wrong=wrong or {}, typed=request.form,
    )  # fmt: skip


def _show(
    found: Automailer, typed: dict[str, Any] | None = None, wrong: dict[str, str] | None = None, status: int = 200,
    refused: str = "",
) -> Response:  # fmt: skip
    steps = series.steps(found)
    around = gathered(
        carriers=lambda: series.carriers(found, steps), figures=lambda: listing.of_steps(found),
        mails=lambda: listing.mails(found, steps), tracks=lambda: tracks.every(g.tenant.id),
        counts=lambda: listing.counts(found), kind=lambda: types.get(g.tenant.id, found.type_id),
        names=lambda: policy.names([found.activated_by_id, found.created_by_id]),
    )  # fmt: skip
    mails = {issue.id: issue for issue in around["mails"]}
    values = {value.id: f"{track.name}: {value.name}" for track, rows in around["tracks"] for value in rows}
    rows = [
        _row(step, number, mails, values, around["carriers"].get(step.campaign_id or 0), around["figures"])
        for number, step in enumerate(steps, 1)
    ]
    return hypermedia.page(
        "automailers/show.html", status=status, automailer=found, rows=rows, values=values, mails=around["mails"],
        typed=typed or forms.step_shown(None, not steps), wrong=wrong or {}, refused=refused, kind=around["kind"],
        counts=around["counts"], names=around["names"], tracks=around["tracks"], most=listing.COUNTED,
        editable=found.state in series.EDITABLE and bounds.covers(found.territory_ids), plain=PLAIN,
        beyond=not bounds.covers(found.territory_ids), words=forms.clock_words, first=not steps,
        weekdays=_weekdays(),
    )  # fmt: skip


def _row(
    step: AutomailerStep, number: int, mails: dict[int, Issue], values: dict[int, str], campaign: Campaign | None,
    figures: dict[int, listing.Figures],
) -> Row:  # fmt: skip
    issue = mails.get(step.issue_id)
    return Row(
        step, number, issue, issue is not None and issue.kind in PLAIN, values.get(step.value_id or 0, ""), campaign,
        _state(campaign), figures.get(step.id, listing.Figures()),
    )  # fmt: skip


def _state(campaign: Campaign | None) -> str:
    """What keeps a step from going, or that nothing does."""
    if campaign is None:
        return "new"
    if campaign.status == S.DRAFT:
        return "returned"
    if campaign.status in (S.IN_APPROVAL, S.PAUSED, S.STOPPED, S.CANCELLED):
        return str(campaign.status)
    if campaign.status == S.WAITING and campaign.wait_reason != adding.RESTS:
        return "waiting"
    return "ready"


def _weekdays() -> list[tuple[int, str]]:
    """(0 for Monday …, its short name)."""
    return [(day, weekday_short(date(2024, 1, 1 + day))) for day in range(7)]


def _edit(
    found: Automailer, typed: dict[str, Any], wrong: dict[str, str] | None = None, status: int = 200
) -> Response:
    if found.state not in series.EDITABLE and status == 200:
        raise Conflict(series.BUSY if found.state == AutomailerState.ACTIVE else series.GONE)
    return hypermedia.page(
        "automailers/edit.html", status=status, automailer=found, typed=typed, wrong=wrong or {},
        tracks=tracks.every(g.tenant.id), words=forms.clock_words, zone=context.time_zone(), weekdays=_weekdays(),
    )  # fmt: skip


def _step(
    found: Automailer, step: AutomailerStep, typed: dict[str, Any], wrong: dict[str, str] | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    order = series.steps(found)
    return hypermedia.page(
        "automailers/step.html", status=status, automailer=found, step=step, typed=typed, wrong=wrong or {},
        mails=listing.mails(found, order), tracks=tracks.every(g.tenant.id), plain=PLAIN,
        number=next(i for i, one in enumerate(order, 1) if one.id == step.id), first=order[0].id == step.id,
    )  # fmt: skip
