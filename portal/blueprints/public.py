"""Pages of readers: sign up, confirm, read, change, sign off. No session, no script, no cookie.

Reading changes nothing, so that a program which opens every link of a mail does no harm.
"""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from dispatcher import tasks, webview
from domain import tokens
from domain.errors import Invalid, NotFound
from domain.issues import calendar
from domain.ledger import events
from domain.notices.models import OutboxMail
from domain.subscribers import addresses, optout, signup, types, words
from domain.subscribers.facets import fields
from domain.subscribers.facets.models import Holder
from domain.subscribers.models import NewsletterType, Subscriber
from domain.tenancy import settings as tenant_settings
from domain.tenancy.models import Tenant
from portal import confirmed, facets, reading, security, signup_mails
from portal.access import public
from portal.forms.public import REASONS, PreferencesForm, ReasonForm, SignUpForm

bp = Blueprint("public", __name__)
CSRF_EXEMPT = (bp,)


@bp.get("/n/<tenant>/events/<token>.ics")
@public
def event(tenant: str, token: str) -> Response:
    """An event of a mail as a file for calendars."""
    text = calendar.of_token(reading.open_tenant(tenant), token)
    response = Response(text, mimetype="text/calendar")
    response.headers["Content-Disposition"] = 'attachment; filename="event.ics"'
    return response


@bp.get("/n/<tenant>/look.css")
@public
def look(tenant: str) -> Response:
    """The tenant's colour, darkened until white text on it can be read."""
    wanted = tenant_settings.effective(reading.open_tenant(tenant))["colour"]
    response = Response(
        f".rb-public {{ --tenant: {tenant_settings.colours(wanted)[1]}; }}\n", mimetype="text/css"
    )
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


@bp.get("/n/<tenant>")
@bp.get("/n/<tenant>/<slug>")
@public
def sign_up(tenant: str, slug: str = "") -> Response:
    kinds, ticked = _offer(reading.open_tenant(tenant), slug)
    return _sign_up_page(SignUpForm(formdata=None), kinds, ticked)


@bp.post("/n/<tenant>")
@bp.post("/n/<tenant>/<slug>")
@public
def sign_up_now(tenant: str, slug: str = "") -> Response:
    """The same answer whoever signs up for whatever; only mistakes in the form itself are told."""
    kinds, _ticked = _offer(reading.open_tenant(tenant), slug)
    form = SignUpForm()
    ticked = {int(value) for value in request.form.getlist("type") if value.isdecimal()}
    sent = reading.moved_on("public.signed_up", tenant=tenant)
    if request.form.get("website"):
        return sent  # a field that people do not see
    try:
        address = addresses.parse(form.email.data or "")
    except addresses.BadAddress as error:
        form.email.errors = [_(error.message)]
        return _sign_up_page(form, kinds, ticked, status=422)
    if not form.validate():
        return _sign_up_page(form, kinds, ticked, status=422)
    if not ticked:
        return _sign_up_page(form, kinds, ticked, _("Tick at least one newsletter."), 422)
    own = _own(kind for kind in kinds if kind.id in ticked)
    try:
        fields.taken(g.tenant.id, Holder.SUBSCRIBER, own)
    except Invalid as error:
        return _sign_up_page(form, kinds, ticked, status=422, own_wrong=facets.wrong(error))
    if not reading.is_fresh(request.form.get("form_token", "")):
        return _sign_up_page(
            form, kinds, ticked, _("The form was sent too fast or is too old. Send it again."), 422
        )
    if not reading.within_limits(address.key):
        return reading.message(
            429,
            _("Too many sign-ups"),
            _("There were many sign-ups from your network. Try again in an hour."),
        )
    wish = signup.Request(
        address, sorted(ticked), form.first.data or "", form.last.data or "", str(g.language), own
    )
    mail = signup.begin(
        g.tenant.id, wish, reading.trace(f"/n/{tenant}/{slug}".rstrip("/")), signup_mails.opt_in
    )
    if mail is not None:
        tasks.send_system_mail(mail.id)
    return sent


@bp.post("/n/<tenant>/embed")
@bp.post("/n/<tenant>/<slug>/embed")
@public
def embedded(tenant: str, slug: str = "") -> Response:
    """A form on another website leads here: the sign-up form with what was typed there. Nothing is written yet, since a
    foreign page can carry no signed token."""
    kinds, ticked = _offer(reading.open_tenant(tenant), slug)
    asked = {int(value) for value in request.form.getlist("type") if value.isdecimal()}
    form = SignUpForm()
    return _sign_up_page(
        form, kinds, (asked & {kind.id for kind in kinds}) or ticked, tenant=tenant, slug=slug
    )


@bp.get("/n/<tenant>/sent")
@public
def signed_up(tenant: str) -> Response:
    reading.open_tenant(tenant)
    return reading.page("public/sent.html")


@bp.get("/n/<tenant>/confirm/<token>")
@public
def confirm(tenant: str, token: str) -> Response:
    found = reading.open_tenant(tenant)
    try:
        link = signup.look(found.id, token)
    except tokens.BadToken:
        return reading.stale_link(found)
    if link.person.language:  # in which the person signed up, whatever this browser prefers
        reading.enter(found, link.person.language)
    if not link.waiting:
        return confirmed.page(link.person, link.confirmed, _own_preferences(tenant, token))
    return reading.page(
        "public/confirm.html", person=link.person, kinds=link.waiting, done=False, masked=addresses.masked,
        asked=False,
    )  # fmt: skip


@bp.post("/n/<tenant>/confirm/<token>")
@public
def confirm_now(tenant: str, token: str) -> Response:
    found = reading.open_tenant(tenant)
    mails: list[OutboxMail] = []

    def welcome(person: Subscriber, kind: NewsletterType) -> None:
        mails.append(signup_mails.welcome(person, kind))

    try:
        link = signup.look(found.id, token)
        kinds = signup.confirm(found.id, token, reading.trace("confirm"), welcome)[1] if link.waiting else []
    except tokens.BadToken:
        return reading.stale_link(found)
    for mail in mails:
        tasks.send_system_mail(mail.id)
    if link.person.language:
        reading.enter(found, link.person.language)
    if not link.waiting:
        return confirmed.page(link.person, link.confirmed, _own_preferences(tenant, token))
    return reading.page(
        "public/confirm.html", person=link.person, kinds=kinds, done=True, masked=addresses.masked, asked=False,
        preferences=_own_preferences(tenant, token),
    )  # fmt: skip


def _own_preferences(tenant: str, token: str) -> str:
    return url_for("confirming.preferences", tenant=tenant, token=token, lang=request.args.get("lang"))


@bp.get("/m/<token>")
@public
def mail(token: str) -> Response:
    """The mail in the browser, as this person got it."""
    sent = webview.find(token)
    reading.enter(sent.tenant, sent.kind.language)
    return security.peoples_html(webview.page(sent))


@bp.get("/m/<token>/unsubscribe")
@public
def unsubscribe(token: str) -> Response:
    sent = reading.sent(token)
    return reading.page("public/unsubscribe.html", sent=sent, masked=addresses.masked)


@bp.post("/m/<token>/unsubscribe")
@public
def unsubscribe_now(token: str) -> Response:
    """Also the one-click of RFC 8058: no redirect, no session, the same answer each time."""
    sent = reading.sent(token)
    one_click = request.form.get("List-Unsubscribe") == "One-Click"
    if sent.person is not None:
        trace = reading.trace("one-click" if one_click else "unsubscribe", sent.delivery.id)
        if optout.unsubscribe(sent.person, sent.kind, trace):
            events.note(sent.tenant.id, sent.delivery.id, sent.campaign.id, "unsubscribed")
    return reading.page(
        "public/unsubscribed.html", sent=sent, form=ReasonForm(formdata=None), everything=False
    )


@bp.post("/m/<token>/all")
@public
def unsubscribe_all(token: str) -> Response:
    sent = reading.sent(token)
    if sent.person is not None and optout.unsubscribe_all(
        sent.person, reading.trace("all", sent.delivery.id)
    ):
        events.note(sent.tenant.id, sent.delivery.id, sent.campaign.id, "unsubscribed")
    return reading.page(
        "public/unsubscribed.html", sent=sent, form=ReasonForm(formdata=None), everything=True
    )


@bp.post("/m/<token>/reason")
@public
def reason(token: str) -> Response:
    sent = reading.sent(token)
    form = ReasonForm()
    known = form.reason.data if form.reason.data in dict(REASONS) else ""
    said = ": ".join(filter(None, (known, words.one_line(form.words.data or "", 200))))
    if said:
        events.explain(sent.tenant.id, sent.delivery.id, "unsubscribed", said)
    return reading.message(200, _("Thank you"), _("You help us to do better. You may close this page."))


@bp.get("/m/<token>/preferences")
@public
def preferences(token: str) -> Response:
    sent = reading.sent(token)
    if sent.person is None:
        return reading.message(404, _("Nothing stored"), _("We keep no data about you any more."))
    return _preferences_page(sent, sent.person, confirmed.form_of(sent.person))


@bp.post("/m/<token>/preferences")
@public
def preferences_now(token: str) -> Response:
    sent = reading.sent(token)
    if sent.person is None:
        return reading.message(404, _("Nothing stored"), _("We keep no data about you any more."))
    form = PreferencesForm()
    if not form.validate():
        return _preferences_page(sent, sent.person, form, 422)
    confirmed.choose(sent.person, form, reading.trace("preferences", sent.delivery.id))
    return reading.moved_on("public.preferences", token=token, saved=1)


@bp.errorhandler(NotFound)
def _lost(error: NotFound) -> Response:
    """A page without anybody's name: an altered link must not tell whose it was."""
    return reading.lost(error)


def _offer(tenant: Tenant, slug: str) -> tuple[list[NewsletterType], set[int]]:
    """The types on the page and which of them are ticked; NotFound for one that is not public."""
    kinds = types.public(tenant.id)
    if not slug:
        return kinds, {kinds[0].id} if len(kinds) == 1 else set()
    chosen = next((kind for kind in kinds if kind.slug == slug), None)
    if chosen is None:
        raise NotFound
    return [chosen], {chosen.id}


def _own(kinds: Iterable[NewsletterType]) -> dict[str, Any]:
    """What the form says in the own fields that these types ask for; a required one is there even if it is empty."""
    found: dict[str, Any] = {}
    for field in types.asked_fields(kinds):
        name = f"own-{field.id}"
        several = field.kind == "choices"
        found[name] = request.form.getlist(name) if several else request.form.get(name, "")
    return found


def _sign_up_page(
    form: SignUpForm, kinds: list[NewsletterType], ticked: set[int], wrong: str = "", status: int = 200,
    own_wrong: dict[str, str] | None = None, tenant: str = "", slug: str = "",
) -> Response:  # fmt: skip
    return reading.page(
        "public/sign_up.html", status, form=form, kinds=kinds, ticked=ticked, wrong=wrong,
        form_token=tokens.timed_token("form", g.tenant.id), own=types.asked_fields(kinds), own_wrong=own_wrong or {},
        typed=_own(kinds) if request.method == "POST" else {},
        action=url_for("public.sign_up_now", tenant=tenant, slug=slug or None) if tenant else "",
    )  # fmt: skip


def _preferences_page(
    sent: webview.Sent, person: Subscriber, form: PreferencesForm, status: int = 200
) -> Response:
    action = url_for("public.preferences_now", token=sent.token, lang=request.args.get("lang"))
    return confirmed.preferences(person, form, action, status, sent)
