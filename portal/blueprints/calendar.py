"""The calendar of planned issues: when they go out, until when authors deliver."""

from calendar import Calendar
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain.accounts.permissions import OWN_ARTICLES
from domain.accounts.permissions import Permission as P
from domain.db import abreast
from domain.errors import Invalid
from domain.issues import assembly, expected, schedule
from domain.issues.models import Issue
from domain.subscribers import types
from portal import context, hypermedia
from portal.access import requires
from portal.errors import say_fields
from portal.issue_rights import edits, edits_issue

bp = Blueprint("calendar", __name__)
NOON_OF_DEADLINES = time(12)  # what a deadline without a time means


@bp.get("/calendar")
@requires(P.ISSUE_SEE, P.ARTICLE_SEE, *OWN_ARTICLES)
def index() -> Response:
    return _month(_first(request.args.get("month", "")))


@bp.post("/calendar/<int:issue_id>")
@edits_issue
def plan(issue_id: int) -> Response:
    """Set the days of an issue; empty fields take them away."""
    issue = assembly.get(g.tenant.id, issue_id)
    typed = {n: request.form.get(n, "").strip() for n in ("planned_day", "planned_time", "deadline")}
    wrong: dict[str, str] = {}
    planned = _moment(typed["planned_day"], typed["planned_time"] or "09:00", "planned", wrong)
    deadline = _moment(typed["deadline"], "", "deadline", wrong)
    if not wrong:
        try:
            schedule.set_dates(issue, planned, deadline)
        except Invalid as error:
            wrong = say_fields(error)
    first = (planned or deadline or datetime.combine(context.today(), time())).date().replace(day=1)
    if wrong:
        return _month(_first(request.form.get("month", "")), 422, issue, wrong, typed)
    return hypermedia.done(
        url_for("calendar.index", month=f"{first:%Y-%m}"), _("Planned: %(name)s", name=issue.name)
    )


def _month(
    first: date, status: int = 200, issue: Issue | None = None, wrong: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    zone = ZoneInfo(context.time_zone())
    chosen = request.args.get("issue", type=int)
    if issue is None and chosen:
        issue = assembly.get(g.tenant.id, chosen)
    awaited, days, unplanned, names, mine = abreast(
        lambda: expected.of_issue(issue) if issue else [],
        lambda: schedule.month(g.tenant.id, first, zone),
        lambda: [one for one in schedule.unplanned(g.tenant.id) if edits(one)],
        lambda: {t.id: t.name for t in types.every(g.tenant.id)},
        lambda: expected.of_author(g.tenant.id, g.user.id),
    )
    weeks = Calendar().monthdatescalendar(first.year, first.month)
    return hypermedia.page(
        "issues/calendar.html", status=status, first=first, weeks=weeks, today=context.today(),
        days=days, unplanned=unplanned, issue=issue, mine=mine,
        wrong=wrong or {}, typed=typed or _of(issue, zone), names=names,
        awaited=awaited, lacking=sum(one.stand in ("missing", "begun") for one in awaited),
        before=f"{first - timedelta(days=1):%Y-%m}", after=f"{first + timedelta(days=32):%Y-%m}",
    )  # fmt: skip


def _of(issue: Issue | None, zone: ZoneInfo) -> dict[str, str]:
    planned = issue.planned_at.astimezone(zone) if issue and issue.planned_at else None
    deadline = issue.deadline_at.astimezone(zone) if issue and issue.deadline_at else None
    return {
        "planned_day": planned.date().isoformat() if planned else "",
        "planned_time": f"{planned:%H:%M}" if planned else "",
        "deadline": f"{deadline:%Y-%m-%dT%H:%M}" if deadline else "",
    }


def _first(text: str) -> date:
    """The first day of a month written as 2026-12; of this one for all else."""
    try:
        found = date.fromisoformat(f"{text[:7]}-01")
    except ValueError:
        return context.today().replace(day=1)
    return found if 2000 <= found.year <= 2100 else context.today().replace(day=1)


def _moment(day: str, clock_time: str, field: str, wrong: dict[str, str]) -> datetime | None:
    """A moment in the tenant's zone from a day and a time, or from both in one; notes a field that is no such thing."""
    if not day:
        return None
    try:
        found = datetime.fromisoformat(f"{day}T{clock_time}" if clock_time else day)
    except ValueError:
        wrong[field] = _("Enter a day and a time, for example 2026-12-04 and 9:00.")
        return None
    if not clock_time and "T" not in day:
        found = datetime.combine(found.date(), NOON_OF_DEADLINES)
    if found.tzinfo is not None or not 2000 <= found.year <= 2100:
        wrong[field] = _("Enter a day and a time, for example 2026-12-04 and 9:00.")
        return None
    return found.replace(tzinfo=ZoneInfo(context.time_zone()))
