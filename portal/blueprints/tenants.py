"""Settings of the tenant, with where a value comes from; the domains in whose name it may send."""

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from dispatcher.rendering import looks
from domain import bounds
from domain.accounts.permissions import Permission as P
from domain.audit import log
from domain.content.models import AssetUse
from domain.db import database
from domain.errors import N_, Invalid, NotFound
from domain.senders import domains
from domain.tenancy import settings as tenant_settings
from mediadb import library, urls
from mediadb.models import AssetKind
from portal import context, downloads, hypermedia, measuring_words, sender_words
from portal.access import requires
from portal.errors import into_form
from portal.forms.tenants import TenantSettingsForm

bp = Blueprint("tenants", __name__)
ZONES = (
    "Europe/Berlin", "Europe/Vienna", "Europe/Zurich", "Europe/London", "Europe/Paris", "Europe/Warsaw",
    "Europe/Athens", "America/New_York", "Asia/Tokyo", "UTC",
)  # fmt: skip


@bp.get("/admin/tenant")
@requires(P.TENANT_EDIT)
def edit() -> Response:
    form = TenantSettingsForm(formdata=None).fill(g.tenant.settings or {}, g.tenant.name)
    return _page(form)


@bp.post("/admin/tenant")
@requires(P.TENANT_EDIT)
def save() -> Response:
    """An empty field inherits again."""
    form = TenantSettingsForm()
    if not form.validate():
        return _page(form, 422)
    try:
        with database.atomic():
            changed = tenant_settings.change(g.tenant, {**form.wanted(), **_uploaded(form)})
            if form.name.data != g.tenant.name:
                changed["name"] = (g.tenant.name, form.name.data)
                g.tenant.name = form.name.data
                g.tenant.save()
            if changed:
                log.record(
                    g.tenant.id, "tenant.settings", user_id=g.user.id, kind="tenant", object_id=g.tenant.id,
                    details=changed,
                )  # fmt: skip
    except Invalid as error:
        into_form(form, error)
        return _page(form, 422)
    return hypermedia.done(url_for("tenants.edit"), _("Saved."))


@bp.post("/admin/tenant/inherit")
@requires(P.TENANT_EDIT)
def inherit() -> Response:
    """Take one own value back, so that the one from above holds again."""
    key = request.form.get("key", "")
    if key not in tenant_settings.DEFAULTS:
        raise NotFound
    with database.atomic():
        changed = tenant_settings.change(g.tenant, {key: None})
        if changed:
            if key == "logo_id":
                _keep_logo(0)
            log.record(
                g.tenant.id, "tenant.settings", user_id=g.user.id, kind="tenant", object_id=g.tenant.id,
                details=changed,
            )  # fmt: skip
    page = "pacing.edit" if key in ("quiet_hours", "latest_start_h") else "tenants.edit"
    return hypermedia.done(url_for(page), _("The inherited value holds again."))


@bp.post("/admin/tenant/no-logo")
@requires(P.TENANT_EDIT)
def no_logo() -> Response:
    """Show none, whatever is inherited."""
    with database.atomic():
        changed = tenant_settings.change(g.tenant, {"logo_id": 0})
        _keep_logo(0)
        if changed:
            log.record(
                g.tenant.id, "tenant.settings", user_id=g.user.id, kind="tenant", object_id=g.tenant.id,
                details=changed,
            )  # fmt: skip
    return hypermedia.done(url_for("tenants.edit"), _("Mails and public pages show no logo."))


@bp.post("/admin/tenant/export")
@requires(P.TENANT_EXPORT)
def export() -> Response:
    """Everything of the tenant as one ZIP."""
    bounds.refuse_beyond()
    made = downloads.everything(g.tenant)
    log.record(
        g.tenant.id, "tenant.export", user_id=g.user.id, kind="tenant", object_id=g.tenant.id,
        address=context.client_address(),
    )  # fmt: skip
    return made


def _uploaded(form: TenantSettingsForm) -> dict[str, int]:
    """The logo of the form among the media, if one was chosen; raises Invalid."""
    chosen = form.logo.data
    if not chosen:
        return {}
    made = library.upload(g.tenant.id, g.user.id, chosen.filename or "logo", chosen.read(), alt=g.tenant.name)
    if made.kind != AssetKind.PICTURE:
        raise Invalid(fields={"logo": N_("A logo is a picture: PNG, JPEG, GIF or WebP.")})
    _keep_logo(made.id)
    return {"logo_id": made.id}


def _keep_logo(asset_id: int) -> None:
    """The logo cannot be deleted while it is one."""
    mine = (AssetUse.tenant_id == g.tenant.id, AssetUse.kind == "tenant", AssetUse.object_id == g.tenant.id)
    AssetUse.delete().where(*mine).execute()
    if asset_id:
        AssetUse.create(tenant_id=g.tenant.id, asset_id=asset_id, kind="tenant", object_id=g.tenant.id)


def _page(form: TenantSettingsForm, status: int = 200) -> Response:
    values = tenant_settings.with_origin(g.tenant)
    wished, used = tenant_settings.colours(values["colour"].value)
    _name_inherited(form, values)
    logo = looks.logo_of(values)
    sender = (values["sender_address"].value or "").rpartition("@")[2]
    return hypermedia.page(
        "tenants/edit.html", status=status, form=form, values=values,
        logo=urls.path(logo, "card") if logo else "", parents=tenant_settings.inherited(g.tenant),
        own=g.tenant.settings or {}, domains=domains.of_tenant(g.tenant.id), sender_state=sender_words.state,
        colours=[(c, tenant_settings.contrast_on_white(c)) for c in (wished, used)], zones=ZONES,
        unproved=sender if sender and not domains.may_send_as(g.tenant.id, sender) else "",
    )  # fmt: skip


def _name_inherited(form: TenantSettingsForm, values: dict[str, tenant_settings.Value]) -> None:
    """The first choice of a select says what holds without an own one."""
    parents = tenant_settings.inherited(g.tenant)
    words: dict[str, dict[object, str]] = {
        "language": {"de": "Deutsch", "en": "English"},
        "approval_self": {
            True: _("Approving it oneself is allowed"), False: _("Somebody else approves"),
        },
        "retention_months": {
            0: _("Stay for ever"),
            **{n: _("Are deleted after %(num)s months", num=n) for n in (3, 6, 12, 24, 36, 60)},
        },
        "complete_recipients": {
            True: _("Hold a mailing back until they have one or are unticked"),
            False: _("Are left out of a mailing"),
        },
        "tracking": {mode: measuring_words.word(mode) for mode in (False, "off", "numbers", "people")},
        "approval_by_address": {
            True: _("By signed link and one-time code, too"), False: _("Only people with an account decide"),
        },
    }  # fmt: skip
    for key, shown in words.items():
        value = parents[key]
        said = shown.get(value.value, value.value)
        text = _("Inherited: %(value)s", value=said) if value.origin else _("As usual: %(value)s", value=said)
        form[key].choices[0] = SelectChoice("", text)  # the class keeps its own choices
