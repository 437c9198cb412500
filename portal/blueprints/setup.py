"""The first visit to an empty house: with the token from the terminal, first tenant and administrator."""

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _

from domain.accounts import passwords, rolebook
from domain.accounts.models import Membership, User
from domain.audit import log
from domain.db import database
from domain.errors import Invalid
from domain.subscribers import lists
from domain.tenancy import founding
from portal import context, entry, house, throttle
from portal.access import public
from portal.errors import into_form
from portal.forms.setup import SetupForm

bp = Blueprint("setup", __name__)


@bp.before_app_request
def lead_to_setup() -> Response | None:
    """While nobody has an account every page leads here; one look is enough once somebody has."""
    if current_app.extensions.get("house_has_people") or request.endpoint in ("static", None):
        return None
    if not house.is_empty():
        current_app.extensions["house_has_people"] = True
        return None
    if request.blueprint == bp.name or request.endpoint == "session.choose_language":
        return None
    return make_response(redirect(url_for("setup.index")))


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
                entry.enter(user, False)
                return make_response(redirect(url_for("session.start"), 303))
    return make_response(render_template("setup/index.html", form=form), 422)


def _found(form: SetupForm) -> User:
    encoded = passwords.hash_password(form.password.data or "")
    email = (form.email.data or "").casefold()
    with database.atomic():
        if User.select(User.id).exists():
            abort(404)  # a second visitor was quicker
        roles = rolebook.ensure_starters()
        user = User.create(
            email=email, name=" ".join((form.name.data or "").split()), password_hash=encoded,
            administers_house=True, language=context.language(),
        )  # fmt: skip
        tenant = founding.found(form.tenant.data or "", user_id=user.id)
        Membership.create(tenant_id=tenant.id, user=user, role=roles["administrator"])
        lists.default(tenant.id)
        log.record(log.HOUSE, "house.setup", user_id=user.id, kind="user", object_id=user.id)
        return user


def _only_empty() -> None:
    if not house.is_empty():
        abort(404)
