"""The door: sign in and out, forgotten password, language."""

from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user, logout_user
from flask_wtf.csrf import generate_csrf

from dispatcher import tasks
from domain import tokens
from domain.accounts import policy, second, sessions
from domain.accounts.models import User
from domain.audit import log
from domain.db import database
from domain.errors import Invalid
from domain.notices import outbox
from portal import context, entry, house, hypermedia, throttle
from portal.access import public
from portal.errors import into_form
from portal.forms.session import CodeForm, ForgotForm, NewPasswordForm, SignInForm

bp = Blueprint("session", __name__)

PER_ACCOUNT = "10 per 15 minutes"
PER_NETWORK = "100 per hour"
SECOND_MAX_AGE_S = 600


@bp.get("/")
@public
def start() -> Response:
    """To the first own tenant, or to the door."""
    if g.user is None:
        if house.is_empty():
            return make_response(redirect(url_for("setup.index")))
        return make_response(redirect(url_for("session.sign_in")))
    tenants = policy.tenants_of(g.user)
    last = next((t for t in tenants if t.slug == session.get("tenant")), None)
    if tenants:
        return make_response(redirect(url_for("dashboard.index", tenant=(last or tenants[0]).slug)))
    if policy.is_suspended(g.user):
        hypermedia.flash(
            _("Your tenant is suspended. Nothing of your work is lost; ask who administers the house."),
            "hold",
        )
    return make_response(redirect(url_for("account.index")))


@bp.get("/signin")
@public
def sign_in() -> Response:
    return _door(SignInForm(formdata=None))


@bp.post("/signin")
@public
def sign_in_now() -> Response:
    form = SignInForm()
    address = context.client_address()
    if not form.validate_on_submit():
        return _door(form, 422)
    account = tokens.keyed_hash("sign-in", (form.email.data or "").strip().casefold())
    if not (
        throttle.hit(PER_ACCOUNT, "sign-in", account, address)
        and throttle.hit(PER_NETWORK, "sign-in-net", throttle.network(address))
    ):
        _refuse("sign_in.many", account, form.email.data or "")
        form.form_errors = [_("Too many tries. Wait 15 minutes, then try again or reset the password.")]
        return _door(form, 429)
    user = sessions.check(form.email.data or "", form.password.data or "")
    if user is None:
        _refuse("sign_in.failed", account, form.email.data or "")
        form.form_errors = [_("E-mail address or password is wrong.")]
        return _door(form, 422)
    if second.is_on(user):
        waiting = tokens.timed_token("second", [user.id, bool(form.keep.data)])
        return _code_page(CodeForm(formdata=None), waiting, 422 if _is_over_page() else 200)
    return _welcome(user, bool(form.keep.data))


@bp.post("/signin/code")
@public
def sign_in_code() -> Response:
    """The second step: a code of the app, or a recovery code. The password was right less than ten minutes ago."""
    form, waiting = CodeForm(), request.form.get("waiting", "")
    try:
        user_id, keep = tokens.read_timed_token("second", waiting, SECOND_MAX_AGE_S)
        user = User.get_or_none(User.id == user_id, User.active)
    except tokens.BadToken:
        user = None
    if user is None or not second.is_on(user):
        return _door(SignInForm(formdata=None), 422)
    if not throttle.hit(PER_ACCOUNT, "sign-in-code", str(user.id)):
        entry.refuse("sign_in.many", str(user.id), user.id)
        form.form_errors = [_("Too many tries. Wait 15 minutes, then try again.")]
        return _code_page(form, waiting, 429)
    if not form.validate() or not second.check(user, form.code.data or ""):
        if form.code.data:
            entry.refuse("sign_in.code", str(user.id), user.id)
        form.code.errors = [_(second.WRONG)]
        return _code_page(form, waiting, 422)
    return _welcome(user, keep)


@bp.post("/signout")
@public
def sign_out() -> Response:
    if current_user.is_authenticated:
        sessions.end(current_user.id)
        logout_user()
    session.clear()
    return hypermedia.done(url_for("session.sign_in"))


@bp.get("/session/alive")
@public
def alive() -> Response:
    """204 while the sign-in holds, else 401: asked before a plain form is sent."""
    return make_response("", 204 if g.user else 401)


@bp.post("/language")
@public
def choose_language() -> Response:
    """Language of the door for people who are not signed in."""
    wished = request.form.get("language")
    if wished in context.LANGUAGES:
        session["language"] = wished
    return make_response(redirect(_local(request.form.get("next")) or url_for("session.sign_in"), 303))


@bp.get("/forgot")
@public
def forgot() -> str:
    return render_template("session/forgot.html", form=ForgotForm(formdata=None), sent=False)


@bp.post("/forgot")
@public
def forgot_now() -> Response:
    """Same answer for known and unknown addresses."""
    form = ForgotForm()
    if not form.validate_on_submit():
        return make_response(render_template("session/forgot.html", form=form, sent=False), 422)
    email = (form.email.data or "").strip().casefold()
    if not throttle.hit("20 per hour", "forgot-net", throttle.network(context.client_address())):
        abort(429)
    user = User.get_or_none(User.email == email, User.active)
    if user and throttle.hit("3 per hour", "forgot", tokens.keyed_hash("sign-in", email)):
        _mail_reset(user)
    return make_response(render_template("session/forgot.html", form=form, sent=True))


@bp.get("/reset/<token>")
@public
def reset(token: str) -> Response:
    return _reset_page(token, NewPasswordForm(formdata=None))


@bp.post("/reset/<token>")
@public
def reset_now(token: str) -> Response:
    form = NewPasswordForm()
    try:
        user = sessions.user_of_reset(token)
    except tokens.BadToken:
        return _reset_page(token, form)
    if not form.validate_on_submit():
        return _reset_page(token, form, 422)
    try:
        with database.atomic():
            sessions.change_password(user, form.password.data or "")
            log.record(log.HOUSE, "password.reset", user_id=user.id, kind="user", object_id=user.id)
    except Invalid as error:
        into_form(form, error)
        return _reset_page(token, form, 422)
    hypermedia.flash(_("The new password is set. Sign in with it."))
    return make_response(redirect(url_for("session.sign_in"), 303))


def _refuse(act: str, account: str, email: str) -> None:
    """Into the log, after the same amount of work for addresses that somebody has and that nobody has."""
    known = User.get_or_none(User.email == email.strip().casefold())
    entry.refuse(act, account, known.id if known else None)


def _welcome(user: User, keep: bool) -> Response:
    entry.enter(user, keep)
    if _is_over_page():
        answer = make_response("", 204)
        answer.headers["X-CSRFToken"] = generate_csrf()
        return answer
    return make_response(redirect(_local(request.form.get("next")) or url_for("session.start"), 303))


def _code_page(form: CodeForm, waiting: str, status: int) -> Response:
    template = "session/_code.html" if _is_over_page() else "session/code.html"
    page = render_template(template, form=form, waiting=waiting, next=_local(request.values.get("next")))
    return make_response(page, status)


def _mail_reset(user: User) -> None:
    link = current_app.config["SETTINGS"].public_url + url_for(
        "session.reset", token=sessions.reset_token(user)
    )
    with force_locale(user.language):
        mail = outbox.queue(
            "reset",
            to_address=user.email,
            to_name=user.name,
            subject=_("Set a new password for Rundbrief"),
            plain=_(
                "Hello %(name)s,\n\nsomebody, probably you, asked for a new password for Rundbrief. Set it here "
                "within two hours:\n\n%(link)s\n\nIf it was not you, you need not do anything. Your password "
                "stays as it is.\n",
                name=user.name,
                link=link,
            ),
            headers={"Auto-Submitted": "auto-generated"},
        )
    tasks.send_system_mail(mail.id)


def _reset_page(token: str, form: NewPasswordForm, status: int = 200) -> Response:
    try:
        user = sessions.user_of_reset(token)
    except tokens.BadToken:
        return make_response(render_template("session/reset_expired.html"), 410)
    return make_response(render_template("session/reset.html", form=form, user=user, token=token), status)


def _door(form: SignInForm, status: int = 200) -> Response:
    template = "session/_form.html" if _is_over_page() else "session/sign_in.html"
    return make_response(
        render_template(template, form=form, next=_local(request.values.get("next"))), status
    )


def _is_over_page() -> bool:
    return request.headers.get("X-Requested-With") == "reauth"


def _local(target: str | None) -> str | None:
    """`target` only if it is a path of ours: no scheme, no host, no backslash trick."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else None
