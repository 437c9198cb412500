"""Mailings: planning one, watching it run, and every recipient's state afterwards."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from dispatcher import clearance, tasks
from dispatcher.rendering import render
from domain import bounds, clock
from domain.accounts.permissions import Permission as P
from domain.approvals import flow
from domain.approvals.models import ApprovalState
from domain.audit import log
from domain.campaigns import (
    audience,
    capped,
    figures,
    forecast,
    lifecycle,
    listing,
    measured,
    measuring,
    order,
    planning,
    reports,
)
from domain.campaigns.models import BORROWING, Campaign, CampaignStatus, Course
from domain.db import abreast
from domain.errors import N_, Conflict, Invalid
from domain.issues import assembly
from domain.issues.models import Issue
from domain.quotas import ceilings
from domain.quotas import ledger as quotas
from domain.quotas.models import Window
from domain.segments import saved
from domain.senders import relays
from domain.subscribers import lists, types
from domain.tenancy.measuring import Measuring
from portal import (
    context,
    downloads,
    hypermedia,
    measuring_words,
    places,
    progress,
    sending,
    territories,
    timing,
)
from portal import recipients as recipients_of
from portal.access import may, requires
from portal.errors import into_form
from portal.forms.campaigns import PlanForm

bp = Blueprint("campaigns", __name__)


@bp.get("/campaigns")
@requires(P.CAMPAIGN_SEE)
def index() -> Response:
    view = request.args.get("view", "all")
    page = listing.find(g.tenant.id, view, request.args.get("before", type=int))
    return hypermedia.page(
        "campaigns/index.html", page=page, view=view, counts=listing.counts(g.tenant.id),
        types={t.id: t.name for t in types.every(g.tenant.id)},
    )  # fmt: skip


@bp.get("/issues/<int:issue_id>/plan")
@requires(P.CAMPAIGN_PLAN)
def plan(issue_id: int) -> Response:
    issue = assembly.get(g.tenant.id, issue_id)
    campaign = sending.planned(issue)
    if campaign.status != CampaignStatus.DRAFT:
        return hypermedia.done(url_for("campaigns.show", campaign_id=campaign.id))
    form = PlanForm.of(campaign, context.time_zone())
    wanted = request.args.get("segment", type=int)
    if wanted:  # chosen while its segment was made; saved with the plan
        form.whom.data, form.segment.data = "segment", saved.get(g.tenant.id, wanted).id
        campaign.audience = form.previewed_audience(campaign)
    return _plan_page(issue, campaign, form)


@bp.get("/issues/<int:issue_id>/plan/numbers")
@requires(P.CAMPAIGN_PLAN)
def numbers(issue_id: int) -> Response:
    """The numbers for what is ticked at the moment; nothing is saved."""
    issue = assembly.get(g.tenant.id, issue_id)
    return hypermedia.fragment("campaigns/_numbers.html", oob=True, **_numbers(issue, _as_ticked(issue)))


def _as_ticked(issue: Issue) -> Campaign:
    """The campaign of an issue as the form stands at the moment; nothing is saved."""
    campaign = sending.planned(issue)
    form = PlanForm(formdata=request.args, meta={"csrf": False})
    _fill_choices(form, issue)
    if campaign.course != Course.CORRECTION:  # goes to exactly those who have the mail
        campaign.audience = form.previewed_audience(campaign)
    campaign.interval_count, campaign.interval_s = form.pace()["interval_count"], form.pace()["interval_s"]
    campaign.send_at = form.wished(ZoneInfo(context.time_zone()))
    return campaign


@bp.get("/issues/<int:issue_id>/plan/checks")
@requires(P.CAMPAIGN_PLAN)
def checks(issue_id: int) -> Response:
    """What the pre-flight says, with what is counted over a large audience."""
    issue = assembly.get(g.tenant.id, issue_id)
    findings, _size = clearance.preflight(g.tenant, issue, sending.base_url(), _as_ticked(issue))
    return hypermedia.fragment("campaigns/_findings.html", issue=issue, findings=findings, place=places.of)


@bp.post("/issues/<int:issue_id>/plan")
@requires(P.CAMPAIGN_PLAN)
def save_plan(issue_id: int) -> Response:
    """Save the plan; with `act` ask for approval of it, or send at once where the tenant allows it."""
    issue = assembly.get(g.tenant.id, issue_id)
    if issue.state not in assembly.EDITABLE:
        raise Conflict(N_("This mailing is in approval or on its way and can no longer be changed."))
    sender = _sender(issue)
    campaign = planning.draft_for(issue, g.user.id, sender.name, sender.address, sender.reply_to)
    form = PlanForm()
    _fill_choices(form, issue)
    act, seen, planned = request.form.get("act", "save"), request.form.get("version"), False
    try:
        if not form.validate():
            raise Invalid(
                fields={name: " ".join(map(str, texts)) for name, texts in form.errors.items() if name}
            )
        planning.plan(campaign, form.values(ZoneInfo(context.time_zone())), form.seen_version())
        seen, planned = str(campaign.version), True  # even if what follows is refused
        if act == "ask" and may(P.APPROVAL_ASK):
            clearance.ask(g.tenant, issue, campaign, g.user, sending.base_url(), request.form.get("note", ""))
        elif act == "send" and _may_send_alone():
            _send_now(issue, campaign)
    except planning.PlanChanged:
        campaign = planning.get(g.tenant.id, campaign.id)
        return _plan_page(issue, campaign, form, 409, changed=True)
    except Invalid as error:
        if not form.errors:
            into_form(form, error)
        if planned and not form.form_errors:
            form.form_errors = [_("The plan is saved, but it cannot go out like this yet.")]
        return _plan_page(issue, campaign, form, 422, seen=seen)
    if act == "people" and may(P.SUBSCRIBER_SEE):
        return hypermedia.done(url_for("selection.index", campaign_id=campaign.id))
    if act in ("save", "people"):
        return hypermedia.done(url_for("campaigns.plan", issue_id=issue.id), _("Saved."))
    text = _("Approval is asked for.") if act == "ask" else _("The mailing is on its way.")
    return hypermedia.done(url_for("campaigns.show", campaign_id=campaign.id), text)


@bp.get("/campaigns/<int:campaign_id>")
@requires(P.CAMPAIGN_SEE)
def show(campaign_id: int) -> Response:
    """The page of a mailing; by htmx only its progress, which polls itself until all is over."""
    campaign = planning.get(g.tenant.id, campaign_id)
    if campaign.status == CampaignStatus.DRAFT and may(P.CAMPAIGN_PLAN):
        if campaign.course == Course.SERIES:
            return hypermedia.done(url_for("automailers.show", automailer_id=campaign.audience["series"]))
        if campaign.course == Course.MISSING:
            return hypermedia.done(url_for("followups.draft", campaign_id=campaign.id))
        return hypermedia.done(url_for("campaigns.plan", issue_id=campaign.issue_id))
    if not hypermedia.wants_fragment():
        values, shown, mode = abreast(
            lambda: progress.of(campaign), lambda: recipients_of.shown(campaign),
            lambda: measured.mode_of(g.tenant, campaign),
        )  # fmt: skip
        return hypermedia.page("campaigns/show.html", **values, **shown, mode=mode)
    values = progress.of(campaign)
    if not values["over"]:
        return hypermedia.fragment("campaigns/_progress.html", **values)
    response = hypermedia.stop_polling("campaigns/_progress.html", **values)
    response.headers["HX-Trigger"] = "campaign-over"
    return response


@bp.get("/campaigns/<int:campaign_id>/recipients")
@requires(P.CAMPAIGN_SEE)
def recipients(campaign_id: int) -> Response:
    """Every recipient by name and state; names only for people who may see personal data."""
    campaign = planning.get(g.tenant.id, campaign_id)
    if not campaign.started_at and may(P.SUBSCRIBER_SEE) and campaign.course not in BORROWING:
        return hypermedia.done(url_for("selection.index", campaign_id=campaign.id))
    values = {**recipients_of.shown(campaign), "campaign": campaign}
    return hypermedia.page("campaigns/recipients.html", "campaigns/_recipients.html", **values)


@bp.post("/campaigns/<int:campaign_id>/export")
@requires(P.SUBSCRIBER_EXPORT)
def export(campaign_id: int) -> Response:
    """All recipients as CSV or XLSX. A POST, because the log notes who took the data along."""
    campaign = planning.get(g.tenant.id, campaign_id)
    log.record(g.tenant.id, "campaign.export", user_id=g.user.id, kind="campaign", object_id=campaign.id)
    counted = measured.mode_of(g.tenant, campaign) == Measuring.PEOPLE
    return downloads.table(
        recipients_of.head(counted), recipients_of.rows(campaign, counted), f"recipients-{campaign.id}",
        request.form.get("as", ""), lambda: sum(reports.progress(campaign).counts.values()),
    )  # fmt: skip


@bp.post("/campaigns/<int:campaign_id>/pause")
@requires(P.CAMPAIGN_SEND)
def pause(campaign_id: int) -> Response:
    campaign = planning.get(g.tenant.id, campaign_id)
    lifecycle.pause(campaign, g.user.id)
    tasks.wake_deliver(campaign.id)
    return hypermedia.done(_url(campaign), _("The mailing is being paused."))


@bp.post("/campaigns/<int:campaign_id>/resume")
@requires(P.CAMPAIGN_SEND)
def resume(campaign_id: int) -> Response:
    campaign = planning.get(g.tenant.id, campaign_id)
    lifecycle.resume(campaign, g.user.id)
    tasks.wake_deliver(campaign.id)
    return hypermedia.done(_url(campaign), _("The mailing goes on."))


@bp.get("/campaigns/<int:campaign_id>/cancel")
@requires(P.CAMPAIGN_SEND)
def confirm_cancel(campaign_id: int) -> Response:
    """What cancelling means, in one sentence, before it is done; of a large mailing with the figures that are kept."""
    campaign = planning.get(g.tenant.id, campaign_id)
    return hypermedia.page("campaigns/cancel.html", campaign=campaign, found=figures.of(campaign))


@bp.post("/campaigns/<int:campaign_id>/cancel")
@requires(P.CAMPAIGN_SEND)
def cancel(campaign_id: int) -> Response:
    campaign = planning.get(g.tenant.id, campaign_id)
    lifecycle.cancel(campaign, g.user.id)
    tasks.wake_deliver(campaign.id)
    return hypermedia.done(_url(campaign), _("The mailing is cancelled. Nobody else gets it."))


def _url(campaign: Campaign) -> str:
    return url_for("campaigns.show", campaign_id=campaign.id)


def _sender(issue: Issue) -> render.Sender:
    return render.sender_of(g.tenant, types.get(g.tenant.id, issue.type_id))


def _may_send_alone() -> bool:
    return (
        bool(context.effective_settings()["approval_self"])
        and may(P.APPROVAL_DECIDE)
        and may(P.CAMPAIGN_SEND)
    )


def _send_now(issue: Issue, campaign: Campaign) -> None:
    """Ask and approve in one step, for tenants that do without four eyes."""
    count = audience.numbers(campaign)[0]
    if count > sending.TYPED_FROM and request.form.get("typed", "") != str(count):
        raise Invalid(N_("Type the number of recipients to confirm that you mean to send to all of them."))
    clearance.ask(g.tenant, issue, campaign, g.user, sending.base_url())
    campaign = planning.get(g.tenant.id, campaign.id)
    approval = flow.get(g.tenant.id, campaign.approval_id)
    role_id = quotas.most_generous(g.rights.role_ids)
    lifecycle.decide(
        campaign, approval, g.user, ApprovalState.APPROVED, campaign.fingerprint, "", role_id, True
    )
    tasks.wake_deliver(campaign.id)


def _fill_choices(form: PlanForm, issue: Issue) -> None:
    own_relays = may(P.RELAY_EDIT) and not g.tenant.is_demo
    every, reports_, ways, kind = abreast(
        lambda: lists.every(g.tenant.id), lambda: saved.every(g.tenant.id),
        lambda: relays.choosable(g.tenant.id) if own_relays else [],
        lambda: types.get(g.tenant.id, issue.type_id),
    )  # fmt: skip
    form.lists.choices = [SelectChoice(item.id, item.name) for item in every]
    segments = [SelectChoice(item.id, item.name) for item in reports_]
    form.segment.choices = [SelectChoice(0, _("Choose a segment")), *segments]
    form.exclude.choices = [SelectChoice(0, _("nobody")), *segments]
    usual = measuring.mode_of(g.tenant, kind, None)
    form.tracking.choices = measuring_words.choices(
        _("As usual: %(value)s", value=measuring_words.word(usual)), usual
    )
    form.relay.choices = [SelectChoice(0, _("By itself")), *(SelectChoice(r.id, r.name) for r in ways)]


def _plan_page(
    issue: Issue, campaign: Campaign, form: PlanForm, status: int = 200, changed: bool = False,
    seen: str | None = None,
) -> Response:  # fmt: skip
    later = "count" not in request.args and audience.is_large(g.tenant.id)
    (findings, size), kind, values, _filled = abreast(
        lambda: clearance.preflight(g.tenant, issue, sending.base_url(), campaign, not later),
        lambda: types.get(g.tenant.id, issue.type_id),
        lambda: _numbers(issue, campaign, later),
        lambda: _fill_choices(form, issue),
    )
    version = seen if status == 422 else campaign.version
    latest_h = context.effective_settings()["latest_start_h"]
    return hypermedia.page(
        "campaigns/plan.html", status=status, form=form, findings=findings, size=size, zone=context.time_zone(),
        typed_from=sending.TYPED_FROM, changed=changed, place=places.of, later=later,
        version=version, latest_h=latest_h, late=timing.has_passed(campaign),
        measures=measuring.mode_of(g.tenant, kind, campaign),
        **values,
    )  # fmt: skip


def _numbers(issue: Issue, campaign: Campaign, later: bool = False) -> dict[str, Any]:
    """Whom the plan reaches and what the limits make of it; `later`: without the count, for which the page asks."""
    begins = max(campaign.send_at or clock.now(), clock.now())
    counted, limits = abreast(
        lambda: (None, {}) if later else audience.numbers(campaign), lambda: _budget(campaign, begins)
    )
    count, left_out = counted
    standings, expected, ends, held_to = abreast(
        lambda: ceilings.standing(limits, begins), lambda: capped.expected(campaign, count or 0, begins),
        lambda: forecast.of(count, limits, context.effective_settings(), begins) if count else None,
        lambda: territories.held_to(campaign),
    )  # fmt: skip
    return {
        "issue": issue, "campaign": campaign, "count": count, "left_out": left_out, "alone": _may_send_alone(),
        "held_to": held_to, "beyond": not bounds.covers(campaign.territory_ids),
        "standings": [s for s in standings if s.window in list(Window)],
        "forecast": ends, "begins": begins, "capped": expected,
    }  # fmt: skip


def _budget(campaign: Campaign, begins: datetime) -> ceilings.Budget:
    """Whose limits count if the person at work has it sent."""
    campaign.role_id, campaign.started_by_id = quotas.most_generous(g.rights.role_ids), g.user.id
    return order.budget(campaign, context.time_zone(), begins)
