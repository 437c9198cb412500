"""System mails in the name of a tenant: its sender, and beside the text an HTML part with its logo.

Loaded by the deliver process too, so nothing here draws or renders: text, an address of a picture, a few lines of HTML.
"""

import re
from typing import Any

from markupsafe import Markup, escape

from domain.notices import outbox
from domain.notices.models import OutboxMail
from domain.tenancy import hosts, settings, tree
from domain.tenancy.models import Tenant
from mediadb import urls
from mediadb.models import Asset, AssetKind

_public_url = ""
LOGO_PX = 160
_LINK = re.compile(r"https?://[^\s<>]+[^\s<>.,:;)\]]")
_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}\
</title></head>
<body style="margin:0;padding:24px 12px;background:#f4f3f0;color:#1f2328;\
font:15px/22px -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
<table role="presentation" width="560" cellpadding="0" cellspacing="0" style="width:100%;max-width:560px;\
background:#fff;border-top:4px solid {colour}"><tr><td style="padding:24px 28px">
{head}{body}
</td></tr></table></td></tr></table></body></html>
"""


def configure(public_url: str) -> None:
    """Where signing in leads; links in mails about work stand below it."""
    global _public_url
    _public_url = public_url.rstrip("/")


def public_url() -> str:
    """Where signing in leads, without a slash at the end."""
    return _public_url


def queue(
    kind: str, tenant: Tenant | int, *, plain: str, subject: str, language: str = "", **rest: Any
) -> OutboxMail:
    """`outbox.queue` in the tenant's name. `rest` may name another sender (a newsletter type's own), empty: the one in
    force, which may come from a tenant above. Raises Invalid as the outbox does."""
    if isinstance(tenant, int):
        tenant = tree.get(tenant)
    values = settings.with_origin(tenant)
    sender = {
        key: rest.pop(key, "") or str(values[key].value or "") for key in ("sender_name", "sender_address")
    }
    headers = {"Auto-Submitted": "auto-generated", **rest.pop("headers", {})}
    language = language or str(values["language"].value)
    return outbox.queue(
        kind, tenant_id=tenant.id, plain=plain, subject=subject, headers=headers,
        html=_page(tenant, values, subject, plain, language), **sender, **rest,
    )  # fmt: skip


def _page(tenant: Tenant, values: dict[str, settings.Value], title: str, plain: str, language: str) -> str:
    colour = settings.colours(str(values["colour"].value))[1]
    return Markup(_PAGE).format(  # noqa: S704 - ours; every value is escaped
        language=language,
        title=title,
        colour=colour,
        head=_head(tenant, values),
        body=_paragraphs(plain, colour),
    )


def _head(tenant: Tenant, values: dict[str, settings.Value]) -> Markup:
    """The logo in force, else the name."""
    logo = _logo(values["logo_id"])
    if logo is None:
        return Markup('<p style="margin:0 0 20px;font-weight:600">{}</p>').format(tenant.name)
    address = urls.absolute(hosts.base_url(tenant, public_url()), logo, urls.mail_size(logo, LOGO_PX))
    shown = (
        '<p style="margin:0 0 20px"><img src="{}" width="{}" alt="{}" style="border:0;max-width:100%"></p>'
    )
    return Markup(shown).format(address, LOGO_PX, tenant.name)  # noqa: S704 - ours


def _logo(found: settings.Value) -> Asset | None:
    """As dispatcher.rendering.looks.logo_of finds it, without what that loads."""
    if not found.value or found.origin is None:
        return None
    return Asset.get_or_none(
        Asset.tenant_id == found.origin.id, Asset.id == int(found.value), Asset.trashed_at.is_null(),
        Asset.kind == AssetKind.PICTURE,
    )  # fmt: skip


def _paragraphs(plain: str, colour: str) -> Markup:
    """Empty lines part paragraphs; what stands below "-- " is small."""
    text, _line, foot = plain.partition("\n-- \n")
    large = Markup('<p style="margin:0 0 16px">{}</p>')
    small = Markup('<p style="margin:24px 0 0;font-size:13px;line-height:19px;color:#565b63">{}</p>')
    parts = [large.format(_lines(part, colour)) for part in re.split(r"\n\s*\n", text) if part.strip()]
    return Markup("\n").join([*parts, *([small.format(_lines(foot, colour))] if foot.strip() else [])])


def _lines(text: str, colour: str) -> Markup:
    return Markup("<br>").join(_linked(line, colour) for line in text.strip().splitlines())


def _linked(line: str, colour: str) -> Markup:
    """The line, escaped, its addresses as links."""
    found, at = Markup(""), 0
    for match in _LINK.finditer(line):
        link = Markup('<a href="{0}" style="color:{1};word-break:break-all">{0}</a>').format(match[0], colour)
        found += escape(line[at : match.start()]) + link
        at = match.end()
    return found + escape(line[at:])
