"""What the blocks lack: articles that are gone, pictures without description, buttons and links without a target."""

import re
from datetime import date, datetime

from lxml import html as lxml_html

from dispatcher.preflight.facts import Facts, squeezed
from dispatcher.preflight.findings import Finding, Findings, Place, error, hint
from domain import clock
from domain.campaigns import conditions
from domain.content import obligations
from domain.content.models import Article, ArticleState
from domain.errors import N_, Conflict
from domain.issues import expected, placeholders, texts
from domain.issues.blocks import ASSET_KEYS, assets, lacks
from domain.issues.models import Block, BlockKind
from mediadb import library
from mediadb.models import Asset, AssetKind

_KEY = re.compile(r"/media/([A-Za-z0-9_-]{16,64})/file\Z")
_FILLED = (BlockKind.ARTICLE, BlockKind.TEXT)


def anything(facts: Facts) -> Findings:
    written = any(
        b.kind in _FILLED or (b.kind != BlockKind.INTRO and b.data.get("html")) for b in facts.blocks
    )
    if facts.letter:
        written = any(squeezed(piece.value) for piece in facts.pieces if piece.kind == texts.HTML)
        if not written:
            yield error(N_("The letter has no text yet."))
    elif not written:
        yield error(N_("The issue has neither an article nor a text yet."))


def imprint(facts: Facts) -> Findings:
    """Who writes must be told, in the settings and in the mail; without a way to sign off nothing leaves."""
    lines = [line.strip() for line in str(facts.settings["imprint"]).splitlines() if line.strip()]
    if not lines:
        yield error(
            N_("The imprint is missing. An administrator enters it in the tenant's settings."), Place.TENANT
        )
        return
    shown = squeezed(facts.root.text_content().replace("\\[", "[").replace("\\]", "]"))
    if any(squeezed(line) not in shown for line in lines):
        yield error(N_("The mail does not show the imprint. Its template must."), Place.TEMPLATE)


def way_out(facts: Facts) -> Findings:
    hrefs = [a.get("href") or "" for a in facts.root.iter("a")]
    if not any("{{token}}/unsubscribe" in href for href in hrefs):
        yield error(N_("The mail has no link to unsubscribe. Its template must have one."), Place.TEMPLATE)


def conditional(facts: Facts) -> Findings:
    """A block for the people of a segment needs one that can be asked."""
    for block in facts.blocks:
        try:
            if block.segment_id:
                conditions.of_segment(facts.tenant.id, block.segment_id)
        except Conflict as unreadable:
            yield Finding(True, unreadable.message, dict(unreadable.params), block.id)


def articles(facts: Facts) -> Findings:
    for block in facts.blocks:
        if block.kind == BlockKind.ARTICLE:
            yield from _article(block, facts.articles.get(block.article_id or 0))


def _article(block: Block, article: Article | None) -> Findings:
    if article is None and block.source_tenant_id:
        yield error(N_("An article was recalled by the tenant it came from."), block_id=block.id)
    elif article is None:
        yield error(N_("An article of this issue no longer exists."), block_id=block.id)
    elif article.state not in (ArticleState.ACCEPTED, ArticleState.USED):
        message = N_("“%(title)s” is not accepted any more.")
        yield error(message, block_id=block.id, title=article.title)


def alternatives(facts: Facts) -> Findings:
    """Every picture says in words what it shows."""
    for block in facts.blocks:
        article = facts.articles.get(block.article_id or 0)
        if article and article.asset_id and not article.asset_alt.strip():
            yield Finding(
                True, N_("The picture of “%(title)s” has no description."), {"title": article.title}, block.id,
                Place.ARTICLE if article.tenant_id == facts.tenant.id else Place.ISSUE, article.id,
            )  # fmt: skip
        if any(
            block.data.get(key) and not block.data.get(key.replace("asset_id", "alt")) for key in ASSET_KEYS
        ):
            yield error(N_("A picture has no description."), block_id=block.id)
    for piece in facts.pieces:
        if piece.kind == texts.HTML and "<img" in piece.value.casefold():
            root = lxml_html.fragment_fromstring(piece.value, create_parent="div")
            if any(img.get("alt") is None for img in root.iter("img")):
                yield error(N_("A picture inside of a text has no description."), block_id=piece.block_id)


def targets(facts: Facts) -> Findings:
    """Blocks that lack what they are made for, and links that lead nowhere."""
    for block in facts.blocks:
        if sentence := lacks(block.kind, block.data):
            yield error(sentence, block_id=block.id)
    for piece in facts.pieces:
        if piece.kind == texts.HTML and "<a" in piece.value.casefold():
            root = lxml_html.fragment_fromstring(piece.value, create_parent="div")
            for link in root.iter("a"):
                if (link.get("href") or "#").strip() in ("#", "http://", "https://") and not link.get("name"):
                    words = squeezed(link.text_content())[:60]
                    yield error(
                        N_("The link “%(words)s” has no target."), block_id=piece.block_id, words=words
                    )


def gaps(facts: Facts) -> Findings:
    """Placeholders without a fallback."""
    issue = facts.issue
    places: list[tuple[Place, int | None, str]] = [
        (Place.SUBJECT, None, issue.subject), (Place.PREHEADER, None, issue.preheader),
    ]  # fmt: skip
    for block in facts.blocks:
        written = " ".join(p.value for p in facts.pieces if p.block_id == block.id and p.kind != texts.LINK)
        places.append((Place.ISSUE, block.id, written))
    for place, block_id, text in places:
        for name in placeholders.without_fallback(text):
            message = N_("[%(name)s] has no fallback: people without it see a gap.")
            yield hint(message, place, block_id, name=name)


def obligatory(facts: Facts) -> Findings:
    """Articles that this issue must hold and lacks."""
    if facts.letter:
        return
    day = (facts.issue.planned_at or clock.now()).date()
    inside = [block.article_id for block in facts.blocks]
    for article in obligations.missing(facts.tenant.id, facts.issue.type_id, day, inside):
        message = N_("The article “%(title)s” is obligatory and not in the issue yet.")
        yield error(message, Place.POOL, title=article.title)


def awaited(facts: Facts) -> Findings:
    """Articles that authors were asked for and that are not there, or not in the issue."""
    if facts.letter:
        return
    inside = {block.article_id for block in facts.blocks}
    for line in expected.of_issue(facts.issue):
        if line.stand in expected.LACKING:
            message = N_("“%(title)s” is expected from %(name)s and not there yet.")
            yield hint(message, Place.EXPECTED, title=line.row.topic, name=line.name)
        elif line.stand == expected.Stand.THERE and line.row.article_id not in inside:
            yield hint(
                N_("“%(title)s” was written for this issue and is not in it yet."), title=line.row.topic
            )


def drawings(facts: Facts) -> Findings:
    """Pictures of texts that mail programs do not show: SVG and other documents of the media."""
    keys = {m[1]: src for p in facts.pictures if (m := _KEY.search(src := p.get("src") or ""))}
    if not keys:
        return
    found = library.many(facts.tenant.id, library.ids_of(facts.tenant.id, sorted(keys)))
    for asset in found.values():
        if asset.kind != AssetKind.PICTURE:
            block_id = facts.block_with(*(src for key, src in keys.items() if key == asset.public_key))
            message = N_("Mail programs do not show “%(name)s”. Save it as PNG and take that.")
            yield error(message, block_id=block_id, name=asset.title or asset.filename)


def licences(facts: Facts) -> Findings:
    """Pictures that may no longer be used."""
    by_asset = {asset_id: b.id for b in facts.blocks for asset_id in assets(b.data)}
    used = library.many(facts.tenant.id, sorted(by_asset)) | library.of_articles(facts.articles.values())
    by_asset |= {a.asset_id: b.id for b in facts.blocks if (a := facts.articles.get(b.article_id or 0))}
    planned: datetime = facts.issue.planned_at or clock.now()
    for asset in used.values():
        until = _licence(asset)
        if until is not None and until < planned.date():
            yield Finding(
                True, N_("The licence of the picture “%(name)s” ended. Choose another one."),
                {"name": asset.title or asset.filename}, by_asset.get(asset.id), Place.ISSUE, asset.id,
            )  # fmt: skip


def _licence(asset: Asset) -> date | None:
    until = getattr(asset, "licence_until", None)
    if isinstance(until, str):
        return date.fromisoformat(until) if until else None
    return until.date() if isinstance(until, datetime) else until
