"""How the mail will look: contrast, style that mail programs do not know, size and weight of its pictures."""

import re
from collections.abc import Iterator

import tinycss2
from lxml.html import HtmlElement

from dispatcher.preflight.facts import Facts, squeezed
from dispatcher.preflight.findings import Findings, Place, error, hint
from dispatcher.rendering import render
from dispatcher.rendering.colours import WHITE, Colour, colour, ratio
from domain.content import nostyle
from domain.errors import N_
from domain.issues import attachments
from mediadb.models import Asset, Rendition

PICTURE_MAX = 500 * 1024  # bytes of one picture; more takes seconds on the way to work
PICTURES_MAX = 2 * 1024 * 1024
MAIL_MAX = 1024 * 1024  # taste: a million mails of this are a terabyte to send
ENOUGH, ENOUGH_LARGE = 4.5, 3.0  # WCAG 2.2, 1.4.3
# properties that Gmail, Outlook for Windows or Apple Mail leave out, by the table of caniemail.com; a test holds this
# list against that table. What stands in our own templates in spite of it has a fallback there.
UNKNOWN_STYLE = frozenset({
    "animation", "backdrop-filter", "clip-path", "column-count", "filter", "flex-direction", "flex-wrap",
    "grid-template-columns", "mix-blend-mode", "object-fit", "object-position", "position", "transform",
    "transition", "gap", "background-blend-mode",
})  # fmt: skip
UNKNOWN_DISPLAY = frozenset({"flex", "grid", "inline-flex", "inline-grid"})
_PUBLIC_KEY = re.compile(r"/media/([A-Za-z0-9_-]+)/([a-z0-9]+)\Z")


def size(facts: Facts) -> Findings:
    if facts.rendered.size_bytes > render.CLIP_BYTES:
        yield hint(N_("The mail is larger than 102 KB; Gmail will cut it."), block_id=facts.longest())


def weight(facts: Facts) -> Findings:
    """Pictures that keep readers waiting, and those that come from elsewhere."""
    ours: dict[tuple[str, str], HtmlElement] = {}
    for picture in facts.pictures:
        source = picture.get("src") or ""
        found = _PUBLIC_KEY.search(source)
        if found:
            ours[(found[1], found[2])] = picture
        elif source.startswith("http"):
            yield hint(
                N_("A picture comes from another server: %(url)s. Put it into the media, so that it stays."),
                block_id=facts.block_with(source), url=source[:80],
            )  # fmt: skip
    total, heaviest = 0, (0, "")
    for (key, _name), (size_bytes, title) in _sizes(facts, ours).items():
        total, heaviest = total + size_bytes, max(heaviest, (size_bytes, key))
        if size_bytes > PICTURE_MAX:
            yield hint(
                N_("The picture “%(name)s” has %(size)s KB. Readers on the way wait for it."),
                block_id=facts.block_showing(key), name=title, size=round(size_bytes / 1024),
            )  # fmt: skip
    if total > PICTURES_MAX:
        yield hint(
            N_("The pictures together have %(size)s MB. Readers on the way wait for them."),
            block_id=facts.block_showing(heaviest[1]),
            size=round(total / 1024 / 1024, 1),
        )


def carried(facts: Facts) -> Findings:
    """What every single mail carries along: too much is refused by servers, much is slow to fetch."""
    rendered = facts.rendered
    enclosed = rendered.enclosed_bytes
    if enclosed > attachments.MAX_BYTES:
        yield error(
            N_("Pictures and files in the mail have %(size)s MB, at most %(most)s may be. Leave the pictures outside."),
            Place.ENCLOSED, size=round(enclosed / 1024 / 1024, 1), most=attachments.MAX_BYTES // 1024 // 1024,
        )  # fmt: skip
    elif rendered.pictures and rendered.weight_bytes > MAIL_MAX:
        yield hint(
            N_("With its pictures every mail weighs %(size)s KB. Without them it arrives faster."),
            Place.ENCLOSED, size=round(rendered.weight_bytes / 1024),
        )  # fmt: skip


def _sizes(
    facts: Facts, wanted: dict[tuple[str, str], HtmlElement]
) -> dict[tuple[str, str], tuple[int, str]]:
    """(public key, rendition) → (bytes, name) of our own pictures, also of linked articles' tenants."""
    tenants = {facts.tenant.id, *(a.tenant_id for a in facts.articles.values())}
    rows = (
        Rendition.select(Asset.public_key, Rendition.name, Rendition.size_bytes, Asset.title, Asset.filename)
        .join(Asset, on=((Asset.id == Rendition.asset_id) & (Asset.tenant_id == Rendition.tenant_id)))
        .where(
            Rendition.tenant_id.in_(sorted(tenants)),
            Asset.public_key.in_(sorted({key for key, _ in wanted}) or [""]),
        )
    )
    return {(k, n): (b, title or filename) for k, n, b, title, filename in rows.tuples() if (k, n) in wanted}


def style(facts: Facts) -> Findings:
    """Style that people wrote and mail programs do not know."""
    told: set[str] = set()
    for piece in facts.pieces:
        if "style" not in piece.value:
            continue
        for name, value in _styles(piece.value):
            unknown = name if name in UNKNOWN_STYLE else ""
            if name == "display" and value in UNKNOWN_DISPLAY:
                unknown = f"display: {value}"
            if unknown and unknown not in told:
                told.add(unknown)
                message = N_("Some mail programs do not know “%(style)s”. Use tables or leave it out.")
                yield hint(message, block_id=piece.block_id, style=unknown)


def unstyled(facts: Facts) -> Findings:
    """The comment that takes the automatic style from the whole mail, wherever in the texts it stands."""
    for block in facts.blocks:
        article = facts.articles.get(block.article_id or 0)
        written = [piece.value for piece in facts.pieces if piece.block_id == block.id]
        if any(map(nostyle.stands_in, [*written, article.body if article else ""])):
            message = N_("The comment %(comment)s takes the automatic style from the whole mail.")
            yield hint(message, block_id=block.id, comment=nostyle.COMMENT)
            return


def _styles(source: str) -> Iterator[tuple[str, str]]:
    for found in re.finditer(r"""style\s*=\s*(?:"([^"]*)"|'([^']*)')""", source, re.I):
        yield from _declared(found[1] or found[2] or "")
    for found in re.finditer(r"<style[^>]*>(.*?)</style", source, re.I | re.S):
        for rule in tinycss2.parse_stylesheet(found[1], skip_comments=True, skip_whitespace=True):
            if rule.type == "qualified-rule":
                yield from _declared(tinycss2.serialize(rule.content))


def _declared(text: str) -> Iterator[tuple[str, str]]:
    for d in tinycss2.parse_declaration_list(text, skip_comments=True, skip_whitespace=True):
        if d.type == "declaration":
            yield d.lower_name, tinycss2.serialize(d.value).strip().casefold()


def contrast(facts: Facts) -> Findings:
    """Text that hardly stands out from its ground, by the rules of WCAG."""
    body = facts.root.find("body")
    told: set[tuple[Colour, Colour]] = set()
    for text, ink, ground, large in _texts(body, (0, 0, 0), WHITE, False) if body is not None else ():
        found = ratio(ink, ground)
        if found < (ENOUGH_LARGE if large else ENOUGH) and (ink, ground) not in told:
            told.add((ink, ground))
            yield hint(
                N_("“%(text)s” is hard to read: contrast %(ratio)s instead of %(enough)s."),
                block_id=facts.block_with(text), text=text[:40], ratio=f"{found:.1f}",
                enough=ENOUGH_LARGE if large else ENOUGH,
            )  # fmt: skip


def _texts(
    element: HtmlElement, ink: Colour, ground: Colour, large: bool
) -> Iterator[tuple[str, Colour, Colour, bool]]:
    """(text, its colour, the ground it stands on, whether it is large) of everything that shows."""
    if not isinstance(element.tag, str) or element.tag in ("style", "script", "title"):
        return
    own = dict(_declared(element.get("style", "")))
    if own.get("display") == "none":
        return
    ground = colour(own.get("background-color") or own.get("background") or element.get("bgcolor")) or ground
    inside = colour(own.get("color") or element.get("color")) or ink
    inside_large = _large(own, large)
    if text := squeezed(element.text or ""):
        yield text, inside, ground, inside_large
    for child in element:
        yield from _texts(child, inside, ground, inside_large)
        if text := squeezed(child.tail or ""):
            yield text, inside, ground, inside_large


def _large(own: dict[str, str], inherited: bool) -> bool:
    """Large as WCAG means it: 24 px, or bold and 18.66 px."""
    font = own.get("font", "")
    found = re.search(r"(\d+(?:\.\d+)?)px", own.get("font-size") or font)
    if not found:
        return inherited
    bold = "bold" in font or own.get("font-weight", "") in ("bold", "600", "700", "800", "900")
    return float(found[1]) >= (18.66 if bold else 24)
