"""An issue becomes a mail: blocks → table HTML → inlined CSS → text part → compiled bytes. Once per revision.

People's texts are values of our templates, never templates. Only introduction, text blocks, button labels and the
subject may hold placeholders; brackets everywhere else are escaped, so that a title "[Kommentar]" stays one.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel.dates import format_date
from jinja2 import FileSystemLoader
from jinja2.sandbox import SandboxedEnvironment
from lxml import html as lxml_html
from markupsafe import Markup, escape

from dispatcher.message.compiled import Compiled
from dispatcher.message.compose import MessageSource, compile_message
from dispatcher.message.personalise import RecipientRefused, ascii_domain
from dispatcher.rendering import enclosing, inline, links, looks, nightfall, parts, plaintext
from domain import clock
from domain.content import nostyle, stylesheet
from domain.content.models import Article
from domain.db import abreast
from domain.issues import assembly, blocks, placeholders
from domain.issues.models import PLAIN, Block, Issue, IssueKind
from domain.subscribers import types
from domain.subscribers.models import NewsletterType
from domain.tenancy import hosts
from domain.tenancy import settings as tenant_settings
from domain.tenancy.measuring import Measuring
from domain.tenancy.models import Tenant
from mediadb import library
from mediadb.models import Asset

TEMPLATES = Path(__file__).parent / "templates"
_environment = SandboxedEnvironment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_CSS = Template((TEMPLATES / "newsletter" / "text.css").read_text())
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
        "asked": "Diese Nachricht fragt nur, ob Sie „%s“ an [E-Mail] bekommen möchten.",
        "yes": "Ja, „%s“ zusenden",
        "how_yes": "Der Link führt zu einer Seite, auf der Sie zustimmen. Er gilt sieben Tage. "
        "Wenn Sie nichts tun, senden wir Ihnen „%s“ nicht.",
        "toc": "In dieser Ausgabe",
        "calendar": "In den Kalender eintragen",
        "date": "EEEE, d. MMMM y",
    },
    "en": {
        "in_browser": "View in browser",
        "read_on": "Read on",
        "unsubscribe": "Unsubscribe",
        "preferences": "Change preferences",
        "reason": "You receive “%s” at [E-Mail] because this address is subscribed to it.",
        "closed": "You receive “%s” at [E-Mail]. Reason: %s",
        "asked": "This message only asks whether you would like to get “%s” at [E-Mail].",
        "yes": "Yes, send me “%s”",
        "how_yes": "The link leads to a page on which you agree. It is valid for seven days. "
        "If you do nothing, we do not send you “%s”.",
        "toc": "In this issue",
        "calendar": "Add to your calendar",
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
    files: tuple[enclosing.Enclosed, ...] = ()
    tracking: Measuring = Measuring.OFF  # what its mails will count once they are frozen
    bare: tuple[str, ...] = ()  # links that stay as they are
    was: Mapping[str, str] = field(default_factory=dict)  # address with parameters → without
    pictures: tuple[enclosing.Carried, ...] = ()  # those that travel in the mail

    @property
    def enclosed_bytes(self) -> int:
        """Of the files and pictures that travel in the mail."""
        return sum(f.size_bytes for f in self.files) + sum(p.size_bytes for p in self.pictures)

    @property
    def weight_bytes(self) -> int:
        """What one mail weighs, about: HTML, text, and a third more than its pictures and files have (base64)."""
        return self.size_bytes + len(self.source.plain.encode()) + self.enclosed_bytes * 4 // 3

    @property
    def names(self) -> list[str]:
        used = placeholders.used(self.source.subject, self.source.html, self.source.plain)
        return [*used, *conditions(self.source.html)]


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
    return hosts.base_url(tenant, public_url)


def render(
    tenant: Tenant, issue: Issue, base_url: str, sender: Sender | None = None, at: datetime | None = None
) -> Rendered:
    """The issue as it stands now; `at` is the date it shows (default: its planned date, or today)."""
    (kind, look), (shown, articles, media), files, effective = abreast(
        lambda: _dress(tenant, issue), lambda: _content(tenant, issue), lambda: enclosing.of(issue),
        lambda: tenant_settings.effective(tenant),
    )  # fmt: skip
    sender = sender or sender_of(tenant, kind)
    language = kind.language if kind.language in WORDS else "de"
    words = {
        key: _fixed(word) if key not in ("reason", "asked") else word for key, word in WORDS[language].items()
    }
    setting = parts.Setting(
        tenant, base_url, language, words, look.design, articles, media, fixed=_fixed, personal=_open
    )
    made = parts.of(shown, setting)
    day = (at or issue.planned_at or clock.now()).astimezone(ZoneInfo(effective["time_zone"]))
    asks = issue.kind == IssueKind.OPT_IN
    reason = words["closed"] % (kind.name, kind.basis) if kind.closed else words["reason"] % kind.name
    if asks:
        reason = words["asked"] % kind.name
    numbered = f"Nr. {issue.number}" if language == "de" else f"No. {issue.number}"
    values: dict[str, Any] = {
        "language": language, "name": _fixed(issue.name), "preheader": _open(issue.preheader),
        "masthead": _fixed(kind.name), "blocks": made,
        "dateline": f"{numbered} · {format_date(day, words['date'], locale=language)}" if issue.number else
                    format_date(day, words["date"], locale=language),
        "urls": {
            "web": f"{base_url}/m/{{{{token}}}}",
            "unsubscribe": f"{base_url}/m/{{{{token}}}}/unsubscribe",
            "preferences": f"{base_url}/m/{{{{token}}}}/preferences",
        },
        "words": {**words, "reason": reason.replace(kind.name, _fixed(kind.name))},
        "opt_in": _opt_in(kind, words, base_url) if asks else None,
        "imprint": [_fixed(line) for line in str(effective["imprint"]).splitlines() if line.strip()],
        **looks.values(look, base_url, _fixed),
    }  # fmt: skip
    number = str(issue.number) if issue.number else ""
    house = {
        "Mandant": tenant.name, "Newsletter": kind.name, "Ausgabe": number, "Absender": sender.name,
        "Sender": sender.name, "Absenderadresse": sender.address, "Sender address": sender.address,
        "Antwortadresse": sender.reply_to or sender.address,
        "Datum": format_date(day, "long", locale="de"), "Date": format_date(day, "d MMMM y", locale="en"),
    }  # fmt: skip
    letter = issue.kind in PLAIN
    page = _letter(values, look, base_url) if letter else page_of(values, look, base_url)
    html = placeholders.with_house(page, house, lambda value, at: _in_html(page, value, at))
    plain = plaintext.letter(values, made) if letter else plaintext.of(values, made)
    plain = placeholders.with_house(plain, house, lambda value, _at: _fixed(value))
    added = links.parameters(look.design, links.told(tenant, issue, kind, day))
    html, plain, was = links.with_parameters(html, plain, added, base_url, issue.bare_links or ())
    domain = sender.address.rpartition("@")[2]
    source = MessageSource(
        sender_name=sender.name,
        sender_address=sender.address,
        reply_to=sender.reply_to or None,
        subject=placeholders.with_house(_open(issue.subject), house, lambda value, _at: _fixed(value)),
        html=html,
        plain=plain,
        list_id=f"{kind.slug}.{tenant.slug}.{domain.encode('idna').decode()}",
        base_url=base_url,
        message_domain=domain,
        one_click_url=f"{base_url}/m/{{{{token}}}}/unsubscribe",
        # marked, so that Gmail does not count issue 3 and tenant 3 together
        feedback_id=f"i{issue.id}:t{tenant.id}:n{kind.id}:{FEEDBACK_SENDER}",
        list_help=f"{base_url}/n/{tenant.slug}",
        list_owner=_mailto(sender.reply_to or sender.address),
    )
    ids = tuple(b.article_id for b in shown if b.article_id)
    carried = enclosing.pictures(html, base_url) if issue.pictures_inside else ()
    bare = tuple(issue.bare_links or ())
    return Rendered(source, len(html.encode()), ids, files, bare=bare, was=was, pictures=carried)


def _opt_in(kind: NewsletterType, words: dict[str, str], base_url: str) -> dict[str, str]:
    """What an opt-in mail asks: the text that is agreed to, and the link to a page with the button."""
    name = _fixed(kind.name)
    return {
        "text": _fixed(kind.consent_text), "label": words["yes"] % name, "how": words["how_yes"] % name,
        "url": f"{base_url}/m/{{{{token}}}}/confirm",
    }  # fmt: skip


def _mailto(address: str) -> str | None:
    """A link to write to an address; None if that needs more than ASCII."""
    local, _, domain = address.rpartition("@")
    try:
        return f"mailto:{quote(local, safe='')}@{ascii_domain(domain).decode()}" if local.isascii() else None
    except RecipientRefused:
        return None


def compiled(rendered: Rendered, seed: str) -> Compiled:
    """The bytes that all mails share; the same `seed` gives the same boundaries."""
    source = rendered.source
    if rendered.files:
        source = replace(source, attachments=tuple(found.content() for found in rendered.files))
    if rendered.pictures:
        html = enclosing.inside(source.html, rendered.pictures)
        source = replace(source, html=html, inline=tuple(found.content() for found in rendered.pictures))
    return compile_message(source, date=clock.now(), boundary_seed=seed.encode())


def fingerprint(rendered: Rendered, *more: Any) -> str:
    """Hex over everything that is approved: the rendered mail, the sender and `more` (audience, time)."""
    source = rendered.source
    said = [
        source.subject, source.html, source.plain, source.sender_name, source.sender_address, source.reply_to,
        *more, *((found.name, found.sha256) for found in rendered.files),
        *((rendered.tracking, *rendered.bare) if rendered.tracking != Measuring.OFF else ()),
        *((found.content_id, found.sha256) for found in rendered.pictures),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, default=str).encode()).hexdigest()


def _dress(tenant: Tenant, issue: Issue) -> tuple[NewsletterType, looks.Look]:
    kind = types.get(tenant.id, issue.type_id)
    return kind, looks.of(tenant, issue, kind)


def _content(tenant: Tenant, issue: Issue) -> tuple[list[Block], dict[int, Article], dict[int, Asset]]:
    """(blocks to be seen, their articles, the media of both)."""
    shown = [b for b in assembly.blocks(issue) if not b.hidden]
    ids = {asset_id for b in shown for asset_id in blocks.assets(b.data)}

    def of_articles() -> tuple[dict[int, Article], dict[int, Asset]]:
        articles = assembly.articles_of(issue, shown)
        return articles, library.of_articles(articles.values())

    chosen, (articles, theirs) = abreast(lambda: library.many(tenant.id, sorted(ids)), of_articles)
    return shown, articles, chosen | theirs


def conditions(html: str) -> list[str]:
    """Names of the segments that parts of a mail are for: `?7` stands among the values of those who are in it."""
    return list(dict.fromkeys(f"?{found}" for found in re.findall(r"<!--if:(\d+)-->", html)))


def _open(text: str) -> str:
    """Text in which placeholders count; our own mark for the token does not."""
    return text.replace("{{", "{\u200b{")


def _fixed(text: str) -> str:
    """Text in which nothing is replaced."""
    return _open(re.sub(r"([\[\]])", r"\\\1", text or ""))


def _in_html(page: str, value: str, at: int) -> str:
    """A value as it stands in the source at this place: inside of a link as one component, else as text."""
    opened = page.rfind("<", 0, at)
    in_link = opened > page.rfind(">", 0, at) and re.search(
        r"""\b(?:href|src)\s*=\s*["'][^"']*\Z""", page[opened:at]
    )
    return quote(value, safe="") if in_link else _fixed(str(escape(value)))


def page_of(values: dict[str, Any], look: looks.Look, base_url: str) -> str:
    """The whole document: our frame or the template's own, styles inlined."""
    frame = {"html": "", "block": ""}
    own_css = ""
    if look.html or look.css:
        own_css, frame["block"] = stylesheet.halves(look.css)
    if look.html:
        frame["html"] = _framed(look.html, values)
    page = _environment.get_template("newsletter/mail.html").render(
        values | {"frame": {key: Markup(text) for key, text in frame.items()}}  # noqa: S704 - cleaned at save
    )
    return _inlined(page, look, base_url, own_css)


def _letter(values: dict[str, Any], look: looks.Look, base_url: str) -> str:
    """A letter has no frame: text, picture, and who writes below."""
    page = _environment.get_template("newsletter/letter.html").render(values)
    return _inlined(page, look, base_url, "")


def _inlined(page: str, look: looks.Look, base_url: str, own_css: str) -> str:
    """The page with its styles in the elements. Ours and the style block come by themselves, unless people's source
    holds the comment that stops them."""
    root = lxml_html.document_fromstring(nostyle.without(page))
    automatic = next(
        (style for style in root.iter("style") if style.attrib.pop("data-automatic", None)), None
    )
    if nostyle.stands_in(page):
        if automatic is not None:
            automatic.drop_tree()
        automatic = None
    else:
        inline.inline(root, _CSS.substitute(looks.css(look)))
    if own_css:
        inline.inline(root, own_css, over=True)
    if automatic is not None:
        automatic.text = (automatic.text or "") + nightfall.style(root)
    for picture in root.iter("img"):
        if picture.get("src", "").startswith("/media/"):
            picture.set("src", base_url.rstrip("/") + picture.get("src"))
    text = lxml_html.tostring(root, encoding="unicode", method="html", doctype="<!doctype html>")
    return re.sub(r"%7B%7Btoken%7D%7D|%7b%7btoken%7d%7d", "{{token}}", text)


def _framed(frame: str, values: dict[str, Any]) -> str:
    """A frame that people wrote, with our rows in its places; what they wrote is never a template."""
    wide = '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">'
    places = {key: str(value) for key, value in looks.places(values).items()}
    for name in ("head", "content", "foot"):
        rows = _environment.get_template(f"newsletter/{name}.html").render(values)
        places[name] = f"{wide}{rows}</table>"
    return re.sub(
        r"\{([a-z_]{2,20})\}|%7B([a-z_]{2,20})%7D",
        lambda found: places.get(found[1] or found[2], found[0]),
        _open(frame),
    )
