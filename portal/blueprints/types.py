"""Newsletter types: what people sign up for."""

from flask import Blueprint, Response, current_app, g, url_for
from flask_babel import gettext as _

from dispatcher.render import base_url_of
from domain.accounts.permissions import Permission as P
from domain.errors import Invalid
from domain.subscribers import types
from domain.subscribers.models import Consent, NewsletterType
from domain.tenancy import tree
from portal import context, hypermedia
from portal.access import requires
from portal.errors import into_form
from portal.forms.types import TypeForm

bp = Blueprint("types", __name__)


@bp.get("/types")
@requires(P.TYPE_SEE)
def index() -> Response:
    return hypermedia.page(
        "types/index.html",
        types=types.every(g.tenant.id),
        counts=types.counts(g.tenant.id),
        states=list(Consent),
        most=types.MOST,
    )


@bp.get("/types/new")
@requires(P.TYPE_EDIT)
def new() -> Response:
    form = TypeForm(
        formdata=None, public=True, active=True, language=context.effective_settings()["language"]
    )
    return hypermedia.page("types/edit.html", form=form, kind=None)


@bp.post("/types")
@requires(P.TYPE_EDIT)
def create() -> Response:
    return _save(None)


@bp.get("/types/<int:type_id>")
@requires(P.TYPE_SEE)
def show(type_id: int) -> Response:
    kind = types.get(g.tenant.id, type_id)
    return hypermedia.page(
        "types/show.html", kind=kind, counts=types.counts(g.tenant.id).get(kind.id, {}), most=types.MOST,
        states=list(Consent),
        public_url=_public_url(kind),
    )  # fmt: skip


@bp.get("/types/<int:type_id>/edit")
@requires(P.TYPE_EDIT)
def edit(type_id: int) -> Response:
    kind = types.get(g.tenant.id, type_id)
    return hypermedia.page("types/edit.html", form=TypeForm(formdata=None, obj=kind), kind=kind)


@bp.post("/types/<int:type_id>")
@requires(P.TYPE_EDIT)
def save(type_id: int) -> Response:
    return _save(types.get(g.tenant.id, type_id))


def _save(kind: NewsletterType | None) -> Response:
    form = TypeForm()
    if not form.validate():
        return hypermedia.invalid("types/edit.html", form=form, kind=kind)
    values = {name: "" if form[name].data is None else form[name].data for name in types.FIELDS}
    values["slug"] = (values["slug"] or "").strip() or tree.slug_of(values["name"] or "")
    try:
        saved = types.save(g.tenant.id, values, g.user.id, kind)
    except Invalid as error:
        into_form(form, error)
        return hypermedia.invalid("types/edit.html", form=form, kind=kind)
    return hypermedia.done(url_for("types.show", type_id=saved.id), _("Saved."))


def _public_url(kind: NewsletterType) -> str | None:
    """The page where people sign up; None if there is none."""
    if not (kind.public and kind.active) or kind.closed:
        return None
    base = base_url_of(g.tenant, current_app.config["SETTINGS"].public_url)
    return base + url_for("public.sign_up", tenant=g.tenant.slug, slug=kind.slug)
