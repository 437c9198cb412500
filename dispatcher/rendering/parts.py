"""Blocks become what the mail's templates and its text part show of them: one function per kind.

A part is a dict with `kind`, `plain` (its lines of the text part) and what `newsletter/blocks/KIND.html` names.
`segment` stands in it when only people of that segment get it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babel.dates import format_date, format_time
from markupsafe import Markup, escape

from dispatcher.rendering.plaintext import text_of
from domain import tokens
from domain.content.models import Article
from domain.issues import blocks
from domain.issues.design import Design
from domain.issues.models import Block, BlockKind
from domain.tenancy.models import Tenant
from mediadb import urls
from mediadb.models import Asset, AssetKind

Part = dict[str, Any]


BESIDE = 152  # px: a picture left or right of an article (newsletter/blocks/article.html)


@dataclass(frozen=True)
class Setting:
    """What parts are made with."""

    tenant: Tenant
    base_url: str
    language: str
    words: dict[str, str]
    design: Design
    articles: dict[int, Article]
    media: dict[int, Asset]
    fixed: Callable[[str], str]  # text in which nothing is replaced
    personal: Callable[[str], str]  # text in which placeholders count


def of(shown: Sequence[Block], setting: Setting) -> list[Part]:
    """The parts of the blocks that are to be seen; articles that are gone have none."""
    listed = any(block.kind == BlockKind.TOC for block in shown)
    made: list[Part] = []
    for block in shown:
        part = _KINDS[BlockKind(block.kind)](block, setting)
        if part is None:
            continue
        article = block.kind == BlockKind.ARTICLE
        part.update(
            kind=str(block.kind), segment=block.segment_id,
            anchor=f"b{block.id}" if listed and article else "",
            rule=article and bool(made) and made[-1]["kind"] == BlockKind.ARTICLE,
        )  # fmt: skip
        made.append(part)
    for part in made:
        if part["kind"] == BlockKind.TOC:
            _list(part, made)
    return made


def _list(part: Part, made: list[Part]) -> None:
    """The titles of the articles that everybody gets, or that those get who see the table."""
    inside = [p for p in made if p["anchor"] and p["segment"] in (None, part["segment"])]
    part["entries"] = [{"title": p["title"], "anchor": p["anchor"]} for p in inside]
    part["plain"] = "\n".join([*filter(None, [part["title"]]), *(f"- {p['title']}" for p in inside)])


def _text(block: Block, setting: Setting) -> Part:
    html = setting.personal(block.data.get("html", ""))
    return {"html": Markup(html), "plain": text_of(html)}  # noqa: S704 - cleaned at save


def _toc(block: Block, setting: Setting) -> Part:
    return {"title": setting.fixed(block.data.get("title") or setting.words["toc"])}


def _article(block: Block, setting: Setting) -> Part | None:
    article = setting.articles.get(block.article_id or 0)
    if article is None:
        return None
    data, fixed = block.data, setting.fixed
    layout, picture = _picture_of(article, data.get("layout", "top"), setting)
    extent = data.get("extent", "auto")
    whole = extent == "full" or (extent == "auto" and not article.link_url)
    html = fixed(article.body) if whole else ""
    more = fixed(data.get("more") or setting.words["read_on"])
    title, teaser, url = fixed(article.title), fixed(article.teaser), fixed(article.link_url)
    category = fixed(article.category)
    head = "\n".join(filter(None, [category.upper(), title, "-" * min(60, len(title))]))
    files = _documents_of(article, setting)
    tail = [
        teaser,
        text_of(html),
        f"{more}: {url}" if url else "",
        "\n".join(f"{n}: {at}" for n, at in files),
    ]
    html += "".join(f'<p><a href="{escape(at)}">{escape(name)}</a></p>' for name, at in files)
    return {
        "layout": layout, "title": title, "teaser": teaser, "category": category, "url": url, "more": more,
        "html": Markup(html), "picture": picture, "alt": fixed(article.asset_alt),  # noqa: S704 - cleaned at save
        "credit": _credit(setting, setting.media.get(article.asset_id or 0)) if picture else "",
        "plain": "\n\n".join(filter(None, [head, *tail])),
    }  # fmt: skip


def _documents_of(article: Article, setting: Setting) -> list[tuple[str, str]]:
    """(name, address) of the documents that readers of an article may download."""
    found = [setting.media[i] for i in article.documents or [] if i in setting.media]
    return [
        (setting.fixed(a.title or a.filename), urls.absolute(setting.base_url, a, "file"))
        for a in found
        if a.kind == AssetKind.DOCUMENT
    ]


def _picture_of(article: Article, layout: str, setting: Setting) -> tuple[str, str]:
    """(layout, address of the picture); without a picture or where none is wanted the words stand alone."""
    asset = setting.media.get(article.asset_id or 0)
    if asset is None or layout == "text":
        return "text", ""
    pixels = setting.design.inner if layout == "top" else BESIDE
    return layout, urls.absolute(setting.base_url, asset, urls.mail_size(asset, pixels))


def _picture(block: Block, setting: Setting) -> Part:
    data, fixed = block.data, setting.fixed
    asset = setting.media.get(data.get("asset_id") or 0)
    caption, url = fixed(data.get("caption", "")), fixed(data.get("url", ""))
    return {
        "picture": _at(setting, asset, setting.design.inner),
        "alt": fixed(data.get("alt", "")), "caption": caption, "url": url, "credit": _credit(setting, asset),
        "plain": "\n".join(filter(None, [caption, url])) if asset else "",
    }  # fmt: skip


def _credit(setting: Setting, asset: Asset | None) -> str:
    """Who made a picture, as the media say."""
    return setting.fixed(asset.credit) if asset else ""


def _at(setting: Setting, asset: Asset | None, pixels: int) -> str:
    """The address of a picture that is shown so many pixels wide; "" for none."""
    return urls.absolute(setting.base_url, asset, urls.mail_size(asset, pixels)) if asset else ""


def _columns(block: Block, setting: Setting) -> Part:
    widths = {"even": (50, 50), "left": (62, 38), "right": (38, 62), "three": (33, 33, 34)}
    share = widths.get(block.data.get("split", "even"), widths["even"])
    made = [_cell(block.data, n, share[n - 1], setting) for n in blocks.cells(block.data)]
    return {"cells": made, "plain": "\n\n".join(filter(None, (cell["plain"] for cell in made)))}


def _cell(data: dict[str, Any], n: int, width: int, setting: Setting) -> Part:
    html, label = setting.personal(data.get(f"html_{n}", "")), setting.personal(data.get(f"label_{n}", ""))
    asset, url = setting.media.get(data.get(f"asset_id_{n}") or 0), setting.fixed(data.get(f"url_{n}", ""))
    pixels = setting.design.inner * width // 100 - 8
    return {
        "html": Markup(html), "label": label, "url": url, "width": width,  # noqa: S704 - cleaned at save
        "picture": _at(setting, asset, pixels), "credit": _credit(setting, asset),
        "alt": setting.fixed(data.get(f"alt_{n}", "")), "pixels": pixels,
        "plain": "\n\n".join(filter(None, [text_of(html), f"{label}: {url}" if label and url else url])),
    }  # fmt: skip


def _button(block: Block, setting: Setting) -> Part:
    data = block.data
    label, url = setting.personal(data.get("label", "")), setting.fixed(data.get("url", ""))
    align = data.get("align", "left")
    return {"label": label, "url": url, "align": align, "plain": f"{label}: {url}" if url else ""}


def _divider(block: Block, _setting: Setting) -> Part:
    style = block.data.get("style", "line")
    return {"style": style, "plain": "" if style == "space" else "* * *"}


def _quote(block: Block, setting: Setting) -> Part:
    data, fixed = block.data, setting.fixed
    lines = [fixed(line) for line in data.get("quote", "").splitlines()]
    if not lines:
        return {"lines": [], "by": "", "role": "", "plain": ""}
    by, role = fixed(data.get("by", "")), fixed(data.get("role", ""))
    said_by = ", ".join(filter(None, [by, role]))
    quoted = "\n".join(f"> {line}" for line in lines)
    return {
        "lines": lines,
        "by": by,
        "role": role,
        "plain": f"{quoted}\n\n– {said_by}" if said_by else quoted,
    }


def _event(block: Block, setting: Setting) -> Part:
    data, fixed = block.data, setting.fixed
    title, place, url = fixed(data.get("title", "")), fixed(data.get("place", "")), fixed(data.get("url", ""))
    html = setting.personal(data.get("html", ""))
    label = setting.personal(data.get("label", "")) or setting.words["read_on"]
    starts = _moment(data.get("starts", ""))
    when = _when(starts, _moment(data.get("ends", "")), setting.language)
    wanted = data.get("calendar", "yes") == "yes" and starts is not None
    link = calendar_url(setting.base_url, setting.tenant, block) if wanted else ""
    links = [f"{label}: {url}" if url else "", f"{setting.words['calendar']}: {link}" if link else ""]
    head = "\n".join(filter(None, [title, when, place]))
    return {
        "title": title, "place": place, "url": url, "label": label, "html": Markup(html),  # noqa: S704 - cleaned at save
        "when": when, "calendar": link,
        "day": str(starts.day) if starts else "",
        "month": format_date(starts, "MMM", locale=setting.language).rstrip(".") if starts else "",
        "plain": "\n\n".join(filter(None, [head, text_of(html), "\n".join(filter(None, links))])),
    }  # fmt: skip


def calendar_url(base_url: str, tenant: Tenant, block: Block) -> str:
    """Where the .ics file of an event is found: the block's number, signed, so that no other can be guessed."""
    return f"{base_url}/n/{tenant.slug}/events/{tokens.mail_token('event', block.id)}.ics"


def _moment(text: str) -> date | None:
    if not text:
        return None
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def _when(starts: date | None, ends: date | None, language: str) -> str:
    """Day and time as a sentence says it, in the language of the mail."""
    if starts is None:
        return ""
    pattern = "EEEE, d. MMMM y" if language == "de" else "EEEE d MMMM y"
    day = format_date(starts, pattern, locale=language)
    clock_of = lambda moment: format_time(moment.time(), "H:mm", locale=language)  # noqa: E731
    oclock = " Uhr" if language == "de" else ""
    timed = isinstance(starts, datetime)
    if ends is None or (not timed and ends == starts):
        return f"{day}, {clock_of(starts)}{oclock}" if timed else day
    if (ends.year, ends.month, ends.day) == (starts.year, starts.month, starts.day):
        if timed and isinstance(ends, datetime):
            return f"{day}, {clock_of(starts)}–{clock_of(ends)}{oclock}"
        return f"{day}, {clock_of(starts)}{oclock}" if timed else day
    last = format_date(ends, pattern, locale=language)
    first = f"{day}, {clock_of(starts)}{oclock}" if timed else day
    return (
        f"{first} – {last}, {clock_of(ends)}{oclock}" if isinstance(ends, datetime) else f"{first} – {last}"
    )


def _social(block: Block, setting: Setting) -> Part:
    data = block.data
    links = [
        (name, setting.fixed(data[f"link_{key}"]))
        for key, name in blocks.NETWORKS.items()
        if data.get(f"link_{key}")
    ]
    title = setting.fixed(data.get("title", ""))
    lines = [*filter(None, [title]), *(f"{name}: {url}" for name, url in links)]
    return {"title": title, "links": links, "plain": "\n".join(lines) if links else ""}


def _html(block: Block, setting: Setting) -> Part:
    html = setting.fixed(block.data.get("source", ""))
    return {"html": Markup(html), "plain": text_of(html)}  # noqa: S704 - cleaned at save


_KINDS: dict[BlockKind, Callable[[Block, Setting], Part | None]] = {
    BlockKind.INTRO: _text, BlockKind.TEXT: _text, BlockKind.TOC: _toc, BlockKind.ARTICLE: _article,
    BlockKind.PICTURE: _picture, BlockKind.COLUMNS: _columns, BlockKind.BUTTON: _button,
    BlockKind.DIVIDER: _divider, BlockKind.QUOTE: _quote, BlockKind.EVENT: _event, BlockKind.SOCIAL: _social,
    BlockKind.HTML: _html,
}  # fmt: skip
