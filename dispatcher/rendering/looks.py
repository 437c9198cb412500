"""The look of a mail: which template holds, its colours worked out, its head and foot as values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from domain.issues import design, fixing, mailtemplates
from domain.issues.blocks import NETWORKS
from domain.issues.design import Design
from domain.issues.models import Issue, MailTemplate
from domain.subscribers.models import NewsletterType
from domain.tenancy import settings as tenant_settings
from domain.tenancy import tree
from domain.tenancy.models import Tenant
from mediadb import library, urls
from mediadb.models import Asset, AssetKind


@dataclass(frozen=True)
class Look:
    """A design with what belongs to it: its accent, the tenant's if it names none, its logo, its own frame."""

    design: Design
    accent: str
    logo: Asset | None = None
    html: str = ""
    css: str = ""
    footer: str = ""  # the tenant's, for a template without a foot of its own
    logo_alt: str = ""


def of(tenant: Tenant, issue: Issue, kind: NewsletterType) -> Look:
    """The look of an issue: its template, else its newsletter type's, else the tenant's, else ours."""
    return made(tenant, mailtemplates.chosen(tenant, issue.template_id, kind.template_id))


def made(tenant: Tenant, template: MailTemplate | None) -> Look:
    """The look that a template gives; None: ours. Where another tenant has fixed colours or logo of it and names none,
    those of that tenant hold."""
    settings = tenant_settings.with_origin(tenant)
    if template is None:
        found = design.Design()
        accent, footer = _accent(found, settings), str(settings["footer"].value)
        return Look(found, accent, logo_of(settings), footer=footer, logo_alt=tenant.name)
    now = fixing.of(template)
    parts = now.parts if template.tenant_id == tenant.id else fixing.of_copies(template)
    above = tree.get(now.by_tenant_id or template.tenant_id) if parts else tenant
    fixed = tenant_settings.with_origin(above) if above.id != tenant.id else settings
    found, by = now.design, dict.fromkeys(parts, fixed)
    logo = library.many(now.logo_tenant_id, [found.logo_id]).get(found.logo_id) if found.logo_id else None
    own_logo = logo_of(by.get("logo", settings))
    return Look(
        found, _accent(found, by.get("colours", settings)), logo or own_logo, now.html, now.css,
        str(settings["footer"].value), found.logo_alt if logo else above.name if "logo" in by else tenant.name,
    )  # fmt: skip


def _accent(found: Design, settings: dict[str, tenant_settings.Value]) -> str:
    return found.accent or tenant_settings.colours(settings["colour"].value)[1]


def logo_of(settings: dict[str, tenant_settings.Value]) -> Asset | None:
    """The logo in force, from the media of the tenant that set it; None: no logo, or one that is in the trash."""
    found = settings["logo_id"]
    if not found.value or found.origin is None:
        return None
    asset = library.many(found.origin.id, [int(found.value)]).get(int(found.value))
    return asset if asset and asset.trashed_at is None and asset.kind == AssetKind.PICTURE else None


def _foot(look: Look, fixed: Callable[[str], str]) -> Markup:
    """The template's own foot, else the one that the tenant recommends, its empty lines as paragraphs."""
    if look.design.foot_text:
        return Markup(fixed(look.design.foot_text))  # noqa: S704 - cleaned at save
    parts = [part.strip() for part in look.footer.replace("\r\n", "\n").split("\n\n") if part.strip()]
    return Markup().join(
        Markup("<p>{}</p>").format(Markup("<br>").join(escape(fixed(line)) for line in part.splitlines()))
        for part in parts
    )


def values(look: Look, base_url: str, fixed: Callable[[str], str]) -> dict[str, Any]:
    """What the mail's templates name besides the issue."""
    d = look.design
    accent = design.readable(look.accent, d.sheet)
    ground = d.head_ground or look.accent
    on_page = d.page if d.between == "card" else d.sheet
    tint = design.mixed(look.accent, d.sheet, 0.88)
    return {
        "d": d, "accent": accent, "muted": d.muted(), "fill": look.accent,
        "on_fill": design.letters_on(look.accent), "tint": tint, "on_tint": design.readable(look.accent, tint),
        "head": {
            "logo": urls.absolute(base_url, look.logo, urls.mail_size(look.logo, d.logo_width)) if look.logo else "",
            "logo_alt": fixed(look.logo_alt), "tagline": fixed(d.tagline), "ground": ground,
            "letters": design.letters_on(ground), "rule": look.accent,
            "ink": design.readable(d.ink, on_page), "muted": design.readable(d.muted(), on_page),
        },
        "foot": {
            "html": _foot(look, fixed),
            "links": [(NETWORKS[network], fixed(url)) for network, url in d.links],
            "ink": design.readable(d.ink, d.foot_ground), "muted": design.readable(d.soft, d.foot_ground),
        },
    }  # fmt: skip


def css(look: Look) -> dict[str, str]:
    """The names in newsletter/text.css."""
    d = look.design
    on_page = d.page if d.between == "card" else d.sheet
    return {
        "ink": design.readable(d.ink, on_page), "soft": d.soft, "line": d.line,
        "accent": design.readable(look.accent, d.sheet), "foot": design.readable(d.soft, d.foot_ground),
        "headings": d.headings, "texts": d.texts, "leads": d.leads, "size": str(d.text_size),
        "line_height": str(d.text_size + 7), "lead_size": str(d.text_size + 1), "lead_line": str(d.text_size + 10),
    }  # fmt: skip


def places(given: dict[str, Any]) -> dict[str, Any]:
    """What a frame of people's own may name in braces, besides head, content and foot."""
    links, head = given["urls"], given["head"]
    logo = (
        Markup('<img src="{}" width="{}" alt="{}" style="border:0;max-width:100%">').format(
            head["logo"], given["d"].logo_width, head["logo_alt"]
        )
        if head["logo"]
        else ""
    )
    return {
        "name": escape(given["masthead"]), "date": escape(given["dateline"]), "tagline": escape(head["tagline"]),
        "logo": logo, "web_url": links["web"], "unsubscribe_url": links["unsubscribe"],
        "preferences_url": links["preferences"], "reason": escape(given["words"]["reason"]),
        "imprint": Markup("<br>").join(escape(line) for line in given["imprint"]),
    }  # fmt: skip
