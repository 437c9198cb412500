"""Rollouts: one issue in the name of many tenants. The head office prepares and follows, a branch joins."""

import csv
import io
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from dispatcher import preview, rolling
from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.db import abreast
from domain.errors import Invalid, NotFound
from domain.issues import assembly, listing
from domain.rollouts import course, receiving, report
from domain.rollouts.models import BranchState, Rollout, RolloutState
from domain.subscribers import types
from portal import context, editor, facets, hypermedia, sending, standins
from portal.access import requires
from portal.errors import say, say_fields
from portal.security import peoples_html

bp = Blueprint("rollouts", __name__)
PARTS = ("obliged", "invited")
MOST_ISSUES = 30


@bp.get("/rollouts")
@requires(P.ROLLOUT_SEE, P.ROLLOUT_EDIT, P.ROLLOUT_JOIN)
def index() -> Response:
    """What this tenant rolls out, and what reaches it from above."""
    found = course.page(g.tenant.id, request.args.get("before", type=int))
    issues = [i for i in listing.find(g.tenant.id, "work").issues if not i.rollout_id][:MOST_ISSUES]
    return hypermedia.page(
        "rollouts/index.html", rollouts=found, counts=report.counts(found), received=receiving.received(g.tenant),
        older=found[-1].id if len(found) == course.PAGE_SIZE else None, issues=issues,
        has_branches=course.has_branches(g.tenant),
    )  # fmt: skip


@bp.post("/rollouts")
@requires(P.ROLLOUT_EDIT)
def begin() -> Response:
    """Make an issue a rollout, to be prepared on its page."""
    issue = assembly.open_issue(g.tenant.id, request.form.get("issue_id", 0, int))
    return hypermedia.done(_url(course.begin(g.tenant.id, issue, g.user)))


@bp.get("/rollouts/<int:rollout_id>")
@requires(P.ROLLOUT_SEE, P.ROLLOUT_EDIT)
def show(rollout_id: int) -> Response:
    """To be prepared, or once it is open: how far everybody is."""
    rollout = course.get(g.tenant.id, rollout_id)
    return _prepare(rollout) if rollout.state == RolloutState.DRAFT else _follow(rollout)


@bp.post("/rollouts/<int:rollout_id>")
@requires(P.ROLLOUT_EDIT)
def save(rollout_id: int) -> Response:
    """Save who takes part and what stays locked; with `act` = open hand it out."""
    rollout = course.get(g.tenant.id, rollout_id)
    form = request.form
    obliged = {int(i): True for i in form.getlist("obliged") if _is_id(i)}
    invited = {int(i): False for i in form.getlist("invited") if _is_id(i)}
    slots = {
        i: {"folder": form.get(f"folder-{i}", "").strip()[:60]} for i in form.getlist("slot") if _is_id(i)
    }
    try:
        course.prepare(
            rollout, g.tenant, invited | obliged, slots, g.user, name=form.get("name", ""), note=form.get("note", ""),
            subject_open="subject_open" in form, send_at=_moment("send_at"),
            join_until=facets.end_of(form.get("join_until", "")),
        )  # fmt: skip
        if form.get("act") == "open":
            rolling.open_up(rollout, g.tenant, g.user, sending.base_url())
    except Invalid as error:
        return _prepare(rollout, say_fields(error) or {"": say(error)}, 422)
    text = _("Handed out. Each branch has been told.") if form.get("act") == "open" else _("Saved.")
    return hypermedia.done(_url(rollout), text)


@bp.post("/rollouts/<int:rollout_id>/renew")
@requires(P.ROLLOUT_EDIT)
def renew(rollout_id: int) -> Response:
    """The locked blocks once more, as they are now."""
    rollout = _open(rollout_id)
    renewed, closed = rolling.renew(rollout, g.tenant, g.user, sending.base_url())
    text = ngettext("%(num)s issue has the new version.", "%(num)s issues have the new version.", renewed)
    if closed:
        text += " " + ngettext(
            "%(num)s was in approval or sent already and stays.",
            "%(num)s were in approval or sent already and stay.",
            closed,
        )
    return hypermedia.done(_url(rollout), text, "hold" if closed else "done")


@bp.get("/rollouts/<int:rollout_id>/call-off")
@requires(P.ROLLOUT_EDIT)
def confirm_call_off(rollout_id: int) -> Response:
    rollout = course.get(g.tenant.id, rollout_id)
    return hypermedia.page("rollouts/call_off.html", rollout=rollout, report=report.of(rollout))


@bp.post("/rollouts/<int:rollout_id>/call-off")
@requires(P.ROLLOUT_EDIT)
def call_off(rollout_id: int) -> Response:
    rollout = course.get(g.tenant.id, rollout_id)
    count = course.call_off(rollout, g.user)
    text = ngettext(
        "Called off. %(num)s mailing does not go out.", "Called off. %(num)s mailings do not go out.", count
    )
    return hypermedia.done(_url(rollout), text)


@bp.post("/rollouts/<int:rollout_id>/branches/<int:tenant_id>/again")
@requires(P.ROLLOUT_EDIT)
def again(rollout_id: int, tenant_id: int) -> Response:
    """Try once more what lacked a stand-in name."""
    rollout = _open(rollout_id)
    row = course.branch(rollout, tenant_id)
    if row.state != BranchState.MISSING:
        raise NotFound
    made = rolling.hand_out(rolling.read(rollout, g.tenant), row, g.user)
    text = _("The branch has its issue now.") if made else _("Something is still missing there.")
    return hypermedia.done(_url(rollout), text, "done" if made else "hold")


@bp.get("/rollouts/<int:rollout_id>/report.csv")
@requires(P.ROLLOUT_SEE, P.ROLLOUT_EDIT)
def table(rollout_id: int) -> Response:
    """The joint report as a table: numbers of the branches, nobody's name."""
    rollout = course.get(g.tenant.id, rollout_id)
    found, text = report.of(rollout), io.StringIO()
    out = csv.writer(text, delimiter=";")
    out.writerow(
        [
            _("Branch"),
            _("State"),
            _("Sent"),
            _("Mails"),
            _("Refused"),
            _("Bounced"),
            _("Complaint"),
            _("Left out"),
        ]
    )
    for line in found.lines:
        f = line.figures
        name = sending.plain_cell(line.tenant.name if line.tenant else "")
        state = line.campaign.status if line.campaign else line.row.state
        out.writerow([name, state, f.sent, f.total, f.refused, f.bounced, f.complained, f.left_out])
    response = Response("\ufeff" + text.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="rollout-{rollout.id}.csv"'
    return response


@bp.get("/rollouts/from-above/<int:branch_id>")
@requires(P.ROLLOUT_SEE, P.ROLLOUT_JOIN)
def received(branch_id: int) -> Response:
    return _received(receiving.receive(g.tenant, branch_id))


@bp.get("/rollouts/from-above/<int:branch_id>/mail")
@requires(P.ROLLOUT_SEE, P.ROLLOUT_JOIN)
def mail(branch_id: int) -> Response:
    """The head office's mail as it stands now, a document of its own."""
    one = receiving.receive(g.tenant, branch_id)
    issue = assembly.get(one.giver.id, one.rollout.issue_id)
    shown = preview.message(one.giver, issue, sending.base_url(), None)
    return peoples_html(sending.own_pictures(preview.part(shown, "html")))


@bp.post("/rollouts/from-above/<int:branch_id>/join")
@requires(P.ROLLOUT_JOIN)
def join(branch_id: int) -> Response:
    """Take part: an issue and the draft of a mailing of the own."""
    one = receiving.receive(g.tenant, branch_id)
    if not rolling.join(one, g.tenant, g.user, request.form.get("type_id", type=int)):
        return _received(one, 409)
    text = _("This is your issue now. Fill the open blocks, then plan the mailing as always.")
    return hypermedia.done(url_for("issues.show", issue_id=one.branch.issue_id), text)


@bp.post("/rollouts/from-above/<int:branch_id>/decline")
@requires(P.ROLLOUT_JOIN)
def decline(branch_id: int) -> Response:
    one = receiving.receive(g.tenant, branch_id)
    receiving.decline(one, g.user, request.form.get("remark", ""))
    return hypermedia.done(url_for("rollouts.index"), _("Declined. The head office has been told."))


@bp.get("/rollouts/stand-ins")
@requires(P.ROLLOUT_SEE, P.ROLLOUT_EDIT, P.ROLLOUT_JOIN)
def stand_ins() -> Response:
    """Which own list, segment, picture or folder is meant by a word."""
    return _stand_ins()


@bp.post("/rollouts/stand-ins")
@requires(P.ROLLOUT_EDIT, P.ROLLOUT_JOIN)
def name_stand_in() -> Response:
    try:
        standins.name(
            g.tenant.id, request.form.get("kind", ""), request.form.get("object", 0, int), request.form.get("word", ""),
            g.user,
        )  # fmt: skip
    except Invalid as error:
        return _stand_ins(say_fields(error), 422)
    return hypermedia.done(url_for("rollouts.stand_ins", kind=request.form.get("kind")), _("Saved."))


def _prepare(rollout: Rollout, wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    source, named, below = abreast(
        lambda: rolling.read(rollout, g.tenant),
        lambda: course.branches(rollout),
        lambda: course.below(g.tenant),
    )
    parts = {row.branch_tenant_id: PARTS[0] if row.obliged else PARTS[1] for row in named}
    if request.method == "POST":
        parts = {int(i): part for part in PARTS for i in request.form.getlist(part) if _is_id(i)}
    articles, problems = abreast(
        lambda: assembly.articles_of(source.issue, source.blocks),
        lambda: rolling.problems(source, sending.base_url()),
    )
    return hypermedia.page(
        "rollouts/prepare.html", status=status, rollout=rollout, source=source, kinds=editor.KINDS, parts=parts,
        articles=articles, problems=problems, branches=below,
        wrong=wrong or {}, typed=request.form if request.method == "POST" else _typed(rollout),
        zone=context.time_zone(),
    )  # fmt: skip


def _follow(rollout: Rollout) -> Response:
    mine = {tenant.id: tenant for tenant in policy.tenants_of(g.user, context.administered())}
    return hypermedia.page(
        "rollouts/show.html", "rollouts/_progress.html", rollout=rollout, report=report.of(rollout), mine=mine,
        names=policy.names([rollout.created_by_id]),
    )  # fmt: skip


def _received(one: receiving.Received, status: int = 200) -> Response:
    kinds = [kind for kind in types.every(g.tenant.id) if kind.active]
    return hypermedia.page(
        "rollouts/received.html", status=status, one=one, types=kinds, missing=one.branch.missing,
        names=policy.names([one.branch.decided_by_id]), words=standins.WORDS,
    )  # fmt: skip


def _stand_ins(wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    kind = request.values.get("kind", "list")
    kind = kind if kind in standins.WORDS else "list"
    return hypermedia.page(
        "rollouts/stand_ins.html", status=status, kind=kind, words=standins.WORDS, rows=standins.every(g.tenant.id),
        offered=standins.offered(g.tenant.id, kind), wrong=wrong or {}, typed=request.values,
    )  # fmt: skip


def _open(rollout_id: int) -> Rollout:
    rollout = course.get(g.tenant.id, rollout_id)
    if rollout.state != RolloutState.OPEN:
        raise NotFound
    return rollout


def _typed(rollout: Rollout) -> dict[str, Any]:
    """The form of a rollout as it is saved; times in the tenant's zone."""
    zone = ZoneInfo(context.time_zone())
    until = rollout.join_until
    return {
        "name": rollout.name, "note": rollout.note, "subject_open": rollout.subject_open,
        "send_at": rollout.send_at.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if rollout.send_at else "",
        "join_until": until.astimezone(zone).date().isoformat() if until else "",
    }  # fmt: skip


def _moment(name: str) -> datetime | None:
    try:
        return datetime.fromisoformat(request.form.get(name, "")).replace(
            tzinfo=ZoneInfo(context.time_zone())
        )
    except ValueError:
        return None


def _is_id(text: str) -> bool:
    return text.isdecimal() and len(text) < 10


def _url(rollout: Rollout) -> str:
    return url_for("rollouts.show", rollout_id=rollout.id)
