"""Newsletter types: what people sign up for."""

from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, request, url_for
from flask_babel import gettext as _

from dispatcher.rendering.render import base_url_of
from domain.accounts.permissions import Permission as P
from domain.errors import Invalid, NotFound
from domain.issues import mailtemplates
from domain.subscribers import lists, types
from domain.subscribers.facets import fields
from domain.subscribers.models import Consent, NewsletterType
from domain.tenancy import measuring, tree
from portal import context, hypermedia, meanwhile, measuring_words
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
    return _edit_page(form, None)


@bp.post("/types")
@requires(P.TYPE_EDIT)
def create() -> Response:
    return _save(None)


@bp.get("/types/<int:type_id>")
@requires(P.TYPE_SEE)
def show(type_id: int) -> Response:
    kind = types.get(g.tenant.id, type_id)
    return hypermedia.page(
        "types/show.html", kind=kind, measured=measuring.least(context.effective_settings()["tracking"], kind.tracking),
        counts=types.counts(g.tenant.id).get(kind.id, {}), most=types.MOST,
        lists=[chosen for chosen in lists.every(g.tenant.id) if chosen.id in (kind.list_ids or [])],
        look=mailtemplates.chosen(g.tenant, kind.template_id),
        states=list(Consent), public_url=_public_url(kind), snippet=_snippet(kind), several=_snippet(None),
    )  # fmt: skip


@bp.get("/types/<int:type_id>/size")
@requires(P.TYPE_SEE)
def size(type_id: int) -> Response:
    """How many people exactly stand in one state: asked by a page that says "more than"."""
    kind, state = types.get(g.tenant.id, type_id), request.args.get("consent", Consent.CONFIRMED)
    if state not in list(Consent):
        raise NotFound()
    return hypermedia.fragment("components/_size.html", count=types.size(kind, Consent(state)))


@bp.get("/types/<int:type_id>/edit")
@requires(P.TYPE_EDIT)
def edit(type_id: int) -> Response:
    kind = types.get(g.tenant.id, type_id)
    return _edit_page(TypeForm(formdata=None, obj=kind), kind)


@bp.post("/types/<int:type_id>")
@requires(P.TYPE_EDIT)
def save(type_id: int) -> Response:
    return _save(types.get(g.tenant.id, type_id))


def _save(kind: NewsletterType | None) -> Response:
    form = TypeForm()
    if not form.validate():
        return _edit_page(form, kind, 422)
    values = {name: "" if form[name].data is None else form[name].data for name in types.FIELDS}
    if kind is not None and meanwhile.is_stale(_saved(kind)):
        labels = {name: str(form[name].label.text) for name in types.FIELDS}
        changed = meanwhile.differences(_in_words(_saved(kind)), _in_words(values), labels)
        return _edit_page(form, kind, 409, changed)
    values["slug"] = (values["slug"] or "").strip() or tree.slug_of(values["name"] or "")
    try:
        saved = types.save(g.tenant.id, values, g.user.id, kind)
    except Invalid as error:
        into_form(form, error)
        return _edit_page(form, kind, 422)
    return hypermedia.done(url_for("types.show", type_id=saved.id), _("Saved."))


def _public_url(kind: NewsletterType) -> str | None:
    """The page where people sign up; None if there is none."""
    if not (kind.public and kind.active) or kind.closed:
        return None
    base = base_url_of(g.tenant, current_app.config["SETTINGS"].public_url)
    return base + url_for("public.sign_up", tenant=g.tenant.slug, slug=kind.slug)


def _saved(kind: NewsletterType) -> dict[str, Any]:
    """Everything that the form shows, as it is saved."""
    return {name: getattr(kind, name) for name in types.FIELDS}


def _in_words(values: dict[str, Any]) -> dict[str, Any]:
    """The same with names instead of numbers, for people who compare."""
    named = {
        "signup_fields": {own.id: own.name for own in fields.every(g.tenant.id)},
        "list_ids": {chosen.id: chosen.name for chosen in lists.every(g.tenant.id)},
    }
    words = {True: _("yes"), False: _("no")}
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name in named:
            found[name] = [named[name][i] for i in value or [] if i in named[name]]
        else:
            found[name] = words[value] if isinstance(value, bool) else value
    return found


def _edit_page(
    form: TypeForm, kind: NewsletterType | None, status: int = 200,
    changed: list[meanwhile.Difference] | None = None,
) -> Response:  # fmt: skip
    allowed = context.effective_settings()["tracking"]
    form.tracking.choices = measuring_words.choices(
        _("As the tenant has it: %(value)s", value=measuring_words.word(allowed)), allowed
    )
    return hypermedia.page(
        "types/edit.html",
        status=status,
        form=form,
        kind=kind,
        changed=changed,
        stamp=_stamp(kind, status),
        own=fields.every(g.tenant.id),
        chosen_fields=form.signup_fields.data or [],
        lists=[chosen for chosen in lists.every(g.tenant.id) if not chosen.is_default],
        chosen_lists=form.list_ids.data or [],
    )


def _stamp(kind: NewsletterType | None, status: int) -> str:
    """Of what is saved now; a form that came back for a mistake keeps the stamp it was drawn with."""
    if kind is None:
        return ""
    return request.form.get("stamp", "") if status == 422 else meanwhile.stamp(_saved(kind))


def _snippet(kind: NewsletterType | None) -> str:
    """A form in plain HTML for other websites: for one type, or for all public ones of the tenant; "" for one alone."""
    offered = types.public(g.tenant.id)
    if kind is None and len(offered) < 2:
        return ""
    base = base_url_of(g.tenant, current_app.config["SETTINGS"].public_url)
    action = base + url_for("public.embedded", tenant=g.tenant.slug, slug=kind.slug if kind else None)
    language = kind.language if kind else str(context.effective_settings()["language"])
    return render_template(
        "types/snippet.html", action=action, german=language == "de", kinds=[] if kind else offered
    )
