"""Mail templates: made from a starter, changed beside a live preview, copied, released, set as the default."""

from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from dispatcher.jobs import copies
from dispatcher.rendering import looks, sample
from dispatcher.rendering.links import extended, told
from dispatcher.rendering.links import parameters as link_parameters
from domain import clock
from domain.accounts.permissions import Permission as P
from domain.errors import N_, Forbidden, Invalid, NotFound
from domain.issues import blocks, design, fixing, mailtemplates
from domain.issues.models import Issue, MailTemplate
from domain.issues.starters import STARTERS
from domain.subscribers import types
from domain.subscribers.models import NewsletterType
from domain.tenancy import settings as tenant_settings
from domain.tenancy import tree
from domain.tenancy.models import Tenant
from mediadb import library
from portal import hypermedia, media_desk, received, sending
from portal.access import may, requires
from portal.errors import say_fields
from portal.security import peoples_html

bp = Blueprint("mailtemplates", __name__)
SWITCHES = ("show_name", "show_date")
OPTIONAL_COLOURS = ("accent", "head_ground")


@bp.get("/admin/templates")
@requires(P.TEMPLATE_SEE, P.TEMPLATE_EDIT)
def index() -> Response:
    return _list()


@bp.post("/admin/templates")
@requires(P.TEMPLATE_EDIT)
def create() -> Response:
    name = request.form.get("name", "")
    try:
        made = mailtemplates.create(g.tenant.id, name, request.form.get("starter", ""), g.user.id)
    except Invalid as error:
        return _list(422, said=say_fields(error), typed=name, picked=request.form.get("starter"))
    return hypermedia.done(url_for("mailtemplates.edit", template_id=made.id), _("The template is made."))


@bp.get("/admin/templates/starters/<key>")
@requires(P.TEMPLATE_SEE, P.TEMPLATE_EDIT)
def starter(key: str) -> Response:
    """A starter as a mail to look at."""
    if key not in STARTERS:
        raise NotFound
    return _shown(MailTemplate(tenant_id=g.tenant.id, design=STARTERS[key].design.values()))


@bp.get("/admin/templates/<int:template_id>")
@requires(P.TEMPLATE_SEE, P.TEMPLATE_EDIT)
def edit(template_id: int) -> Response:
    template = mailtemplates.changeable(g.tenant, template_id)
    return _page(template, fixing.of(template).design)


@bp.post("/admin/templates/<int:template_id>")
@requires(P.TEMPLATE_EDIT)
def save(template_id: int) -> Response:
    template = mailtemplates.changeable(g.tenant, template_id)
    try:
        mailtemplates.save(
            template,
            request.form.get("name", ""),
            _given(template),
            request.form.get("version", 0, int),
            g.user.id,
        )
    except Invalid as error:
        template.name = request.form.get("name", "")
        return _page(template, _typed(template), status=422, said=say_fields(error), typed=request.form)
    received.tell_change(template.tenant_id, "template", template.id)
    return hypermedia.done(url_for("mailtemplates.edit", template_id=template.id), _("Saved."))


@bp.get("/admin/templates/<int:template_id>/sample")
@requires(P.TEMPLATE_SEE, P.TEMPLATE_EDIT)
def shown(template_id: int) -> Response:
    """The template as a mail to look at; also one that is released to the tenant."""
    return _shown(mailtemplates.usable(g.tenant, template_id))


@bp.post("/admin/templates/<int:template_id>/sample")
@requires(P.TEMPLATE_EDIT)
def tried(template_id: int) -> Response:
    """The mail with what is typed, not saved; what is wrong yet is left as it was."""
    template = mailtemplates.changeable(g.tenant, template_id)
    if "html" in request.form:
        if may(P.ISSUE_HTML):
            template.html, template.css = mailtemplates.tried(
                request.form["html"], request.form.get("css", "")
            )
    else:
        template.design = _typed(template).values()
    return _shown(template)


@bp.get("/admin/templates/<int:template_id>/source")
@requires(P.ISSUE_HTML)
def source(template_id: int) -> Response:
    """The frame as HTML and CSS."""
    template = mailtemplates.changeable(g.tenant, template_id)
    return _source_page(template, template.html, template.css)


@bp.post("/admin/templates/<int:template_id>/source")
@requires(P.ISSUE_HTML)
def save_source(template_id: int) -> Response:
    template = mailtemplates.changeable(g.tenant, template_id)
    if not may(P.TEMPLATE_EDIT):
        raise Forbidden(N_("Your role does not include changing mail templates."))
    html, css = request.form.get("html", ""), request.form.get("css", "")
    try:
        mailtemplates.save_source(template, html, css, request.form.get("version", 0, int), g.user.id)
    except Invalid as error:
        return _source_page(template, html, css, 422, say_fields(error))
    received.tell_change(template.tenant_id, "template", template.id)
    return hypermedia.done(url_for("mailtemplates.source", template_id=template.id), _("Saved."))


@bp.post("/admin/templates/<int:template_id>/copy")
@requires(P.TEMPLATE_EDIT)
def copy(template_id: int) -> Response:
    """An own copy, also of a released one."""
    template = mailtemplates.usable(g.tenant, template_id)
    made = copies.template(template, g.tenant, g.user)
    return hypermedia.done(url_for("mailtemplates.edit", template_id=made.id), _("This is the copy."))


@bp.post("/admin/templates/<int:template_id>/types")
@requires(P.TEMPLATE_EDIT)
def for_types(template_id: int) -> Response:
    """The newsletter types whose issues begin with this template."""
    template = mailtemplates.get(g.tenant.id, template_id)
    ids = [int(chosen) for chosen in request.form.getlist("type_id") if chosen.isdigit()]
    mailtemplates.hold_for(template, ids, g.user.id)
    return hypermedia.done(url_for("mailtemplates.edit", template_id=template.id), _("Saved."))


@bp.post("/admin/templates/<int:template_id>/locks")
@requires(P.TEMPLATE_EDIT)
def lock(template_id: int) -> Response:
    """Which parts copies in other tenants must keep."""
    template = mailtemplates.get(g.tenant.id, template_id)
    fixing.save(template, request.form.getlist("part"), g.user.id)
    return hypermedia.done(url_for("mailtemplates.edit", template_id=template.id), _("Saved."))


@bp.post("/admin/templates/<int:template_id>/default")
@requires(P.TEMPLATE_EDIT)
def default(template_id: int) -> Response:
    template = mailtemplates.get(g.tenant.id, template_id)
    mailtemplates.make_default(template, g.user.id)
    text = _(
        "“%(name)s” now holds where an issue and its newsletter type name no template.", name=template.name
    )
    return hypermedia.done(url_for("mailtemplates.index"), text)


@bp.post("/admin/templates/<int:template_id>/delete")
@requires(P.TEMPLATE_EDIT)
def delete(template_id: int) -> Response:
    template = mailtemplates.get(g.tenant.id, template_id)
    mailtemplates.delete(template, g.user.id)
    return hypermedia.done(url_for("mailtemplates.index"), _("“%(name)s” is deleted.", name=template.name))


def _list(status: int = 200, **more: Any) -> Response:
    """Own templates, those of other tenants, and the starters."""
    own, shared = mailtemplates.every(g.tenant.id), mailtemplates.released(g.tenant)
    ids = {template.tenant_id for template in shared}
    owners = dict(Tenant.select(Tenant.id, Tenant.name).where(Tenant.id.in_(ids)).tuples()) if ids else {}
    kept = {one.id: ", ".join(_(fixing.PARTS[part][0]) for part in fixing.of_copies(one)) for one in shared}
    return hypermedia.page(
        "mailtemplates/index.html", status=status, own=own, shared=shared, owners=owners, starters=STARTERS,
        kept=kept, fixed={one.id for one in own if one.origin_id and fixing.of(one).parts},
        lent=received.administered("template"), **{"said": {}, "typed": "", **more},
    )  # fmt: skip


def _given(template: MailTemplate) -> dict[str, Any]:
    """The form as the domain takes it: without a tick a colour follows the tenant; the logo is one of its pictures.
    Parts that are fixed are not sent, and so not named."""
    given: dict[str, Any] = dict(request.form.items())
    for key in OPTIONAL_COLOURS:
        if key in given and not given.get(f"own_{key}"):
            given[key] = ""
    if "logo_id" in given:
        chosen = str(given["logo_id"]).strip()
        given["logo_id"] = _logo(template, int(chosen)) if chosen.isdigit() else None
    return given


def _logo(template: MailTemplate, chosen: int) -> int | None:
    """The picture as one of the template's owner: what it shows already, else an own one, copied to another owner."""
    if template.tenant_id != g.tenant.id and chosen == template.design.get("logo_id"):
        return chosen
    own = library.picture(g.tenant.id, chosen).id
    return own if template.tenant_id == g.tenant.id else copies.asset(g.tenant.id, own, template.tenant_id)


def _typed(template: MailTemplate) -> design.Design:
    """The design as far as what is typed is right; the rest as it was saved."""
    given = _given(template)
    try:
        return fixing.held(template, design.cleaned(given))
    except Invalid as error:
        was = fixing.of(template).design
        try:
            found = design.cleaned({**given, **{key: getattr(was, key, "") for key in error.fields}})
            return fixing.held(template, found)
        except Invalid:
            return was


def _shown(template: MailTemplate) -> Response:
    """In the light, or with `part` as a program with dark mode shows it; never as the editor's own browser likes."""
    page = sample.page(g.tenant, looks.made(g.tenant, template), sending.base_url())
    dark = request.values.get("part") == "dark"
    page = sending.darkened(page) if dark else sending.lit(page)
    return peoples_html(sending.own_pictures(page))


def _page(template: MailTemplate, made: design.Design, status: int = 200, **more: Any) -> Response:
    g.relaxed_styles = True  # the rich-text editor sets inline styles
    now = fixing.of(template)
    owner_id = now.logo_tenant_id if "logo" in now.parts else template.tenant_id
    logo = library.many(owner_id, [made.logo_id]).get(made.logo_id) if made.logo_id else None
    return hypermedia.page(
        "mailtemplates/edit.html", status=status, one=template, design=made, choices=design.CHOICES,
        numbers=design.NUMBERS, networks=blocks.NETWORKS, logo=logo, links=dict(made.links),
        giver=received.givers_of([template]).get(template.tenant_id, ""), utm_example=_example(made),
        kinds=types.every(g.tenant.id), fixed=now.parts, parts=fixing.PARTS,
        fixed_by=tree.get(now.by_tenant_id).name if now.by_tenant_id is not None else "",
        colour=_colour(template, now), newest_pictures=media_desk.newest_pictures,
        **{"said": {}, "typed": {}, **more},
    )  # fmt: skip


def _example(made: design.Design) -> str:
    """A link as it leaves with the parameters of the template; empty without any."""
    kind = next(iter(types.every(g.tenant.id)), None) or NewsletterType(name="Newsletter")
    issue = Issue(name=f"{kind.name} 12", number=12, subject=_("What moves the town"))
    added = link_parameters(made, told(g.tenant, issue, kind, clock.now()))
    return extended(_("https://www.example.org/article"), added) if added else ""


def _colour(template: MailTemplate, now: fixing.InForce) -> str:
    """The colour that holds where the template names none."""
    if "colours" in now.parts:
        return looks.made(g.tenant, template).accent
    return tenant_settings.colours(tenant_settings.effective(g.tenant)["colour"])[1]


def _source_page(
    template: MailTemplate, html: str, css: str, status: int = 200, said: dict[str, str] | None = None
) -> Response:
    return hypermedia.page(
        "mailtemplates/source.html", status=status, one=template, html=html, css=css, said=said or {},
        places=mailtemplates.PLACES, needed=mailtemplates.NEEDED, frame=mailtemplates.FRAME,
    )  # fmt: skip
