"""Files of people who get no mail for a while: of one mailing, or of every mailing of a period."""

import secrets
from datetime import datetime, time
from pathlib import Path

from flask import Blueprint, Response, current_app, g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from domain import clock
from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.campaigns import exclusions, planning
from domain.campaigns.models import Campaign, Exclusion
from domain.errors import Invalid
from domain.subscribers import imports, words
from portal import facets, hypermedia
from portal.access import requires

bp = Blueprint("exclusions", __name__)


@bp.get("/exclusions")
@requires(P.SUBSCRIBER_SEE)
def index() -> Response:
    return _index({})


@bp.post("/exclusions")
@requires(P.SUBSCRIBER_EDIT, P.CAMPAIGN_PLAN)
def add() -> Response:
    """A file for every mailing that begins within a period."""
    begins, ends = _day("from", time()), facets.end_of(request.form.get("until", ""))
    if request.form.get("until", "").strip() and ends is None:
        return _index({"until": _("Choose a day.")}, 422)
    try:
        period = exclusions.Period(begins or clock.now(), ends)
        found = _take(None, period)
    except Invalid as error:
        return _index(facets.wrong(error), 422)
    return hypermedia.done(url_for("exclusions.index"), _said(found))


@bp.post("/campaigns/<int:campaign_id>/exclusions")
@requires(P.CAMPAIGN_PLAN)
def add_to_campaign(campaign_id: int) -> Response:
    """A file for this mailing only."""
    campaign = planning.get(g.tenant.id, campaign_id)
    url = url_for("selection.index", campaign_id=campaign.id)
    try:
        found = _take(campaign, None)
    except Invalid as error:
        hypermedia.flash(" ".join(facets.wrong(error).values()), "fail")
        return hypermedia.done(url)
    return hypermedia.done(url, _said(found))


@bp.post("/exclusions/<int:exclusion_id>/remove")
@requires(P.SUBSCRIBER_EDIT, P.CAMPAIGN_PLAN)
def remove(exclusion_id: int) -> Response:
    found = exclusions.get(g.tenant.id, exclusion_id)
    exclusions.remove(found, g.user.id)
    back = (
        url_for("selection.index", campaign_id=found.campaign_id)
        if found.campaign_id
        else url_for("exclusions.index")
    )
    return hypermedia.done(back, _("“%(name)s” no longer excludes anybody.", name=found.name))


def _take(campaign: Campaign | None, period: exclusions.Period | None) -> Exclusion:
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise Invalid(fields={"file": _("Choose a file first.")})
    folder: Path = current_app.config["SETTINGS"].instance / "imports"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{g.tenant.id}-{secrets.token_hex(8)}.csv"
    name = words.one_line(request.form.get("name", ""), 120) or words.one_line(upload.filename, 120)
    try:
        path.touch(mode=0o600)
        upload.save(path)
        return exclusions.add(g.tenant.id, name, path, g.user.id, campaign, period)
    finally:
        path.unlink(missing_ok=True)


def _said(found: Exclusion) -> str:
    text = ngettext(
        "%(num)s address gets no mail by this file.",
        "%(num)s addresses get no mail by this file.",
        found.address_count,
    )
    if found.refused_count:
        text += " " + ngettext(
            "%(num)s row holds no address.", "%(num)s rows hold no address.", found.refused_count
        )
    return text


def _day(name: str, at: time) -> datetime | None:
    return facets.at_day(request.form.get(name, ""), at)


def _index(wrong: dict[str, str], status: int = 200) -> Response:
    found = exclusions.of_periods(g.tenant.id)
    return hypermedia.page(
        "exclusions/index.html", status=status, files=found, wrong=wrong, names=policy.names(f.by_id for f in found),
        max_mb=imports.MAX_BYTES >> 20,
    )  # fmt: skip
