"""Letters: plain mailings without blocks, written on one page with their sender and attachments."""

from typing import Any

from flask import Blueprint, Response, g, jsonify, request, url_for
from flask_babel import gettext as _

from dispatcher import trial
from dispatcher.rendering import enclosing
from domain import clock
from domain.accounts.permissions import Permission as P
from domain.campaigns import planning
from domain.db import abreast, database, gathered
from domain.errors import Conflict, Invalid
from domain.issues import assembly, letters, placeholders, steps
from domain.issues.models import Issue, IssueKind
from domain.segments import saved
from domain.subscribers import types
from mediadb import library
from portal import editor, filters, hypermedia, media_desk, received
from portal.access import may, requires
from portal.errors import say, say_fields
from portal.issue_rights import edits, edits_issue

bp = Blueprint("letters", __name__)
SENDER = ("sender_name", "sender_address", "reply_to")


@bp.post("/letters")
@requires(P.ISSUE_CREATE)
def create() -> Response:
    """A new letter, or an opt-in mail (`kind`); with `segment` planned for its people already."""
    asking = request.form.get("kind") == IssueKind.OPT_IN
    kind = types.get(g.tenant.id, request.form.get("type_id", 0, int))
    day = filters.day_and_month(clock.now())
    with database.atomic():
        name = _("Opt-in mail of %(day)s", day=day) if asking else _("Letter of %(day)s", day=day)
        letter_kind = IssueKind.OPT_IN if asking else IssueKind.LETTER
        letter = letters.create(g.tenant.id, kind.id, g.user.id, name, letter_kind)
        wanted = request.form.get("segment", 0, int)
        if wanted and may(P.CAMPAIGN_PLAN):
            planning.plan(_campaign(letter), {"segment": saved.get(g.tenant.id, wanted).id})
    return hypermedia.done(url_for("letters.show", issue_id=letter.id))


@bp.get("/letters/<int:issue_id>")
@requires(P.ISSUE_SEE)
def show(issue_id: int) -> Response:
    letter = letters.get(g.tenant.id, issue_id)
    if hypermedia.wants_fragment():  # the findings, after each save
        return hypermedia.fragment("letters/_checks.html", **editor.checks_values(letter))
    (text, image), sender = abreast(
        lambda: letters.parts(letter), lambda: trial.sender_of(g.tenant, letter, planning.of_issue(letter))
    )
    values = {
        "subject": letter.subject, "preheader": letter.preheader, "html": text.data.get("html", ""),
        "asset_id": image.data.get("asset_id") or "", "alt": image.data.get("alt", ""),
        "sender_name": sender.name, "sender_address": sender.address, "reply_to": sender.reply_to,
    }  # fmt: skip
    return _page(letter, values)


@bp.post("/letters/<int:issue_id>")
@edits_issue
def save(issue_id: int) -> Response:
    """Save; by script after each pause in typing (answered with the time), else by the button."""
    quiet = request.headers.get("X-Autosave") == "1"
    form = request.form
    values: dict[str, Any] = {
        k: form.get(k, "") for k in ("subject", "preheader", "html", "asset_id", "alt", *SENDER)
    }
    letter = letters.get(g.tenant.id, issue_id)
    try:
        letter = assembly.open_issue(g.tenant.id, issue_id, form.get("version", type=int))
        chosen = values["asset_id"].strip()
        asset_id = received.picture_id(int(chosen)) if chosen.isdigit() else None
        with database.atomic():
            with steps.recorded(letter, g.user.id, "edit"):
                letters.write(
                    letter, values["subject"], values["preheader"], values["html"],
                    {"asset_id": asset_id, "alt": values["alt"]},
                )  # fmt: skip
            if may(P.CAMPAIGN_PLAN) and any(form.get(key) is not None for key in SENDER):
                planning.plan(_campaign(letter), {key: values[key] for key in SENDER})
    except Invalid as error:
        said = say_fields(error) or {"": say(error)}
        if quiet:
            return _quiet(422, text=next(iter(said.values())))
        return _page(letters.get(g.tenant.id, issue_id), values, said, 422)
    except Conflict as error:
        if quiet:
            return _quiet(409, text=say(error))
        return _page(letters.get(g.tenant.id, issue_id), values, {"": say(error)}, 409)
    if quiet:
        at = filters.clock_time(letter.updated_at)
        return jsonify(version=letter.version, text=_("Saved, %(time)s", time=at))
    return hypermedia.done(url_for("letters.show", issue_id=letter.id), _("Saved."))


def _quiet(status: int, **said: object) -> Response:
    response = jsonify(**said)
    response.status_code = status
    return response


def _campaign(letter: Issue) -> Any:
    """The planned mailing of a letter, made when there is none yet."""
    sender = trial.sender_of(g.tenant, letter, None)
    return planning.draft_for(letter, g.user.id, sender.name, sender.address, sender.reply_to)


def _page(
    letter: Issue, values: dict[str, Any], said: dict[str, str] | None = None, status: int = 200
) -> Response:
    g.relaxed_styles = True  # the rich-text editor sets inline styles
    chosen = str(values.get("asset_id") or "")
    wanted = [int(chosen)] if chosen.isdigit() else []
    checked, found = abreast(
        lambda: editor.checks_values(letter),
        lambda: gathered(
            campaign=lambda: planning.of_issue(letter),
            kind=lambda: types.get(g.tenant.id, letter.type_id),
            files=lambda: enclosing.of(letter),
            picture=lambda: library.many(g.tenant.id, wanted).get(int(chosen or 0)),
            palette=lambda: placeholders.palette(g.tenant.id),
            newest=media_desk.newest_pictures,
        ),
    )
    return hypermedia.page(
        "letters/show.html", status=status, values=values, said=said or {},
        editable=letter.state in assembly.EDITABLE and edits(letter), planning=may(P.CAMPAIGN_PLAN),
        newest_pictures=media_desk.newest_pictures, **(found | checked),
    )  # fmt: skip
