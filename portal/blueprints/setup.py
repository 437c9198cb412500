"""The first visit to an empty house: with the token from the terminal, first tenant and administrator."""

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_user
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from domain.accounts import passwords, policy, sessions
from domain.accounts.models import Membership, User
from domain.audit import log
from domain.db import database
from domain.errors import N_, Invalid
from domain.subscribers import directory
from domain.tenancy import founding
from portal import context, house, throttle
from portal.access import Visitor, public
from portal.errors import into_form

bp = Blueprint("setup", __name__)


class SetupForm(FlaskForm):
    token = StringField(_l("Set-up token"), [InputRequired(_l("Copy the token from the terminal."))])
    tenant = StringField(
        _l("Name of the organisation"), [InputRequired(_l("Enter the name.")), Length(max=120)]
    )
    name = StringField(_l("Your name"), [InputRequired(_l("Enter your name.")), Length(max=120)])
    email = EmailField(
        _l("Your e-mail address"), [InputRequired(_l("Enter your e-mail address.")), Length(max=254)]
    )
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter a password."))])


@bp.get("/setup")
@public
def index() -> Response:
    _only_empty()
    return make_response(render_template("setup/index.html", form=SetupForm(formdata=None)))


@bp.post("/setup")
@public
def create() -> Response:
    _only_empty()
    form = SetupForm()
    if not throttle.hit("10 per 15 minutes", "setup", context.client_address()):
        abort(429)
    instance = current_app.config["SETTINGS"].instance
    if form.validate():
        if not house.is_setup_token(instance, form.token.data or ""):
            form.token.errors = [_("This is not the token that the terminal shows.")]
        else:
            try:
                user = _found(form)
            except Invalid as error:
                into_form(form, error)
            else:
                house.discard_setup_token(instance)
                session.clear()
                login_user(Visitor(sessions.begin(user, False, context.client_address()), user))
                return make_response(redirect(url_for("session.start"), 303))
    return make_response(render_template("setup/index.html", form=form), 422)


def _found(form: SetupForm) -> User:
    with database.atomic():
        encoded = passwords.hash_password(form.password.data or "")
        email = (form.email.data or "").strip().casefold()
        if "@" not in email:
            raise Invalid(
                fields={"email": N_("This is not a valid e-mail address. Check how it is written.")}
            )
        roles = policy.ensure_starters()
        user = User.create(
            email=email, name=" ".join((form.name.data or "").split()), password_hash=encoded,
            administers_house=True, language=context.language(),
        )  # fmt: skip
        tenant = founding.found(form.tenant.data or "", user_id=user.id)
        Membership.create(tenant_id=tenant.id, user=user, role=roles["administrator"])
        directory.default_list(tenant.id)
        log.record(log.HOUSE, "house.setup", user_id=user.id, kind="user", object_id=user.id)
        return user


def _only_empty() -> None:
    if not house.is_empty():
        abort(404)
