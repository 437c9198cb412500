"""An issue becomes a mail: blocks → table HTML → inlined CSS → text part → compiled bytes. Once per revision.

People's texts are values of our templates, never templates. Only introduction, text blocks, button labels and the
subject may hold placeholders; brackets everywhere else are escaped, so that a title "[Kommentar]" stays one.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from babel.dates import format_date
from jinja2 import FileSystemLoader
from jinja2.sandbox import SandboxedEnvironment
from lxml import html as lxml_html
from markupsafe import Markup

from dispatcher import inline
from dispatcher.compose import Compiled, MessageSource, compile_message
from dispatcher.personalise import RecipientRefused, ascii_domain
from domain import clock
from domain.content.models import Article
from domain.issues import assembly, placeholders
from domain.issues.models import Block, BlockKind, Issue, IssueRevision
from domain.subscribers import types
from domain.subscribers.models import NewsletterType
from domain.tenancy import settings as tenant_settings
from domain.tenancy.models import Tenant
from mediadb import library, urls
from mediadb.models import Asset

TEMPLATES = Path(__file__).parent / "templates"
_environment = SandboxedEnvironment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_CSS = (TEMPLATES / "newsletter" / "text.css").read_text()
FEEDBACK_SENDER = "rundbrief"  # SenderId of the Feedback-ID: 5 to 15 characters, the same in all our mails
CLIP_BYTES = 102 * 1024  # Gmail cuts longer HTML

WORDS = {
    "de": {
        "in_browser": "Im Browser ansehen",
        "read_on": "Weiterlesen",
        "unsubscribe": "Abmelden",
        "preferences": "Einstellungen ändern",
        "reason": "Sie erhalten „%s“ an [E-Mail], weil diese Adresse dafür angemeldet ist.",
        "closed": "Sie erhalten „%s“ an [E-Mail]. Grund: %s",
        "date": "EEEE, d. MMMM y",
    },
    "en": {
        "in_browser": "View in browser",
        "read_on": "Read on",
        "unsubscribe": "Unsubscribe",
        "preferences": "Change preferences",
        "reason": "You receive “%s” at [E-Mail] because this address is subscribed to it.",
        "closed": "You receive “%s” at [E-Mail]. Reason: %s",
        "date": "EEEE d MMMM y",
    },
}


@dataclass(frozen=True)
class Sender:
    """In whose name a mail leaves."""

    name: str
    address: str
    reply_to: str = ""


@dataclass(frozen=True)
class Rendered:
    """A rendered issue, ready to compile; `size_bytes` is the HTML part's."""

    source: MessageSource
    size_bytes: int
    article_ids: tuple[int, ...]

    @property
    def names(self) -> list[str]:
        return placeholders.used(self.source.subject, self.source.html, self.source.plain)


def sender_of(tenant: Tenant, kind: NewsletterType) -> Sender:
    """The type's sender; what it leaves open comes from the tenant."""
    effective = tenant_settings.effective(tenant)
    return Sender(
        kind.sender_name or effective["sender_name"] or tenant.name,
        kind.sender_address or effective["sender_address"] or f"newsletter@{tenant.slug}.example",
        kind.reply_to or effective["reply_to"],
    )


def base_url_of(tenant: Tenant, public_url: str) -> str:
    """Where links of the tenant's mails lead: its own host name, else `public_url`."""
    return f"{urlsplit(public_url).scheme}://{tenant.host}" if tenant.host else public_url.rstrip("/")


def render(
    tenant: Tenant, issue: Issue, base_url: str, sender: Sender | None = None, at: datetime | None = None
) -> Rendered:
    """The issue as it stands now; `at` is the date it shows (default: its planned date, or today)."""
    kind = types.get(tenant.id, issue.type_id)
    sender = sender or sender_of(tenant, kind)
    effective = tenant_settings.effective(tenant)
    language = kind.language if kind.language in WORDS else "de"
    colour = tenant_settings.colours(effective["colour"])[1]
    shown = [b for b in assembly.blocks(issue) if not b.hidden]
    articles = assembly.articles_of(issue, shown)
    media = _media(tenant, shown, articles)
    parts = [p for b in shown if (p := _part(b, articles, media, base_url))]
    day = (at or issue.planned_at or clock.now()).astimezone(ZoneInfo(effective["time_zone"]))
    words = dict(WORDS[language])
    reason = words["closed"] % (kind.name, kind.basis) if kind.closed else words["reason"] % kind.name
    numbered = f"Nr. {issue.number}" if language == "de" else f"No. {issue.number}"
    values: dict[str, Any] = {
        "language": language, "name": _fixed(issue.name), "preheader": _open(issue.preheader), "colour": colour,
        "masthead": _fixed(kind.name), "blocks": parts,
        "dateline": f"{numbered} · {format_date(day, words['date'], locale=language)}" if issue.number else
                    format_date(day, words["date"], locale=language),
        "urls": {
            "web": f"{base_url}/m/{{{{token}}}}",
            "unsubscribe": f"{base_url}/m/{{{{token}}}}/unsubscribe",
            "preferences": f"{base_url}/m/{{{{token}}}}/preferences",
        },
        "words": {**words, "reason": reason.replace(kind.name, _fixed(kind.name))},
        "imprint": [_fixed(line) for line in str(effective["imprint"]).splitlines() if line.strip()],
    }  # fmt: skip
    html = _inlined(_environment.get_template("newsletter/mail.html").render(values), colour)
    domain = sender.address.rpartition("@")[2]
    source = MessageSource(
        sender_name=sender.name,
        sender_address=sender.address,
        reply_to=sender.reply_to or None,
        subject=_open(issue.subject),
        html=html,
        plain=_plain(values, parts),
        list_id=f"{kind.slug}.{tenant.slug}.{domain.encode('idna').decode()}",
        base_url=base_url,
        message_domain=domain,
        one_click_url=f"{base_url}/m/{{{{token}}}}/unsubscribe",
        # marked, so that Gmail does not count issue 3 and tenant 3 together
        feedback_id=f"i{issue.id}:t{tenant.id}:n{kind.id}:{FEEDBACK_SENDER}",
        list_help=f"{base_url}/n/{tenant.slug}",
        list_owner=_mailto(sender.reply_to or sender.address),
    )
    return Rendered(source, len(html.encode()), tuple(b.article_id for b in shown if b.article_id))


def _mailto(address: str) -> str | None:
    """A link to write to an address; None if that needs more than ASCII."""
    local, _, domain = address.rpartition("@")
    try:
        return f"mailto:{quote(local, safe='')}@{ascii_domain(domain).decode()}" if local.isascii() else None
    except RecipientRefused:
        return None


def compiled(rendered: Rendered, seed: str) -> Compiled:
    """The bytes that all mails share; the same `seed` gives the same boundaries."""
    return compile_message(rendered.source, date=clock.now(), boundary_seed=seed.encode())


def fingerprint(rendered: Rendered, *more: Any) -> str:
    """Hex over everything that is approved: the rendered mail, the sender and `more` (audience, time)."""
    source = rendered.source
    said = [
        source.subject, source.html, source.plain, source.sender_name, source.sender_address, source.reply_to,
        *more,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, default=str).encode()).hexdigest()


def freeze(issue: Issue, rendered: Rendered, mark: str, user_id: int | None) -> IssueRevision:
    """Store the rendered issue as a revision; the same content is the same revision."""
    found = IssueRevision.get_or_none(
        IssueRevision.tenant_id == issue.tenant_id,
        IssueRevision.issue_id == issue.id,
        IssueRevision.fingerprint == mark,
    )
    if found:
        return found
    number = (
        IssueRevision.select()
        .where(IssueRevision.tenant_id == issue.tenant_id, IssueRevision.issue_id == issue.id)
        .count()
        + 1
    )
    return IssueRevision.create(
        tenant_id=issue.tenant_id, issue_id=issue.id, number=number, fingerprint=mark, subject=issue.subject,
        preheader=issue.preheader, html=rendered.source.html, plain=rendered.source.plain,
        compiled=compiled(rendered, mark).dump(), placeholders=rendered.names,
        article_ids=list(rendered.article_ids), size_bytes=rendered.size_bytes, created_by_id=user_id,
    )  # fmt: skip


def _media(tenant: Tenant, shown: list[Block], articles: dict[int, Article]) -> dict[int, Asset]:
    ids = {b.data.get("asset_id") for b in shown}
    return library.many(tenant.id, [i for i in ids if i]) | library.of_articles(articles.values())


def _part(
    block: Block, articles: dict[int, Article], media: dict[int, Asset], base_url: str
) -> dict[str, Any] | None:
    data = block.data
    if block.kind in (BlockKind.INTRO, BlockKind.TEXT):
        return {"kind": block.kind, "html": Markup(_open(data.get("html", "")))}  # noqa: S704 - cleaned at save
    if block.kind == BlockKind.BUTTON:
        return {"kind": block.kind, "label": _open(data.get("label", "")), "url": _fixed(data.get("url", ""))}
    if block.kind == BlockKind.PICTURE:
        asset = media.get(data.get("asset_id") or 0)
        picture = urls.absolute(base_url, asset, "mail1200") if asset else ""
        return {"kind": block.kind, "picture": picture, "alt": _fixed(data.get("alt", ""))}
    if block.kind == BlockKind.DIVIDER:
        return {"kind": block.kind}
    article = articles.get(block.article_id or 0)
    if article is None:
        return None
    asset = media.get(article.asset_id or 0)
    layout = data.get("layout", "top") if asset else "text"
    size = "mail1200" if layout == "top" else "mail600"
    full = Markup(_fixed(article.body)) if not article.link_url else ""  # noqa: S704 - cleaned at save
    return {
        "kind": block.kind, "layout": layout, "title": _fixed(article.title), "teaser": _fixed(article.teaser),
        "category": _fixed(article.category), "url": _fixed(article.link_url), "html": full,
        "picture": urls.absolute(base_url, asset, size) if asset else "", "alt": _fixed(article.asset_alt),
    }  # fmt: skip


def _open(text: str) -> str:
    """Text in which placeholders count; our own mark for the token does not."""
    return text.replace("{{", "{\u200b{")


def _fixed(text: str) -> str:
    """Text in which nothing is replaced."""
    return _open(re.sub(r"([\[\]])", r"\\\1", text or ""))


def _inlined(page: str, colour: str) -> str:
    root = lxml_html.document_fromstring(page)
    inline.inline(root, _CSS.replace("COLOUR", colour))
    for element in root.iter("a"):
        href = element.get("href", "")
        if "%7B%7Btoken%7D%7D" in href:
            element.set("href", href.replace("%7B%7Btoken%7D%7D", "{{token}}"))
    text = lxml_html.tostring(root, encoding="unicode", method="html", doctype="<!doctype html>")
    return re.sub(r"%7B%7Btoken%7D%7D|%7b%7btoken%7d%7d", "{{token}}", text)


def _plain(values: dict[str, Any], parts: list[dict[str, Any]]) -> str:
    """The text part: readable by itself, links in full."""
    words, links = values["words"], values["urls"]
    lines = [f"{values['masthead']}\n{values['dateline']}", f"{words['in_browser']}: {links['web']}"]
    for part in parts:
        kind = part["kind"]
        if kind in (BlockKind.INTRO, BlockKind.TEXT):
            lines.append(_text_of(str(part["html"])))
        elif kind == BlockKind.ARTICLE:
            head = "\n".join(
                filter(None, [part["category"].upper(), part["title"], "-" * min(60, len(part["title"]))])
            )
            more = f"{words['read_on']}: {part['url']}" if part["url"] else _text_of(str(part["html"]))
            lines.append("\n\n".join(filter(None, [head, part["teaser"], more])))
        elif kind == BlockKind.BUTTON and part["url"]:
            lines.append(f"{part['label']}: {part['url']}")
        elif kind == BlockKind.DIVIDER:
            lines.append("* * *")
    foot = [
        words["reason"],
        f"{words['unsubscribe']}: {links['unsubscribe']}",
        f"{words['preferences']}: {links['preferences']}",
    ]
    return "\n\n".join([*filter(None, lines), "-- \n" + "\n".join(foot), "\n".join(values["imprint"])]) + "\n"


def _text_of(html: str) -> str:
    """Text of clean HTML with the addresses of its links behind their words."""
    if not html.strip():
        return ""
    root = lxml_html.fragment_fromstring(html, create_parent="div")
    for link in root.iter("a"):
        href = link.get("href", "")
        if href and href != link.text_content().strip():
            link.tail = f" <{href}>" + (link.tail or "")
    for item in root.iter("li"):
        item.text = "- " + (item.text or "")
    for element in root.iter():
        if element.tag in ("p", "h2", "h3", "h4", "ul", "ol", "blockquote", "table", "figure"):
            element.tail = "\n\n" + (element.tail or "")
        elif element.tag in ("li", "br", "tr"):
            element.tail = "\n" + (element.tail or "")
    text = re.sub(r"[ \t\u00a0]+", " ", "".join(root.itertext()))
    return re.sub(r"\n{3,}", "\n\n", re.sub(r" ?\n ?", "\n", text)).strip()
