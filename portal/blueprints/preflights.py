"""The pre-flight as a page: everything that was found, worst first, and the links followed again on request."""

from typing import Any

from flask import Blueprint, Response, current_app, g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from dispatcher import tasks
from dispatcher.jobs import links as link_jobs
from dispatcher.preflight import run
from dispatcher.preflight.facts import Facts, Link
from dispatcher.rendering.links import can_count
from domain.accounts.permissions import EDITS_ISSUES
from domain.accounts.permissions import Permission as P
from domain.campaigns import measuring, planning
from domain.db import abreast
from domain.issues import assembly, links
from domain.issues.models import Issue
from domain.subscribers import types
from portal import counting, hypermedia, places, sending
from portal.access import may, requires
from portal.issue_rights import edits_issue, refuse_others

bp = Blueprint("preflights", __name__)


@bp.get("/issues/<int:issue_id>/preflight")
@requires(P.ISSUE_SEE)
def show(issue_id: int) -> Response:
    """All findings with who would get the mail, and every link with what became of it. By htmx only the links, or
    (`part=findings`) what is found where the audience is large: it is counted once the page stands."""
    issue = assembly.get(g.tenant.id, issue_id)
    part = "findings" if request.args.get("part") == "findings" else "links"
    later = counting.comes_later(g.tenant.id)
    plan = run.WITHOUT_PEOPLE if later else run.PLAN
    if hypermedia.wants_fragment() and part == "links":
        plan = ()  # it looks again every few seconds
    return hypermedia.page(
        "preflights/show.html", f"preflights/_{part}.html", **_values(issue, plan), later=later
    )


@bp.post("/issues/<int:issue_id>/preflight/links")
@requires(*EDITS_ISSUES, P.CAMPAIGN_PLAN)
def follow(issue_id: int) -> Response:
    """Follow all links of the issue now, whatever is known of them."""
    issue = assembly.get(g.tenant.id, issue_id)
    if not may(P.CAMPAIGN_PLAN):
        refuse_others(issue)
    count = link_jobs.ask_for(issue, current_app.config["SETTINGS"].public_url, at_once=True)
    tasks.check_links(issue.id)
    text = ngettext(
        "%(count)s link is being followed.", "%(count)s links are being followed.", count, count=count
    )
    if not count:
        text = _("This issue has no link that can be followed.")
    return hypermedia.done(url_for("preflights.show", issue_id=issue.id) + "#links", text)


@bp.post("/issues/<int:issue_id>/preflight/bare")
@edits_issue
def bare(issue_id: int) -> Response:
    """Let a link stay as it is (no parameters, not counted), or treat it like the others again."""
    issue = assembly.open_issue(g.tenant.id, issue_id)
    facts = Facts.of(g.tenant, issue, sending.base_url())
    back = url_for("preflights.show", issue_id=issue.id) + "#links"
    wanted = request.form.get("url", "")
    if wanted not in {*facts.rendered.bare, *(_raw(facts, link) for link in facts.links)}:
        return hypermedia.done(back, _("This link is not in the issue any more."), "hold")
    links.leave_bare(issue, wanted, request.form.get("act") != "usual")
    return hypermedia.done(back, _("Saved."))


def _raw(facts: Facts, link: Link) -> str:
    """The address as people wrote it."""
    return facts.rendered.was.get(link.url, link.url)


def _values(issue: Issue, plan: run.Plan) -> dict[str, Any]:
    campaign, facts, planned, kind = abreast(
        lambda: sending.planned(issue), lambda: Facts.of(g.tenant, issue, sending.base_url()),
        lambda: planning.of_issue(issue), lambda: types.get(g.tenant.id, issue.type_id),
    )  # fmt: skip
    shown = facts.links
    (findings, size, passed), standing = abreast(
        lambda: run.check(facts, campaign, plan),
        lambda: links.standing(g.tenant.id, [link.url for link in shown]),
    )
    return {
        "issue": issue, "findings": findings, "size": size, "passed": passed, "place": places.of,
        "carried": len(facts.rendered.pictures), "weight": facts.rendered.weight_bytes,
        "shown": [(link, standing.get(links.plain(link.url))) for link in shown],
        "raw": {link.url: _raw(facts, link) for link in shown},
        "bare": set(issue.bare_links or ()), "editable": issue.state in assembly.EDITABLE,
        "mode": measuring.mode_of(g.tenant, kind, planned),
        "countable": {link.url for link in shown if can_count(link.url, sending.base_url())},
        "waiting": any(row.state == "waiting" for row in standing.values()),
        "following": current_app.config["SETTINGS"].link_check != "off",
    }  # fmt: skip
