"""What follows a mailing: a correction, those still missing, and those of whom nobody knows whether they have it."""

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from dispatcher import clearance, tasks
from domain.accounts.permissions import Permission as P
from domain.campaigns import audience, correcting, doubtful, figures, followups, kin, planning
from domain.campaigns.models import Campaign, CampaignStatus, Course
from domain.db import abreast
from domain.errors import NotFound
from domain.issues import assembly
from domain.ledger.states import DeliveryState
from portal import counting, hypermedia, sending
from portal.access import requires

bp = Blueprint("followups", __name__)


@bp.get("/campaigns/<int:campaign_id>/next")
@requires(P.CAMPAIGN_PLAN)
def index(campaign_id: int) -> Response:
    """What can still be done about a mailing, each act with what it means. Of many people the page asks later how many
    of them are missing, and gets that alone."""
    campaign = planning.get(g.tenant.id, campaign_id)
    may, later = followups.may_follow(campaign), counting.comes_later(g.tenant.id)
    if hypermedia.wants_fragment():
        missing = followups.missing_count(campaign) if may else 0
        return hypermedia.fragment("followups/_missing.html", campaign=campaign, missing=missing)
    found, missing, children, doubts = abreast(
        lambda: figures.of(campaign), lambda: followups.missing_count(campaign) if may and not later else None,
        lambda: kin.children(campaign), lambda: doubtful.count(campaign),
    )  # fmt: skip
    return hypermedia.page(
        "followups/index.html", campaign=campaign, may_correct=correcting.may_begin(campaign), may_follow=may,
        missing=missing, got=found.progress.sent if may else 0, uncounted=found.more, earlier=found.earlier,
        children=children, doubts=doubts,
    )  # fmt: skip


@bp.post("/campaigns/<int:campaign_id>/correct")
@requires(P.CAMPAIGN_PLAN)
def correct(campaign_id: int) -> Response:
    issue = correcting.begin(planning.get(g.tenant.id, campaign_id), g.user.id)
    return hypermedia.done(
        url_for("issues.show", issue_id=issue.id),
        _("Correct the issue, then ask for approval on the mailing’s page."),
    )


@bp.post("/campaigns/<int:campaign_id>/correct/ask")
@requires(P.APPROVAL_ASK)
def ask_correction(campaign_id: int) -> Response:
    campaign = planning.get(g.tenant.id, campaign_id)
    issue = assembly.get(g.tenant.id, campaign.issue_id)
    clearance.ask_again(
        g.tenant, issue, campaign, g.user, sending.base_url(), request.form.get("note", "")[:2000]
    )
    return hypermedia.done(_show(campaign), _("Approval is asked for. The mailing stands still until then."))


@bp.post("/campaigns/<int:campaign_id>/correct/drop")
@requires(P.CAMPAIGN_PLAN)
def drop_correction(campaign_id: int) -> Response:
    campaign = planning.get(g.tenant.id, campaign_id)
    correcting.drop(campaign, g.user.id)
    return hypermedia.done(
        _show(campaign), _("The mail stays as it was. Let the mailing go on when you are ready.")
    )


@bp.post("/campaigns/<int:campaign_id>/missing")
@requires(P.CAMPAIGN_PLAN)
def to_missing(campaign_id: int) -> Response:
    child = followups.to_missing(planning.get(g.tenant.id, campaign_id), g.user.id)
    return hypermedia.done(url_for("followups.draft", campaign_id=child.id))


@bp.get("/campaigns/<int:campaign_id>/missing")
@requires(P.CAMPAIGN_PLAN)
def draft(campaign_id: int) -> Response:
    """The draft for those still missing: how many, and the request for approval."""
    campaign = _missing_draft(campaign_id)
    count, left_out = (None, {}) if counting.comes_later(g.tenant.id) else audience.numbers(campaign)
    return hypermedia.page(
        "followups/draft.html", "followups/_draft.html", campaign=campaign, count=count, left_out=left_out,
        parent=planning.get(g.tenant.id, campaign.parent_id), again=request.path, oob=hypermedia.wants_fragment(),
    )  # fmt: skip


@bp.post("/campaigns/<int:campaign_id>/missing/ask")
@requires(P.APPROVAL_ASK)
def ask_missing(campaign_id: int) -> Response:
    campaign = _missing_draft(campaign_id)
    followups.ask(campaign, g.user.id, request.form.get("note", "")[:2000])
    return hypermedia.done(_show(campaign), _("Approval is asked for."))


@bp.post("/campaigns/<int:campaign_id>/missing/discard")
@requires(P.CAMPAIGN_PLAN)
def discard(campaign_id: int) -> Response:
    campaign = _missing_draft(campaign_id)
    followups.discard(campaign, g.user.id)
    return hypermedia.done(
        url_for("campaigns.show", campaign_id=campaign.parent_id), _("The draft is thrown away.")
    )


@bp.post("/campaigns/<int:campaign_id>/correction")
@requires(P.CAMPAIGN_PLAN)
def correction(campaign_id: int) -> Response:
    """A copy of the issue for those who have the mail; opens in the editor."""
    campaign = planning.get(g.tenant.id, campaign_id)
    before = assembly.get(g.tenant.id, campaign.issue_id)
    child = followups.to_correct(
        campaign, g.user.id, _("Correction: %(name)s", name=campaign.name)[:120],
        _("Correction: %(name)s", name=before.subject)[:200], request.form.get("who") == "earlier",
    )  # fmt: skip
    return hypermedia.done(
        url_for("issues.show", issue_id=child.issue_id),
        _("This copy goes to exactly those who have the mail. Correct it, then plan its sending."),
    )


@bp.get("/campaigns/<int:campaign_id>/doubtful")
@requires(P.CAMPAIGN_SEND)
def doubts(campaign_id: int) -> Response:
    """By name: people of whom nobody knows whether they have the mail."""
    campaign = planning.get(g.tenant.id, campaign_id)
    rows, next_id = doubtful.find(campaign, request.args.get("after", 0, int))
    return hypermedia.page(
        "followups/doubtful.html", campaign=campaign, rows=rows, next_id=next_id, total=doubtful.count(campaign),
        cancelled=campaign.status == CampaignStatus.CANCELLED, D=DeliveryState,
    )  # fmt: skip


@bp.post("/campaigns/<int:campaign_id>/doubtful")
@requires(P.CAMPAIGN_SEND)
def decide(campaign_id: int) -> Response:
    """Send once more or leave it, to those ticked, to one, or to all."""
    campaign = planning.get(g.tenant.id, campaign_id)
    act, _sep, one = request.form.get("act", "").partition(":")
    ids = None if one == "all" else [int(one)] if one.isdigit() else request.form.getlist("ids", int)
    if act == "again":
        count = doubtful.send_again(campaign, g.user.id, ids)
        tasks.wake_deliver(campaign.id)
        text = _("%(count)s mails are sent once more.", count=count)
    elif act == "leave":
        text = _("%(count)s are left as they are.", count=doubtful.leave(campaign, g.user.id, ids))
    else:
        raise NotFound
    return hypermedia.done(url_for("followups.doubts", campaign_id=campaign.id), text)


def _show(campaign: Campaign) -> str:
    return url_for("campaigns.show", campaign_id=campaign.id)


def _missing_draft(campaign_id: int) -> Campaign:
    campaign = planning.get(g.tenant.id, campaign_id)
    if campaign.course != Course.MISSING or campaign.status != CampaignStatus.DRAFT:
        raise NotFound
    return campaign
