"""The answer to an opt-in mailing: a page with a button. Opening it changes nothing."""

from flask import Blueprint, Response, request, url_for

from dispatcher import tasks, webview
from domain.campaigns import optin
from domain.errors import Conflict, NotFound
from domain.notices.models import OutboxMail
from domain.subscribers import addresses, signup
from portal import confirmed, reading, signup_mails
from portal.access import public

bp = Blueprint("agreeing", __name__)
CSRF_EXEMPT = (bp,)


@bp.get("/m/<token>/confirm")
@public
def agree(token: str) -> Response:
    """What an opt-in mailing asks; reading it changes nothing."""
    return _agree_page(reading.sent(token), done=False)


@bp.post("/m/<token>/confirm")
@public
def agree_now(token: str) -> Response:
    return _agree_page(reading.sent(token), done=True)


def _agree_page(sent: webview.Sent, done: bool) -> Response:
    mails: list[OutboxMail] = []
    try:
        optin.check_open(sent.campaign, sent.delivery, sent.person)
        assert sent.person is not None
        if since := signup.confirmed_since(sent.person, [sent.kind]):
            return confirmed.page(sent.person, since, _preferences_of(sent))
        if done:
            trace = reading.trace("confirm", sent.delivery.id)
            optin.confirm(
                sent.campaign, sent.delivery, sent.person, sent.kind, trace,
                lambda person, kind: mails.append(signup_mails.welcome(person, kind)),
            )  # fmt: skip
    except Conflict:
        return reading.stale_link(sent.tenant)
    for mail in mails:
        tasks.send_system_mail(mail.id)
    return reading.page(
        "public/confirm.html", person=sent.person, kinds=[sent.kind], done=done, masked=addresses.masked, asked=True,
        preferences=_preferences_of(sent),
    )  # fmt: skip


def _preferences_of(sent: webview.Sent) -> str:
    return url_for("public.preferences", token=sent.token, lang=request.args.get("lang"))


@bp.errorhandler(NotFound)
def _lost(error: NotFound) -> Response:
    return reading.lost(error)
