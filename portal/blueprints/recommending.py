"""A reader recommends a mail to a colleague: one mail of ours with a link to it, without the reader's data."""

from flask import Blueprint, Response, current_app, g, render_template, request, url_for
from flask_babel import gettext as _

from dispatcher import tasks, webview
from dispatcher.housemail import letterhead
from dispatcher.rendering.render import base_url_of
from domain import tokens
from domain.campaigns import planning, recommending
from domain.errors import NotFound
from domain.subscribers import addresses, types, words
from domain.subscribers.models import NewsletterType
from portal import context, reading, security
from portal.access import public

bp = Blueprint("recommending", __name__)
CSRF_EXEMPT = (bp,)
SHARED_MAX_AGE_S = 60 * 86_400


@bp.get("/m/<token>/forward")
@public
def forward(token: str) -> Response:
    return _forward_page(reading.sent(token))


@bp.post("/m/<token>/forward")
@public
def forward_now(token: str) -> Response:
    """Write one mail to the colleague, in words of ours: nobody can send texts of his own by this form."""
    sent = reading.sent(token)
    try:
        colleague = addresses.parse(request.form.get("email", ""))
    except addresses.BadAddress as error:
        return _forward_page(sent, _(error.message), 422)
    if request.form.get("website") or not reading.within_limits(colleague.key):
        return _forwarded()
    if recommending.allow(sent.tenant.id, sent.delivery.id, colleague):
        shared = tokens.timed_token("shared", [sent.tenant.id, sent.campaign.id])
        name = words.one_line(request.form.get("name", ""), 60)
        settings = context.effective_settings()
        body = render_template(
            "public/recommend.txt", kind=sent.kind, subject=_subject(sent), name=_plain_name(name), tenant=sent.tenant,
            link=_absolute(url_for("recommending.shared", tenant=sent.tenant.slug, token=shared)),
            sign_up=_sign_up_url(sent.kind) if sent.kind.public and not sent.kind.closed else "",
            imprint=settings["imprint"],
        )  # fmt: skip
        mail = letterhead.queue(
            "forward", sent.tenant, to_address=colleague.written,
            subject=_("Recommended to you: %(name)s", name=sent.kind.name), plain=body,
            sender_name=sent.kind.sender_name or settings["sender_name"],
            sender_address=sent.kind.sender_address or settings["sender_address"],
        )  # fmt: skip
        recommending.note(sent.tenant.id, sent.delivery.id, sent.campaign.id)
        tasks.send_system_mail(mail.id)
    return _forwarded()


@bp.get("/n/<tenant>/shared/<token>")
@public
def shared(tenant: str, token: str) -> Response:
    """The mail that somebody has recommended, without anybody's data."""
    found = reading.open_tenant(tenant)
    try:
        tenant_id, campaign_id = tokens.read_timed_token("shared", token, SHARED_MAX_AGE_S)
    except (tokens.BadToken, ValueError, TypeError):
        raise NotFound from None
    if tenant_id != found.id:
        raise NotFound
    campaign = planning.get(found.id, campaign_id)
    return security.peoples_html(
        webview.open_page(campaign, _sign_up_url(types.get(found.id, campaign.type_id)))
    )


@bp.errorhandler(NotFound)
def _lost(error: NotFound) -> Response:
    return reading.lost(error)


def _forward_page(sent: webview.Sent, wrong: str = "", status: int = 200) -> Response:
    return reading.page("public/forward.html", status, sent=sent, wrong=wrong, subject=_subject(sent))


def _forwarded() -> Response:
    return reading.message(
        200,
        _("Thank you"),
        _("If this address may be written to, the recommendation is on its way."),
    )


def _subject(sent: webview.Sent) -> str:
    """The issue's name: its subject line may hold placeholders."""
    return str(sent.campaign.name)


def _plain_name(name: str) -> str:
    """A name, but no link and no sentence: the mail must not carry texts of strangers."""
    return (
        name
        if name.replace(" ", "").replace("-", "").replace(".", "").isalpha() and "." not in name[:-1]
        else ""
    )


def _sign_up_url(kind: NewsletterType) -> str:
    slug = kind.slug if kind.public and kind.active and not kind.closed else ""
    return _absolute(url_for("public.sign_up", tenant=g.tenant.slug, slug=slug or None))


def _absolute(path: str) -> str:
    return base_url_of(g.tenant, current_app.config["SETTINGS"].public_url) + path
