"""What waits for me, what runs, what comes next."""

from flask import Blueprint, Response
from flask_babel import get_timezone

from domain import clock
from portal import hypermedia, overview
from portal.access import signed_in

bp = Blueprint("dashboard", __name__)


@bp.get("/")
@signed_in
def index() -> Response:
    articles = overview.articles()
    issues = overview.issues()
    running, held = overview.mailings()
    now = clock.now()
    return hypermedia.page(
        "dashboard/index.html", today=now.astimezone(get_timezone()).date(), returned=articles.returned,
        waiting=articles.waiting, oldest=articles.oldest, to_decide=overview.to_decide(), held=held, running=running,
        issues=issues, first=next((i for i in issues.upcoming if i.planned_at and i.planned_at > now), None),
        volume=overview.volume(), readers=overview.readers(), recent=overview.latest(articles.latest, issues.mine),
    )  # fmt: skip
