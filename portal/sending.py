"""How a mailing's figures become words and drawings, for the pages of issues, mailings and approvals."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage

from flask import Response, current_app, g
from flask_babel import get_locale, gettext, ngettext
from markupsafe import escape

from dispatcher import preview
from dispatcher.rendering import render
from domain.campaigns import planning
from domain.campaigns.models import Campaign
from domain.campaigns.reports import Progress, Recipient
from domain.db import abreast
from domain.issues.models import Issue
from domain.ledger.refusals import Refusal
from domain.ledger.states import DeliveryState as D
from domain.subscribers import types
from domain.tenancy.models import Tenant
from portal import states
from portal.security import peoples_html

NIGHT = "@media (prefers-color-scheme:dark)"  # begins the mail's own rules for the dark
DARK = (  # as programs show it that invert a light mail by force
    "<style>html{filter:invert(1) hue-rotate(180deg);background:#fff}"
    "img{filter:invert(1) hue-rotate(180deg)}</style>"
)
TYPED_FROM = 10_000  # above this many recipients the number must be typed to confirm
_PICTURE = re.compile(r'src="https?://[^/"]+/media/([A-Za-z0-9_-]+/[a-z0-9]+)"')
BAR_WIDTH = 1000.0
SLOTS = 18  # the chart is as wide as this many columns, also while it fills
BASE_Y, TOP_Y = 130.0, 15.0  # of the columns chart, in px
SEGMENTS = (
    ("done", (D.SENT,)),
    ("run", (D.LEASED,)),
    ("hold", (D.DEFERRED, D.UNCERTAIN, D.HELD)),
    ("fail", (D.FAILED, D.EXPIRED)),
)


@dataclass(frozen=True)
class Segment:
    """A piece of the progress bar, in thousandths of its width."""

    tone: str
    x: float
    width: float


@dataclass(frozen=True)
class Columns:
    """A columns chart: (x and width in percent, y and height in px) per column, grid lines, and time labels."""

    bars: list[tuple[float, float, float, float]]
    grid: list[tuple[float, int]]
    labels: list[tuple[float, datetime]]
    peak: int
    first: datetime | None


def base_url() -> str:
    """Where links of the mails of this request's tenant lead."""
    return base_url_for(g.tenant)


def base_url_for(tenant: Tenant) -> str:
    """Where links of a tenant's mails lead."""
    return render.base_url_of(tenant, current_app.config["SETTINGS"].public_url)


def planned(issue: Issue) -> Campaign:
    """The mailing in which an issue is planned, or what it would be: reading creates nothing."""
    kind, found = abreast(lambda: types.get(g.tenant.id, issue.type_id), lambda: planning.of_issue(issue))
    sender = render.sender_of(g.tenant, kind)
    return found or planning.proposed(issue, g.user.id, sender.name, sender.address, sender.reply_to)


def own_pictures(html: str) -> str:
    """A mail's HTML with its pictures from the host that shows the page; nothing else differs. A frozen mail
    names the address that the installation had then."""
    return _PICTURE.sub(r'src="/media/\1"', html)


def text_document(text: str) -> str:
    """The text part of a mail as a document for the sandbox, its lines wrapped as a mail program would."""
    look = "font:14px/1.5 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere;margin:16px"
    title = escape(gettext("Text part of the mail"))
    return (
        f'<!doctype html><html lang="{get_locale()}"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>pre{{{look}}}</style></head><body><pre>{escape(text)}</pre></body></html>"
    )


def mail_document(mail: EmailMessage, part: str) -> Response:
    """A part of a mail in the sandbox: "text", "source" (headers and HTML), "dark", else the HTML as it is."""
    if part == "text":
        return peoples_html(text_document(preview.part(mail, "plain")))
    html = preview.part(mail, "html")
    if part == "source":
        head = "\n".join(f"{name}: {value}" for name, value in mail.items())
        return peoples_html(text_document(f"{head}\n\n{html}"))
    html = own_pictures(html)
    return peoples_html(darkened(html) if part == "dark" else lit(html))


def lit(html: str) -> str:
    """As most readers see it, also for those who work in the dark: their browser would take the mail's dark rules."""
    day = "<style>html{color-scheme:light;background:#fff}</style>"
    return html.replace(NIGHT, "@media not all").replace("</head>", f"{day}</head>", 1)


def darkened(html: str) -> str:
    """As a program with dark mode shows it: by the mail's own rules for the dark, or inverted by force."""
    if NIGHT in html:
        night = "<style>html{color-scheme:dark}</style>"
        return html.replace(NIGHT, "@media all").replace("</head>", f"{night}</head>", 1)
    return html.replace("</head>", f"{DARK}</head>", 1)


def segments(progress: Progress) -> list[Segment]:
    """The bar from left to right; what is not begun is its ground. Small shares stay visible."""
    found, x = [], 0.0
    for tone, group in SEGMENTS:
        count = sum(progress.counts.get(state, 0) for state in group)
        if count and progress.total:
            width = min(max(3.0, BAR_WIDTH * count / progress.total), BAR_WIDTH - x)
            found.append(Segment(tone, round(x, 1), round(width, 1)))
            x += width + 1
    return found


def columns(slots: list[tuple[datetime, int]]) -> Columns:
    """Drawn from (moment, count) per 10 seconds; a label stands at each full minute."""
    peak = max((count for _, count in slots), default=0)
    top = _round_up(peak)
    step = 100 / max(SLOTS, len(slots))
    scale = (BASE_Y - TOP_Y) / top
    bars = [
        (
            round(i * step + step * 0.16, 2),
            round(step * 0.68, 2),
            round(BASE_Y - n * scale, 1),
            round(n * scale, 1),
        )
        for i, (_, n) in enumerate(slots)
    ]
    labels = [(bars[i][0], at) for i, (at, _) in enumerate(slots) if i == 0 or (at.second == 0 and i > 2)]
    grid = [(BASE_Y, 0), ((BASE_Y + TOP_Y) / 2, top // 2), (TOP_Y, top)]
    return Columns(bars, grid, labels, peak, slots[0][0] if slots else None)


def time_left(seconds: int | None) -> str:
    """Rounded, in words; empty when nothing can be said."""
    if seconds is None:
        return ""
    if seconds < 60:
        return gettext("less than a minute left")
    minutes = round(seconds / 60)
    if minutes < 90:
        return ngettext("about %(num)s minute left", "about %(num)s minutes left", minutes)
    return ngettext("about %(num)s hour left", "about %(num)s hours left", round(minutes / 60))


def meaning(row: Recipient) -> str:
    """What the state of one recipient says, in a sentence; technical text in brackets for whoever calls IT."""
    if row.refusal is not None:
        text = _refused(row, row.refusal)
        return gettext("Gave up after days: %(reply)s", reply=text) if row.state == D.EXPIRED else text
    if row.state == D.HELD:
        return _held(row)
    return {
        D.SENT: gettext("Taken by the mail server"),
        D.LEASED: gettext("Is being handed over"),
        D.UNCERTAIN: gettext("Perhaps handed over; it is sent once more"),
    }.get(row.state, gettext("Waits for its turn"))


def _refused(row: Recipient, kind: Refusal) -> str:
    if kind == Refusal.OTHER:
        return row.reply or gettext("Not taken")
    word = states.state_of("refusal", kind).word
    codes = [part for part in row.reply.split()[:2] if part[:1].isdigit()]
    if codes:
        return f"{word} ({' '.join(codes)})"
    return f"{word}: {row.reply}" if row.reply else word


def _held(row: Recipient) -> str:
    """Held after a second doubt, or at once where the mailing asks or was cancelled; decided or not."""
    if row.at is not None:
        return gettext("Perhaps handed over; left as it is")
    if row.twice:
        return gettext("Twice uncertain; a person decides")
    return gettext("Perhaps handed over; a person decides")


def plain_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _round_up(peak: int) -> int:
    """The next number that halves well: 10, 20, 50, 100 …"""
    size = 10
    while True:
        for factor in (1, 2, 5):
            if peak <= size * factor:
                return size * factor
        size *= 10
