"""The mail templates of a tenant: made from a starter, changed, released, and which of them holds for an issue."""

from collections.abc import Collection, Mapping
from typing import Any

from domain import clock
from domain.audit import log
from domain.content.models import AssetUse
from domain.db import database
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.issues import design, fixing, placeholders
from domain.issues.models import Issue, IssueState, MailTemplate
from domain.issues.starters import STARTERS
from domain.releases import ledger as releases
from domain.releases.models import ReleaseMode
from domain.subscribers.models import NewsletterType
from domain.tenancy.models import Tenant

CHANGED = N_("Somebody else has changed this template meanwhile. Reload the page to see it.")
PLACES = (  # what a frame of one's own may name in braces
    "head", "content", "foot", "name", "date", "tagline", "logo", "imprint", "reason", "web_url", "unsubscribe_url",
    "preferences_url",
)  # fmt: skip
NEEDED = ("content", "foot")
FRAME = """<table width="100%" bgcolor="#f3f1ec"><tr><td align="center" style="padding:16px 8px">
  <table width="600" bgcolor="#fefefe" style="width:100%;max-width:600px">
    <tr><td style="padding:12px 28px"><a href="{web_url}">{name}</a> {date}</td></tr>
    <tr><td>{content}</td></tr>
    <tr><td>{foot}</td></tr>
  </table>
</td></tr></table>"""  # to begin with


def every(tenant_id: int) -> list[MailTemplate]:
    """The tenant's own templates by name."""
    return list(MailTemplate.select().where(MailTemplate.tenant_id == tenant_id).order_by(MailTemplate.name))


def get(tenant_id: int, template_id: int) -> MailTemplate:
    """One of the tenant's own; raises NotFound."""
    found = MailTemplate.get_or_none(MailTemplate.tenant_id == tenant_id, MailTemplate.id == template_id)
    if found is None:
        raise NotFound
    return found


def changeable(tenant: Tenant, template_id: int) -> MailTemplate:
    """An own one, or one that is released to be administered now; raises NotFound."""
    for release in releases.received(tenant, "template"):
        if (release.object_id, release.mode) == (template_id, ReleaseMode.ADMINISTER):
            return get(release.tenant_id, template_id)
    return get(tenant.id, template_id)


def released(tenant: Tenant) -> list[MailTemplate]:
    """Templates that other tenants have opened to this one, by name."""
    shared = releases.shared(tenant, "template")
    if not shared:
        return []
    ids = {object_id for of_giver in shared.values() for object_id in of_giver}
    rows = MailTemplate.select().where(MailTemplate.tenant_id.in_(list(shared)), MailTemplate.id.in_(ids))
    found = [template for template in rows if template.id in shared[template.tenant_id]]
    return sorted(found, key=lambda template: template.name.casefold())


def usable(tenant: Tenant, template_id: int) -> MailTemplate:
    """An own template or one that is released to the tenant; raises NotFound."""
    found = MailTemplate.get_or_none(MailTemplate.tenant_id == tenant.id, MailTemplate.id == template_id)
    if found is None:
        found = next((one for one in released(tenant) if one.id == template_id), None)
    if found is None:
        raise NotFound
    return found


def chosen(tenant: Tenant, *wanted: int | None) -> MailTemplate | None:
    """The first of the `wanted` that may still be used, else the tenant's default; None: the house's own look."""
    for template_id in wanted:
        if template_id:
            try:
                return usable(tenant, template_id)
            except NotFound:
                continue  # deleted or recalled: the next one holds
    return MailTemplate.get_or_none(MailTemplate.tenant_id == tenant.id, MailTemplate.is_default)


def create(tenant_id: int, name: str, starter: str, user_id: int) -> MailTemplate:
    """A template that begins as one of STARTERS; raises NotFound for another, Invalid for the name."""
    if starter not in STARTERS:
        raise NotFound
    with database.atomic():
        made = MailTemplate.create(
            tenant_id=tenant_id, name=_free_name(tenant_id, name), design=STARTERS[starter].design.values(),
            updated_at=clock.now(), updated_by_id=user_id,
        )  # fmt: skip
        log.record(tenant_id, "template.create", user_id=user_id, kind="template", object_id=made.id)
        return made


def duplicate(
    tenant_id: int, source: MailTemplate, name: str, user_id: int, logo_id: int | None = None
) -> MailTemplate:
    """An own copy of a template, also of a released one, which stays its original as far as parts of it are fixed.
    `logo_id`: its logo among the tenant's own media."""
    now, own = fixing.of(source), source.tenant_id == tenant_id
    values = now.design.values()
    values.pop("logo_id", None)
    logo_id = now.design.logo_id if own and now.logo_tenant_id == tenant_id else logo_id
    with database.atomic():
        made = MailTemplate.create(
            tenant_id=tenant_id, name=_free_name(tenant_id, name), html=now.html, css=now.css,
            design=values | ({"logo_id": logo_id} if logo_id else {}),
            locks=source.locks if own else [],
            origin_tenant_id=source.origin_tenant_id if own else source.tenant_id,
            origin_id=source.origin_id if own else source.id,
            updated_at=clock.now(), updated_by_id=user_id,
        )  # fmt: skip
        _note_logo(made)
        log.record(tenant_id, "template.create", user_id=user_id, kind="template", object_id=made.id)
        return made


def save(
    template: MailTemplate, name: str, given: Mapping[str, Any], version: int, user_id: int
) -> MailTemplate:
    """Name and design; raises Invalid on the fields that are wrong, Conflict if it has changed since `version` or
    says something else about a part that is fixed."""
    made = design.cleaned(given)
    fixing.check(template, made, given)
    made = fixing.kept(template, made)
    return _change(
        template,
        version,
        user_id,
        name=_free_name(template.tenant_id, name, template.id),
        design=made.values(),
    )


def save_source(template: MailTemplate, html: str, css: str, version: int, user_id: int) -> MailTemplate:
    """The frame and style sheet as people with the right write them, cleaned; empty: ours. Raises as `save`."""
    from domain.content import mailhtml, stylesheet  # the sending process never cleans: no lxml there

    fixing.check_source(template)
    html, css = mailhtml.clean(html), stylesheet.clean(css)
    if html:
        for place in NEEDED:
            if html.count(f"{{{place}}}") != 1:
                raise Invalid(
                    fields={"html": (N_("The frame needs {%(place)s} exactly once."), {"place": place})}
                )
        placeholders.check("html", html, own=[p.name for p in placeholders.palette(template.tenant_id)])
    return _change(template, version, user_id, html=html, css=css)


def tried(html: str, css: str) -> tuple[str, str]:
    """What would be kept of a frame and a style sheet, to look at; a frame that lacks what it needs is not shown."""
    from domain.content import mailhtml, stylesheet

    frame = mailhtml.clean(html)
    complete = all(frame.count(f"{{{place}}}") == 1 for place in NEEDED)
    return (frame if complete else ""), stylesheet.clean(css)


def next_name(tenant_id: int, name: str) -> str:
    """A name that no template of the tenant has: the same with a number behind it."""
    taken = {template.name for template in every(tenant_id)}
    return (
        next(made for n in range(2, 1_000) if (made := f"{name[:74]} ({n})") not in taken)
        if name in taken
        else name
    )


def make_default(template: MailTemplate, user_id: int) -> None:
    """The one that holds where an issue and its newsletter type name none."""
    with database.atomic():
        MailTemplate.update(is_default=False).where(
            MailTemplate.tenant_id == template.tenant_id, MailTemplate.is_default
        ).execute()
        MailTemplate.update(is_default=True).where(
            MailTemplate.tenant_id == template.tenant_id, MailTemplate.id == template.id
        ).execute()
        log.record(
            template.tenant_id, "template.default", user_id=user_id, kind="template", object_id=template.id
        )


def hold_for(template: MailTemplate, type_ids: Collection[int], user_id: int) -> None:
    """Let the issues of exactly these newsletter types begin with the template; raises NotFound for a foreign one."""
    kinds = list(NewsletterType.select().where(NewsletterType.tenant_id == template.tenant_id))
    if not set(type_ids) <= {kind.id for kind in kinds}:
        raise NotFound
    with database.atomic():
        for kind in kinds:
            wanted = kind.id in type_ids
            if wanted != (kind.template_id == template.id):
                kind.template_id = template.id if wanted else None
                kind.save()
        log.record(
            template.tenant_id, "template.types", user_id=user_id, kind="template", object_id=template.id
        )


def delete(template: MailTemplate, user_id: int) -> None:
    """For good; raises Conflict while an issue that is not sent yet or a newsletter type names it."""
    used = (
        Issue.select(Issue.name)
        .where(
            Issue.tenant_id == template.tenant_id, Issue.template_id == template.id,
            Issue.state.not_in([IssueState.SENT, IssueState.ARCHIVED]),
        )
        .first()
    ) or NewsletterType.get_or_none(
        NewsletterType.tenant_id == template.tenant_id, NewsletterType.template_id == template.id
    )  # fmt: skip
    if used:
        raise Conflict(N_("“%(name)s” uses this template. Choose another one there first."), name=used.name)
    with database.atomic():
        _forget_logo(template)
        MailTemplate.delete().where(
            MailTemplate.tenant_id == template.tenant_id, MailTemplate.id == template.id
        ).execute()
        log.record(
            template.tenant_id, "template.delete", user_id=user_id, kind="template", object_id=template.id,
            details={"name": template.name},
        )  # fmt: skip


def _change(template: MailTemplate, version: int, user_id: int, **values: Any) -> MailTemplate:
    with database.atomic():
        changed = (
            MailTemplate.update(
                **values, version=version + 1, updated_at=clock.now(), updated_by_id=user_id
            )
            .where(
                MailTemplate.tenant_id == template.tenant_id, MailTemplate.id == template.id,
                MailTemplate.version == version,
            )
            .execute()
        )  # fmt: skip
        if not changed:
            raise Conflict(CHANGED)
        saved = get(template.tenant_id, template.id)
        _note_logo(saved)
        log.record(
            template.tenant_id, "template.save", user_id=user_id, kind="template", object_id=template.id
        )
        return saved


def _free_name(tenant_id: int, name: str, own_id: int = 0) -> str:
    clean = " ".join(name.split())[:80]
    if not clean:
        raise Invalid(fields={"name": N_("Give the template a name.")})
    taken = MailTemplate.select().where(
        MailTemplate.tenant_id == tenant_id, MailTemplate.name == clean, MailTemplate.id != own_id
    )
    if taken.exists():
        raise Invalid(fields={"name": N_("Another template has this name already.")})
    return clean


def _note_logo(template: MailTemplate) -> None:
    """The logo cannot be deleted while a template shows it."""
    _forget_logo(template)
    if template.design.get("logo_id"):
        AssetUse.create(
            tenant_id=template.tenant_id,
            asset_id=template.design["logo_id"],
            kind="template",
            object_id=template.id,
        )


def _forget_logo(template: MailTemplate) -> None:
    AssetUse.delete().where(
        AssetUse.tenant_id == template.tenant_id,
        AssetUse.kind == "template",
        AssetUse.object_id == template.id,
    ).execute()
