"""People of the tenant: create, give and take roles, deactivate."""

from flask import Blueprint, Response, current_app, g, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _

from dispatcher import tasks
from domain.accounts import people, policy
from domain.accounts.models import User
from domain.accounts.permissions import Permission as P
from domain.content.markup import fold
from domain.errors import Invalid
from domain.notices import outbox
from portal import hypermedia
from portal.access import requires
from portal.errors import say_fields

bp = Blueprint("users", __name__)


@bp.get("/admin/people")
@requires(P.USER_EDIT)
def index() -> Response:
    return _index()


@bp.post("/admin/people")
@requires(P.USER_EDIT)
def create() -> Response:
    form = request.form
    role_ids = [int(i) for i in form.getlist("roles") if i.isdigit()]
    try:
        user, made = people.invite(
            g.tenant.id, form.get("email", ""), form.get("name", ""), role_ids, g.user, g.rights
        )
    except Invalid as error:
        return _index(say_fields(error), 422)
    if made:
        _mail(user)
        return hypermedia.done(
            url_for("users.index"), _("%(name)s gets a mail with a link to set a password.", name=user.name)
        )
    return hypermedia.done(
        url_for("users.index"),
        _("%(name)s already has an account and now the roles here too.", name=user.name),
    )


@bp.get("/admin/people/<int:user_id>")
@requires(P.USER_EDIT)
def show(user_id: int) -> Response:
    user = people.member(g.tenant.id, user_id)
    mine = next((roles for person, roles in people.members(g.tenant.id) if person.id == user.id), [])
    return hypermedia.page(
        "users/show.html",
        person=user,
        mine={r.id for r in mine},
        roles=_grantable(),
        permissions=policy.permissions_of,
    )


@bp.post("/admin/people/<int:user_id>/roles")
@requires(P.USER_EDIT)
def roles(user_id: int) -> Response:
    user = people.member(g.tenant.id, user_id)
    role_ids = [int(i) for i in request.form.getlist("roles") if i.isdigit()]
    people.set_roles(g.tenant.id, user, role_ids, g.user, g.rights)
    return hypermedia.done(url_for("users.index"), _("The roles of %(name)s are saved.", name=user.name))


@bp.post("/admin/people/<int:user_id>/active")
@requires(P.USER_EDIT)
def active(user_id: int) -> Response:
    user = people.member(g.tenant.id, user_id)
    people.set_active(g.tenant.id, user, not user.active, g.user)
    text = (
        _("%(name)s can sign in again.")
        if user.active
        else _("%(name)s can no longer sign in. All work stays.")
    )
    return hypermedia.done(url_for("users.show", user_id=user.id), text % {"name": user.name})


@bp.post("/admin/people/<int:user_id>/invite")
@requires(P.USER_EDIT)
def invite(user_id: int) -> Response:
    """The invitation once more, while no password is set."""
    user = people.member(g.tenant.id, user_id)
    if user.password_hash is None and user.active:
        _mail(user)
    return hypermedia.done(url_for("users.show", user_id=user.id), _("The invitation was sent again."))


def _index(errors: dict[str, str] | None = None, status: int = 200) -> Response:
    text = fold(request.args.get("q", ""))
    members = [(u, r) for u, r in people.members(g.tenant.id) if text in fold(f"{u.name} {u.email}")]
    return hypermedia.page(
        "users/index.html", "users/_rows.html", status=status, members=members, roles=_grantable(),
        wrong=errors or {}, text=request.args.get("q", ""), typed=request.form,
    )  # fmt: skip


def _grantable() -> list[tuple[object, bool]]:
    """(role, whether the person may give it)."""
    return [
        (role, policy.permissions_of(role.id) <= g.rights.permissions)
        for role in policy.roles_for(g.tenant.id)
    ]


def _mail(user: User) -> None:
    link = current_app.config["SETTINGS"].public_url + url_for(
        "account.welcome", token=people.invitation(user)
    )
    with force_locale(user.language):
        mail = outbox.queue(
            "invite",
            tenant_id=g.tenant.id,
            to_address=user.email,
            to_name=user.name,
            subject=_("Your account at Rundbrief"),
            plain=_(
                "Hello %(name)s,\n\n%(actor)s has created an account for you at %(tenant)s. Set your password here "
                "within seven days:\n\n%(link)s\n",
                name=user.name, actor=g.user.name, tenant=g.tenant.name, link=link,
            ),
            headers={"Auto-Submitted": "auto-generated"},
        )  # fmt: skip
    tasks.send_system_mail(mail.id)
