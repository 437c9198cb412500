"""Pages of readers: sign up, confirm, read, change, sign off. No session, no script, no cookie.

Reading changes nothing, so that a program which opens every link of a mail does no harm.
"""

from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _

from dispatcher import looks, tasks, webview
from dispatcher.render import base_url_of
from domain import tokens
from domain.errors import N_, NotFound
from domain.issues import calendar
from domain.ledger import events
from domain.notices import outbox
from domain.notices.models import OutboxMail
from domain.subscribers import addresses, optout, signup, types, words
from domain.subscribers.consent import Trace
from domain.subscribers.models import NewsletterType, Subscriber
from domain.tenancy import settings as tenant_settings
from domain.tenancy import tree
from domain.tenancy.models import Tenant, TenantStatus
from mediadb import urls
from portal import context, security, throttle
from portal.access import public
from portal.errors import say
from portal.forms.public import REASONS, PreferencesForm, ReasonForm, SignUpForm

bp = Blueprint("public", __name__)
CSRF_EXEMPT = (bp,)
FORM_MIN_AGE_S = 2  # nobody reads and fills a form faster; a program does
FORM_MAX_AGE_S = 86_400
PER_NETWORK = "10 per hour"
PER_ADDRESS = "5 per hour"


@bp.get("/n/<tenant>/events/<token>.ics")
@public
def event(tenant: str, token: str) -> Response:
    """An event of a mail as a file for calendars."""
    text = calendar.of_token(_open_tenant(tenant), token)
    response = Response(text, mimetype="text/calendar")
    response.headers["Content-Disposition"] = 'attachment; filename="event.ics"'
    return response


@bp.get("/n/<tenant>/look.css")
@public
def look(tenant: str) -> Response:
    """The tenant's colour, darkened until white text on it can be read."""
    wanted = tenant_settings.effective(_open_tenant(tenant))["colour"]
    response = Response(
        f".rb-public {{ --tenant: {tenant_settings.colours(wanted)[1]}; }}\n", mimetype="text/css"
    )
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


@bp.get("/n/<tenant>")
@bp.get("/n/<tenant>/<slug>")
@public
def sign_up(tenant: str, slug: str = "") -> Response:
    kinds, ticked = _offer(_open_tenant(tenant), slug)
    return _sign_up_page(SignUpForm(formdata=None), kinds, ticked)


@bp.post("/n/<tenant>")
@bp.post("/n/<tenant>/<slug>")
@public
def sign_up_now(tenant: str, slug: str = "") -> Response:
    """The same answer whoever signs up for whatever; only mistakes in the form itself are told."""
    kinds, _ticked = _offer(_open_tenant(tenant), slug)
    form = SignUpForm()
    ticked = {int(value) for value in request.form.getlist("type") if value.isdecimal()}
    sent = make_response(
        redirect(url_for("public.signed_up", tenant=tenant, lang=request.args.get("lang")), 303)
    )
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
    if not _is_fresh(request.form.get("form_token", "")):
        return _sign_up_page(
            form, kinds, ticked, _("The form was sent too fast or is too old. Send it again."), 422
        )
    if not _within_limits(address.key):
        return _message(
            429,
            _("Too many sign-ups"),
            _("There were many sign-ups from your network. Try again in an hour."),
        )
    wish = signup.Request(
        address, sorted(ticked), form.first.data or "", form.last.data or "", str(g.language)
    )
    mail = signup.begin(g.tenant.id, wish, _trace(f"/n/{tenant}/{slug}".rstrip("/")), _opt_in_mail)
    if mail is not None:
        tasks.send_system_mail(mail.id)
    return sent


@bp.get("/n/<tenant>/sent")
@public
def signed_up(tenant: str) -> Response:
    _open_tenant(tenant)
    return _page("public/sent.html")


@bp.get("/n/<tenant>/confirm/<token>")
@public
def confirm(tenant: str, token: str) -> Response:
    found = _open_tenant(tenant)
    try:
        person, kinds = signup.read(found.id, token)
    except tokens.BadToken:
        return _stale_link(found)
    return _page("public/confirm.html", person=person, kinds=kinds, done=False, masked=addresses.masked)


@bp.post("/n/<tenant>/confirm/<token>")
@public
def confirm_now(tenant: str, token: str) -> Response:
    found = _open_tenant(tenant)
    try:
        person, kinds = signup.confirm(found.id, token, _trace("confirm"))
    except tokens.BadToken:
        return _stale_link(found)
    return _page("public/confirm.html", person=person, kinds=kinds, done=True, masked=addresses.masked)


@bp.get("/m/<token>")
@public
def mail(token: str) -> Response:
    """The mail in the browser, as this person got it."""
    sent = webview.find(token)
    _enter(sent.tenant, sent.kind.language)
    return security.peoples_html(webview.page(sent))


@bp.get("/m/<token>/unsubscribe")
@public
def unsubscribe(token: str) -> Response:
    sent = _sent(token)
    return _page("public/unsubscribe.html", sent=sent, masked=addresses.masked)


@bp.post("/m/<token>/unsubscribe")
@public
def unsubscribe_now(token: str) -> Response:
    """Also the one-click of RFC 8058: no redirect, no session, the same answer each time."""
    sent = _sent(token)
    one_click = request.form.get("List-Unsubscribe") == "One-Click"
    if sent.person is not None:
        trace = _trace("one-click" if one_click else "unsubscribe", sent.delivery.id)
        if optout.unsubscribe(sent.person, sent.kind, trace):
            events.note(sent.tenant.id, sent.delivery.id, sent.campaign.id, "unsubscribed")
    return _page("public/unsubscribed.html", sent=sent, form=ReasonForm(formdata=None), everything=False)


@bp.post("/m/<token>/all")
@public
def unsubscribe_all(token: str) -> Response:
    sent = _sent(token)
    if sent.person is not None and optout.unsubscribe_all(sent.person, _trace("all", sent.delivery.id)):
        events.note(sent.tenant.id, sent.delivery.id, sent.campaign.id, "unsubscribed")
    return _page("public/unsubscribed.html", sent=sent, form=ReasonForm(formdata=None), everything=True)


@bp.post("/m/<token>/reason")
@public
def reason(token: str) -> Response:
    sent = _sent(token)
    form = ReasonForm()
    known = form.reason.data if form.reason.data in dict(REASONS) else ""
    said = ": ".join(filter(None, (known, words.one_line(form.words.data or "", 200))))
    if said:
        events.explain(sent.tenant.id, sent.delivery.id, "unsubscribed", said)
    return _message(200, _("Thank you"), _("You help us to do better. You may close this page."))


@bp.get("/m/<token>/preferences")
@public
def preferences(token: str) -> Response:
    sent = _sent(token)
    if sent.person is None:
        return _message(404, _("Nothing stored"), _("We keep no data about you any more."))
    form = PreferencesForm(formdata=None, first=sent.person.first_name, last=sent.person.last_name)
    form.language.data = sent.person.language or str(g.language)
    return _preferences_page(sent, sent.person, form)


@bp.post("/m/<token>/preferences")
@public
def preferences_now(token: str) -> Response:
    sent = _sent(token)
    if sent.person is None:
        return _message(404, _("Nothing stored"), _("We keep no data about you any more."))
    form = PreferencesForm()
    if not form.validate():
        return _preferences_page(sent, sent.person, form, 422)
    wanted = {int(value) for value in request.form.getlist("type") if value.isdecimal()}
    kinds = [kind for kind, _row in optout.offered(sent.person)]
    optout.choose(sent.person, kinds, wanted, _trace("preferences", sent.delivery.id))
    optout.rename(sent.person, form.first.data or "", form.last.data or "", form.language.data or "")
    target = url_for("public.preferences", token=token, saved=1, lang=request.args.get("lang"))
    return make_response(redirect(target, 303))


@bp.errorhandler(NotFound)
def _lost(error: NotFound) -> Response:
    """A page without anybody's name: an altered link must not tell whose it was."""
    return make_response(render_template("public/lost.html", text=say(error)), 404)


def _open_tenant(slug: str) -> Tenant:
    tenant = tree.by_slug(slug)
    if tenant.status == TenantStatus.BLOCKED:
        raise NotFound
    _enter(tenant, "")
    return tenant


def _enter(tenant: Tenant, usual: str) -> None:
    """Tenant and language of this page: what the reader chose on it, else the newsletter's, else the tenant's."""
    g.tenant = tenant
    choices = (request.args.get("lang"), usual, context.effective_settings()["language"], "de")
    g.language = next(language for language in choices if language in context.LANGUAGES)


def _sent(token: str) -> webview.Sent:
    try:
        sent = webview.find(token)
    except NotFound:
        raise NotFound(
            N_("This link is incomplete or was altered. Open the mail again and click the link in it.")
        ) from None
    if sent.tenant.status == TenantStatus.BLOCKED or g.get("host_tenant", sent.tenant).id != sent.tenant.id:
        raise NotFound
    _enter(sent.tenant, (sent.person.language if sent.person else "") or sent.kind.language)
    return sent


def _offer(tenant: Tenant, slug: str) -> tuple[list[NewsletterType], set[int]]:
    """The types on the page and which of them are ticked; NotFound for one that is not public."""
    kinds = types.public(tenant.id)
    if not slug:
        return kinds, {kinds[0].id} if len(kinds) == 1 else set()
    chosen = next((kind for kind in kinds if kind.slug == slug), None)
    if chosen is None:
        raise NotFound
    return [chosen], {chosen.id}


def _is_fresh(token: str) -> bool:
    min_age_s = current_app.config.get("FORM_MIN_AGE_S", FORM_MIN_AGE_S)
    try:
        return tokens.read_timed_token("form", token, FORM_MAX_AGE_S, min_age_s) == g.tenant.id
    except tokens.BadToken:
        return False


def _within_limits(key: str) -> bool:
    network = throttle.network(context.client_address())
    return throttle.hit(PER_NETWORK, "sign-up-net", network) and throttle.hit(
        PER_ADDRESS, "sign-up", str(g.tenant.id), tokens.keyed_hash("sign-up", key)
    )


def _trace(form: str, mail_id: int | None = None) -> Trace:
    return Trace(
        form=form, ip=context.client_address(), agent=request.user_agent.string or "", mail_id=mail_id
    )


def _opt_in_mail(opt_in: signup.OptIn) -> OutboxMail:
    """Neutral and without advertising: who did not sign up must be able to ignore it."""
    settings = context.effective_settings()
    base = base_url_of(g.tenant, current_app.config["SETTINGS"].public_url)
    link = base + url_for("public.confirm", tenant=g.tenant.slug, token=opt_in.token)
    only = opt_in.types[0] if len(opt_in.types) == 1 else None
    body = render_template(
        "public/optin.txt", person=opt_in.person, kinds=opt_in.types, link=link, imprint=settings["imprint"],
        tenant=g.tenant, days=signup.LINK_MAX_AGE_S // 86_400,
    )  # fmt: skip
    return outbox.queue(
        "optin",
        tenant_id=g.tenant.id,
        to_address=opt_in.person.address,
        subject=_("Please confirm your sign-up at %(name)s", name=g.tenant.name),
        plain=body,
        sender_name=(only.sender_name if only else "") or settings["sender_name"],
        sender_address=(only.sender_address if only else "") or settings["sender_address"],
        headers={"Auto-Submitted": "auto-generated"},
    )


def _sign_up_page(
    form: SignUpForm, kinds: list[NewsletterType], ticked: set[int], wrong: str = "", status: int = 200
) -> Response:
    return _page(
        "public/sign_up.html", status, form=form, kinds=kinds, ticked=ticked, wrong=wrong,
        form_token=tokens.timed_token("form", g.tenant.id),
    )  # fmt: skip


def _preferences_page(
    sent: webview.Sent, person: Subscriber, form: PreferencesForm, status: int = 200
) -> Response:
    return _page(
        "public/preferences.html", status, sent=sent, form=form, offered=optout.offered(person),
        receives=optout.RECEIVES, masked=addresses.masked, saved=request.args.get("saved"),
    )  # fmt: skip


def _stale_link(tenant: Tenant) -> Response:
    """410 with the way on: sign up again."""
    return _page("public/stale.html", 410, url=url_for("public.sign_up", tenant=tenant.slug))


def _message(status: int, title: str, text: str) -> Response:
    response = _page("public/message.html", status, title=title, text=text)
    if status == 429:
        response.headers["Retry-After"] = "3600"
    return response


def _page(template: str, status: int = 200, **values: Any) -> Response:
    settings = context.effective_settings()
    return make_response(
        render_template(
            template, public_tenant=g.tenant, logo=_logo(), imprint=settings["imprint"],
            privacy_url=settings["privacy_url"],
            other_language=_other_language(), **values,
        ),
        status,
    )  # fmt: skip


def _logo() -> str:
    """The address of the tenant's logo, on the same host; empty without one."""
    found = looks.logo_of(tenant_settings.with_origin(g.tenant))
    return urls.path(found, "mail600") if found else ""


def _other_language() -> tuple[str, str] | None:
    """(URL, name) of this page in the other language; none for answers to a POST, which cannot be linked."""
    other = "en" if g.language == "de" else "de"
    if request.method == "POST":
        return None
    arguments = {**(request.view_args or {}), **request.args.to_dict(), "lang": other}
    return url_for(request.endpoint or "", **arguments), {"de": "Deutsch", "en": "English"}[other]
