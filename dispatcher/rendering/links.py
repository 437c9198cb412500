"""The links of a rendered mail: the parameters that tell where a visit comes from, and the numbers of counted ones.

Both happen once per revision, in the finished source: what leads to our own pages, what holds something personal and
what an issue names as bare stays as it is. A counted link becomes a path of the mail's token, which the compiler
splices like any other.
"""

import html
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote, urlsplit

from lxml import html as lxml_html

from dispatcher.message.compose import MessageSource
from domain.issues import placeholders
from domain.issues.design import UTM, Design
from domain.issues.models import Issue
from domain.subscribers.models import NewsletterType
from domain.tenancy.models import Tenant
from domain.tenancy.tree import slug_of

MOST = 1_000  # counted links of one mail
WORDS_MAX = 120
PIXEL = "o.gif"
_HREF = re.compile(r"""(<a\b(?:[^>"']|"[^"]*"|'[^']*')*?\shref=")([^"]*)(?=")""", re.I)
_IN_TEXT = re.compile(r"https?://[^\s<>\"]+")
_WEB = re.compile(r"https?://[^\s\"<>\\\[\]{}|^`\x00-\x20\x7f]{1,2000}\Z", re.I)
_PLACE = re.compile(r"\[([^\[\]]{1,40})\]")


def parameters(design: Design, values: Mapping[str, str]) -> list[tuple[str, str]]:
    """(name, value as it stands in an address) of what a template adds; `values` are those of its placeholders."""
    found = []
    for key in UTM:
        text = _PLACE.sub(lambda hit: slug_of(values.get(hit[1].casefold(), "")), getattr(design, key))
        if text.strip():
            found.append((key, quote(text.strip(), safe="-._~")))
    known = {name for name, _value in found}
    for one in design.utm.split("&"):
        name, _equal, value = one.partition("=")
        if name and name not in known:
            found.append((name, value))
    return found


def told(tenant: Tenant, issue: Issue, kind: NewsletterType, day: datetime) -> dict[str, str]:
    """What the placeholders of link parameters stand for (domain.issues.design.UTM_PLACES)."""
    title, number = placeholders.stripped(issue.name), str(issue.number or "")
    date, subject = day.date().isoformat(), placeholders.stripped(issue.subject)
    return {
        "titel": title, "title": title, "betreff": subject, "subject": subject, "ausgabe": number, "issue": number,
        "datum": date, "date": date, "newsletter": kind.name, "mandant": tenant.name, "tenant": tenant.name,
    }  # fmt: skip


def with_parameters(
    page: str, plain: str, added: Sequence[tuple[str, str]], base_url: str, bare: Collection[str]
) -> tuple[str, str, dict[str, str]]:
    """HTML and text of a mail whose links to the world say where the visit comes from, and for each address that was
    changed so what it was."""
    if not added:
        return page, plain, {}
    changed: dict[str, str] = {}

    def put(url: str) -> str:
        if not url.startswith(("http://", "https://")) or _ours(url, base_url) or "{{" in url or url in bare:
            return url
        changed[url] = extended(url, added)
        return changed[url]

    page = _each(page, put)
    plain = _each_in_text(plain, lambda url: changed.get(url, url))
    return page, plain, {new: url for url, new in changed.items()}


def extended(url: str, added: Sequence[tuple[str, str]]) -> str:
    """An address with parameters behind its own ones and before its fragment; one that stands there stays alone."""
    before, mark, fragment = url.partition("#")
    known = {one.partition("=")[0].casefold() for one in before.partition("?")[2].split("&")}
    more = "&".join(f"{name}={value}" for name, value in added if name.casefold() not in known)
    if not more:
        return url
    joint = "" if before.endswith(("?", "&")) else "&" if "?" in before else "?"
    return f"{before}{joint}{more}{mark}{fragment}"


def counted(source: MessageSource, bare: Collection[str] = ()) -> tuple[MessageSource, list[list[str]]]:
    """The mail with its links counted and an opening picture, and [address, words] of each link in the order of
    their numbers. The same address is the same number, in the text part, too."""
    base = source.base_url.rstrip("/")
    words = _words(source.html)
    numbers: dict[str, int] = {}

    def put(url: str) -> str:
        if not can_count(url, base) or url in bare:
            return url
        if url not in numbers:
            if len(numbers) >= MOST:
                return url
            numbers[url] = len(numbers) + 1
        return f"{base}/m/{{{{token}}}}/l/{numbers[url]}"

    page = _each(source.html, put)
    plain = _each_in_text(source.plain, lambda url: put(url) if url in numbers else url)
    picture = (
        f'<img src="{base}/m/{{{{token}}}}/{PIXEL}" width="1" height="1" alt="" '
        'style="display:block;width:1px;height:1px;border:0">'
    )
    head, body, tail = page.rpartition("</body>")
    page = f"{head}{picture}{body}{tail}" if body else page + picture
    made = [[url, words.get(url, "")] for url in numbers]
    return replace(source, html=page, plain=plain), made


def can_count(url: str, base_url: str) -> bool:
    """Whether a link can be counted: one to the world or to a file of ours, the same for everybody."""
    if not _WEB.match(url):
        return False
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return named and (not _ours(url, base_url) or parts.path.startswith("/media/"))


def uncounted(page: str, token: str, links: Sequence[Sequence[str]]) -> str:
    """The HTML of a counted mail, made for `token`, with the addresses themselves and without the picture."""
    mine = rf"[^\"]*/m/{re.escape(token)}"
    page = re.sub(rf"<img\b[^>]*\ssrc=\"{mine}/{re.escape(PIXEL)}\"[^>]*>", "", page)

    def back(found: re.Match[str]) -> str:
        number = int(found[2])
        return found[1] + html.escape(links[number - 1][0]) if 0 < number <= len(links) else found[0]

    return re.sub(rf"(\shref=\"){mine}/l/(\d{{1,5}})(?=\")", back, page)


def _ours(url: str, base_url: str) -> bool:
    base = base_url.rstrip("/")
    return url == base or url.startswith((f"{base}/", f"{base}?", f"{base}#"))


def _each(page: str, change: Callable[[str], str]) -> str:
    def put(found: re.Match[str]) -> str:
        url = html.unescape(found[2])
        new = change(url)
        return found[0] if new == url else found[1] + html.escape(new)

    return _HREF.sub(put, page)


def _each_in_text(plain: str, change: Callable[[str], str]) -> str:
    """The same in the text part; punctuation behind an address is none of it, unless it is known with it."""

    def put(found: re.Match[str]) -> str:
        url = found[0]
        new = change(url)
        if new != url:
            return new
        bare = url.rstrip(".,;:!?)'")
        return change(bare) + url[len(bare) :]

    return _IN_TEXT.sub(put, plain)


def _words(page: str) -> dict[str, str]:
    """Address → the first words that lead there; without any the description of the picture that does."""
    said: dict[str, str] = {}
    shown: dict[str, str] = {}
    for link in lxml_html.document_fromstring(page).iter("a"):
        url = link.get("href") or ""
        if words := " ".join(link.text_content().split()):
            said.setdefault(url, words[:WORDS_MAX])
        elif alt := next((i.get("alt") or "" for i in link.iter("img")), ""):
            shown.setdefault(url, alt[:WORDS_MAX])
    return shown | said
