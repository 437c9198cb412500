"""What the checks look at, read once: the issue, its blocks, and the mail that comes of them."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from lxml import html as lxml_html
from lxml.html import HtmlElement

from dispatcher.rendering import render
from domain.content.models import Article
from domain.db import abreast
from domain.issues import assembly, blocks, placeholders, texts
from domain.issues.models import PLAIN, Block, Issue
from domain.tenancy import settings as tenant_settings
from domain.tenancy.models import Tenant
from mediadb import library

_SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class Link:
    """A link of the mail that leads out of the house, with its words (of a picture, what it shows) and the block it
    stands in."""

    url: str
    words: str
    block_id: int | None


@dataclass
class Facts:
    """`rendered` is the mail as it would leave; `base_url` is where links of our own begin."""

    tenant: Tenant
    issue: Issue
    rendered: render.Rendered
    base_url: str
    blocks: list[Block]
    articles: dict[int, Article]

    @classmethod
    def of(cls, tenant: Tenant, issue: Issue, base_url: str) -> "Facts":
        def made_of() -> tuple[list[Block], dict[int, Article]]:
            shown = [b for b in assembly.blocks(issue) if not b.hidden]
            return shown, assembly.articles_of(issue, shown)

        rendered, (shown, articles) = abreast(lambda: render.render(tenant, issue, base_url), made_of)
        return cls(tenant, issue, rendered, base_url, shown, articles)

    @property
    def letter(self) -> bool:
        return self.issue.kind in PLAIN

    @cached_property
    def pieces(self) -> list[texts.Piece]:
        return texts.pieces(self.blocks)

    @cached_property
    def root(self) -> HtmlElement:
        return lxml_html.document_fromstring(self.rendered.source.html)

    @cached_property
    def settings(self) -> dict[str, object]:
        return tenant_settings.effective(self.tenant)

    @cached_property
    def text_length(self) -> int:
        """Characters that people read, without foot and preview text."""
        body = self.root.find("body")
        return len(squeezed("" if body is None else body.text_content()))

    @cached_property
    def without_fallback(self) -> set[str]:
        """Placeholders that leave a gap for people without a value."""
        source = self.rendered.source
        return set(placeholders.without_fallback(source.subject, source.html, source.plain))

    @cached_property
    def pictures(self) -> list[HtmlElement]:
        return list(self.root.iter("img"))

    @cached_property
    def links(self) -> list[Link]:
        """Links to the world, each address once, in the order of the mail: of a picture and words that lead to the
        same place the words."""
        found: dict[str, Link] = {}
        told: set[str] = set()
        for element in self.root.iter("a"):
            url = (element.get("href") or "").strip()
            if url in told or not url.startswith(("http://", "https://")) or self._ours(url):
                continue
            if words := squeezed(element.text_content()):
                told.add(url)
            elif url in found:
                continue
            words = words or squeezed(" ".join(img.get("alt") or "" for img in element.iter("img")))
            found[url] = Link(url, words, self.block_with(url, words))
        return list(found.values())

    def _ours(self, url: str) -> bool:
        return "{{token}}" in url or url.startswith(f"{self.base_url}/")

    def block_with(self, *snippets: str) -> int | None:
        """The block in which one of the snippets stands, in its own texts or in those of its article."""
        for snippet in filter(None, snippets):
            for piece in self.pieces:
                if snippet in piece.value or snippet.replace("&", "&amp;") in piece.value:
                    return piece.block_id
            for block in self.blocks:
                article = self.articles.get(block.article_id or 0)
                if article and any(snippet in text for text in _words_of(article)):
                    return block.id
        return None

    def block_showing(self, key: str) -> int | None:
        """The block in which the picture of this public key stands."""
        chosen = {asset_id: b.id for b in self.blocks for asset_id in blocks.assets(b.data)}
        of_articles = {a.asset_id: b.id for b in self.blocks if (a := self.articles.get(b.article_id or 0))}
        used = library.many(self.tenant.id, sorted(chosen)) | library.of_articles(self.articles.values())
        asset_id = next((asset.id for asset in used.values() if asset.public_key == key), 0)
        return chosen.get(asset_id) or of_articles.get(asset_id) or self.block_with(f"/media/{key}")

    def longest(self) -> int | None:
        """The block with the most text and HTML."""
        written: Counter[int] = Counter()
        for piece in self.pieces:
            written[piece.block_id] += len(piece.value)
        for block in self.blocks:
            article = self.articles.get(block.article_id or 0)
            written[block.id] += sum(map(len, _words_of(article))) if article else 0
        return max(written, key=written.__getitem__, default=None)


def _words_of(article: Article) -> Iterable[str]:
    return (article.link_url or "", article.body or "", article.title or "", article.teaser or "")


def squeezed(text: str) -> str:
    """The text with single spaces."""
    return _SPACES.sub(" ", text).strip()
