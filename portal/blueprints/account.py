"""The own account: name, language, look, password, sessions; and the first password of an invitation."""

import re

import segno
from flask import Blueprint, Response, abort, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import refresh
from flask_login import current_user
from markupsafe import Markup

from domain import clock, tokens
from domain.accounts import absence, duties, passwords, people, second, sessions
from domain.accounts.models import UserSession
from domain.audit import log
from domain.db import database
from domain.errors import Invalid, NotFound
from portal import browsers, facets, hypermedia, throttle
from portal.access import public, signed_in
from portal.errors import into_form
from portal.forms.account import AccountForm, PasswordForm
from portal.forms.session import CodeForm, NewPasswordForm

bp = Blueprint("account", __name__)
TRIES = "10 per 15 minutes"
OFFER_MAX_AGE_S = 1800


@bp.get("/account")
@signed_in
def index() -> Response:
    return _page(AccountForm(formdata=None, obj=g.user), PasswordForm(formdata=None))


@bp.post("/account")
@signed_in
def save() -> Response:
    form = AccountForm()
    if not form.validate():
        return _page(form, PasswordForm(formdata=None), 422)
    g.user.name, g.user.language = " ".join((form.name.data or "").split()), form.language.data
    g.user.theme = form.theme.data or None
    g.user.save()
    refresh()  # the answer speaks the language that was chosen
    return hypermedia.done(url_for("account.index"), _("Saved."))


@bp.post("/account/notices")
@signed_in
def notices() -> Response:
    """How notices reach the person beside the bell."""
    how = request.form.get("how", "")
    if how not in ("now", "daily", "off"):
        raise NotFound
    g.user.notice_mail = how
    g.user.save()
    return hypermedia.done(url_for("account.index") + "#h-notices", _("Saved."))


@bp.post("/account/absence")
@signed_in
def away() -> Response:
    """Be away for a time, and name who stands in."""
    form = request.form
    stand_in = form.get("stand_in", "")
    begins = facets.end_of(form.get("away_from", ""))
    try:
        absence.set_own(
            g.user, begins.replace(hour=0, minute=0, second=0) if begins else None,
            facets.end_of(form.get("away_until", "")),
            int(stand_in) if stand_in.isdecimal() and len(stand_in) < 10 else None,
        )  # fmt: skip
    except Invalid as error:
        return _page(
            AccountForm(formdata=None, obj=g.user), PasswordForm(formdata=None), 422, facets.wrong(error)
        )
    text = _("Saved. Who stands in may decide in your place.") if g.user.away_until else _("You are here.")
    return hypermedia.done(url_for("account.index") + "#h-away", text)


@bp.post("/account/password")
@signed_in
def password() -> Response:
    form = PasswordForm()
    if not throttle.hit(TRIES, "password", str(g.user.id)):
        abort(429)
    if form.validate():
        if not passwords.verify(g.user.password_hash, form.current.data or ""):
            form.current.errors = [_("This is not your current password.")]
        else:
            try:
                with database.atomic():
                    sessions.change_password(g.user, form.password.data or "", except_secret=current_user.id)
                    log.record(
                        log.HOUSE, "password.change", user_id=g.user.id, kind="user", object_id=g.user.id
                    )
                return hypermedia.done(
                    url_for("account.index"), _("The new password is set. Other devices are signed out.")
                )
            except Invalid as error:
                into_form(form, error)
    return _page(AccountForm(formdata=None, obj=g.user), form, 422)


@bp.get("/account/second")
@signed_in
def second_factor() -> Response:
    """The QR code of a new secret; nothing is stored before a right code confirms it."""
    return _second(CodeForm(formdata=None), second.proposed())


@bp.post("/account/second")
@signed_in
def second_on() -> Response:
    form = CodeForm()
    try:
        nonce = tokens.read_timed_token("second-on", request.form.get("offer", ""), OFFER_MAX_AGE_S)
    except tokens.BadToken:
        return _second(form, second.proposed(), 422)
    if not throttle.hit(TRIES, "second", str(g.user.id)):
        abort(429)
    try:
        if not form.validate():
            return _second(form, nonce, 422)
        codes = second.switch_on(g.user, nonce, form.code.data or "")
    except Invalid as error:
        into_form(form, error)
        return _second(form, nonce, 422)
    return hypermedia.page("account/codes.html", codes=codes)


@bp.post("/account/second/codes")
@signed_in
def second_codes() -> Response:
    """New recovery codes, for the price of the password."""
    refusal = _password_refused()
    if refusal:
        return refusal
    with database.atomic():
        codes = second.recovery_codes(g.user)
        log.record(log.HOUSE, "second.codes", user_id=g.user.id, kind="user", object_id=g.user.id)
    return hypermedia.page("account/codes.html", codes=codes)


@bp.post("/account/second/off")
@signed_in
def second_off() -> Response:
    refusal = _password_refused()
    if refusal:
        return refusal
    second.switch_off(g.user, g.user.id)
    return hypermedia.done(url_for("account.index"), _("Signing in needs only your password again."))


def _password_refused() -> Response | None:
    """A page that says so, when the own password beside the button is wrong."""
    if not throttle.hit(TRIES, "password", str(g.user.id)):
        abort(429)
    if second.is_on(g.user) and passwords.verify(g.user.password_hash, request.form.get("current", "")):
        return None
    hypermedia.flash(_("This is not your current password."), "fail")
    return _page(AccountForm(formdata=None, obj=g.user), PasswordForm(formdata=None), 422)


def _second(form: CodeForm, nonce: str, status: int = 200) -> Response:
    code = segno.make(second.address(g.user, nonce), error="m")
    return hypermedia.page(
        "account/second.html", status=status, form=form, offer=tokens.timed_token("second-on", nonce),
        secret=" ".join(re.findall("....", second.secret(g.user, nonce))),
        qr=Markup(code.svg_inline(border=2, omitsize=True)),  # noqa: S704 - ours
    )  # fmt: skip


@bp.post("/account/sessions/end")
@signed_in
def end_others() -> Response:
    """Sign out everywhere but here."""
    with database.atomic():
        sessions.end_all(g.user, except_secret=current_user.id)
        log.record(log.HOUSE, "session.end", user_id=g.user.id, kind="user", object_id=g.user.id)
    return hypermedia.done(url_for("account.index"), _("All other devices are signed out."))


@bp.post("/account/sessions/<int:session_id>/end")
@signed_in
def end(session_id: int) -> Response:
    with database.atomic():
        ended = UserSession.delete().where(UserSession.user == g.user, UserSession.id == session_id).execute()
        if not ended:
            raise NotFound
        log.record(log.HOUSE, "session.end", user_id=g.user.id, kind="user", object_id=g.user.id)
    return hypermedia.done(url_for("account.index"), _("Signed out there."))


@bp.get("/welcome/<token>")
@public
def welcome(token: str) -> Response:
    return _welcome(token, NewPasswordForm(formdata=None))


@bp.post("/welcome/<token>")
@public
def welcome_now(token: str) -> Response:
    form = NewPasswordForm()
    try:
        user = people.user_of_invitation(token)
    except tokens.BadToken:
        return _welcome(token, form)
    if not form.validate():
        return _welcome(token, form, 422)
    try:
        with database.atomic():
            sessions.change_password(user, form.password.data or "")
            log.record(log.HOUSE, "password.first", user_id=user.id, kind="user", object_id=user.id)
    except Invalid as error:
        into_form(form, error)
        return _welcome(token, form, 422)
    hypermedia.flash(_("Your password is set. Sign in with it."))
    return make_response(redirect(url_for("session.sign_in"), 303))


def _welcome(token: str, form: NewPasswordForm, status: int = 200) -> Response:
    try:
        user = people.user_of_invitation(token)
    except tokens.BadToken:
        return make_response(render_template("account/welcome_expired.html"), 410)
    return make_response(render_template("account/welcome.html", form=form, user=user), status)


def _page(
    form: AccountForm, password_form: PasswordForm, status: int = 200, wrong: dict[str, str] | None = None
) -> Response:
    if request.endpoint != "account.save":
        form.theme.data = g.user.theme or ""
    mine = UserSession.select().where(UserSession.user == g.user, UserSession.expires_at > clock.now())
    current = sessions.find(current_user.id)
    return hypermedia.page(
        "account/index.html", status=status, form=form, password_form=password_form,
        mine=[(s, *browsers.described(s.agent)) for s in mine.order_by(UserSession.seen_at.desc()).limit(50)],
        current_id=current.id if current else None, second_on=second.is_on(g.user),
        wrong=wrong or {}, colleagues=absence.colleagues(g.user), is_away=absence.is_away(g.user),
        represented=absence.represented(g.user),
        at_desk=bool(duties.at_desk(g.user)),
        codes_left=second.codes_left(g.user) if second.is_on(g.user) else 0,
    )  # fmt: skip
