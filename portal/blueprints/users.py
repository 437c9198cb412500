"""People of the tenant: invite, give and take roles, end and open access."""

from typing import Any, TypeVar

from flask import Blueprint, Response, current_app, g, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from dispatcher import tasks
from dispatcher.housemail import letterhead
from domain.accounts import people, policy, reasons, rolebook
from domain.accounts.models import Role, User
from domain.accounts.permissions import MODULES, SENDS, SENTENCES
from domain.accounts.permissions import Permission as P
from domain.db import abreast
from domain.errors import N_, Forbidden, Invalid
from domain.folding import holding
from domain.quotas import ceilings, granting, ledger
from portal import context, hypermedia, received, territories
from portal.access import requires
from portal.errors import into_form
from portal.forms.users import PersonForm, RolesForm, last_day

bp = Blueprint("users", __name__)
PAGE_SIZE = 50
Form = TypeVar("Form", bound=RolesForm)


@bp.get("/admin/people")
@requires(P.USER_SEE, P.USER_EDIT)
def index() -> Response:
    text = request.args.get("q", "")[:100]
    holds = holding(text)
    found = [user_id for user_id, name, email in people.names(g.tenant.id) if holds(name, email)]
    last = max(0, len(found) - 1) // PAGE_SIZE * PAGE_SIZE
    start = min(max(0, request.args.get("from", 0, type=int)), last)
    page = found[start : start + PAGE_SIZE]
    return hypermedia.page(
        "users/index.html", "users/_rows.html", members=people.members(g.tenant.id, page), text=text,
        count=len(found), start=start, last_day=last_day,
        newer=max(0, start - PAGE_SIZE) if start else None,
        older=start + PAGE_SIZE if len(found) > start + PAGE_SIZE else None,
    )  # fmt: skip


@bp.get("/admin/people/new")
@requires(P.USER_EDIT)
def new() -> Response:
    return _new(_offering(PersonForm(formdata=None)))


@bp.post("/admin/people")
@requires(P.USER_EDIT)
def create() -> Response:
    form = _offering(PersonForm())
    if not form.validate():
        return _new(form, 422)
    wanted = form.roles.data or []
    try:
        granting.refuse_roles(g.tenant.id, wanted, g.user, g.rights)
        user, made = people.invite(
            g.tenant.id, form.email.data or "", form.name.data or "", wanted, g.user, g.rights,
            form.until_moment, form.territory_id.data or None,
        )  # fmt: skip
    except Invalid as error:
        into_form(form, error)
        return _new(form, 422)
    _mail(user, made)
    text = (
        _("%(name)s gets a mail with a link to set a password.", name=user.name)
        if made
        else _("%(name)s already has an account and now the roles here too.", name=user.name)
    )
    return hypermedia.done(url_for("users.show", user_id=user.id), text)


@bp.get("/admin/people/<int:user_id>")
@requires(P.USER_SEE, P.USER_EDIT)
def show(user_id: int) -> Response:
    member = people.member(g.tenant.id, user_id)
    shown = MultiDict([("roles", str(role.id)) for role in member.roles])
    form = _offering(RolesForm(formdata=shown))
    form.territory_id.data = member.territory_id or 0
    form.until.data = last_day(member.until) if member.state != "ended" else None
    return _show(member, form)


@bp.get("/admin/people/<int:user_id>/why")
@requires(P.USER_SEE, P.USER_EDIT)
def why(user_id: int) -> Response:
    """May this person do that here? With the roles, limits and territory that decide."""
    member = people.member(g.tenant.id, user_id)
    word = request.args.get("right", P.CAMPAIGN_SEND.value)
    right = P(word) if word in {p.value for p in P} else P.CAMPAIGN_SEND
    rights = policy.rights_of(member.user, g.tenant.id)
    role_id = ledger.most_generous(rights.role_ids)
    zone = str(context.effective_settings()["time_zone"])
    budget = ceilings.Budget(g.tenant.id, 0, role_id, user_id, zone)
    verdict, standings = abreast(
        lambda: reasons.explain(member.user, g.tenant, right), lambda: ceilings.standing(budget)
    )
    return hypermedia.page(
        "users/why.html", "users/_why.html", person=member.user, right=right, modules=MODULES, sentences=SENTENCES,
        verdict=verdict, granted=rights.permissions, standings=standings, sends=right in SENDS,
    )  # fmt: skip


@bp.post("/admin/people/<int:user_id>/roles")
@requires(P.USER_EDIT)
def roles(user_id: int) -> Response:
    member = people.member(g.tenant.id, user_id)
    form = _offering(RolesForm())
    if not form.validate():
        return _show(member, form, 422)
    wanted = form.roles.data or []
    held = {role.id for role in member.roles}
    granting.refuse_roles(g.tenant.id, set(wanted) ^ held, g.user, g.rights)
    people.set_roles(
        g.tenant.id,
        member.user,
        wanted,
        g.user,
        g.rights,
        form.until_moment,
        form.territory_id.data or None,
        received.role_loans(),
    )
    if not wanted:
        text = _("%(name)s has no role here any more. All work stays.", name=member.user.name)
        return hypermedia.done(url_for("users.index"), text)
    return hypermedia.done(
        url_for("users.show", user_id=user_id),
        _("The roles of %(name)s are saved. They hold from the next click.", name=member.user.name),
    )


@bp.post("/admin/people/<int:user_id>/deactivate")
@requires(P.USER_EDIT)
def deactivate(user_id: int) -> Response:
    user = people.member(g.tenant.id, user_id).user
    people.deactivate(g.tenant.id, user, g.user, g.rights)
    return hypermedia.done(
        url_for("users.show", user_id=user.id),
        _("%(name)s can no longer enter this tenant. All work stays.", name=user.name),
        undo=url_for("users.reactivate", user_id=user.id),
    )


@bp.post("/admin/people/<int:user_id>/reactivate")
@requires(P.USER_EDIT)
def reactivate(user_id: int) -> Response:
    user = people.member(g.tenant.id, user_id).user
    people.reactivate(g.tenant.id, user, g.user, g.rights)
    return hypermedia.done(
        url_for("users.show", user_id=user.id), _("%(name)s can enter this tenant again.", name=user.name)
    )


@bp.post("/admin/people/<int:user_id>/invite")
@requires(P.USER_EDIT)
def invite(user_id: int) -> Response:
    """The invitation once more, while no password is set."""
    member = people.member(g.tenant.id, user_id)
    if member.state != "invited":
        raise Forbidden(N_("There is a password already. A forgotten one is reset at the sign-in."))
    _mail(member.user, True)
    return hypermedia.done(url_for("users.show", user_id=user_id), _("The invitation was sent again."))


def _offering(form: Form) -> Form:
    """With the territories that the person of this request may bind somebody to."""
    territories.offer(form.territory_id, _("all people of the tenant"))
    return form


def _new(form: PersonForm, status: int = 200) -> Response:
    return hypermedia.page("users/new.html", status=status, form=form, roles=_roles(form))


def _show(member: people.Member, form: RolesForm, status: int = 200) -> Response:
    return hypermedia.page(
        "users/show.html", status=status, member=member, person=member.user, form=form, roles=_roles(form),
        last_day=last_day(member.until),
    )  # fmt: skip


def _roles(form: RolesForm) -> list[dict[str, Any]]:
    """Every role that can be held here: whether it is chosen, whether the person may give it, its size."""
    own: list[Role] = rolebook.roles_for(g.tenant.id)
    lent = {one.release.object_id: one.giver for one in received.of_kind("role")}
    found = [*own, *Role.select().where(Role.id.in_(list(lent) or [0]))] if lent else own
    ids = [role.id for role in found]
    rights = rolebook.permissions_by_role(ids)
    above = granting.not_to_give(g.tenant.id, ids, g.user, g.rights)
    return [
        {
            "role": role, "chosen": role.id in (form.roles.data or []), "count": len(rights[role.id]),
            "may_give": rights[role.id] <= g.rights.permissions and role.id not in above,
            "sends_more": role.id in above, "giver": lent.get(role.id, ""),
        }
        for role in found
    ]  # fmt: skip


def _mail(user: User, made: bool) -> None:
    """Tell a person about the access: with a link to set a password, or just where it leads."""
    base = current_app.config["SETTINGS"].public_url
    with force_locale(user.language):
        if made:
            link = base + url_for("account.welcome", token=people.invitation(user))
            subject = _("Your account at Rundbrief")
            text = _(
                "Hello %(name)s,\n\n%(actor)s has created an account for you at %(tenant)s. Set your password here "
                "within seven days:\n\n%(link)s\n",
                name=user.name, actor=g.user.name, tenant=g.tenant.name, link=link,
            )  # fmt: skip
        else:
            link = base + url_for("dashboard.index")
            subject = _("You now work for %(tenant)s too", tenant=g.tenant.name)
            text = _(
                "Hello %(name)s,\n\n%(actor)s has given you access to %(tenant)s. Your sign-in stays the same:\n\n"
                "%(link)s\n",
                name=user.name, actor=g.user.name, tenant=g.tenant.name, link=link,
            )  # fmt: skip
        mail = letterhead.queue(
            "invite", g.tenant, to_address=user.email, to_name=user.name, subject=subject, plain=text,
            language=user.language,
        )  # fmt: skip
    tasks.send_system_mail(mail.id)
